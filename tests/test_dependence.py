"""Rows that depend on each other: the design effect, the tests of times and of means, against other libraries."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests

from kpibar.kpis.dependence import FEWEST_WEEKS, design_effect, small_sample_factor, student_quantile
from kpibar.kpis.estimates import Parts, quotient_of_share, share_of_rows
from kpibar.kpis.intervals import Boxes, Moments, benjamini_hochberg, mean_interval, nps_interval
from kpibar.kpis.times import Shift, Times, _join, _scores, compare_times
from tests.dependence_worlds import Shares, score, trials_of_cells

LEVEL = 0.95
Z = NormalDist().inv_cdf(0.975)
# Hits and base of each week.
Weeks = Sequence[tuple[int, int]]
weeks = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 200)).map(lambda pair: (min(pair), max(pair))), max_size=56
)


def effect_of(counts: Weeks, level: float = LEVEL) -> float | None:
    """The design effect of a share of which the weeks are given."""
    parts = [Parts(base=n, hits=x) for x, n in counts]
    whole = quotient_of_share([sum(parts, Parts())])
    return design_effect(whole, {week: quotient_of_share([part]) for week, part in enumerate(parts)}, level)


def require(shift: Shift | None) -> Shift:
    """The test, of which there is one."""
    assert shift is not None
    return shift


def times(number: ArrayLike, week: ArrayLike = 0, channel: ArrayLike = 0, is_over: ArrayLike = True) -> Times:
    """Cells of a record each, in order of their times."""
    values = np.asarray(number, dtype=float)
    order = np.argsort(values, kind="stable")
    ends, weeks_of, channels = (
        np.broadcast_to(np.asarray(column, dtype=int), values.shape)[order] for column in (is_over, week, channel)
    )
    return Times(values[order], np.ones(len(values), dtype=int), ends, weeks_of, channels)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("degrees", [7, 8, 12, 16.3, 24.1, 52, 400])
def test_student_quantile(level: float, degrees: float) -> None:
    oracle = stats.t.ppf((1 + level) / 2, degrees)
    assert student_quantile(NormalDist().inv_cdf((1 + level) / 2), degrees) == pytest.approx(oracle, rel=5e-4)


def test_a_design_effect_worked_by_hand() -> None:
    """Ten weeks of 10 rows, of which 8, 2, 8, 2 ... are hits: p = .5 of N = 100, r = 3, -3, ...: sum r² = 90.
    V = 10 / 9 x 90 / 100² = .01, of independent rows .5 x .5 / 100 = .0025: 4 times as much. Of 9 degrees of freedom
    t = 2.2622: (2.2622 / 1.96)² = 1.3322, hence 5.329."""
    assert effect_of([(8, 10), (2, 10)] * 5) == pytest.approx(4 * (2.262157 / 1.959964) ** 2, rel=1e-4)


def test_a_design_effect_of_a_year_worked_by_hand() -> None:
    """52 weeks of 10 rows: 8 hits in two, 2 in the next two and so on: r = 3, 3, -3, -3, ... Two neighbours count:
    sum r² = 468, of next weeks (26 products of 9, 25 of -9) 9, of those after next (50 of -9) -450.
    468 + 2 (2/3 x 9 - 1/3 x 450) = 180; times 52 / (52 - 1 - 2) = 191.0204, over 520 x .25 = 130: 1.469388.
    Degrees of freedom: 52 / (1 + 2 (4/9 + 1/9)) - 1 = 23.63."""
    degrees = 52 / (1 + 10 / 9) - 1
    oracle = 1.469388 * (stats.t.ppf(0.975, degrees) / Z) ** 2
    assert effect_of([(8, 10), (8, 10), (2, 10), (2, 10)] * 13) == pytest.approx(oracle, rel=1e-5)


def test_a_design_effect_is_that_of_a_cluster_robust_variance() -> None:
    """Of fewer weeks than have neighbours looked at. The variance of statsmodels lacks k / (k - 1) with
    use_correction=False."""
    generator = np.random.default_rng(5)
    bases = generator.integers(20, 60, 24)
    hits = generator.binomial(bases, generator.beta(3, 7, 24))
    rows = np.concatenate([np.repeat([1.0, 0.0], [x, n - x]) for x, n in zip(hits, bases, strict=True)])
    groups = np.repeat(np.arange(24), bases)
    model = OLS(rows, np.ones_like(rows)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    share, factor = rows.mean(), (stats.t.ppf(0.975, 23) / Z) ** 2
    oracle = model.bse[0] ** 2 * 24 / 23 / (share * (1 - share) / len(rows)) * factor
    assert oracle > 2
    assert effect_of(list(zip(hits.tolist(), bases.tolist(), strict=True))) == pytest.approx(oracle, rel=1e-5)


def test_what_is_alike_in_both_years_is_season() -> None:
    """Shares of .1 and .3 in turns of ten weeks, and in the other year too: what is left is how each week differs."""
    generator = np.random.default_rng(2)
    shares = np.where(np.arange(52) // 10 % 2, 0.3, 0.1)
    years = [generator.binomial(200, shares).tolist() for _ in (0, 1)]
    quotients = [{week: quotient_of_share([Parts(base=200, hits=x)]) for week, x in enumerate(year)} for year in years]
    whole = quotient_of_share([Parts(base=200 * 52, hits=sum(years[0]))])
    alone, beside = (design_effect(whole, quotients[0], LEVEL, other) for other in (None, quotients[1]))
    assert alone is not None
    assert beside is not None
    assert alone > 20
    assert beside < 2


def test_a_year_of_another_time_changes_little() -> None:
    """Weeks that no other stands beside: the sum of the variances is that of the differences."""
    counts = [(8, 10), (8, 10), (2, 10), (2, 10)] * 13
    weeks_of = {week: quotient_of_share([Parts(base=n, hits=x)]) for week, (x, n) in enumerate(counts)}
    whole = quotient_of_share([Parts(base=520, hits=260)])
    far = {week + 1_000: quotient for week, quotient in weeks_of.items()}
    assert design_effect(whole, weeks_of, LEVEL, far) == pytest.approx(effect_of(counts), rel=0.2)


def test_too_few_weeks_tell_nothing() -> None:
    assert effect_of([(1, 4)] * (FEWEST_WEEKS - 1)) is None
    assert effect_of([(1, 4)] * (FEWEST_WEEKS - 1) + [(0, 0)] * 30) is None
    assert effect_of([]) is None
    assert effect_of([(1, 4)] * FEWEST_WEEKS) is not None


def test_rows_that_are_all_alike_have_no_effect() -> None:
    assert effect_of([(0, 10)] * 52) == effect_of([(10, 10)] * 52) == 1.0


@settings(max_examples=50)
@given(weeks, st.sampled_from((0.8, 0.95, 0.99)))
def test_an_effect_only_widens(counts: Weeks, level: float) -> None:
    effect = effect_of(counts, level)
    whole = [Parts(base=sum(n for _, n in counts), hits=sum(x for x, _ in counts))]
    assert effect is None or effect >= 1
    wide, plain = share_of_rows(whole, level, effect).interval, share_of_rows(whole, level, None).interval
    if wide is None or plain is None:
        assert not whole[0].base
        return
    assert wide.low <= plain.low + 1e-12
    assert wide.high >= plain.high - 1e-12


@settings(max_examples=50)
@given(weeks)
def test_weeks_without_rows_at_the_edges_change_nothing(counts: Weeks) -> None:
    assert effect_of([(0, 0), *counts, (0, 0), (0, 0)]) == pytest.approx(effect_of(counts))


def test_times_without_running_ones_have_the_test_of_mann_and_whitney() -> None:
    """`longer` is U / (n1 n0), and p close to that of ranks, as weeks are independent."""
    generator = np.random.default_rng(3)
    for shift in (0.0, 0.03, 0.06):
        now, before = (np.ceil(generator.lognormal(middle, 1, 6_000) * 60) for middle in (shift, 0.0))
        oracle = stats.mannwhitneyu(now, before)
        weeks_of = [generator.integers(0, 52, 6_000) for _ in (0, 1)]
        ours = require(compare_times(times(now, weeks_of[0]), times(before, weeks_of[1]), LEVEL))
        assert ours.longer == pytest.approx(oracle.statistic / 6_000**2, abs=1e-12)
        plain = require(compare_times(times(now), times(before), LEVEL))
        assert plain.longer == ours.longer
        assert plain.p_value == pytest.approx(oracle.pvalue, rel=0.02, abs=1e-4)
        # The variance seen in weeks is that of independent records, or somewhat more.
        z = [NormalDist().inv_cdf(1 - p / 2) for p in (ours.p_value, oracle.pvalue)]
        assert 0.8 * z[1] <= z[0] <= 1.001 * z[1]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 1)), min_size=30, max_size=60))
def test_equal_times_are_no_longer(rows: list[tuple[int, bool, int]]) -> None:
    """One of the two channels has half of the records at least."""
    number, is_over, channel = (np.array(column) for column in zip(*rows, strict=True))
    year = times(number, np.arange(len(rows)) % 11, channel, is_over)
    shift = require(compare_times(year, year, LEVEL))
    assert (shift.longer, shift.p_value) == pytest.approx((0.5, 1.0))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40),
)
def test_scores_of_both_years_sum_to_nothing(rows: list[tuple[int, bool]], rows_before: list[tuple[int, bool]]) -> None:
    """Those of Peto and Prentice, some times still running."""
    years = [
        times([time for time, _ in part], is_over=[is_over for _, is_over in part]) for part in (rows, rows_before)
    ]
    sums = [float(_scores(year, _join(years))[0].sum()) for year in years]
    assert sum(sums) == pytest.approx(0, abs=1e-9)


def test_running_times_point_the_right_way() -> None:
    """Times of a year twice as long, read after equal ages."""
    generator = np.random.default_rng(8)
    age = generator.uniform(0, 4, 2_000)
    longs, shorts = (generator.exponential(mean, 2_000) for mean in (2.0, 1.0))
    now, before = (times(np.minimum(law, age), np.arange(2_000) % 52, is_over=law <= age) for law in (longs, shorts))
    shift = require(compare_times(now, before, LEVEL))
    assert shift.longer > 0.55
    assert shift.p_value < 1e-6
    back = require(compare_times(before, now, LEVEL))
    assert (back.longer, back.p_value) == pytest.approx((1 - shift.longer, shift.p_value), abs=1e-6)


@pytest.mark.parametrize("weeks_of", [1, 5, 30])
@pytest.mark.parametrize(("now", "before"), [(10, 10), (12, 37), (37, 12), (33, 34)])
def test_times_that_are_all_alike_are_compared(now: int, before: int, weeks_of: int) -> None:
    """The spread of their scores is 0 but for rounding."""
    short, long = (times(np.full(n, time), np.arange(n) % weeks_of) for n, time in ((now, 0.0), (before, 60.0)))
    assert require(compare_times(short, long, LEVEL)) == Shift(0.0, 0.0)
    assert require(compare_times(short, short, LEVEL)).p_value == 1.0


def test_a_channel_of_few_records_tells_nothing() -> None:
    """2,000 records a year in channels of which the other year has one record at most."""
    generator = np.random.default_rng(4)
    laws = [generator.exponential(1, 2_001) for _ in (0, 1)]
    weeks_of = np.arange(2_001) % 52
    years = [
        times(law, weeks_of, np.where(np.arange(2_001), channel, 9)) for law, channel in zip(laws, (1, 2), strict=True)
    ]
    assert compare_times(years[0], years[1], LEVEL) is None
    few = [times(law[:9], np.arange(9)) for law in laws]
    assert compare_times(few[0], few[1], LEVEL) is None
    thirty = [times(law[:29], np.arange(29)) for law in laws]
    assert compare_times(thirty[0], thirty[1], LEVEL) is not None
    assert compare_times(thirty[0], thirty[1], LEVEL, 30) is None


def test_another_mix_of_channels_is_no_shift() -> None:
    """Chats take a minute, mails a day, in both years; of the year half are mails, of the year before one in five."""
    generator = np.random.default_rng(4)
    years = []
    for mails in (0.5, 0.2):
        channel = (generator.random(3_000) < mails).astype(int)
        number = np.where(channel, 86_400.0, 60.0) * generator.lognormal(0, 0.5, 3_000)
        years.append((number, generator.integers(0, 52, 3_000), channel))
    now, before = (times(*year) for year in years)
    within = require(compare_times(now, before, LEVEL))
    now, before = (times(number, week) for number, week, _ in years)
    together = require(compare_times(now, before, LEVEL))
    assert within.p_value > 0.1
    assert within.longer == pytest.approx(0.5, abs=0.03)
    assert together.p_value < 1e-9


def test_channels_of_one_year_alone_are_not_compared() -> None:
    assert compare_times(times([1.0, 2.0], channel=1), times([1.0, 2.0], channel=2), LEVEL) is None


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=60), st.floats(1, 20))
def test_an_interval_of_a_mean_holds_it(values: list[float], effect: float) -> None:
    moments = Moments(len(values), *(math.fsum(value**power for value in values) for power in (1, 2, 3)))
    interval = mean_interval(moments, LEVEL, effect)
    assert interval is not None
    assert interval.low <= moments.mean <= interval.high


def test_an_interval_of_a_mean_without_skewness_is_the_normal_one() -> None:
    values = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 9.0])
    moments = Moments(len(values), *(float((values**power).sum()) for power in (1, 2, 3)))
    interval = mean_interval(moments, LEVEL, 2.0)
    assert interval is not None
    half = Z * values.std(ddof=1) / math.sqrt(len(values)) * math.sqrt(2)
    assert (interval.low, interval.high) == pytest.approx((5 - half, 5 + half))


def test_a_long_tail_lengthens_the_upper_arm() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 150)
    interval = mean_interval(Moments(150, *(float((values**power).sum()) for power in (1, 2, 3))), LEVEL)
    assert interval is not None
    assert interval.high - values.mean() > 1.2 * (values.mean() - interval.low)


@pytest.mark.parametrize("boxes", [Boxes(30, 0, 30), Boxes(0, 30, 30), Boxes(0, 0, 30)])
def test_equal_answers_leave_a_score_uncertain(boxes: Boxes) -> None:
    interval = nps_interval(boxes, LEVEL)
    assert interval is not None
    assert interval.high - interval.low > 10
    assert interval.low <= boxes.net <= interval.high


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.1, 10))
def test_equal_weights_adjust_as_none(p_values: list[float], weight: float) -> None:
    ours = benjamini_hochberg(p_values, [weight] * len(p_values))
    assert ours == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_declared_hypotheses_take_more_of_the_error() -> None:
    """Weights 4 and 1, 1: of three hypotheses the first has two thirds of .05."""
    adjusted_values = benjamini_hochberg([0.03, 0.9, 0.9], [4, 1, 1])
    assert adjusted_values[0] == pytest.approx(0.03 / 2 * 3)
    assert benjamini_hochberg([0.03, 0.9, 0.9])[0] == pytest.approx(0.09)


def test_intervals_of_weeks_with_shocks_hold_the_truth() -> None:
    """52 weeks of 2,000 rows with a correlation of .01; `python -m tests.dependence_worlds` draws many worlds."""
    world = Shares(104_000, 0.12, 0.01)
    result = score([trial for _, trial in trials_of_cells(world, np.random.default_rng(6), 100)])
    assert result.kpibar[0] > 0.88
    assert result.naive[0] < 0.5
    assert result.kpibar[1] < 0.12 < 0.5 < result.naive[1]
    assert result.effect > 10 * small_sample_factor(51, LEVEL)
