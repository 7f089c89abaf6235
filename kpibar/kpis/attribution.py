"""How many contacts orders with a fault have beyond those of like orders without it: pure functions over sums.

Orders stand in strata of what they have in common (carrier, mode, brand). Each stratum has two sides, of orders that
came late and of those that came on time, and contacts are counted alike on both: so the contacts that every order
causes fall out. The excess is an association. What else makes late orders different, and is in no stratum, is in it;
and contacts that somebody else's late order caused on an order that came on time are taken off it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from kpibar.kpis.intervals import Interval

# What the orders of a stratum have in common, the broadest first: a shorter key is a coarser stratum.
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class OrderSums:
    """Sums over orders: of their contacts made after the promise ended, of all their contacts, and of both squared.

    Contacts may be weighted, by what each costs; `with_contact` counts the orders with at least one after the promise.
    """

    orders: float = 0
    with_contact: float = 0
    after: float = 0
    after_squares: float = 0
    whole: float = 0
    whole_squares: float = 0
    products: float = 0

    def __add__(self, other: "OrderSums") -> "OrderSums":
        return OrderSums(
            self.orders + other.orders,
            self.with_contact + other.with_contact,
            self.after + other.after,
            self.after_squares + other.after_squares,
            self.whole + other.whole,
            self.whole_squares + other.whole_squares,
            self.products + other.products,
        )

    @property
    def mean(self) -> float:
        """Contacts after the promise per order."""
        return self.after / self.orders

    def squares_of(self, per_after: float, per_order: float, per_whole: float) -> float:
        """The sum over the orders of (a · after + b + c · whole)²."""
        a, b, c = per_after, per_order, per_whole
        squares = a * a * self.after_squares + b * b * self.orders + c * c * self.whole_squares
        return squares + 2 * (a * b * self.after + a * c * self.products + b * c * self.whole)


@dataclass(frozen=True)
class Stratum:
    """Orders that have a key in common, those that came late and those that came on time."""

    key: Key
    late: OrderSums
    on_time: OrderSums


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Attribution:
    """What late orders have beyond like orders on time.

    `expected` are the contacts the late orders would have had after the promise at the rate of those on time; `excess`
    those beyond it; `share` the excess out of `whole`, all contacts about the orders of both sides, whenever made;
    `ratio` how many times the expected ones the late orders have, None where none is expected. `coarser` late orders
    were compared with a coarser stratum than their own, which has too few on time.
    """

    late: OrderSums
    on_time: OrderSums
    whole: float
    expected: float
    excess: Estimate
    share: Estimate | None
    ratio: Estimate | None
    coarser: float


@dataclass(frozen=True)
class Unlinked:
    """Contacts about an order nobody knows, weighted as the others, and the sum of their squares."""

    total: float
    squares: float


def attribute(
    strata: Sequence[Stratum],
    fewest: int,
    level: float = 0.95,
    belongs: Callable[[Key], bool] = lambda key: True,
) -> Attribution | None:
    """The excess of the late orders, of all strata or of those whose key `belongs`; None where nothing compares.

    Excess Σ (Y_late - n_late · mean Y_on time) over the strata, and its share of all contacts; source: Miettinen
    (1974), American Journal of Epidemiology 99, of the attributable fraction; Bruzzi et al. (1985), same journal 122,
    over strata. Late orders of a stratum with fewer than `fewest` orders on time are compared with the next coarser one
    that has as many. Standard errors from the influence of each order on the estimate, as orders, not contacts, are
    what is independent.
    """
    groups = _on_time_by_key(strata)
    pairs = [(s, _reference(s.key, groups, fewest)) for s in strata if belongs(s.key) and s.late.orders]
    mine = [s for s in strata if belongs(s.key)]
    late, on_time = _sum(s.late for s in mine), _sum(s.on_time for s in mine)
    if not pairs or any(reference is None for _, reference in pairs):
        return None
    references = [(s, reference) for s, reference in pairs if reference is not None]
    expected = sum(s.late.orders * groups[reference].mean for s, reference in references)
    whole = late.whole + on_time.whole
    excess = late.after - expected
    share, ratio = excess / whole if whole else None, late.after / expected if expected else None
    influence = _Influence(strata, references, groups, belongs)
    z = -NormalDist().inv_cdf((1 - level) / 2)
    of_share = None
    if share is not None:
        half, unseen = z * influence.of_share(share), influence.of_none(level)
        of_share = _around_share(share, half / whole, unseen / whole)
    return Attribution(
        late=late,
        on_time=on_time,
        whole=whole,
        expected=expected,
        excess=Estimate(excess, of_share.low * whole, of_share.high * whole) if of_share else Estimate(0.0, 0.0, 0.0),
        share=of_share,
        ratio=_around_ratio(ratio, z * influence.of_log_ratio(late.after, expected)) if ratio else None,
        coarser=sum(s.late.orders for s, reference in references if reference != s.key),
    )


def _sum(parts: Iterable[OrderSums]) -> OrderSums:
    return sum(parts, OrderSums())


def _on_time_by_key(strata: Sequence[Stratum]) -> dict[Key, OrderSums]:
    """The orders on time of each stratum, and of each coarser one."""
    groups: dict[Key, OrderSums] = {}
    for stratum in strata:
        for length in range(len(stratum.key) + 1):
            key = stratum.key[:length]
            groups[key] = groups.get(key, OrderSums()) + stratum.on_time
    return groups


def _reference(key: Key, groups: Mapping[Key, OrderSums], fewest: int) -> Key | None:
    """The key itself, or the next coarser one with enough orders on time."""
    keys = (key[:length] for length in range(len(key), -1, -1))
    return next((k for k in keys if groups[k].orders >= max(1, fewest)), None)


@dataclass(frozen=True)
class _Influence:
    """What each order adds to the estimates, as sums of squares over the orders of each side of each stratum.

    An order on time counts in every stratum, its own or a coarser one, that late orders are compared with.
    """

    strata: Sequence[Stratum]
    references: Sequence[tuple[Stratum, Key]]
    groups: Mapping[Key, OrderSums]
    belongs: Callable[[Key], bool]

    def of_share(self, share: float) -> float:
        """The standard error of (excess - share · whole)."""
        squares = sum(s.late.squares_of(1, -self.groups[reference].mean, -share) for s, reference in self.references)
        for stratum in self.strata:
            weight, centre = self._of_on_time(stratum.key)
            squares += stratum.on_time.squares_of(-weight, centre, -share if self.belongs(stratum.key) else 0)
        return math.sqrt(max(0.0, squares))

    def of_none(self, level: float) -> float:
        """How many more contacts could be expected where orders on time have none: at most -ln(tail) a stratum of them.

        Source: the upper limit of no events of Garwood (1936), Biometrika 28; strata are added in squares.
        """
        late: dict[Key, float] = {}
        for stratum, reference in self.references:
            if not self.groups[reference].after:
                late[reference] = late.get(reference, 0) + stratum.late.orders
        upper_limit = -math.log((1 - level) / 2)
        return upper_limit * math.hypot(*(orders / self.groups[key].orders for key, orders in late.items()))

    def of_log_ratio(self, after: float, expected: float) -> float:
        """The standard error of the logarithm of the ratio."""
        squares = sum(
            s.late.squares_of(1 / after, -self.groups[reference].mean / expected, 0) for s, reference in self.references
        )
        for stratum in self.strata:
            weight, centre = self._of_on_time(stratum.key)
            squares += stratum.on_time.squares_of(-weight / expected, centre / expected, 0)
        return math.sqrt(max(0.0, squares))

    def _of_on_time(self, key: Key) -> tuple[float, float]:
        """Late orders per order on time over the strata such an order counts in, and the same times their means."""
        per_order: dict[Key, float] = {}
        for stratum, reference in self.references:
            if key[: len(reference)] == reference:
                per_order[reference] = per_order.get(reference, 0) + stratum.late.orders / self.groups[reference].orders
        return sum(per_order.values()), sum(n * self.groups[k].mean for k, n in per_order.items())


def _around_share(share: float, half: float, unseen: float) -> Estimate:
    return Estimate(share, share - math.hypot(half, unseen), min(1.0, share + half))


def _around_ratio(ratio: float, half: float) -> Estimate:
    return Estimate(ratio, ratio * math.exp(-half), ratio * math.exp(half))


def with_unlinked(strata: Sequence[Stratum], unlinked: Unlinked, *, late: bool) -> list[Stratum]:
    """The strata if all unlinked contacts were about late orders, or all about orders on time, after the promise.

    They go to the strata by their orders of that side, one to an order.
    """
    orders = sum((s.late if late else s.on_time).orders for s in strata)
    if not orders:
        return list(strata)

    def add(side: OrderSums) -> OrderSums:
        """A side with its part of them."""
        part = side.orders / orders
        total, squares = unlinked.total * part, unlinked.squares * part
        return side + OrderSums(0, 0, total, squares, total, squares, squares)

    return [replace(s, late=add(s.late)) if late else replace(s, on_time=add(s.on_time)) for s in strata]


@dataclass(frozen=True)
class Bounds:
    """The ends of an excess and of its share, whatever orders the unlinked contacts are about.

    The lower end is that of the interval if all of them were about orders on time, the upper one if all were about
    late orders; the share is then one of all contacts, the unlinked ones too.
    """

    excess: Interval
    share: Interval | None


def bounds(
    strata: Sequence[Stratum],
    unlinked: Unlinked,
    fewest: int,
    level: float = 0.95,
) -> Bounds | None:
    """The bounds of the excess of all strata; None where nothing compares."""
    ends = [attribute(with_unlinked(strata, unlinked, late=late), fewest, level) for late in (False, True)]
    central = attribute(strata, fewest, level)
    if central is None or ends[0] is None or ends[1] is None:
        return None
    estimates = [estimate for estimate in (central, *ends) if estimate is not None]
    shares = [estimate.share for estimate in estimates if estimate.share is not None]
    return Bounds(
        Interval(min(e.excess.low for e in estimates), max(e.excess.high for e in estimates)),
        Interval(min(s.low for s in shares), max(s.high for s in shares)) if shares else None,
    )
