"""Quantiles of times of which some still run, counted a second time: record by record, in exact fractions."""

from collections.abc import Iterable
from fractions import Fraction


def reached(records: Iterable[tuple[float, bool]], quantile: Fraction = Fraction(1, 2)) -> float | None:
    """The first time after which at most 1 - `quantile` of the records still run (Kaplan-Meier); None: not reached.

    A record is a time and whether it ended then.
    """
    share, rows = Fraction(1), sorted(records)
    for time in sorted({time for time, ended in rows if ended}):
        at_risk = sum(other >= time for other, _ in rows)
        ending = sum(ended and other == time for other, ended in rows)
        share *= Fraction(at_risk - ending, at_risk)
        if share <= 1 - quantile:
            return time
    return None
