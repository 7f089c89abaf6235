"""How far rows depend on each other: late parcels of a week share a strike, the calls of a day share a queue.

The rows of a year are then worth fewer independent ones. How many fewer is seen in its weeks: where they differ more
than independent rows make them differ, the variance of the year's figure is larger by the same factor, its design
effect. A year of n rows is then as uncertain as n / effect independent ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

# Fewer weeks with rows tell too little of how they differ.
FEWEST_WEEKS = 8


@dataclass(frozen=True)
class Quotient:
    """A figure as a numerator over a base, both sums over rows; `variance` is that of a single row of the base."""

    numerator: float
    base: float
    variance: float = 0.0


def design_effect(whole: Quotient, weeks: Sequence[Quotient], level: float) -> float | None:
    """How many times the variance of a figure is that of independent rows; None of too few weeks to be known.

    With r = x - p n in each of k weeks, p the whole figure and N its base: V = k / (k - 1) sum r² / N², over the
    variance of N independent rows, and at least 1; source: Kish (1965), Survey Sampling, with the
    linearised variance of a ratio of Woodruff (1971), JASA 66. Times (t / z)² at k - 1 degrees of freedom, as V is an
    estimate of k weeks. A figure of which all rows are alike has an effect of 1: its interval is that of its base.

    Example: 4 of 10 late in each of 52 weeks gives 1.05; 8 of 10 in every other one and none in the others, 7.13.
    """
    filled = [week for week in weeks if week.base or week.numerator]
    if len(filled) < FEWEST_WEEKS or not whole.base:
        return None
    if whole.variance <= 0:
        return 1.0
    figure = whole.numerator / whole.base
    squares = sum((week.numerator - figure * week.base) ** 2 for week in filled)
    variance = len(filled) / (len(filled) - 1) * squares / whole.base
    return max(1.0, variance / whole.variance) * small_sample_factor(len(filled) - 1, level)


@lru_cache(maxsize=512)
def small_sample_factor(degrees: int, level: float) -> float:
    """(t / z)²: how much wider, squared, an interval is whose variance is estimated with so many degrees of freedom."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    return (student_quantile(z, degrees) / z) ** 2


def student_quantile(z: float, degrees: int) -> float:
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
