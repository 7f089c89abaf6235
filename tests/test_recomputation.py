"""The sample data recomputed with pandas from its files, by the definitions in words: no SQL and no layout of kpibar.

Every KPI with all its breakdowns and months, of both years. Ratios and the mix of channels are divided from counts that
are recomputed. The sums of all breakdowns are checked too.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kpibar.cli.demo import EXPORTED_ON, sample_folder
from kpibar.config import load
from kpibar.load.outcome import Outcome
from kpibar.measure.report import BY
from kpibar.render.document import document
from tests.kaplan_meier import reached
from tests.support import EVERY, report
from tests.test_breakdowns import NOW, checked

YEARS = (2024, 2025)
BRANDS = {"maison-bleue": "Maison Bleue", "petit-pas": "Petit Pas"}
CHANNELS = {
    "Mail": "email", "Email": "email", "Web form": "web", "Formulaire": "web", "Chat": "chat", "Facebook": "social",
    "Réseaux sociaux": "social", "Courrier": "post",
}  # fmt: skip
# Seconds in which a written contact is due to be answered; every other channel has a day.
TARGETS = {"chat": 60, "social": 14_400}
A_DAY = 86_400
DAY = pd.Timedelta(days=1)
# The exports speak up to the end of the day that is stated for them.
AS_OF_ON = pd.Timestamp(EXPORTED_ON)
AS_OF = pd.Timestamp(f"{EXPORTED_ON} 23:59:59", tz="Europe/Paris")

# Those that other sources than one tool have.
DIMENSIONS_ASKED = [by for by in BY if by not in ("team", "queue", "lang", "agent")]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def documents(sample: tuple[Path, list[Outcome]]) -> dict[str, dict[str, Any]]:
    """What kpibar reports: the year 2025 by each dimension, and the year before beside it."""
    config = load(sample_folder() / "kpibar.toml")
    # Each figure is checked, however few records are behind it: a figure below `min_base` is masked.
    reporting = config.settings.reporting.model_copy(update={"min_base": 1, "small_base": 1})
    config = replace(config, settings=config.settings.model_copy(update={"reporting": reporting}))
    made = {}
    for by in DIMENSIONS_ASKED:
        found = report(sample[0], config, replace(EVERY, year=2025, by=(by,)))
        checked(found, by)
        made[by] = document(found, NOW)
    return made


def read(name: str, encoding: str = "utf-8", delimiter: str = ",") -> pd.DataFrame:
    """The records of a sample file that have all their cells, as text; a line that was cut is filled by NaN."""
    frame = pd.read_csv(sample_folder() / name, dtype=str, encoding=encoding, sep=delimiter, keep_default_na=False)
    return frame[frame.notna().all(axis=1)].copy()


def moment(text: Any) -> Any:
    """Instants as the local times of Paris; NaT where nothing that can be one is written."""
    return pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601").dt.tz_convert("Europe/Paris")


def local(text: Any, form: str) -> Any:
    """Times of a clock in Paris as instants; of the hour that comes twice a year, the second."""
    return pd.to_datetime(text, errors="coerce", format=form).dt.tz_localize(
        "Europe/Paris", nonexistent="shift_forward", ambiguous=np.zeros(len(text), bool)
    )


def number(text: Any) -> Any:
    return pd.to_numeric(text, errors="coerce")


def day(times: Any) -> Any:
    """The local day of a time, without a zone."""
    return times.dt.tz_localize(None).dt.normalize()


def shop_orders() -> pd.DataFrame:
    """One row per order: the line items of a number together."""
    found = []
    for file, brand in BRANDS.items():
        lines = read(f"{file}-shopify-orders.csv")
        lines["ordered_at"] = moment(lines["Created at"])
        sound = lines[lines["Name"].ne("") & lines["ordered_at"].notna() & number(lines["Total"]).notna()]
        whole = sound.groupby("Name", as_index=False).agg(
            ordered_at=("ordered_at", "min"),
            cancelled=("Cancelled at", "max"),
            shop_country=("Shipping Country", "first"),
            email=("Email", "max"),
            phone=("Phone", "max"),
        )
        whole["phone"] = whole["phone"].str.replace(r"\D", "", regex=True)
        found.append(whole.assign(brand=brand, order=whole["Name"].str.lstrip("#")))
    made = pd.concat(found)
    return made.assign(cancelled=made["cancelled"].ne(""))


def parcels() -> pd.DataFrame:
    """One row per parcel that left, with the end of the day it was promised for."""
    sent = read("sendcloud-parcels.csv")
    for name in ("shipped_at", "first_offer_at", "delivered_at"):
        written = sent[name].ne("")
        sent[name] = moment(sent[name])
        sent = sent[sent[name].notna() | ~written]
    sent = sent[sent["parcel_id"].ne("") & sent["direction"].eq("outgoing")]
    sent["as_of"] = AS_OF
    sent["promised_on"] = pd.to_datetime(sent["expected_delivery_date"], errors="coerce")
    ends = (sent["promised_on"] + DAY).dt.tz_localize("Europe/Paris") - pd.Timedelta(microseconds=1)
    sent["promised_to"] = ends
    names = {"order_number": "order", "brand_name": "brand", "carrier_name": "carrier"}
    return pd.concat([sent.rename(columns=names).assign(slot=False, in_time=False), appointments()])


def appointments() -> pd.DataFrame:
    """One row per parcel that is brought by appointment; it is promised until its slot ends."""
    sent = read("maison-bleue-appointments.csv")
    names = {"order_ref": "order", "country": "to_address_country_code", "first_attempt_at": "first_offer_at"}
    sent = sent.rename(columns=names).assign(slot=True)
    sound = sent["parcel_id"].ne("")
    for name in ("shipped_at", "promised_from", "promised_to", "first_offer_at", "delivered_at"):
        written = sent[name].ne("")
        sent[name] = moment(sent[name])
        sound &= sent[name].notna() | ~written
    sent = sent[sound].copy()
    sent["as_of"] = AS_OF
    sent["promised_on"] = day(sent["promised_to"])
    sent["in_time"] = sent["first_offer_at"].between(sent["promised_from"], sent["promised_to"])
    return sent.assign(status=sent["status"].str.capitalize())


def orders() -> pd.DataFrame:
    """Orders with what became of them: late when any parcel is, delivered when the last one is."""
    shop, sent = shop_orders(), parcels()
    sent = sent.merge(shop[["order", "brand", "ordered_at"]], on=["order", "brand"], how="left")
    of_order = sent.groupby(["brand", "order"])
    sent["owed_to"] = sent["promised_to"].fillna(of_order["promised_to"].transform("max"))
    sent["owed_on"] = sent["promised_on"].fillna(of_order["promised_on"].transform("max"))
    open_yet = sent["delivered_at"].isna()
    sent["undated"] = (open_yet & sent["status"].eq("Delivered")) | (sent["delivered_at"] < sent["ordered_at"] - DAY)
    expired = open_yet & (sent["owed_to"] < sent["as_of"])
    judged = sent["owed_to"].notna() & ~sent["undated"]
    sent["due"] = judged & (~open_yet | expired)
    sent["late"] = judged & ((sent["delivered_at"] > sent["owed_to"]) | expired)
    sent["overdue"] = judged & expired
    sent["attempted"] = sent["first_offer_at"].notna()
    sent["at_first"] = day(sent["delivered_at"]) == day(sent["first_offer_at"])
    sent["missed_by"] = (sent["delivered_at"] - sent["owed_to"]).dt.total_seconds().where(sent["late"])
    far = pd.Timestamp("2100-01-01", tz="UTC")
    sent["last_at"] = sent["delivered_at"].fillna(far)
    key = ["brand", "order"]
    latest = sent.sort_values("last_at").drop_duplicates(key, keep="last").set_index(key)
    worst = sent.assign(rank=sent["missed_by"].fillna(1e12).where(sent["late"], -1)).sort_values(["rank", "last_at"])
    worst = worst.drop_duplicates(key, keep="last").set_index(key)
    grouped = sent.groupby(["brand", "order"])
    state = pd.DataFrame(
        {
            "late": grouped["late"].any(),
            "due": grouped["late"].any() | grouped["due"].all(),
            "overdue": grouped["overdue"].any(),
            "undated": grouped["undated"].any(),
            "owed_to": worst["owed_to"],
            "attempted": grouped["attempted"].any(),
            "slot": grouped["slot"].any(),
            "in_time": grouped["in_time"].all(),
            "kept": ~(sent["attempted"] & ~sent["at_first"]).groupby([sent["brand"], sent["order"]]).any(),
            "carrier": worst["carrier"],
            "promised_on": worst["owed_on"],
            "promised_to": worst["owed_to"],
            "missed_by": worst["missed_by"],
            "country": latest["to_address_country_code"],
            "delivered_at": sent.groupby(["brand", "order"])["last_at"].max(),
            "attempt_on": day(latest["first_offer_at"].fillna(grouped["first_offer_at"].max())),
            "as_of": latest["as_of"],
        }
    ).reset_index()
    made = shop.merge(state, on=["brand", "order"], how="outer")
    made["cancelled"] = made["cancelled"].fillna(False).astype(bool)
    made["delivered_at"] = made["delivered_at"].where(made["delivered_at"] < far)
    made["country"] = made["country"].where(made["country"].fillna("").ne(""), made["shop_country"])
    made["lead"] = (made["delivered_at"] - made["ordered_at"]).dt.total_seconds()
    made["ordered_on"] = day(made["ordered_at"])
    made["as_of_on"] = day(made["as_of"])
    return made.replace({"carrier": {"": None}})


def tickets() -> pd.DataFrame:
    """The tickets of Maison Bleue, in writing all of them: no spam, no merged ones."""
    made = read("maison-bleue-zendesk-tickets.csv")
    form = "%Y-%m-%d %H:%M:%S"
    minutes = {"reply": "First reply time in minutes", "solution": "Full resolution time in minutes"}
    counts = {"replies": "Replies", "reopens": "Reopens", "stations": "Group stations"}
    sound = made["Id"].ne("")
    for name, column in {**minutes, **counts}.items():
        made[name] = number(made[column])
        sound &= made[column].isin(["", "n/a"]) | made[name].notna()
    for name, column in {"created": "Created at", "updated": "Updated at", "solved_at": "Solved at"}.items():
        made[name] = local(made[column], form)
        sound &= made[column].eq("") | made[name].notna()
    made = made[sound & made["created"].notna()]
    made["as_of"] = AS_OF
    words = made["Tags"].str.split(r"[ ,;]+")
    counted = ~words.map(lambda tags: bool({"spam", "closed_by_merge"} & set(tags)))
    made["reply_s"] = 60 * made["reply"].where(made["replies"] > 0)
    between = (made["solved_at"] - made["created"]).dt.total_seconds()
    made["solution_s"] = (60 * made["solution"]).fillna(between)
    over = made["Status"].isin(["Solved", "Closed"])
    made["still_solved"] = over
    made["solved"] = over | made["solved_at"].notna()
    made = made.assign(brand="Maison Bleue", channel=made["Via"].map(CHANNELS), counted=counted)
    return made.assign(on=day(made["created"]), as_of_on=day(made["as_of"]))


def conversations() -> pd.DataFrame:
    made = read("petit-pas-easiware.csv", "cp1252", ";")
    made["on"] = day(local(made["date"], "%d/%m/%Y %H:%M"))
    made = made[made["reference"].ne("") & made["on"].notna()]
    return made.assign(brand="Petit Pas", channel=made["canal"].map(CHANNELS))


def calls() -> pd.DataFrame:
    """The calls, with the wait in the queue; those received are counted."""
    made = read("aircall-calls.csv")
    made["on"] = day(moment(made["datetime (utc)"].str.replace(" ", "T") + "Z"))
    clocks = {"wait": "waiting time", "answer": "time to answer", "menu": "time in ivr"}
    for name, column in clocks.items():
        made[name] = pd.to_timedelta(made[column].where(made[column].ne("")), errors="coerce").dt.total_seconds()
    sound = made["call id"].ne("") & made["on"].notna() & number(made["duration (in call)"]).notna()
    made = made[sound & number(made["duration (total)"]).notna()]
    made["counted"] = made["direction"].eq("inbound")
    reason = made["missed_call_reason"]
    made["offered"] = ~reason.isin(["out_of_opening_hours", "abandoned_in_ivr"])
    made["answered"] = made["answered"].eq("Yes")
    made["abandoned"] = ~made["answered"] & reason.isin(["abandoned_in_classic", "short_abandoned"])
    made["wait_s"] = made["answer"].fillna((made["wait"] - made["menu"].fillna(0)).clip(lower=0))
    return made.assign(brand=made["line"].str.removesuffix(" SAV"), channel="phone", as_of_on=AS_OF_ON)


def surveys() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Satisfaction ratings and recommendations."""
    rated = read("maison-bleue-zendesk-satisfaction.csv")
    rated["sent"], rated["last"] = moment(rated["created_at"]), moment(rated["updated_at"])
    sound = rated["id"].ne("") & rated["sent"].notna() & rated["score"].isin(["good", "bad", "offered"])
    rated = rated[sound & (rated["last"].notna() | rated["updated_at"].eq(""))]
    asked = read("nps-delighted.csv")
    asked["sent"], asked["last"] = moment(asked["Sent At"]), moment(asked["Responded At"])
    asked["points"] = number(asked["Score"])
    asked = asked[
        asked["Response ID"].ne("") & asked["sent"].notna() & (asked["points"].notna() | asked["Score"].eq(""))
    ]
    rated["as_of_on"] = asked["as_of_on"] = AS_OF_ON
    return rated.assign(brand="Maison Bleue"), asked.rename(columns={"Brand": "brand"})


Table = tuple[str, pd.DataFrame]


def rate(rows: pd.DataFrame, on: str, hit: Any) -> Table:
    return "rate", rows.assign(on=rows[on], hit=hit.astype(float))


def value(kind: str, rows: pd.DataFrame, on: str, column: str) -> Table:
    return kind, rows.assign(on=rows[on], hit=rows[column])


def time_to(rows: pd.DataFrame, on: str, time: Any, ended: Any, kind: str = "time_to") -> Table:
    """Times of which some still run: `hit` counts those that ended."""
    return kind, rows.assign(on=rows[on], time=time, hit=ended.astype(float))


def deliveries() -> dict[str, Table]:
    made = orders()
    kept = made[~made["cancelled"]]
    old = kept["promised_on"] + 7 * DAY < kept["as_of_on"]
    due, known = kept[kept["due"].eq(True)], kept[kept["due"].notna() & kept["ordered_on"].notna()]
    judged = due[old.reindex(due.index)]
    slots = judged[judged["slot"].eq(True)]
    late = kept[kept["late"].eq(True) & old & kept["missed_by"].notna()]
    missed = kept[kept["late"].eq(True) & (kept["overdue"].eq(True) | kept["missed_by"].notna())]
    since = (missed["as_of"] - missed["owed_to"]).dt.total_seconds()
    missing = missed["overdue"].eq(True)
    # A delivery on an unknown day, or before the order was placed, took an unknown time.
    sent = kept[kept["late"].notna() & kept["ordered_on"].notna() & kept["undated"].eq(False) & ~(kept["lead"] < -300)]
    way = (sent["as_of"] - sent["ordered_at"]).dt.total_seconds()
    lead = sent["lead"].clip(lower=0)
    arrived = kept[kept["lead"].notna() & (kept["lead"] >= 0)]
    tried = kept[kept["attempted"].eq(True)]
    placed = made[made["ordered_on"].notna()]
    return {
        "late_share": rate(judged, "promised_on", judged["late"].eq(True)),
        "promise_unanswered": rate(due, "promised_on", due["overdue"].eq(True) | (due["missed_by"] > 7 * A_DAY)),
        "promise_coverage": rate(known, "ordered_on", known["promised_on"].notna()),
        "lateness_median": time_to(missed, "promised_on", missed["missed_by"].mask(missing, since), ~missing),
        "lateness_median_delivered": value("median", late, "promised_on", "missed_by"),
        "lead_time": time_to(sent, "ordered_on", lead.fillna(way), lead.notna()),
        "lead_time_p90": time_to(sent, "ordered_on", lead.fillna(way), lead.notna(), "time_to_p90"),
        "lead_time_delivered": value("median", arrived, "ordered_on", "lead"),
        "slot_adherence": rate(slots, "promised_on", slots["in_time"].eq(True)),
        "first_attempt": rate(tried, "attempt_on", tried["kept"].eq(True)),
        "orders_placed": value("count", placed.assign(one=1), "ordered_on", "one"),
    }


def replies() -> dict[str, Table]:
    made = tickets()
    made = made[made["counted"]]
    made = described(made, "z" + made["Id"])
    answered = made["reply_s"].notna() | (made["replies"] > 0)
    target = made["channel"].map(TARGETS).fillna(A_DAY)
    age = (made["as_of"] - made["created"]).dt.total_seconds()
    due = made["reply_s"].notna() | (~answered & (age >= target))
    old = made["on"] + 14 * DAY < made["as_of_on"]
    done = made[made["still_solved"] & made["solution_s"].notna()]
    open_yet = ~made["still_solved"]
    known = made[(open_yet | made["solution_s"].notna()) & made["Status"].ne("")]
    wait = made[made["reply_s"].notna() | ~answered]
    in_time = ~(made["solution_s"] > 28 * A_DAY)
    far = made["on"] + 28 * DAY < made["as_of_on"]
    again = made["reopens"] > 0
    solved = (
        (again | (made["solved"] & in_time)) & far & made["reopens"].notna() & (made["Status"].ne("") | made["solved"])
    )
    moved = made[made["stations"].notna()]
    return {
        "frt_median": time_to(wait, "on", wait["reply_s"].fillna(age), wait["reply_s"].notna()),
        "frt_p90": time_to(wait, "on", wait["reply_s"].fillna(age), wait["reply_s"].notna(), "time_to_p90"),
        "frt_median_answered": value("median", made[made["reply_s"].notna()], "on", "reply_s"),
        "reply_within": rate(made[due], "on", made["reply_s"][due] <= target[due]),
        "unanswered": rate(made[old], "on", ~answered[old] | (made["reply_s"][old] > 14 * A_DAY)),
        "resolution_median": time_to(known, "on", known["solution_s"].mask(open_yet, age), known["still_solved"]),
        "resolution_p90": time_to(
            known, "on", known["solution_s"].mask(open_yet, age), known["still_solved"], "time_to_p90"
        ),
        "resolution_median_closed": value("median", done, "on", "solution_s"),
        "reopen_rate": rate(made[solved], "on", (again & made["still_solved"] & in_time)[solved]),
        "transfer_rate": rate(moved, "on", moved["stations"] > 1),
    }


def telephone() -> dict[str, Table]:
    made = calls()
    made = made[made["offered"] & made["counted"]]
    made = described(made, "a" + made["call id"])
    short = made["abandoned"] & (made["wait_s"] <= 20)
    patient = made[~short]
    return {
        "service_level": rate(patient, "on", patient["answered"] & (patient["wait_s"] <= 20)),
        "answer_rate": rate(made, "on", made["answered"]),
        "abandon_rate": rate(made, "on", made["abandoned"]),
        "asa": value("mean", made[made["answered"]], "on", "wait_s"),
    }


def opinions() -> dict[str, Table]:
    """What a ticket says of its rating counts where the ratings do not have it; it is dated by the solution."""
    rated, asked = surveys()
    everything = tickets()
    channels = everything.set_index("Id")["channel"]
    marks = everything[everything["Satisfaction Score"].isin(["Good", "Bad", "Offered"])]
    marks = marks[~marks["Id"].isin(rated["ticket_id"])]
    marks = marks.assign(last=marks["solved_at"].fillna(marks["updated"]), ticket_id=marks["Id"])
    rated = pd.concat([rated, marks.assign(score=marks["Satisfaction Score"].str.lower(), sent=marks["last"])])
    scores = rated[rated["score"].ne("offered")]
    scores = scores.assign(on=day(scores["last"]), channel=scores["ticket_id"].map(channels))
    invited = pd.concat([rated.assign(got=rated["score"].ne("offered")), asked.assign(got=asked["points"].notna())])
    invited = invited.assign(on=day(invited["sent"]), channel=invited["ticket_id"].map(channels))
    invited = invited[invited["on"] + 14 * DAY < invited["as_of_on"]]
    invited["got"] &= ~(invited["last"] > invited["sent"] + 14 * DAY)
    scores, invited = (described(one, "z" + one["ticket_id"]) for one in (scores, invited))
    told = asked[asked["points"].notna()]
    told = told.assign(on=day(told["last"].fillna(told["sent"])))
    return {
        "csat": rate(scores, "on", scores["score"].eq("good")),
        "response_rate": rate(invited, "on", invited["got"] & ~(invited["last"] > invited["sent"] + 14 * DAY)),
        "nps": ("net", told.assign(hit=told["points"].ge(9).astype(float) - told["points"].le(6).astype(float))),
    }


# Words of reasons, the first that fits; those a person chose come before those of the subject.
CHOSEN = {
    "Avant-vente": "product", "Question produit": "product", "Livraison": "wismo", "Suivi commande": "wismo",
    "Compte client": "account", "Retour > Remboursement": "refund", "Retour": "return", "Remboursement": "refund",
    "Commande": "modify", "Modification commande": "modify", "Produit": "damaged", "Article manquant": "damaged",
    "Réclamation": "complaint", "Facture": "invoice", "Autre": "other",
}  # fmt: skip
SUBJECTS = {
    r"Échange": "return", r"Annuler|Cancel": "cancel", r"Modifier|Change": "modify", r"acture|Invoice": "invoice",
    r"rembours|Refund|refunded|Remboursement": "refund", r"retour(?!\s*en stock)|retourner|return|Return": "return",
    r"défectueux|cassé|ébréché|fonctionne pas|manqu|Mauvais article": "damaged",
    r"Missing item|broken|Wrong item|Defective": "damaged",
    r"Réclamation|inadmissible|mécontente|Complaint|disappointed": "complaint",
    r"Colis|Retard de livraison|Où est|pas livré|pas reçue|pas arrivée|Suivi de livraison": "wismo",
    r"Livraison commande|Track|Parcel|Where is my order": "wismo",
    r"compte|account|Mot de passe|Password|Désinscription": "account",
    r"Disponibilité|stock|Question sur un produit|Dimensions|Size question": "product",
}  # fmt: skip


# Subjects that the rules for texts leave unknown: too short without a tag, or with a tag between.
UNCLEAR = r"^(Question sur un produit|Size question)$|^(Demande|Étiquette) de retour\|$|^Vase ébréché[^|]*\|$"
UNCLEAR += r"|^Livraison commande[^|]*\|livraison"


def reason_of(chosen: str, subject: str, tags: str) -> str | None:
    """What a contact is about: the reason chosen, else what the subject says."""
    if chosen.strip(" >"):
        return next((reason for word, reason in CHOSEN.items() if chosen.startswith(word)), None)
    if re.search(UNCLEAR, subject) or re.search(UNCLEAR, f"{subject}|{tags}"):
        return None
    return next((reason for words, reason in SUBJECTS.items() if re.search(words, subject, re.I)), None)


@cache
def every_contact() -> pd.DataFrame:
    """Every contact that counts, with customer, reason and order, which others may name."""
    written, talked, asked = tickets(), calls(), conversations()
    shop = orders()
    phones = people()
    frames = [
        pd.DataFrame(
            {
                "id": "z" + written["Id"], "at": written["created"], "brand": written["brand"],
                "channel": written["channel"], "chosen": written["Contact reason [list]"], "text": written["Subject"],
                "subject": written["Subject"], "tags": written["Tags"],
                "reference": written["Order number [txt]"], "person": written["Requester email"],
                "handled": True, "as_of_on": written["as_of_on"], "country": None, "counted": written["counted"],
            }
        ),
        pd.DataFrame(
            {
                "id": "e" + asked["reference"], "at": local(asked["date"], "%d/%m/%Y %H:%M"), "brand": asked["brand"],
                "channel": asked["channel"], "chosen": asked["motif_parent"] + " > " + asked["motif"],
                "text": asked["element_de_qualification"], "reference": "", "person": "", "handled": True,
                "as_of_on": AS_OF_ON, "country": None, "counted": True,
            }
        ),
        pd.DataFrame(
            {
                "id": "a" + talked["call id"], "at": moment(talked["datetime (utc)"].str.replace(" ", "T") + "Z"),
                "brand": talked["brand"], "channel": "phone", "chosen": talked["tags"], "text": talked["comments"],
                "reference": "", "person": talked["customer number"].map(lambda n: phones.get(n, n)),
                "handled": talked["answered"], "as_of_on": talked["as_of_on"], "country": talked["country_code"],
                "counted": talked["counted"],
            }
        ),
    ]  # fmt: skip
    made = pd.concat(frames, ignore_index=True)
    texts = zip(made["chosen"], made["subject"].fillna(""), made["tags"].fillna(""), strict=True)
    made["reason"] = [reason_of(*words) for words in texts]
    made = linked(made, shop)
    return made[made["counted"].astype(bool)]


def described(rows: pd.DataFrame, ids: Any) -> pd.DataFrame:
    """Rows about contacts of these ids, with the country, the carrier and the reason of the contact."""
    about = every_contact().set_index("id")
    return rows.assign(**{name: ids.map(about[name]) for name in ("country", "carrier", "reason")})


def people() -> dict[str, str]:
    """The e-mail behind a telephone number that is seen with one e-mail only."""
    shop = shop_orders()
    seen = shop[shop["phone"].ne("") & shop["email"].ne("")].groupby("phone")["email"].agg(["nunique", "first"])
    return dict(seen[seen["nunique"] == 1]["first"])


def linked(made: pd.DataFrame, shop: pd.DataFrame) -> pd.DataFrame:
    """Contacts with the order they are about: by reference, by a number in the text, by customer and time."""
    by_number = {(one.brand, one.order): one for one in shop.itertuples()}
    by_person: dict[tuple[str, str], list[Any]] = {}
    for one in shop[shop["ordered_at"].notna()].sort_values("ordered_at").itertuples():
        if isinstance(one.email, str) and one.email:
            by_person.setdefault((one.brand, one.email), []).append(one)
    everyone = list(made.itertuples())
    named = [named_order(one, by_number) for one in everyone]
    own: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for one, order in zip(everyone, named, strict=True):
        if order is not None and one.person and order.email == one.person:
            own.setdefault((one.brand, one.person), []).append((one.at, order))
    found = [
        named_near(one, own) or order_of(one, by_person) if order is None else order
        for one, order in zip(everyone, named, strict=True)
    ]
    made["order"] = [f"{one.brand}/{one.order}" if one else None for one in found]
    made["carrier"] = ["?no_order" if one is None else one.carrier for one in found]
    for name in ("promised_to", "email", "country", "delivered_at", "undated", "lead"):
        made[f"order_{name}"] = [getattr(one, name) if one else None for one in found]
    made["person"] = made["person"].where(made["person"].ne(""), made["order_email"])
    made["country"] = made["country"].where(made["country"].notna(), made["order_country"])
    return made.assign(on=day(made["at"]))


def named_near(one: Any, own: dict[tuple[str, str], list[tuple[Any, Any]]]) -> Any:
    """The own order that the customer of a contact names in another one within a week, the nearest in time."""
    near = [(abs(at - one.at), order) for at, order in own.get((one.brand, one.person), [])]
    near = [(gap, order) for gap, order in near if gap <= 7 * DAY and not order.ordered_at > one.at + DAY]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def named_order(one: Any, by_number: Any) -> Any:
    """The order that a contact names, None where it names none."""
    reference = by_number.get((one.brand, one.reference.lstrip("#"))) if one.reference else None
    if reference:
        return reference
    named = {(number, bool(re.search(rf"(?:commande|cde|order|n°)\W*#?{number}|PP|^{number}$", one.text, re.I)))
             for number in re.findall(r"(?:PP)?\d{5,}", one.text)}  # fmt: skip
    mentioned = [(by_number.get((one.brand, number)), stated) for number, stated in named]
    recent = [
        order
        for order, stated in mentioned
        if order is not None
        and (stated or not one.person or not order.email or one.person == order.email)
        and (pd.isna(order.ordered_at) or order.ordered_at - DAY <= one.at <= order.ordered_at + 180 * DAY)
    ]
    return max(recent, key=lambda order: (order.email == one.person, order.ordered_at)) if recent else None


def order_of(one: Any, by_person: Any) -> Any:
    """The latest order of the customer of a contact that names none, as far as it is recent."""
    return next(
        (
            order
            for order in reversed(by_person.get((one.brand, one.person), []))
            if order.ordered_at <= one.at
            and (one.at <= order.ordered_at + 30 * DAY or one.at <= order.promised_to + 14 * DAY)
        ),
        None,
    )


def chains(made: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The seconds from the contact before and to the next one of the same chain, NaN where there is none."""
    known = made[made["person"].notna() & made["person"].ne("") | made["order"].notna()].copy()
    known[keys] = known[keys].fillna("")
    known = known.sort_values(["at", "id"])
    known["gap"] = known.groupby(keys)["at"].diff().dt.total_seconds()
    known["next"] = known.groupby(keys)["gap"].shift(-1)
    return known


def days_apart(gap: float) -> int:
    """Of gaps up to a day, three and a week, which it is."""
    return next(days for days in (1, 3, 7) if gap <= days * A_DAY)


def probable_reasons(made: pd.DataFrame) -> pd.Series:
    """The reason of each contact, or that of the nearest one of its order, else customer, within a week.

    Asked for gaps of a day, three and a week: whether known reasons so far apart agree at least as often as not, ten
    pairs being assumed to.
    """
    made = made.assign(reason=made["reason"].fillna(""))
    groups = [list(rows.itertuples()) for _, rows in made.sort_values(["at", "id"]).groupby("journey")]
    pairs = {days: [10, 10] for days in (1, 3, 7)}
    for group in groups:
        for first, second in pairwise(group):
            gap = (second.at - first.at).total_seconds()
            if gap <= 7 * A_DAY and first.reason and second.reason:
                pairs[days_apart(gap)][0] += first.reason == second.reason
                pairs[days_apart(gap)][1] += 1
    reasons = {}
    for group in groups:
        for place, one in enumerate(group):
            sides = (group[:place][::-1], group[place:])
            others = [next((other for other in side if other.reason), None) for side in sides]
            near = [(abs((other.at - one.at).total_seconds()), other.reason) for other in others if other]
            near = [(gap, reason) for gap, reason in near if gap <= 7 * A_DAY]
            gap, reason = min(near, key=lambda pair: pair[0], default=(0, None))
            if one.reason or (reason and 2 * pairs[days_apart(gap)][0] >= pairs[days_apart(gap)][1]):
                reasons[one.Index] = one.reason or reason
    return pd.Series(reasons, dtype=object).reindex(made.index)


def demand() -> dict[str, Table]:
    """What depends on the order, the customer and the reason of a contact."""
    made = every_contact().copy()
    known = made[made["reason"].notna()]
    wismo = known["reason"].eq("wismo")
    undated = known["order_undated"].eq(True) | known["order_lead"].lt(-300)
    promised = known[wismo & known["order_promised_to"].notna() & ~undated]
    arrived = promised["order_delivered_at"] <= promised["at"]
    early = promised["at"] <= promised["order_promised_to"]
    made["as_of_on"] = made.groupby("brand")["as_of_on"].transform("min")
    made["journey"] = made["order"].fillna(made["person"]).replace("", None)
    one = chains(made.assign(matter=probable_reasons(made)), ["journey", "matter"])
    opened = one[~(one["gap"] <= 30 * A_DAY) & one["handled"]]
    opened = opened[opened["on"] + 7 * DAY < opened["as_of_on"]]
    journeys = chains(made, ["journey"])
    started = journeys[~(journeys["gap"] <= 30 * A_DAY) & journeys["handled"]]
    started = started[started["on"] + 7 * DAY < started["as_of_on"]]
    return {
        "contacts": value("count", made.assign(one=1), "on", "one"),
        "followed_share": rate(made, "on", made["person"].notna() & made["person"].ne("") | made["order"].notna()),
        "link_coverage": rate(made, "on", made["order"].notna()),
        "reason_coverage": rate(made, "on", made["reason"].notna()),
        "wismo_share": rate(known, "on", wismo),
        "complaint_share": rate(known, "on", known["reason"].eq("complaint")),
        "wismo_early": rate(promised, "on", early & ~arrived),
        "wismo_late": rate(promised, "on", ~early & ~arrived),
        "wismo_delivered": rate(promised, "on", arrived),
        "repeat_rate": rate(one, "on", one["gap"] <= 7 * A_DAY),
        "fcr_window": rate(opened, "on", ~(opened["next"] <= 7 * A_DAY)),
        "ocr": rate(started, "on", ~(started["next"] <= 7 * A_DAY)),
    }


TABLES: dict[str, Callable[[], dict[str, Table]]] = {
    "deliveries": deliveries, "telephone": telephone, "replies": replies, "demand": demand, "opinions": opinions,
}  # fmt: skip


def figure(kind: str, rows: pd.DataFrame) -> tuple[float | None, float | None, float | None]:
    """The value, numerator and denominator of some rows."""
    base, total = float(len(rows)), float(rows["hit"].sum())
    if kind == "count":
        return base, base, None
    if kind.startswith("time_to"):
        ended, share = rows["hit"].eq(1), Fraction(9, 10) if kind.endswith("p90") else Fraction(1, 2)
        return reached(zip(rows["time"], ended, strict=True), share) if base else None, total, base
    if kind == "median":
        return (float(rows["hit"].median()) if base else None), None, base
    return (total / base * (100 if kind == "net" else 1) if base else None), total, base


def same(figures: dict[str, Any], kind: str, rows: pd.DataFrame, where: object) -> None:
    expected, numerator, denominator = figure(kind, rows)
    found = (figures["numerator"], figures["denominator"])
    assert [one or 0 for one in found] == pytest.approx([numerator or 0, denominator or 0], abs=1e-3), (where, found)
    if figures["value"] is not None:
        assert figures["value"] == pytest.approx(expected, abs=1e-3), where


@pytest.mark.parametrize("name", TABLES)
def test_every_figure_is_the_recomputed_one(documents: dict[str, dict[str, Any]], name: str) -> None:
    for id, (kind, rows) in TABLES[name]().items():
        years = rows["on"].dt.year
        for by in DIMENSIONS_ASKED:
            kpi = next(one for one in documents[by]["kpis"] if one["id"] == id)
            same(kpi, kind, rows[years == 2025], (id, 2025))
            same(kpi["previous"], kind, rows[years == 2024], (id, 2024))
            if by == "month":
                for series, year in ((kpi["series"], 2025), (kpi["previous_series"], 2024)):
                    for point in series:
                        of_month = rows["on"].dt.strftime("%Y-%m") == point["period"]
                        same(point, kind, rows[of_month & (years == year)], (id, point["period"]))
            if not kpi["breakdowns"]:
                continue
            # Opinions that name no contact are of an unknown channel, country and reason.
            keys = rows[by].fillna("?").replace("", "?") if by in rows else pd.Series("?", rows.index)
            segments = {one["key"]: one for one in kpi["breakdowns"][0]["segments"]}
            assert set(segments) >= set(keys[years.isin(YEARS)]), (id, by)
            for key, segment in segments.items():
                same(segment, kind, rows[(years == 2025) & (keys == key)], (id, by, key, 2025))
                same(segment["previous"], kind, rows[(years == 2024) & (keys == key)], (id, by, key, 2024))


def stock(made: pd.DataFrame, day: Any) -> pd.DataFrame:
    """The tickets open as a local day is over, with their age then and whether they may have been closed."""
    end = (day + DAY).tz_localize("Europe/Paris")
    over = made["still_solved"] & (made["created"] + pd.to_timedelta(made["solution_s"], unit="s") < end)
    there = made[(made["created"] < end) & ~over & (made["still_solved"] <= made["solution_s"].notna())]
    return there.assign(age=(end - there["created"]).dt.total_seconds())


@pytest.mark.parametrize("by", DIMENSIONS_ASKED)
def test_the_backlog_is_the_recomputed_one(documents: dict[str, dict[str, Any]], by: str) -> None:
    """What is open as a year, or a month, is over; 2024 may have fewer, by those that were reopened since."""
    made = tickets()
    made = made[made["counted"] & (made["Status"].ne("") | made["solved"])]
    made = described(made, "z" + made["Id"])
    kpis = {kpi["id"]: kpi for kpi in documents[by]["kpis"]}
    quantiles = {"backlog_age": 0.5, "backlog_age_p90": 0.9}

    def check(figures: dict[str, dict[str, Any]], rows: pd.DataFrame, where: object) -> None:
        assert figures["backlog"]["value"] == figures["backlog"]["numerator"] == len(rows), where
        for id, fraction in quantiles.items():
            expected = rows["age"].quantile(fraction) if len(rows) else None
            assert (figures[id]["value"], figures[id]["denominator"] or 0) == (pytest.approx(expected), len(rows)), (
                where
            )

    for year, place in ((2025, "series"), (2024, "previous_series")):
        whole = stock(made, pd.Timestamp(f"{year}-12-31"))
        check({id: kpis[id] if year == 2025 else kpis[id]["previous"] for id in ("backlog", *quantiles)}, whole, year)
        for number, point in enumerate(kpis["backlog"][place]):
            end = pd.Timestamp(point["period"]) + pd.offsets.MonthEnd()
            check({id: kpis[id][place][number] for id in ("backlog", *quantiles)}, stock(made, end), end)
        bounds = (kpis["backlog"] if year == 2025 else kpis["backlog"]["previous"])["bounds"]
        assert bounds == {"low": len(whole) - int((whole["reopens"] > 0).sum()), "high": len(whole)}, year
        if by == "month":
            continue
        keys = whole[by].fillna("?").replace("", "?")
        segments = {
            id: {one["key"]: one for one in kpis[id]["breakdowns"][0]["segments"]} for id in ("backlog", *quantiles)
        }
        assert set(segments["backlog"]) >= set(keys)
        for key in segments["backlog"]:
            parts = {id: of_kpi.get(key) for id, of_kpi in segments.items()}
            figures = {id: part if year == 2025 else part["previous"] for id, part in parts.items() if part}
            check(figures, whole[keys == key], (key, year))


@pytest.mark.parametrize("by", ["brand", "carrier", "country"])
def test_ratios_and_shares_are_made_of_the_recomputed_counts(documents: dict[str, dict[str, Any]], by: str) -> None:
    def parts(id: str, by: str) -> dict[str, float]:
        kpi = next(one for one in documents[by]["kpis"] if one["id"] == id)
        return {one["key"]: one["numerator"] for one in kpi["breakdowns"][0]["segments"] if one["numerator"]}

    rates = {one["id"]: one for one in documents[by]["kpis"]}
    made = rates["contact_rate"]["breakdowns"][0]["segments"]
    assert {one["key"]: one["numerator"] for one in made if one["numerator"]} == parts("contacts", by)
    assert {one["key"]: one["denominator"] for one in made if one["denominator"]} == parts("orders_placed", by)
    assert rates["wismo_rate"]["numerator"] == rates["wismo_share"]["numerator"]
    assert parts("wismo_rate", by) == parts("wismo_share", by)
    assert parts("channel_mix", "channel") == parts("contacts", "channel")
