"""The story of an order from click to possession, in the order of time, as the customer lived it.

Everything is read from the stored records and from the fact tables; nothing is written. Instants are in UTC.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kpibar.answers.orders.contacts import ContactRecord, contacts_of_order, contacts_of_uids
from kpibar.answers.orders.kpis import KpiCount, Rows, counts_of_rows
from kpibar.answers.orders.omissions import Omission, omissions
from kpibar.answers.orders.parcels import Parcel, parcels_of
from kpibar.answers.orders.records import Notice, Survey, gestures_of, notices_of, surveys_of
from kpibar.answers.orders.search import Match, find_orders
from kpibar.answers.orders.silence import Debt, Silence, silences
from kpibar.config import Config
from kpibar.database.store import Store

Source = Literal["shop", "parcels", "contacts"]
# What happens at one instant comes in this order.
CODES = (
    "placed", "promise", "cancelled", "shipped", "attempt", "delivered", "returned", "lost", "promise_broken",
    "notice", "contact", "survey_sent", "survey_answered", "gesture", "silence_end", "silence", "export_end",
)  # fmt: skip
_PLACES = {kind: place for place, kind in enumerate(CODES)}
_CALLS = frozenset({"phone"})
_WRITING = frozenset({"email", "chat", "messaging", "social", "web", "sms", "post"})


@dataclass(frozen=True)
class Event:
    """Something that happened (`CODES`); `at` is None where no export says when. `subject` is the record it is of."""

    code: str
    at: datetime | None
    subject: Any = None


@dataclass(frozen=True)
class Head:
    """An order as the shop knows it, or its parcels; without `order_id` only contacts name it."""

    order_id: str | None
    reference: str
    known_from: Source
    brand: str | None = None
    country: str | None = None
    ordered_at: datetime | None = None
    value: float | None = None
    currency: str | None = None
    cancelled: bool = False
    cancelled_at: datetime | None = None
    order_key: object = None
    order_number: int | None = None


@dataclass(frozen=True)
class Story:
    """An order, its events in the order of time, what the customer had to do, and the KPIs that count it.

    `calls`, `messages` and `visits` are the counted contacts by telephone, in writing and in other ways. `until` is the
    instant up to which every export speaks that may hold a word to the customer. `omissions` are the KPIs one would
    expect to count it, and why they do not.
    """

    head: Head
    timezone: str
    parcels: tuple[Parcel, ...]
    contacts: tuple[ContactRecord, ...]
    events: tuple[Event, ...]
    silences: tuple[Silence, ...]
    calls: int
    messages: int
    visits: int
    until: datetime | None
    kpis: tuple[KpiCount, ...]
    omissions: tuple[Omission, ...] = ()

    @property
    def worst(self) -> Parcel | None:
        """The parcel that tells what became of the order: one not delivered, else the latest against its promise."""
        return max(self.parcels, key=_badness, default=None)

    @property
    def late_s(self) -> float | None:
        """How late it was, or was when the carrier's export was taken; None of an order that is not late."""
        return max((parcel.late_s for parcel in self.parcels if parcel.late_s is not None), default=None)

    @property
    def longest_silence(self) -> Silence | None:
        """The longest of its silences."""
        return max(self.silences, key=lambda silence: silence.seconds, default=None)


def stories(store: Store, config: Config, reference: str, brand: str | None = None) -> tuple[Story, ...]:
    """The stories of the orders that a number names: one, but where a brand does not tell several apart.

    Raises what `find_orders` raises, and KpiInvalid.
    """
    return tuple(story(store, config, match) for match in find_orders(store, config, reference, brand))


def story(store: Store, config: Config, match: Match) -> Story:
    """The story of one order. Raises KpiInvalid."""
    head = _head(store, match)
    parcels: tuple[Parcel, ...] = ()
    if head.order_id is not None:
        parcel_ids = [match.parcel_id] if match.parcel_id else []
        parcels = parcels_of(store, config, head.order_id, head.order_key, head.order_number, parcel_ids)
        contacts = contacts_of_order(store, head.order_id)
    else:
        contacts = contacts_of_uids(store, match.contacts)
    contact_ids = [contact.contact_id for contact in contacts]
    number = (head.order_key, head.order_number, head.brand)
    notices = notices_of(store, *number)
    surveys = surveys_of(store, *number, contact_ids)
    gestures = gestures_of(store, *number, contact_ids)
    until = _end_of_exports(store, head.brand)
    gaps = silences(_debts(head, parcels, contacts), _words(parcels, contacts, notices), until)
    rows = Rows(head.order_id, match.contacts, tuple(survey.survey_uid for survey in surveys))
    counts = Counter(_way(contact) for contact in contacts if contact.counted)
    events = (
        *_head_events(head), *_parcel_events(head, parcels), *_contact_events(contacts),
        *(Event("notice", notice.sent_at, notice) for notice in notices),
        *_survey_events(surveys), *(Event("gesture", gesture.given_at, gesture) for gesture in gestures),
        *(Event("silence", gap.start, gap) for gap in gaps),
        *(Event("silence_end", gap.end, gap) for gap in gaps if not gap.open),
    )  # fmt: skip
    counted = counts_of_rows(store, config, rows)
    uids = {
        "contacts": [f"{contact.source}/{contact.contact_id}" for contact in contacts],
        "surveys": [survey.survey_uid for survey in surveys],
    }
    return Story(
        head=head,
        timezone=store.meta("timezone") or "UTC",
        parcels=parcels,
        contacts=contacts,
        events=tuple(sorted(events, key=lambda event: _place(event, head.ordered_at))),
        silences=gaps,
        calls=counts["call"],
        messages=counts["message"],
        visits=counts["visit"],
        until=until,
        kpis=counted,
        omissions=omissions(store, config, head.order_id, uids, counted),
    )


def _head(store: Store, match: Match) -> Head:
    """The order as the fact tables know it; whether it was cancelled, and when, the shop's own record says."""
    if match.order_id is None:
        return Head(None, match.reference, "contacts", match.brand)
    (row,) = store.engine.rows(
        "SELECT order_ref, brand, country, ordered_at, CAST(value AS DOUBLE), currency, cancelled, order_key,"
        " order_number FROM fact_orders WHERE order_id = ?",
        [match.order_id],
    )
    reference, brand, country, ordered_at, value, currency, cancelled, key, number = row
    of_shop = store.engine.rows(
        "SELECT cancelled_at FROM orders"
        " WHERE order_key = ? AND source || '/' || coalesce(brand || '/', '') || order_ref = ?",
        [key, match.order_id],
    )
    return Head(
        match.order_id, reference or match.reference, "shop" if of_shop else "parcels", brand, country, ordered_at,
        value, currency, cancelled, of_shop[0][0] if of_shop else None, key, number,
    )  # fmt: skip


def _head_events(head: Head) -> Iterator[Event]:
    if head.known_from == "shop":
        yield Event("placed", head.ordered_at, head)
    if head.cancelled:
        yield Event("cancelled", head.cancelled_at, head)


def _parcel_events(head: Head, parcels: Sequence[Parcel]) -> Iterator[Event]:
    """What a carrier's export says of each parcel, and what it leaves open."""
    for parcel in parcels:
        dated = {
            "shipped": parcel.shipped_at,
            # An attempt that is the delivery itself is told once.
            "attempt": parcel.first_attempt_at if parcel.first_attempt_at != parcel.delivered_at else None,
            "delivered": parcel.delivered_at,
            "returned": parcel.returned_at,
        }
        if parcel.promised_to is not None:
            yield Event("promise", None, parcel)
        yield from (Event(code, at, parcel) for code, at in dated.items() if at is not None)
        if parcel.undated and parcel.delivered_at is None:
            yield Event("delivered", None, parcel)
        if parcel.lost:
            yield Event("lost", None, parcel)
        if parcel.late and not head.cancelled:
            yield Event("promise_broken", parcel.owed_to, parcel)
        if not parcel.arrived and parcel.as_of is not None:
            yield Event("export_end", parcel.as_of, parcel)


def _contact_events(contacts: Sequence[ContactRecord]) -> Iterator[Event]:
    return (Event("contact", contact.created_at, contact) for contact in contacts)


def _survey_events(surveys: Sequence[Survey]) -> Iterator[Event]:
    for survey in surveys:
        if survey.sent_at is not None or survey.score is None:
            yield Event("survey_sent", survey.sent_at, survey)
        if survey.score is not None:
            yield Event("survey_answered", survey.answered_at, survey)


def _place(event: Event, ordered_at: datetime | None) -> tuple[datetime, int, int]:
    """Where an event stands: promises at the order, before what happened to it; what has no time at the end."""
    if event.at is not None:
        return event.at, 0, _PLACES[event.code]
    at_first = event.code in ("placed", "promise")
    return (ordered_at or datetime.min) if at_first else datetime.max, 1, _PLACES[event.code]


def _badness(parcel: Parcel) -> tuple[bool, bool, float, datetime]:
    """How much a parcel says of what went wrong: not there, late, by how much, and when it came."""
    return not parcel.arrived, parcel.late, parcel.late_s or 0.0, parcel.delivered_at or datetime.min


def _way(contact: ContactRecord) -> str:
    if contact.channel in _CALLS or (contact.channel is None and not contact.in_writing):
        return "call"
    return "message" if contact.channel in _WRITING else "visit"


def _end_of_exports(store: Store, brand: str | None) -> datetime | None:
    """Up to when parcels, contacts and notices of a brand are all known, by the newest export of each."""
    newest = (
        f"SELECT max(s.as_of) AS as_of FROM sources AS s WHERE s.entity = '{table}' AND s.source IN"
        f" (SELECT source FROM {table} WHERE $brand IS NULL OR brand IS NULL OR brand = $brand)"
        for table in ("parcels", "contacts", "notices")
    )
    (row,) = store.engine.rows(f"SELECT min(as_of) FROM ({' UNION ALL '.join(newest)}) AS ends", {"brand": brand})
    end: datetime | None = row[0]
    return end


def _debts(head: Head, parcels: Sequence[Parcel], contacts: Sequence[ContactRecord]) -> Iterator[Debt]:
    """From when and until when a customer was owed a word, and why."""
    for parcel in parcels:
        if parcel.late and parcel.owed_to is not None and not head.cancelled:
            yield Debt("promise", parcel.owed_to, parcel.delivered_at or parcel.returned_at)
    for contact in contacts:
        if contact.awaits_reply and contact.created_at is not None:
            yield Debt("contact", contact.created_at, contact.closed_or_replied_at)


def _words(
    parcels: Sequence[Parcel], contacts: Sequence[ContactRecord], notices: Sequence[Notice]
) -> Iterator[datetime]:
    """The instants at which a customer got a word: a notice, an event of a parcel, a reply, a call or a message."""
    for parcel in parcels:
        yield from filter(None, (parcel.shipped_at, parcel.first_attempt_at, parcel.delivered_at, parcel.returned_at))
    for contact in contacts:
        yield from filter(None, (contact.word_at,))
    yield from filter(None, (notice.sent_at for notice in notices))
