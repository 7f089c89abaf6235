"""Who contacts the two brands, when, why and how often; and what happens to each telephone call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from world import (
    EXPORTED_AT,
    PETIT_PAS,
    STORY_REF,
    Brand,
    Customer,
    Order,
    at_hour,
    behaviour,
    draw_days,
    is_peak,
    local,
    new_customer,
    stream,
)

WRITING_HOURS = (0.5, 0.2, 0, 0, 0, 0.2, 0.6, 2, 5, 10, 11, 10, 8, 8, 9, 9, 8, 7, 5, 4, 4, 4, 3, 1)
STORY = ((0, "phone"), (1, "phone"), (1, "email"), (3, "phone"), (5, "chat"))
CHANNELS = {
    "Maison Bleue": {"phone": 33, "email": 35, "form": 15, "chat": 12, "social": 5},
    "Petit Pas": {"phone": 33, "email": 32, "form": 12, "chat": 15, "social": 6, "post": 2},
}
ON_TIME_REASONS = {
    "return": 32,
    "defective": 17,
    "invoice": 10,
    "refund": 10,
    "missing": 9,
    "complaint": 7,
    "modification": 15,
}
LATE_REASONS = {"complaint": 55, "refund": 30, "modification": 15}
NO_ORDER_REASONS = {"presale": 55, "account": 25, "other": 20}
BEFORE_SHIPPING = {"modification"}
# The share of calls that wait long, and the seconds after which callers give up: of the calls that reach the queue
# 14 in a hundred are given up in 2024, 8 in 2025.
CROWDING = {2024: 0.155, 2025: 0.055}
PATIENCE_S = {2024: 150, 2025: 230}


@dataclass(frozen=True)
class Contact:
    """One approach of a customer; `order` is None when it is about no order.

    `quotes_order` makes sure the order number is on record; otherwise chance decides.
    """

    brand: Brand
    customer: Customer
    order: Order | None
    created_at: datetime
    channel: str
    reason: str
    repeat: bool = False
    quotes_order: bool = False


@dataclass(frozen=True)
class Call:
    """One telephone call; `missed` is empty when an agent answered; durations are seconds."""

    contact: Contact
    started_at: datetime
    outbound: bool
    missed: str
    ivr_s: int
    wait_s: int
    talk_s: int


def weighted(rng: Random, weights: dict[str, int]) -> str:
    """One key of a table of weights."""
    return rng.choices(list(weights), list(weights.values()))[0]


def call_instant(rng: Random, day: date) -> datetime:
    """Lines open Monday to Saturday, 9 to 18; one caller in thirty does not know that."""
    if rng.random() < 0.035:
        return at_hour(rng, day, rng.choice((7, 8, 18, 19, 20)))
    if day.weekday() == 6:
        day += timedelta(days=1)
    return at_hour(rng, day, rng.choices(range(9, 18), (8, 11, 11, 8, 6, 8, 8, 7, 6))[0])


def reach(rng: Random, day: date, channel: str) -> datetime:
    """When on (or just after) that day the customer uses the channel."""
    if channel == "phone":
        return call_instant(rng, day)
    return at_hour(rng, day, rng.choices(range(24), WRITING_HOURS)[0])


def first_contact(rng: Random, order: Order, day: date, reason: str) -> Contact:
    """The first contact about an order, never before the order itself."""
    channel = weighted(rng, CHANNELS[order.brand.name])
    instant = max(reach(rng, day, channel), order.created_at + timedelta(minutes=15))
    return Contact(order.brand, order.customer, order, instant, channel, reason)


def late_contact(rng: Random, order: Order) -> Contact | None:
    """Two late orders in five make the customer ask; most ask where the order is."""
    if rng.random() > (0.40 if order.arrives_at else 0.75):
        return None
    if rng.random() < 0.82:
        day = order.promised_on + timedelta(days=rng.choice((0, 1, 1, 2, 3)))
        return first_contact(rng, order, day, "wismo")
    day = order.promised_on + timedelta(days=rng.randrange(1, 9))
    return first_contact(rng, order, day, weighted(rng, LATE_REASONS))


def on_time_contact(rng: Random, order: Order) -> Contact | None:
    """Five in a hundred ask too early, ten in a hundred ask something else."""
    draw = rng.random()
    ordered, delivered = local(order.created_at).date(), order.arrives_at
    if draw > 0.15 or delivered is None:
        return None
    if draw < 0.05:
        span = max((min(order.promised_on, local(delivered).date()) - ordered).days - 1, 0)
        day = ordered + timedelta(days=min(1 + rng.randrange(span + 1), span))
        return first_contact(rng, order, day, "wismo")
    reason = weighted(rng, ON_TIME_REASONS)
    if reason in BEFORE_SHIPPING:
        return first_contact(rng, order, ordered, reason)
    day = local(delivered).date() + timedelta(days=1 + int(rng.expovariate(1 / 6)))
    return first_contact(rng, order, day, reason)


def order_contact(rng: Random, order: Order) -> Contact | None:
    """The first contact an order causes, or None."""
    if order.cancelled_at:
        day = local(order.cancelled_at).date() + timedelta(days=rng.randrange(1, 6))
        return first_contact(rng, order, day, "refund") if rng.random() < 0.3 else None
    return late_contact(rng, order) if order.late else on_time_contact(rng, order)


def repeats(rng: Random, first: Contact) -> Iterator[Contact]:
    """The same customer again within days, two times in five on another channel."""
    again = 0.45 if first.order and first.order.late else 0.20
    current = first
    while rng.random() < again:
        channel = current.channel if rng.random() < 0.6 else weighted(rng, CHANNELS[first.brand.name])
        day = local(current.created_at).date() + timedelta(days=1 + min(int(rng.expovariate(1 / 1.6)), 6))
        current = replace(current, created_at=reach(rng, day, channel), channel=channel, repeat=True)
        yield current
        again *= 0.6


def story(rng: Random, order: Order) -> Iterator[Contact]:
    """A customer who asks five times on three channels where one order is."""
    for number, (days_late, channel) in enumerate(STORY):
        instant = reach(rng, order.promised_on + timedelta(days=days_late), channel)
        yield Contact(order.brand, order.customer, order, instant, channel, "wismo", number > 0, True)


def contacts_without_order(rng: Random, brand: Brand, known: list[Customer], numbers: Iterator[int]) -> list[Contact]:
    """Questions before a purchase, about an account, and the rest."""
    found = []
    for day in draw_days(rng, brand, 0.195):
        customer = rng.choice(known) if rng.random() < 0.4 else new_customer(rng, next(numbers))
        channel = weighted(rng, CHANNELS[brand.name])
        reason = weighted(rng, NO_ORDER_REASONS)
        found.append(Contact(brand, customer, None, reach(rng, day, channel), channel, reason))
    return found


def draw_contacts(seed: int, brand: Brand, orders: list[Order], numbers: Iterator[int]) -> list[Contact]:
    """All contacts of a brand until the export, in order of time."""
    rng = stream(seed, f"contacts/{brand.name}")
    others = (order for order in orders if order.ref != STORY_REF)
    firsts = [contact for order in others if (contact := order_contact(rng, order))]
    firsts += contacts_without_order(rng, brand, [order.customer for order in orders], numbers)
    everything = [contact for first in firsts for contact in (first, *repeats(rng, first))]
    everything += [contact for order in orders if order.ref == STORY_REF for contact in story(rng, order)]
    kept = (contact for contact in everything if contact.created_at < EXPORTED_AT)
    return sorted(kept, key=lambda contact: contact.created_at)


def is_open(instant: datetime) -> bool:
    """The opening hours of both brands: Monday to Saturday, 9 to 18."""
    clock = local(instant)
    return clock.weekday() < 6 and 9 <= clock.hour < 18


def draw_wait(rng: Random, instant: datetime) -> int:
    """Seconds until an agent is free: short mostly, long in the peak weeks and on Mondays."""
    day = local(instant).date()
    strain = 1.0 + (0.9 if is_peak(day) else 0.0) + (0.3 if day.weekday() == 0 else 0.0)
    if rng.random() < 0.95 - CROWDING[behaviour(day)] * strain:
        return 3 + int(rng.expovariate(1 / 6.5))
    return 20 + int(rng.expovariate(1 / (70 * strain)))


def draw_call(rng: Random, contact: Contact, started: datetime) -> Call:
    """One inbound call: closed line, lost in the menu, given up in the queue, missed or answered."""
    ivr = 6 + int(rng.expovariate(1 / 9))
    if not is_open(started):
        return Call(contact, started, False, "out_of_opening_hours", ivr, 0, 0)
    if rng.random() < 0.025:
        return Call(contact, started, False, "abandoned_in_ivr", ivr, 0, 0)
    patience = 2 + int(rng.expovariate(1 / PATIENCE_S[behaviour(local(started).date())]))
    wait = draw_wait(rng, started)
    if patience < wait:
        reason = "short_abandoned" if patience < 5 else "abandoned_in_classic"
        return Call(contact, started, False, reason, ivr, patience, 0)
    if rng.random() < 0.02:
        reason = rng.choice(("no_available_agent", "agents_did_not_answer"))
        return Call(contact, started, False, reason, ivr, wait + 40, 0)
    talk = 20 + int(rng.lognormvariate(5.35, 0.6))
    return Call(contact, started, False, "", ivr, wait, talk)


def call_chain(rng: Random, contact: Contact) -> Iterator[Call]:
    """The call and, when nobody answered, the tries that follow within the hour or a call back."""
    started = contact.created_at
    for _ in range(4):
        call = draw_call(rng, contact, started)
        yield call
        if not call.missed:
            break
        if rng.random() > 0.55:
            if call.missed != "abandoned_in_ivr" and rng.random() < 0.5:
                yield call_back(rng, call)
            break
        started += timedelta(seconds=call.ivr_s + call.wait_s + 30 + int(rng.expovariate(1 / 900)))


def call_back(rng: Random, missed: Call) -> Call:
    """An agent rings the customer on the next open hour."""
    started = missed.started_at + timedelta(minutes=rng.randrange(12, 150))
    while not is_open(started):
        started += timedelta(minutes=47)
    answered = rng.random() < 0.72
    wait = rng.randrange(6, 30)
    talk = 20 + int(rng.lognormvariate(5.2, 0.6)) if answered else 0
    return Call(missed.contact, started, True, "" if answered else "no_answer", 0, wait, talk)


def draw_calls(seed: int, contacts: list[Contact]) -> list[Call]:
    """Every call of both brands, in order of time."""
    rng = stream(seed, "calls")
    phone = [contact for contact in contacts if contact.channel == "phone"]
    calls = [call for contact in phone for call in call_chain(rng, contact)]
    kept = [call for call in calls if call.started_at < EXPORTED_AT]
    return sorted(kept, key=lambda call: call.started_at)


def helpdesk(brand: Brand) -> str:
    """The tool in which the brand's written contacts are kept."""
    return "Easiware" if brand is PETIT_PAS else "Zendesk"
