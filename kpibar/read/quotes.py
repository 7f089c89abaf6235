"""Quotes where they should not be: within a cell that is not quoted, or around a whole line.

A strict reader takes a quote within an unquoted cell as text. In `SAV"Colis perdu, merci",Closed` that gives the right
number of cells, of which two are wrong: the delimiter before the quote was lost, and the one after "perdu" was none.
Whether a record can be read in such a second way is decided here, by its text alone; what its columns can hold then
decides between the two (see repair.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpibar.read.scan import Dialect

# What a sheet adds behind a line it holds in its first column.
_BEHIND = ";,\t| "
# So many cells show whether all are quoted.
_ENOUGH_QUOTED = 3


@dataclass(frozen=True)
class _Run:
    """Quotes in a row within an unquoted cell: which cell, from where to where in it."""

    cell: int
    start: int
    end: int

    @property
    def single(self) -> bool:
        """Whether it is an odd number of quotes: two are one quote written within quotes."""
        return (self.end - self.start) % 2 == 1


def content_of_line(text: str, quote: str) -> str | None:
    """What stands in the quotes around a whole line, delimiters behind them aside; None where it is not one cell.

    Example: `"T1,""Colis perdu, merci"",Closed"` -> `T1,"Colis perdu, merci",Closed`.
    """
    line = text.rstrip("\r\n").rstrip(_BEHIND.replace(quote, ""))
    inner = line[1:-1]
    if len(line) < 3 or line[0] != quote or line[-1] != quote or quote in inner.replace(quote * 2, ""):
        return None
    return inner.replace(quote * 2, quote)


def raw_cells(text: str, dialect: Dialect) -> list[str]:
    """The cells of a record, which a strict reader can read, as they are written: with their quotes."""
    cells: list[str] = []
    start = 0
    while True:
        stop = text.find(dialect.delimiter, _after_quotes(text, start, dialect))
        if stop < 0:
            return [*cells, text[start:]]
        cells.append(text[start:stop])
        start = stop + 1


def _after_quotes(text: str, start: int, dialect: Dialect) -> int:
    """Where the quoted text that begins a cell ends, or where the cell begins."""
    if text[start : start + 1] != dialect.quote:
        return start
    at = text.find(dialect.quote, start + 1)
    while at >= 0 and text[at + 1 : at + 2] == dialect.quote:
        at = text.find(dialect.quote, at + 2)
    return at + 1 if at >= 0 else len(text)


def other_readings(text: str, cells: Sequence[str], dialect: Dialect) -> Iterator[list[str]]:
    """The other records that a text may have been meant as, which a strict reader reads as `cells`.

    A quote within one unquoted cell and one at the end of the next may enclose a cell that holds a delimiter: then the
    delimiter before the first of them was lost, and there are as many cells.
    """
    if not any(dialect.quote in cell for cell in cells):
        return
    raw = raw_cells(text.rstrip("\r\n"), dialect)
    runs = list(_runs(raw, dialect))
    ends = [len(cell.rstrip()) for cell in raw]
    for number, last in enumerate(runs):
        if last.end < ends[last.cell]:
            continue
        inner = 0
        for place in range(number - 1, -1, -1):
            first = runs[place]
            if first.cell < last.cell - 1:
                break
            if first.cell < last.cell and _may_open(raw, first) and _may_enclose(raw, first, inner):
                yield _enclose(raw, cells, first, dialect)
            inner += first.single


def opens_cell(text: str, dialect: Dialect) -> bool:
    """Whether the last cells of a line may stand in quotes that a later line closes, the delimiter before them lost."""
    raw = raw_cells(text.rstrip("\r\n"), dialect)
    runs = list(_runs(raw, dialect))
    return bool(runs) and runs[-1].cell < len(raw) - 1 and _may_open(raw, runs[-1])


def lone_unquoted(text: str, dialect: Dialect) -> int | None:
    """The place of a cell that ends with a quote and begins with none, where all others are quoted; None without one.

    Whoever quotes all cells has lost a quote there, and means no inches.
    """
    raw = raw_cells(text.rstrip("\r\n"), dialect)
    bare = [place for place, cell in enumerate(raw) if not cell.startswith(dialect.quote)]
    if len(bare) != 1 or len(raw) < _ENOUGH_QUOTED:
        return None
    cell = raw[bare[0]]
    return bare[0] if cell.endswith(dialect.quote) and cell.count(dialect.quote) == 1 else None


def _runs(raw: Sequence[str], dialect: Dialect) -> Iterator[_Run]:
    """The quotes within the cells that do not begin with one."""
    for place, cell in enumerate(raw):
        if dialect.quote in cell and not cell.startswith(dialect.quote):
            for run in re.finditer(f"{dialect.quote}+", cell):
                yield _Run(place, run.start(), run.end())


def _may_open(raw: Sequence[str], run: _Run) -> bool:
    """Whether text follows a run of quotes; behind a digit and before a blank it is a mark of inches or minutes."""
    cell = raw[run.cell]
    next_sign = cell[run.end : run.end + 1]
    return bool(next_sign) and not (next_sign.isspace() and _follows_digit(raw, run))


def _may_enclose(raw: Sequence[str], first: _Run, inner: int) -> bool:
    """Whether so many single quotes may stand within: none behind a mark of inches, else those that pair."""
    return inner == 0 or (inner % 2 == 0 and not _follows_digit(raw, first))


def _follows_digit(raw: Sequence[str], run: _Run) -> bool:
    return raw[run.cell][run.start - 1].isdigit()


def _enclose(raw: Sequence[str], cells: Sequence[str], first: _Run, dialect: Dialect) -> list[str]:
    """The cells where all from a run of quotes to the end of the next cell is a cell of its own."""
    place, next_cell = first.cell, raw[first.cell + 1]
    quotation = dialect.delimiter.join((raw[place][first.start :], next_cell.rstrip()))
    content = quotation[1:-1].replace(dialect.quote * 2, dialect.quote)
    return [*cells[:place], raw[place][: first.start], content, *cells[place + 2 :]]


def is_closed(text: str, dialect: Dialect) -> bool:
    """Whether a record ends with the quote that closes its last cell."""
    last = raw_cells(text, dialect)[-1]
    return len(last) > 1 and last.startswith(dialect.quote) and last.endswith(dialect.quote)
