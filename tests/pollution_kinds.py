"""Damage to single characters and lines: what broken tools, editors, copies and transfers do to one record.

The truth is always the clean table: the damaged record must be found as it was, or be reported. Where the damaged
record, read alone, is still one record of the header's width and differs in one cell only (a stray quote or delimiter
within a text, a control character within a cell), the file really says something else, and that reading is allowed too
(`says`), except for NUL and for values moved across columns, which no export means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import ne
from random import Random

from tests.pollution_exports import ROWS, Export, Text, Written, alone, fits, line, pieces, written
from tests.pollution_oracle import Pollution, pollution

# Tab, line feed and carriage return are marks of the format itself.
CONTROL = [chr(code) for code in (*range(1, 9), 11, 12, *range(14, 32), 127, *range(0x80, 0xA0))]
INVISIBLE = [*"\u200b\u200d\u00ad\u202e\u2066\ufeff\u2028\u2029\u00a0\u202f\ufffd"]


@dataclass(frozen=True)
class Kind:
    """One way to damage an export: how many files it has for an export, and the file of an index."""

    name: str
    count: Callable[[Export], int]
    make: Callable[[Export, int, Random], Pollution]


def fixed(number: int) -> Callable[[Export], int]:
    """The same number of files for every export."""
    return lambda export: number


def _clean(export: Export) -> Written:
    return written(export.table, export.delimiter)


def damaged(export: Export, text: Text, row: int, label: str, *, literal: bool = True) -> Pollution:
    """A file in which one record was damaged."""
    cells = alone(text.of_owner(row), export.delimiter, len(export.columns))
    literal = literal and cells is not None and sum(map(ne, cells, export.table.rows[row])) <= 1
    says = export.table.with_row(row, cells) if cells is not None and literal else None
    broken = frozenset({row} if cells is None else ())
    return pollution(f"record {row + 1}: {label}", text, says=says, broken=broken)


def _somewhere(export: Export, index: int, random: Random) -> tuple[Written, int, int]:
    """The clean text, a record and a place in it; the records take turns."""
    clean, row = _clean(export), index % ROWS
    return clean, row, random.randint(clean.spans[row][0][0], clean.spans[row][-1][1])


def _less_sep(export: Export, index: int, random: Random) -> Pollution:
    """Every delimiter of every record in turn."""
    clean, (column, row) = _clean(export), divmod(index, ROWS)
    at = clean.spans[row][column][1]
    return damaged(export, clean.text.replace(at, at + 1, ""), row, f"delimiter {column + 1} deleted")


def _insert(character: str, name: str) -> Callable[[Export, int, Random], Pollution]:
    def make(export: Export, index: int, random: Random) -> Pollution:
        clean, row, at = _somewhere(export, index, random)
        put = character or export.delimiter
        return damaged(export, clean.text.replace(at, at, put), row, f"{name} inserted at character {at}")

    return make


def _nul(export: Export, index: int, random: Random) -> Pollution:
    """Bytes of value zero: torn disk blocks. No text means them."""
    clean, row, at = _somewhere(export, index, random)
    count = (1, 1, 1, 8)[index % 4]
    text = clean.text.replace(at, at, "\0" * count)
    return damaged(export, text, row, f"{count} NUL inserted at character {at}", literal=False)


def _one_of(characters: list[str]) -> Callable[[Export, int, Random], Pollution]:
    def make(export: Export, index: int, random: Random) -> Pollution:
        clean, row, at = _somewhere(export, index, random)
        put = characters[index // ROWS % len(characters)] if index % 2 else random.choice(characters)
        return damaged(export, clean.text.replace(at, at, put), row, f"U+{ord(put):04X} at character {at}")

    return make


def _line_end(export: Export, index: int, random: Random) -> Pollution:
    """The line end of every record in turn: removed."""
    clean, row = _clean(export), index % ROWS
    at = clean.spans[row][-1][1]
    broken = frozenset({row, row + 1} if row + 1 < ROWS else ())
    return pollution(f"line end of record {row + 1} removed", clean.text.replace(at, at + 1, ""), broken=broken)


def _line_end_doubled(export: Export, index: int, random: Random) -> Pollution:
    clean, row = _clean(export), index % ROWS
    at, ends = clean.spans[row][-1][1], ("\n\n", "\r\n\r\n", "\n\r", "\n \n", "\r\r\n")
    put = ends[index // ROWS % len(ends)]
    return pollution(f"line end of record {row + 1} is {put!r}", clean.text.replace(at, at + 1, put))


def _line_end_other(export: Export, index: int, random: Random) -> Pollution:
    """Another mark instead: those of other systems end a line, those of Unicode and of printers do not."""
    clean, row = _clean(export), index % (ROWS - 1)
    at, ends = clean.spans[row][-1][1], ("\r", "\r\n", "\v", "\f", "\x1e", "\x85", "\u2028")
    put = ends[index // (ROWS - 1) % len(ends)]
    broken = frozenset({row, row + 1} if put not in ("\r", "\r\n") else ())
    return pollution(f"line end of record {row + 1} is {put!r}", clean.text.replace(at, at + 1, put), broken=broken)


def _line_split(export: Export, index: int, random: Random) -> Pollution:
    """A line end within a record: within quotes it is text, elsewhere it makes two lines of one."""
    clean, row = _clean(export), index % ROWS
    at = random.randint(clean.spans[row][0][0] + 1, clean.spans[row][-1][1] - 1)
    return damaged(export, clean.text.replace(at, at, "\n"), row, f"line end inserted at character {at}")


def cut(clean: Text, size: int, label: str) -> Pollution:
    """The first `size` bytes. A character cut in two belongs to its record still."""
    content = clean.chars.encode("utf-8")[:size]
    whole = len(content.decode("utf-8", errors="ignore"))
    partial = len(clean.chars[:whole].encode("utf-8")) < size
    kept = Text(clean.chars[: whole + partial], clean.owners[: whole + partial])
    return Pollution(f"{label}: {size} bytes left", content, kept, cut=True)


def _cut(export: Export, size: int, label: str) -> Pollution:
    return cut(_clean(export).text, size, label)


def _size(export: Export, characters: int) -> int:
    return len(_clean(export).text.chars[:characters].encode("utf-8"))


def _cut_last(export: Export, index: int, random: Random) -> Pollution:
    """Every byte of the last record but for its last cell."""
    return _cut(export, _size(export, _clean(export).spans[-1][0][0]) + 1 + index, "cut in the last record")


def _before_last_cell(export: Export) -> int:
    record = _clean(export).spans[-1]
    return _size(export, record[-1][0]) - _size(export, record[0][0]) - 1


def _cut_last_cell(export: Export, index: int, random: Random) -> Pollution:
    """Every byte of the last cell, which leaves a record of the right width: in each of the last ten records."""
    back, offset = divmod(index, 8)
    start, stop = (_size(export, at) for at in _clean(export).spans[-1 - back][-1])
    return _cut(export, min(start + offset, max(start, stop - 1)), "cut in the last cell")


def _cut_line_end(export: Export, index: int, random: Random) -> Pollution:
    """After every line end but the last."""
    return _cut(export, _size(export, _clean(export).spans[index + 1][0][0]), f"cut after record {index + 1}")


def _cut_anywhere(export: Export, index: int, random: Random) -> Pollution:
    return _cut(export, random.randint(1, _size(export, len(_clean(export).text.chars)) - 1), "cut")


def _shift(export: Export, index: int, random: Random) -> Pollution:
    """One value inserted and one lost in a record: the right width, values under the wrong names.

    Only damage that the types can tell is generated: some typed column gets a value that is not of its type.
    """
    table, row = export.table, index % ROWS
    while True:
        put, lost = random.sample(range(len(export.columns)), 2)
        cells = list(table.rows[row])
        value = random.choice(("x", "", "0", cells[put]))
        del cells[lost]
        cells.insert(put, value)
        if not fits(export, export.columns, cells):
            break
    body = pieces(table, export.delimiter)
    body[row + 1] = (line(cells, export.delimiter), row)
    label = f"record {row + 1}: {value!r} inserted at column {put + 1}, column {lost + 1} lost"
    return pollution(label, Text.of(body))


def _quote_span(export: Export, index: int, random: Random) -> Pollution:
    """A quote opened in one record and closed, or not, in a later one: valid to the letter, wrong to any reader."""
    clean = _clean(export)
    first, column = random.randrange(ROWS - 21), index % len(export.columns)
    last, other = first + random.randint(1, 20), column if index % 3 else random.randrange(len(export.columns))
    text, closes = clean.text, index % 5 > 0
    if closes:
        stop = clean.spans[last][other][1]
        text = text.replace(stop, stop, '"')
    start = clean.spans[first][column][0]
    text = text.replace(start, start, '"')
    label = f"quote opened in record {first + 1}, column {column + 1}"
    label += f", closed in record {last + 1}, column {other + 1}" if closes else ", never closed"
    cells = alone(text.of_owner(last), export.delimiter, len(export.columns))
    says = export.table.with_row(last, cells) if closes and cells else None
    broken = frozenset(range(first, (last if closes else first) + 1))
    return pollution(label, text, says=says, broken=broken)


KINDS = (
    Kind("less-sep", lambda export: ROWS * (len(export.columns) - 1), _less_sep),
    Kind("more-sep", fixed(480), _insert("", "delimiter")),
    Kind("extra-quote", fixed(480), _insert('"', "quote")),
    Kind("nul", fixed(180), _nul),
    Kind("control", fixed(240), _one_of(CONTROL)),
    Kind("invisible", fixed(120), _one_of(INVISIBLE)),
    Kind("line-end-lost", fixed(ROWS), _line_end),
    Kind("line-end-doubled", fixed(2 * ROWS), _line_end_doubled),
    Kind("line-end-other", fixed(7 * (ROWS - 1)), _line_end_other),
    Kind("line-split", fixed(180), _line_split),
    Kind("cut-last-record", _before_last_cell, _cut_last),
    Kind("cut-last-cell", fixed(80), _cut_last_cell),
    Kind("cut-line-end", fixed(ROWS - 1), _cut_line_end),
    Kind("cut-anywhere", fixed(120), _cut_anywhere),
    Kind("shift", fixed(180), _shift),
    Kind("quote-span", fixed(180), _quote_span),
)
