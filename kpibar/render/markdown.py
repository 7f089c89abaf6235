"""A page as Markdown, for a wiki: a heading, sentences, a table a section, notes. Nothing in it is drawn.

Names come from records: whatever Markdown or HTML would make of a sign in them is escaped.
"""

import re
from collections.abc import Iterator, Sequence

from kpibar.measure.report import Barometer
from kpibar.render.messages import say
from kpibar.render.page import report_page
from kpibar.render.table import LABEL, SEPARATOR, Cell, Column, Page, Row, Section, legend

# Signs that mark something up anywhere in a text, and an ampersand that would begin an entity.
_MARKUP = re.compile(r"[\\`*_\[\]<>|~$]|&(?=#?\w+;)")
# What a renderer makes a link of where it stands bare.
_ADDRESS = re.compile(r"(?i)(?<=[a-z])(?=://)|(?<=\bwww)(?=\.)")
# What begins a heading, a list, a quotation or a line, at the beginning of a block.
_BEGINNING = re.compile(r"^(?=[#+=-])|^(\d{1,9})(?=[.)])")
_STRONG = frozenset({"better", "worse"})
_WORDS = frozenset({LABEL, "verdict"})
_DRAWINGS = frozenset({"trend", "strip"})
_PART = "– "


def to_markdown(barometer: Barometer, lang: str, *, wide: bool = False) -> str:
    """The report as Markdown. `lang` is "en" or "fr"; KeyError otherwise. `wide` has months as columns.

    Its segments come after the table of the year, which a file is read without asking again for.
    """
    return print_markdown(report_page(barometer, lang, wide=wide, whole=True), lang)


def print_markdown(page: Page, lang: str) -> str:
    """A page as Markdown; it ends in a line feed."""
    columns = [[column for column in table.columns if column.name not in _DRAWINGS] for table in page.tables]
    blocks = [*_heading(page)]
    for table, visible in zip(page.tables, columns, strict=True):
        for section in table.sections:
            blocks += [
                *([f"## {escape(section.heading.text)}"] if section.heading.text else []),
                _table(section, visible),
            ]
    blocks += [_list(page.absent)] if page.absent else []
    if page.notes:
        blocks += [f"## {say('files_notes', lang)}", _list(page.notes)]
    if texts := legend(page, *([column.name for column in visible] for visible in columns)):
        blocks += [f"## {say('files_legend', lang)}", _list([Cell(text) for text in texts], code=True)]
    return "\n\n".join(blocks) + "\n"


def _heading(page: Page) -> Iterator[str]:
    """The title as a heading, what stands beside it and under it as paragraphs."""
    for place, line in enumerate(page.heading):
        cells = line
        if place == 0:
            yield f"# {escape(line[0].text)}"
            cells = line[1:]
        if cells:
            yield _block(SEPARATOR.join(cell.text for cell in cells))


def _table(section: Section, columns: Sequence[Column]) -> str:
    visible = [column for column in columns if not column.optional or _says_something(section, column)]
    rule = ["---" if column.name in _WORDS else "---:" for column in visible]
    lines = [[escape(column.head.text) for column in visible], rule]
    lines += [[_cell(row, column) for column in visible] for row in section.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _says_something(section: Section, column: Column) -> bool:
    """Whether an optional column has more than dashes in a section."""
    cells = (row.cells.get(column.name) for row in section.rows)
    return any(cell is not None and cell.role != "missing" for cell in cells)


def _cell(row: Row, column: Column) -> str:
    cell = row.cells.get(column.name)
    if cell is None:
        return ""
    text = escape(cell.text.strip())
    if column.name == LABEL and row.level:
        return _PART + text
    return f"**{text}**" if column.name == "verdict" and cell.role in _STRONG else text


def _list(cells: Sequence[Cell], code: bool = False) -> str:
    return "\n".join(f"- {_block(cell.text, code)}" for cell in cells)


def _block(text: str, code: bool = False) -> str:
    """A text at the beginning of a block. `code` tells that its backticks are meant to mark code."""
    text = "`".join(map(escape, text.split("`"))) if code else escape(text)
    return _BEGINNING.sub(lambda match: (match[1] or "") + "\\", text)


def escape(text: str) -> str:
    """A text of one line in which nothing is marked up and no address becomes a link."""
    return _ADDRESS.sub(r"\\", _MARKUP.sub(r"\\\g<0>", text))
