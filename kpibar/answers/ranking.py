"""Which carrier or mode is worst, as far as the intervals of their excess tell it apart from the others."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from kpibar.kpis.attribution import Estimate


@dataclass(frozen=True)
class Standing:
    """A carrier or mode with its excess, in contacts or per order, and its orders."""

    name: str
    excess: Estimate
    orders: int

    @property
    def per_order(self) -> "Standing":
        """The same with the excess per order."""
        value, low, high = (end / self.orders for end in (self.excess.value, self.excess.low, self.excess.high))
        return Standing(self.name, Estimate(value, low, high), self.orders)


@dataclass(frozen=True)
class Ranking:
    """The one of the largest excess, and those that cannot be told apart from it; none where it is the worst."""

    first: Standing
    rivals: tuple[Standing, ...]


def rank(standings: Iterable[Standing], confidence: float) -> Ranking | None:
    """The worst of several; None of fewer than two, or where none has a clear excess.

    A difference is told from the half widths of both intervals as if they were independent; source: Donner and Zou
    (2012), Statistical Methods in Medical Research 21. The first is compared with each other one, so each comparison
    has its part of the probability.

    >>> ten, two = Standing("A", Estimate(10, 8, 12), 50), Standing("B", Estimate(2, 0, 4), 50)
    >>> rank([two, ten], 0.95)
    Ranking(first=Standing(name='A', excess=Estimate(value=10, low=8, high=12), orders=50), rivals=())
    """
    ordered = sorted(standings, key=lambda standing: (-standing.excess.value, standing.name))
    if len(ordered) < 2 or ordered[0].excess.low <= 0:
        return None
    first, *others = ordered
    wider = _quantile(1 - (1 - confidence) / len(others)) / _quantile(confidence)
    return Ranking(first, tuple(other for other in others if not _is_clear(first.excess, other.excess, wider)))


def _is_clear(first: Estimate, other: Estimate, wider: float) -> bool:
    return first.value - other.value > wider * math.hypot(first.value - first.low, other.high - other.value)


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
