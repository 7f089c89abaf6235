"""Drawings made of characters: a sparkline, an interval strip, and their ASCII stand-ins."""

import math
from collections.abc import Sequence
from statistics import NormalDist, median

from kpibar.measure.estimates import Measure
from kpibar.render.numbers import ascii_only

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
        "─": "-", "●": "o", "┊": ":", "—": "-", "…": "...",
    }
)  # fmt: skip


def ascii_marks(text: str) -> str:
    """The text with the marks and numbers of a report in ASCII; letters with accents stay as they are."""
    return ascii_only(text.translate(_ASCII))


def sparkline(values: Sequence[float | None], noise: float = 0.0) -> str:
    """One level per value, a gap for None.

    The range drawn is never less than `noise`, so that what is mere chance stays flat.
    """
    known = [value for value in values if value is not None]
    if not known:
        return GAP * len(values)
    spread = max(max(known) - min(known), noise)
    bottom = (max(known) + min(known) - spread) / 2
    return "".join(GAP if value is None else _level(value - bottom, spread) for value in values)


def _level(height: float, spread: float) -> str:
    if spread <= 0:
        return LEVELS[len(LEVELS) // 2]
    return LEVELS[min(len(LEVELS) - 1, max(0, int(height / spread * len(LEVELS))))]


def noise_floor(months: Sequence[Measure], year: Measure, level: float, counted: bool) -> float:
    """The range that chance alone fills: six median standard errors of the months.

    The error of a month comes from its interval at confidence `level`. The months of a median have none:
    the year's is widened by the root of the bases. A count (`counted`) varies by its root, as Poisson events.
    """
    errors = [_error(month, level) for month in months if month.interval]
    if counted:
        errors = [math.sqrt(month.value) for month in months if month.value is not None]
    bases = [month.base for month in months if month.base]
    if not errors and year.interval and bases:
        errors = [_error(year, level) * math.sqrt(year.base / median(bases))]
    return _NOISE_ERRORS * median(errors) if errors else 0.0


def _error(measure: Measure, level: float) -> float:
    assert measure.low is not None and measure.high is not None
    return (measure.high - measure.low) / (2 * NormalDist().inv_cdf(0.5 + level / 2))


def strip(measure: Measure, total: float | None, scale: tuple[float, float]) -> str:
    """A value and its interval on a scale shared by its neighbours: "  ─●─  ┊ ", the total as a line."""
    cells = [" "] * STRIP_CELLS
    if total is not None:
        cells[_cell(total, scale)] = "┊"
    if measure.interval:
        first, last = _cell(measure.interval.low, scale), _cell(measure.interval.high, scale)
        cells[first : last + 1] = "─" * (last - first + 1)
    if measure.value is not None:
        cells[_cell(measure.value, scale)] = "●"
    return "".join(cells)


def _cell(value: float, scale: tuple[float, float]) -> int:
    low, high = scale
    place = (value - low) / (high - low) if high > low else 0.5
    return min(STRIP_CELLS - 1, max(0, round(place * (STRIP_CELLS - 1))))
