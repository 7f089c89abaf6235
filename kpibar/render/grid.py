"""Tables and paragraphs that fit a width: whole columns are dropped, words wrapped, nothing cut on a pipe."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.table import Table
from rich.text import Text

from kpibar.render.table import LABEL, Column

GUTTER = 2
_LONGEST_LABEL = 36
_SHORTEST_LABEL = 12
_INDENT = "  "

# The texts of a row by column.
Texts = Mapping[str, Text]


@dataclass(frozen=True)
class Grid:
    """The columns that fit and their widths in cells."""

    columns: tuple[Column, ...]
    widths: Mapping[str, int]

    def table(self, rows: Iterable[Texts]) -> Table:
        """The rows as a table without lines; a missing cell is empty."""
        table = Table(box=None, padding=(0, GUTTER, 0, 0), pad_edge=False, show_header=False)
        for column in self.columns:
            label, width = column.name == LABEL, self.widths[column.name]
            table.add_column(width=width, no_wrap=not label, overflow="fold" if label else "ellipsis")
        for row in rows:
            table.add_row(*(self._align(column, row.get(column.name, Text())) for column in self.columns))
        return table

    def offset(self, name: str) -> int | None:
        """Where a column begins, None when it was dropped."""
        place = 0
        for column in self.columns:
            if column.name == name:
                return place
            place += self.widths[column.name] + GUTTER
        return None

    def _align(self, column: Column, cell: Text) -> Text:
        text = cell.copy()
        if column.name != LABEL:
            text.align(column.align, self.widths[column.name])
        return text


def fit_columns(columns: Sequence[Column], rows: Sequence[Texts], width: int | None) -> Grid:
    """The columns that fit: while they do not, the one with the highest priority number goes."""
    widths = {column.name: max((row[column.name].cell_len for row in rows if column.name in row), default=0)
              for column in columns}  # fmt: skip
    rest = list(columns)
    if width is None:
        return Grid(tuple(rest), widths)
    widths[LABEL] = min(widths[LABEL], _LONGEST_LABEL)
    while _width(rest, widths) > width and any(column.priority for column in rest):
        rest.remove(max(rest, key=lambda column: column.priority))
    excess = max(0, _width(rest, widths) - width)
    widths[LABEL] = max(min(widths[LABEL], _SHORTEST_LABEL), widths[LABEL] - excess)
    return Grid(tuple(rest), widths)


def _width(columns: Sequence[Column], widths: Mapping[str, int]) -> int:
    return sum(widths[column.name] for column in columns) + GUTTER * (len(columns) - 1)


def wrap(text: Text, width: int | None) -> list[Text]:
    """A paragraph in lines of at most `width` cells, broken at plain spaces only; later lines are indented.

    A no-break space holds its words together; a word longer than a line is folded.
    """
    if width is None or text.cell_len <= width:
        return [text]
    lines, line = [], ""
    for word in _words(text.plain, max(1, width - len(_INDENT))):
        longer = f"{line} {word}" if line.strip() else line + word
        if cell_len(longer) > width:
            lines.append(line)
            longer = _INDENT + word
        line = longer
    return [Text(line, style=text.style) for line in (*lines, line)]


def _words(text: str, longest: int) -> list[str]:
    return [part for word in text.split(" ") for part in (chop_cells(word, longest) or [""])]


def flow(parts: Sequence[Text], width: int | None) -> list[Text]:
    """Texts side by side, two spaces apart, each on a line of its own when they do not fit together."""
    whole = Text(" " * GUTTER).join(parts)
    if width is None or whole.cell_len <= width:
        return [whole]
    return [line for part in parts for line in wrap(part, width)]


def wrap_text(text: str, width: int | None) -> list[str]:
    """A paragraph in lines, as `wrap` breaks it."""
    return [line.plain for line in wrap(Text(text), width)]


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """A text of at most `width` cells; one that was longer ends in an ellipsis."""
    if cell_width(text) <= width:
        return text
    return ((chop_cells(text, width - 1) or [""])[0] if width > 1 else "") + "…"
