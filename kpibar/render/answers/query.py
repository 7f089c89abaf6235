"""The result of a statement as a text table that fits a width, as CSV, or as JSON; each in pieces, batch by batch.

A result is as wide and long as an analyst asks for: nothing here holds more of it than a batch.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from kpibar.answers.query import Column, Result
from kpibar.database.engine import Row
from kpibar.model.meanings import documented
from kpibar.render.clean import clean, csv_text, json_text
from kpibar.render.grid import cell_width, cut, wrap_text
from kpibar.render.messages import say
from kpibar.render.numbers import format_value

SCHEMA = "kpibar.sql"
SCHEMA_VERSION = "1.0"
JSON_BEGINNING = f'{{\n "schema": "{SCHEMA}"'
# A screen without a limit shows so many rows; beyond it so many are counted.
SCREEN_ROWS = 50
_MOST_COUNTED = 100_000
_GUTTER = "  "
_NULL = "NULL"
# Where columns do not fit, the widest texts are cut, to no less than this; numbers and instants never.
_LEAST = 12
# Where not even that is enough, the last columns are left out, and texts are cut to this.
_MOST_OF_MANY = 30
# Where they fit at none, so few rows are written one below the other.
_FEW_ROWS = 5
# So many columns that found no room are named.
_NAMED = 12
_NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "BIGNUM")


@dataclass(frozen=True)
class _Rest:
    """How many rows were left out by a limit, at least."""

    rows: int
    is_exact: bool


class _Rows:
    """The rows of a result up to a limit, walked once; then what is left of them."""

    def __init__(self, result: Result, limit: int | None) -> None:
        self._batches, self._limit = result.batches, limit
        self._excess = 0

    def __iter__(self) -> Iterator[list[Row]]:
        room = self._limit
        for batch in self._batches:
            if room is None:
                yield batch
                continue
            if room:
                yield batch[:room]
            self._excess = max(0, len(batch) - room)
            room = max(0, room - len(batch))
            if not room:
                return

    def rest(self) -> _Rest:
        """What is left, counted up to a limit."""
        rows = self._excess
        for batch in self._batches if self._limit is not None else ():
            rows += len(batch)
            if rows > _MOST_COUNTED:
                return _Rest(_MOST_COUNTED, is_exact=False)
        return _Rest(rows, is_exact=True)


def result_json(result: Result, limit: int | None) -> Iterator[str]:
    """A result as a JSON document: its columns, its rows as lists in their order, and how many a limit left out."""
    columns = (_json({"name": column.name, "type": column.type}) for column in result.columns)
    column_lines = ",\n  ".join(columns)
    yield f'{JSON_BEGINNING},\n "schema_version": "{SCHEMA_VERSION}",\n "columns": [\n  {column_lines}\n ],\n "rows": ['
    rows, comma = _Rows(result, limit), ""
    for batch in rows:
        yield comma + ",".join(f"\n  {_json(row)}" for row in batch)
        comma = ","
    rest = rows.rest()
    yield f'\n ],\n "rows_left_out": {rest.rows},\n "rows_left_out_is_exact": {str(rest.is_exact).lower()}\n}}\n'


def result_csv(result: Result, limit: int | None) -> Iterator[str]:
    """A result as CSV, its names first; NULL is an empty cell."""
    yield _csv_lines([[csv_text(column.name) for column in result.columns]])
    for batch in _Rows(result, limit):
        yield _csv_lines([_csv(value) for value in row] for row in batch)


def _csv_lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _csv(value: object) -> str:
    text = _plain(value)
    if text is None:
        return ""
    # A number that is negative is no formula, nor is a text that begins with a letter or digit.
    harmless = text[:1].isalnum() and text.isascii() and text.isprintable()
    return text if harmless or isinstance(value, (bool, int, float, Decimal)) else csv_text(text)


def _plain(value: object) -> str | None:
    """A value as text; None for what is unknown."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (Mapping, list, tuple)):
        return _json(value)
    return str(value)


def _json(value: object) -> str:
    """A value as JSON in one line."""
    text = _plain(value) if not isinstance(value, (Mapping, list, tuple)) else ""
    # JSON has no number for what is none or beyond all.
    if text is None or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    if isinstance(value, (bool, int, float, Decimal)):
        return text
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_json_text(_plain(key) or _NULL)}: {_json(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_json, value))}]"
    return _json_text(text)


def _json_text(text: str) -> str:
    return json.dumps(text) if text.isascii() and text.isprintable() else json_text(text)


# On a screen or a pipe


def result_text(result: Result, limit: int | None, width: int | None, lang: str) -> Iterator[str]:
    """A result as a text table. On a screen of `width` cells it fits, and has the first rows where no limit says more.

    On a pipe (None) nothing is cut; columns are as wide as the first batch needs. The plan of a statement is its lines.
    """
    if result.is_plan:
        yield from (f"{clean(line)}\n" for batch in result.batches for row in batch for line in _lines_of_plan(row))
        return
    rows = _Rows(result, SCREEN_ROWS if limit is None and width is not None and not result.description else limit)
    batches = iter(rows)
    first = next(batches, [])
    layout = _layout(result.columns, first, width)
    yield "".join(f"{line}\n" for line in layout.lines(first))
    for batch in batches:
        yield "".join(f"{layout.line(_cells(row))}\n" for row in batch)
    if width is not None:
        notes = [*_left_out(layout, lang), _count_note(len(first), rows.rest(), lang)]
        yield "".join(f"{line}\n" for note in notes if note for line in wrap_text(note, width))


def _lines_of_plan(row: Row) -> list[str]:
    return str(row[-1]).rstrip("\n").split("\n")


def _cells(row: Sequence[object]) -> list[str]:
    return [_shown(_plain(value)) for value in row]


def _shown(text: str | None) -> str:
    if text is None:
        return _NULL
    return text if text.isascii() and text.isprintable() else clean(text)


@dataclass(frozen=True)
class _Layout:
    """How rows are written: the columns that are shown and their widths, None: not cut. `names` are those of all.

    `is_list` writes the cells of a row one below the other.
    """

    names: tuple[str, ...]
    right: tuple[bool, ...]
    widths: tuple[int, ...]
    is_cut: bool = False
    is_list: bool = False

    def lines(self, rows: Sequence[Row]) -> Iterator[str]:
        """The head and the rows."""
        if self.is_list:
            yield from self._lists(rows)
            return
        yield self.line(self.names)
        yield self.line(["-" * width for width in self.widths])
        for row in rows:
            yield self.line(_cells(row))

    def line(self, cells: Sequence[str]) -> str:
        """The cells of a row that are shown."""
        visible = zip(cells, self.widths, self.right, strict=False)  # those at the end may be left out
        return _GUTTER.join(self._cell(text, width, right) for text, width, right in visible).rstrip()

    def _cell(self, text: str, width: int, right: bool) -> str:
        text = cut(text, width) if self.is_cut else text
        room = " " * (width - cell_width(text))
        return room + text if right else text + room

    def _lists(self, rows: Sequence[Row]) -> Iterator[str]:
        longest = max(map(cell_width, self.names))
        for place, row in enumerate(rows):
            if place:
                yield ""
            for name, text in zip(self.names, _cells(row), strict=True):
                first, *further = wrap_text(text, self.widths[0]) or [""]
                yield f"{name}{' ' * (longest - cell_width(name))}{_GUTTER}{first}".rstrip()
                yield from (" " * (longest + len(_GUTTER)) + line.strip() for line in further)


def _layout(columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> _Layout:
    """How the rows are written on a screen, or on a pipe."""
    names = tuple(clean(column.name) for column in columns)
    right = tuple(any(word in column.type for word in _NUMBERS) and "[" not in column.type for column in columns)
    widths = [cell_width(name) for name in names]
    for row in rows:
        widths = list(map(max, widths, map(cell_width, _cells(row))))
    if width is None:
        return _Layout(names, right, tuple(widths))
    narrow = _narrow(widths, [column.type for column in columns], width)
    if _total(narrow) <= width:
        return _Layout(names, right, tuple(narrow), is_cut=True)
    if 0 < len(rows) <= _FEW_ROWS:
        room = max(20, width - max(map(cell_width, names)) - len(_GUTTER))
        return _Layout(names, right, (room,), is_list=True)
    narrow = [
        min(width_of_one, _MOST_OF_MANY) if _is_text(column.type) else width_of_one
        for width_of_one, column in zip(widths, columns, strict=True)
    ]
    count = max(1, sum(end <= width for end in _ends(narrow)))
    return _Layout(names, right, tuple(narrow[:count]), is_cut=True)


def _narrow(widths: Sequence[int], types: Sequence[str], width: int) -> list[int]:
    """The widths of columns where the widest texts are cut until all fit, as far as they may be."""
    narrow = [min(width_of_one, width) for width_of_one in widths]
    texts = [place for place, type in enumerate(types) if _is_text(type)]
    while texts and _total(narrow) > width:
        place = max(texts, key=lambda place: narrow[place])
        if narrow[place] <= _LEAST:
            break
        narrow[place] -= 1
    return narrow


def _is_text(type: str) -> bool:
    return type.startswith(("VARCHAR", "STRUCT", "MAP", "ENUM", "JSON", "BLOB", "UNION", "VARIANT")) or "[" in type


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GUTTER) * (len(widths) - 1)


def _ends(widths: Sequence[int]) -> Iterator[int]:
    """Where each column ends."""
    end = -len(_GUTTER)
    for width in widths:
        end += len(_GUTTER) + width
        yield end


def _left_out(layout: _Layout, lang: str) -> Iterator[str]:
    """What to say of the columns that found no room."""
    names = () if layout.is_list else layout.names[len(layout.widths) :]
    if names:
        yield ""
        visible = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        yield say("sql_columns_left_out", lang, count=format_value(len(names), "count", lang), names=visible)


def _count_note(rows: int, rest: _Rest, lang: str) -> str:
    """What to say of the number of rows: that there is none, or how many were left out."""
    if not rows:
        return say("sql_no_rows", lang)
    if not rest.rows:
        return ""
    key = "sql_rows_left_out" if rest.is_exact else "sql_many_rows_left_out"
    return say(key, lang, count=format_value(rest.rows, "count", lang))


# Without a statement


def tables_text(width: int | None, lang: str) -> str:
    """The tables a statement may ask, a line each, and an example."""
    names = {group: [table.name for table in tables] for group, tables in documented().items()}
    longest = max(len(name) for group in names.values() for name in group)
    lines = []
    for group, members in names.items():
        lines += ["", *wrap_text(say(f"sql_group_{group}", lang), width)]
        for name in members:
            about = say(f"sql_table_{name}", lang)
            first, *further = wrap_text(about, None if width is None else max(20, width - longest - 4))
            lines.append(f"  {name:<{longest}}  {first}")
            lines += [" " * (longest + 4) + line.strip() for line in further]
    lines += ["", *wrap_text(say("sql_columns_of", lang), width), *wrap_text(say("sql_example", lang), width)]
    return "\n".join(lines[1:]) + "\n"
