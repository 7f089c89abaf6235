"""From the parts of a KPI to its value, interval, change and verdict.

A verdict needs a change that is clear (its p-value, adjusted within the family, is below 1 - confidence, and its
interval excludes 0) and that matters in practice. Intervals say how far chance alone may move a figure of this size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kpibar.config import Reporting
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import Parts, Quantile
from kpibar.measure import intervals
from kpibar.measure.intervals import Difference, Interval

Verdict = Literal["better", "worse", "unclear", "none"]
Status = Literal["ok", "low_base", "not_available"]
_NEAR = 0.075
# A category of a mix of the settings has so many records at least, or is not shown.
_FEWEST = 10


@dataclass(frozen=True)
class Measure:
    """A figure and what it is made of. `value` is in raw units: shares 0 to 1, seconds, points, per order.

    `base` is what stands beside the figure as n; `dispersion` how much more than by chance the numerator clusters.
    `low_base` tells that it is of too few to be shown, or would give such a figure away: only its base is left.
    """

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    base: int = 0
    immature: int = 0
    dispersion: float = 1.0
    squares: float = 0.0
    low_base: bool = False

    @property
    def interval(self) -> Interval | None:
        """Its confidence interval, when it has one."""
        return None if self.low is None or self.high is None else Interval(self.low, self.high)


@dataclass(frozen=True)
class Change:
    """The change from the previous period. `relative` is None for points and shares of nothing."""

    absolute: float
    relative: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    clear: bool = False
    verdict: Verdict = "none"


@dataclass(frozen=True)
class Segment:
    """A KPI for one value of a dimension."""

    key: str
    now: Measure
    before: Measure
    change: Change | None
    status: Status


def from_parts(kpi: Kpi, parts: Parts, level: float) -> Measure:
    """The measure of an additive KPI other than a mix."""
    base, young = int(parts.base), int(parts.immature)
    if kpi.kind == "count":
        return Measure(parts.base, parts.base, None, base=base, immature=young)
    if base == 0:
        return Measure(numerator=0.0, denominator=0.0, immature=young)
    if kpi.kind == "net":
        interval = intervals.nps_interval(parts.hits, parts.against, parts.base, level)
        net = parts.hits - parts.against
        return _measure(100 * net / parts.base, net, base, young, interval, squares=parts.hits + parts.against)
    if kpi.kind == "mean":
        interval = intervals.mean_interval(base, parts.total, parts.squares, level)
        return _measure(parts.total / base, parts.total, base, young, interval, squares=parts.squares)
    interval = intervals.wilson(parts.hits, parts.base, level)
    return _measure(parts.hits / parts.base, parts.hits, base, young, interval)


def _measure(
    value: float, numerator: float, base: int, young: int, interval: Interval | None, squares: float = 0.0
) -> Measure:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return Measure(value, numerator, float(base), low, high, base, young, squares=squares)


def from_ratio(events: Parts, units: Parts, dispersion: float, level: float) -> Measure:
    """Events per unit, with an interval widened by how much events cluster."""
    if units.base == 0:
        return Measure(numerator=events.base, denominator=0.0)
    interval = intervals.rate_per_unit(events.base, units.base, dispersion, level)
    made = _measure(events.base / units.base, events.base, int(units.base), 0, interval)
    return replace(made, dispersion=dispersion)


def from_quantile(found: Quantile) -> Measure:
    """The measure of a quantile KPI."""
    denominator = float(found.base)
    return Measure(found.value, None, denominator, found.low, found.high, found.base, found.immature)


def dispersion(clusters: Parts) -> float:
    """Variance over mean of the number of contacts per order: 1 when contacts fall on orders by chance."""
    if clusters.base < 2 or clusters.total <= 0:
        return 1.0
    mean = clusters.total / clusters.base
    variance = (clusters.squares - clusters.base * mean * mean) / (clusters.base - 1)
    return max(1.0, variance / mean)


def change(kpi: Kpi, now: Measure, before: Measure, level: float) -> Change | None:
    """The change and its test; None when either value is unknown."""
    if now.value is None or before.value is None:
        return None
    absolute = now.value - before.value
    relative = absolute / before.value if before.value > 0 and kpi.unit != "points" else None
    tested = _difference(kpi, now, before, level)
    if tested is None:
        return Change(absolute, relative)
    return Change(absolute, relative, tested.low, tested.high, tested.p_value, tested.p_value)


def _difference(kpi: Kpi, now: Measure, before: Measure, level: float) -> Difference | None:
    x1, n1, x0, n0 = (
        now.numerator or 0.0,
        now.denominator or 0.0,
        before.numerator or 0.0,
        before.denominator or 0.0,
    )
    if kpi.kind in ("rate", "mix"):
        return intervals.newcombe(x1, n1, x0, n0, level)
    if kpi.kind == "ratio":
        return intervals.rate_difference(x1, n1, x0, n0, now.dispersion, before.dispersion, level)
    if kpi.kind == "mean":
        return intervals.mean_difference(now.base, x1, now.squares, before.base, x0, before.squares, level)
    if kpi.kind == "net":
        return intervals.nps_difference(*_boxes(now), *_boxes(before), level)
    if now.interval and before.interval and now.value is not None and before.value is not None:
        return intervals.difference_from_intervals(now.value, now.interval, before.value, before.interval, level)
    return None


def _boxes(measure: Measure) -> tuple[float, float, float]:
    """Promoters, detractors and base of a net score, from their difference and sum."""
    net, both = measure.numerator or 0.0, measure.squares
    return (both + net) / 2, (both - net) / 2, measure.denominator or 0.0


def judge(kpi: Kpi, found: Change, reporting: Reporting) -> Change:
    """The change with its verdict, once its p-value has been adjusted."""
    clear = found.p_adjusted is not None and found.p_adjusted < 1 - reporting.confidence and not _has_zero(found)
    if kpi.better == "none" or found.p_adjusted is None:
        return replace(found, clear=clear)
    if not (clear and _matters(kpi, found, reporting)):
        return replace(found, clear=clear, verdict="unclear")
    improved = (found.absolute < 0) == (kpi.better == "lower")
    return replace(found, clear=clear, verdict="better" if improved else "worse")


def _has_zero(found: Change) -> bool:
    """Whether the interval holds 0: the test of shares and rates is another one than that of their interval."""
    return found.low is not None and found.high is not None and found.low <= 0 <= found.high


def _matters(kpi: Kpi, found: Change, reporting: Reporting) -> bool:
    """Larger than the practical threshold: in points for shares and scores, or relative to the value before."""
    points = abs(found.absolute) * {"share": 100, "points": 1}.get(kpi.unit, 0)
    relative = abs(found.relative or 0.0)
    return points >= reporting.practical_points or relative >= reporting.practical_relative


def adjust(changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of one family with p-values adjusted for looking at several (Benjamini and Hochberg, 1995)."""
    tested = [name for name, found in changes.items() if found.p_value is not None]
    raised: Sequence[float] = intervals.benjamini_hochberg([changes[name].p_value or 0.0 for name in tested])
    return {**changes, **{n: replace(changes[n], p_adjusted=p) for n, p in zip(tested, raised, strict=True)}}


def status(kpi: Kpi, measure: Measure, reporting: Reporting) -> Status:
    """Whether a figure can be shown: ok, too small a base, or nothing to show."""
    if measure.low_base:
        return "low_base"
    if kpi.kind != "mix" and measure.value is None:
        return "not_available"
    if kpi.kind != "count" and measure.base < reporting.min_base:
        return "low_base"
    return "ok"


def mask(kpi: Kpi, measure: Measure, reporting: Reporting) -> Measure:
    """The measure as it may be shown: of too small a base, the base alone. A count is a base itself."""
    if kpi.kind == "count" or measure.base == 0 or measure.base >= reporting.min_base:
        return measure
    return base_alone(measure)


def base_alone(measure: Measure) -> Measure:
    """A measure of which the base alone is shown."""
    return Measure(denominator=measure.denominator, base=measure.base, immature=measure.immature, low_base=True)


def mask_parts(kpi: Kpi, parts: Sequence[Measure], reporting: Reporting) -> list[Measure]:
    """The parts of a figure, its months or segments, as they may be shown beside the whole.

    What is left of the whole when the parts that are shown are taken away is a figure too: where it would be of too
    small a base, the smallest of the others lose their value as well. A median is no sum of its parts.
    """
    shown = [mask(kpi, part, reporting) for part in parts]
    if kpi.kind == "mix" and kpi.own:
        return _mask_categories(shown, min(_FEWEST, reporting.min_base))
    if kpi.kind in ("count", "median", "quantile", "mix"):
        return shown
    hidden = sum(part.base for part in shown if part.low_base)
    for place in sorted(range(len(shown)), key=lambda place: shown[place].base):
        if not 0 < hidden < reporting.min_base:
            break
        if shown[place].base and not shown[place].low_base:
            hidden += shown[place].base
            shown[place] = base_alone(shown[place])
    return shown


def _mask_categories(parts: Sequence[Measure], fewest: int) -> list[Measure]:
    """The categories of a mix of the settings: its column may be one of nearly as many words as records.

    Those of fewer records lose their share, and the next smallest where they are fewer together.
    """
    shown, hidden = list(parts), 0.0
    for place in sorted(range(len(shown)), key=lambda place: shown[place].numerator or 0):
        records = shown[place].numerator or 0
        if records and (records < fewest or 0 < hidden < fewest):
            hidden += records
            shown[place] = base_alone(shown[place])
    return shown


def target_status(kpi: Kpi, value: float, target: float) -> Literal["met", "near", "missed"]:
    """Whether a target is met, missed, or missed by less than 7.5 % of itself."""
    gap = value - target if kpi.better == "lower" else target - value
    if gap <= 0:
        return "met"
    return "near" if gap <= _NEAR * abs(target) else "missed"
