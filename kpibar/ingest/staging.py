"""The text of an export -> the table `staged`, with the class of every physical line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kpibar.ingest import ledger
from kpibar.ingest.files import Blank, Export, Fault, Record, records
from kpibar.ingest.ledger import Lines
from kpibar.store import Store

BATCH = 50_000


@dataclass(frozen=True)
class Staged:
    """What the reader made of a file: records, faults beside them, and the class of every line."""

    records: int
    faults: int
    lines: Lines


def stage(store: Store, export: Export, file_id: int) -> Staged:
    """Put every record's text into `staged`, the spans of those of several lines into `spans`."""
    width = len(export.columns)
    listed = ", ".join(f"c{i} VARCHAR" for i in range(width))
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE staged (line BIGINT, {listed})")
    store.engine.run("CREATE OR REPLACE TEMP TABLE spans (line BIGINT, last_line BIGINT)")
    spanned = {Record: 0, Fault: 0, Blank: 0}
    read = 0
    batch: list[Record] = []
    long: list[tuple[int, int]] = []
    faults: list[tuple[int, int, str, str]] = []
    for item, last in _spans(records(export), len(export.lines)):
        spanned[type(item)] += last - item.line + 1
        if isinstance(item, Record):
            read += 1
            batch.append(item)
            if last > item.line:
                long.append((item.line, last))
            if len(batch) >= BATCH:
                _append(store, batch, width)
                batch = []
        elif isinstance(item, Fault):
            faults.append((item.line, last, item.code, item.reason))
    _append(store, batch, width)
    if long:
        store.engine.append("spans", dict(zip(("line", "last_line"), zip(*long, strict=True), strict=True)))
    ledger.write_faults(store, file_id, faults)
    return Staged(read, len(faults), _lines(export, spanned[Record], spanned[Fault], spanned[Blank]))


def _spans(items: Iterable[Record | Fault | Blank], last: int) -> Iterator[tuple[Record | Fault | Blank, int]]:
    """Each item with its last physical line: the one before the next item's first."""
    before = None
    for item in items:
        if before is not None:
            yield before, item.line - 1
        before = item
    if before is not None:
        yield before, last


def _lines(export: Export, read: int, rejected: int, blank: int) -> Lines:
    preamble = export.header_line - 1
    return Lines(len(export.lines), preamble, export.records_from - preamble, blank, 0, read, rejected)


def _append(store: Store, batch: list[Record], width: int) -> None:
    if not batch:
        return
    cells = zip(*(record.cells for record in batch), strict=True)
    staged: dict[str, list[int] | tuple[str, ...]] = {"line": [record.line for record in batch]}
    staged |= dict(zip((f"c{i}" for i in range(width)), cells, strict=True))
    store.engine.append("staged", staged)
