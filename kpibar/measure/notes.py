"""What the reader must know: of a KPI (its base, what it leaves out, why it is not compared) and of the edition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import UNKNOWN
from kpibar.measure.breakdown import filters_of_events, has_breakdown, keeps_base, without_base
from kpibar.measure.comparability import participation_values
from kpibar.measure.coverage import STOPS_EARLY_DAYS
from kpibar.measure.figures import Figures, gate_coverage
from kpibar.measure.inputs import Inputs, operands, rows_of_kpi
from kpibar.measure.observations import Observations, PhoneTickets
from kpibar.measure.participation import participation_change
from kpibar.measure.reach import SourceRows, Span, entity_of, is_interrupted, join_sources, silent_months, stretches
from kpibar.measure.recording import followed_share
from kpibar.measure.report import Comparison, Coverage, Edition, Note

# So many telephone tickets and calls of which no two are one get a note.
UNMATCHED_FROM = 20
# Why it is not known of some rows whether they are hits, by the count of these.
_CAUSES = {"contacts_unclassified": "reason", "wismo_unlinked": "promise"}
# So many pairs of brands are named in notes.
_BRANDS_NAMED = 10


@dataclass(frozen=True)
class OneSided:
    """A brand that only one part of a ratio has, and its rows there. `part` is "numerator" or "denominator"."""

    brand: str
    part: str
    rows: int


def row_notes(inputs: Inputs, kpi: Kpi, figures: Figures, comparison: Comparison) -> tuple[Note, ...]:
    """The notes of a KPI; one without its inputs has none."""
    if figures.missing:
        return ()
    brands = brands_on_one_side(inputs, kpi)
    return (
        *_base_notes(inputs, kpi, figures),
        *_coverage_notes(inputs, kpi, figures),
        *_bounds_notes(inputs, kpi, figures),
        *_reach_notes(inputs, kpi, figures),
        *_breakdown_notes(inputs, kpi, brands),
        *(Note("filter_base_whole", {"dimension": name}) for name in filters_of_events(inputs, kpi)),
        *(Note(code, {"rows": rows}) for code, rows in unknown_rows(inputs, kpi).items()),
        *(_ratio_notes(inputs, kpi, brands) if figures.status == "ok" else ()),
        *_comparison_notes(inputs, kpi, figures, comparison),
    )


def absence(kpi: Kpi, figures: Figures, notes: tuple[Note, ...]) -> str | None:
    """Why the figure of the year is not shown: a reason of `Measure`, or the code of the note that tells."""
    if figures.status == "ok":
        return None
    if figures.missing:
        return "missing_inputs"
    if figures.status == "low_base":
        return figures.now.reason if figures.now.low_base else "small_base"
    if figures.status == "not_reached":
        return figures.now.reason
    return next((note.code for note in notes if note.code == "immature" or note.code in kpi.notes), "no_rows")


def _base_notes(inputs: Inputs, kpi: Kpi, figures: Figures) -> Iterator[Note]:
    now, status = figures.now, figures.status
    if status == "ok" and kpi.spec.has_base and now.base < inputs.reporting.small_base:
        yield Note("small_base", {"base": now.base}, "warning")
    if status == "low_base":
        yield Note("low_base", {"base": now.base, "least": inputs.reporting.min_base}, "warning")
    if status == "not_available" and not now.immature:
        yield Note("no_rows", {"year": inputs.edition.year})
    if now.immature:
        yield Note("immature", {"rows": now.immature, "days": kpi.maturity_days})


def _coverage_notes(inputs: Inputs, kpi: Kpi, figures: Figures) -> Iterator[Note]:
    """That too few rows have what the figure counts by: it is then a lower bound, or a share of those that have it."""
    share, bounds = gate_coverage(inputs, kpi), figures.now.bounds
    if figures.status == "ok" and share is not None and share < inputs.reporting.min_reason_coverage:
        code = "lower_bound" if bounds is not None and bounds.low == figures.now.value else "low_coverage"
        yield Note(code, {"percent": round(100 * share)}, "warning")


def _bounds_notes(inputs: Inputs, kpi: Kpi, figures: Figures) -> Iterator[Note]:
    """Between what the figure lies, as something is not known of some rows; and which bound it is itself."""
    bounds, share = figures.now.bounds, followed_share(inputs, kpi)
    if figures.status != "ok" or bounds is None or bounds.low == bounds.high:
        return
    values: dict[str, str | int | float] = {"low": bounds.low, "high": bounds.high, "unit": kpi.unit}
    doubtful = figures.now.hits_in_doubt + figures.now.misses_in_doubt
    if kpi.is_stock:
        yield Note("bounds_stock", {**values, "doubtful": doubtful})
    elif share is None:
        weighted_value = figures.now.weighted_value
        values |= {"rows": figures.now.unknown} | ({} if weighted_value is None else {"weighted": weighted_value})
        yield Note(f"bounds_{_CAUSES.get(kpi.unknown, 'unknown')}", values)
    elif not doubtful:
        yield Note("bounds_followed", {**values, "rows": figures.now.unknown})
    elif not figures.now.unknown:
        yield Note("bounds_matter", {**values, "doubtful": doubtful})
    else:
        yield Note("bounds_issue", {**values, "rows": figures.now.unknown, "doubtful": doubtful})
    if share is not None and kpi.better == "higher" and share < inputs.reporting.min_reason_coverage:
        yield Note("upper_bound", {"percent": round(100 * share)}, "warning")


def _reach_notes(inputs: Inputs, kpi: Kpi, figures: Figures) -> Iterator[Note]:
    """The sources of a stock that begin or end in the year or in the year before: what was open then is not counted."""
    start, end = inputs.edition.previous.start, inputs.spans[kpi.id][0].end
    for reach in inputs.reaches.get(kpi.id, ()) if figures.status == "ok" else ():
        if start <= reach.first <= end:
            yield Note("stock_begins", {"source": reach.source, "first": str(reach.first)}, "warning")
        if start <= reach.last < end:
            yield Note("stock_ends", {"source": reach.source, "last": str(reach.last)}, "warning")


def _breakdown_notes(inputs: Inputs, kpi: Kpi, brands: tuple[OneSided, ...]) -> Iterator[Note]:
    several = len(inputs.divisions) > 1
    for dimension in inputs.divisions:
        names = frozenset(side.brand for side in brands) if dimension == "brand" else frozenset[str]()
        # Of several dimensions it must be said which one is spoken of.
        ending, values = ("_by", {"dimension": dimension}) if several else ("", {})
        orderless, others = without_base(inputs, kpi, dimension, names)
        if orderless:
            yield Note("no_order", {"rows": orderless})
        if others:
            yield Note(f"without_base{ending}", {"rows": others, **values})
        if keeps_base(inputs, kpi, dimension):
            yield Note(f"base_whole{ending}", values)
        if not has_breakdown(inputs, kpi, dimension):
            yield Note("no_breakdown", {"dimension": dimension})


def _ratio_notes(inputs: Inputs, kpi: Kpi, brands: tuple[OneSided, ...]) -> Iterator[Note]:
    """What a ratio counts in one of its parts only."""
    for source, months in one_part_only(inputs, kpi):
        yield Note("one_part_only", {"source": source, "missing": stretches(months)}, "warning")
    codes = {"numerator": "no_orders", "denominator": "no_contacts"}
    for side in brands:
        yield Note(codes[side.part], {"brand": side.brand, "rows": side.rows}, "warning")


def _comparison_notes(inputs: Inputs, kpi: Kpi, figures: Figures, comparison: Comparison) -> Iterator[Note]:
    """With which days the year is compared where they are not those of the report, and why it is not compared."""
    window, year = inputs.spans[kpi.id][0], inputs.edition.year
    if inputs.edition.window.start <= window.end < inputs.edition.window.end:
        yield Note("counted_until", {"end": str(window.end), "previous": year - 1}, "warning")
    if not figures.before.base:
        return
    if comparison.reason is not None:
        yield Note(comparison.reason, comparison.values, "warning")
    elif figures.status == "ok" and (change := participation_change(inputs, kpi)) is not None:
        yield Note("participation_moved", participation_values(inputs, change), "warning")
    if comparison.comparable and comparison.handover is not None:
        predecessor, successor = comparison.handover
        yield Note("succession", {"source": predecessor, "to": successor, "previous": year - 1})


def unknown_rows(inputs: Inputs, kpi: Kpi) -> dict[str, int]:
    """The rows of the year that a KPI leaves out, or counts on an assumption, by the code of the note on them."""
    counts = zip(kpi.notes, kpi.note_counts(), strict=True)
    rows = {code: int(inputs.cells.sum(count.id, inputs.spans[kpi.id][0]).base) for code, count in counts}
    return {code: number for code, number in rows.items() if number}


def one_part_only(inputs: Inputs, kpi: Kpi) -> tuple[tuple[str, tuple[date, ...]], ...]:
    """The sources of one part of a ratio that are silent in months of the year that the other part counts, and these.

    One that begins, or gives way to another, is not silent.
    """
    if not kpi.operands:
        return ()
    first, second = (rows_of_kpi(inputs, kpi, entity_of(part)) for part in operands(inputs.catalogue, kpi))
    years = inputs.spans[kpi.id]
    return tuple(dict.fromkeys([*_silences(first, second, years), *_silences(second, first, years)]))


def _silences(
    sources: list[SourceRows], counterpart: list[SourceRows], years: Span
) -> Iterator[tuple[str, tuple[date, ...]]]:
    """The sources of a part of a ratio that are silent in months the other part counts."""
    table, counts = join_sources(sources), join_sources(counterpart).months
    for rows in sources:
        silent = sorted(silent_months(rows, years[0], years) & counts.keys())
        months = tuple(month for month in silent if month not in table.months or is_interrupted(rows, month))
        if months:
            yield rows.source, months


def brands_on_one_side(inputs: Inputs, kpi: Kpi) -> tuple[OneSided, ...]:
    """The brands of which a ratio counts the contacts but has no order, or the orders but has no contact.

    Where some rows of the other part have no brand, they may be theirs: then nothing is said.
    """
    if not kpi.operands or inputs.rows.values:
        return ()
    above, below = operands(inputs.catalogue, kpi)
    if (entity_of(above), entity_of(below)) != ("contacts", "orders"):
        return ()
    return (*_brands_without(inputs, kpi, above, below), *_brands_without(inputs, kpi, below, above))


def _brands_without(inputs: Inputs, kpi: Kpi, part: Kpi, counterpart: Kpi) -> Iterator[OneSided]:
    """The brands with rows of a part of a ratio whose other part has no row of them."""
    cells, window = inputs.brand_cells, inputs.spans[kpi.id][0]
    brands = cells.segments(counterpart.id, window)
    if not brands or UNKNOWN in brands:
        return
    name = "numerator" if part.id == kpi.numerator else "denominator"
    for brand in cells.segments(part.id, window):
        rows = int(cells.sum(part.id, window, brand).base)
        if rows and brand != UNKNOWN and brand not in brands:
            yield OneSided(brand, name, rows)


def edition_notes(
    observations: Observations, edition: Edition, brand: str | None, predecessors: frozenset[str], separate: bool
) -> tuple[Note, ...]:
    """The notes of an edition, of all brands or of one.

    `predecessors` are the sources that gave way to another one; `separate` tells that telephone tickets are counted
    beside calls on purpose.
    """
    return (
        *_year_notes(edition, observations.first_day),
        *_stop_notes(edition, observations.coverage, predecessors),
        *_succession_notes(edition, observations),
        *_brand_notes(observations, brand),
        *_order_notes(observations, brand),
        *(_setting_note(reading.setting, reading.files) for reading in observations.old_readings),
        *(Note(code, {"rows": count}) for code, count in observations.duplicates),
        *_count("surveys_undated", {"rows": observations.undated_surveys}, "warning"),
        *(() if separate else _ticket_notes(observations.phone_tickets)),
        *_count("orders_unmatched", dict(zip(("rows", "named"), observations.order_references, strict=True)), "info"),
        *(
            Note(f"settled_{entity}", {"source": source, "rows": records})
            for entity, source, records in observations.closed_sources
        ),
    )


def _year_notes(edition: Edition, first_day: date | None) -> Iterator[Note]:
    if first_day is not None and edition.previous.start < first_day <= edition.window.end:
        yield Note("purged", {"day": str(first_day)}, "warning")
    if not edition.complete:
        yield Note("partial_year", {"year": edition.year, "end": str(edition.window.end)}, "warning")
    if edition.newer_year is not None:
        yield Note("newer_year", {"year": edition.newer_year})
    if edition.other_year is not None:
        yield Note("other_year", {"year": edition.other_year})


def _stop_notes(edition: Edition, sources: tuple[Coverage, ...], predecessors: frozenset[str]) -> Iterator[Note]:
    """The sources that stop before the year ends. That a predecessor stops is no news: its successor went on."""
    for source in sources:
        if (
            source.source in predecessors
            or source.entity not in ("contacts", "orders", "parcels")
            or source.as_of_on is None
        ):
            continue
        if (edition.window.end - source.as_of_on).days >= STOPS_EARLY_DAYS:
            yield Note("source_stops", {"source": source.source, "end": str(source.as_of_on)}, "warning")


def _succession_notes(edition: Edition, observations: Observations) -> Iterator[Note]:
    """Sources that seem to have given way to one another, and settings that name a source which is not held."""
    for name in observations.absent_sources:
        yield Note("succession_absent", {"source": name}, "warning")
    for proposal in observations.proposals:
        if edition.previous.start <= proposal.last <= edition.window.end:
            values = {"source": proposal.handover.predecessor, "to": proposal.handover.successor}
            yield Note("succession_proposed", {**values, "last": str(proposal.last), "first": str(proposal.first)})


def _brand_notes(observations: Observations, brand: str | None) -> Iterator[Note]:
    """The records that name orders held under another brand only; of one brand where one is asked for."""
    pairs = [pair for pair in observations.elsewhere if brand in (None, pair.brand, pair.holder)]
    for pair in pairs[:_BRANDS_NAMED]:
        values = {"table": pair.entity, "brand": pair.brand, "other": pair.holder}
        yield Note("order_of_other_brand", {**values, "rows": pair.rows, "named": pair.references}, "warning")


def _order_notes(observations: Observations, brand: str | None) -> Iterator[Note]:
    """The parcels whose orders are not loaded, and the sources that tell of no cancellation."""
    for orders in observations.absent_orders[:_BRANDS_NAMED]:
        # A parcel of no brand may be one of this brand.
        if brand is None or orders.brand in (None, brand):
            values: dict[str, str | int | float] = {"brand": orders.brand or "unknown"}
            values |= {"missed": orders.absent, "named": orders.references}
            yield Note("orders_missed", values | {"parcels": orders.parcels, "orders": orders.orders}, "warning")
    if sources := ", ".join(observations.without_cancellations):
        yield Note("cancellations_unknown", {"source": sources})


def _setting_note(setting: str, files: tuple[str, ...]) -> Note:
    """A setting that has changed since files were read."""
    return Note(f"{setting}_changed", {"files": ", ".join(files)}, "warning")


def _ticket_notes(phone: PhoneTickets) -> Iterator[Note]:
    """Telephone tickets beside calls of which none is that of a call: they may all count twice."""
    if not phone.pairs and min(phone.tickets, phone.calls) >= UNMATCHED_FROM:
        yield Note("phone_tickets_unmatched", {"rows": phone.tickets, "calls": phone.calls}, "warning")


def _count(code: str, values: Mapping[str, int], level: str) -> Iterator[Note]:
    if values["rows"]:
        yield Note(code, values, level)
