"""What the exports show beside figures: sources that stop, records of other brands, calls and tickets, gaps.

All statements behind the notes of an edition run here, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kpibar.config import Config
from kpibar.database.ledger import purged_before
from kpibar.database.store import Store
from kpibar.kpis.compute import of_brand, within
from kpibar.layouts.layout import Shelf
from kpibar.layouts.settings import OldReading, outdated_settings
from kpibar.measure.coverage import coverage
from kpibar.measure.deliveries import sources_without_cancellations
from kpibar.measure.duplicates import duplicates
from kpibar.measure.report import Coverage, Edition
from kpibar.measure.selection import settled_sources
from kpibar.measure.succession import Proposal, absent_sources, proposals
from kpibar.plausibility.brands import ORDER_REFERENCES, Elsewhere, orders_elsewhere
from kpibar.plausibility.open_records import OUTCOMES
from kpibar.plausibility.references import AbsentOrders, orders_missed


@dataclass(frozen=True)
class PhoneTickets:
    """Inbound telephone tickets that are no call, calls, and the pairs of which one is the ticket of the other."""

    tickets: int
    calls: int
    pairs: int


@dataclass(frozen=True)
class Observations:
    """What the notes of an edition tell of.

    `first_day` is the first day that a purge left; `order_references` are the contacts of the year whose order number
    no order has, and all that state one; `closed_sources` the sources of a table of which no record is open.
    """

    coverage: tuple[Coverage, ...]
    first_day: date | None
    absent_sources: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    elsewhere: tuple[Elsewhere, ...]
    absent_orders: tuple[AbsentOrders, ...]
    without_cancellations: tuple[str, ...]
    old_readings: tuple[OldReading, ...]
    duplicates: tuple[tuple[str, int], ...]
    undated_surveys: int
    phone_tickets: PhoneTickets
    order_references: tuple[int, int]
    closed_sources: tuple[tuple[str, str, int], ...]


def observe(
    store: Store, config: Config, layouts: Shelf, edition: Edition, brand: str | None, sources: frozenset[str]
) -> Observations:
    """Run the statements behind the notes of an edition, of all brands or of one."""
    successions = config.settings.succession
    return Observations(
        coverage=coverage(store, edition.window),
        first_day=purged_before(store),
        absent_sources=absent_sources(successions, sources),
        proposals=proposals(store, successions, sources),
        elsewhere=tuple(pair for entity in ORDER_REFERENCES for pair in orders_elsewhere(store, entity)),
        absent_orders=orders_missed(store),
        without_cancellations=sources_without_cancellations(store),
        old_readings=outdated_settings(store, config, layouts),
        duplicates=duplicates(store, [edition.window], brand),
        undated_surveys=_undated_surveys(store, brand),
        phone_tickets=_phone_tickets(store, edition, brand),
        order_references=_unmatched_references(store, edition, brand),
        closed_sources=tuple(
            (entity, source, records)
            for entity in OUTCOMES
            for source, records in settled_sources(store, entity, edition.window, brand)
        ),
    )


def _undated_surveys(store: Store, brand: str | None) -> int:
    rows: Sequence[tuple[int]] = store.engine.rows(
        "SELECT count(*) FROM fact_surveys WHERE answered_on IS NULL AND sent_on IS NULL"
        + of_brand(brand, or_none=True)
    )
    return int(rows[0][0])


def _unmatched_references(store: Store, edition: Edition, brand: str | None) -> tuple[int, int]:
    """How many contacts of the year state the number of an order that none of the orders held has, out of how many."""
    rows, references = store.engine.rows(
        "SELECT sum(CASE WHEN f.linked_by IN ('customer', 'none') THEN 1 ELSE 0 END), count(*) "
        f"FROM (SELECT * FROM contacts WHERE TRUE{of_brand(brand, or_none=True)}) AS c "
        "JOIN fact_contacts f ON f.source = c.source AND f.contact_id = c.contact_id WHERE f.counted "
        "AND c.order_ref IS NOT NULL AND EXISTS (SELECT 1 FROM fact_orders) "
        f"AND {within('c.created_on', [edition.window])}"
    )[0]
    return int(rows or 0), int(references)


def _phone_tickets(store: Store, edition: Edition, brand: str | None) -> PhoneTickets:
    days = within("c.created_on", [edition.window])
    tickets, calls, pairs = store.engine.rows(
        "SELECT sum(CASE WHEN call_record.contact_id IS NULL AND coalesce(c.grain, 'case') = 'case' "
        # The call of an unknown caller is no ticket: its export says what became of it.
        "AND coalesce(c.answered, c.abandoned, c.queued) IS NULL "
        "AND coalesce(c.ivr_s, c.wait_s, c.talk_s, c.hold_s) IS NULL "
        "THEN 1 ELSE 0 END), count(call_record.contact_id), (SELECT count(*) FROM fact_call_tickets) "
        f"FROM (SELECT * FROM contacts WHERE TRUE{of_brand(brand, or_none=True)}) AS c "
        "LEFT JOIN fact_calls AS call_record ON call_record.source = c.source "
        "AND call_record.contact_id = c.contact_id "
        f"WHERE c.channel = 'phone' AND coalesce(c.direction, 'inbound') = 'inbound' AND {days}"
    )[0]
    return PhoneTickets(int(tickets or 0), int(calls), int(pairs))
