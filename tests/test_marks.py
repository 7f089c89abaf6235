"""Sparklines, the noise they keep flat, interval strips."""

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.estimates import Measure, Parts
from kpibar.render.marks import draw_strip, draw_trend, noise_floor
from kpibar.render.table import Strip


def test_a_sparkline_spans_seven_levels_and_leaves_gaps() -> None:
    assert draw_trend([1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇"
    assert draw_trend([None, 3.0, None]) == " ▄ " and draw_trend([None, None]) == "  "


def test_chance_stays_flat_in_a_sparkline() -> None:
    """Months that differ by less than their errors fill the cell without the floor, and stay flat with it."""
    late = catalogue(Settings()).get("late_share")
    found = [late.spec.estimate([Parts(base=400, hits=hits)], 0.95) for hits in (40, 42, 39, 41)]
    values = [measure.value for measure in found]
    floor = noise_floor(found, found[0], 0.95, is_count=False)
    assert floor == pytest.approx(6 * 0.0151, rel=0.05)  # sqrt(0.1 * 0.9 / 400) = 0.0150
    assert draw_trend(values) == "▃▇▁▅" and set(draw_trend(values, floor)) <= set("▃▄▅")


def test_the_noise_of_medians_and_counts() -> None:
    year = Measure(100.0, base=1200, low=90.2, high=109.8)
    months_of_median = [Measure(99.0, base=100)] * 3
    assert noise_floor(months_of_median, year, 0.95, is_count=False) == pytest.approx(6 * 5 * 12**0.5, rel=1e-3)
    assert noise_floor([Measure(100.0, base=100)] * 3, Measure(), 0.95, is_count=True) == 60
    assert noise_floor([Measure()], Measure(), 0.95, is_count=False) == 0


def test_a_strip_places_value_interval_and_total_on_the_scale() -> None:
    scale = (0.0, 23.0)
    assert draw_strip(Strip(12.0, 10.0, 14.0, 20.0, scale)) == " " * 10 + "──●──" + " " * 5 + "┊" + " " * 3
    assert draw_strip(Strip(20.0, None, None, 20.0, scale)) == " " * 20 + "●" + " " * 3
    assert draw_strip(Strip(5.0, None, None, None, (5.0, 5.0))).strip() == "●"
