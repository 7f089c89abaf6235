"""One record at a time, strictly: what the scan could not prove is judged here, line by line.

A record has exactly as many cells as the header. A line that does not give one is a fault of its own, and reading
resumes at the next physical line, so one stray quote costs one line and never swallows the tickets that follow.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from kpibar.read.columns import normal
from kpibar.read.lines import every_record, first_record, physical_lines, strict_cells
from kpibar.read.quotes import content_of_line, other_readings
from kpibar.read.scan import LONGEST_TEXT, Dialect
from kpibar.read.workbook_marks import NO_RESULT

# A quote still open after so many lines was never meant to open a cell.
LONGEST_RECORD = 2_000
# What code "length" says of a record: the engine would refuse it and all that is read with it.
LONG = f"it is longer than {LONGEST_TEXT >> 20} MiB, too long for a record: a quote or a line end may be missing"


def too_long(limit: int) -> str:
    """What code "length" says of a record from which a layout would make texts that are many times as long."""
    return f"it is longer than {limit >> 10:,} KiB, and the layout makes texts of it that are many times as long"


# A longer line is no footer.
_LONGEST_FOOTER = 1 << 16
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NUMBER = re.compile(r"[0-9]{2}")
# So many carriage returns may follow each other within a record whose lines end in line feeds.
_MOST_RETURNS = 50
_LONE_RETURN = re.compile(r"\r(?!\n)")
# Signs that take the place of a carriage return while a record is read.
_STAND_INS = tuple(map(chr, range(0xE000, 0xE100)))
# The code of a second header after which the cells of the file mean something else.
HEADER_MOVED = "header-moved"
# What is said of a line that repeats the header, and of one that a report adds: neither is a record.
HEADER_REPEATED = "it repeats the header"
OF_A_REPORT = "it is a line of a report, not a record"
_SWALLOWS = "a quote opened here closes in a later record"
_TWO_READINGS = "a quote within a cell: the line can be split into cells in two ways"
QUOTE_TORN = "a quote within a cell, and it may go on in the next line, which is broken"
_FOOTER = re.compile(
    r"\W*((grand|sub|sous)?[ -]?totals?\b|totaux\b|sum\b|somme\b|copyright\b|©|\d+ (rows?|records?|results?|lignes?"
    r"|enregistrements?|r[ée]sultats?)\b|(rows?|records?|lignes?|count|nombre)\s*:|(exported|generated|downloaded) "
    r"(on|by|at|from)\b|(export[ée]|g[ée]n[ée]r[ée]|[ée]dit[ée]) (le|par)\b|end of (report|file|export)|fin (du|de) )",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Record:
    """One data record: the physical line it starts on and its cells, as many as the header has.

    `is_repaired` tells that its cells were put back in place, `is_wrapped` that the whole line stood in quotes,
    `is_unended` that the file ends without a line end behind it.
    """

    line: int
    cells: list[str]
    is_repaired: bool = False
    is_wrapped: bool = False
    is_unended: bool = False


@dataclass(frozen=True)
class Fault:
    """A physical line (a few for a record that was cut) that is no record: a stable code and a reason in words.

    `group` is what it says in the column by which lines are folded into a record, "" where that is not known.
    """

    line: int
    code: str
    reason: str
    lines: int = 1
    group: str = field(default="", repr=False, compare=False)

    @property
    def last_line(self) -> int:
        """The last of its physical lines."""
        return self.line + self.lines - 1


@dataclass(frozen=True)
class Blank:
    """A line with nothing in it."""

    line: int


@dataclass(frozen=True)
class Footer:
    """A line a report adds below its records: a total, a count, a copyright."""

    line: int


Item = Record | Fault | Blank | Footer


@dataclass(frozen=True)
class Judgement:
    """What a physical line began, and how many lines that took. `needs_lines` tells that more lines are needed to say.

    `read` are the lines that had to be looked at to say so.
    """

    item: Item
    line_count: int
    needs_lines: bool = False
    read: int = 1


def judge(lines: Sequence[str], first: int, line: int, dialect: Dialect) -> Judgement:
    """Read the record that begins with `lines[first]`, which is physical line `line` of the file."""
    if len(lines[first]) > LONGEST_TEXT:
        return Judgement(Fault(line, "length", LONG), 1)
    judgement = _judge(lines, first, line, dialect)
    end = first + judgement.line_count - 1
    if not (dialect.line_feeds and dialect.width > 1 and lines[end].endswith("\r")) or isinstance(
        judgement.item, Blank
    ):
        return judgement
    stop = end + 1
    while stop < len(lines) and lines[stop - 1].endswith("\r") and stop - end < _MOST_RETURNS:
        stop += 1
    if lines[stop - 1].endswith("\r"):  # whether it goes on is not in view
        return replace(judgement, needs_lines=judgement.needs_lines or stop == len(lines))
    return _with_returns(lines, first, stop, line, dialect) or judgement


def _with_returns(lines: Sequence[str], first: int, stop: int, line: int, dialect: Dialect) -> Judgement | None:
    """The record that the carriage returns before `lines[stop]` stand in, of a text whose lines end in line feeds.

    None where they end lines: what stands between them are records, or nothing.
    """
    text = "".join(lines[first:stop])
    sign = next(sign for sign in _STAND_INS if sign not in text)
    content = text.rstrip("\r\n")
    whole = _LONE_RETURN.sub(sign, content) + text[len(content) :]
    if sign not in whole:
        return None
    own_lines = physical_lines(whole)
    judgement = _judge(own_lines, 0, line, replace(dialect, line_feeds=False))
    if judgement.needs_lines:
        next_lines = lines[stop : stop + LONGEST_RECORD]
        judgement = _judge([*own_lines, *next_lines], 0, line, replace(dialect, line_feeds=False))
    if not isinstance(judgement.item, Record) or judgement.line_count < len(own_lines):
        return None
    cells = [cell.replace(sign, "\r") for cell in judgement.item.cells]
    return Judgement(replace(judgement.item, cells=cells), stop - first + judgement.line_count - len(own_lines))


def _judge(lines: Sequence[str], first: int, line: int, dialect: Dialect) -> Judgement:
    stop = min(first + LONGEST_RECORD + 1, len(lines))
    begin = lines[first]
    try:
        # One after the other: most records end with their first line.
        cells, line_count = first_record(
            (lines[place] for place in range(first, stop)), dialect.delimiter, dialect.quote
        )
    except csv.Error as error:
        is_unended = "end of data" in str(error)
        needs_lines = is_unended and stop - first <= LONGEST_RECORD
        item = _within_quotes(begin, line, dialect) or Fault(line, "quoting", f"its quotes do not pair ({error})")
        return Judgement(item, 1, needs_lines and isinstance(item, Fault), read=stop - first if is_unended else 1)
    text = "".join(lines[first : first + line_count])
    if len(text) > LONGEST_TEXT:
        return Judgement(Fault(line, "length", LONG, line_count), line_count)
    item = judge_cells(cells, line, dialect)
    whole = len(cells) == dialect.width and not _swallows(begin, lines[first + 1 : first + line_count], cells, dialect)
    if isinstance(item, Fault) and item.code in ("control", "encoding") and whole:
        return Judgement(replace(item, lines=line_count), line_count)
    if isinstance(item, Record) and not whole:
        item = Fault(line, "quoting", _SWALLOWS)
    elif isinstance(item, Record) and any(other_readings(text, cells, dialect)):
        item = Fault(line, "quoting", _TWO_READINGS)
    elif isinstance(item, Fault):
        item = _within_quotes(text, line, dialect) or item
    # What a quote swallowed may be good lines: only the first is lost.
    return Judgement(item, 1 if isinstance(item, Fault) else line_count)


def _within_quotes(text: str, line: int, dialect: Dialect) -> Item | None:
    """What stands in the quotes around a whole line, as a sheet writes one that it did not split; None: no record."""
    content = content_of_line(text, dialect.quote) if dialect.width > 1 else None
    if content is None or dialect.delimiter not in content:
        return None
    inner = physical_lines(content)
    judgement = judge(inner, 0, line, dialect)
    if judgement.line_count < len(inner) or (
        isinstance(judgement.item, Fault) and judgement.item.code not in ("header", HEADER_MOVED)
    ):
        return None
    return replace(judgement.item, is_wrapped=True) if isinstance(judgement.item, Record) else judgement.item


def judge_cells(cells: list[str], line: int, dialect: Dialect) -> Record | Fault | Blank:
    """What a line's cells are by themselves."""
    if not any(cell.strip() for cell in cells):
        return Blank(line)
    names = list(dialect.header)[: len(dialect.header) - dialect.padding]
    # The header of a file put behind another one begins with a byte-order mark, its quotes are inside the cell then.
    bare = [cells[0][1:].strip('"'), *cells[1:]] if cells[0].startswith("\ufeff") else cells
    if dialect.header and (cells in (list(dialect.header), names) or bare in (list(dialect.header), names)):
        return Fault(line, "header", HEADER_REPEATED)
    if dialect.header and sorted(bare) == sorted(dialect.header):
        return Fault(line, HEADER_MOVED, "it is a header with the columns in another order")
    if dialect.header and len(cells) != dialect.width and names_columns(cells, set(map(normal, dialect.header))):
        return Fault(line, HEADER_MOVED, "it is a header of other columns")
    if NO_RESULT in cells:
        return Fault(line, "formula", _without_result(cells, dialect))
    if any("\0" in cell for cell in cells):
        return Fault(line, "control", "it holds a NUL character")
    if any("\ufffd" in cell for cell in cells) and _loses_a_value(cells, dialect):
        return Fault(line, "encoding", "it holds a character that an earlier program could not read")
    if len(cells) != dialect.width:
        return Fault(line, "width", f"{len(cells)} cells where the header has {dialect.width}")
    if dialect.padding and any(map(str.strip, cells[-dialect.padding :])):
        return Fault(line, "width", "a value behind the last column, where other records have an empty cell")
    return Record(line, cells)


def _without_result(cells: Sequence[str], dialect: Dialect) -> str:
    name = dict(zip(cells, dialect.header, strict=False)).get(NO_RESULT, "")
    return f'column "{name}" holds a formula without a result: open the workbook in the spreadsheet program and save it'


def _loses_a_value(cells: Sequence[str], dialect: Dialect) -> bool:
    """Whether a sign that an earlier program could not read stands where more than free text is read."""
    places = {place for place, cell in enumerate(cells) if "\ufffd" in cell}
    return len(cells) != dialect.width or not places <= dialect.free


def names_columns(cells: Sequence[str], names: Set[str]) -> bool:
    """Whether a line can only be a header: at least two of its cells, and half of those filled, are names of columns.

    `names` are normalised. Where another cell holds a number of two digits, such as a date, it is a record.
    """
    texts = [cell for cell in cells if cell.strip()]
    strangers = [cell for cell in texts if normal(cell) not in names]
    matches = len(texts) - len(strangers)
    return matches >= max(2, len(strangers)) and not any(_NUMBER.search(cell) for cell in strangers)


def looks_like_footer(text: str, dialect: Dialect) -> bool:
    """Whether a line can only be one a report adds below its records: it says so, and most of its cells are empty."""
    if len(text) > _LONGEST_FOOTER:
        return False
    cells = [cell.strip(f" \t\r\n{dialect.quote}") for cell in text.split(dialect.delimiter)]
    texts = [cell for cell in cells if cell]
    return bool(texts) and bool(_FOOTER.match(texts[0])) and 2 * len(texts) <= max(dialect.width, 2)


def encode(cells: Sequence[str], dialect: Dialect) -> bytes:
    """A record as it goes to the engine: every cell in quotes."""
    quote = dialect.quote
    quotations = (quote + cell.replace(quote, quote * 2) + quote for cell in cells)
    return (dialect.delimiter.join(quotations) + "\n").encode()


def _alike(left: Sequence[str], right: Sequence[str], width: int) -> bool:
    """Whether two lines, quotes ignored, are both whole records: a date in the same place, or ids of one shape."""
    if not len(left) == len(right) == width:
        return False
    dates = any(_DATE.match(a.strip('"')) and _DATE.match(b.strip('"')) for a, b in zip(left, right, strict=True))
    shapes = [re.sub(r"[0-9]", "9", line[0].strip('"')) for line in (left, right)]
    return dates or (shapes[0] == shapes[1] and "9" in shapes[0])


def _swallows(first: str, inner: Sequence[str], cells: Sequence[str], dialect: Dialect) -> bool:
    """Whether a later line of a multi-line record is a record itself: as many cells, and a date where it has one."""
    for line in inner:
        if _alike(first.split(dialect.delimiter), line.split(dialect.delimiter), len(cells)):
            return True
        line_cells = strict_cells(line, dialect) or []
        if len(line_cells) == len(cells):
            # What follows a closing quote belongs to the record that opened it.
            end_place = next(
                (place for place, cell in enumerate(line_cells) if cell.endswith(dialect.quote)), len(line_cells)
            )
            if any(_DATE.match(a) and _DATE.match(b) for a, b in zip(line_cells[:end_place], cells, strict=False)):
                return True
    return False


def each_record(lines: Sequence[str], line: int, dialect: Dialect) -> Iterator[tuple[Item, str, int]]:
    """Every item of a piece of text that ends where a record ends, with the text of its first line and its lines."""
    first = 0
    while first < len(lines):
        judgement = judge(lines, first, line + first, dialect)
        yield judgement.item, lines[first], judgement.line_count
        first += judgement.line_count


def decode(text: bytes, dialect: Dialect) -> Iterator[list[str]]:
    """The cells of every record of a proven text."""
    return every_record(io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline=""), dialect)
