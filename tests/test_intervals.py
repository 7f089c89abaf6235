import math
import random
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats import multitest, proportion, rates
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from kpibar.kpis.intervals import (
    Boxes,
    Difference,
    Interval,
    Moments,
    benjamini_hochberg,
    difference_from_intervals,
    mean_difference,
    mean_interval,
    miettinen_nurminen,
    newcombe,
    nps_difference,
    nps_interval,
    quantile_ranks,
    rate_difference,
    rate_per_unit,
    share_difference,
    wilson,
)
from tests.support import cpu_seconds

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
levels = st.sampled_from(LEVELS)
counts = st.integers(0, 10_000)
T = TypeVar("T")


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 100_000))
    return draw(st.integers(0, n)), n


@st.composite
def ballots(draw: st.DrawFn) -> tuple[int, int, int]:
    promoters, detractors, passives = draw(counts), draw(counts), draw(counts)
    assume(promoters + detractors + passives > 0)
    return promoters, detractors, promoters + detractors + passives


def known(result: T | None) -> T:
    assert result is not None
    return result


def percents(interval: Interval | None) -> tuple[float, float]:
    return round(100 * known(interval).low, 2), round(100 * known(interval).high, 2)


@pytest.mark.parametrize(
    ("successes", "n", "bounds"),
    [(280, 400, (65.34, 74.28)), (0, 20, (0.0, 16.11)), (27, 30, (74.38, 96.54))],
)
def test_wilson_vectors(successes: int, n: int, bounds: tuple[float, float]) -> None:
    assert percents(wilson(successes, n)) == bounds


def test_wilson_agrees_with_statsmodels() -> None:
    draw = random.Random(1)
    for _ in range(3_000):
        n = int(10 ** draw.uniform(0, 7))
        x, level = draw.randint(0, n), draw.choice(LEVELS)
        low, high = proportion.proportion_confint(x, n, 1 - level, method="wilson")
        found = known(wilson(x, n, level))
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-12)


@given(shares(), levels)
def test_wilson_lies_in_the_unit_interval_around_the_share(share: tuple[int, int], level: float) -> None:
    x, n = share
    found = known(wilson(x, n, level))
    assert 0 <= found.low <= x / n <= found.high <= 1
    assert (found.low == 0, found.high == 1) == (x == 0, x == n)


@given(shares(), levels)
def test_wilson_mirrors_when_successes_become_failures(share: tuple[int, int], level: float) -> None:
    x, n = share
    found, mirrored = known(wilson(x, n, level)), known(wilson(n - x, n, level))
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-12)


@given(shares(), st.integers(2, 50))
def test_wilson_shrinks_with_the_base_and_widens_with_the_level(share: tuple[int, int], k: int) -> None:
    x, n = share
    found, larger, surer = known(wilson(x, n)), known(wilson(k * x, k * n)), known(wilson(x, n, 0.99))
    assert larger.high - larger.low < found.high - found.low < surer.high - surer.low


def test_newcombe_vector_is_not_clear() -> None:
    found = known(newcombe(180, 1000, 150, 1000))
    assert [round(100 * v, 2) for v in (found.value, found.low, found.high)] == [3.0, -0.26, 6.25]
    assert round(found.p_value, 4) == 0.0708
    assert not found.clear


@pytest.mark.long
def test_newcombe_agrees_with_statsmodels() -> None:
    draw = random.Random(2)
    for _ in range(2_000):
        n1, n0 = int(10 ** draw.uniform(0, 6)), int(10 ** draw.uniform(0, 6))
        x1, x0, level = draw.randint(0, n1), draw.randint(0, n0), draw.choice(LEVELS)
        if x1 + x0 in (0, n1 + n0):
            continue
        low, high = proportion.confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", alpha=1 - level)
        with np.errstate(divide="ignore"):
            p_value = proportion.test_proportions_2indep(x1, n1, x0, n0, method="score").pvalue
        found = known(newcombe(x1, n1, x0, n0, level))
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-7, abs=1e-10)
        assert found.p_value == pytest.approx(p_value, rel=1e-6, abs=1e-12)


@given(shares(), shares(), levels)
def test_newcombe_changes_sign_when_the_years_swap(now: tuple[int, int], before: tuple[int, int], level: float) -> None:
    found, swapped = known(newcombe(*now, *before, level)), known(newcombe(*before, *now, level))
    assert -1 - 1e-12 <= found.low <= found.value <= found.high <= 1 + 1e-12
    assert (found.value, found.low, found.high) == pytest.approx(
        (-swapped.value, -swapped.high, -swapped.low), abs=1e-12
    )
    assert found.p_value == pytest.approx(swapped.p_value, abs=1e-12)


@pytest.mark.long
@given(shares(), st.integers(1, 1000), st.sampled_from([0, 1]))
def test_two_years_without_any_variation_are_not_different(share: tuple[int, int], n0: int, p: int) -> None:
    n1 = share[1]
    for found in (newcombe(p * n1, n1, p * n0, n0), rate_difference(0, n1, 0, n0)):
        assert (known(found).value, known(found).p_value, known(found).clear) == (0.0, 1.0, False)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0528, 0.3382),
        ((9, 10), (3, 10), 0.1700, 0.8406),
        ((6, 7), (2, 7), 0.0342, 0.8534),
        ((5, 56), (0, 29), -0.0326, 0.1933),
        ((0, 10), (0, 20), -0.1658, 0.2844),
        ((10, 10), (0, 20), 0.7156, 1.0),
    ],
)
def test_miettinen_nurminen_agrees_with_the_table_of_newcombe(
    now: tuple[int, int], before: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe (1998), Statistics in Medicine 17, table II, method 6."""
    found = known(miettinen_nurminen(*now, *before))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.sample(20)
@given(shares(), shares(), st.sampled_from((0.9, 0.95, 0.99)))
def test_the_limits_of_a_rare_difference_are_where_its_test_begins_to_reject(
    now: tuple[int, int], before: tuple[int, int], level: float
) -> None:
    (x1, n1), (x0, n0) = now, before
    found, total = known(miettinen_nurminen(x1, n1, x0, n0, level)), n1 + n0
    assert -1 <= found.low <= found.value <= found.high <= 1
    for end in (found.low, found.high):
        if 1e-6 < end + 1 < 2 - 1e-6 and abs(end - found.value) > 1e-6:

            def unlikelihood(p0: float, end: float = end) -> float:
                hits = ((x1, p0 + end), (n1 - x1, 1 - p0 - end), (x0, p0), (n0 - x0, 1 - p0))
                return -sum(count * math.log(max(share, 1e-300)) for count, share in hits if count)

            bounds = (max(0.0, -end), min(1.0, 1 - end))
            p0 = float(optimize.minimize_scalar(unlikelihood, bounds=bounds, options={"xatol": 1e-13}).x)
            p1 = p0 + end
            error = math.sqrt((p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * total / (total - 1))
            assert abs(found.value - end) / error == pytest.approx(stats.norm.isf((1 - level) / 2), rel=5e-3)


@given(shares(), shares())
def test_the_interval_of_a_rare_difference_says_what_its_test_says(
    now: tuple[int, int], before: tuple[int, int]
) -> None:
    found = known(miettinen_nurminen(*now, *before))
    assume(abs(found.p_value - 0.05) > 1e-9)
    assert found.clear == (found.p_value < 0.05)


def test_few_hits_or_misses_have_the_interval_of_their_test() -> None:
    """Of 2,000 rows a year and a share of one in a thousand, the interval holds 0 nearly as often as it should."""
    weights = stats.binom.pmf(range(17), 2_000, 0.001)
    alarms = {
        difference: sum(
            weights[x1] * weights[x0]
            for x1 in range(17)
            for x0 in range(17)
            if known(difference(x1, 2_000, x0, 2_000)).clear
        )
        for difference in (newcombe, share_difference)
    }
    assert alarms[newcombe] == pytest.approx(0.0168, abs=5e-5)
    assert alarms[share_difference] == pytest.approx(0.0412, abs=5e-5)
    assert share_difference(4, 100, 30, 100) == miettinen_nurminen(4, 100, 30, 100)
    assert share_difference(96, 100, 70, 100) == miettinen_nurminen(96, 100, 70, 100)
    assert share_difference(5, 100, 95, 100) == newcombe(5, 100, 95, 100)


def test_rate_vector() -> None:
    assert percents(rate_per_unit(670, 10_000)) == (6.20, 7.23)


@pytest.mark.long
def test_rate_interval_agrees_with_scipy() -> None:
    draw = random.Random(3)
    for i in range(3_000):
        events = int(10 ** draw.uniform(0, 6.3)) if i % 2 else 10 ** draw.uniform(-2, 3)
        units, level = 10 ** draw.uniform(0, 7), draw.choice(LEVELS)
        tail = (1 - level) / 2
        low = stats.chi2.ppf(tail, 2 * events) / 2 / units
        high = stats.chi2.isf(tail, 2 * events + 2) / 2 / units
        found = known(rate_per_unit(events, units, level=level))
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-8, abs=1e-200)


def test_a_rate_of_no_events_has_an_upper_bound() -> None:
    found = known(rate_per_unit(0, 100))
    assert found.low == 0
    assert found.high == pytest.approx(-math.log(0.025) / 100)


@given(st.integers(0, 5_000), st.floats(0.5, 1e6), st.floats(1, 20), levels)
def test_dispersion_counts_as_fewer_events(events: int, units: float, phi: float, level: float) -> None:
    found = known(rate_per_unit(events, units, phi, level))
    fewer = known(rate_per_unit(events / phi, units / phi, 1.0, level))
    assert (found.low, found.high) == pytest.approx((fewer.low, fewer.high), rel=1e-12)
    assert 0 <= found.low <= events / units <= found.high
    plain = known(rate_per_unit(events, units, 1.0, level))
    assert found.high - found.low >= (plain.high - plain.low) * (1 - 1e-9)


def test_dispersion_below_one_never_narrows() -> None:
    assert rate_per_unit(50, 1000, 0.4) == rate_per_unit(50, 1000)
    assert rate_difference(50, 1000, 40, 1000, 0.4, 0.2) == rate_difference(50, 1000, 40, 1000)


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(2, 50))
def test_rate_interval_shrinks_with_the_base(events: int, units: int, k: int) -> None:
    found, larger = known(rate_per_unit(events, units)), known(rate_per_unit(k * events, k * units))
    assert larger.high - larger.low < found.high - found.low


@pytest.mark.long
def test_rate_difference_agrees_with_statsmodels() -> None:
    draw = random.Random(4)
    for _ in range(2_000):
        e1, e0 = int(10 ** draw.uniform(0, 4)), int(10 ** draw.uniform(0, 4))
        u1, u0, level = 10 ** draw.uniform(1, 5), 10 ** draw.uniform(1, 5), draw.choice(LEVELS)
        low, high = rates.confint_poisson_2indep(
            e1, u1, e0, u0, method="mover", method_mover="exact-c", compare="diff", alpha=1 - level
        )
        p_value = rates.test_poisson_2indep(e1, u1, e0, u0, method="score", compare="diff").pvalue
        found = known(rate_difference(e1, u1, e0, u0, level=level))
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-7, abs=1e-9)
        assert found.p_value == pytest.approx(p_value, rel=1e-6, abs=1e-12)


def test_dispersion_turns_a_clear_difference_unclear() -> None:
    plain = known(rate_difference(700, 10_000, 600, 10_000))
    clustered = known(rate_difference(700, 10_000, 600, 10_000, 2.0, 2.0))
    assert (plain.clear, clustered.clear) == (True, False)
    z = 0.01 / math.sqrt(0.065 * 4 / 10_000)
    assert clustered.p_value == pytest.approx(2 * stats.norm.sf(z))


def moments(values: list[float]) -> Moments:
    return Moments(len(values), *(math.fsum(v**power for v in values) for power in (1, 2, 3)))


def hall(values: list[float], level: float) -> tuple[float, float]:
    """The interval of Hall (1992), its transformation inverted by search."""
    n, mean, spread = len(values), float(np.mean(values)), float(np.std(values))
    lean = float(stats.skew(values)) / (6 * math.sqrt(n))
    error = spread * math.sqrt(n / (n - 1) / n)
    z = stats.norm.isf((1 - level) / 2)

    def g(t: float) -> float:
        return t + lean + 2 * lean * t**2 + 4 / 3 * lean**2 * t**3

    low, high = (mean - error * optimize.brentq(lambda t, end=end: g(t) - end, -99, 99) for end in (z, -z))
    return low, high


@pytest.mark.long
def test_means_agree_with_the_transformation_of_hall() -> None:
    draw = random.Random(5)
    for _ in range(500):
        values = [draw.expovariate(1 / 300) for _ in range(draw.randint(5, 200))]
        level = draw.choice(LEVELS)
        found = known(mean_interval(moments(values), level))
        assert (found.low, found.high) == pytest.approx(hall(values, level), rel=1e-6)
        tail_is_above = found.high - float(np.mean(values)) > float(np.mean(values)) - found.low
        assert tail_is_above == (stats.skew(values) > 0)


@pytest.mark.long
def test_means_of_values_without_a_tail_agree_with_statsmodels() -> None:
    """Each value and its mirror image: no skewness is left, and the interval is that of the normal distribution."""
    draw = random.Random(5)
    for _ in range(500):
        half = [draw.gauss(0, 80) for _ in range(draw.randint(2, 60))]
        now = [300 + value for value in (*half, *(-value for value in half))]
        before = [320 + 2 * (value - 300) for value in now]
        level = draw.choice(LEVELS)
        oracle = CompareMeans(DescrStatsW(now), DescrStatsW(before))
        interval = known(mean_interval(moments(now), level))
        found = known(mean_difference(moments(now), moments(before), level))
        assert (interval.low, interval.high) == pytest.approx(oracle.d1.zconfint_mean(1 - level), rel=1e-6)
        bounds = oracle.zconfint_diff(1 - level, usevar="unequal")
        assert (found.low, found.high) == pytest.approx(bounds, rel=1e-5, abs=1e-4)
        assert found.p_value == pytest.approx(oracle.ztest_ind(usevar="unequal")[1], rel=1e-4)


def test_equal_constants_are_not_a_clear_change() -> None:
    found = known(mean_difference(moments([0.1] * 3), moments([0.1] * 10)))
    assert (found.value, found.p_value, found.clear) == (0.0, 1.0, False)


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=50), levels)
def test_a_mean_is_in_its_interval_and_an_effect_widens_it(values: list[float], level: float) -> None:
    sums = moments(values)
    found, wider = known(mean_interval(sums, level)), known(mean_interval(sums, level, 4.0))
    assert found.low <= sums.mean <= found.high
    assert wider.high - wider.low >= (found.high - found.low) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "score", "error"),
    [(18, 11, 2, 51.6, 11.1), (200, 150, 150, 10.0, 3.71)],
)
def test_nps_vectors(promoters: int, passives: int, detractors: int, score: float, error: float) -> None:
    """Score and standard error as they are; the interval has .75 promoters and detractors and 1.5 others more."""
    boxes = Boxes(promoters, detractors, promoters + passives + detractors)
    assert boxes.net == pytest.approx(score, abs=0.05) and boxes.error == pytest.approx(error, abs=0.05)
    n = boxes.n + 3
    p, d = (promoters + 0.75) / n, (detractors + 0.75) / n
    half = stats.norm.ppf(0.975) * 100 * math.sqrt((p + d - (p - d) ** 2) / n)
    found = known(nps_interval(boxes))
    assert (found.low, found.high) == pytest.approx((100 * (p - d) - half, 100 * (p - d) + half))


def test_nps_difference_vector() -> None:
    """+20 of 400 and +10 of 500: z 1.82 and p .069 without added answers, with them 1.81 and .071."""
    found = known(nps_difference(Boxes(180, 100, 400), Boxes(200, 150, 500)))
    assert found.value == pytest.approx(10)
    assert round(found.p_value, 3) == 0.071
    assert round(stats.norm.isf(found.p_value / 2), 2) == 1.81
    assert not found.clear


@given(ballots(), levels)
def test_the_error_of_nps_is_that_of_a_mean_of_plus_and_minus_one_hundred(
    ballot: tuple[int, int, int], level: float
) -> None:
    promoters, detractors, n = ballot
    weights = [promoters + 0.75, detractors + 0.75, n - promoters - detractors + 1.5]
    oracle = DescrStatsW([100.0, -100.0, 0.0], weights=weights, ddof=0)
    half = stats.norm.isf((1 - level) / 2) * oracle.std / math.sqrt(n + 3)
    found, score = known(nps_interval(Boxes(promoters, detractors, n), level)), 100 * (promoters - detractors) / n
    assert found.low == pytest.approx(min(score, max(-100, oracle.mean - half)), abs=1e-7)
    assert found.high == pytest.approx(max(score, min(100, oracle.mean + half)), abs=1e-7)


@given(ballots(), ballots())
def test_nps_mirrors_when_promoters_become_detractors(now: tuple[int, int, int], before: tuple[int, int, int]) -> None:
    (p1, d1, n1), (p0, d0, n0) = now, before
    found = known(nps_difference(Boxes(p1, d1, n1), Boxes(p0, d0, n0)))
    mirrored = known(nps_difference(Boxes(d1, p1, n1), Boxes(d0, p0, n0)))
    assert found.value == pytest.approx(-mirrored.value)
    assert found.low == pytest.approx(-mirrored.high)
    assert found.p_value == pytest.approx(mirrored.p_value)


@pytest.mark.parametrize(("n", "ranks"), [(20, (6, 15)), (30, (10, 21)), (50, (18, 33)), (100, (40, 61))])
def test_median_rank_vectors(n: int, ranks: tuple[int, int]) -> None:
    assert quantile_ranks(n, 0.5) == ranks


def test_small_bases_bound_no_median() -> None:
    assert [quantile_ranks(n, 0.5) for n in range(7)] == [None] * 6 + [(1, 6)]


@pytest.mark.long
def test_quantile_ranks_agree_with_scipy() -> None:
    draw = random.Random(6)
    for _ in range(4_000):
        n, level = int(10 ** draw.uniform(0, 7)), draw.choice((0.8, 0.9, 0.95, 0.99, 0.999))
        q = draw.choice((0.001, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999))
        low = int(stats.binom.ppf((1 - level) / 2, n, q))
        high = int(stats.binom.ppf(1 - (1 - level) / 2, n, q)) + 1
        assert quantile_ranks(n, q, level) == ((low, high) if low >= 1 and high <= n else None)


@given(st.integers(1, 3_000), st.floats(0.01, 0.99), levels)
def test_quantile_ranks_cover_at_least_the_level(n: int, q: float, level: float) -> None:
    ranks = quantile_ranks(n, q, level)
    assume(ranks is not None)
    low, high = known(ranks)
    assert 1 <= low <= high <= n
    assert stats.binom.cdf(high - 1, n, q) - stats.binom.cdf(low - 1, n, q) >= level - 1e-9


def test_ranks_of_ten_million_values_are_quick() -> None:
    ranks = list[tuple[int, int] | None]()
    assert cpu_seconds(lambda: ranks.append(quantile_ranks(10_000_000, 0.5))) < 0.5
    assert ranks == [(4_996_901, 5_003_100)]


def test_difference_of_estimates_with_symmetric_intervals_is_the_z_test() -> None:
    found = difference_from_intervals(10.0, Interval(7.0, 13.0), 5.0, Interval(1.0, 9.0))
    assert (found.value, found.low, found.high) == (5.0, 0.0, 10.0)
    assert found.p_value == pytest.approx(0.05)
    assert not found.clear


@given(shares(), shares(), levels)
def test_difference_from_wilson_intervals_is_newcombe(
    now: tuple[int, int], before: tuple[int, int], level: float
) -> None:
    (x1, n1), (x0, n0) = now, before
    i1, i0 = known(wilson(x1, n1, level)), known(wilson(x0, n0, level))
    found = difference_from_intervals(x1 / n1, i1, x0 / n0, i0, level)
    expected = known(newcombe(x1, n1, x0, n0, level))
    assert (found.low, found.high) == (expected.low, expected.high)


def test_points_without_width_differ_or_do_not() -> None:
    four, five = Interval(4.0, 4.0), Interval(5.0, 5.0)
    assert difference_from_intervals(4.0, four, 4.0, four) == Difference(0.0, 0.0, 0.0, 1.0)
    assert difference_from_intervals(5.0, five, 4.0, four) == Difference(1.0, 1.0, 1.0, 0.0)


def test_benjamini_hochberg_vector() -> None:
    p_values = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    adjusted = [0.010, 0.040, 0.084, 0.084, 0.084, 0.100, 0.1057, 0.216, 0.216, 0.216]
    assert [round(p, 4) for p in benjamini_hochberg(p_values)] == adjusted


@pytest.mark.long
def test_benjamini_hochberg_agrees_with_statsmodels() -> None:
    draw = random.Random(7)
    for _ in range(1_000):
        p_values = [draw.random() ** draw.randint(1, 6) for _ in range(draw.randint(1, 60))]
        oracle = multitest.multipletests(p_values, method="fdr_bh")[1]
        assert benjamini_hochberg(p_values) == pytest.approx(list(oracle), rel=1e-12)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_adjusted_p_values_keep_the_order_and_never_fall(p_values: list[float]) -> None:
    adjusted = benjamini_hochberg(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    ordered = [a for _, a in sorted(zip(p_values, adjusted, strict=True))]
    assert all(first <= second for first, second in pairwise(ordered))


def test_too_small_a_base_gives_none() -> None:
    assert {
        wilson(0, 0),
        rate_per_unit(3, 0),
        mean_interval(Moments(1, 5.0, 25.0, 125.0)),
        nps_interval(Boxes(0, 0, 0)),
    } == {None}
    assert {
        newcombe(1, 2, 0, 0),
        miettinen_nurminen(1, 2, 0, 0),
        newcombe(0, 0, 1, 2),
        rate_difference(3, 0, 3, 10),
    } == {None}
    assert {
        mean_difference(Moments(1, 5.0, 25.0, 125.0), moments([1.0, 2.0, 3.0])),
        nps_difference(Boxes(0, 0, 0), Boxes(1, 1, 3)),
    } == {None}
    assert quantile_ranks(0, 0.9) is None
    assert benjamini_hochberg([]) == []


def test_weights_below_one_trial_establish_nothing() -> None:
    for difference in (newcombe, miettinen_nurminen):
        assert known(difference(0.4, 0.5, 0.0, 0.5)).p_value == 1


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level)
    with pytest.raises(ValueError, match="level"):
        rate_per_unit(1, 2, level=level)


def test_contradictory_arguments_are_errors() -> None:
    for successes, n in ((3, 2), (-1, 2), (math.nan, 2), (0, math.inf)):
        with pytest.raises(ValueError, match="share"):
            wilson(successes, n)
    with pytest.raises(ValueError, match="share"):
        nps_interval(Boxes(3, 3, 5))
    with pytest.raises(ValueError, match="counts"):
        nps_interval(Boxes(-1, 3, 5))
    with pytest.raises(ValueError, match="counts"):
        rate_per_unit(-1, 10)
    with pytest.raises(ValueError, match="quantile"):
        quantile_ranks(100, 1.0)
    with pytest.raises(ValueError, match="p-value"):
        benjamini_hochberg([0.5, math.nan])


def test_a_difference_is_clear_when_its_interval_excludes_zero() -> None:
    bounds = {(0.1, 0.2): True, (-0.2, -0.1): True, (-0.1, 0.2): False, (0.0, 0.2): False, (-0.2, 0.0): False}
    assert {(low, high): Difference(0.05, low, high, 0.5).clear for low, high in bounds} == bounds


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ((10.0, Interval(9.0, 60.0)), (40.0, Interval(12.0, 41.0))),
        ((40.0, Interval(12.0, 41.0)), (10.0, Interval(9.0, 60.0))),
        ((10.0, Interval(10.0, 50.0)), (39.0, Interval(39.0, 90.0))),
        ((900.0, Interval(60.0, 905.0)), (300.0, Interval(290.0, 310.0))),
    ],
)
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_lopsided_intervals_and_their_p_value_agree(
    now: tuple[float, Interval], before: tuple[float, Interval], level: float
) -> None:
    found = difference_from_intervals(*now, *before, level)
    assert (found.p_value < 1 - level) == found.clear
    swapped = difference_from_intervals(*before, *now, level)
    assert swapped.p_value == pytest.approx(found.p_value)


def test_a_lopsided_interval_that_holds_zero_is_no_clear_change() -> None:
    """Towards 0: hypot(60 - 10, 40 - 12) = 57.3 above -30. Half the widths would give hypot(51, 29) / 2 = 29.3."""
    found = difference_from_intervals(10.0, Interval(9.0, 60.0), 40.0, Interval(12.0, 41.0))
    assert found.low < 0 < found.high
    assert found.p_value == pytest.approx(2 * stats.norm.sf(30 / math.hypot(50, 28) * stats.norm.ppf(0.975)))
