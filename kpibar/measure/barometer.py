"""The barometer: every KPI of a year beside the year before, as one plain frozen structure.

`barometer` computes it; renderers only print it. Nothing in it is rounded or translated.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from kpibar.brands import names_by_fold
from kpibar.config import Config, Reporting
from kpibar.database.errors import DatabaseEmpty
from kpibar.database.ledger import purged_before
from kpibar.database.store import Store, open_store
from kpibar.kpis.catalogue import Family, Kpi, catalogue
from kpibar.kpis.compute import of_brand, within
from kpibar.kpis.estimates import Measure
from kpibar.layouts.layout import Shelf
from kpibar.layouts.settings import checked_settings, outdated_settings
from kpibar.measure.comparability import (
    brands_on_one_side,
    comparable,
    handover,
    has_breakdown,
    has_rows,
    keeps_base,
    months_compared,
    one_part_only,
    selection,
    uneven_source,
    unknown_rows,
    without_base,
)
from kpibar.measure.coverage import STOPS_EARLY_DAYS, Coverage, coverage, filled_columns, missing_inputs
from kpibar.measure.deliveries import sources_without_cancellations
from kpibar.measure.duplicates import duplicates
from kpibar.measure.errors import BrandUnknown
from kpibar.measure.estimates import (
    Change,
    Segment,
    Status,
    adjust,
    change,
    judge,
    mask,
    status,
    target_status,
)
from kpibar.measure.figures import gate_coverage, segments, series, total
from kpibar.measure.inputs import Inputs, gather
from kpibar.measure.period import Edition, find_edition
from kpibar.measure.reach import stretches
from kpibar.measure.selection import settled_sources
from kpibar.measure.succession import absent_sources, handovers, known_sources, proposals
from kpibar.model.build import build, is_current
from kpibar.plausibility.brands import ORDER_REFERENCES, load_names, orders_elsewhere
from kpibar.plausibility.open_records import OUTCOMES
from kpibar.plausibility.references import orders_missed

# So many telephone tickets and calls of which no two are one are said.
UNMATCHED_FROM = 20
# So many pairs of brands are named in notes.
_BRANDS_NAMED = 10
BY = ("channel", "brand", "carrier", "country", "reason", "month")


@dataclass(frozen=True)
class Request:
    """What to report: the year (None: the last one), KPIs or family (none: all), one brand, one dimension.

    `share` asks for a report that may circulate (see circulation.py).
    """

    year: int | None = None
    kpis: tuple[str, ...] = ()
    family: str | None = None
    brand: str | None = None
    by: str | None = None
    share: bool = False


@dataclass(frozen=True)
class Note:
    """Something the reader must know: a stable code and the values its text needs."""

    code: str
    values: Mapping[str, str | int | float]
    level: str = "info"


@dataclass(frozen=True)
class Target:
    """A target from the settings and whether it is met."""

    value: float
    status: str


@dataclass(frozen=True)
class Row:
    """A KPI in an edition. `series` holds its months, `before_series` those of the year before."""

    kpi: Kpi
    now: Measure
    before: Measure
    comparable: bool
    change: Change | None
    target: Target | None
    status: Status
    series: tuple[tuple[date, Measure], ...]
    before_series: tuple[tuple[date, Measure], ...]
    dimension: str | None
    segments: tuple[Segment, ...]
    missing: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Barometer:
    """A yearly barometer."""

    edition: Edition
    request: Request
    brands: tuple[str, ...]
    families: tuple[Family, ...]
    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...]
    config: Config
    notes: tuple[Note, ...]


def compute(
    path: Path, config: Config, request: Request, wait: float = 0.0, said: Callable[[str], None] = lambda words: None
) -> Barometer:
    """The barometer of a database file; what happens to the file is `said`.

    Raises what `barometer` and `open_current` raise.
    """
    with open_current(path, config, wait, said) as store:
        return barometer(store, config, request)


@contextmanager
def open_current(
    path: Path, config: Config, wait: float = 0.0, said: Callable[[str], None] = lambda words: None
) -> Iterator[Store]:
    """A database, opened for reading, whose fact tables are those of its data and of the settings.

    Where data or thresholds have changed since they were built, they are built for this connection alone: the file
    is not written, so nobody waits for it, and the disk may be one that cannot be written. The next ingest stores them.

    Raises DatabaseEmpty and what `open_store` raises.
    """
    with open_store(path, write=False, wait=wait, notify=said) as store:
        if not store.engine.rows("SELECT 1 FROM files LIMIT 1"):
            raise DatabaseEmpty(path)
        thresholds, rules = config.settings.thresholds, config.settings.files
        if not is_current(store, thresholds, rules):
            build(store, thresholds, rules, persist=False)
        yield store


def barometer(store: Store, config: Config, request: Request) -> Barometer:
    """Compute the barometer asked for.

    Raises DatabaseEmpty, YearWithoutData, KpiUnknown, KpiInvalid, FamilyUnknown, BrandUnknown.
    """
    known, layouts = catalogue(config.settings), checked_settings(config)
    chosen = known.chosen(request.kpis, request.family)
    brands = _brands(store)
    if request.brand is not None and request.brand not in brands:
        name = load_names(store, names_by_fold(config.settings.brands)).of(request.brand)
        if name not in brands:
            raise BrandUnknown(request.brand, brands)
        request = replace(request, brand=name)
    edition = find_edition(store, request.year, request.brand)
    # The p-values of a family are adjusted together, whichever of its KPIs are shown.
    families = {kpi.family for kpi in chosen}
    together = tuple(kpi for kpi in known.kpis if kpi in chosen or (kpi.family in families and not kpi.hidden))
    followed = handovers(config.settings.succession, known_sources(store), request.brand)
    at_hand = gather(store, config.settings.reporting, known, together, edition, request.brand, request.by, followed)
    held = filled_columns(store)
    rows = _with_verdicts([_row(at_hand, kpi, config, held) for kpi in together], config.settings.reporting)
    held_of_sources = coverage(store, edition.window)
    return Barometer(
        edition=edition,
        request=request,
        brands=(request.brand,) if request.brand else brands,
        families=tuple(family for family in known.families if any(row.kpi.family == family.id for row in rows)),
        rows=tuple(row for row in rows if row.kpi in chosen),
        coverage=held_of_sources,
        config=config,
        notes=(
            *_edition_notes(
                edition,
                held_of_sources,
                frozenset(one.predecessor for one in followed),
                purged_before(store),
            ),
            *_succession_notes(store, config, edition),
            *_brand_notes(store, request.brand),
            *_order_notes(store, request.brand),
            *_settings_notes(store, config, layouts),
            *_duplicate_notes(store, edition, request.brand),
            *_undated_notes(store, request.brand),
            *_ticket_notes(store, config, edition, request.brand),
            *_reference_notes(store, edition, request.brand),
            *_settled_notes(store, edition, request.brand),
        ),
    )


def _brands(store: Store) -> tuple[str, ...]:
    rows = store.engine.rows(
        "SELECT brand FROM fact_contacts WHERE brand IS NOT NULL UNION SELECT brand FROM fact_orders "
        "WHERE brand IS NOT NULL UNION SELECT brand FROM fact_surveys WHERE brand IS NOT NULL ORDER BY 1"
    )
    return tuple(row[0] for row in rows)


def _row(inputs: Inputs, kpi: Kpi, config: Config, columns: frozenset[str]) -> Row:
    missing = missing_inputs(kpi, inputs.catalogue, columns)
    year, previous = inputs.spans[kpi.id]
    held = has_rows(inputs, kpi, year)
    now = mask(kpi, total(inputs, kpi, year), inputs.reporting) if held else Measure()
    before = mask(kpi, total(inputs, kpi, previous), inputs.reporting) if has_rows(inputs, kpi, previous) else Measure()
    shown = status(kpi, now, inputs.reporting) if held and not missing else "not_available"
    compared = comparable(inputs, kpi, before)
    target = config.settings.targets.get(kpi.id)
    return Row(
        kpi=kpi,
        now=now,
        before=before,
        comparable=compared,
        change=change(kpi, now, before, inputs.reporting.confidence) if compared and shown == "ok" else None,
        target=_target(kpi, now, target) if shown == "ok" else None,
        status=shown,
        series=series(inputs, kpi, inputs.edition.window, year),
        before_series=series(inputs, kpi, inputs.edition.previous, previous),
        dimension=kpi.over or inputs.dimension,
        segments=segments(inputs, kpi) if held and not missing else (),
        missing=missing,
        notes=() if missing else _row_notes(inputs, kpi, now, before, shown),
    )


def _target(kpi: Kpi, now: Measure, target: float | None) -> Target | None:
    if target is None or now.value is None or kpi.better == "none":
        return None
    return Target(target, target_status(kpi, now.value, target))


def _row_notes(inputs: Inputs, kpi: Kpi, now: Measure, before: Measure, shown: Status) -> tuple[Note, ...]:
    notes = []
    if shown == "ok" and kpi.spec.starred and now.base < inputs.reporting.small_base:
        notes.append(Note("small_base", {"base": now.base}, "warning"))
    if shown == "low_base":
        notes.append(Note("low_base", {"base": now.base, "least": inputs.reporting.min_base}, "warning"))
    if shown == "not_available" and not now.immature:
        notes.append(Note("no_rows", {"year": inputs.edition.year}))
    if now.immature:
        notes.append(Note("immature", {"rows": now.immature, "days": kpi.maturity_days}))
    covered = gate_coverage(inputs, kpi)
    if shown == "ok" and covered is not None and covered < inputs.reporting.min_reason_coverage:
        notes.append(Note("low_coverage", {"percent": round(100 * covered)}, "warning"))
    counts = zip(("no_order", "without_base"), without_base(inputs, kpi), strict=True)
    notes += [Note(code, {"rows": rows}) for code, rows in counts if rows]
    if keeps_base(inputs, kpi):
        notes.append(Note("base_whole", {}))
    if inputs.dimension is not None and not has_breakdown(inputs, kpi):
        notes.append(Note("no_breakdown", {"dimension": inputs.dimension}))
    for code, rows in unknown_rows(inputs, kpi).items():
        notes.append(Note(code, {"rows": rows}))
    return (*notes, *(_ratio_notes(inputs, kpi) if shown == "ok" else ()), *_comparison_notes(inputs, kpi, before))


def _ratio_notes(inputs: Inputs, kpi: Kpi) -> list[Note]:
    """What a ratio counts in one of its parts only."""
    notes = [
        Note("one_part_only", {"source": source, "missing": stretches(months)}, "warning")
        for source, months in one_part_only(inputs, kpi)
    ]
    codes = {"numerator": "no_orders", "denominator": "no_contacts"}
    notes += [
        Note(codes[one.part], {"brand": one.brand, "rows": one.rows}, "warning")
        for one in brands_on_one_side(inputs, kpi)
    ]
    return notes


def _comparison_notes(inputs: Inputs, kpi: Kpi, before: Measure) -> tuple[Note, ...]:
    """With which days the year is compared where they are not those of the report, and why it is not compared."""
    window, year = inputs.spans[kpi.id][0], inputs.edition.year
    notes = []
    if inputs.edition.window.start <= window.end < inputs.edition.window.end:
        notes.append(Note("counted_until", {"end": str(window.end), "previous": year - 1}, "warning"))
    if before.base and not comparable(inputs, kpi, before):
        notes.append(_why_not_comparable(inputs, kpi, year))
    elif before.base and (change := handover(inputs, kpi)) is not None:
        follows = {"source": change.predecessor, "to": change.successor}
        notes.append(Note("succession", {**follows, "previous": year - 1}))
    return tuple(notes)


def _why_not_comparable(inputs: Inputs, kpi: Kpi, year: int) -> Note:
    if (found := selection(inputs, kpi)) is not None:
        return Note("selected_year", {"source": found.source, "year": found.year, "records": found.records}, "warning")
    (seen, months), uneven = months_compared(inputs, kpi), uneven_source(inputs, kpi)
    if uneven is None:
        return Note("previous_incomplete", {"year": year - 1, "seen": seen, "months": months}, "warning")
    change = handover(inputs, kpi)
    if change is not None and uneven.source in (change.predecessor, change.successor):
        return Note("tool_changed", {"source": change.predecessor, "to": change.successor}, "warning")
    values: dict[str, str | int | float] = {"source": uneven.source, "missing": stretches(uneven.missing)}
    values |= {"now": uneven.now, "before": uneven.before, "year": year, "previous": year - 1}
    return Note("coverage_differs", values, "warning")


def _with_verdicts(rows: list[Row], reporting: Reporting) -> list[Row]:
    """Adjust the p-values within each family, then within each KPI's segments, and judge."""
    found: dict[str, Change] = {}
    for family in dict.fromkeys(row.kpi.family for row in rows):
        found |= adjust({row.kpi.id: row.change for row in rows if row.change and row.kpi.family == family})
    return [
        replace(
            row,
            change=judge(row.kpi, found[row.kpi.id], reporting) if row.change else None,
            segments=_judged_segments(row, reporting),
        )
        for row in rows
    ]


def _judged_segments(row: Row, reporting: Reporting) -> tuple[Segment, ...]:
    found = adjust({segment.key: segment.change for segment in row.segments if segment.change})
    return tuple(
        replace(segment, change=judge(row.kpi, found[segment.key], reporting) if segment.change else None)
        for segment in row.segments
    )


def _brand_notes(store: Store, brand: str | None) -> tuple[Note, ...]:
    """The records that name orders held under another brand only; of one brand where one is asked for."""
    pairs = [one for entity in ORDER_REFERENCES for one in orders_elsewhere(store, entity)]
    found = [one for one in pairs if brand in (None, one.brand, one.holder)]
    return tuple(
        Note(
            "order_of_other_brand",
            {"table": one.entity, "brand": one.brand, "other": one.holder, "rows": one.rows, "named": one.references},
            "warning",
        )
        for one in found[:_BRANDS_NAMED]
    )


def _order_notes(store: Store, brand: str | None) -> tuple[Note, ...]:
    """The parcels whose orders are not loaded, and the sources that tell of no cancellation."""
    notes = []
    for absent_orders in orders_missed(store)[:_BRANDS_NAMED]:
        # A parcel of no brand may be one of this brand.
        if brand is None or absent_orders.brand in (None, brand):
            values = asdict(absent_orders) | {"brand": absent_orders.brand or "unknown"}
            notes.append(Note("orders_missed", values, "warning"))
    if silent := ", ".join(sources_without_cancellations(store)):
        notes.append(Note("cancellations_unknown", {"source": silent}))
    return tuple(notes)


def _settings_notes(store: Store, config: Config, layouts: Shelf) -> tuple[Note, ...]:
    """The settings that have changed since files were read."""
    return tuple(
        Note(f"{one.setting}_changed", {"files": ", ".join(one.files)}, "warning")
        for one in outdated_settings(store, config, layouts)
    )


def _succession_notes(store: Store, config: Config, edition: Edition) -> tuple[Note, ...]:
    """Sources that seem to have followed one another, and settings that name a source which is not held."""
    stated = config.settings.succession
    notes = [
        Note("succession_absent", {"source": name}, "warning") for name in absent_sources(stated, known_sources(store))
    ]
    for one in proposals(store, stated):
        if edition.previous.start <= one.last <= edition.window.end:
            values = {"source": one.handover.predecessor, "to": one.handover.successor}
            notes.append(Note("succession_proposed", {**values, "last": str(one.last), "first": str(one.first)}))
    return tuple(notes)


def _edition_notes(
    edition: Edition, sources: tuple[Coverage, ...], followed: frozenset[str], purged: date | None
) -> tuple[Note, ...]:
    """What the reader must know of the year. That a source of `followed` stops is no news: another one went on.

    `purged` is the first day that a purge left.
    """
    notes = []
    if purged is not None and edition.previous.start < purged <= edition.window.end:
        notes.append(Note("purged", {"day": str(purged)}, "warning"))
    if not edition.complete:
        notes.append(Note("partial_year", {"year": edition.year, "end": str(edition.window.end)}, "warning"))
    if edition.newer_year is not None:
        notes.append(Note("newer_year", {"year": edition.newer_year}))
    if edition.other_year is not None:
        notes.append(Note("other_year", {"year": edition.other_year}))
    for held in sources:
        stops = (
            held.source not in followed
            and held.entity in ("contacts", "orders", "parcels")
            and held.as_of_on is not None
        )
        if stops and held.as_of_on and (edition.window.end - held.as_of_on).days - STOPS_EARLY_DAYS >= 0:
            notes.append(Note("source_stops", {"source": held.source, "end": str(held.as_of_on)}, "warning"))
    return tuple(notes)


def _duplicate_notes(store: Store, edition: Edition, brand: str | None) -> tuple[Note, ...]:
    return tuple(Note(code, {"rows": count}) for code, count in duplicates(store, [edition.window], brand))


def _undated_notes(store: Store, brand: str | None) -> tuple[Note, ...]:
    rows = store.engine.rows(
        "SELECT count(*) FROM fact_surveys WHERE answered_on IS NULL AND sent_on IS NULL"
        + of_brand(brand, or_none=True)
    )[0][0]
    return (Note("surveys_undated", {"rows": int(rows)}, "warning"),) if rows else ()


def _settled_notes(store: Store, edition: Edition, brand: str | None) -> tuple[Note, ...]:
    return tuple(
        Note(f"settled_{entity}", {"source": source, "rows": records})
        for entity in OUTCOMES
        for source, records in settled_sources(store, entity, edition.window, brand)
    )


def _reference_notes(store: Store, edition: Edition, brand: str | None) -> tuple[Note, ...]:
    """How many contacts of the year state the number of an order that none of the orders held has."""
    rows, stated = store.engine.rows(
        "SELECT sum(CASE WHEN f.linked_by IN ('customer', 'none') THEN 1 ELSE 0 END), count(*) "
        f"FROM (SELECT * FROM contacts WHERE TRUE{of_brand(brand, or_none=True)}) AS c "
        "JOIN fact_contacts f ON f.source = c.source AND f.contact_id = c.contact_id WHERE f.counted "
        "AND c.order_ref IS NOT NULL AND EXISTS (SELECT 1 FROM fact_orders) "
        f"AND {within('c.created_on', [edition.window])}"
    )[0]
    return (Note("orders_unmatched", {"rows": int(rows), "named": int(stated)}),) if rows else ()


def _ticket_notes(store: Store, config: Config, edition: Edition, brand: str | None) -> tuple[Note, ...]:
    """Telephone tickets beside calls of which none is that of a call: they may all count twice."""
    if any(rule.phone_tickets == "separate" for rule in config.settings.files):
        return ()
    days = within("c.created_on", [edition.window])
    tickets, calls, pairs = store.engine.rows(
        "SELECT sum(CASE WHEN call_record.contact_id IS NULL AND coalesce(c.grain, 'case') = 'case' "
        "THEN 1 ELSE 0 END), count(call_record.contact_id), (SELECT count(*) FROM fact_call_tickets) "
        f"FROM (SELECT * FROM contacts WHERE TRUE{of_brand(brand, or_none=True)}) AS c "
        "LEFT JOIN fact_calls AS call_record ON call_record.source = c.source "
        "AND call_record.contact_id = c.contact_id "
        f"WHERE c.channel = 'phone' AND coalesce(c.direction, 'inbound') = 'inbound' AND {days}"
    )[0]
    if pairs or not tickets or min(tickets, calls) < UNMATCHED_FROM:
        return ()
    return (Note("phone_tickets_unmatched", {"rows": int(tickets), "calls": int(calls)}, "warning"),)
