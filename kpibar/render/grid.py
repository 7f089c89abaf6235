"""Tables and paragraphs that fit a width: whole columns are dropped, words wrapped, nothing cut on a pipe."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.cells import cell_len, chop_cells
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from kpibar.render.page import Screen

LABEL = "label"
GUTTER = 2
_PIPE_WIDTH = 100_000
_LONGEST_LABEL = 36
_SHORTEST_LABEL = 12
_INDENT = "  "

Cells = Mapping[str, Text]


@dataclass(frozen=True)
class Column:
    """A column: its priority (0 stays; else the highest goes first), its side and its head."""

    name: str
    priority: int
    right: bool
    head: Text


@dataclass(frozen=True)
class Grid:
    """The columns that fit and their widths in cells."""

    columns: tuple[Column, ...]
    widths: Mapping[str, int]

    def table(self, rows: Iterable[Cells]) -> Table:
        """The rows as a table without lines; a missing cell is empty."""
        made = Table(box=None, padding=(0, GUTTER, 0, 0), pad_edge=False, show_header=False)
        for column in self.columns:
            label = column.name == LABEL
            made.add_column(width=self.widths[column.name], no_wrap=not label, overflow="fold" if label else "ellipsis")
        for row in rows:
            made.add_row(*(self._aligned(column, row.get(column.name, Text())) for column in self.columns))
        return made

    def offset(self, name: str) -> int | None:
        """Where a column begins, None when it was dropped."""
        place = 0
        for column in self.columns:
            if column.name == name:
                return place
            place += self.widths[column.name] + GUTTER
        return None

    def _aligned(self, column: Column, cell: Text) -> Text:
        made = cell.copy()
        if column.name != LABEL:
            made.align("right" if column.right else "left", self.widths[column.name])
        return made


def fitted(columns: Sequence[Column], rows: Sequence[Cells], width: int | None) -> Grid:
    """The columns that fit: while they do not, the one with the highest priority number goes."""
    widths = {column.name: _needed(column, rows) for column in columns}
    kept = list(columns)
    if width is None:
        return Grid(tuple(kept), widths)
    widths[LABEL] = min(widths[LABEL], _LONGEST_LABEL)
    while _taken(kept, widths) > width and any(column.priority for column in kept):
        kept.remove(max(kept, key=lambda column: column.priority))
    excess = max(0, _taken(kept, widths) - width)
    widths[LABEL] = max(min(widths[LABEL], _SHORTEST_LABEL), widths[LABEL] - excess)
    return Grid(tuple(kept), widths)


def _needed(column: Column, rows: Sequence[Cells]) -> int:
    cells = (row[column.name].cell_len for row in rows if column.name in row)
    return max(column.head.cell_len, *cells, 0)


def _taken(columns: Sequence[Column], widths: Mapping[str, int]) -> int:
    return sum(widths[column.name] for column in columns) + GUTTER * (len(columns) - 1)


def wrapped(text: Text, width: int | None) -> list[Text]:
    """A paragraph in lines of at most `width` cells, broken at plain spaces only; later lines are indented.

    A no-break space holds its words together; a word longer than a line is folded.
    """
    if width is None or text.cell_len <= width:
        return [text]
    lines, line = [], ""
    for word in _words(text.plain, max(1, width - len(_INDENT))):
        joined = f"{line} {word}" if line.strip() else line + word
        if cell_len(joined) > width:
            lines.append(line)
            joined = _INDENT + word
        line = joined
    return [Text(line, style=text.style) for line in (*lines, line)]


def _words(text: str, longest: int) -> list[str]:
    return [part for word in text.split(" ") for part in (chop_cells(word, longest) or [""])]


def flowed(parts: Sequence[Text], width: int | None) -> list[Text]:
    """Texts side by side, two spaces apart, each on a line of its own when they do not fit together."""
    whole = Text(" " * GUTTER).join(parts)
    if width is None or whole.cell_len <= width:
        return [whole]
    return [line for part in parts for line in wrapped(part, width)]


def printed(parts: Iterable[RenderableType], screen: Screen) -> str:
    """The parts as text, with ANSI codes when the screen has styles; no line ends in spaces."""
    out = StringIO()
    ansi = screen.colour or screen.styled
    # Everything is stated, so that no environment variable changes what is printed.
    console = Console(
        file=out,
        width=screen.width or _PIPE_WIDTH,
        height=100,
        force_terminal=ansi,
        color_system="standard" if ansi else None,
        no_color=False,
        legacy_windows=False,
        force_jupyter=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for part in parts:
        console.print(part)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().split("\n")[:-1])
