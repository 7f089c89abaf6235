"""Quantiles of times: how long it takes until half of the records, or nine in ten, have ended; and two years of them.

Both are read off cells, which add up: how many records of a week and a channel have a time, and how many ended then.
That all times have shifted is seen far sooner than that the one in their middle has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kpibar.kpis.dependence import (
    FEWEST_WEEKS,
    Quotient,
    as_weeks_of,
    design_effect,
    difference_of_weeks,
    small_sample_factor,
    variance_of_sum,
)
from kpibar.kpis.estimates import Measure
from kpibar.kpis.intervals import quantile_ranks
from kpibar.kpis.survival import Curve, curve_quantile, survival_curve

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Times:
    """Cells of times, these in ascending order, and how many further records are too young.

    Each cell has its time in seconds, the number of records, how many of them ended, the number of its week and that
    of its channel.
    """

    number: NDArray[float64]
    records: NDArray[int64]
    ended: NDArray[int64]
    week: NDArray[int64]
    channel: NDArray[int64]
    young: int = 0

    @cached_property
    def base(self) -> int:
        """The number of records."""
        return int(self.records.sum())

    @cached_property
    def curve(self) -> Curve:
        """The share still running after each time."""
        return survival_curve(self.number, self.records, self.ended)

    def effect_at(self, time: float, level: float, beside: Mapping[int, Quotient] | None = None) -> float | None:
        """The design effect of the share that has ended by a time, of the records of which that is known.

        `beside` are such shares of the other year (`weeks_at`), by the number of the week of this one.
        """
        weeks = self.weeks_at(time)
        hits, known = (sum(getattr(week, name) for week in weeks.values()) for name in ("numerator", "base"))
        share = hits / known if known else 0.0
        return design_effect(Quotient(hits, known, share * (1 - share)), weeks, level, beside)

    def weeks_at(self, time: float) -> dict[int, Quotient]:
        """How many of the records of each week have ended by a time, and of how many that is known."""
        import numpy

        if not len(self.week):
            return {}
        hits = numpy.where(self.number <= time, self.ended, 0)
        known = hits + numpy.where(self.number > time, self.records, 0)
        first = int(self.week.min())
        sums = (numpy.bincount(self.week - first, values).tolist() for values in (hits, known))
        return {week: Quotient(x, n) for week, (x, n) in enumerate(zip(*sums, strict=True), first)}


# The figure of a quantile, at a confidence level and with the design effect of the records, None: it is not known.
TimesFigure = Callable[[Times, float, float, float | None], Measure]


def running_quantile(times: Times, fraction: float, level: float, effect: float | None) -> Measure:
    """The quantile of a curve; where it is not reached, the longest time seen."""
    quantile = curve_quantile(times.curve, fraction, level, effect or 1.0)
    figure = Measure(
        quantile.value, float(times.curve.ended), float(times.base), quantile.low, quantile.high, times.base,
        design_effect=effect,
    )  # fmt: skip
    if quantile.value is not None:
        return figure
    return replace(figure, low=times.curve.longest, high=None, reason="not_reached")


def quantile_of_all(times: Times, fraction: float, level: float, effect: float | None) -> Measure:
    """The quantile of times that are all over, bounded by two of the sorted ones.

    Their places are those of order statistics of as many independent records as these are worth; source: Woodruff
    (1952), JASA 47.
    """
    import numpy

    values = numpy.repeat(times.number, times.records)
    figure = Measure(
        float(numpy.quantile(values, fraction)), None, float(times.base), base=times.base, design_effect=effect
    )
    worth = int(times.base / (effect or 1.0))
    ranks = quantile_ranks(worth, fraction, level)
    if ranks is None:
        return figure
    low, high = (float(numpy.quantile(values, (rank - 1) / (worth - 1))) for rank in ranks)
    return replace(figure, low=low, high=high)


@dataclass(frozen=True)
class Shift:
    """How the times of a year lie to those of the year before.

    `longer` is the probability that a record of the year takes longer than one of the year before, of the same channel;
    .5 where they are alike. `p_value` tells how often chance alone makes it differ from that as much.
    """

    longer: float
    p_value: float


# A channel of fewer records, in either year, tells too little of how its times vary.
_FEWEST_RECORDS = 10
# Channels in both years hold at least this part of the records of each, or nothing is said of all.
_LEAST_PART = 0.5
# A variance that is mere rounding.
_ROUNDING = 1e-15


def compare_times(now: Times, before: Times, level: float, minimum: int = _FEWEST_RECORDS) -> Shift | None:
    """The test of two sets of times as a whole, within channels; None where too few are of a channel that both have.

    Records have the scores of Peto and Peto (1972), JRSS A 135: 1 - S(t-) - S(t) where they ended at t and 1 - S(t)
    where they still run, S the curve of both years. Without running ones these are ranks, and the test that of Mann and
    Whitney (1947). Channels are weighted as by van Elteren (1960); those of fewer records than `minimum`, 10 at least,
    are left out. The variance is that of the differences of the weeks of both years, in which channels share their good
    and bad days, or of independent records if larger.
    """
    sides = (now, before)
    channels = _large_channels(sides, max(minimum, _FEWEST_RECORDS))
    if not channels:
        return None
    shift = weights = independent = 0.0
    residuals: list[dict[int, float]] = [{}, {}]
    for parts in channels:
        bases = [part.base for part in parts]
        weight = bases[0] * bases[1] / (sum(bases) + 1)
        scores = [_scores(part, _join(parts)) for part in parts]
        means = [float(sums.sum()) / base for (sums, _), base in zip(scores, bases, strict=True)]
        shift, weights = shift + weight * (means[0] - means[1]) / 2, weights + weight
        for place, part in enumerate(parts):
            sums, squares = scores[place]
            scale = weight / bases[place] / 2
            spread = max(0.0, float(squares.sum()) - bases[place] * means[place] ** 2)
            independent += scale**2 * spread * bases[place] / (bases[place] - 1)
            for week, residual in _by_week(part.week, scale * (sums - means[place] * part.records)):
                residuals[place][week] = residuals[place].get(week, 0.0) + residual
    variance = _variance(residuals, independent, level)
    if variance <= _ROUNDING * weights**2:
        return Shift(0.5 + shift / weights, float(abs(shift) <= _ROUNDING * weights))
    return Shift(0.5 + shift / weights, math.erfc(abs(shift) / math.sqrt(2 * variance)))


def _large_channels(sides: Sequence[Times], minimum: int) -> list[list[Times]]:
    """The times of each channel with so many records in both years; none where they hold too small a part of either."""
    import numpy

    common = numpy.intersect1d(sides[0].channel, sides[1].channel).tolist()
    channels = [[_of_channel(side, channel) for side in sides] for channel in common]
    large = [parts for parts in channels if min(part.base for part in parts) >= minimum]
    sizes = [sum(parts[place].base for parts in large) for place in (0, 1)]
    is_most = all(size >= _LEAST_PART * side.base for size, side in zip(sizes, sides, strict=True))
    return large if is_most else []


def _variance(residuals: Sequence[Mapping[int, float]], independent: float, level: float) -> float:
    """The variance of the difference of two years, by the residuals of the weeks of each."""
    if min(map(len, residuals)) < FEWEST_WEEKS:
        return independent
    variance, degrees = variance_of_sum(difference_of_weeks(residuals[0], as_weeks_of(residuals[1], 0)))
    return max(variance * small_sample_factor(degrees, level), independent)


def _by_week(week: NDArray[int64], values: NDArray[float64]) -> Iterator[tuple[int, float]]:
    import numpy

    first = int(week.min())
    sums, records = numpy.bincount(week - first, values), numpy.bincount(week - first)
    for place in numpy.flatnonzero(records).tolist():
        yield first + place, float(sums[place])


def _of_channel(times: Times, channel: int) -> Times:
    rows = times.channel == channel
    if bool(rows.all()):
        return times
    return Times(*(column[rows] for column in (times.number, times.records, times.ended, times.week, times.channel)))


def _join(parts: Sequence[Times]) -> Curve:
    """The curve of the records of several sets."""
    import numpy

    columns = ([getattr(part, name) for part in parts] for name in ("number", "records", "ended"))
    return survival_curve(*(numpy.concatenate(column) for column in columns))


def _scores(times: Times, curve: Curve) -> tuple[NDArray[float64], NDArray[float64]]:
    """The sum of the scores of the records of each cell, and that of their squares."""
    import numpy

    survival = numpy.concatenate([[1.0], curve.survival])
    at = survival[numpy.searchsorted(curve.times, times.number, side="right")]
    before = survival[numpy.searchsorted(curve.times, times.number, side="left")]
    over, running, rest = 1 - before - at, 1 - at, times.records - times.ended
    return times.ended * over + rest * running, times.ended * over**2 + rest * running**2
