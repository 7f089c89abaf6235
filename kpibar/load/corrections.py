"""The rejected records of an export as an export of their own, to be corrected and ingested again.

Their text is in no database: it is taken from the original, which must be the very file that was ingested.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from kpibar.config import Config
from kpibar.database.ledger import Statement
from kpibar.database.store import Store
from kpibar.layouts.layout import Layout, shelf
from kpibar.load.errors import OriginalUnknown
from kpibar.load.repair import repairer
from kpibar.read.columns import normal
from kpibar.read.export import Export, identity_of, open_export
from kpibar.read.lines import streamed_lines
from kpibar.read.reader import Reader
from kpibar.read.records import decode
from kpibar.values.notation import Notation

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
    statement: Statement = field(default_factory=Statement)
    as_of: datetime | None = None


def corrections(store: Store, original: Path, config: Config) -> Corrections:
    """The rejected records of a file as they stand in it: same encoding, delimiter and line ends.

    What has rows instead of lines, such as a workbook, is written as CSV in UTF-8. A record that was folded from
    several lines comes with all of them. Raises OriginalUnknown and what `open_export` raises.
    """
    layouts = shelf(config.folder or Path.cwd(), config.settings.layouts)
    loaded_file = _loaded_file(store, original)
    layout = layouts.layouts.get(loaded_file.layout)
    export = open_export(
        original, layouts.vocabulary(), loaded_file.encoding or None, (layout.fields if layout else ()) or None
    )
    spans = store.engine.rows(
        # The entries of a file's further tables follow that of its first.
        "SELECT DISTINCT line, last_line FROM rejects WHERE file_id >= ? AND code <> 'header' "
        "AND file_id IN (SELECT file_id FROM files WHERE sha256 = ?) ORDER BY line",
        [loaded_file.file_id, export.sha256],
    )
    reject_spans = [(int(first), int(last)) for first, last in spans]
    spans_to_write = _with_groups(export, reject_spans, layout, loaded_file)
    content = (
        "".join(_with_line_ends(_text(export, spans_to_write))).encode(export.encoding or "utf-8")
        if reject_spans
        else b""
    )
    return Corrections(
        content, len(reject_spans), loaded_file.layout, loaded_file.brand, loaded_file.statement, loaded_file.as_of
    )


@dataclass(frozen=True)
class _LoadedFile:
    """How the ledger says that a file was read last."""

    file_id: int
    layout: str
    brand: str | None
    encoding: str
    has_repairs: bool
    as_of: datetime | None
    statement: Statement


def _loaded_file(store: Store, original: Path) -> _LoadedFile:
    """The ledger's entry of these bytes, whatever other files have their name. Raises OriginalUnknown."""
    rows = store.engine.rows(
        "SELECT file_id, layout, brand, encoding, repaired > 0, as_of, stated_timezone, stated_date_order,"
        " stated_encoding, keep_text FROM files WHERE sha256 = ? AND lines > 0 ORDER BY file_id DESC LIMIT 1",
        [identity_of(original)],
    )
    if not rows:
        raise OriginalUnknown(original)
    file_id, layout, brand, encoding, repairs, as_of, *statement = rows[0]
    return _LoadedFile(file_id, layout, brand, encoding, repairs, as_of, Statement(*statement))


def _text(export: Export, spans: Iterable[Span]) -> Iterator[str]:
    """The header and the lines of the spans."""
    lines = {line for first, last in spans for line in range(first, last + 1)}
    if export.kind == "text":
        yield export.heading
        text = codecs.iterdecode(export.blocks(), "utf-8")
        yield from (line for number, line in enumerate(streamed_lines(text), export.first_line) if number in lines)
    else:
        yield _csv_line([column.header for column in export.columns])
        yield from (_csv_line(cells) for number, cells in export.rows() if number in lines)


def _csv_line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _with_line_ends(lines: Iterable[str]) -> Iterator[str]:
    """The last line of a file may lack its end, which it needs in the middle of another."""
    for line in filter(None, lines):
        yield line if line.endswith(("\n", "\r")) else line + "\n"


def _group(layout: Layout | None, export: Export) -> int | None:
    """The position of the column by which the layout folds lines into one record."""
    names = [column.normal for column in export.columns]
    return names.index(normal(layout.group)) if layout and layout.group and normal(layout.group) in names else None


def _with_groups(
    export: Export, reject_spans: list[Span], layout: Layout | None, loaded_file: _LoadedFile
) -> list[Span]:
    """The spans and, where lines are folded, those of the other lines of the same records."""
    group = _group(layout, export)
    if group is None or layout is None:
        return reject_spans
    first = {span[0] for span in reject_spans}
    records = partial(_spans, export, layout, loaded_file)
    groups = {cells[group].strip() for span, cells in records() if span[0] in first} - {""}
    return sorted({*reject_spans, *(span for span, cells in records() if cells[group].strip() in groups)})


def _spans(export: Export, layout: Layout, loaded_file: _LoadedFile) -> Iterator[tuple[Span, list[str]]]:
    """The lines and the cells of every record, those that were repaired among them."""
    notation = Notation("UTC", "UTC", {}, layout.formats, layout.decimal, layout.enum, "", layout.date_order)
    mend = partial(repairer, layout, export.columns, notation, export.dialect)
    reader = Reader(export.dialect, export.first_line, mend, repair=loaded_file.has_repairs, path=export.path)
    for batch in reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows()):
        cells = decode(batch.text, export.dialect)
        yield from zip(zip(batch.lines.tolist(), batch.last_lines.tolist(), strict=True), cells, strict=True)
