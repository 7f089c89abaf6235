"""The story of an order: the order of the fixtures word for word, sample orders beside the raw files, hard cases."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from kpibar.answers.errors import OrderAmbiguous, OrderOfOtherBrand, OrderUnknown
from kpibar.answers.orders.search import find_orders
from kpibar.answers.orders.silence import Debt, silences
from kpibar.answers.orders.story import Story, stories
from kpibar.config import Config, load
from kpibar.database.store import Store, open_store
from kpibar.load.outcome import Outcome
from kpibar.render.answers.order import order_json, order_text
from kpibar.render.terminal import Screen
from kpibar.values.instants import as_of_instant
from tests.support import REPOSITORY, fraction, ingest_tables, kpibar, report, settings, table

STORY = REPOSITORY / "tests" / "fixtures" / "story"
SAMPLES = REPOSITORY / "sample_data"

ENGLISH = """\
Order 608428726 · placed 31 July 2022 11:20
Promised 2 August 16:00–18:00; not delivered when the carrier’s export ends on 4 August 20:00: 50 hours late; \
the customer called 2 times.

2022-07-31 11:20  Order placed: 89.90 EUR
                  Promise for parcel P608428726 (Transporteur): 2 August 16:00–18:00
2022-08-02 08:10  Shipped: parcel P608428726 (Transporteur)
2022-08-02 08:15  Notice (SMS): shipped
2022-08-02 18:00  Broken promise: it ends, and parcel P608428726 is not delivered
2022-08-02 18:40  Phone, from the customer: answered after 95 s; reason: Where is my order (recorded in the tool); \
it gives the order number
2022-08-03 10:15  Phone, from the customer: answered after 2 min; reason: Where is my order (recorded in the tool); \
linked by its customer
2022-08-03 10:17  Silence: no word to the customer for 34 hours, until the end of the exports, although the promise \
had expired
2022-08-04 20:00  The carrier’s export ends: parcel P608428726 is not delivered, 50 hours late
"""
FRENCH = """\
Commande 608428726 · passée le 31 juillet 2022 à 11 h 20
Livraison promise le 2 août de 16 h 00 à 18 h 00 ; toujours pas de colis quand l’export du transporteur s’arrête, \
le 4 août à 20 h 00, avec 50 heures de retard ; le client a appelé 2 fois.

2022-07-31 11:20  Commande passée : 89,90 EUR
                  Promesse pour le colis P608428726 (Transporteur) : le 2 août de 16 h 00 à 18 h 00
2022-08-02 08:10  Expédition : colis P608428726 (Transporteur)
2022-08-02 08:15  Message (SMS) : expédition
2022-08-02 18:00  Promesse non tenue : elle expire, et le colis P608428726 n’est pas livré
2022-08-02 18:40  Téléphone, du client : décroché après 95 s ; motif : Où est ma commande (saisi dans l’outil) ; \
il donne le numéro de commande
2022-08-03 10:15  Téléphone, du client : décroché après 2 min ; motif : Où est ma commande (saisi dans l’outil) ; \
rattaché par son client
2022-08-03 10:17  Silence : pas un mot au client pendant 34 heures, jusqu’à la fin des exports, alors que la promesse \
était échue
2022-08-04 20:00  L’export du transporteur s’arrête : colis P608428726 non livré, 50 heures de retard
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database knows the story as of 4 August, 20:00."""
    folder = tmp_path_factory.mktemp("story")
    exports = {path.name: path.read_text(encoding="utf-8") for path in sorted(STORY.glob("*.csv"))}
    ingest_tables(folder, exports, settings(folder), as_of_instant("2022-08-04T20:00", "Europe/Paris"))
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    with open_store(folder / "test.duckdb", write=False) as store:
        yield store


@cache
def tell(folder: Path, reference: str, rules: Path | None = None, brand: str | None = None) -> tuple[Story, ...]:
    """The stories of a number in folder/test.duckdb."""
    with opened(folder) as store:
        return stories(store, load(rules or folder / "kpibar.toml"), reference, brand)


def text(found: tuple[Story, ...], lang: str = "en", width: int | None = None) -> str:
    """The stories as text, with plain blanks."""
    return re.sub("[\u00a0\u202f]", " ", order_text(found, lang, Screen(width)))


def lines(found: tuple[Story, ...]) -> list[str]:
    """The lines of events, without their times."""
    whole = text(found).split("\n\n")[1]
    return [line[18:] for line in whole.splitlines()]


def document(found: tuple[Story, ...]) -> dict[str, Any]:
    """The only order of the JSON."""
    (order,) = json.loads(order_json("x", found))["orders"]
    assert isinstance(order, dict)
    return order


# The story


def test_the_story_in_english(told: Path) -> None:
    done = kpibar("order", "608428726", "--db", "test.duckdb", folder=told)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(ENGLISH)
    rows = [line.split() for line in done.stdout.splitlines()]
    # Not judged before 10 August: the export must reach the day after the seventh.
    assert ["Late", "deliveries", "2022-08", "0", "2022-08-10"] in rows
    assert ["Promise", "expired,", "no", "parcel", "2022-08", "1", "1"] in rows
    assert ["Orders", "placed", "2022-07", "1"] in rows
    assert ["WISMO", "share", "of", "contacts", "2022-08", "2", "2"] in rows
    # Contacts of August on orders of July.
    assert ["Contacts", "per", "100", "orders", "2022-07", "1", "0"] in rows
    assert ["Contacts", "per", "100", "orders", "2022-08", "0", "2"] in rows
    assert done.stdout.endswith("Times are those of Europe/Paris.\n")


def test_the_story_in_french(told: Path) -> None:
    assert text(tell(told, "608428726"), "fr").startswith(FRENCH)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [80, 100, 140])
def test_lines_wrap_under_their_text(told: Path, lang: str, width: int) -> None:
    page = text(tell(told, "608428726"), lang, width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    _, events = page.split("\n\n")[:2]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d  \S|                  ", line) for line in events.splitlines())
    assert " ".join(events.split()) == " ".join(text(tell(told, "608428726"), lang).split("\n\n")[1].split())


def test_the_story_as_json(told: Path) -> None:
    done = kpibar("order", "608428726", "--json", "--db", "test.duckdb", folder=told)
    whole = json.loads(done.stdout)
    assert (whole["schema"], whole["schema_version"], whole["reference"]) == ("kpibar.order", "1.0", "608428726")
    (order,) = whole["orders"]
    assert [event["kind"] for event in order["events"]] == [
        "placed", "promise", "shipped", "notice", "promise_broken", "contact", "contact", "silence", "export_end",
    ]  # fmt: skip
    # From 2 August 18:00 to 4 August 20:00 are 50 hours; from 10:17:20 on 3 August 33 h 42 min 40 s.
    assert (order["late"], order["late_s"], order["longest_silence_s"]) == (True, 180_000, 121_360)
    assert (order["calls"], order["messages"], order["other_contacts"]) == (2, 0, 0)
    contacts = [event["contact"] for event in order["events"] if event["contact"]]
    assert [(c["linked_by"], c["wait_s"], c["counted"], c["exclusion"]) for c in contacts] == [
        ("reference", 95.0, True, None),
        ("customer", 140.0, True, None),
    ]
    late = next(count for count in order["kpis"] if count["kpi"] == "late_share")
    assert late == {
        "kpi": "late_share", "family": "delivery", "month": "2022-08", "open_at": None, "base": 0, "hits": 0,
        "against": None, "values": [], "pending": 1, "judged_from": "2022-08-10",
    }  # fmt: skip
    assert not re.search(r"person|customer_key|order_key", done.stdout), "no pseudonym is shown"


def test_with_styles_the_words_are_the_same(told: Path) -> None:
    done = kpibar("order", "608428726", "--color", "always", "--db", "test.duckdb", folder=told)
    assert "\x1b[1;31mBroken promise" in done.stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert plain.splitlines()[:12] == ENGLISH.splitlines()


# Finding


@pytest.fixture(scope="module")
def story(told: Path) -> Iterator[tuple[Store, Config]]:
    """The database of the story, open, and its settings."""
    with opened(told) as store:
        yield store, load(told / "kpibar.toml")


@pytest.mark.parametrize(
    "spelling",
    ["608428726", "#608428726", " 608 428 726 ", "n° 608428726", "N°608428726", "CMD-608428726", "cmd608428726",
     "00608428726", "commande 608428726", "n° 608 428 726", "order number 608 428 726",
      "P608428726", "p608428726"],
)  # fmt: skip
def test_a_number_however_it_is_spelled(story: tuple[Store, Config], spelling: str) -> None:
    (match,) = find_orders(*story, spelling)
    assert match.order_id == "kpibar-orders/608428726"


def test_an_unknown_number_names_the_nearest(story: tuple[Store, Config]) -> None:
    for wrong in ("608428725", "6084287226", "60842872", "608427826", "608428799", "AB608428725"):
        with pytest.raises(OrderUnknown, match="did you mean 608428726"):
            find_orders(*story, wrong)
    with pytest.raises(OrderUnknown, match="no known number is like it"):
        find_orders(*story, "999")


# Sample orders beside the raw files


def raw(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    encoding = "cp1252" if "easiware" in name else "utf-8-sig"
    with (SAMPLES / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@pytest.fixture(scope="module")
def raw_orders() -> dict[str, dict[str, str]]:
    rows = raw("maison-bleue-shopify-orders.csv") + raw("petit-pas-shopify-orders.csv")
    return {row["Name"].lstrip("#"): row for row in rows if row["Total"]}


@pytest.fixture(scope="module")
def raw_parcels() -> list[dict[str, str]]:
    of_sendcloud = [
        {**row, "order_ref": row["order_number"], "promised": row["expected_delivery_date"], "promised_to": ""}
        for row in raw("sendcloud-parcels.csv")
        if row["direction"] == "outgoing"
    ]
    appointments = raw("maison-bleue-appointments.csv")
    return of_sendcloud + [{**row, "promised": row["promised_to"][:10]} for row in appointments]


@pytest.fixture(scope="module")
def raw_contacts() -> list[str]:
    """The rows of the three tools, each as one text."""
    rows = raw("maison-bleue-zendesk-tickets.csv") + raw("aircall-calls.csv") + raw("petit-pas-easiware.csv", ";")
    return [" | ".join(filter(None, row.values())) for row in rows]


def instant(text: str) -> str | None:
    """An instant of a raw file as JSON has it."""
    if not text:
        return None
    at = datetime.fromisoformat(text.replace(" +", "+").replace("Z", "+00:00"))
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Kinds of orders: what the sentence that sums each up says of it.
ORDERS = {
    "99353": "cancelled on 15 December",  # cancelled, no parcel
    "100446": "2 parcels, 1 of them late",  # with an answer to a survey of NPS
    "100675": "2 parcels, none of them late",
    "PP21634": "no promise is known",
    "98862": "12 min late",  # a time slot
    "99871": "before its time slot",
    "PP21601": "not delivered when",
    "PP21591": "the customer called 2 times",
    "104512": "called 3 times and wrote 2 times",
    "PP24945": "no parcel of it is known",
    "98785": "as promised",
}


@pytest.mark.parametrize("number", ORDERS)
def test_a_sample_order_is_as_in_the_raw_files(
    sample: tuple[Path, list[Outcome]],
    number: str,
    raw_orders: dict[str, dict[str, str]],
    raw_parcels: list[dict[str, str]],
    raw_contacts: list[str],
) -> None:
    found = tell(sample[0], number, SAMPLES / "kpibar.toml")
    order, row = document(found), raw_orders[number]
    assert ORDERS[number] in text(found).splitlines()[1].replace("Cancelled", "cancelled").replace("No p", "no p")
    assert order["ordered_at"] == instant(row["Created at"])
    assert order["cancelled_at"] == instant(row["Cancelled at"])
    assert (order["value"], order["brand"]) == (
        float(row["Total"]),
        "Petit Pas" if number[0] == "P" else "Maison Bleue",
    )
    parcels = [
        (p["parcel_id"], p["promised"] or None, instant(p["shipped_at"]), instant(p["delivered_at"]))
        for p in raw_parcels
        if p["order_ref"] == number
    ]
    assert sorted(parcels) == sorted(
        (p["parcel_id"], p["promised_on"], p["shipped_at"], p["delivered_at"]) for p in order["parcels"]
    )
    naming = sum(1 for contact in raw_contacts if re.search(rf"(?<![0-9A-Za-z]){number}(?![0-9])", contact))
    contacts = [event["contact"] for event in order["events"] if event["contact"]]
    assert naming == sum(1 for contact in contacts if contact["linked_by"] != "customer")


def test_an_answer_to_a_survey_is_that_of_the_raw_file(sample: tuple[Path, list[Outcome]]) -> None:
    answers = [row for row in raw("nps-delighted.csv") if row["Order Number"] == "100446"]
    order = document(tell(sample[0], "100446", SAMPLES / "kpibar.toml"))
    surveys = [event for event in order["events"] if event["kind"] == "survey_answered"]
    assert (
        [(event["at"], event["survey"]["score"]) for event in surveys]
        == [(instant(row["Responded At"]), float(row["Score"])) for row in answers if row["Score"]]
        != []
    )


# A shop of hard cases

CASES = {
    "orders.csv": """
| order_ref | ordered_at       | customer      | brand             | cancelled_at     | value | currency |
| CMD-1001  | 2025-03-01 10:00 | a@example.org | Anne              |                  | 10.00 | EUR      |
| 2002      | 2025-03-01 10:00 | b@example.org | Anne              |                  |       |          |
| 2002      | 2025-03-02 10:00 | c@example.org | Zoé               |                  |       |          |
| 3003      | 2025-03-01 10:00 | d@example.org | Anne              |                  | 20.00 | EUR      |
| 4004      | 2025-03-01 10:00 | e@example.org | Anne              | 2025-03-02 09:00 |       |          |
| 5005      | 2025-03-05 10:00 |               |                   |                  |       |          |
| 901       | 2025-03-03 10:00 |               |                   |                  |       |          |
| 6006      | 2025-03-01 10:00 | f@example.org | [red]=B\u202eold |                  |       |          |
""",
    "parcels.csv": """
| parcel_id | order_ref | brand | shipped_at | promised_to | last_promised_to | delivered_at     | status   |
| A1        | 1001      | Anne  | 2025-03-02 | 2025-03-04  | 2025-03-06       | 2025-03-07 12:00 |          |
| B1        | 2002      | Anne  | 2025-03-02 | 2025-03-04  |                  | 2025-03-04 12:00 |          |
| D1        | 3003      | Anne  | 2025-03-02 | 2025-03-04  |                  |                  | returned |
| D2        | 3003      | Anne  | 2025-03-02 |             |                  |                  | lost     |
| E1        | 4004      | Anne  | 2025-03-02 | 2025-03-04  |                  |                  |          |
| F1        | 6006      |       | 2025-03-02 | 2025-03-04  |                  | 2025-03-03 12:00 | \x1b[1m= |
| G1        | 7007      | Anne  | 2025-03-02 | 2025-03-04  |                  | 2025-03-05 12:00 |          |
""",
    "contacts.csv": """
| contact_id | created_at       | channel | direction | customer      | order_ref | brand | reason_raw        | queued |
| K1         | 2025-03-05 09:00 | email   | inbound   | a@example.org | CMD-1001  | Anne  | Suivi de commande |        |
| K2         | 2025-03-05 10:00 | phone   | inbound   | a@example.org | CMD-1001  | Anne  |                   | yes    |
| K3         | 2025-03-07 15:00 | phone   | outbound  | a@example.org | CMD-1001  | Anne  |                   |        |
| K4         | 2025-03-08 15:00 | email   | inbound   | a@example.org | CMD-1001  | Anne  |                   |        |
| K5         | 2025-03-08 15:00 | email   | inbound   | d@example.org | 3003      | Anne  | Remboursement     |        |
| K6         | 2025-03-08 15:00 | email   | inbound   | x@example.org | 8008-9    | Anne  |                   |        |
| K7         | 2025-03-09 15:00 | store   | inbound   | x@example.org | 8008-9    | Anne  |                   |        |
""",
    "shopify.csv": "Name,Financial Status,Created at\n#901,paid,2025-03-01 10:00:00 +0100\n",
    "surveys.csv": """
| survey_id | kind | score | scale_min | scale_max | sent_at          | answered_at      | contact_id | order_ref |
| S1        | csat | 2     | 1         | 5         | 2025-03-08 09:00 | 2025-03-09 09:00 | K1         |           |
| S2        | nps  |       |           |           | 2025-03-10 09:00 |                  |            | 1001      |
""",
    "gestures.csv": """
| gesture_id | order_ref | contact_id | amount | currency | given_at         |
| Q1         | CMD-1001  |            | 5.00   | EUR      | 2025-03-10 12:00 |
""",
    "notices.csv": """
| notice_id | order_ref | kind  | channel | sent_at          |
| M1        | cmd-1001  | delay | email   | 2025-03-06 09:00 |
""",
}
# What became of the contacts, in the columns behind those above.
COURSES = (
    "answered,abandoned,wait_s,first_reply_at,resolved_at,status,spam",
    ",,,2025-03-07 10:00,2025-03-07 11:00,solved,",
    "no,yes,40,,,,",
    ",,,,,,",
    ",,,,,open,yes",
    ",,,,,open,",
    ",,,,,open,",
    ",,,,,solved,",
)
CONTACTS = table(CASES["contacts.csv"]).splitlines()
CASES["contacts.csv"] = "".join(f"{line},{course}\n" for line, course in zip(CONTACTS, COURSES, strict=True))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database holds the hard cases, exported on 20 March."""
    folder = tmp_path_factory.mktemp("shop")
    ingest_tables(folder, CASES, settings(folder), as_of_instant("2025-03-20T12:00", "Europe/Paris"))
    return folder


def test_a_promise_changed_and_broken_twice(shop: Path) -> None:
    found = tell(shop, "1001")
    assert text(found).splitlines()[1] == (
        "Promised 4 March; delivered on 7 March 12:00: 60 hours late; the customer called once and wrote once."
    )
    assert lines(found) == [
        "Order placed: 10.00 EUR",
        "Promise for parcel A1: 4 March; changed later, the last one ends 6 March",
        "Shipped: parcel A1",
        "Broken promise: it ends, and parcel A1 is not delivered",
        # From the end of 4 March to the notice of 6 March 09:00: 33 hours.
        "Longest silence: no word to the customer for 33 hours, until 6 March 9:00, although the promise had expired"
        " and a contact waited for an answer",
        "E-mail, from the customer: first reply after 2.0 d; solved after 2.1 d; reason: Where is my order (recorded in"
        " the tool); it gives the order number",
        "Phone, from the customer: abandoned after 40 s; no known reason; it gives the order number",
        "Notice (E-mail): delay",
        "End of the silence of 33 hours",
        "Silence: no word to the customer for 25 hours, until 7 March 10:00, although the promise had expired",
        "End of the silence of 25 hours",
        "Delivered: parcel A1, 60 hours late",
        "Phone, to the customer: no known reason; it gives the order number; not counted: outbound",
        "CSAT survey sent",
        "E-mail, from the customer: no reply; no known reason; it gives the order number; not counted: spam",
        "CSAT survey answered: 2 on a scale of 1 to 5",
        "NPS survey sent; no answer is known",
        "Gesture: 5.00 EUR",
    ]


def test_why_kpis_do_not_count_it(shop: Path) -> None:
    """Of CMD-1001 K2 is a call, K3 outbound and K4 spam; S1 is answered, S2 not, and neither promise is of a slot."""
    entries = {entry["kpi"]: entry for entry in document(tell(shop, "1001"))["kpis_without_it"]}
    assert entries["slot_adherence"]["reasons"] == [{"code": "without_slot", "term": None, "count": 1}]
    assert [(reason["code"], reason["count"]) for reason in entries["nps"]["reasons"]] == [
        ("unanswered", 1), ("other_kind", 1)]  # fmt: skip
    # What counts it is not named.
    assert not {"late_share", "wismo_share", "fcr_window", "csat"} & entries.keys()
    page = text(tell(shop, "1001"))
    assert "KPIs that do not count it\nTime slot kept: no time slot was promised\n" in page
    assert "Net Promoter Score: not answered (1), survey of another kind (1)" in page


@pytest.mark.parametrize(
    ("number", "kpi", "records", "codes"),
    [
        ("4004", "late_share", "orders", ["cancelled"]),
        ("5005", "late_share", "orders", ["no_promised_on"]),
        ("5005", "wismo_share", "contacts", []),
        ("8008-9", "late_share", "orders", []),
        # K6 and K7 have no reason.
        ("8008-9", "csat", "surveys", []),
    ],
)
def test_the_reason_of_each_kpi(shop: Path, number: str, kpi: str, records: str, codes: list[str]) -> None:
    entries = {entry["kpi"]: entry for entry in document(tell(shop, number))["kpis_without_it"]}
    assert (entries[kpi]["records"], [reason["code"] for reason in entries[kpi]["reasons"]]) == (records, codes)
    french = text(tell(shop, number), "fr")
    assert "Indicateurs qui ne la comptent pas" in french


def test_values_stand_in_the_order_of_time(sample: tuple[Path, list[Outcome]]) -> None:
    """The three calls of 104512 waited 15, 21 and 10 seconds, one after the other."""
    (asa,) = (
        entry for entry in document(tell(sample[0], "104512", SAMPLES / "kpibar.toml"))["kpis"] if entry["kpi"] == "asa"
    )
    assert asa["values"] == [15, 21, 10]


def test_a_parcel_returned_and_one_lost(shop: Path) -> None:
    found = tell(shop, "3003")
    order = document(found)
    assert [parcel["late"] for parcel in order["parcels"]] == [True, True], "the second has the promise of the first"
    assert [event["kind"] for event in order["events"]].count("promise_broken") == 2
    assert "Lost: parcel D2" in lines(found)
    assert "2 parcels, 2 of them late; the latest of them promised 4 March" in text(found)


def test_a_cancelled_order_breaks_no_promise(shop: Path) -> None:
    found = tell(shop, "4004")
    order = document(found)
    assert (order["late"], order["late_s"], order["longest_silence_s"]) == (False, None, None)
    assert text(found).splitlines()[1] == (
        "Cancelled on 2 March 9:00; promised 4 March; not delivered when the carrier’s export ends on 20 March 12:00."
    )


def test_an_order_with_nothing_but_a_row(shop: Path) -> None:
    found = tell(shop, "5005")
    assert text(found).splitlines()[:4] == [
        "Order 5005 · placed 5 March 2025 10:00", "No parcel of it is known.", "", "2025-03-05 10:00  Order placed",
    ]  # fmt: skip
    assert [(count["kpi"], count["base"]) for count in document(found)["kpis"] if count["kpi"] == "orders_placed"] == [
        ("orders_placed", 1)
    ]


def test_hostile_names_are_printed_as_text(shop: Path) -> None:
    found = tell(shop, "6006")
    page = order_text(found, "en", Screen(80))
    assert "[red]=Bold" in page and "\u202e" not in page and "\x1b" not in page
    assert "\u202e" not in order_json("6006", found) and "\x1b" not in order_json("6006", found)


def test_an_order_known_from_its_parcels_alone(shop: Path) -> None:
    found = tell(shop, "7007")
    assert document(found)["known_from"] == "parcels"
    assert text(found).startswith("Order 7007 · Anne · known from its parcels alone\nPromised 4 March; delivered on 5")


def test_a_number_that_only_contacts_name(shop: Path) -> None:
    found = tell(shop, "8008-9")
    order = document(found)
    assert (order["order_id"], order["known_from"], order["parcels"]) == (None, "contacts", [])
    assert text(found).startswith("Number 8008-9 · Anne\nNo order and no parcel has this number; 2 contacts name it.\n")
    assert lines(found) == [
        "E-mail, from the customer: no reply; no known reason; linked to no order",
        "Silence: no word to the customer for 11.9 days, until the end of the exports, although a contact waited for an"
        " answer",
        "Store, from the customer: no reply; solved; no known reason; linked to no order",
    ]
    counts = {count["kpi"]: (count["base"], count["hits"]) for count in order["kpis"]}
    assert counts["contacts"] == (2, None) and counts["link_coverage"] == (2, 0)
    # Open when the exports end on 20 March: the e-mail.
    assert [(count["open_at"], count["base"]) for count in order["kpis"] if count["kpi"] == "backlog"] == [
        ("2025-03-20", 1)
    ]


def test_one_number_of_two_brands(shop: Path) -> None:
    with pytest.raises(OrderAmbiguous, match='2002 of Anne, 2002 of Zoé; choose with --brand "Anne" or --brand "Zoé"'):
        tell(shop, "2002")
    (story,) = tell(shop, "2002", brand="zoe")
    assert (story.head.brand, story.parcels) == ("Zoé", ())
    with pytest.raises(OrderOfOtherBrand, match='brands of that number: "Anne", "Zoé"'):
        tell(shop, "2002", brand="Bert")


def test_one_number_of_two_shops_without_brands_shows_both(shop: Path) -> None:
    found = tell(shop, "901")
    assert [story.head.order_id for story in found] == ["kpibar-orders/901", "shopify-orders/#901"]
    assert text(found).count("Order 901") == 2
    assert len(json.loads(order_json("901", found))["orders"]) == 2


ALIKE = {
    "orders.csv": """
| order_ref | brand | ordered_at       |
| #1036     | X     | 2025-03-01 09:00 |
| 0001036   | Y     | 2025-03-01 10:00 |
| A-1001    | X     | 2025-03-01 11:00 |
| B-1001    | X     | 2025-03-01 12:00 |
""",
    "surveys.csv": """
| survey_id | kind | score | scale_min | scale_max | sent_at          | answered_at      | order_ref |
| S1        | csat | 1     | 1         | 5         | 2025-03-08 09:00 | 2025-03-09 09:00 | B-1001    |
| S2        | csat | 1     | 1         | 5         | 2025-03-08 09:00 | 2025-03-09 09:00 | 1001      |
""",
    "gestures.csv": """
| gesture_id | order_ref | amount | currency | given_at         |
| Q1         | B-1001    | 50.00  | EUR      | 2025-03-10 12:00 |
""",
    "notices.csv": """
| notice_id | order_ref | kind  | channel | sent_at          |
| M1        | B-1001    | delay | email   | 2025-03-06 09:00 |
""",
}


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose orders have digits in common."""
    folder = tmp_path_factory.mktemp("alike")
    ingest_tables(folder, ALIKE, settings(folder), as_of_instant("2025-03-20T12:00", "Europe/Paris"))
    return folder


def test_records_of_an_order_with_the_same_digits_are_not_of_this_one(alike: Path) -> None:
    """The survey, gesture and message of B-1001 are not of A-1001; the survey of 1001 is of neither."""
    kinds = {}
    for number in ("A-1001", "B-1001"):
        events = document(tell(alike, number))["events"]
        kinds[number] = [event["kind"] for event in events if event["kind"] != "silence"]
    assert kinds["A-1001"] == ["placed"]
    assert [kind.partition("_")[0] for kind in kinds["B-1001"]] == ["placed", "notice", "survey", "survey", "gesture"]


def test_digits_alone_are_of_an_order_of_each_brand(alike: Path) -> None:
    for number in ("1036", "0001036"):
        with pytest.raises(OrderAmbiguous, match="#1036 of X, 0001036 of Y"):
            tell(alike, number)
        assert [tell(alike, number, brand=brand)[0].head.reference for brand in ("X", "y")] == ["#1036", "0001036"]


# Counts and silences


def test_the_hits_of_all_orders_are_the_numerators_of_the_report(shop: Path) -> None:
    """Each order counts as the report counts it: summed up over all orders they are the same numbers."""
    config = load(shop / "kpibar.toml")
    barometer = report(shop, config)
    sums: dict[str, list[int]] = {}
    with opened(shop) as store:
        names = [(number, None) for number in ("1001", "3003", "4004", "5005", "6006", "7007", "8008-9", "901")]
        for number, brand in (*names, ("2002", "Anne"), ("2002", "Zoé")):
            for count in (count for story in stories(store, config, number, brand) for count in story.kpis):
                total = sums.setdefault(count.kpi.id, [0, 0])
                total[0] += count.hits or 0
                total[1] += count.base
    # Late: 1001, 3003 and 7007, of these and 2002 of Anne and 6006; 4004 was cancelled.
    assert sums["late_share"] == [3, 5]
    for kpi in ("late_share", "promise_unanswered", "promise_coverage", "wismo_share", "contact_rate", "wismo_rate",
                "link_coverage", "fcr_window", "answer_rate", "unanswered", "csat"):  # fmt: skip
        assert fraction(barometer, kpi) == tuple(sums[kpi]), kpi
    assert fraction(barometer, "backlog")[0] == sums["backlog"][1] == 2


MONDAY = datetime(2025, 3, 3)


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


@pytest.mark.parametrize(
    ("debts", "words", "expected"),
    [
        # A promise that ends at 0 and a parcel that comes at 60: the word at 10 leaves 50 hours.
        ([("promise", 0, 60)], [10], [(10, 60)]),
        # Nothing is owed before the promise ends, and 23 hours are no silence.
        ([("promise", 30, 53)], [0], []),
        ([("promise", 30, 54)], [0], [(30, 54)]),
        # A contact is answered by any word; a second debt goes on in the same silence.
        ([("contact", 0, None)], [30], [(0, 30)]),
        ([("contact", 0, None), ("promise", 10, 40)], [], [(0, 72)]),
        ([("contact", 0, 5), ("promise", 10, 40)], [], [(10, 40)]),
        # After the end of the exports nothing is known.
        ([("promise", 60, None)], [], []),
    ],
)  # fmt: skip
def test_silences(debts: list[tuple[Any, int, int | None]], words: list[int], expected: list[tuple[int, int]]) -> None:
    owed = [Debt(cause, hours(start), None if end is None else hours(end)) for cause, start, end in debts]
    found = silences(owed, map(hours, words), hours(72))
    assert [(silence.start, silence.end) for silence in found] == [(hours(a), hours(b)) for a, b in expected]
    assert silences(owed, map(hours, words), None) == ()
