"""The rejected records of an export as an export of their own, to be corrected and ingested again.

Their text is in no database: it is taken from the original, which must be the very file that was ingested.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kpibar.config import Config
from kpibar.errors import OriginalUnknown
from kpibar.ingest.files import Export, Record, open_export, records
from kpibar.ingest.header import normal
from kpibar.ingest.layouts import Shelf, shelf
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


def corrections(store: Store, original: Path, config: Config) -> Corrections:
    """The rejected records of a file as they stand in it: same encoding, delimiter and line ends.

    A record that was folded from several lines comes with all of them. Raises OriginalUnknown and what `open_export`
    raises.
    """
    known = shelf(config.folder or Path.cwd(), config.settings.layouts)
    export = open_export(original, known.vocabulary())
    rows = store.engine.rows(
        "SELECT file_id, layout, brand FROM files WHERE sha256 = ? AND lines > 0 ORDER BY file_id DESC LIMIT 1",
        [export.sha256],
    )
    if not rows:
        raise OriginalUnknown(original)
    file_id, layout, brand = rows[0]
    spans = store.engine.rows(
        "SELECT DISTINCT line, last_line FROM rejects WHERE file_id = ? AND code <> 'header' ORDER BY line", [file_id]
    )
    rejected = [(int(first), int(last)) for first, last in spans]
    wanted = _with_groups(export, rejected, _group(known, layout, export))
    lines = [
        line for first, last in (header_span(export), *wanted) for line in physical_lines(export)[first - 1 : last]
    ]
    content = "".join(_ended(lines)).encode(export.encoding) if rejected else b""
    return Corrections(content, len(rejected), layout, brand)


def physical_lines(export: Export) -> Sequence[str]:
    """Every physical line of an export, line ends included."""
    return export.lines


def header_span(export: Export) -> Span:
    """The first and the last physical line of the header."""
    return export.header_line, export.records_from


def _ended(lines: Iterable[str]) -> Iterator[str]:
    """The last line of a file may lack its end, which it needs in the middle of another."""
    for line in lines:
        yield line if line.endswith(("\n", "\r")) else line + "\n"


def _group(known: Shelf, layout: str, export: Export) -> int | None:
    """The position of the column by which the layout folds lines into one record."""
    name = known.layouts[layout].group if layout in known.layouts else None
    names = [column.normal for column in export.columns]
    return names.index(normal(name)) if name and normal(name) in names else None


def _with_groups(export: Export, rejected: list[Span], group: int | None) -> list[Span]:
    """The spans and, where lines are folded, those of the other lines of the same records."""
    if group is None:
        return rejected
    first = {span[0] for span in rejected}
    spans = list(_spans(export))
    named = {cells[group].strip() for span, cells in spans if span[0] in first} - {""}
    return sorted({*rejected, *(span for span, cells in spans if cells[group].strip() in named)})


def _spans(export: Export) -> Iterator[tuple[Span, list[str]]]:
    """The lines and the cells of every record."""
    before: Record | None = None
    for item in records(export):
        if before is not None:
            yield (before.line, item.line - 1), before.cells
        before = item if isinstance(item, Record) else None
    if before is not None:
        yield (before.line, len(physical_lines(export))), before.cells
