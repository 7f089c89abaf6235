"""Whether a KPI's two years compare, and what its figure leaves out or holds on one side only."""

from dataclasses import dataclass
from datetime import date

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import NO_ORDER, UNKNOWN, Window, additive_cells, within
from kpibar.kpis.estimates import Measure
from kpibar.measure.inputs import Inputs, entities, parts, sources_of
from kpibar.measure.reach import (
    SourceRows,
    UnevenSource,
    entity_of,
    is_interrupted,
    join_sources,
    silent_months,
    uneven,
)
from kpibar.measure.selection import SettledYear
from kpibar.measure.succession import Handover, join_handovers, tool_bound


@dataclass(frozen=True)
class OneSided:
    """A brand that only one part of a ratio knows, and its rows there. `part` is "numerator" or "denominator"."""

    brand: str
    part: str
    rows: int


def months_compared(inputs: Inputs, kpi: Kpi) -> tuple[int, int]:
    """How many months of the year before have rows for the KPI, and out of how many."""
    before = inputs.spans[kpi.id][1]
    held = [inputs.months[part.from_table, part.date] for part in parts(inputs.catalogue, kpi)]
    seen = min(sum(before.start <= month <= before.end for month in months) for months in held)
    return seen, before.end.month


def uneven_source(inputs: Inputs, kpi: Kpi) -> UnevenSource | None:
    """The source that covers the two years too differently for this KPI to be compared, None when all do alike.

    Counts and what is divided by counts take any difference; shares, means and medians some.
    """
    allowed = 0.0 if kpi.spec.volume else 1 - inputs.reporting.min_month_coverage
    both = inputs.spans[kpi.id]
    for entity in entities(inputs.catalogue, kpi):
        own = sources_of(inputs.catalogue, kpi, entity, inputs.fed)
        sources = inputs.uneven[entity, both]
        if inputs.handovers and not tool_bound((kpi, *parts(inputs.catalogue, kpi))):
            sources = uneven(join_handovers(_held(inputs, kpi, entity), inputs.handovers), both)
            own = None
        for found in sources:
            if (own is None or found.source in own) and len(found.missing) > allowed * both[0].end.month:
                return found
    return None


def handover(inputs: Inputs, kpi: Kpi) -> Handover | None:
    """The change of tools within the two years of a KPI that the settings state, None without one."""
    for entity in entities(inputs.catalogue, kpi):
        held = {one.source for one in _held(inputs, kpi, entity)}
        for one in inputs.handovers:
            if {one.predecessor, one.successor} <= held:
                return one
    return None


def comparable(inputs: Inputs, kpi: Kpi, before: Measure) -> bool:
    """Whether the year before has a base, rows in enough of its months, and sources that cover both years alike."""
    if before.base == 0:
        return False
    seen, months = months_compared(inputs, kpi)
    if selection(inputs, kpi) is not None:
        return False
    return seen >= inputs.reporting.min_month_coverage * months and uneven_source(inputs, kpi) is None


def selection(inputs: Inputs, kpi: Kpi) -> SettledYear | None:
    """The year of one of a KPI's tables that holds settled records alone, where the other does not."""
    for entity in entities(inputs.catalogue, kpi):
        own, found = sources_of(inputs.catalogue, kpi, entity, inputs.fed), inputs.selected.get(entity)
        if found is not None and (own is None or found.source in own):
            return found
    return None


def has_rows(inputs: Inputs, kpi: Kpi, window: Window) -> bool:
    """Whether the KPI's tables have a row in a year at all: a count over a table that is not there is no zero."""
    tables = [inputs.months[part.from_table, part.date] for part in parts(inputs.catalogue, kpi)]
    return all(any(window.start <= month <= window.end for month in months) for months in tables)


def months_unknown(inputs: Inputs, kpi: Kpi, window: Window) -> frozenset[date]:
    """The months of one of a KPI's windows of which no source of one of its tables says anything: no zeros."""
    both, found = inputs.spans[kpi.id], frozenset[date]()
    for part in parts(inputs.catalogue, kpi):
        silent = silent_months(join_sources(_held(inputs, kpi, entity_of(part))), window, both)
        # Parcels without a promise have no day of their own, but one of their attempt.
        found |= silent - inputs.months[part.from_table, part.date]
    return found


def one_part_only(inputs: Inputs, kpi: Kpi) -> tuple[tuple[str, tuple[date, ...]], ...]:
    """The sources of one part of a ratio that are silent in months of the year that the other part counts, and these.

    One that begins, or gives way to another, is not silent.
    """
    if not kpi.operands:
        return ()
    both = inputs.spans[kpi.id]
    first, second = (_held(inputs, kpi, entity_of(part)) for part in parts(inputs.catalogue, kpi))
    found = []
    for own, other in ((first, second), (second, first)):
        table, divided = join_sources(own), join_sources(other).months
        for one in own:
            silent = sorted(silent_months(one, both[0], both) & divided.keys())
            months = tuple(month for month in silent if month not in table.months or is_interrupted(one, month))
            if months:
                found.append((one.source, months))
    return tuple(dict.fromkeys(found))


def _held(inputs: Inputs, kpi: Kpi, entity: str) -> list[SourceRows]:
    own = sources_of(inputs.catalogue, kpi, entity, inputs.fed)
    return [one for one in inputs.held[entity, inputs.spans[kpi.id]] if own is None or one.source in own]


def has_breakdown(inputs: Inputs, kpi: Kpi) -> bool:
    """Whether the dimension asked for is one of the KPI; a mix has its own alone."""
    if kpi.spec.shares:
        return inputs.dimension == kpi.over
    return inputs.dimension in parts(inputs.catalogue, kpi)[0].dimensions()


def divides_base(inputs: Inputs, kpi: Kpi) -> bool:
    """Whether the dimension asked for divides the base of a ratio too: orders have a carrier, but no reason."""
    return bool(kpi.operands) and inputs.dimension in inputs.catalogue.get(kpi.denominator).dimensions()


def keeps_base(inputs: Inputs, kpi: Kpi) -> bool:
    """Whether each segment of a ratio is divided by the whole base: then segments add up to the total."""
    divided = bool(kpi.operands) and inputs.dimension in inputs.catalogue.get(kpi.numerator).dimensions()
    return divided and not divides_base(inputs, kpi)


def without_base(inputs: Inputs, kpi: Kpi) -> tuple[int, int]:
    """The events of a ratio in segments that have no base: contacts about no order, and all others.

    Brands without orders have a note of their own.
    """
    if not divides_base(inputs, kpi):
        return 0, 0
    window = inputs.spans[kpi.id][0]
    named = {one.brand for one in brands_on_one_side(inputs, kpi)} if inputs.dimension == "brand" else set()
    counts = {
        key: int(inputs.by_cells.sum(kpi.numerator, window, key).base)
        for key in inputs.by_cells.segments(kpi.numerator)
        if key not in named and not inputs.by_cells.sum(kpi.denominator, window, key).base
    }
    orderless = counts.pop(NO_ORDER, 0)
    return orderless, sum(counts.values())


def unknown_rows(inputs: Inputs, kpi: Kpi) -> dict[str, int]:
    """The rows of the year that a KPI leaves out, or counts on an assumption, by the code of the note on them."""
    counts = zip(kpi.notes, kpi.note_counts(), strict=True)
    rows = {code: int(inputs.cells.sum(count.id, inputs.spans[kpi.id][0]).base) for code, count in counts}
    return {code: number for code, number in rows.items() if number}


def brands_on_one_side(inputs: Inputs, kpi: Kpi) -> tuple[OneSided, ...]:
    """The brands of which a ratio counts the contacts but knows no order, or the orders but knows no contact.

    Where some rows of the other part have no brand, they may be theirs: then nothing is said.
    """
    if not kpi.operands or inputs.brand is not None:
        return ()
    above, below = parts(inputs.catalogue, kpi)
    if (entity_of(above), entity_of(below)) != ("contacts", "orders"):
        return ()
    found = []
    for name, part, other in (("numerator", above, below), ("denominator", below, above)):
        window = inputs.spans[kpi.id][0]
        known = _brands(inputs, other, window)
        if UNKNOWN in known or not known:
            continue
        cells = additive_cells(inputs.store.engine, [part], [window], "brand")
        counted = {brand: int(cells.sum(part.id, window, brand).base) for brand in cells.segments(part.id)}
        found += [
            OneSided(brand, name, rows)
            for brand, rows in counted.items()
            if rows and brand != UNKNOWN and brand not in known
        ]
    return tuple(found)


def _brands(inputs: Inputs, kpi: Kpi, window: Window) -> frozenset[str]:
    rows = inputs.store.engine.rows(
        f"SELECT DISTINCT coalesce(brand, '{UNKNOWN}') FROM fact_{kpi.from_table} WHERE {within(kpi.date, [window])}"
    )
    return frozenset(str(row[0]) for row in rows)
