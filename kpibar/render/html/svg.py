"""Drawings as data: shapes with their attributes, for a template to write as SVG.

A place along a drawing is a share of its width, 0..1, written in percent, so that a drawing fits any width; a height is
in pixels. A curve has no percentages: it stands in an inner drawing 100 units wide that is stretched, and its line is
kept from being stretched by the style sheet (`vector-effect`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The units of an inner drawing along its width.
_WIDE = 100
_RADIUS = 2.5


@dataclass(frozen=True)
class Shape:
    """An element: its tag, its attributes as written, its text, and the shapes in it."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: str = ""
    inner: tuple["Shape", ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Shapes in a frame of the width it is given and a height in pixels; `look` is its class in the style sheet."""

    look: str
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Scale:
    """From a value to a place: `low` is at `start`, `high` at `end`. Of an empty range every place is the middle."""

    low: float
    high: float
    start: float = 0.0
    end: float = 1.0

    def __call__(self, value: float) -> float:
        """The place of a value; one beyond the range is at its end."""
        part = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + min(1.0, max(0.0, part)) * (self.end - self.start)


def number(value: float) -> str:
    """A number of at most two decimals, as short as it can be written."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(place: float) -> str:
    """A place along a drawing."""
    return f"{number(100 * place)}%"


def shape(tag: str, look: str = "", text: str = "", inner: Sequence[Shape] = (), **attributes: str | float) -> Shape:
    """A shape; a number among its attributes is written short, an underline in a name is a hyphen."""
    pairs = [("class", look)] if look else []
    pairs += [
        (name.replace("_", "-"), value if isinstance(value, str) else number(value))
        for name, value in attributes.items()
    ]
    return Shape(tag, tuple(pairs), text, tuple(inner))


def bar(look: str, start: float, end: float, top: float, height: float) -> Shape:
    """A bar from one place to another, whichever is first."""
    left, right = min(start, end), max(start, end)
    return shape("rect", look, x=percent(left), y=top, width=percent(right - left), height=height)


def upright(look: str, place: float, top: float, bottom: float) -> Shape:
    """A line from top to bottom."""
    return shape("line", look, x1=percent(place), x2=percent(place), y1=top, y2=bottom)


def level(look: str, height: float, start: float = 0.0, end: float = 1.0) -> Shape:
    """A line along a drawing."""
    if not start:
        return shape("line", look, x2=percent(end), y1=height, y2=height)
    return shape("line", look, x1=percent(start), x2=percent(end), y1=height, y2=height)


def dot(look: str, place: float, height: float) -> Shape:
    """A point."""
    return shape("circle", look, cx=percent(place), cy=height, r=_RADIUS)


def word(look: str, place: float, height: float, text: str) -> Shape:
    """A text whose foot stands at a height."""
    return shape("text", look, text, x=percent(place), y=height)


def letters(look: str, places: Sequence[float], height: float, text: str) -> Shape:
    """A letter at each place, as one text."""
    return shape("text", look, text, x=" ".join(map(percent, places)), y=height)


def curves(shapes: Sequence[Shape], height: int) -> Shape:
    """The inner drawing of curves: as wide as its frame, whatever that is."""
    return shape("svg", "", "", shapes, viewBox=f"0 0 {_WIDE} {height}", preserveAspectRatio="none")


Point = tuple[float, float]


def curve(look: str, points: Sequence[Point]) -> Shape:
    """A line through places and heights, for `curves`."""
    return shape("path", look, d=_path(points))


def area(look: str, upper: Sequence[Point], lower: Sequence[Point]) -> Shape:
    """What lies between two lines, for `curves`."""
    return shape("path", look, d=_path([*upper, *reversed(lower)]) + "z")


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{number(_WIDE * place)} {number(height)}" for place, height in points)


def stretches(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The values that stand without a gap, as pairs of position and value."""
    run: list[tuple[int, float]] = []
    for position, value in enumerate(values):
        if value is not None:
            run.append((position, value))
        elif run:
            yield run
            run = []
    if run:
        yield run
