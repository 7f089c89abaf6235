"""Delimiters that blanks follow, and delimiters behind the last cell: text as a strict reader expects it.

In `"a", "b"` a blank stands between the delimiter and the quote, which a strict reader takes as text. In a file whose
records all end in a delimiter, and whose header does not, every record has one cell too many, an empty one.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from kpibar.read.columns import column
from kpibar.read.dialect import DELIMITERS, KNOWN_ENOUGH, QUOTES, Heading, parse_one, recognised
from kpibar.read.lines import every_record, streamed_lines, strict_cells
from kpibar.read.scan import Dialect

# So many of the records must agree; two at least.
_SHARE, _FEWEST = 0.9, 2
# A quote that is open after so many lines was never meant to open a cell.
_LONGEST_RECORD = 2_000
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Spacing:
    """The delimiter that blanks follow, and the quote."""

    delimiter: str
    quote: str

    def unspaced(self, text: str) -> str:
        """A record or a line without the blanks around its quoted cells."""
        if self.quote not in text:
            return text
        mark, quote = re.escape(self.delimiter), self.quote
        cell = f"(?:(?<={mark})|(?<![^\\r\\n])) *({quote}(?:[^{quote}]|{quote}{quote})*{quote}) *(?={mark}|[\\r\\n]|$)"
        return re.sub(cell, r"\1", text)

    def unspaced_blocks(self, blocks: Iterable[bytes], width: int) -> Iterator[bytes]:
        """The same for the text of a file, of which a record has `width` cells; its lines stay where they are."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        pieces: list[str] = []
        size = 0
        for text in self._records(streamed_lines(decoder.decode(block) for block in blocks), width):
            pieces.append(self.unspaced(text))
            size += len(text)
            if size >= _CHUNK:
                yield "".join(pieces).encode()
                pieces, size = [], 0
        yield "".join(pieces).encode()

    def _records(self, lines: Iterable[str], width: int) -> Iterator[str]:
        """Lines, joined where a quoted cell goes over several; a line that is a record by itself begins a new one."""
        dialect = Dialect(self.delimiter, self.quote, width)
        pending: list[str] = []
        for line in lines:
            pairs = line.count(self.quote) % 2 == 0
            if pending and pairs and len(strict_cells(self.unspaced(line), dialect) or ()) == width > 1:
                yield from pending
                pending = []
            if pending and not pairs:
                yield "".join((*pending, line))
                pending = []
            elif pending or not pairs:
                pending.append(line)
            else:
                yield line
            if len(pending) > _LONGEST_RECORD:
                yield from pending
                pending = []
        yield from pending


def spacing(lines: Sequence[str], vocabulary: Set[str]) -> Spacing | None:
    """The delimiter that blanks follow throughout, where quotes follow these; None without one.

    The header, of known names, is written so too.
    """
    text = "".join(lines)
    for delimiter in DELIMITERS:
        for quote in QUOTES:
            used = Spacing(delimiter, quote)
            if f" {quote}" in text and f"{delimiter} " in text and _is_spaced(lines, used, vocabulary):
                return used
    return None


def _is_spaced(lines: Sequence[str], used: Spacing, vocabulary: Set[str]) -> bool:
    spaced = (_counted([line], used) for line in lines if f"{used.delimiter} " in line)
    if not any(0 < cells == blanks for cells, blanks in spaced):  # names are costly to compare
        return False
    names = [recognised(parse_one([used.unspaced(line)], used.delimiter, used.quote)[0], vocabulary) for line in lines]
    if max(names) < KNOWN_ENOUGH:
        return False
    first = names.index(max(names))
    header, rest = _counted(lines[first : first + 1], used), _counted(lines[first + 1 :], used)
    return 0 < header[0] == header[1] and rest[1] >= _SHARE * rest[0]


def _counted(lines: Sequence[str], used: Spacing) -> tuple[int, int]:
    """How many delimiters outside quotes stand before a cell, and how many of these before a blank."""
    quote = used.quote
    bare = re.sub(f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}", "", "".join(lines))
    mark = re.escape(used.delimiter)
    return len(re.findall(f"{mark}(?![{mark}\\r\\n]|$)", bare)), len(re.findall(f"{mark} ", bare))


def with_trailing(heading: Heading, rows: Sequence[Sequence[str]]) -> tuple[Heading, int]:
    """The header with as many unnamed columns as its records have empty cells behind their last, and how many.

    A header that itself ends in delimiters, which the records do not, loses its unnamed columns.
    """
    width = len(heading.columns)
    if not rows:
        return heading, 0
    common, count = Counter(map(len, rows)).most_common(1)[0]
    if count < max(_FEWEST, _SHARE * len(rows)) or common == width:
        return heading, 0
    named = max((place for place, one in enumerate(heading.columns, 1) if one.normal), default=0)
    if named <= common < width:
        return replace(heading, columns=heading.columns[:common]), 0
    empty = sum(len(row) == common and not any(map(str.strip, row[width:])) for row in rows)
    if common < width or empty < max(_FEWEST, _SHARE * len(rows)):
        return heading, 0
    more = common - width
    return replace(heading, columns=(*heading.columns, *[column("")] * more)), more


def first_rows(heading: Heading, lines: Sequence[str]) -> list[list[str]]:
    """The records of the lines, as far as these can be told apart; the last line may be cut."""
    dialect = Dialect(heading.delimiter, heading.quote, len(heading.columns))
    rows: list[list[str]] = []
    try:
        rows += [row for row in every_record(lines, dialect) if any(map(str.strip, row))]
    except csv.Error:
        alone = (strict_cells(line, dialect) for line in lines)
        rows = [row for row in alone if row and any(map(str.strip, row))]
    return rows[:-1] if len(rows) > _FEWEST else rows
