"""From the figures of two years to change and verdict.

A verdict needs a change that is clear (its p-value, adjusted within the family, is below 1 - confidence, and its
interval excludes 0) and that matters in practice. Intervals say how far chance alone may move a figure of this size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kpibar.config import Reporting
from kpibar.kpis import intervals
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.estimates import Measure

Verdict = Literal["better", "worse", "unclear", "none"]
Status = Literal["ok", "low_base", "not_available"]
_NEAR = 0.075


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


def change(kpi: Kpi, now: Measure, before: Measure, level: float) -> Change | None:
    """The change and its test; None when either value is unknown."""
    if now.value is None or before.value is None:
        return None
    absolute = now.value - before.value
    relative = absolute / before.value if before.value > 0 and kpi.unit != "points" else None
    tested = kpi.spec.difference(now, before, level)
    if tested is None:
        return Change(absolute, relative)
    return Change(absolute, relative, tested.low, tested.high, tested.p_value, tested.p_value)


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
    if not kpi.spec.shares and measure.value is None:
        return "not_available"
    if not kpi.spec.counts and measure.base < reporting.min_base:
        return "low_base"
    return "ok"


def mask(kpi: Kpi, measure: Measure, reporting: Reporting) -> Measure:
    """The measure as it may be shown: of too small a base, the base alone. A count is a base itself."""
    (shown,) = kpi.spec.mask([measure], reporting.min_base)
    return shown


def mask_parts(kpi: Kpi, parts: Sequence[Measure], reporting: Reporting) -> list[Measure]:
    """The parts of a figure, its months or segments, as they may be shown beside the whole."""
    rule = (kpi.spec.mask_own_parts if kpi.own else None) or kpi.spec.mask_parts
    return rule(parts, reporting.min_base)


def target_status(kpi: Kpi, value: float, target: float) -> Literal["met", "near", "missed"]:
    """Whether a target is met, missed, or missed by less than 7.5 % of itself."""
    gap = value - target if kpi.better == "lower" else target - value
    if gap <= 0:
        return "met"
    return "near" if gap <= _NEAR * abs(target) else "missed"
