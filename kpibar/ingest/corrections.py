"""The rejected records of an export as an export of their own, to be corrected and ingested again.

Their text is in no database: it is taken from the original, which must be the very file that was ingested.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kpibar.config import Config
from kpibar.errors import OriginalUnknown
from kpibar.ingest.batches import Reader
from kpibar.ingest.dialect import physical_lines
from kpibar.ingest.files import Export, ledger_name, open_export
from kpibar.ingest.header import normal
from kpibar.ingest.layouts import Layout, Shelf, shelf
from kpibar.ingest.records import decoded
from kpibar.store import Store

Span = tuple[int, int]


@dataclass(frozen=True)
class Corrections:
    """The rejected records as bytes, header first, and what to say when they are ingested again.

    `content` is empty when nothing was rejected.
    """

    content: bytes
    records: int
    layout: str
    brand: str | None
    as_of: datetime | None


def corrections(store: Store, original: Path, config: Config) -> Corrections:
    """The rejected records of a file as they stand in it: same encoding, delimiter and line ends.

    What has rows instead of lines, such as a workbook, is written as CSV in UTF-8. A record that was folded from
    several lines comes with all of them. Raises OriginalUnknown and what `open_export` raises.
    """
    known = shelf(config.folder or Path.cwd(), config.settings.layouts)
    export = _opened(store, original, known)
    rows = store.engine.rows(
        "SELECT file_id, layout, brand, as_of FROM files WHERE sha256 = ? AND lines > 0 ORDER BY file_id DESC LIMIT 1",
        [export.sha256],
    )
    if not rows:
        raise OriginalUnknown(original)
    file_id, layout, brand, as_of = rows[0]
    spans = store.engine.rows(
        "SELECT DISTINCT line, last_line FROM rejects WHERE file_id = ? AND code <> 'header' ORDER BY line", [file_id]
    )
    rejected = [(int(first), int(last)) for first, last in spans]
    wanted = _with_groups(export, rejected, _group(known.layouts.get(layout), export))
    content = "".join(_ended(_text(export, wanted))).encode(export.encoding or "utf-8") if rejected else b""
    return Corrections(content, len(rejected), layout, brand, as_of)


def _opened(store: Store, original: Path, known: Shelf) -> Export:
    """The original, read as a file of its name was when it was ingested."""
    rows = store.engine.rows(
        "SELECT layout, encoding FROM files WHERE name = ? ORDER BY file_id DESC LIMIT 1", [ledger_name(original)]
    )
    layout, encoding = rows[0] if rows else (None, None)
    fields = known.layouts[layout].fields if layout in known.layouts else ()
    return open_export(original, known.vocabulary(), encoding or None, fields or None)


def _text(export: Export, wanted: Iterable[Span]) -> Iterator[str]:
    """The header and the lines of the spans."""
    lines = {line for first, last in wanted for line in range(first, last + 1)}
    if export.kind == "text":
        yield export.heading
        text = codecs.iterdecode(export.blocks(), "utf-8")
        yield from (line for number, line in enumerate(physical_lines(text), export.first_line) if number in lines)
    else:
        yield _written([column.written for column in export.columns])
        yield from (_written(cells) for number, cells in export.rows() if number in lines)


def _written(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _ended(lines: Iterable[str]) -> Iterator[str]:
    """The last line of a file may lack its end, which it needs in the middle of another."""
    for line in filter(None, lines):
        yield line if line.endswith(("\n", "\r")) else line + "\n"


def _group(layout: Layout | None, export: Export) -> int | None:
    """The position of the column by which the layout folds lines into one record."""
    names = [column.normal for column in export.columns]
    return names.index(normal(layout.group)) if layout and layout.group and normal(layout.group) in names else None


def _with_groups(export: Export, rejected: list[Span], group: int | None) -> list[Span]:
    """The spans and, where lines are folded, those of the other lines of the same records."""
    if group is None:
        return rejected
    first = {span[0] for span in rejected}
    named = {cells[group].strip() for span, cells in _spans(export) if span[0] in first} - {""}
    return sorted({*rejected, *(span for span, cells in _spans(export) if cells[group].strip() in named)})


def _spans(export: Export) -> Iterator[tuple[Span, list[str]]]:
    """The lines and the cells of every record."""
    reader = Reader(export.dialect, export.first_line)
    for batch in reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows()):
        cells = decoded(batch.text, export.dialect)
        yield from zip(zip(batch.lines.tolist(), batch.last_lines.tolist(), strict=True), cells, strict=True)
