"""The curve of times that have not all ended, against the estimate of statsmodels."""

import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from kpibar.kpis.survival import Quantile, curve_quantile, survival_curve

LEVEL = 0.95


def cells(rows: list[tuple[float, bool]]) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """A cell for each of some records: its time, one record, and whether it ended."""
    times, ended = (numpy.array(column) for column in zip(*rows, strict=True))
    return times.astype(float), numpy.ones(len(rows), dtype=int), ended.astype(int)


def test_a_curve_worked_by_hand() -> None:
    """Times 2, 3, 3 (one of them still running) and 5: after 2 three of four still run; at 3 one of three ends; the
    last one ends at 5. Half are left after 3."""
    curve = survival_curve(*cells([(2, True), (3, True), (3, False), (5, True)]))
    assert curve.times.tolist() == [2, 3, 5]
    assert curve.survival == pytest.approx([3 / 4, 3 / 4 * 2 / 3, 0])
    assert curve.greenwood[:2] == pytest.approx([1 / (4 * 3), 1 / (4 * 3) + 1 / (3 * 2)])
    assert (curve.base, curve.ended, curve.longest) == (4, 3, 5)
    assert curve_quantile(curve, 0.5, LEVEL).value == 3


def test_a_median_that_is_not_reached() -> None:
    """Three of four still run: no time is known after which half are over."""
    curve = survival_curve(*cells([(1, True), (4, False), (6, False), (9, False)]))
    assert curve_quantile(curve, 0.5, LEVEL).value is None
    assert curve.longest == 9


def test_no_records_have_no_curve() -> None:
    """Of nothing nothing is known."""
    empty = numpy.zeros(0)
    curve = survival_curve(empty, empty.astype(int), empty.astype(int))
    assert (curve.base, curve.ended, curve.longest) == (0, 0, None)
    assert curve_quantile(curve, 0.5, LEVEL) == Quantile(None, None, None)


def test_a_half_is_a_half_however_many_records() -> None:
    """With every time ended the median is the lower of the two in the middle, whatever rounding did to the share."""
    for count in (2, 6, 14, 1_000, 99_998):
        times = numpy.arange(1, count + 1, dtype=float)
        ones = numpy.ones(count, dtype=int)
        assert curve_quantile(survival_curve(times, ones, ones), 0.5, LEVEL).value == count / 2


@pytest.mark.parametrize("fraction", [0.5, 0.9])
@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=120).filter(
        lambda rows: any(ended for _, ended in rows)
    )
)
def test_as_statsmodels(rows: list[tuple[int, bool]], fraction: float) -> None:
    """Share, error, quantile and interval, with many times alike."""
    records = [(float(time), ended) for time, ended in rows]
    oracle = SurvfuncRight([time for time, _ in records], [int(ended) for _, ended in records])
    curve = survival_curve(*cells(records))
    assert curve.times.tolist() == oracle.surv_times.tolist()
    assert curve.survival == pytest.approx(oracle.surv_prob, abs=1e-9)
    known = curve.survival > 0
    error = curve.survival[known] * numpy.sqrt(curve.greenwood[known])
    assert error == pytest.approx(oracle.surv_prob_se[known], abs=1e-9)
    quantile = curve_quantile(curve, fraction, LEVEL)
    with numpy.errstate(all="ignore"):
        low, high = oracle.quantile_ci(fraction, alpha=1 - LEVEL)
    assert quantile.low == (None if math.isnan(low) else pytest.approx(low, abs=1e-9))
    assert quantile.high == (None if math.isnan(high) or math.isinf(high) else pytest.approx(high, abs=1e-9))
    # The oracle takes the first time after which less than the rest run; where exactly the rest run, it is the next.
    exact = any(math.isclose(share, 1 - fraction, abs_tol=1e-12) for share in curve.survival)
    if not exact:
        value = oracle.quantile(fraction)
        assert quantile.value == (None if math.isnan(value) else pytest.approx(value, abs=1e-9))


@given(rows=st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_cells_add_up(rows: list[tuple[int, bool]]) -> None:
    """One cell of many records is as many cells of one."""
    records = [(float(time), ended) for time, ended in rows]
    times = numpy.array(sorted({time for time, _ in records}))
    count = numpy.array([sum(other == time for other, _ in records) for time in times])
    ended = numpy.array([sum(other == time and over for other, over in records) for time in times])
    left, right = survival_curve(times, count, ended), survival_curve(*cells(records))
    assert left.survival.tolist() == right.survival.tolist()
    assert curve_quantile(left, 0.5, LEVEL) == curve_quantile(right, 0.5, LEVEL)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_a_quantile_lies_between(fraction: float) -> None:
    """0 and 1 are no quantiles."""
    curve = survival_curve(*cells([(1, True)]))
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        curve_quantile(curve, fraction, LEVEL)


@pytest.mark.parametrize("effect", [1.0, 4.0, 12.0, 20.0])
def test_an_interval_under_a_design_effect_is_about_its_quantile(effect: float) -> None:
    """400 times from 1 to 400 s: those of the first seconds, of which nearly all still run, are not in the interval."""
    curve = survival_curve(*cells([(float(time), True) for time in range(1, 401)]))
    found = curve_quantile(curve, 0.5, LEVEL, effect)
    assert found.value is not None and found.low is not None and found.high is not None
    half = 1.96 * (effect * 0.25 / 400) ** 0.5 * 400
    assert found.low == pytest.approx(200 - half, abs=0.12 * half + 2)
    assert found.low < found.value < found.high
