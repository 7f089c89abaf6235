"""A page on a terminal, or in full width without colour on a pipe: how a role looks, and what a width shows.

Too narrow a screen spreads the columns of a table over several, or loses whole ones, the least important first, never
half a figure. Judgements are words
and arrow shapes; colour only repeats them.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Literal

from rich.console import Console, RenderableType
from rich.text import Text

from kpibar.measure.report import Barometer
from kpibar.render.grid import GUTTER, Grid, Texts, fit_columns, flow, wrap
from kpibar.render.marks import ascii_marks, draw_strip, draw_trend
from kpibar.render.page import report_page
from kpibar.render.table import LABEL, Cell, Column, Page, Role, Row, Section, Table, Trend, legend

# The one table of looks: an attribute where the screen has styles, a colour where it has colours.
_ATTRIBUTES: dict[Role, str] = {
    "title": "bold", "heading": "bold", "value": "bold", "better": "bold", "worse": "bold",
    "detail": "dim", "head": "dim", "scale": "dim", "previous": "dim", "interval": "dim",
    "change_interval": "dim", "smallest_visible": "dim", "masked": "dim", "small_group": "dim",
    "not_reached": "bold",
    "missing": "dim", "base": "dim", "small_base": "dim", "target": "dim",
    # What stands most often is the quietest.
    "stable": "dim", "cannot_tell": "dim", "unjudged": "dim",
    "absent": "dim", "legend": "dim", "note": "dim",
}  # fmt: skip
_COLOURS: dict[str, dict[Role, str]] = {
    "default": {
        "trend": "cyan", "strip": "cyan", "better": "green", "worse": "red",
        "target_met": "green", "target_near": "yellow", "target_missed": "red",
    },
    # Green and red look alike to many eyes; a near miss then has its mark only, as yellow says worse.
    "cvd": {
        "trend": "cyan", "strip": "cyan", "better": "bright_blue", "worse": "yellow",
        "target_met": "bright_blue", "target_missed": "yellow",
    },
}  # fmt: skip
_TWO_YEARS_FROM = 120
_OF_CHANGE = {"change_interval", "smallest_visible"}
_TOP_SEGMENTS = 8
_MONTHS = 12
_PIPE_WIDTH = 100_000
_INDENT = "  "
# So wide are labels left beside months in columns.
_LABEL_ROOM = 22


@dataclass(frozen=True)
class Screen:
    """What the output can show. `width` is in cells, None for a pipe; `has_styles` allows bold and dim.

    `two_years` allows trends over two years; `wide` asks for months as columns.
    """

    width: int | None = None
    colour: bool = False
    has_styles: bool = False
    unicode: bool = True
    palette: Literal["default", "cvd"] = "default"
    two_years: bool = True
    wide: bool = False

    @property
    def has_room_for_two_years(self) -> bool:
        """Whether trends are drawn over two years."""
        return self.two_years and (self.width is None or self.width >= _TWO_YEARS_FROM)


def render(barometer: Barometer, lang: str, screen: Screen) -> str:
    """A report; of a mix, a screen gets the largest shares and a pipe all. `lang` is "en" or "fr"; KeyError otherwise.

    It ends in a newline; ANSI codes only when the screen has colour or styles.
    """
    most_segments = None if screen.width is None else _TOP_SEGMENTS
    return print_page(report_page(barometer, lang, most_segments, wide=screen.wide), screen)


def print_page(page: Page, screen: Screen) -> str:
    """A page as text."""
    parts: list[RenderableType] = [*_heading(page, screen)]
    columns = []
    for table in page.tables:
        names: set[str] = set()
        for block in _blocks(table, screen):
            lines, shown = _print_table(block, screen)
            parts += [Text(), *lines]
            names |= shown
        columns.append(names)
    return _to_string([*parts, *_footer(page, columns, screen)], screen)


def _print_table(table: Table, screen: Screen) -> tuple[list[RenderableType], set[str]]:
    """The lines of a table, and the columns that stand in them."""
    table = _make_room_for_stars(_leave_out_dashes(table, screen))
    heads, sections, grid = _fit(table, screen)
    if _lacks_change(table, grid):
        screen = replace(screen, two_years=False)
        heads, sections, grid = _fit(table, screen)
    parts: list[RenderableType] = [grid.table([heads])] if sections else []
    for place, (section, rows) in enumerate(sections):
        parts += [*([Text()] if place else []), *_section_heading(section, grid, screen), grid.table(rows)]
    return parts, {column.name for column in grid.columns}


def _blocks(table: Table, screen: Screen) -> list[Table]:
    """The table; where its spread columns do not fit side by side, as few tables as do, of about as many each."""
    if not table.spread:
        return [table]
    blocks = [table]
    count = len(table.spread)
    for size in dict.fromkeys(math.ceil(count / tables) for tables in range(1, count + 1)):
        groups = [table.spread[first : first + size] for first in range(0, count, size)]
        blocks = [_with_columns(table, {name for group in part for name in group}) for part in groups]
        if all(_is_narrow(block, screen) for block in blocks):
            break
    return blocks


def _with_columns(table: Table, names: Collection[str]) -> Table:
    """A table with some of its spread columns, and all others."""
    spread = {name for group in table.spread for name in group}
    columns = tuple(column for column in table.columns if column.name in names or column.name not in spread)
    return replace(table, columns=columns)


def _is_narrow(table: Table, screen: Screen) -> bool:
    """Whether the columns of a table fit the screen and leave room for its labels."""
    if screen.width is None:
        return True
    whole = _fit(table, replace(screen, width=None))[2].widths
    room = screen.width - sum(width + GUTTER for name, width in whole.items() if name != LABEL)
    return room >= min(whole[LABEL], _LABEL_ROOM)


def print_lines(lines: Iterable[Sequence[Cell]], screen: Screen) -> str:
    """Lines of cells side by side as text; the last cell of a line wraps under the place where it begins."""
    parts: list[Text] = []
    for *before, last in lines:
        margin = Text().join(_text(cell, screen) for cell in before)
        room = None if screen.width is None else max(1, screen.width - margin.cell_len)
        for place, text in enumerate(wrap(_text(last, screen), room)):
            parts.append(Text().join((Text(" " * margin.cell_len) if place else margin, text)))
    return _to_string(parts, screen)


def _fit(table: Table, screen: Screen) -> tuple[Texts, list[tuple[Section, list[Texts]]], Grid]:
    """The heads, the rows of each section, and the columns that fit."""
    heads = {column.name: _head(column, screen) for column in table.columns}
    sections = [(section, [_row_texts(row, screen) for row in section.rows]) for section in table.sections]
    grid = fit_columns(table.columns, [heads, *(row for _, rows in sections for row in rows)], screen.width)
    return heads, sections, grid


def _lacks_change(table: Table, grid: Grid) -> bool:
    """Whether what is said of a change had to go: it tells more than the months of the year before."""
    names = {column.name for column in table.columns} - {column.name for column in grid.columns}
    return bool(names & _OF_CHANGE)


def _leave_out_dashes(table: Table, screen: Screen) -> Table:
    """The table without optional columns of dashes, which cost a screen more than they say; a pipe has them."""
    if screen.width is None:
        return table
    names = {name for row in table.rows for name, cell in row.cells.items() if cell.role != "missing"}
    return replace(table, columns=tuple(c for c in table.columns if not c.optional or c.name in names))


def _make_room_for_stars(table: Table) -> Table:
    """When a base has a star, a space where the others have none, so that digits stay in line."""
    if not any(cell.role == "small_base" for row in table.rows for cell in row.cells.values()):
        return table
    columns = [replace(c, head=_pad(c.head)) if c.name == "base" else c for c in table.columns]
    sections = [replace(section, rows=tuple(_pad_base(row) for row in section.rows)) for section in table.sections]
    return Table(tuple(columns), tuple(sections))


def _pad_base(row: Row) -> Row:
    base = row.cells.get("base")
    return row if base is None or base.role == "small_base" else replace(row, cells={**row.cells, "base": _pad(base)})


def _pad(cell: Cell) -> Cell:
    return replace(cell, text=cell.text + " ")


# Cells as texts


def _row_texts(row: Row, screen: Screen) -> Texts:
    texts = {name: _text(cell, screen) for name, cell in row.cells.items()}
    if row.level:
        label = row.cells[LABEL]
        texts[LABEL] = _text(replace(label, text=_INDENT * row.level + label.text), screen)
    return texts


def _text(cell: Cell, screen: Screen) -> Text:
    """A cell in the characters and styles the screen has; its drawing as characters."""
    if isinstance(cell.drawing, Trend):
        return _trend(cell.drawing, screen)
    return _style(draw_strip(cell.drawing) if cell.drawing else cell.text, cell.role, screen)


def _style(content: str, role: Role, screen: Screen) -> Text:
    attribute = _ATTRIBUTES.get(role, "") if screen.has_styles else ""
    colour = _COLOURS[screen.palette].get(role, "") if screen.colour else ""
    return Text(content if screen.unicode else ascii_marks(content), style=f"{attribute} {colour}".strip())


def _trend(trend: Trend, screen: Screen) -> Text:
    """Two years on one scale where there is room, else this year on its own."""
    if not screen.has_room_for_two_years:
        return _style(draw_trend(trend.year, trend.noise_of_year), "trend", screen)
    text = draw_trend((*trend.previous, *trend.year), trend.noise)
    previous, year = text[:_MONTHS], text[_MONTHS:]
    return Text().join((_style(previous, "previous", screen), _style(year, "trend", screen)))


def _head(column: Column, screen: Screen) -> Text:
    if column.years is None or not screen.has_room_for_two_years:
        return _text(column.head, screen)
    previous, year = column.years
    return _text(replace(column.head, text=f"{previous:<{_MONTHS}}{year}"), screen)


# What stands above and under the tables


def _heading(page: Page, screen: Screen) -> Iterator[Text]:
    for line in page.heading:
        yield from flow([_text(cell, screen) for cell in line], screen.width)


def _section_heading(section: Section, grid: Grid, screen: Screen) -> list[Text]:
    """The heading of a section, if it has one, and above the strips what they span."""
    if not section.heading.text:
        return []
    heading, offset = _text(section.heading, screen), grid.offset("strip")
    if section.scale is None or offset is None:
        return wrap(heading, screen.width)
    scale, room = _text(section.scale, screen), offset - heading.cell_len
    if room < len(_INDENT):
        return flow((heading, scale), screen.width)
    return [Text().append_text(heading).append(" " * room).append_text(scale)]


def _footer(page: Page, columns: Sequence[Collection[str]], screen: Screen) -> Iterator[Text]:
    """The lines under the tables, a blank one before each block."""
    explanations = tuple(Cell(text, "legend") for text in legend(page, *columns))
    for block in (page.absent, explanations, page.notes):
        if block:
            yield Text()
        for cell in block:
            yield from wrap(_text(cell, screen), screen.width)


def _to_string(parts: Iterable[RenderableType], screen: Screen) -> str:
    """The parts as text, with ANSI codes when the screen has styles; no line ends in spaces."""
    out = StringIO()
    ansi = screen.colour or screen.has_styles
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
