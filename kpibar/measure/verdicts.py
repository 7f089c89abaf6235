"""From the figures of two years to change and verdict.

A change is clear when chance alone would seldom make it: its p-value, adjusted for all that the report looks at, is
below 1 - confidence. Whether it matters is another question: each KPI has a margin below which a change is small. So
what is surely no larger than the margin is stable, and what may be anything cannot be told.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Literal, TypeVar

from kpibar.config import Reporting
from kpibar.kpis import intervals
from kpibar.kpis.estimates import Measure
from kpibar.kpis.passport import OWN_FAMILY, Passport
from kpibar.kpis.times import Shift
from kpibar.measure.report import Breakdown, Change, Row, Segment, Target, Verdict

_NEAR = 0.075
# How many times the error of another KPI one declared as a headline is allowed.
_HEADLINE_WEIGHT = 4.0
# Of true changes of the smallest visible size, four in five are clear.
_POWER = 0.8


def difference(
    kpi: Passport, now: Measure, before: Measure, reporting: Reporting, shift: Shift | None = None
) -> Change | None:
    """The change and its test; None when either value is unknown.

    `shift` tests the times of the two years as a whole, where the KPI is one of times.
    """
    if now.value is None or before.value is None:
        return None
    absolute = now.value - before.value
    relative = absolute / before.value if before.value > 0 and kpi.unit != "points" else None
    test, least = kpi.spec.difference(now, before, reporting.confidence), margin(kpi, before.value)
    if shift is not None:
        low, high = (test.low, test.high) if test else (None, None)
        return Change(absolute, relative, low, high, p_value=shift.p_value, margin=least, longer=shift.longer)
    if test is None:
        return Change(absolute, relative)
    normal = NormalDist()
    z = normal.inv_cdf((1 + reporting.confidence) / 2)
    visible = (test.high - test.low) / (2 * z) * (z + normal.inv_cdf(_POWER))
    return Change(absolute, relative, test.low, test.high, test.p_value, margin=least, smallest_visible=visible)


def margin(kpi: Passport, before: float) -> float:
    """The smallest change of a figure that matters, in its unit."""
    return max(kpi.margin, kpi.margin_relative * abs(before))


def segment_changes(
    kpi: Passport,
    segments: Sequence[Segment],
    comparable: bool,
    reporting: Reporting,
    shifts: Mapping[str | None, Shift],
) -> tuple[Segment, ...]:
    """The segments with their change, where both figures are shown and the years compare."""
    return tuple(
        replace(segment, change=difference(kpi, segment.now, segment.before, reporting, shifts.get(segment.key)))
        if comparable and segment.status == "ok" and not segment.before.low_base
        else segment
        for segment in segments
    )


def judge_rows(rows: Sequence[Row], reporting: Reporting) -> list[Row]:
    """The rows with their verdicts.

    The p-values of all rows are adjusted together, and those of all their segments: whoever looks at sixty figures sees
    some of them move by chance. KPIs of which no direction is good have no verdict, and those of the settings are the
    user's own question: neither takes from what the others may show.
    """
    places: list[tuple[Passport, Place, Change | None]] = [(row.kpi, (row.kpi.id, None), row.change) for row in rows]
    parts: list[tuple[Passport, Place, Change | None]] = [
        (row.kpi, (row.kpi.id, (part.dimension, segment.key)), segment.change)
        for row in rows
        for part in row.breakdowns
        for segment in part.segments
    ]
    changes = {**_adjust_groups(places), **_adjust_groups(parts)}
    return [
        replace(
            row,
            change=judge(row.kpi, changes.get((row.kpi.id, None)), reporting),
            breakdowns=tuple(_judge_segments(row.kpi, part, changes, reporting) for part in row.breakdowns),
        )
        for row in rows
    ]


# A KPI and one of its segments, by its dimension; None: all of it.
Place = tuple[str, tuple[str, str] | None]


def _judge_segments(
    kpi: Passport, breakdown: Breakdown, changes: Mapping[Place, Change], reporting: Reporting
) -> Breakdown:
    """A breakdown whose segments have their verdicts."""
    segments = (
        replace(part, change=judge(kpi, changes.get((kpi.id, (breakdown.dimension, part.key))), reporting))
        for part in breakdown.segments
    )
    return replace(breakdown, segments=tuple(segments))


_Name = TypeVar("_Name", bound=Hashable)


def _adjust_groups(places: Iterable[tuple[Passport, Place, Change | None]]) -> dict[Place, Change]:
    """The changes by the KPI and segment they are of, adjusted within what is looked at together."""
    groups: dict[Hashable, dict[Place, Change]] = {}
    weights: dict[Place, float] = {}
    for kpi, place, change in places:
        if change is not None:
            groups.setdefault((kpi.family == OWN_FAMILY, kpi.better == "none"), {})[place] = change
            weights[place] = _HEADLINE_WEIGHT if kpi.headline else 1.0
    changes: dict[Place, Change] = {}
    for group in groups.values():
        changes |= adjust(group, weights)
    return changes


def adjust(changes: Mapping[_Name, Change], weights: Mapping[_Name, float] | None = None) -> dict[_Name, Change]:
    """The changes of one family with p-values adjusted for looking at several; `weights` tell those declared."""
    p_values = {name: change.p_value for name, change in changes.items() if change.p_value is not None}
    values = intervals.benjamini_hochberg(
        list(p_values.values()), None if weights is None else [weights[name] for name in p_values]
    )
    return {**changes, **{n: replace(changes[n], p_adjusted=p) for n, p in zip(p_values, values, strict=True)}}


def judge(kpi: Passport, change: Change | None, reporting: Reporting) -> Change | None:
    """The change with its verdict, once its p-value has been adjusted."""
    if change is None or change.p_adjusted is None or (least := change.margin) is None:
        return change
    clear = change.p_adjusted < 1 - reporting.confidence and not _contradicts(change)
    change = replace(change, clear=clear)
    return change if kpi.better == "none" else replace(change, verdict=_verdict(kpi, change, least))


def _verdict(kpi: Passport, change: Change, margin: float) -> Verdict:
    """What may be said of a change: clear and large, surely within the margin, clear but small, or none of these."""
    if change.clear and abs(change.absolute) >= margin:
        return "better" if (change.absolute < 0) == (kpi.better == "lower") else "worse"
    if change.low is not None and change.high is not None and -margin <= change.low and change.high <= margin:
        return "stable"
    return "small" if change.clear else "cannot_tell"


def _contradicts(change: Change) -> bool:
    """Whether the interval holds 0, as the test of shares and rates is another one than that of their interval.

    Of times the test is that of all of them, and sees more than their middle shows: the two must agree in direction.
    """
    if change.longer is not None:
        return (change.longer - 0.5) * change.absolute <= 0
    return change.low is not None and change.high is not None and change.low <= 0 <= change.high


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
