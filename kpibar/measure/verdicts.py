"""From the figures of two years to change and verdict.

A verdict needs a change that is clear (its p-value, adjusted within the family, is below 1 - confidence, and its
interval excludes 0) and that matters in practice. Intervals say how far chance alone may move a figure of this size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from kpibar.config import Reporting
from kpibar.kpis import intervals
from kpibar.kpis.estimates import Measure
from kpibar.kpis.passport import Passport
from kpibar.measure.report import Change, Row, Segment, Target

_NEAR = 0.075


def difference(kpi: Passport, now: Measure, before: Measure, level: float) -> Change | None:
    """The change and its test; None when either value is unknown."""
    if now.value is None or before.value is None:
        return None
    absolute = now.value - before.value
    relative = absolute / before.value if before.value > 0 and kpi.unit != "points" else None
    test = kpi.spec.difference(now, before, level)
    if test is None:
        return Change(absolute, relative)
    return Change(absolute, relative, test.low, test.high, test.p_value, test.p_value)


def segment_changes(kpi: Passport, segments: Sequence[Segment], comparable: bool, level: float) -> tuple[Segment, ...]:
    """The segments with their change, where both figures are shown and the years compare."""
    return tuple(
        replace(segment, change=difference(kpi, segment.now, segment.before, level))
        if comparable and segment.status == "ok" and not segment.before.low_base
        else segment
        for segment in segments
    )


def judge_rows(rows: Sequence[Row], reporting: Reporting) -> list[Row]:
    """The rows with their verdicts: p-values are adjusted within each family, then within the segments of each KPI."""
    changes: dict[str, Change] = {}
    for family in dict.fromkeys(row.kpi.family for row in rows):
        changes |= adjust({row.kpi.id: row.change for row in rows if row.change and row.kpi.family == family})
    return [
        replace(
            row,
            change=judge(row.kpi, changes[row.kpi.id], reporting) if row.change else None,
            segments=_judge_segments(row, reporting),
        )
        for row in rows
    ]


def _judge_segments(row: Row, reporting: Reporting) -> tuple[Segment, ...]:
    changes = adjust({segment.key: segment.change for segment in row.segments if segment.change})
    return tuple(
        replace(segment, change=judge(row.kpi, changes[segment.key], reporting) if segment.change else None)
        for segment in row.segments
    )


def judge(kpi: Passport, change: Change, reporting: Reporting) -> Change:
    """The change with its verdict, once its p-value has been adjusted."""
    clear = change.p_adjusted is not None and change.p_adjusted < 1 - reporting.confidence and not _has_zero(change)
    if kpi.better == "none" or change.p_adjusted is None:
        return replace(change, clear=clear)
    if not (clear and _matters(kpi, change, reporting)):
        return replace(change, clear=clear, verdict="unclear")
    is_better = (change.absolute < 0) == (kpi.better == "lower")
    return replace(change, clear=clear, verdict="better" if is_better else "worse")


def _has_zero(change: Change) -> bool:
    """Whether the interval holds 0: the test of shares and rates is another one than that of their interval."""
    return change.low is not None and change.high is not None and change.low <= 0 <= change.high


def _matters(kpi: Passport, change: Change, reporting: Reporting) -> bool:
    """Larger than the practical threshold: in points for shares and scores, or relative to the value before."""
    points = abs(change.absolute) * {"share": 100, "points": 1}.get(kpi.unit, 0)
    relative = abs(change.relative or 0.0)
    return points >= reporting.practical_points or relative >= reporting.practical_relative


def adjust(changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of one family with p-values adjusted for looking at several (Benjamini and Hochberg, 1995)."""
    p_values = {name: change.p_value for name, change in changes.items() if change.p_value is not None}
    values = intervals.benjamini_hochberg(list(p_values.values()))
    return {**changes, **{n: replace(changes[n], p_adjusted=p) for n, p in zip(p_values, values, strict=True)}}


def judge_target(kpi: Passport, now: Measure, target: float | None) -> Target | None:
    """The target of the settings and whether it is met; None without target, value or direction."""
    if target is None or now.value is None or kpi.better == "none":
        return None
    return Target(target, _target_status(kpi, now.value, target))


def _target_status(kpi: Passport, value: float, target: float) -> Literal["met", "near", "missed"]:
    """Whether a target is met, missed, or missed by less than 7.5 % of itself."""
    gap = value - target if kpi.better == "lower" else target - value
    if gap <= 0:
        return "met"
    return "near" if gap <= _NEAR * abs(target) else "missed"
