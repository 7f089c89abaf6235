"""An export -> its records, each with the line it starts on, and what is none, with the reason.

Each record must have exactly as many cells as the header. A line that does not is rejected alone, and reading resumes
at the next physical line, so one stray quote costs one line.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kpibar.ingest.dialect import FIELD_LIMIT, parse_one
from kpibar.ingest.files import Export

# A quote still open after so many lines was never meant to open a cell.
_LONGEST_RECORD = 2_000
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_SWALLOWS = ("quoting", "a quote opened here closes in a later record")


@dataclass(frozen=True)
class Record:
    """One data record: the physical line it starts on and its cells, as many as the header has."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Fault:
    """A physical line that is no record, with a stable code and a reason in words."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Blank:
    """A line with nothing in it."""

    line: int


class _Feed:
    """Lines handed to the csv reader, which remembers those of the record being read so they can be given back."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.next = self.record = 0

    def __iter__(self) -> Iterator[str]:
        while self.next < len(self.lines):
            if self.next - self.record > _LONGEST_RECORD:
                raise csv.Error(f"unclosed after {_LONGEST_RECORD} lines")
            self.next += 1
            yield self.lines[self.next - 1]


def records(export: Export) -> Iterator[Record | Fault | Blank]:
    """Every physical line after the header, as part of exactly one record, fault or blank, in file order."""
    if export.kind != "text":
        yield from (_judged(export, line, cells) for line, cells in export.rows())
        return
    text = b"".join(export.blocks()).decode("utf-8")
    feed = _Feed(io.StringIO(text, newline="").readlines())
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(iter(feed), delimiter=export.delimiter, quotechar=export.quote, strict=True)
    while True:
        first = feed.record = feed.next
        line = export.first_line + first
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(line, "quoting", f"its quotes do not pair ({error})")
            feed.next = first + 1
            reader = csv.reader(iter(feed), delimiter=export.delimiter, quotechar=export.quote, strict=True)
            continue
        swallows = len(cells) == len(export.columns) and _swallows(
            export, feed.lines[first], feed.lines[first + 1 : feed.next], cells
        )
        item = Fault(line, *_SWALLOWS) if swallows else _judged(export, line, cells)
        yield item
        again = swallows or (isinstance(item, Fault) and item.code == "width")
        if again and feed.next > first + 1:  # a quote may have swallowed good lines: give them back
            feed.next = first + 1
            reader = csv.reader(iter(feed), delimiter=export.delimiter, quotechar=export.quote, strict=True)


def _judged(export: Export, line: int, cells: list[str]) -> Record | Fault | Blank:
    """A row as what it is: blank, a repeated header, damaged, or a record."""
    width = len(export.columns)
    if not any(cell.strip() for cell in cells):
        return Blank(line)
    if cells == [column.written for column in export.columns]:
        return Fault(line, "header", "it repeats the header")
    if any("\0" in cell for cell in cells):
        return Fault(line, "control", "it holds a NUL character")
    if len(cells) != width:
        return Fault(line, "width", f"{len(cells)} cells where the header has {width}")
    return Record(line, cells)


def _alike(one: list[str], other: list[str], width: int, quote: str) -> bool:
    """Whether two lines, quotes ignored, are both whole records: a date in the same place, or ids of one shape."""
    if not len(one) == len(other) == width:
        return False
    dates = any(_DATE.match(a.strip(quote)) and _DATE.match(b.strip(quote)) for a, b in zip(one, other, strict=True))
    shapes = [re.sub(r"[0-9]", "9", line[0].strip(quote)) for line in (one, other)]
    return dates or (shapes[0] == shapes[1] and "9" in shapes[0])


def _swallows(export: Export, first: str, inner: list[str], cells: list[str]) -> bool:
    """Whether a later line of a multi-line record is a record itself: as many cells, and a date where it has one."""
    for line in inner:
        if _alike(first.split(export.delimiter), line.split(export.delimiter), len(cells), export.quote):
            return True
        own, _ = parse_one([line], export.delimiter, export.quote)
        if len(own) == len(cells):
            # What follows a closing quote belongs to the record that opened it.
            closed = next((place for place, cell in enumerate(own) if cell.endswith(export.quote)), len(own))
            if any(_DATE.match(a) and _DATE.match(b) for a, b in zip(own[:closed], cells, strict=False)):
                return True
    return False
