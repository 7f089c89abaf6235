"""Any file -> an export: what it is, its columns, and its records as text or as rows, each time read from disk anew.

The engine never guesses: the bytes tell the kind of file, the encoding is decoded strictly, and delimiter, quote and
header line are the ones under which most column names are recognised.
"""

import codecs
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from kpibar.privacy.disclosure import show_line
from kpibar.privacy.personal import marked_name, name_shape
from kpibar.read.columns import Column, column, normal
from kpibar.read.dialect import (
    Heading,
    count_recognised,
    find_heading,
    first_rows,
    headerless,
    parse_one,
    spacing,
    stated_delimiter,
    table_above,
    torn_name,
    unpaired_name,
    usable,
    with_trailing,
)
from kpibar.read.encoding import Decoder, codec_of_mark, find_decoder, utf8
from kpibar.read.errors import (
    DelimiterUnusable,
    FileEmpty,
    FileNotText,
    FileTooLarge,
    HeaderMoved,
    HeaderNotFound,
    HeaderQuoteUnpaired,
)
from kpibar.read.json_records import MOST_COLUMNS
from kpibar.read.lines import streamed_lines
from kpibar.read.mojibake import restore
from kpibar.read.scan import Dialect
from kpibar.read.source import Kind, Source, open_source
from kpibar.read.tables import Row, find_objects, find_sheet, object_rows, parquet_names, parquet_rows, sheet_rows

# The header is looked for in so much text and so many lines.
_HEAD_BYTES = 8 << 20
_HEAD_LINES = 200
_BINARY_WITHIN = 4096
# One control character of so many characters is no accident of a single cell.
_BINARY_SHARE = 20
_CONTROL = re.compile("[\0-\x08\x0e-\x19]")


@dataclass(frozen=True)
class Export:
    """A recognised export, of which nothing but the header is in memory.

    `path` is how the user named it, `size` its bytes on disk, `kind` what holds the records, `member` the file in an
    archive or the sheet of a workbook. `sha256` is that of the file on disk; where the user chose one of several
    members, of that hash and the member's name, so that two members are two files. `encoding`, `delimiter` and `quote`
    are empty for what has none.

    Lines are physical ones, rows those of a sheet, both counted from 1. `header_line` is that of the names (0: none),
    `header_lines` how many lines the header takes, including the second and third header rows of survey tools,
    `preamble` how many stand before it, `first_line` the one after it. `heading` is the text of a text's header.
    `mojibake_lines` are the lines in which UTF-8 that was encoded twice is put right, `line_feeds` tells that the first
    line of a text ends in a line feed. `remarks` counts, once the rows of a sheet are read, what is to be said of them.
    The last `padding` columns have no name: the records, and not the header, end in
    delimiters; `sample` are the first records of such a file.
    """

    path: Path
    sha256: str
    size: int
    kind: Kind
    member: str | None
    columns: tuple[Column, ...]
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    header_line: int = 0
    first_line: int = 1
    preamble: int = 0
    header_lines: int = 0
    mojibake_lines: int = 0
    line_feeds: bool = False
    remarks: Counter[str] = field(default_factory=Counter, repr=False, compare=False)
    padding: int = 0
    sample: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    heading: str = field(default="", repr=False)
    read_blocks: Callable[[], Iterator[bytes]] | None = field(default=None, repr=False, compare=False)
    read_rows: Callable[[], Iterator[Row]] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's name as the ledger has it."""
        return ledger_name(self.path, self.sha256)

    @property
    def dialect(self) -> Dialect:
        """How its records are written; rows are handed on in the usual way."""
        names = tuple(column.header for column in self.columns)
        return Dialect(
            self.delimiter or ",", self.quote or '"', len(names), names, self.line_feeds, padding=self.padding
        )

    def blocks(self) -> Iterator[bytes]:
        """The text from `first_line` on, as UTF-8 without byte-order mark, line ends untouched, in blocks of 1 to 4 MB.

        A block may end anywhere, also inside a character. Raises FileChanged, FileUnreadable, FileDamaged,
        FileTooLarge; ValueError for what is no text.
        """
        if self.read_blocks is None:
            raise ValueError(f"{self.path} has rows, not text")
        return self.read_blocks()

    def rows(self) -> Iterator[Row]:
        """The rows after the header with their numbers, as many cells as columns, or more when the row has more.

        Raises FileChanged, FileUnreadable, FileDamaged, FileTooLarge; ValueError for text.
        """
        if self.read_rows is None:
            raise ValueError(f"{self.path} is text, not rows")
        return self.read_rows()


def ledger_name(path: Path, sha256: str = "") -> str:
    """A file's name as a text: bytes that are not UTF-8 are written as \\xe9, whatever the machine's own encoding.

    Of a person's identifier in it the shape is left, with a mark of the content where its `sha256` is stated.
    """
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return marked_name(name, sha256) if sha256 else name_shape(name)


def open_export(
    path: Path, vocabulary: Set[str], encoding: str | None = None, fields: Sequence[str] | None = None
) -> Export:
    """Recognise a file and find its header among `vocabulary`, the normalised names of every known column.

    `path` may name one member of an archive or one sheet: `export.zip:calls.csv`. `encoding` overrides the ladder.
    `fields` are the names of the columns, in order, of an export that may come without header.

    Raises FileEmpty, FileNotText, FileTooLarge, HeaderNotFound, EncodingMisfit, EncodingUnknown, RecordsNotFound and
    what `open_source` raises.
    """
    export = _open_file(path, vocabulary, encoding, fields)
    if len(export.columns) > MOST_COLUMNS:
        why = f"has {len(export.columns):,} columns, of which at most {MOST_COLUMNS:,} are read"
        raise FileTooLarge(path, why, "export it with fewer: `kpibar layouts NAME` lists those of a layout")
    return export


def _open_file(path: Path, vocabulary: Set[str], encoding: str | None, fields: Sequence[str] | None) -> Export:
    source = open_source(path)
    if source.kind == "text":
        return _open_text(source, vocabulary, encoding, fields)
    if source.kind == "json":
        return _open_json(source, vocabulary, encoding)
    digest = hashlib.sha256()
    for block in source.pieces(digest):
        del block
    whole = _identity(source, digest.hexdigest())
    return _open_sheet(source, vocabulary, whole) if source.kind == "sheet" else _open_parquet(source, whole)


def identity_of(path: Path) -> str:
    """The `sha256` of the export that a path names, without recognising it. Raises what `open_source` raises."""
    source, digest = open_source(path), hashlib.sha256()
    for block in source.pieces(digest):
        del block
    return _identity(source, digest.hexdigest())


def _open_sheet(source: Source, vocabulary: Set[str], sha256: str) -> Export:
    sheet = find_sheet(source, vocabulary)
    heading = sheet.heading
    remarks: Counter[str] = Counter()
    return Export(
        path=source.path,
        sha256=sha256,
        size=source.size,
        kind="sheet",
        member=sheet.name,
        columns=heading.columns,
        header_line=heading.index + 1,
        first_line=heading.index + heading.spans + 1,
        preamble=heading.index,
        header_lines=heading.spans,
        remarks=remarks,
        read_rows=lambda: sheet_rows(source, sheet, remarks),
    )


def _open_json(source: Source, vocabulary: Set[str], encoding: str | None) -> Export:
    digest = hashlib.sha256()
    if encoding is None and codec_of_mark(source.head) is None and _is_binary(source.head.decode("latin-1")):
        raise FileNotText(source.path, "a binary file")
    decoder = find_decoder(source.path, source.head, source.pieces(digest), source.pieces, encoding)
    table = find_objects(source, decoder, vocabulary)
    return Export(
        path=source.path,
        sha256=_identity(source, digest.hexdigest()),
        size=source.size,
        kind="json",
        member=source.member or table.name or None,
        columns=tuple(column(restore(name)) for name in table.columns),
        encoding=decoder.encoding,
        mojibake_lines=decoder.mojibake_lines,
        read_rows=lambda: object_rows(source, decoder, table),
    )


def _open_parquet(source: Source, sha256: str) -> Export:
    return Export(
        path=source.path,
        sha256=sha256,
        size=source.size,
        kind="parquet",
        member=None,
        columns=tuple(column(restore(name)) for name in parquet_names(source)),
        read_rows=lambda: parquet_rows(source),
    )


def _identity(source: Source, digest: str) -> str:
    part = source.member or source.part
    return digest if source.alone else hashlib.sha256(f"{digest}:{part}".encode()).hexdigest()


def _open_text(source: Source, vocabulary: Set[str], encoding: str | None, fields: Sequence[str] | None) -> Export:
    digest = hashlib.sha256()
    if encoding is None and codec_of_mark(source.head) is None and _is_binary(source.head.decode("latin-1")):
        raise FileNotText(source.path, "a binary file")
    decoder = find_decoder(source.path, source.head, source.pieces(digest), source.pieces, encoding)
    first_lines = _first_lines(source, decoder)
    layout_of_spaces = spacing(first_lines, vocabulary)
    lines = [layout_of_spaces.strip_spaces(line) for line in first_lines] if layout_of_spaces else first_lines
    heading = _heading(source.path, lines, vocabulary, fields)
    before = heading.index + heading.spans
    skip = len("".join(first_lines[:before]).encode("utf-8"))
    rows = first_rows(heading, lines[before:])
    heading, padding = with_trailing(heading, rows)
    width = len(heading.columns)

    def read() -> Iterator[bytes]:
        blocks = _blocks(source, decoder, skip)
        return layout_of_spaces.unspaced_blocks(blocks, width) if layout_of_spaces else blocks

    return Export(
        path=source.path,
        sha256=_identity(source, digest.hexdigest()),
        size=source.size,
        kind="text",
        member=source.member,
        encoding=decoder.encoding,
        mojibake_lines=decoder.mojibake_lines,
        delimiter=heading.delimiter,
        quote=heading.quote,
        header_line=heading.index + 1 if heading.spans else 0,
        first_line=before + 1,
        preamble=heading.index,
        header_lines=heading.spans,
        line_feeds=lines[max(before - 1, 0)].endswith("\n"),
        heading="".join(lines[heading.index : before]),
        columns=heading.columns,
        padding=padding,
        sample=tuple(map(tuple, rows)) if padding else (),
        read_blocks=read,
    )


def _heading(path: Path, lines: Sequence[str], vocabulary: Set[str], fields: Sequence[str] | None) -> Heading:
    """The header; without one, the names the layout states. Raises DelimiterUnusable, HeaderNotFound, HeaderMoved,
    HeaderQuoteUnpaired.
    """
    heading = find_heading(lines, vocabulary)
    if fields is not None and (heading is None or not _is_header(heading, fields)):
        heading = headerless(lines, fields) or heading
    delimiter = stated_delimiter(lines)
    if heading is None and delimiter is not None and not usable(delimiter):
        raise DelimiterUnusable(path, delimiter)
    torn_header = (
        unpaired_name(lines, heading, vocabulary) if heading and heading.spans else torn_name(lines[0], vocabulary)
    )
    if torn_header is not None:
        raise HeaderQuoteUnpaired(path, heading.index + 1 if heading else 1, _show_header(torn_header, vocabulary))
    if heading is None:
        raise HeaderNotFound(path, _show_header(lines[0], vocabulary))
    above = (parse_one([line], heading.delimiter, heading.quote)[0] for line in lines[: heading.index])
    if table_above(above, vocabulary):
        raise HeaderMoved(path, heading.index + 1)
    return heading


def _show_header(line: str, vocabulary: Set[str]) -> str:
    return show_line(line, lambda cell: normal(cell) in vocabulary)


def _is_header(heading: Heading, fields: Sequence[str]) -> bool:
    """Whether half of the stated names are in it: a record may hold two words that are names in some other export."""
    names = {normal(name) for name in fields}
    return 2 * count_recognised((column.name for column in heading.columns), names) >= len(names)


def _first_lines(source: Source, decoder: Decoder) -> list[str]:
    """The lines among which the header is; the last of them may be cut. Raises FileEmpty, FileNotText."""
    with closing(source.pieces()) as pieces:
        lines = list(islice(streamed_lines(_first_texts(utf8(pieces, decoder))), _HEAD_LINES))
    if not any(line.strip() for line in lines):
        raise FileEmpty(source.path)
    if _is_binary("".join(lines)[:_BINARY_WITHIN]):
        raise FileNotText(source.path, "a binary file")
    return lines


def _is_binary(text: str) -> bool:
    """Whether the beginning of a file is no text: a NUL in its first line, or NULs and control characters everywhere.

    A NUL in a cell of a record costs that record.
    """
    first = (text.lstrip().splitlines() or [""])[0]
    return "\0" in first or ("\0" in text and _BINARY_SHARE * len(_CONTROL.findall(text)) > len(text))


def _first_texts(pieces: Iterator[bytes]) -> Iterator[str]:
    """The first text of a file, in steps small enough to stop early; blank lines at its very start do not count."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    for piece in pieces:
        for start in range(0, len(piece), 1 << 16):
            text = decoder.decode(piece[start : start + (1 << 16)])
            read += len(text)
            yield text
        if read > _HEAD_BYTES:
            return


def _blocks(source: Source, decoder: Decoder, skip: int) -> Iterator[bytes]:
    """The text after its first `skip` bytes of UTF-8."""
    remainder = skip
    with closing(source.pieces()) as pieces:
        for piece in utf8(pieces, decoder):
            block = piece[remainder:] if remainder else piece
            remainder = max(0, remainder - len(piece))
            if block:
                yield block
