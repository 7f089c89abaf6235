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
from kpibar.values.notation import Reading

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
    stated: Statement = field(default_factory=Statement)
    as_of: datetime | None = None


def corrections(store: Store, original: Path, config: Config) -> Corrections:
    """The rejected records of a file as they stand in it: same encoding, delimiter and line ends.

    What has rows instead of lines, such as a workbook, is written as CSV in UTF-8. A record that was folded from
    several lines comes with all of them. Raises OriginalUnknown and what `open_export` raises.
    """
    known = shelf(config.folder or Path.cwd(), config.settings.layouts)
    taken = _taken(store, original)
    layout = known.layouts.get(taken.layout)
    export = open_export(
        original, known.vocabulary(), taken.encoding or None, (layout.fields if layout else ()) or None
    )
    spans = store.engine.rows(
        # The entries of a file's further tables follow that of its first.
        "SELECT DISTINCT line, last_line FROM rejects WHERE file_id >= ? AND code <> 'header' "
        "AND file_id IN (SELECT file_id FROM files WHERE sha256 = ?) ORDER BY line",
        [taken.file_id, export.sha256],
    )
    rejected = [(int(first), int(last)) for first, last in spans]
    wanted = _with_groups(export, rejected, layout, taken)
    content = "".join(_ended(_text(export, wanted))).encode(export.encoding or "utf-8") if rejected else b""
    return Corrections(content, len(rejected), taken.layout, taken.brand, taken.stated, taken.as_of)


@dataclass(frozen=True)
class _Taken:
    """How the ledger says that a file was read last."""

    file_id: int
    layout: str
    brand: str | None
    encoding: str
    repaired: bool
    as_of: datetime | None
    stated: Statement


def _taken(store: Store, original: Path) -> _Taken:
    """The ledger's entry of these bytes, whatever other files have their name. Raises OriginalUnknown."""
    rows = store.engine.rows(
        "SELECT file_id, layout, brand, encoding, repaired > 0, as_of, stated_timezone, stated_date_order,"
        " stated_encoding, keep_text FROM files WHERE sha256 = ? AND lines > 0 ORDER BY file_id DESC LIMIT 1",
        [identity_of(original)],
    )
    if not rows:
        raise OriginalUnknown(original)
    file_id, layout, brand, encoding, repaired, as_of, *stated = rows[0]
    return _Taken(file_id, layout, brand, encoding, repaired, as_of, Statement(*stated))


def _text(export: Export, wanted: Iterable[Span]) -> Iterator[str]:
    """The header and the lines of the spans."""
    lines = {line for first, last in wanted for line in range(first, last + 1)}
    if export.kind == "text":
        yield export.heading
        text = codecs.iterdecode(export.blocks(), "utf-8")
        yield from (line for number, line in enumerate(streamed_lines(text), export.first_line) if number in lines)
    else:
        yield _written([column.header for column in export.columns])
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


def _with_groups(export: Export, rejected: list[Span], layout: Layout | None, taken: _Taken) -> list[Span]:
    """The spans and, where lines are folded, those of the other lines of the same records."""
    group = _group(layout, export)
    if group is None or layout is None:
        return rejected
    first = {span[0] for span in rejected}
    records = partial(_spans, export, layout, taken)
    named = {cells[group].strip() for span, cells in records() if span[0] in first} - {""}
    return sorted({*rejected, *(span for span, cells in records() if cells[group].strip() in named)})


def _spans(export: Export, layout: Layout, taken: _Taken) -> Iterator[tuple[Span, list[str]]]:
    """The lines and the cells of every record, those that were repaired among them."""
    reading = Reading("UTC", "UTC", {}, layout.formats, layout.decimal, layout.enum, "", layout.date_order)
    mend = partial(repairer, layout, export.columns, reading, export.dialect)
    reader = Reader(export.dialect, export.first_line, mend, repair=taken.repaired, path=export.path)
    for batch in reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows()):
        cells = decode(batch.text, export.dialect)
        yield from zip(zip(batch.lines.tolist(), batch.last_lines.tolist(), strict=True), cells, strict=True)
