"""Text the strict way: physical lines, and their cells as Python's csv reads them when nothing is forgiven."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from kpibar.read.scan import Dialect

# Longer cells are no cells of an export, but what an unpaired quote swallowed.
_LONGEST_CELL = 64 * 1024 * 1024
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def first_record(lines: Iterable[str], delimiter: str, quote: str) -> tuple[list[str], int]:
    """The cells of the first record and the physical lines it takes; nothing of no lines.

    Raises csv.Error where a quote stands oddly, or the last one has no end.
    """
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    return next(reader, []), reader.line_num


def every_record(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """The cells of each record. Raises csv.Error."""
    csv.field_size_limit(_LONGEST_CELL)
    yield from csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)


def strict_cells(line: str, dialect: Dialect) -> list[str] | None:
    """The cells of one line by itself, None where its quotes do not pair."""
    try:
        return first_record([line], dialect.delimiter, dialect.quote)[0]
    except csv.Error:
        return None


def physical_lines(text: str) -> list[str]:
    """The lines of a text with their line ends: carriage return, line feed or both."""
    return io.StringIO(text, newline="").readlines()


def streamed_lines(texts: Iterable[str]) -> Iterator[str]:
    """The same of a text in pieces, wherever these are cut."""
    buffer: list[str] = []
    at_end = False
    for text in texts:
        # A line that goes on is put together once, when its end is there, not anew with every text.
        if not at_end and "\n" not in text and "\r" not in text:
            buffer.append(text)
            continue
        lines = _LINE.findall("".join((*buffer, text)))
        # The last may go on in the next text, and a CR at its end may be half of a CRLF.
        buffer = [lines.pop()] if lines else []
        at_end = bool(buffer) and buffer[0].endswith(("\r", "\n"))
        yield from lines
    if any(buffer):
        yield "".join(buffer)
