"""What late orders have beyond like orders on time: vectors, another way of computing it, and generated worlds."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from kpibar.kpis.attribution import Key, OrderSums, Stratum, Unlinked, attribute, bounds
from tests.attribution_worlds import FEWEST, coverage, draw, outcomes, strata_of


def one_each(orders: int, contacts: int) -> OrderSums:
    """Orders of which so many have one contact, made after the promise."""
    return OrderSums(orders, contacts, contacts, contacts, contacts, contacts, contacts)


# 1,000 late orders with 400 contacts, 9,000 on time with 450.
LATE, ON_TIME = one_each(1_000, 400), one_each(9_000, 450)
VECTOR = [Stratum(("Colissimo", "home"), LATE, ON_TIME)]


def test_orders_on_time_without_a_contact_do_not_make_an_excess_certain() -> None:
    """39 late orders ask once each, and none of 78 on time: up to 3.69 contacts of these may have been missed."""
    late, on_time = OrderSums(39, 39, 39, 39, 39, 39, 39), OrderSums(78)
    found = attribute([Stratum(("GLS",), late, on_time)], 30)
    assert found is not None and found.share is not None
    missed = 39 * -math.log(0.025) / 78
    assert (found.excess.value, found.excess.high) == (39, 39)
    assert found.excess.low == pytest.approx(39 - missed) == pytest.approx(37.16, abs=0.01)
    assert found.share.low == pytest.approx(1 - missed / 39)


def test_the_vector() -> None:
    """At the rate of orders on time, 450 / 9,000, the late ones would have 50: 350 beyond, of 850 in all."""
    found = attribute(VECTOR, 30)
    assert found is not None and found.share is not None and found.ratio is not None
    assert (found.expected, found.excess.value) == (50, 350)
    assert found.ratio.value == pytest.approx(8)
    assert found.share.value == pytest.approx(350 / 850)
    assert found.coarser == 0
    # √Σ of squares: 400 late with (1 - p - .05)², 600 with .05², 450 on time with (.95/9 + p)², 8,550 with (.05/9)².
    p = 350 / 850
    error = (400 * (0.95 - p) ** 2 + 600 * 0.05**2 + 450 * (0.95 / 9 + p) ** 2 + 8_550 * (0.05 / 9) ** 2) ** 0.5 / 850
    assert found.share.high - found.share.value == pytest.approx(1.959964 * error, rel=1e-6)
    assert (found.excess.low, found.excess.high) == pytest.approx((850 * found.share.low, 850 * found.share.high))


def test_bounds_of_the_vector() -> None:
    """90 unlinked contacts about orders on time: 540 / 9,000, so that 340 are beyond; all about late ones: 440."""
    limits = bounds(VECTOR, Unlinked(90, 90), 30)
    linked = attribute(VECTOR, 30)
    assert limits is not None and linked is not None
    assert limits.excess.low < 340 < linked.excess.value < 440 < limits.excess.high
    nothing = bounds(VECTOR, Unlinked(0, 0), 30)
    assert nothing is not None
    assert (nothing.excess.low, nothing.excess.high) == (linked.excess.low, linked.excess.high)


def test_strata_are_compared_within() -> None:
    """Both carriers have as many contacts about late orders as about others; the worse one has more of both."""
    good = Stratum(("A",), one_each(100, 1), one_each(9_900, 99))
    bad = Stratum(("B",), one_each(5_000, 1_000), one_each(5_000, 1_000))
    found = attribute([good, bad], 30)
    assert found is not None and found.ratio is not None
    assert found.excess.value == 0 and found.ratio.value == 1
    crude = attribute([Stratum((), good.late + bad.late, good.on_time + bad.on_time)], 30)
    assert crude is not None and crude.excess.value == pytest.approx(1_001 - 5_100 * 1_099 / 14_900)


def test_a_stratum_of_few_on_time_takes_the_next_coarser_one() -> None:
    """Relay has 29 on time: its 40 late orders are compared with all 229 of the carrier, which have 11 contacts."""
    home = Stratum(("A", "home"), one_each(50, 20), one_each(200, 10))
    relay = Stratum(("A", "relay"), one_each(40, 10), one_each(29, 1))
    other = Stratum(("B", "home"), OrderSums(), one_each(1_000, 500))
    found = attribute([home, relay, other], 30)
    assert found is not None
    assert found.expected == pytest.approx(50 * 10 / 200 + 40 * 11 / 229)
    assert found.coarser == 40
    alone = attribute([replace(relay, key=("C", "relay")), other], 30)
    assert alone is not None
    assert alone.expected == pytest.approx(40 * 501 / 1_029), "no other orders of the carrier: all of them"


def _is_of(name: str | None, key: Key) -> bool:
    return key[0] == name


def test_parts_add_up_to_the_whole() -> None:
    strata = strata_of(draw(np.random.default_rng(7), "thin"))
    whole = attribute(strata, FEWEST)
    names = {stratum.key[0] for stratum in strata}
    parts = [attribute(strata, FEWEST, belongs=partial(_is_of, name)) for name in names]
    assert whole is not None
    assert sum(part.excess.value for part in parts if part) == pytest.approx(whole.excess.value)


def test_nothing_to_compare() -> None:
    assert attribute([], 30) is None
    assert attribute([Stratum(("A",), OrderSums(), ON_TIME)], 30) is None, "no late order"
    assert attribute([Stratum(("A",), LATE, one_each(29, 1))], 30) is None, "too few on time"
    assert bounds([Stratum(("A",), LATE, OrderSums())], Unlinked(5, 5), 30) is None
    silent = attribute([Stratum(("A",), one_each(100, 0), one_each(100, 0))], 30)
    assert silent is not None
    assert (silent.share, silent.ratio, silent.excess.value, silent.excess.high) == (None, None, 0, 0)
    fresh = attribute([Stratum(("A",), one_each(100, 10), one_each(100, 0))], 30)
    assert fresh is not None and fresh.ratio is None and fresh.share is not None and fresh.share.value == 1


def test_the_error_is_that_of_orders_taken_out_one_by_one() -> None:
    """The jackknife over the orders of three strata, one of which takes a coarser one, gives the same error."""
    rng = np.random.default_rng(20)
    rows = [
        (key, late, int(after), int(after) + int(early))
        for key, late, n, rate in (
            (("A", "home"), True, 60, 0.5), (("A", "home"), False, 200, 0.1), (("A", "relay"), True, 30, 0.7),
            (("A", "relay"), False, 12, 0.2), (("B", "home"), True, 40, 0.3), (("B", "home"), False, 150, 0.05),
        )
        for after, early in zip(rng.poisson(rate, n), rng.poisson(0.1, n), strict=True)
    ]  # fmt: skip

    def share(rows: list[tuple[tuple[str, str], bool, int, int]]) -> tuple[float, float]:
        strata = []
        for key in sorted({row[0] for row in rows}):
            sides = []
            for late in (True, False):
                pairs = [(y, t) for k, side, y, t in rows if k == key and side == late]
                sides.append(OrderSums(
                    len(pairs), sum(y > 0 for y, _ in pairs), sum(y for y, _ in pairs), sum(y * y for y, _ in pairs),
                    sum(t for _, t in pairs), sum(t * t for _, t in pairs), sum(y * t for y, t in pairs),
                ))  # fmt: skip
            strata.append(Stratum(key, *sides))
        found = attribute(strata, 30)
        assert found is not None and found.share is not None
        return found.share.value, (found.share.high - found.share.value) / 1.959964

    value, error = share(rows)
    others = np.array([share(rows[:place] + rows[place + 1 :])[0] for place in range(len(rows))])
    assert error == pytest.approx(float(np.sqrt(((others - value) ** 2).sum())), rel=0.03)


@pytest.mark.parametrize("kind", ["linked", "thin", "unequal", "none"])
def test_worlds(kind: str) -> None:
    """`python -m tests.attribution_worlds --worlds 300` looks at more of them."""
    results = outcomes(kind, 40)
    assert coverage(results, kind) >= 0.9
    if kind == "unequal":
        shares = [r.estimate.share.value - r.true_share for r in results if r.estimate.share]
        assert min(shares) > 0, "late customers quote their number more often: the share of the linked is too large"
