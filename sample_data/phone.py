"""The telephone calls of both brands, as Aircall writes its call export."""

from __future__ import annotations

from datetime import UTC, timedelta
from random import Random
from uuid import UUID

from contacts import Call
from table import Dirt, Table, columns, spoil
from world import local, stream

HEADER = columns(
    "line,datetime (tz offset incl.),number timezone,datetime (utc),country_code,direction,from,to,"
    "answered,missed_call_reason,user,duration (total),duration (in call),voicemail,recording,comments,"
    "tags,call quality,team,call direction - type,call start time,call end time,aircall number,"
    "customer number,in-call duration,call id,call type,waiting time,time to answer,time in ivr,"
    "call id (internal),disconnected by"
)
INSTANT = "%Y-%m-%d %H:%M:%S"
NOBODY = "[No associated user]"
OTHER_LINES = "3326191"
TAGS = {
    "wismo": "Suivi commande",
    "return": "Retour",
    "refund": "Remboursement",
    "defective": "Produit défectueux",
    "missing": "Article manquant",
    "invoice": "Facture",
    "complaint": "Réclamation",
    "modification": "Modification commande",
    "presale": "Question produit",
    "account": "Compte client",
    "other": "Autre",
}


def clock(seconds: int) -> str:
    """Seconds as `hh:mm:ss`."""
    return str(timedelta(seconds=seconds)).rjust(8, "0")


def call_type(call: Call) -> str:
    """Aircall's type of a call."""
    if not call.missed:
        return "Answered"
    if call.missed == "out_of_opening_hours":
        return "Out of business hours"
    return "Abandoned" if "abandoned" in call.missed else "Missed"


def caller(rng: Random, call: Call) -> str:
    """The number in the shop's records mostly; one customer in eight calls from another one."""
    known = call.contact.customer.phone
    own = call.contact.quotes_order or rng.random() > 0.12
    return known if known and own else f"{OTHER_LINES}{rng.randrange(10_000):04d}"


def comment(rng: Random, call: Call) -> str:
    """What the agent noted: sometimes the order number."""
    order = call.contact.order
    noted = call.contact.quotes_order or rng.random() < 0.35
    if call.missed or order is None or not noted:
        return ""
    return rng.choice((f"cde {order.ref}", f"commande {order.ref}", order.ref))


def timing(call: Call) -> dict[str, str]:
    """The durations: those named duration in seconds, the others as `hh:mm:ss`.

    `waiting time` runs until the answer or the hang-up and holds the menu; `time to answer` begins after
    the menu and stands on answered calls only.
    """
    before_talk = call.ivr_s + call.wait_s
    return {
        "duration (total)": str(before_talk + call.talk_s),
        "duration (in call)": str(call.talk_s),
        "waiting time": clock(before_talk),
        "time to answer": "" if call.missed else clock(call.wait_s),
        "time in ivr": clock(call.ivr_s),
    }


def ends(rng: Random, call: Call) -> dict[str, str]:
    """Who rang whom."""
    customer, line = caller(rng, call), call.contact.brand.phone_line
    return {
        "direction": "outbound" if call.outbound else "inbound",
        "from": line if call.outbound else customer,
        "to": customer if call.outbound else line,
        "customer number": customer,
    }


def call_row(rng: Random, call: Call) -> list[str]:
    """One call; the cells nobody looks at stay empty."""
    voicemail = call.missed == "out_of_opening_hours" and rng.random() < 0.3
    cells = {
        "line": f"{call.contact.brand.name} SAV",
        "datetime (tz offset incl.)": local(call.started_at).strftime(INSTANT),
        "datetime (utc)": call.started_at.astimezone(UTC).strftime(INSTANT),
        "country_code": "FR",
        **ends(rng, call),
        "answered": "No" if call.missed else "Yes",
        "missed_call_reason": "" if call.outbound else call.missed,
        "user": NOBODY if call.missed and not call.outbound else f"Agent {rng.randrange(1, 9):02d}",
        **timing(call),
        "voicemail": "Yes" if voicemail else "",
        "comments": comment(rng, call),
        "tags": TAGS[call.contact.reason] if not call.missed and rng.random() < 0.75 else "",
        "team": "SAV",
        "call id": str(UUID(int=rng.getrandbits(128), version=4)),
        "call type": call_type(call),
    }
    return [cells.get(column, "") for column in HEADER]


def aircall(seed: int, calls: list[Call]) -> Table:
    """The calls export of both lines."""
    rng = stream(seed, "aircall")
    rows = [call_row(rng, call) for call in calls]
    bad_date = {"datetime (tz offset incl.)": "31/13/2025 10:00", "datetime (utc)": "31/13/2025 09:00"}
    dirt = (
        Dirt(150, {"call id": "bad-date-1", **bad_date}),
        Dirt(420, {"call id": ""}),
        Dirt(700, {"call id": "bad-duration-3", "duration (total)": "n/a", "waiting time": "??"}),
        Dirt(930, {"call id": "cut-4"}, keep=3),
    )
    return spoil(Table("aircall-calls.csv", HEADER, rows), dirt, blank_after=560)
