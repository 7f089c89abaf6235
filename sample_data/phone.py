"""The telephone calls of both brands, as Aircall writes its call export."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def stamps(call: Call) -> tuple[datetime, datetime]:
    """Start and end of a call on the Paris clock."""
    start = local(call.started_at)
    return start, start + timedelta(seconds=call.ivr_s + call.wait_s + call.talk_s)


def caller(rng: Random, call: Call) -> str:
    """The number in the shop's records mostly; one customer in eight calls from another one."""
    known = call.contact.customer.phone
    own = call.contact.quotes_order or rng.random() > 0.12
    return known if known and own else f"3363998{9000 + rng.randrange(1000)}"


def comment(rng: Random, call: Call) -> str:
    """What the agent noted: sometimes the order number."""
    order = call.contact.order
    noted = call.contact.quotes_order or rng.random() < 0.35
    if call.missed or order is None or not noted:
        return ""
    return rng.choice((f"cde {order.ref}", f"commande {order.ref}", order.ref))


def call_row(rng: Random, call: Call) -> list[str]:
    """One call."""
    start, end = stamps(call)
    customer, brand = caller(rng, call), call.contact.brand
    ends = (brand.phone_line, customer) if call.outbound else (customer, brand.phone_line)
    answered = not call.missed
    direction = "outbound" if call.outbound else "inbound"
    tagged = answered and rng.random() < 0.75
    agent = answered or call.outbound
    return [
        *(f"{brand.name} SAV", start.strftime("%Y-%m-%d %H:%M:%S"), "Europe/Paris"),
        *(call.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"), "FR", direction, *ends),
        *("Yes" if answered else "No", "" if call.outbound else call.missed),
        f"Agent {rng.randrange(1, 9):02d}" if agent else "[No associated user]",
        *(str(call.ivr_s + call.wait_s + call.talk_s), str(call.talk_s)),
        "Yes" if call.missed == "out_of_opening_hours" and rng.random() < 0.3 else "No",
        *("", comment(rng, call), TAGS[call.contact.reason] if tagged else "", "", "SAV"),
        *(f"{direction.capitalize()} - {call_type(call)}", f"{start:%H:%M:%S}", f"{end:%H:%M:%S}"),
        *(brand.phone_line, customer, clock(call.talk_s)),
        *(str(UUID(int=rng.getrandbits(128), version=4)), call_type(call), clock(call.wait_s)),
        *(clock(call.ivr_s + call.wait_s) if answered else "", clock(call.ivr_s), ""),
        "customer" if call.missed or rng.random() < 0.7 else "agent",
    ]


def aircall(seed: int, calls: list[Call]) -> Table:
    """The calls export of both lines."""
    rng = stream(seed, "aircall")
    rows = [call_row(rng, call) for call in calls]
    internal = HEADER.index("call id (internal)")
    for number, row in enumerate(rows):
        row[internal] = str(1_900_000_000 + 7 * number)
    bad_date = {"datetime (tz offset incl.)": "31/13/2025 10:00", "datetime (utc)": "31/13/2025 09:00"}
    dirt = (
        Dirt(150, {"call id": "bad-date-1", **bad_date}),
        Dirt(420, {"call id": ""}),
        Dirt(700, {"call id": "bad-duration-3", "duration (total)": "n/a", "waiting time": "??"}),
        Dirt(930, {"call id": "cut-4"}, keep=3),
    )
    return spoil(Table("aircall-calls.csv", HEADER, rows), dirt, blank_after=560)
