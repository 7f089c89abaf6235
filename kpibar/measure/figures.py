"""The figures of a KPI: the year, the year before, their months and their segments, masked here and nowhere else.

Each is a sum of the cells gathered, or a statistic gathered for exactly that window and segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from kpibar.config import Reporting
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import last_of_month
from kpibar.kpis.estimates import Measure, Status, Window
from kpibar.kpis.weighting import WeightClass, expected_hits
from kpibar.measure.breakdown import clusters, dimensions_of, segment_figures
from kpibar.measure.coverage import missing_inputs
from kpibar.measure.inputs import Inputs, has_rows, parts, rows_of_kpi, tells_of, year_effect
from kpibar.measure.reach import entity_of, join_sources, silent_months
from kpibar.measure.report import Breakdown, Segment

Series = tuple[tuple[date, Measure], ...]


@dataclass(frozen=True)
class Figures:
    """The figures of a KPI as they may be shown. `missing` are the inputs without which it is unknown."""

    now: Measure
    before: Measure
    status: Status
    series: Series
    before_series: Series
    breakdowns: tuple[Breakdown, ...]
    missing: tuple[str, ...]


def figures(inputs: Inputs, kpi: Kpi) -> Figures:
    """The figures of a KPI in both years; segments without their change, and none of a dimension without rows."""
    missing = missing_inputs(kpi, inputs.catalogue, frozenset(inputs.columns))
    now, before = (_year(inputs, kpi, place) for place in (0, 1))
    status: Status = "not_available"
    if missing:
        now = replace(
            now, value=None, low=None, high=None, weighted_value=None, design_effect=None, reason="missing_inputs"
        )
    elif now.reason != "no_source":
        status = _status(kpi, now)
    breakdowns = (
        [] if missing else [Breakdown(name, _segments(inputs, kpi, name)) for name in dimensions_of(inputs, kpi)]
    )
    return Figures(
        now=now,
        before=before,
        status=status,
        series=_series(inputs, kpi, 0),
        before_series=_series(inputs, kpi, 1),
        breakdowns=tuple(breakdown for breakdown in breakdowns if breakdown.segments),
        missing=missing,
    )


def total(inputs: Inputs, kpi: Kpi, window: Window, effect: float | None = None) -> Measure:
    """A KPI that is computed from cells, over one of its windows or a part of it, all segments together.

    `effect` is the design effect of its rows.
    """
    sums = [inputs.cells.sum(name, window) for name in kpi.operands or (kpi.id,)]
    return kpi.spec.estimate([*sums, *clusters(inputs, kpi, window)], inputs.reporting.confidence, effect)


def year_total(inputs: Inputs, kpi: Kpi, place: int) -> Measure:
    """A KPI that is computed from cells, in the year (0) or the year before (1)."""
    return total(inputs, kpi, inputs.spans[kpi.id][place], year_effect(inputs, kpi, place))


def gate_coverage(inputs: Inputs, kpi: Kpi) -> float | None:
    """The value of the coverage KPI that gates this one, None without gate or base."""
    if not kpi.gate:
        return None
    gate = inputs.catalogue.get(kpi.gate)
    return mask(gate, total(inputs, gate, inputs.spans[kpi.gate][0]), inputs.reporting).value


def _year(inputs: Inputs, kpi: Kpi, place: int) -> Measure:
    """The figure of the year (0) or of the year before (1)."""
    window = inputs.spans[kpi.id][place]
    if not has_rows(inputs, kpi, window) or not tells_of(inputs, kpi, window.end):
        return Measure(reason="no_source")
    return mask(kpi, _weighted(inputs, kpi, whole(inputs, kpi, place), window), inputs.reporting)


def whole(inputs: Inputs, kpi: Kpi, place: int) -> Measure:
    """The figure of the year (0) or of the year before (1) with its bounds; nothing of it is masked."""
    if kpi.spec.has_statements:
        return inputs.statistics[kpi.id].get((place, None, None), Measure(denominator=0.0, reason="no_rows"))
    window = inputs.spans[kpi.id][place]
    return _bounded(inputs, kpi, year_total(inputs, kpi, place), window)


def _bounded(inputs: Inputs, kpi: Kpi, measure: Measure, window: Window) -> Measure:
    """A figure with what it would be if none, or all, of the rows of which it is not known were hits."""
    if not kpi.unknown or kpi.spec.bounds is None:
        return measure
    unknown = int(inputs.cells.sum(kpi.unknown, window).base)
    hits, misses = (int(inputs.cells.sum(f"{kpi.id}__doubt_{side}", window).base) for side in ("hits", "misses"))
    bounds = kpi.spec.bounds(measure, unknown, hits, misses)
    return replace(measure, bounds=bounds, unknown=unknown, hits_in_doubt=hits, misses_in_doubt=misses)


def _weighted(inputs: Inputs, kpi: Kpi, measure: Measure, window: Window) -> Measure:
    """A figure with what it would be if the rows of which it is not known were like the others of their channel."""
    if not kpi.weights or kpi.spec.reweight is None or measure.value is None:
        return measure
    classes = [_weight_class(inputs, kpi, window, channel) for channel in inputs.recording.segments(kpi.weights)]
    hits = expected_hits(classes, inputs.reporting.min_base)
    if hits is None:
        return measure
    rows = sum(entry.rows for entry in classes)
    fewest = min((int(entry.unknown_rows) for entry in classes if entry.unknown_rows), default=0)
    return replace(measure, weighted_value=kpi.spec.reweight(measure, hits, rows), fewest_unknown=fewest)


def _weight_class(inputs: Inputs, kpi: Kpi, window: Window, channel: str) -> WeightClass:
    """The rows of a channel that a KPI counts or, as nothing is known of them, does not count."""
    coverage, part = inputs.recording.sum(kpi.weights, window, channel), parts(inputs.catalogue, kpi)[0]
    cell = inputs.recording.sum(part.id, window, channel)
    hits = part.spec.estimate([cell], inputs.reporting.confidence).numerator
    return WeightClass(coverage.base, coverage.hits, hits or 0.0)


def _series(inputs: Inputs, kpi: Kpi, place: int) -> Series:
    """The KPI in each month of a year, as far as it is known; no value is where no source says anything.

    Of a ratio, the part that is known of such a month stays counted, as it is in the total.
    """
    year, window = (inputs.edition.window, inputs.edition.previous)[place], inputs.spans[kpi.id][place]
    months = [date(year.start.year, month, 1) for month in range(year.start.month, year.end.month + 1)]
    if not has_rows(inputs, kpi, window):
        return tuple((month, Measure(reason="no_source")) for month in months)
    silent = _months_unknown(inputs, kpi, window)
    # A month has too few weeks to tell how far its rows depend on each other: it is taken to be as in its year.
    effect = None if kpi.spec.has_statements else year_effect(inputs, kpi, place)
    monthly = [_month(inputs, kpi, place, month, effect, month in silent) for month in months]
    return tuple(zip(months, mask_parts(kpi, monthly, inputs.reporting), strict=True))


def _month(inputs: Inputs, kpi: Kpi, place: int, month: date, effect: float | None, silent: bool) -> Measure:
    window = inputs.spans[kpi.id][place]
    if month > window.end:
        return Measure(reason="after_coverage")
    if (silent and not kpi.operands) or not tells_of(inputs, kpi, min(last_of_month(month), window.end)):
        return Measure(reason="no_source")
    if kpi.spec.has_statements:
        return inputs.statistics[kpi.id].get((place, month, None), Measure(denominator=0.0, reason="no_rows"))
    figure = total(inputs, kpi, Window(month, min(last_of_month(month), window.end)), effect)
    if not silent:
        return figure
    # What cannot be divided keeps its counts; a part of which nothing was counted is unknown.
    return Measure(numerator=figure.numerator or None, denominator=figure.denominator or None, reason="no_source")


def _months_unknown(inputs: Inputs, kpi: Kpi, window: Window) -> frozenset[date]:
    """The months of one of a KPI's windows of which no source of one of its tables says anything: no zeros."""
    unknown = frozenset[date]()
    for part in parts(inputs.catalogue, kpi):
        rows = rows_of_kpi(inputs, kpi, entity_of(part))
        # Parcels without a promise have no day of their own, but one of their attempt.
        silent = silent_months(join_sources(rows), window, inputs.spans[kpi.id])
        unknown |= silent - inputs.months[part.from_table, part.date]
    return unknown


def _segments(inputs: Inputs, kpi: Kpi, dimension: str) -> tuple[Segment, ...]:
    """The segments as they may be shown beside the whole, the largest first."""
    if not has_rows(inputs, kpi, inputs.spans[kpi.id][0]):
        return ()
    pairs = segment_figures(inputs, kpi, dimension)
    now = mask_parts(kpi, [figure for _, figure, _ in pairs], inputs.reporting)
    before = mask_parts(kpi, [figure for _, _, figure in pairs], inputs.reporting)
    segments = [
        Segment(key, year, previous, None, _status(kpi, year))
        for (key, _, _), year, previous in zip(pairs, now, before, strict=True)
    ]
    size = _records if kpi.spec.shares else _base
    return tuple(sorted(segments, key=lambda segment: (-size(segment.now), segment.key)))


def _records(measure: Measure) -> float:
    return measure.numerator or 0


def _base(measure: Measure) -> float:
    return measure.base


def _status(kpi: Kpi, measure: Measure) -> Status:
    """Whether a figure, masked where it must be, can be shown. A mix has no value as a whole."""
    if measure.status in ("low_base", "not_reached"):
        return measure.status
    if not kpi.spec.shares and measure.value is None:
        return "not_available"
    # The shares of no rows have too small a base.
    return "low_base" if kpi.spec.shares and measure.base == 0 else "ok"


def mask(kpi: Kpi, measure: Measure, reporting: Reporting) -> Measure:
    """The measure as it may be shown: of too small a base, the base alone. A count is a base itself."""
    (figure,) = kpi.spec.mask([measure], reporting.min_base)
    return figure


def mask_parts(kpi: Kpi, parts: Sequence[Measure], reporting: Reporting) -> list[Measure]:
    """The parts of a figure, its months or segments, as they may be shown beside the whole."""
    rule = (kpi.spec.mask_own_parts if kpi.own else None) or kpi.spec.mask_parts
    return rule(parts, reporting.min_base)
