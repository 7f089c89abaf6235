"""Where the column names stand in a text, and how it separates and quotes its cells: by the names that are known."""

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from kpibar.privacy.disclosure import find_part
from kpibar.read.columns import Column, column, normal
from kpibar.read.errors import MemberNeeded, MemberUnknown
from kpibar.read.lines import every_record, first_record, streamed_lines, strict_cells
from kpibar.read.quotes import content_of_line, raw_cells
from kpibar.read.scan import Dialect

DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'")
HEADER_WITHIN = 30
# How many lines one header row may span: survey tools put whole questions there.
HEADER_SPAN = 50
KNOWN_ENOUGH = 2
_SEP = re.compile(r'\ufeff?"?sep=(.)"?\s*$', re.I)
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"')


@dataclass(frozen=True)
class Heading:
    """The header of a table.

    `index` counts the lines (or rows) before it, `spans` those it takes, including the second and third header rows of
    survey tools.
    """

    delimiter: str
    quote: str
    index: int
    spans: int
    columns: tuple[Column, ...]


def parse_one(lines: Iterable[str], delimiter: str, quote: str = '"') -> tuple[list[str], int]:
    """The cells of the first record and the number of lines it spans; no cells when it does not parse."""
    try:
        return first_record(lines, delimiter, quote)
    except csv.Error:
        return [], 1


def count_recognised(cells: Iterable[str], vocabulary: Set[str]) -> int:
    """How many different known names a row holds."""
    return len({normal(cell) for cell in cells} & vocabulary)


def find_heading(lines: Sequence[str], vocabulary: Set[str]) -> Heading | None:
    """The header among the first lines of a text, or None when fewer than two names are known in any.

    A line `sep=;` settles the delimiter, provided the names agree.
    """
    delimiter = stated_delimiter(lines)
    heading = _best(lines, vocabulary, (delimiter,)) if delimiter is not None and usable(delimiter) else None
    heading = heading or _best(lines, vocabulary, DELIMITERS)
    return _with_import_rows(heading, lines) if heading else None


def stated_delimiter(lines: Sequence[str]) -> str | None:
    """What a line `sep=;` among the first says."""
    return next((sep.group(1) for line in lines[:HEADER_WITHIN] if (sep := _SEP.match(line))), None)


def usable(delimiter: str) -> bool:
    """Whether cells can be told apart by a sign: one byte of UTF-8 that is part of no word, number, quote or escape."""
    return delimiter.isascii() and not delimiter.isalnum() and delimiter not in "\"'\\\r\n\0"


def _best(lines: Sequence[str], vocabulary: Set[str], delimiters: Sequence[str]) -> Heading | None:
    best_score, best = KNOWN_ENOUGH - 1, None
    for index in range(min(HEADER_WITHIN, len(lines))):
        for delimiter in delimiters:
            for quote in QUOTES:
                cells, spans = _names(lines[index : index + HEADER_SPAN], delimiter, quote)
                score = count_recognised(cells, vocabulary)
                if score > best_score:
                    best_score = score
                    best = Heading(delimiter, quote, index, spans, tuple(column(cell) for cell in cells))
    return best


def _names(lines: Sequence[str], delimiter: str, quote: str) -> tuple[list[str], int]:
    """The cells of a header and its lines, also of one that stands in quotes as a whole."""
    cells, spans = parse_one(lines, delimiter, quote)
    content = content_of_line("".join(lines[:spans]), quote) if not any(map(str.strip, cells[1:])) else None
    return (parse_one([content], delimiter, quote)[0] if content else cells), spans


def unpaired_name(lines: Sequence[str], heading: Heading, vocabulary: Set[str]) -> str | None:
    """The first name of a header that has an opening or a closing quote alone; None without one.

    A quote behind a digit is a mark of inches, unless the name is one of `vocabulary` without it.
    """
    text = "".join(lines[heading.index : heading.index + heading.spans])
    content = content_of_line(text, heading.quote) or text
    cells = raw_cells(content.rstrip("\r\n"), Dialect(heading.delimiter, heading.quote, len(heading.columns)))
    return next((cell.strip() for cell in cells if _is_unpaired(cell.strip(), heading.quote, vocabulary)), None)


def _is_unpaired(name: str, quote: str, vocabulary: Set[str]) -> bool:
    if name.startswith(quote) and name.endswith(quote) and len(name) > 1:
        return False
    if quote == "'" and name.endswith("'") and name.count("'") == 1:
        return True
    inches = 0 if normal(name.replace('"', "")) in vocabulary else len(re.findall('[0-9]"', name))
    return (name.count('"') - inches) % 2 == 1


def torn_name(line: str, vocabulary: Set[str]) -> str | None:
    """The name with a quote alone in a line that would be a header without its quotes; None where it would not."""
    for delimiter in DELIMITERS:
        cells = [cell.strip() for cell in line.split(delimiter)]
        if count_recognised((cell.strip('"') for cell in cells), vocabulary) >= KNOWN_ENOUGH:
            return next((cell for cell in cells if cell.count('"') % 2), None)
    return None


def _with_import_rows(heading: Heading, lines: Sequence[str]) -> Heading:
    """The header with the rows of question texts and import ids that follow it in a survey tool's export."""
    rows, spans, at = [], [], heading.index + heading.spans
    for _ in range(2):
        cells, span = parse_one(lines[at : at + HEADER_SPAN], heading.delimiter, heading.quote)
        rows.append(cells)
        spans.append(span)
        at += span
    extra_rows, columns = import_rows(heading.columns, rows)
    return replace(heading, spans=heading.spans + sum(spans[:extra_rows]), columns=columns)


def import_rows(columns: tuple[Column, ...], rows: Sequence[Sequence[str]]) -> tuple[int, tuple[Column, ...]]:
    """How many of the rows after the header are header too, and the columns with the zones stated there."""
    for number, cells in enumerate(rows, 1):
        if 2 * sum(bool(_IMPORT_ID.match(cell)) for cell in cells) > max(len(cells), len(columns)):
            return number, tuple(map(_with_zone, columns, [*cells, *[""] * len(columns)]))
    return 0, columns


def _with_zone(column_of_cell: Column, cell: str) -> Column:
    try:
        settings = json.loads(cell)
    except (ValueError, RecursionError):
        return column_of_cell
    zone = settings.get("timeZone") if isinstance(settings, dict) else None
    if column_of_cell.zone or not isinstance(zone, str):
        return column_of_cell
    return replace(column_of_cell, zone="UTC" if zone.upper() in ("Z", "UTC", "GMT") else zone)


def table_above(rows: Iterable[Sequence[str]], vocabulary: Set[str]) -> bool:
    """Whether what stands above a header is a table of its own: names of columns, then records as wide."""
    matches = 0
    for row in rows:
        cells_filled, matches_here = sum(bool(cell.strip()) for cell in row), count_recognised(row, vocabulary)
        if matches_here >= KNOWN_ENOUGH and 2 * matches_here >= cells_filled:
            matches = len(row)
        elif matches and not matches_here and len(row) == matches and cells_filled >= KNOWN_ENOUGH:
            return True
    return False


def row_heading(rows: Sequence[Sequence[str]], vocabulary: Set[str]) -> tuple[int, Heading] | None:
    """The header among the first rows of a sheet with the number of names known in it; None without any known."""
    scores = [count_recognised(cells, vocabulary) for cells in rows[:HEADER_WITHIN]]
    if not any(scores):
        return None
    index = scores.index(max(scores))
    header = list(rows[index])
    while header and not header[-1].strip():
        header.pop()
    extra_rows, columns = import_rows(tuple(map(column, header)), rows[index + 1 : index + 3])
    return max(scores), Heading("", "", index, 1 + extra_rows, columns)


def pick(path: Path, kind: str, scores: Mapping[str, int], choice: str | None) -> str:
    """Which of several tables to read, given how many names are known in each: the one asked for, or the only likely.

    A second table with half as many known names as the best may be meant too. Raises MemberNeeded, MemberUnknown.
    """
    if choice is not None:
        match = find_part(choice, scores)
        if match is None:
            raise MemberUnknown(path, choice, list(scores))
        return match
    likely = [name for name, count in scores.items() if count >= max(KNOWN_ENOUGH, max(scores.values()) / 2)]
    if len(likely) > 1:
        raise MemberNeeded(path, kind, likely)
    return max(scores, key=lambda name: scores[name])


def headerless(lines: Sequence[str], fields: Sequence[str]) -> Heading | None:
    """A table without header whose first record has exactly as many cells as `fields` has names, else None."""
    skip = 1 if lines and _SEP.match(lines[0]) else 0
    for delimiter in DELIMITERS:
        for quote in QUOTES:
            cells, _ = parse_one(lines[skip : skip + HEADER_SPAN], delimiter, quote)
            if len(cells) == len(fields):
                return Heading(delimiter, quote, skip, 0, tuple(column(name) for name in fields))
    return None


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

    def strip_spaces(self, text: str) -> str:
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
            pieces.append(self.strip_spaces(text))
            size += len(text)
            if size >= _CHUNK:
                yield "".join(pieces).encode()
                pieces, size = [], 0
        yield "".join(pieces).encode()

    def _records(self, lines: Iterable[str], width: int) -> Iterator[str]:
        """Lines, joined where a quoted cell goes over several; a line that is a record by itself begins a new one."""
        dialect = Dialect(self.delimiter, self.quote, width)
        buffer: list[str] = []
        for line in lines:
            pairs = line.count(self.quote) % 2 == 0
            if buffer and pairs and len(strict_cells(self.strip_spaces(line), dialect) or ()) == width > 1:
                yield from buffer
                buffer = []
            if buffer and not pairs:
                yield "".join((*buffer, line))
                buffer = []
            elif buffer or not pairs:
                buffer.append(line)
            else:
                yield line
            if len(buffer) > _LONGEST_RECORD:
                yield from buffer
                buffer = []
        yield from buffer


def spacing(lines: Sequence[str], vocabulary: Set[str]) -> Spacing | None:
    """The delimiter that blanks follow throughout, where quotes follow these; None without one.

    The header, of known names, is written so too.
    """
    text = "".join(lines)
    for delimiter in DELIMITERS:
        for quote in QUOTES:
            candidate = Spacing(delimiter, quote)
            if f" {quote}" in text and f"{delimiter} " in text and _is_spaced(lines, candidate, vocabulary):
                return candidate
    return None


def _is_spaced(lines: Sequence[str], candidate: Spacing, vocabulary: Set[str]) -> bool:
    counts = (_count_cells([line], candidate) for line in lines if f"{candidate.delimiter} " in line)
    if not any(0 < cells == blanks for cells, blanks in counts):  # names are costly to compare
        return False
    names = [
        count_recognised(parse_one([candidate.strip_spaces(line)], candidate.delimiter, candidate.quote)[0], vocabulary)
        for line in lines
    ]
    if max(names) < KNOWN_ENOUGH:
        return False
    first = names.index(max(names))
    header, body = _count_cells(lines[first : first + 1], candidate), _count_cells(lines[first + 1 :], candidate)
    return 0 < header[0] == header[1] and body[1] >= _SHARE * body[0]


def _count_cells(lines: Sequence[str], candidate: Spacing) -> tuple[int, int]:
    """How many delimiters outside quotes stand before a cell, and how many of these before a blank."""
    quote = candidate.quote
    bare = re.sub(f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}", "", "".join(lines))
    mark = re.escape(candidate.delimiter)
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
    last_name = max(
        (place for place, column_of_heading in enumerate(heading.columns, 1) if column_of_heading.normal), default=0
    )
    if last_name <= common < width:
        return replace(heading, columns=heading.columns[:common]), 0
    empty = sum(len(row) == common and not any(map(str.strip, row[width:])) for row in rows)
    if common < width or empty < max(_FEWEST, _SHARE * len(rows)):
        return heading, 0
    surplus = common - width
    return replace(heading, columns=(*heading.columns, *[column("")] * surplus)), surplus


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
