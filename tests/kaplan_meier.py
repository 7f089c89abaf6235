"""Quantiles of times of which some still run, counted a second time: record by record, in exact fractions."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby


def reached(records: Iterable[tuple[float, bool]], quantile: Fraction = Fraction(1, 2)) -> float | None:
    """The first time after which at most 1 - `quantile` of the records still run (Kaplan-Meier); None: not reached.

    A record is a time and whether it ended then.
    """
    rows = sorted(records)
    share, at_risk = Fraction(1), len(rows)
    for time, group in groupby(rows, key=lambda row: row[0]):
        ends = [ended for _, ended in group]
        if any(ends):
            share *= Fraction(at_risk - sum(ends), at_risk)
            if share <= 1 - quantile:
                return float(time)
        at_risk -= len(ends)
    return None
