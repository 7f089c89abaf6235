"""The drawings of a row: its bullet, its change, its two years as a line, its months. They measure nothing.

What a drawing shows is in a table beside it, so it has no words but those of its axes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Change, Row, Segment
from kpibar.render.html import svg
from kpibar.render.html.svg import Drawing, Point, Scale, Shape
from kpibar.render.numbers import format_value
from kpibar.render.table import Trend

_MONTHS = 12
# What the axis of changes may reach to, in parts of the year before; of so many bars one may go beyond its end.
_LIMITS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_BEYOND = 30
# A bullet leaves so much of its width free, that a target at its end is seen.
_ROOM = 1.04
_BULLET, _CHANGE, _LINE, _PLOT = 16, 16, 44, 128
_FOOT = 16
# The steps of an axis: of durations in seconds, of others in a power of ten.
_STEPS = (1, 2, 5)
_DURATIONS = (
    *(1, 2, 5, 10, 15, 30), *(60 * n for n in (1, 2, 5, 10, 15, 30)), *(3600 * n for n in (1, 2, 3, 4, 6, 12)),
    *(86400 * n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
)  # fmt: skip
_MOST_TICKS = 3.5
# Units of which no decimal is written.
_WHOLE = frozenset({"count", "points"})


def bullet(figure: Row | Segment, target: float | None, largest: float | None = None) -> Drawing | None:
    """The figure of the year as a bar from zero, that of the year before behind it, the target as a line.

    `largest` is the end of a scale that several have in common. None where there is nothing to draw.
    """
    now, before = figure.now.value, figure.before.value
    ends = [value for value in (now, before, target, largest) if value is not None]
    if now is None or not any(ends):
        return None
    scale = Scale(min(0.0, *ends), max(0.0, *ends) * _ROOM)
    zero = scale(0.0)
    shapes = []
    if before is not None:
        shapes.append(svg.bar("past", zero, scale(before), 1, 14))
    shapes.append(svg.bar("now", zero, scale(now), 5, 6))
    if min(ends) < 0:
        shapes.append(svg.upright("zero", zero, 0, _BULLET))
    if target is not None:
        shapes.append(svg.upright("halo", scale(target), -1, _BULLET + 1))
        shapes.append(svg.upright("goal", scale(target), -1, _BULLET + 1))
    return Drawing("bullet", _BULLET, tuple(shapes))


def limit_of_changes(figures: Sequence[Row | Segment]) -> float:
    """How far the axis of changes reaches on either side, so that all bars but one in thirty end on it."""
    sizes = sorted(abs(figure.change.relative) for figure in figures if figure.change and figure.change.relative)
    if not sizes:
        return _LIMITS[0]
    longest = sizes[len(sizes) - 1 - len(sizes) // _BEYOND]
    return next((limit for limit in _LIMITS if longest <= limit), _LIMITS[-1])


def change_bar(figure: Row | Segment, limit: float) -> Drawing | None:
    """A change as a part of the year before, its interval as a thin line: filled when clear, hollow when not.

    None where a change has no such part: of points, of what was nothing, of what does not compare.
    """
    change, before = figure.change, figure.before.value
    if change is None or change.relative is None or not before:
        return None
    scale = Scale(-limit, limit, 0.04, 0.96)
    zero, end = scale(0.0), scale(change.relative)
    shapes = [svg.upright("zero", zero, -2, _CHANGE + 2), svg.bar(_look(change), zero, end, 4, 8)]
    ends = [change.relative]
    if change.low is not None and change.high is not None:
        ends += [change.low / abs(before), change.high / abs(before)]
        shapes.append(svg.level("", 8, scale(min(ends)), scale(max(ends))))
        shapes += [svg.upright("", scale(end), 5, 11) for end in ends[1:] if abs(end) <= limit]
    if max(ends) > limit:
        shapes.append(_beyond(0.97, "M0 0l4 4-4 4"))
    if min(ends) < -limit:
        shapes.append(_beyond(0.03, "M0 0l-4 4 4 4"))
    return Drawing("change", _CHANGE, tuple(shapes))


def _beyond(place: float, path: str) -> Shape:
    """The sign that something goes on beyond the end of the axis."""
    return svg.shape("svg", "", "", [svg.shape("path", "beyond", d=path)], x=svg.percent(place), y=4)


def _look(change: Change) -> str:
    """The class of a bar of change: its judgement where there is one, else whether it is clear."""
    if change.verdict in ("better", "worse"):
        return change.verdict
    return "clear" if change.clear else "hollow"


def two_years(trend: Trend, target: float | None) -> Drawing | None:
    """The months of the year before and of the year as one line, the target dashed; None of no months.

    What chance alone fills is drawn flat: the range is never less than the noise of the months.
    """
    values = [*trend.previous, *trend.year]
    figures = [value for value in values if value is not None]
    if not figures:
        return None
    spread = max(max(figures) - min(figures), trend.noise)
    middle = (max(figures) + min(figures)) / 2
    ends = [middle - spread / 2, middle + spread / 2, *([target] if target is not None else [])]
    height, along = Scale(min(ends), max(ends), _LINE - 4, 4), Scale(0, len(values) - 1, 0.01, 0.98)
    shapes = [svg.level("goal", height(target))] if target is not None else []
    # The line of the year begins where that of the year before ends.
    past = _points(values[:_MONTHS], along, height)
    join = [*[None] * (_MONTHS - 1), *values[_MONTHS - 1 :]]
    now = _points(join if values[_MONTHS] is not None else [*[None] * _MONTHS, *trend.year], along, height)
    lines = [*_curves("past", past), *_curves("now", now)]
    last = max((place for place, value in enumerate(values) if value is not None and place >= _MONTHS), default=None)
    inner = [svg.curves(lines, _LINE)] if lines else []
    ends_of_line = [svg.dot("now", along(last), height(values[last] or 0.0))] if last is not None else []
    return Drawing("years", _LINE, (*shapes, *inner, *_dots("past", past), *_dots("now", now), *ends_of_line))


@dataclass(frozen=True)
class Monthly:
    """The months of a figure: of the year with the ends of their intervals, and of the year before, twelve each."""

    year: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    previous: tuple[float | None, ...]

    @property
    def ends(self) -> list[float]:
        """All that is drawn."""
        return [
            value for part in (self.year, self.low, self.high, self.previous) for value in part if value is not None
        ]


def monthly(row: Row) -> Monthly:
    """The months of a row; none of a month without a figure."""
    year, previous = _by_month(row.series), _by_month(row.before_series)
    visible = [month if month and month.value is not None else None for month in year]
    return Monthly(
        year=tuple(month.value if month else None for month in visible),
        low=tuple(month.low if month and month.interval else None for month in visible),
        high=tuple(month.high if month and month.interval else None for month in visible),
        previous=tuple(month.value if month else None for month in previous),
    )


def _by_month(series: Sequence[tuple[date, Measure]]) -> list[Measure | None]:
    months = {day.month: measure for day, measure in series}
    return [months.get(number) for number in range(1, _MONTHS + 1)]


@dataclass(frozen=True)
class Chart:
    """The months of a figure as lines, and beside them the axis of values."""

    axis: Drawing
    plot: Drawing


def months_chart(row: Row, letters: Sequence[str], lang: str) -> Chart | None:
    """The months of a row: the year with its intervals, the year before, the target; None of no months."""
    months, target = monthly(row), row.target.value if row.target else None
    if not any(value is not None for value in months.year):
        return None
    ends = [*months.ends, *([target] if target is not None else [])]
    height = Scale(min(ends), max(ends), _PLOT - _FOOT - 8, 8)
    along = Scale(0, _MONTHS - 1, 0.03, 0.97)
    ticks = _ticks(min(ends), max(ends), row.kpi.unit)
    names = [svg.word("", 1, height(tick) + 3.5, format_value(tick, row.kpi.unit, lang)) for tick in ticks]
    past, now = (_points(part, along, height) for part in (months.previous, months.year))
    shapes = [
        *(svg.level("grid", height(tick)) for tick in ticks),
        svg.curves([*_bands(months, along, height), *_curves("past", past), *_curves("now", now)], _PLOT),
        *([svg.level("goal", height(target))] if target is not None else []),
        *_dots("past", past),
        *_dots("now", now),
        svg.letters("", [along(place) for place in range(len(letters))], _PLOT - 3, "".join(letters)),
    ]
    return Chart(Drawing("axis", _PLOT, tuple(names)), Drawing("plot", _PLOT, tuple(shapes)))


def _points(values: Sequence[float | None], along: Scale, height: Scale) -> list[list[Point]]:
    """The points of each stretch without a gap."""
    return [[(along(place), height(value)) for place, value in run] for run in svg.stretches(values)]


def _curves(look: str, runs: Sequence[Sequence[Point]]) -> list[Shape]:
    return [svg.curve(look, run) for run in runs if len(run) > 1]


def _dots(look: str, runs: Sequence[Sequence[Point]]) -> list[Shape]:
    """A month between two gaps, which no line shows."""
    return [svg.dot(look, *run[0]) for run in runs if len(run) == 1]


def _bands(months: Monthly, along: Scale, height: Scale) -> Iterator[Shape]:
    """The intervals of the months, one beside the other."""
    for run in svg.stretches(months.low):
        places = [place for place, _ in run]
        upper = [(along(place), height(months.high[place] or 0.0)) for place in places]
        lower = [(along(place), height(value)) for place, value in run]
        if len(places) > 1:
            yield svg.area("band", upper, lower)


def _ticks(low: float, high: float, unit: str) -> list[float]:
    """Round values between two ends, at most four."""
    step = _step((high - low) / _MOST_TICKS, unit)
    if step <= 0:
        return [low]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _step(least: float, unit: str) -> float:
    """The smallest round step that is no smaller; 0 of nothing."""
    if least <= 0:
        return 0.0
    if unit == "seconds":
        return next((float(step) for step in _DURATIONS if step >= least), float(_DURATIONS[-1]))
    if unit in _WHOLE:
        least = max(least, 1.0)
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in _STEPS if step * power >= least * (1 - 1e-9)), 10 * power)
