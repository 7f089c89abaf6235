"""The segments of a KPI: its figure for each value of a dimension, in both years. Nothing is masked here."""

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import NO_ORDER, Cells, effect_of_year
from kpibar.kpis.estimates import Measure, Parts, Window, share_of_rows
from kpibar.measure.inputs import Inputs, has_rows, parts, year_effect

# A segment, and its figure in the year and in the year before.
Pair = tuple[str, Measure, Measure]


def dimensions_of(inputs: Inputs, kpi: Kpi) -> tuple[str, ...]:
    """The dimensions a KPI is broken down by: those asked for that it has; of a mix its own, always."""
    if kpi.spec.shares:
        return (kpi.over,)
    return tuple(name for name in inputs.divisions if has_breakdown(inputs, kpi, name))


def segment_figures(inputs: Inputs, kpi: Kpi, dimension: str) -> list[Pair]:
    """The KPI by one of its dimensions (a mix: by its own); segments without rows are left out."""
    if kpi.spec.shares:
        pairs = _by_share(inputs, kpi)
        return [pair for pair in pairs if pair[1].numerator or pair[2].numerator]
    by_rule = _by_statistic if kpi.spec.has_statements else _by_parts
    pairs = by_rule(inputs, kpi, dimension)
    if not has_rows(inputs, kpi, inputs.spans[kpi.id][1]):
        pairs = [(key, now, Measure(reason="no_source")) for key, now, _ in pairs]
    return [pair for pair in pairs if _has_records(pair[1]) or _has_records(pair[2])]


def _has_records(measure: Measure) -> bool:
    """Whether a segment has rows: contacts of a brand without orders are in the total too."""
    return measure.base > 0 or bool(measure.numerator)


def clusters(inputs: Inputs, kpi: Kpi, window: Window) -> list[Parts]:
    """How the events of a ratio are distributed over its units, where it says so."""
    return [inputs.cells.sum(f"cluster_{kpi.cluster}", window)] if kpi.operands and kpi.cluster else []


def _by_parts(inputs: Inputs, kpi: Kpi, dimension: str) -> list[Pair]:
    by_cells = inputs.divisions[dimension].cells
    keys = {key for part in parts(inputs.catalogue, kpi) for key in by_cells.segments(part.id)}
    effects = [year_effect(inputs, kpi, place) for place in (0, 1)]
    now, before = (
        {key: _by_part(inputs, kpi, dimension, place, key, effects[place]) for key in keys} for place in (0, 1)
    )
    return [(key, now[key], before[key]) for key in sorted(keys)]


def _by_part(inputs: Inputs, kpi: Kpi, dimension: str, place: int, key: str, effect: float | None) -> Measure:
    """One segment; a ratio whose denominator does not know the dimension keeps its whole denominator.

    Its design effect is that of its own weeks or, of too few, that of the year (`effect`).
    """
    window, (first, *rest) = inputs.spans[kpi.id][place], kpi.operands or (kpi.id,)
    by_cells = inputs.divisions[dimension].cells
    cells, segment = (by_cells, key) if divides_base(inputs, kpi, dimension) else (inputs.cells, None)
    years = [
        [by_cells.weeks(first, span, key), *(cells.weeks(name, span, segment) for name in rest)]
        for span in inputs.spans[kpi.id]
    ]
    sums, level = [sum(parts.values(), Parts()) for parts in years[place]], inputs.reporting.confidence
    own = effect_of_year(kpi, years, place, level)
    return kpi.spec.estimate([*sums, *clusters(inputs, kpi, window)], level, effect if own is None else own)


def _by_statistic(inputs: Inputs, kpi: Kpi, dimension: str) -> list[Pair]:
    figures = inputs.divisions[dimension].statistics[kpi.id]
    keys = sorted({key for _, _, key in figures if key is not None})
    empty = Measure(denominator=0.0, reason="no_rows")
    return [(key, figures.get((0, None, key), empty), figures.get((1, None, key), empty)) for key in keys]


def _by_share(inputs: Inputs, kpi: Kpi) -> list[Pair]:
    """Share of each value of the KPI's own column."""
    cells = inputs.shares[kpi.id]
    return [
        (key, _share(cells, inputs, kpi, 0, key), _share(cells, inputs, kpi, 1, key)) for key in cells.segments(kpi.id)
    ]


def _share(cells: Cells, inputs: Inputs, kpi: Kpi, place: int, key: str) -> Measure:
    level, years = (
        inputs.reporting.confidence,
        [[_weeks_of_part(cells, kpi, span, key)] for span in inputs.spans[kpi.id]],
    )
    return share_of_rows([sum(years[place][0].values(), Parts())], level, effect_of_year(kpi, years, place, level))


def _weeks_of_part(cells: Cells, kpi: Kpi, window: Window, key: str) -> dict[int, Parts]:
    """In each week, all rows of a mix and, as hits, those of one of its parts."""
    of_part, of_whole = cells.weeks(kpi.id, window, key), cells.weeks(kpi.id, window)
    return {week: Parts(base=cell.base, hits=of_part.get(week, Parts()).base) for week, cell in of_whole.items()}


def has_breakdown(inputs: Inputs, kpi: Kpi, dimension: str) -> bool:
    """Whether a dimension is one of the KPI; a mix has its own alone."""
    if kpi.spec.shares:
        return dimension == kpi.over
    return dimension in parts(inputs.catalogue, kpi)[0].dimensions()


def divides_base(inputs: Inputs, kpi: Kpi, dimension: str) -> bool:
    """Whether a dimension divides the base of a ratio too: orders have a carrier, but no reason."""
    return bool(kpi.operands) and dimension in inputs.catalogue.get(kpi.denominator).dimensions()


def keeps_base(inputs: Inputs, kpi: Kpi, dimension: str) -> bool:
    """Whether each segment of a ratio is divided by the whole base: then segments add up to the total."""
    divides_events = bool(kpi.operands) and dimension in inputs.catalogue.get(kpi.numerator).dimensions()
    return divides_events and not divides_base(inputs, kpi, dimension)


def filters_absent(inputs: Inputs, kpi: Kpi) -> tuple[str, ...]:
    """The columns by which rows are chosen that the rows a KPI counts, or its numerator does, do not have."""
    return inputs.rows.absent_from(parts(inputs.catalogue, kpi)[0].from_table)


def filters_of_events(inputs: Inputs, kpi: Kpi) -> tuple[str, ...]:
    """The columns by which the events of a ratio are chosen and its base cannot be: it is the whole base then."""
    return inputs.rows.absent_from(inputs.catalogue.get(kpi.denominator).from_table) if kpi.operands else ()


def without_base(inputs: Inputs, kpi: Kpi, dimension: str, brands: frozenset[str]) -> tuple[int, int]:
    """The events of a ratio in segments that have no base: contacts about no order, and all others.

    `brands` without orders have a note of their own.
    """
    if not divides_base(inputs, kpi, dimension):
        return 0, 0
    window, by_cells = inputs.spans[kpi.id][0], inputs.divisions[dimension].cells
    counts = {
        key: int(by_cells.sum(kpi.numerator, window, key).base)
        for key in by_cells.segments(kpi.numerator)
        if key not in brands and not by_cells.sum(kpi.denominator, window, key).base
    }
    orderless = counts.pop(NO_ORDER, 0)
    return orderless, sum(counts.values())
