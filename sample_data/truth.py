"""What the sample exports would show if nothing were lost on the way: the true value of KPIs of each year.

The values come from what was drawn: the reason of each contact, whose it was and about which order, when a parcel
arrives and a ticket is answered or solved, also after the export. They do not come from the files, in which a caller
has another number, a ticket no reason, an order no promise. Apart from that they follow the definitions of the KPIs
(`kpibar kpis ID`): base, calendar year in Paris, spam, merged tickets and outbound calls left out. The dirty rows
are in the files only. What the definitions leave out because a tool cannot tell it is left out here too: nothing is
drawn of replies and solutions at Petit Pas, whose helpdesk exports none.

Values stand in the raw unit of the KPI: shares from 0 to 1, contacts per order, seconds, points.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from pathlib import Path

from contacts import Call, Contact
from helpdesk import Ticket
from shop import Invitation
from world import YEARS, Order, Parcel, local

NAME = "truth.json"
DAY_S = 86_400
SERVICE_LEVEL_S = 20
WINDOW_S = 7 * DAY_S
ISSUE_GAP_S = 30 * DAY_S
REPLY_HORIZON_S = 14 * DAY_S
REOPEN_HORIZON_S = 28 * DAY_S
PROMISE_HORIZON_S = 7 * DAY_S
RESPONSE_HORIZON_S = 14 * DAY_S
# Seconds in which a written contact is due to be answered; every other channel has a day.
REPLY_TARGETS_S = {"chat": 60, "social": 14_400}
Figures = dict[str, float]


@dataclass(frozen=True)
class World:
    """All that was drawn for one seed."""

    orders: list[Order]
    contacts: list[Contact]
    tickets: list[Ticket]
    conversations: list[Contact]
    calls: list[Call]
    invitations: list[Invitation]


@dataclass(frozen=True)
class Approach:
    """One contact that counts: a ticket, a conversation or an inbound call. `handled`: somebody took it."""

    contact: Contact
    created_at: datetime
    handled: bool

    @property
    def issue(self) -> Hashable:
        """The same customer, order and reason."""
        order = self.contact.order
        return self.contact.customer.number, order.ref if order else None, self.contact.reason

    @property
    def journey(self) -> Hashable:
        """The same order, whatever the reason; without an order, the same customer."""
        order = self.contact.order
        return ("order", order.ref) if order else ("customer", self.contact.customer.number)


def approaches(world: World) -> list[Approach]:
    """Every contact that counts, in order of time: each call of somebody who rings again and again is one."""
    found = [
        Approach(ticket.contact, ticket.contact.created_at, True)
        for ticket in world.tickets
        if not ticket.merged and not ticket.spam
    ]
    found += [Approach(contact, contact.created_at, True) for contact in world.conversations]
    found += [Approach(call.contact, call.started_at, not call.missed) for call in world.calls if not call.outbound]
    return sorted(found, key=lambda approach: approach.created_at)


def in_year(instant: datetime, year: int) -> bool:
    """Whether an instant falls into a calendar year in Paris."""
    return local(instant).year == year


def share(rows: Iterable[bool]) -> float:
    """The share of True."""
    found = list(rows)
    return sum(found) / len(found)


def quantile(values: Iterable[float], part: float = 0.5) -> float:
    """The time by which that part of all has come to its end; what never ends is infinite."""
    found = sorted(values)
    return found[ceil(part * len(found)) - 1]


def seconds(start: datetime, end: datetime | None) -> float:
    """The seconds from start to end; infinite where there is no end."""
    return inf if end is None else (end - start).total_seconds()


def gaps(found: list[Approach], key: Callable[[Approach], Hashable]) -> list[tuple[Approach, float, float]]:
    """Each contact with the seconds since the one before and until the next one of the same key."""
    chains: dict[Hashable, list[Approach]] = defaultdict(list)
    for approach in found:
        chains[key(approach)].append(approach)
    return [
        (
            one,
            seconds(chain[k - 1].created_at, one.created_at) if k else inf,
            seconds(one.created_at, chain[k + 1].created_at if k + 1 < len(chain) else None),
        )
        for chain in chains.values()
        for k, one in enumerate(chain)
    ]


def resolved_at_once(found: list[Approach], key: Callable[[Approach], Hashable], year: int) -> float:
    """Of the issues (or journeys) of a year that somebody handled at the first contact: none follows within a week."""
    opened = [(one, after) for one, before, after in gaps(found, key) if before > ISSUE_GAP_S]
    return share(after > WINDOW_S for one, after in opened if one.handled and in_year(one.created_at, year))


def lateness(parcel: Parcel) -> float:
    """Seconds after the end of the promise; infinite when the parcel is lost."""
    return seconds(parcel.promise_end, parcel.arrives_at)


def deciding(order: Order) -> Parcel:
    """The parcel that missed its promise by most, else the last one to arrive."""
    late = [parcel for parcel in order.parcels if parcel.late]
    if late:
        return max(late, key=lateness)
    return max(order.parcels, key=lambda parcel: (parcel.arrives_at or parcel.promise_end, parcel.promise_end))


def wismo_stage(at: datetime, order: Order) -> str:
    """Whether a contact about an order comes after its delivery, else before or after the end of its promise."""
    if order.arrives_at is not None and order.arrives_at <= at:
        return "delivered"
    return "early" if at < deciding(order).promise_end else "late"


def demand(world: World, found: list[Approach], year: int) -> Figures:
    """What customers ask: contacts over the orders placed, cancelled ones among them, by the reason that was drawn.

    A WISMO contact is early until the promise of its order ends or its parcels arrive, late from then on until they
    arrive, whether or not the carrier's file shows the promise.
    """
    of_year = [one.contact for one in found if in_year(one.created_at, year)]
    placed = sum(in_year(order.created_at, year) for order in world.orders)
    wismo = sum(contact.reason == "wismo" for contact in of_year)
    about = [
        (one.created_at, one.contact.order)
        for one in found
        if in_year(one.created_at, year) and one.contact.reason == "wismo" and one.contact.order
    ]
    stages = [wismo_stage(at, order) for at, order in about if order.parcels]
    return {
        "contact_rate": len(of_year) / placed,
        "wismo_rate": wismo / placed,
        "wismo_share": wismo / len(of_year),
        **{f"wismo_{name}": share(stage == name for stage in stages) for name in ("early", "late", "delivered")},
        "complaint_share": share(contact.reason == "complaint" for contact in of_year),
    }


def resolution(found: list[Approach], year: int) -> Figures:
    """Whether one contact was enough: a repeat is one although the caller used another number or told no order."""
    repeated = [
        before <= WINDOW_S for one, before, _ in gaps(found, lambda one: one.issue) if in_year(one.created_at, year)
    ]
    return {
        "fcr_window": resolved_at_once(found, lambda one: one.issue, year),
        "ocr": resolved_at_once(found, lambda one: one.journey, year),
        "repeat_rate": share(repeated),
    }


def telephone(world: World, year: int) -> Figures:
    """Inbound calls that reached the queue during opening hours; the wait begins after the menu.

    Calls given up within 20 seconds do not count for the service level.
    """
    offered = [
        call
        for call in world.calls
        if not call.outbound
        and call.missed not in ("out_of_opening_hours", "abandoned_in_ivr")
        and in_year(call.started_at, year)
    ]
    given_up = {id(call) for call in offered if call.missed in ("short_abandoned", "abandoned_in_classic")}
    judged = [call for call in offered if not (id(call) in given_up and call.wait_s <= SERVICE_LEVEL_S)]
    waits = [call.wait_s for call in offered if not call.missed]
    return {
        "service_level": share(not call.missed and call.wait_s <= SERVICE_LEVEL_S for call in judged),
        "answer_rate": share(not call.missed for call in offered),
        "abandon_rate": share(id(call) in given_up for call in offered),
        "asa": sum(waits) / len(waits),
    }


def replies(world: World, year: int) -> Figures:
    """Tickets without spam and merged ones: first replies and last solutions, when they come after the export too.

    Of a ticket that is never answered or solved the time is infinite.
    """
    counted = [
        ticket
        for ticket in world.tickets
        if not ticket.merged and not ticket.spam and in_year(ticket.contact.created_at, year)
    ]
    reply_s = [inf if ticket.reply is None else 60.0 * ticket.reply for ticket in counted]
    solve_s = [inf if ticket.solve is None else 60.0 * ticket.solve for ticket in counted]
    due_s = [REPLY_TARGETS_S.get(ticket.contact.channel, DAY_S) for ticket in counted]
    solved = [ticket for ticket in counted if ticket.solve is not None]
    return {
        "frt_median": quantile(reply_s),
        "frt_p90": quantile(reply_s, 0.9),
        "reply_within": share(reply <= due for reply, due in zip(reply_s, due_s, strict=True)),
        "unanswered": share(reply > REPLY_HORIZON_S for reply in reply_s),
        "resolution_median": quantile(solve_s),
        "resolution_p90": quantile(solve_s, 0.9),
        "reopen_rate": share(ticket.reopens > 0 and 60 * (ticket.solve or 0) <= REOPEN_HORIZON_S for ticket in solved),
        "transfer_rate": share(ticket.groups > 1 for ticket in counted),
    }


def deliveries(world: World, year: int) -> Figures:
    """Orders that were not cancelled, by the day their deciding parcel was promised for (lead times: by order).

    A lost parcel is late and never arrives. The promises that the carrier's file does not show count too.
    """
    sent = [order for order in world.orders if order.parcels]
    owed = [deciding(order) for order in sent]
    late_s = [(parcel, lateness(parcel)) for parcel in owed if parcel.promised_on.year == year]
    slots = [parcel for parcel, _ in late_s if parcel.slot]
    lead_s = [seconds(order.created_at, order.arrives_at) for order in sent if in_year(order.created_at, year)]
    tried = [[parcel for parcel in order.parcels if parcel.offered_at] for order in sent]
    return {
        "late_share": share(parcel.late for parcel, _ in late_s),
        "promise_unanswered": share(late > PROMISE_HORIZON_S for _, late in late_s),
        "lateness_median": quantile(late for parcel, late in late_s if parcel.late),
        "lead_time": quantile(lead_s),
        "lead_time_p90": quantile(lead_s, 0.9),
        "first_attempt": share(
            all(on_day(parcel.offered_at) == on_day(parcel.arrives_at) for parcel in parcels)
            for parcels in tried
            if parcels and max(on_day(parcel.offered_at) for parcel in parcels)[:4] == str(year)
        ),
        "slot_adherence": share(kept_slot(parcel) for parcel in slots),
    }


def on_day(instant: datetime | None) -> str:
    """The day of an instant in Paris, as text; nothing for no instant."""
    return local(instant).date().isoformat() if instant else ""


def kept_slot(parcel: Parcel) -> bool:
    """Whether the first attempt lies within the slot."""
    return bool(parcel.slot and parcel.offered_at and parcel.slot[0] <= parcel.offered_at <= parcel.slot[1])


def opinions(world: World, year: int) -> Figures:
    """Answers given in the year; invitations sent in the year that are answered within 14 days."""
    rated = [ticket.happy for ticket in world.tickets if ticket.answered_at and in_year(ticket.answered_at, year)]
    scores = [one.score for one in world.invitations if one.answered_at and in_year(one.answered_at, year)]
    sent = [(ticket.offered_at, ticket.answered_at) for ticket in world.tickets if ticket.offered_at]
    sent += [(one.sent_at, one.answered_at) for one in world.invitations]
    return {
        "csat": share(happy is True for happy in rated),
        "nps": 100 * (sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores)) / len(scores),
        "response_rate": share(
            seconds(offered, answered) <= RESPONSE_HORIZON_S for offered, answered in sent if in_year(offered, year)
        ),
    }


def find_truth(world: World) -> dict[str, Figures]:
    """The true values by year and KPI, the newest year first."""
    found = approaches(world)
    return {
        str(year): {
            **deliveries(world, year),
            **demand(world, found, year),
            **telephone(world, year),
            **replies(world, year),
            **resolution(found, year),
            **opinions(world, year),
        }
        for year in reversed(YEARS)
    }


def write_truth(values: dict[str, Figures], folder: Path) -> Path:
    """Write the true values beside the exports; returns the path."""
    rounded = {year: {kpi: round(value, 6) for kpi, value in of_year.items()} for year, of_year in values.items()}
    path = folder / NAME
    path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8", newline="\n")
    return path
