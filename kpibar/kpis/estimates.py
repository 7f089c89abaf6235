"""From the parts of a KPI to its figure: value, numerator, denominator and interval; and the test of two figures.

Parts are counts and sums of rows, so that a month, a segment and a year go through the same formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from kpibar.kpis import intervals
from kpibar.kpis.dependence import Quotient
from kpibar.kpis.intervals import Boxes, Difference, Interval, Moments

Status = Literal["ok", "low_base", "not_reached", "not_available"]
# Why a figure has no value. Masked: its base is below the smallest, what is left of a whole would be, a category counts
# few records, the group is too small for a report that may circulate. Else: an input is missing, no source speaks of
# those days, or all their exports end before them; the population has no rows, or none is old enough; a mix has no
# value as a whole; of running times too few have ended for their quantile to be known.
Reason = Literal[
    "small_base", "remainder", "few_records", "small_group",
    "missing_inputs", "no_source", "after_coverage", "no_rows", "immature", "shares_only", "not_reached",
    "without_column",
]  # fmt: skip
_MASKS = frozenset({"small_base", "remainder", "few_records", "small_group"})


@dataclass(frozen=True)
class Window:
    """The days a figure speaks of, both included."""

    start: date
    end: date


@dataclass(frozen=True)
class Parts:
    """What a KPI is made of in one cell; parts of two cells add up.

    `base` counts the rows of the population, `hits` those of the numerator, `against` those counted against,
    `total`, `squares` and `cubes` the sum of the values, of their squares and cubes, `immature` the rows too young.
    """

    base: float = 0
    hits: float = 0
    against: float = 0
    total: float = 0
    squares: float = 0
    cubes: float = 0
    immature: float = 0

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(
            self.base + other.base,
            self.hits + other.hits,
            self.against + other.against,
            self.total + other.total,
            self.squares + other.squares,
            self.cubes + other.cubes,
            self.immature + other.immature,
        )


@dataclass(frozen=True)
class Measure:
    """A figure and what it is made of. `value` is in raw units: shares 0 to 1, seconds, points, per order.

    `base` is what stands beside the figure as n; `design_effect` how many times its variance is that of independent
    rows (dependence.py), None where it is not known: then rows are taken as independent.
    `reason` says why there is no value: masked, its base alone is left; otherwise nothing is known of it. Where it is
    a time that is not reached, `low` is the longest one seen.
    `immature` is None where they are too few to be told. `bounds` are what it would be if none, or all, of the rows of
    which it is not known were hits: the `unknown` ones, which its base lacks, and those of its base that are
    hits or misses by a supposition. `weighted_value` is what it would be if the unknown ones were like the others of
    their channel, of which one has `fewest_unknown` at least, else none.
    """

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    base: int = 0
    immature: int | None = 0
    design_effect: float | None = None
    squares: float = 0.0
    cubes: float = 0.0
    reason: Reason | None = None
    bounds: Interval | None = None
    unknown: int = 0
    hits_in_doubt: int = 0
    misses_in_doubt: int = 0
    weighted_value: float | None = None
    fewest_unknown: int = 0

    @property
    def low_base(self) -> bool:
        """Whether it is of too few to be shown, or would give such a figure away."""
        return self.reason in _MASKS

    @property
    def status(self) -> Status:
        """Whether there is a value to show: ok, masked, a time not reached, or nothing known."""
        if self.low_base:
            return "low_base"
        if self.reason == "not_reached":
            return "not_reached"
        return "not_available" if self.value is None else "ok"

    @property
    def effect(self) -> float:
        """By how much the variance of independent rows is multiplied."""
        return 1.0 if self.design_effect is None else self.design_effect

    @property
    def interval(self) -> Interval | None:
        """Its confidence interval, when it has one."""
        return None if self.low is None or self.high is None else Interval(self.low, self.high)


# How the figures of a kind are made: of the parts of each of its operands, at a confidence level, with the design
# effect of its rows.
def count_rows(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """The number of rows, which is its own base."""
    (cell,) = parts
    return Measure(cell.base, cell.base, None, base=int(cell.base), immature=int(cell.immature))


def share_of_rows(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """The hits over the base, in 0..1: an interval of Wilson of hits / effect and base / effect."""
    (cell,) = parts
    if cell.base == 0:
        return _empty(cell)
    times = effect or 1.0
    interval = intervals.wilson(cell.hits / times, cell.base / times, level)
    return _measure(cell.hits / cell.base, cell.hits, cell, interval, effect)


def net_of_rows(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """The hits less the rows against, over the base, in points."""
    (cell,) = parts
    if cell.base == 0:
        return _empty(cell)
    boxes = Boxes(cell.hits, cell.against, cell.base)
    interval = intervals.nps_interval(boxes, level, effect or 1.0)
    figure = _measure(boxes.net, cell.hits - cell.against, cell, interval, effect)
    return replace(figure, squares=cell.hits + cell.against)


def mean_of_rows(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """The mean of the values."""
    (cell,) = parts
    if cell.base == 0:
        return _empty(cell)
    interval = intervals.mean_interval(_moments_of_cell(cell), level, effect or 1.0)
    figure = _measure(cell.total / cell.base, cell.total, cell, interval, effect)
    return replace(figure, squares=cell.squares, cubes=cell.cubes)


def events_per_unit(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """Events per unit, with an interval widened by how much events cluster.

    The parts are events, units and, where it is known, the distribution of events over units. They cluster in units
    and in weeks: the larger effect counts.
    """
    events, units, *clusters = parts
    if units.base == 0:
        return Measure(numerator=events.base, denominator=0.0, reason="no_rows")
    known = [size for size in (effect, *(dispersion(cluster, events.base) for cluster in clusters)) if size is not None]
    largest = max(known, default=None)
    interval = intervals.rate_per_unit(events.base, units.base, largest or 1.0, level)
    return _measure(events.base / units.base, events.base, replace(units, immature=0), interval, largest)


def base_of_rows(parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
    """The base alone: the shares of a mix have no value together, and a quantile is no sum of parts."""
    (cell,) = parts
    return Measure(denominator=cell.base, base=int(cell.base), reason="shares_only")


def _empty(cell: Parts) -> Measure:
    young = int(cell.immature)
    return Measure(numerator=0.0, denominator=0.0, immature=young, reason="immature" if young else "no_rows")


def _measure(
    value: float, numerator: float, cell: Parts, interval: Interval | None, effect: float | None = None
) -> Measure:
    low, high = (interval.low, interval.high) if interval else (None, None)
    base, young = int(cell.base), int(cell.immature)
    return Measure(value, numerator, float(base), low, high, base, young, design_effect=effect)


def _moments_of_cell(cell: Parts) -> Moments:
    return Moments(cell.base, cell.total, cell.squares, cell.cubes)


def dispersion(clusters: Parts, events: float) -> float | None:
    """Variance over mean of the number of events per unit; None of fewer than two units, or where no event has one.

    It is seen in the events whose unit is known, which are a part q of all: phi = 1 + (phi seen - 1) / q, as a share
    of events left out by chance takes the same share of what phi is above 1. At least 1, as events that fall on units
    by chance have.
    """
    if clusters.base < 2 or clusters.total <= 0:
        return None
    mean = clusters.total / clusters.base
    variance = (clusters.squares - clusters.base * mean * mean) / (clusters.base - 1)
    part = min(1.0, clusters.total / events) if events else 1.0
    return max(1.0, 1 + (variance / mean - 1) / part)


# The two sums that a figure is the quotient of, with the variance of a row: its design effect is seen in them.
def quotient_of_share(parts: Sequence[Parts]) -> Quotient:
    """The hits over the base."""
    (cell,) = parts
    share = cell.hits / cell.base if cell.base else 0.0
    return Quotient(cell.hits, cell.base, share * (1 - share))


def quotient_of_net(parts: Sequence[Parts]) -> Quotient:
    """The hits less the rows against, over the base."""
    (cell,) = parts
    net, boxes = cell.hits - cell.against, cell.hits + cell.against
    return Quotient(net, cell.base, boxes / cell.base - (net / cell.base) ** 2 if cell.base else 0.0)


def quotient_of_mean(parts: Sequence[Parts]) -> Quotient:
    """The sum of the values over their number."""
    (cell,) = parts
    return Quotient(cell.total, cell.base, _moments_of_cell(cell).variance if cell.base > 1 else 0.0)


def quotient_of_rate(parts: Sequence[Parts]) -> Quotient:
    """Events over units; the number of events of a unit has the variance of its mean, as Poisson events have."""
    events, units, *_ = parts
    return Quotient(events.base, units.base, events.base / units.base if units.base else 0.0)


def bounds_of_share(measure: Measure, unknown: float, hits_in_doubt: float, misses_in_doubt: float) -> Interval | None:
    """Between which shares of all rows the hits lie, if none or all of those not known are hits; None of no rows.

    (hits - hits in doubt) / (base + unknown) and (hits + misses in doubt + unknown) / (base + unknown); source: Manski
    (2003), Partial Identification of Probability Distributions, section 1.2. The base is taken as it is counted: of
    issues, it would be another one where a contact is of another issue than supposed.
    """
    hits, base = _counts(measure)
    rows = base + unknown
    return Interval((hits - hits_in_doubt) / rows, (hits + misses_in_doubt + unknown) / rows) if rows else None


def bounds_of_rate(measure: Measure, unknown: float, hits_in_doubt: float, misses_in_doubt: float) -> Interval | None:
    """Between which numbers per unit the events lie, if none or all of the unknown ones are; None of no units.

    Events are counts, of which none is in doubt.
    """
    events, units = _counts(measure)
    return Interval(events / units, (events + unknown) / units) if units else None


def share_of_hits(measure: Measure, hits: float, rows: float) -> float | None:
    """The share of so many hits among all rows, those of which it is not known included; None of no rows."""
    return hits / rows if rows else None


def rate_of_hits(measure: Measure, hits: float, rows: float) -> float | None:
    """So many events per unit of a rate; None of no units."""
    _, units = _counts(measure)
    return hits / units if units else None


def difference_of_shares(now: Measure, before: Measure, level: float) -> Difference | None:
    """The difference of two shares of rows."""
    (hits, base), (hits_before, base_before) = _counts(now), _counts(before)
    return intervals.share_difference(
        hits / now.effect, base / now.effect, hits_before / before.effect, base_before / before.effect, level
    )


def difference_of_rates(now: Measure, before: Measure, level: float) -> Difference | None:
    """The difference of two numbers of events per unit."""
    return intervals.rate_difference(*_counts(now), *_counts(before), now.effect, before.effect, level)


def difference_of_means(now: Measure, before: Measure, level: float) -> Difference | None:
    """The difference of two means."""
    return intervals.mean_difference(_moments(now), _moments(before), level, now.effect, before.effect)


def difference_of_nets(now: Measure, before: Measure, level: float) -> Difference | None:
    """The difference of two net scores."""
    return intervals.nps_difference(_boxes(now), _boxes(before), level, now.effect, before.effect)


def difference_by_intervals(now: Measure, before: Measure, level: float) -> Difference | None:
    """The difference of two figures of which intervals are all that is known; None without them."""
    if now.interval and before.interval and now.value is not None and before.value is not None:
        return intervals.difference_from_intervals(now.value, now.interval, before.value, before.interval, level)
    return None


def _counts(measure: Measure) -> tuple[float, float]:
    return measure.numerator or 0.0, measure.denominator or 0.0


def _moments(measure: Measure) -> Moments:
    return Moments(measure.base, measure.numerator or 0.0, measure.squares, measure.cubes)


def _boxes(measure: Measure) -> Boxes:
    """Promoters, detractors and base of a net score, from their difference and sum."""
    net, sum_of_boxes = measure.numerator or 0.0, measure.squares
    return Boxes((sum_of_boxes + net) / 2, (sum_of_boxes - net) / 2, measure.denominator or 0.0)
