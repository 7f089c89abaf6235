"""How far rows depend on each other: late parcels of a week share a strike, the calls of a day share a queue.

The rows of a year are then worth fewer independent ones. How many fewer is seen in its weeks: where they differ more
than independent rows make them differ, the variance of the year's figure is larger by the same factor, its design
effect. A year of n rows is then as uncertain as n / effect independent ones. Weeks depend on each other too: a customer
calls again on Monday, contacts follow the orders of the week before. So neighbours are looked at together. And some of
how weeks differ is season, alike in both years.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar

# Fewer weeks with rows tell too little of how they differ.
FEWEST_WEEKS = 8
# Of so many weeks a further neighbour of each is looked at, two at most: those of a year.
_WEEKS_PER_NEIGHBOUR, _NEIGHBOURS = 26, 2
# A week is compared with the one so many weeks before.
WEEKS_OF_YEAR = 52


@dataclass(frozen=True)
class Quotient:
    """A figure as a numerator over a base, both sums over rows; `variance` is that of a single row of the base."""

    numerator: float
    base: float
    variance: float = 0.0


_Sums = TypeVar("_Sums")
# The sums of weeks, by the number of the week.
Weeks = Mapping[int, Quotient]


def design_effect(whole: Quotient, weeks: Weeks, level: float, beside: Weeks | None = None) -> float | None:
    """How many times the variance of a figure is that of independent rows; None of too few weeks to be known.

    With r = (x - p n) / N in each week, p the whole figure and N its base: V = the variance of the sum of r
    (`variance_of_sum`), over that of N independent rows; source: Kish (1965), Survey Sampling, with the linearised
    variance of a ratio of Woodruff (1971), JASA 66. Times (t / z)², as V is an estimate, and at least 1. A figure of
    which all rows are alike has an effect of 1: its interval is that of its base.

    `beside` are the weeks of the other year, each by the number of the week of this one that it is compared with. What
    is alike in both is season and no chance: V is multiplied by the variance of the sum of the differences of r over
    the sum of the variances, which is 1 but for chance where years have nothing in common.

    Example: 4 of 10 late in each of 52 weeks gives 1; 8 of 10 in two weeks, none in the next two and so on, 3.02.
    """
    residuals = residuals_of_weeks(whole, weeks)
    if len(residuals) < FEWEST_WEEKS or not whole.base:
        return None
    if whole.variance <= 0:
        return 1.0
    variance, degrees = variance_of_sum(residuals)
    others = residuals_of_weeks(_sum_weeks(beside), beside) if beside else {}
    if len(others) >= FEWEST_WEEKS:
        both = variance + variance_of_sum(others)[0]
        variance *= variance_of_sum(difference_of_weeks(residuals, others))[0] / both if both else 1.0
    return max(1.0, variance * whole.base / whole.variance * small_sample_factor(degrees, level))


def as_weeks_of(weeks: Mapping[int, _Sums], place: int) -> dict[int, _Sums]:
    """The weeks of the other year, by the numbers of those of the year (0) or the year before (1) they stand beside."""
    later = WEEKS_OF_YEAR if place == 0 else -WEEKS_OF_YEAR
    return {number + later: sums for number, sums in weeks.items()}


def residuals_of_weeks(whole: Quotient, weeks: Weeks) -> dict[int, float]:
    """How far each week with rows moves the figure, by its number."""
    figure = whole.numerator / whole.base if whole.base else 0.0
    return {
        number: (week.numerator - figure * week.base) / whole.base
        for number, week in weeks.items()
        if whole.base and (week.base or week.numerator)
    }


def difference_of_weeks(residuals: Mapping[int, float], others: Mapping[int, float]) -> dict[int, float]:
    """The difference of the residuals of two years in each week that one of them has."""
    return {week: residuals.get(week, 0.0) - others.get(week, 0.0) for week in {*residuals, *others}}


def variance_of_sum(residuals: Mapping[int, float]) -> tuple[float, float]:
    """The variance of the sum of the residuals of weeks by their number, and its degrees of freedom.

    Sum of r² + 2 sum over lags up to L of (1 - lag / (L + 1)) sum of r r(lag weeks later), a lag for each 26 weeks and
    two at most; source: Newey and West (1987), Econometrica 55. Times k / (k - s), k the number of weeks and s the sum
    of all weights, as residuals lie about the mean of the same weeks. Degrees of freedom: k over the sum of the squares
    of the weights, less 1; source: Priestley (1981), Spectral Analysis and Time Series, section 6.2.
    """
    count = len(residuals)
    reach = min(_NEIGHBOURS, count // _WEEKS_PER_NEIGHBOUR)
    total, weights, squares = math.fsum(residual**2 for residual in residuals.values()), 1.0, 1.0
    for lag in range(1, reach + 1):
        weight = 1 - lag / (reach + 1)
        products = (residual * residuals.get(week + lag, 0.0) for week, residual in residuals.items())
        total += 2 * weight * math.fsum(products)
        weights, squares = weights + 2 * weight, squares + 2 * weight**2
    return max(0.0, total) * count / (count - weights), count / squares - 1


def _sum_weeks(weeks: Weeks) -> Quotient:
    return Quotient(sum(week.numerator for week in weeks.values()), sum(week.base for week in weeks.values()))


@lru_cache(maxsize=512)
def small_sample_factor(degrees: float, level: float) -> float:
    """(t / z)²: how much wider, squared, an interval is whose variance is estimated with so many degrees of freedom."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    return (student_quantile(z, degrees) / z) ** 2


def student_quantile(z: float, degrees: float) -> float:
    """The quantile of Student's t for the probability whose normal quantile is z, for 7 degrees of freedom and more.

    The first four terms of its expansion in 1 / degrees, to 0.0005 of the value at 7; source: Abramowitz and Stegun
    (1964), Handbook of Mathematical Functions, 26.7.5.
    """
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, 1))
