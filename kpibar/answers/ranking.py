"""Which carrier or mode is worst, as far as the intervals of their excess tell it apart from the others."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from kpibar.kpis.attribution import Estimate


@dataclass(frozen=True)
class SegmentExcess:
    """A carrier or mode with its excess, in contacts or per order, and its orders."""

    name: str
    excess: Estimate
    orders: int

    @property
    def per_order(self) -> "SegmentExcess":
        """The same with the excess per order."""
        value, low, high = (end / self.orders for end in (self.excess.value, self.excess.low, self.excess.high))
        return SegmentExcess(self.name, Estimate(value, low, high), self.orders)


@dataclass(frozen=True)
class Ranking:
    """The one of the largest excess, and those that cannot be told apart from it; none where it is the worst."""

    first: SegmentExcess
    rivals: tuple[SegmentExcess, ...]


def rank(segments: Iterable[SegmentExcess], confidence: float) -> Ranking | None:
    """The worst of several; None of fewer than two, or where none has a clear excess.

    A difference is told from the half widths of both intervals as if they were independent; source: Donner and Zou
    (2012), Statistical Methods in Medical Research 21. The first is compared with each other one, so each comparison
    has its part of the probability.

    >>> ten, two = SegmentExcess("A", Estimate(10, 8, 12), 50), SegmentExcess("B", Estimate(2, 0, 4), 50)
    >>> rank([two, ten], 0.95)
    Ranking(first=SegmentExcess(name='A', excess=Estimate(value=10, low=8, high=12), orders=50), rivals=())
    """
    by_excess = sorted(segments, key=lambda segment: (-segment.excess.value, segment.name))
    if len(by_excess) < 2 or by_excess[0].excess.low <= 0:
        return None
    first, *rivals = by_excess
    wider = _quantile(1 - (1 - confidence) / len(rivals)) / _quantile(confidence)
    return Ranking(first, tuple(rival for rival in rivals if not _is_clear(first.excess, rival.excess, wider)))


def _is_clear(first: Estimate, rival: Estimate, wider: float) -> bool:
    return first.value - rival.value > wider * math.hypot(first.value - first.low, rival.high - rival.value)


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
