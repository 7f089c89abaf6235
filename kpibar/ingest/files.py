"""Any text export -> its header and its records, with physical line numbers.

The engine never guesses: the encoding is decoded strictly, the delimiter and the header line are the ones under
which most column names are recognised, and each record must have exactly as many cells as the header. A line
that does not is rejected alone, and reading resumes at the next physical line, so one stray quote costs one line.
"""

import csv
import hashlib
import io
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from kpibar.errors import (
    FileEmpty,
    FileIsDirectory,
    FileMissing,
    FileNotRegular,
    FileNotText,
    FileUnreadable,
    HeaderNotFound,
)
from kpibar.ingest.header import Column, column, normal

DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 30
# A quote still open after so many lines was never meant to open a cell.
_LONGEST_RECORD = 2_000
_FIELD_LIMIT = 64 * 1024 * 1024
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_SWALLOWS = ("quoting", "a quote opened here closes in a later record")
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
}


@dataclass(frozen=True)
class Export:
    """A decoded export.

    `header_line` and every line number count physical lines from 1; `records_from` is the index of the first
    line after the header in `lines`, which keep their line ends.
    """

    path: Path
    sha256: str
    encoding: str
    delimiter: str
    header_line: int
    columns: tuple[Column, ...]
    lines: list[str]
    records_from: int
    size: int = 0
    quote: str = '"'
    kind: str = "text"

    @property
    def first_line(self): return self.records_from + 1
    @property
    def preamble(self): return self.header_line - 1
    @property
    def header_lines(self): return self.records_from - self.preamble
    def blocks(self):
        text = "".join(self.lines[self.records_from:]).encode()
        for i in range(0, len(text), 1 << 20): yield text[i:i + (1 << 20)]

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


def read_bytes(path: Path) -> bytes:
    """The content of a regular file. Raises FileMissing, FileIsDirectory, FileNotRegular, FileUnreadable."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise FileMissing(path) from error
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from error
    if stat.S_ISDIR(mode):
        raise FileIsDirectory(path)
    if not stat.S_ISREG(mode):
        raise FileNotRegular(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from error


def open_export(path: Path, vocabulary: Set[str]) -> Export:
    """Decode a file and find its header among `vocabulary`, the normalised names of every known column.

    Raises FileEmpty, FileNotText, HeaderNotFound and what `read_bytes` raises.
    """
    content = read_bytes(path)
    for magic, looks_like in _MAGIC.items():
        if content.startswith(magic):
            raise FileNotText(path, looks_like)
    encoding = detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileNotText(path, f"damaged {encoding} text (at byte {error.start + 1:,})") from error
    if not text.strip():
        raise FileEmpty(path)
    if "\0" in text[:4096]:
        raise FileNotText(path, "a binary file")
    lines = io.StringIO(text, newline="").readlines()
    delimiter, index, cells, span = _find_header(path, lines, vocabulary)
    return Export(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        encoding=encoding,
        delimiter=delimiter,
        header_line=index + 1,
        columns=tuple(column(cell) for cell in cells),
        lines=lines,
        records_from=index + span, size=len(content),
    )


def detect_encoding(content: bytes) -> str:
    """The encoding by the ladder: byte-order mark, UTF-16 by zero bytes, strict UTF-8, best Western code page."""
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = content[:4096]
    if len(sample) >= 4 and sample[1::2].count(0) > len(sample) * 0.35:
        return "utf-16-le"
    if len(sample) >= 4 and sample[0::2].count(0) > len(sample) * 0.35:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(content) else _best_western(content)
    return "utf-8"


def _mostly_utf8(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 were meant to be: in a code page, accents hardly ever look like it."""
    decoded = content.decode("utf-8", errors="replace")
    odd = len(decoded) - len(decoded.encode("ascii", errors="ignore"))
    return odd > 2 * decoded.count("\ufffd")


def _best_western(content: bytes) -> str:
    """The code page under which the non-ASCII bytes look most like letters of Western languages."""
    odd = bytes(byte for byte in content if byte > 127)[:20_000]
    scores = {}
    for encoding in ("cp1252", "iso8859-15", "mac-roman"):
        try:
            scores[encoding] = sum(_plausibility(char) for char in odd.decode(encoding))
        except UnicodeDecodeError:
            continue
    return max(scores, key=lambda encoding: scores[encoding])


_FREQUENT = frozenset("éèêëàâäçîïôöùûüÉÈÀÇœŒñáíóúß’‘“”«»–—€…°\u00a0")


def _plausibility(char: str) -> int:
    """How likely a character is in Western business text: frequent letters and marks, letters, the rest."""
    if char in _FREQUENT:
        return 3
    if unicodedata.category(char) in ("Ll", "Lu"):
        return 1
    return -2


def _find_header(path: Path, lines: list[str], vocabulary: Set[str]) -> tuple[str, int, list[str], int]:
    """Delimiter, index of the header line, its cells and how many lines it spans."""
    best: tuple[int, str, int, list[str], int] | None = None
    for index in range(min(HEADER_WITHIN, len(lines))):
        for delimiter in DELIMITERS:
            cells, span = _parse_one(lines[index : index + 50], delimiter)
            known = len({normal(cell) for cell in cells} & vocabulary)
            if best is None or known > best[0]:
                best = (known, delimiter, index, cells, span)
    if best is None or best[0] < 2:
        raise HeaderNotFound(path, lines[0].strip()[:80])
    return best[1:]


def _parse_one(lines: Iterable[str], delimiter: str) -> tuple[list[str], int]:
    """The cells of the first record and the number of lines it spans; no cells when it does not parse."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except (csv.Error, StopIteration):
        return [], 1


class _Feed:
    """Lines handed to the csv reader, which remembers those of the record being read so they can be given back."""

    def __init__(self, lines: list[str], start: int) -> None:
        self.lines = lines
        self.next = self.record = start

    def __iter__(self) -> Iterator[str]:
        while self.next < len(self.lines):
            if self.next - self.record > _LONGEST_RECORD:
                raise csv.Error(f"unclosed after {_LONGEST_RECORD} lines")
            self.next += 1
            yield self.lines[self.next - 1]


def records(export: Export) -> Iterator[Record | Fault | Blank]:
    """Every physical line after the header, as part of exactly one record, fault or blank, in file order."""
    csv.field_size_limit(_FIELD_LIMIT)
    width, header = len(export.columns), [column.written for column in export.columns]
    feed = _Feed(export.lines, export.records_from)
    reader = csv.reader(iter(feed), delimiter=export.delimiter, strict=True)
    while True:
        first = feed.record = feed.next
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(first + 1, "quoting", f"its quotes do not pair ({error})")
            feed.next = first + 1
            reader = csv.reader(iter(feed), delimiter=export.delimiter, strict=True)
            continue
        swallows = len(cells) == width and _swallows(
            export, feed.lines[first], feed.lines[first + 1 : feed.next], cells
        )
        if not any(cell.strip() for cell in cells):
            yield Blank(first + 1)
        elif cells == header:
            yield Fault(first + 1, "header", "it repeats the header")
        elif any("\0" in cell for cell in cells):
            yield Fault(first + 1, "control", "it holds a NUL character")
        elif len(cells) == width and not swallows:
            yield Record(first + 1, cells)
        else:
            wrong = ("width", f"{len(cells)} cells where the header has {width}")
            yield Fault(first + 1, *(_SWALLOWS if swallows else wrong))
            if feed.next > first + 1:  # a quote may have swallowed good lines: give them back
                feed.next = first + 1
                reader = csv.reader(iter(feed), delimiter=export.delimiter, strict=True)


def _alike(one: list[str], other: list[str], width: int) -> bool:
    """Whether two lines, quotes ignored, are both whole records: a date in the same place, or ids of one shape."""
    if not len(one) == len(other) == width:
        return False
    dates = any(_DATE.match(a.strip('"')) and _DATE.match(b.strip('"')) for a, b in zip(one, other, strict=True))
    shapes = [re.sub(r"[0-9]", "9", line[0].strip('"')) for line in (one, other)]
    return dates or (shapes[0] == shapes[1] and "9" in shapes[0])


def _swallows(export: Export, first: str, inner: list[str], cells: list[str]) -> bool:
    """Whether a later line of a multi-line record is a record itself: as many cells, and a date where it has one."""
    for line in inner:
        if _alike(first.split(export.delimiter), line.split(export.delimiter), len(cells)):
            return True
        own, _ = _parse_one([line], export.delimiter)
        if len(own) == len(cells):
            # What follows a closing quote belongs to the record that opened it.
            closed = next((place for place, cell in enumerate(own) if cell.endswith('"')), len(own))
            if any(_DATE.match(a) and _DATE.match(b) for a, b in zip(own[:closed], cells, strict=False)):
                return True
    return False
