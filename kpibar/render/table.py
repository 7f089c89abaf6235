"""A printed report as data: tables of cells with roles, their notes and their legend.

Nothing here knows of colours, widths or a terminal: a writer of text, Markdown, HTML or a workbook walks the page and
looks up what a role is in its own terms.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

# What a cell is: words of meaning, never of looks.
Role = Literal[
    "title", "detail", "summary", "heading", "head", "scale", "label", "provisional",
    "value", "previous", "interval", "change_interval", "smallest_visible",
    "masked", "small_group", "not_reached", "missing", "base", "small_base",
    "better", "worse", "stable", "small", "cannot_tell", "unjudged",
    "target", "target_met", "target_near", "target_missed",
    "trend", "strip", "absent", "legend", "warning", "note",
]  # fmt: skip
LABEL = "label"
SEPARATOR = " · "


@dataclass(frozen=True)
class Trend:
    """The months of a year and of the year before, twelve places each; None where a month has no figure.

    `noise` is the range that chance alone fills over both years, `noise_of_year` over this year's months.
    """

    previous: tuple[float | None, ...]
    year: tuple[float | None, ...]
    noise: float
    noise_of_year: float


@dataclass(frozen=True)
class Strip:
    """A value and its interval on a scale that the rows of a section share, with the total beside it."""

    value: float | None
    low: float | None
    high: float | None
    total: float | None
    scale: tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """A text and its role; a drawing instead of a text is left to the writer."""

    text: str = ""
    role: Role = "label"
    drawing: Trend | Strip | None = None


@dataclass(frozen=True)
class Row:
    """The cells of a row by column; a column without one is empty. At level 1 it is a part of the row above."""

    cells: Mapping[str, Cell]
    level: int = 0


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Where room is short, the column of the highest priority goes first; those of 0 stay. An optional one may be left
    out when all its cells are missing. `years` names the two halves of a trend where both are drawn.
    """

    name: str
    head: Cell
    align: Literal["left", "right"] = "left"
    priority: int = 0
    optional: bool = False
    years: tuple[str, str] | None = None


@dataclass(frozen=True)
class Section:
    """A heading and the rows under it; `scale` says what the strips of its rows span."""

    heading: Cell
    rows: tuple[Row, ...]
    scale: Cell | None = None


@dataclass(frozen=True)
class Table:
    """Columns, and the sections of rows that have them in common.

    Where room is short, the columns named in `spread` are spread over several tables, each with all other columns:
    no column is lost. Those of one group, such as a figure and its interval, stay together.
    """

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    spread: tuple[tuple[str, ...], ...] = ()

    @property
    def rows(self) -> Iterator[Row]:
        """The rows of all sections."""
        return (row for section in self.sections for row in section.rows)


@dataclass(frozen=True)
class Explanation:
    """What cells of some roles mean, or one of the `marks` in them: then it is given only where one stands."""

    roles: tuple[Role, ...]
    text: str
    marks: str = ""

    def speaks_of(self, cell: Cell) -> bool:
        """Whether it explains a cell."""
        return cell.role in self.roles and (not self.marks or any(mark in cell.text for mark in self.marks))


@dataclass(frozen=True)
class Page:
    """A report to print: the lines of its heading, its tables, what is absent and why, explanations of marks, notes.

    The explanations come in groups, of verdicts, of changes and of figures, each of which is a paragraph.
    """

    heading: tuple[tuple[Cell, ...], ...]
    table: Table
    absent: tuple[Cell, ...] = ()
    explanations: tuple[tuple[Explanation, ...], ...] = ()
    notes: tuple[Cell, ...] = ()
    further: tuple[Table, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its table, and those that follow it."""
        return (self.table, *self.further)


def legend(page: Page, *columns: Collection[str]) -> tuple[str, ...]:
    """The explanations of what stands in the columns of each table shown, of nothing else: a text for each group."""
    cells = [
        cell
        for table, names in zip(page.tables, columns, strict=True)
        for row in table.rows
        for name, cell in row.cells.items()
        if name in names
    ]
    groups = ([e.text for e in group if any(map(e.speaks_of, cells))] for group in page.explanations)
    return tuple(SEPARATOR.join(texts) for texts in groups if texts)
