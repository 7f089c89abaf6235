"""The figures of a barometer: each KPI over the year, the year before, their months and their segments.

Everything is a sum of the inputs's cells, or a quantile statement for exactly the window and segment asked.
"""

from dataclasses import replace
from datetime import date

from kpibar.kpis import intervals
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import (
    Cells,
    Window,
    additive_cells,
    last_of_month,
    quantile_bounds,
    quantiles,
    segment_of,
)
from kpibar.kpis.estimates import Measure, Parts, share_of_rows
from kpibar.measure.comparability import comparable, divides_base, has_rows, months_unknown
from kpibar.measure.estimates import Segment, change, mask, mask_parts, status
from kpibar.measure.inputs import Inputs, parts


def total(inputs: Inputs, kpi: Kpi, window: Window) -> Measure:
    """The KPI over one of its windows or a part of it, all segments together."""
    level = inputs.reporting.confidence
    if not kpi.spec.order_statistic:
        sums = [inputs.cells.sum(name, window) for name in kpi.operands or (kpi.id,)]
        return kpi.spec.estimate([*sums, *_clusters(inputs, kpi, window)], level)
    return _quantile(
        inputs, kpi, window, quantiles(inputs.store.engine, kpi, window, brand=inputs.brand).get(""), "TRUE"
    )


def _clusters(inputs: Inputs, kpi: Kpi, window: Window) -> list[Parts]:
    """How the events of a ratio are distributed over its units, where it says so."""
    return [inputs.cells.sum(f"cluster_{kpi.cluster}", window)] if kpi.operands and kpi.cluster else []


def _quantile(inputs: Inputs, kpi: Kpi, window: Window, found: Measure | None, condition: str) -> Measure:
    """A quantile with the order statistics that bound it."""
    if found is None:
        return Measure(denominator=0.0)
    ranks = intervals.quantile_ranks(found.base, kpi.quantile, inputs.reporting.confidence)
    if ranks is None or found.base < inputs.reporting.min_base:
        return found
    low, high = quantile_bounds(inputs.store.engine, kpi, window, ranks, found.base, condition, inputs.brand)
    return replace(found, low=low, high=high)


def series(inputs: Inputs, kpi: Kpi, year: Window, known: Window) -> tuple[tuple[date, Measure], ...]:
    """The KPI in each month of a year, as far as it is known; no value is where no source says anything.

    Of a ratio, the part that is known of such a month stays counted, as it is in the total.
    """
    months = [date(year.start.year, month, 1) for month in range(year.start.month, year.end.month + 1)]
    if not has_rows(inputs, kpi, known):
        return tuple((month, Measure()) for month in months)
    unknown = months_unknown(inputs, kpi, known)
    counted = [month for month in months if month <= known.end and (kpi.operands or month not in unknown)]
    made = _monthly(inputs, kpi, counted, known)
    made |= {month: _counts(made[month]) for month in counted if month in unknown}
    shown = mask_parts(kpi, [made.get(month, Measure()) for month in months], inputs.reporting)
    return tuple(zip(months, shown, strict=True))


def _counts(measure: Measure) -> Measure:
    """The counts of a figure that cannot be divided; a part of which nothing was counted is unknown."""
    return Measure(numerator=measure.numerator or None, denominator=measure.denominator or None)


def _monthly(inputs: Inputs, kpi: Kpi, months: list[date], known: Window) -> dict[date, Measure]:
    if not kpi.spec.order_statistic:
        ends = {month: min(last_of_month(month), known.end) for month in months}
        return {month: total(inputs, kpi, Window(month, ends[month])) for month in months}
    group = f"CAST(CAST(date_trunc('month', {kpi.date}) AS DATE) AS VARCHAR)"
    found = quantiles(inputs.store.engine, kpi, known, group, inputs.brand)
    return {month: found.get(str(month), Measure(denominator=0.0)) for month in months}


def segments(inputs: Inputs, kpi: Kpi) -> tuple[Segment, ...]:
    """The KPI by the dimension asked for (a mix: by its own), largest base first."""
    if kpi.spec.shares:
        return _mix(inputs, kpi)
    if inputs.dimension is None:
        return ()
    pairs = _by_quantile(inputs, kpi) if kpi.spec.order_statistic else _by_parts(inputs, kpi)
    if not has_rows(inputs, kpi, inputs.spans[kpi.id][1]):
        pairs = [(key, now, Measure()) for key, now, _ in pairs]
    made = _segments(inputs, kpi, [pair for pair in pairs if _counted(pair[1]) or _counted(pair[2])])
    return tuple(sorted(made, key=lambda segment: (-segment.now.base, segment.key)))


def _segments(inputs: Inputs, kpi: Kpi, pairs: list[tuple[str, Measure, Measure]]) -> list[Segment]:
    """The segments as they may be shown beside the whole, from their measures of the two years."""
    now = mask_parts(kpi, [one for _, one, _ in pairs], inputs.reporting)
    before = mask_parts(kpi, [one for _, _, one in pairs], inputs.reporting)
    return [_segment(inputs, kpi, key, *years) for (key, _, _), *years in zip(pairs, now, before, strict=True)]


def _counted(measure: Measure) -> bool:
    """Whether a segment has rows: contacts of a brand without orders are in the total too."""
    return measure.base > 0 or bool(measure.numerator)


def _segment(inputs: Inputs, kpi: Kpi, key: str, now: Measure, before: Measure) -> Segment:
    shown = status(kpi, now, inputs.reporting)
    enough = shown == "ok" and not before.low_base and comparable(inputs, kpi, before)
    moved = change(kpi, now, before, inputs.reporting.confidence) if enough else None
    return Segment(key, now, before, moved, shown)


def _by_parts(inputs: Inputs, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    first, *others = parts(inputs.catalogue, kpi)
    if inputs.dimension not in first.dimensions():
        return []
    year, before = inputs.spans[kpi.id]
    keys = sorted({key for part in (first, *others) for key in inputs.by_cells.segments(part.id)})
    return [(key, _by_part(inputs, kpi, year, key), _by_part(inputs, kpi, before, key)) for key in keys]


def _by_part(inputs: Inputs, kpi: Kpi, window: Window, key: str) -> Measure:
    """One segment; a ratio whose denominator does not know the dimension keeps its whole denominator."""
    first, *others = kpi.operands or (kpi.id,)
    cells, segment = (inputs.by_cells, key) if divides_base(inputs, kpi) else (inputs.cells, None)
    sums = [inputs.by_cells.sum(first, window, key), *(cells.sum(name, window, segment) for name in others)]
    return kpi.spec.estimate([*sums, *_clusters(inputs, kpi, window)], inputs.reporting.confidence)


def _by_quantile(inputs: Inputs, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    if inputs.dimension not in kpi.dimensions():
        return []
    group = segment_of(inputs.dimension, kpi.from_table)
    now, then = (quantiles(inputs.store.engine, kpi, window, group, inputs.brand) for window in inputs.spans[kpi.id])
    year, before = inputs.spans[kpi.id]
    return [
        (
            key,
            _one_quantile(inputs, kpi, year, now.get(key), key),
            _one_quantile(inputs, kpi, before, then.get(key), key),
        )
        for key in sorted(set(now) | set(then))
    ]


def _one_quantile(inputs: Inputs, kpi: Kpi, window: Window, found: Measure | None, key: str) -> Measure:
    condition = f"{segment_of(inputs.dimension, kpi.from_table)} = '" + key.replace("'", "''") + "'"
    return _quantile(inputs, kpi, window, found, condition)


def _mix(inputs: Inputs, kpi: Kpi) -> tuple[Segment, ...]:
    """Share of each value of the KPI's own column, largest first."""
    cells = additive_cells(inputs.store.engine, [kpi], inputs.spans[kpi.id], kpi.over, inputs.brand)
    level = inputs.reporting.confidence
    year, previous = inputs.spans[kpi.id]
    pairs = [
        (key, _share(cells, kpi, year, key, level), _share(cells, kpi, previous, key, level))
        for key in cells.segments(kpi.id)
    ]
    made = _segments(inputs, kpi, [pair for pair in pairs if pair[1].numerator or pair[2].numerator])
    return tuple(sorted(made, key=lambda segment: (-(segment.now.numerator or 0), segment.key)))


def _share(cells: Cells, kpi: Kpi, window: Window, key: str, level: float) -> Measure:
    part, whole = cells.sum(kpi.id, window, key).base, cells.sum(kpi.id, window).base
    return share_of_rows([Parts(base=whole, hits=part)], level)


def gate_coverage(inputs: Inputs, kpi: Kpi) -> float | None:
    """The value of the coverage KPI that gates this one, None without gate or base."""
    if not kpi.gate:
        return None
    gate = inputs.catalogue.get(kpi.gate)
    return mask(gate, total(inputs, gate, inputs.spans[kpi.gate][0]), inputs.reporting).value
