"""What is open at a moment: how many records there are, and how old they are.

Of some records it is not known for certain whether they were open then: an export tells the last end alone, and maybe
no time of it. What a figure would be without or with them bounds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kpibar.kpis.estimates import Measure
from kpibar.kpis.intervals import Interval, quantile_ranks

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Stock:
    """The ages of the records open at a moment, in seconds, ascending.

    `may_be_closed` are those of the records among them that may not have been open, `may_be_open` those of further ones
    that may have been; `has_doubt` tells whether such records are looked for at all.
    """

    ages: "NDArray[float64]"
    may_be_closed: "NDArray[float64]"
    may_be_open: "NDArray[float64]"
    has_doubt: bool


def count_of_stock(stock: Stock, fraction: float, level: float) -> Measure:
    """How many records are open; the fraction is left aside. A count has no interval."""
    number = len(stock.ages)
    bounds = Interval(number - len(stock.may_be_closed), number + len(stock.may_be_open))
    return Measure(
        float(number),
        float(number),
        None,
        base=number,
        bounds=bounds if stock.has_doubt else None,
        hits_in_doubt=len(stock.may_be_open),
        misses_in_doubt=len(stock.may_be_closed),
    )


def age_of_stock(stock: Stock, fraction: float, level: float) -> Measure:
    """The quantile of the ages at a fraction, bounded by order statistics at a confidence level."""
    import numpy

    number = len(stock.ages)
    if not number:
        return Measure(denominator=0.0, reason="no_rows")
    ranks = quantile_ranks(number, fraction, level)
    low, high = (None, None) if ranks is None else (float(stock.ages[rank - 1]) for rank in ranks)
    return Measure(
        float(numpy.quantile(stock.ages, fraction)),
        None,
        float(number),
        low,
        high,
        base=number,
        bounds=_bounds(stock, fraction) if stock.has_doubt else None,
        hits_in_doubt=len(stock.may_be_open),
        misses_in_doubt=len(stock.may_be_closed),
    )


def _bounds(stock: Stock, fraction: float) -> Interval:
    """The lowest and the highest quantile, whichever of the records in doubt were open."""
    import numpy

    if not len(stock.may_be_closed) + len(stock.may_be_open):
        value = float(numpy.quantile(stock.ages, fraction))
        return Interval(value, value)
    certain = _without(stock.ages, stock.may_be_closed)
    doubtful = numpy.sort(numpy.concatenate([stock.may_be_closed, stock.may_be_open]))
    return Interval(
        lowest_quantile(certain, doubtful, fraction),
        -lowest_quantile(-certain[::-1], -doubtful[::-1], round(1 - fraction, 12)),
    )


def _without(ages: "NDArray[float64]", part: "NDArray[float64]") -> "NDArray[float64]":
    """The ages without those of a part of them, each as often as it is in the part."""
    import numpy

    values, counts = numpy.unique(ages, return_counts=True)
    numpy.subtract.at(counts, numpy.searchsorted(values, part), 1)
    return numpy.repeat(values, counts)


def lowest_quantile(certain: "NDArray[float64]", doubtful: "NDArray[float64]", fraction: float) -> float:
    """A value below which no quantile of sorted values lies, whichever of other sorted values are added to them.

    Of so many that are added the smallest give the lowest quantile, and each of these lowers it as long as it is
    below it: how many are is found by halving. That holds of the value at or below the quantile, which is taken here.
    """
    import numpy

    def quantile(added: int, method: Literal["lower", "linear"] = "lower") -> float:
        return float(numpy.quantile(numpy.concatenate([certain, doubtful[:added]]), fraction, method=method))

    if not len(doubtful):
        return quantile(0, "linear")
    low, high = (0 if len(certain) else 1), len(doubtful)
    while low < high:
        middle = (low + high) // 2
        if doubtful[middle] < quantile(middle):
            low = middle + 1
        else:
            high = middle
    return quantile(low)


StockFigure = Callable[[Stock, float, float], Measure]
