"""Drawings made of characters: a sparkline, an interval strip, and their ASCII stand-ins."""

import math
from collections.abc import Sequence
from statistics import NormalDist, median

from kpibar.kpis.estimates import Measure
from kpibar.render.numbers import ascii_only
from kpibar.render.table import Strip

# Seven levels, not eight: a full block touches the row above.
LEVELS = "▁▂▃▄▅▆▇"
GAP = " "
STRIP_CELLS = 24
_NOISE_ERRORS = 6
_ASCII = str.maketrans(
    {
        **dict(zip(LEVELS, "_.-:=+*", strict=True)),
        "▲": "^", "▼": "v", "△": "(^)", "▽": "(v)",
        "✓": "ok", "✗": "x", "≤": "<=", "≥": ">=", "→": "..", "·": "|",
        "±": "+/-", "─": "-", "●": "o", "┊": ":", "—": "-", "…": "...",
    }
)  # fmt: skip


def ascii_marks(text: str) -> str:
    """The text with the marks and numbers of a report in ASCII; letters with accents stay as they are."""
    return ascii_only(text.translate(_ASCII))


def draw_trend(values: Sequence[float | None], noise: float = 0.0) -> str:
    """One level per value, a gap for None.

    The range drawn is never less than `noise`, so that what is mere chance stays flat.
    """
    figures = [value for value in values if value is not None]
    if not figures:
        return GAP * len(values)
    spread = max(max(figures) - min(figures), noise)
    bottom = (max(figures) + min(figures) - spread) / 2
    return "".join(GAP if value is None else _level(value - bottom, spread) for value in values)


def _level(height: float, spread: float) -> str:
    if spread <= 0:
        return LEVELS[len(LEVELS) // 2]
    return LEVELS[min(len(LEVELS) - 1, max(0, int(height / spread * len(LEVELS))))]


def noise_floor(months: Sequence[Measure], year: Measure, level: float, is_count: bool) -> float:
    """The range that chance alone fills: six median standard errors of the months.

    The error of a month comes from its interval at confidence `level`. The months of a median have none:
    the year's is widened by the root of the bases. A count (`is_count`) varies by its root, as Poisson events.
    """
    errors = [_error(month, level) for month in months if month.interval]
    if is_count:
        errors = [math.sqrt(month.value) for month in months if month.value is not None]
    bases = [month.base for month in months if month.base]
    if not errors and year.interval and bases:
        errors = [_error(year, level) * math.sqrt(year.base / median(bases))]
    return _NOISE_ERRORS * median(errors) if errors else 0.0


def _error(measure: Measure, level: float) -> float:
    assert measure.low is not None and measure.high is not None
    return (measure.high - measure.low) / (2 * NormalDist().inv_cdf(0.5 + level / 2))


def draw_strip(strip: Strip) -> str:
    """A value and its interval on the scale of its section: "  ─●─  ┊ ", the total as a line."""
    cells = [" "] * STRIP_CELLS
    if strip.total is not None:
        cells[_cell(strip.total, strip.scale)] = "┊"
    if strip.low is not None and strip.high is not None:
        first, last = _cell(strip.low, strip.scale), _cell(strip.high, strip.scale)
        cells[first : last + 1] = "─" * (last - first + 1)
    if strip.value is not None:
        cells[_cell(strip.value, strip.scale)] = "●"
    return "".join(cells)


def _cell(value: float, scale: tuple[float, float]) -> int:
    low, high = scale
    place = (value - low) / (high - low) if high > low else 0.5
    return min(STRIP_CELLS - 1, max(0, round(place * (STRIP_CELLS - 1))))
