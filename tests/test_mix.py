"""A change split into mix and rate: exact, with small groups together, and told apart from each other and chance."""

import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpibar.kpis.decomposition import OTHER, Split, Sums, Weeks, add_changes, pool_groups, split_change

LEVEL, LEAST, WEEKS = 0.95, 30, 52
Groups = dict[tuple[str, ...], Sums]


def year(shares: dict[str, float], rates: dict[str, float], size: int = 1000) -> Weeks:
    """Weeks that are all alike: so many rows, of groups of such shares and rates."""
    week: Groups = {(name,): Sums(rates[name] * share * size, share * size) for name, share in shares.items()}
    return dict.fromkeys(range(WEEKS), week)


def drawn(chance: numpy.random.Generator, shares: dict[str, float], rates: dict[str, float], size: int) -> Weeks:
    """Weeks drawn by chance: the rows of each group, and which of them are hits."""
    weeks: dict[int, Groups] = {}
    for number in range(WEEKS):
        rows = {name: int(chance.poisson(size * share)) for name, share in shares.items()}
        weeks[number] = {(name,): Sums(int(chance.binomial(rows[name], rates[name])), rows[name]) for name in shares}
    return weeks


def whole(split: Split) -> float:
    """The sum of all parts."""
    outside = split.outside.value if split.outside else 0.0
    return math.fsum([split.rate.value, outside, *(part.value for part in split.mix.values())])


def test_the_vector_worked_out_by_hand() -> None:
    before = year({"phone": 0.7, "email": 0.3}, {"phone": 0.10, "email": 0.40})
    now = year({"phone": 0.5, "email": 0.5}, {"phone": 0.08, "email": 0.38})
    split = split_change(["channel"], before, now, LEVEL, LEAST)
    assert split.before == pytest.approx(0.19) and split.now == pytest.approx(0.23)
    # 0.6 x -0.02 + 0.4 x -0.02; (0.09 - 0.21) x -0.2 + (0.39 - 0.21) x 0.2.
    assert split.rate.value == pytest.approx(-0.02)
    assert split.mix["channel"].value == pytest.approx(0.06)
    phone = next(group for group in split.groups if group.name == "phone")
    assert phone.rate.value == pytest.approx(-0.012) and phone.mix.value == pytest.approx(0.024)
    assert phone.shares == pytest.approx((0.7, 0.5)) and phone.values == pytest.approx((0.10, 0.08))


def test_a_figure_in_points_is_split_in_points() -> None:
    before, now = year({"a": 1.0}, {"a": 0.10}), year({"a": 1.0}, {"a": 0.15})
    split = split_change(["channel"], before, now, LEVEL, LEAST, scale=100.0)
    assert split.change == pytest.approx(5.0) and split.rate.value == pytest.approx(5.0)


NAMES = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"))
CELLS = st.dictionaries(
    NAMES, st.tuples(st.integers(0, 400), st.floats(0, 1)).map(lambda c: Sums(c[0] * c[1], c[0])), min_size=1
)


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=1, max_size=2), st.lists(CELLS, min_size=1, max_size=2))
def test_nothing_is_left_over(before: list[Groups], now: list[Groups]) -> None:
    sums = [[group for week in weeks for group in week.values()] for weeks in (before, now)]
    if not all(sum(cell.base for cell in cells) for cells in sums):
        return
    years = dict(enumerate(before)), dict(enumerate(now))
    split = split_change(["channel", "carrier"], years[0], years[1], LEVEL, LEAST)
    for figure, cells in zip((split.before, split.now), sums, strict=True):
        expected = math.fsum(cell.numerator for cell in cells) / sum(cell.base for cell in cells)
        assert figure == pytest.approx(expected, abs=1e-9)
    assert whole(split) == pytest.approx(split.change, abs=1e-9)


def test_events_without_a_base_are_a_part_of_their_own() -> None:
    """Contacts about no order: 20 a week over 100 orders, then 10; those about orders stay as they are."""
    before: Weeks = {week: {("GLS",): Sums(30, 100), ("?no_order",): Sums(20, 0)} for week in range(WEEKS)}
    now: Weeks = {week: {("GLS",): Sums(30, 100), ("?no_order",): Sums(10, 0)} for week in range(WEEKS)}
    split = split_change(["carrier"], before, now, LEVEL, LEAST)
    assert split.outside is not None and split.outside.value == pytest.approx(-0.1)
    assert split.rate.value == pytest.approx(0) and split.change == pytest.approx(-0.1)
    assert [group.name for group in split.groups] == ["GLS"]


def test_the_mix_of_two_dimensions_is_shared_out() -> None:
    """Only the channels move, the carriers within them stay: all of the mix is that of the channels."""
    rates = {("a", "x"): 0.1, ("a", "y"): 0.2, ("b", "x"): 0.5, ("b", "y"): 0.6}

    def weeks(share: float) -> Weeks:
        sizes = {"a": share, "b": 1 - share}
        week: Groups = {key: Sums(rate * sizes[key[0]] * 500, sizes[key[0]] * 500) for key, rate in rates.items()}
        return dict.fromkeys(range(WEEKS), week)

    split = split_change(["channel", "carrier"], weeks(0.8), weeks(0.6), LEVEL, LEAST)
    # From 0.8 x 0.15 + 0.2 x 0.55 to 0.6 x 0.15 + 0.4 x 0.55.
    assert split.change == pytest.approx(0.08)
    assert split.mix["channel"].value == pytest.approx(0.08)
    assert split.mix["carrier"].value == pytest.approx(0) and split.rate.value == pytest.approx(0)


def test_small_groups_are_together_and_never_named() -> None:
    before: Groups = {("a",): Sums(10, 100), ("b",): Sums(1, 29), ("c",): Sums(5, 40), ("d",): Sums(0, 3)}
    now: Groups = {("a",): Sums(10, 100), ("b",): Sums(3, 90), ("c",): Sums(5, 40), ("e",): Sums(1, 28)}
    names = pool_groups(before, now, LEAST)
    assert names == {("a",): ("a",), ("c",): ("c",), ("b",): (OTHER,), ("d",): (OTHER,), ("e",): (OTHER,)}


def test_other_groups_that_are_too_few_take_the_smallest_of_the_rest() -> None:
    groups: Groups = {("a",): Sums(10, 100), ("b",): Sums(1, 29), ("c",): Sums(5, 40)}
    assert pool_groups(groups, groups, LEAST) == {("a",): ("a",), ("b",): (OTHER,), ("c",): (OTHER,)}


def test_groups_of_several_dimensions_lose_the_last_one_first() -> None:
    groups: Groups = {
        ("a", "x"): Sums(0, 20),
        ("a", "y"): Sums(0, 20),
        ("b", "x"): Sums(0, 50),
        ("b", "y"): Sums(0, 60),
    }
    names = pool_groups(groups, groups, LEAST)
    assert names[("a", "x")] == names[("a", "y")] == ("a", OTHER)
    assert names[("b", "x")] == ("b", "x")


def test_what_groups_add_over_a_common_base() -> None:
    before: Weeks = {week: {("phone",): Sums(20, 20), ("email",): Sums(10, 10)} for week in range(WEEKS)}
    now: Weeks = {week: {("phone",): Sums(15, 15), ("email",): Sums(12, 12)} for week in range(WEEKS)}
    orders = [dict.fromkeys(range(WEEKS), 100.0)] * 2
    phone, email = add_changes([before, now], orders, LEVEL, LEAST)
    assert (phone.name, email.name) == ("phone", "email")
    assert phone.part.value == pytest.approx(-0.05) and email.part.value == pytest.approx(0.02)
    assert phone.part.clear and email.values == pytest.approx((0.10, 0.12))
    counts = add_changes([before, now], None, LEVEL, LEAST)
    assert [addition.part.value for addition in counts] == [-5 * WEEKS, 2 * WEEKS]
    assert all(addition.part.interval is None for addition in counts)


def test_few_weeks_tell_nothing_of_chance() -> None:
    week: Groups = {("a",): Sums(10, 100), ("b",): Sums(40, 100)}
    split = split_change(["channel"], dict.fromkeys(range(5), week), dict.fromkeys(range(5), week), LEVEL, LEAST)
    assert split.rate.interval is None and not split.rate.clear


RATES, SHARES = {"phone": 0.1, "email": 0.4}, {"phone": 0.7, "email": 0.3}


def test_a_change_of_mix_and_a_change_of_rate_are_told_apart() -> None:
    chance = numpy.random.default_rng(7)
    moved = {"mix": ({"phone": 0.5, "email": 0.5}, RATES), "rate": (SHARES, {"phone": 0.16, "email": 0.46})}
    right = dict.fromkeys(moved, 0)
    for cause, (shares, rates) in moved.items():
        for _ in range(100):
            split = split_change(
                ["c"], drawn(chance, SHARES, RATES, 40), drawn(chance, shares, rates, 40), LEVEL, LEAST
            )
            parts = {"mix": split.mix["c"], "rate": split.rate}
            larger = max(parts, key=lambda name: abs(parts[name].value))
            right[cause] += larger == cause and parts[cause].clear
    assert min(right.values()) >= 95, right


def test_intervals_hold_what_they_promise() -> None:
    chance = numpy.random.default_rng(11)
    inside, runs = 0, 60
    for _ in range(runs):
        now = drawn(chance, {"phone": 0.5, "email": 0.5}, {"phone": 0.08, "email": 0.38}, 30)
        split = split_change(["c"], drawn(chance, SHARES, RATES, 30), now, LEVEL, LEAST)
        interval = split.rate.interval
        assert interval is not None
        inside += interval.low <= -0.02 <= interval.high
    # 57 expected; fewer than 50 once in a thousand times.
    assert inside >= 50
