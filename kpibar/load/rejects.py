"""The rejects of a file: every record and line that was not loaded, with its place and the reason."""

from collections.abc import Sequence

from kpibar.database.store import Store
from kpibar.load.outcome import Reject
from kpibar.load.typed import PLACE
from kpibar.privacy.disclosure import LONGEST, blank
from kpibar.read.reader import Batch
from kpibar.read.records import HEADER_REPEATED, OF_A_REPORT


def write_rejects(store: Store, file_id: int, batch: Batch, has_groups: bool) -> int:
    """Write the records of `typed` that cannot be loaded, with line and reason; return how many they are.

    `batch` knows the physical lines of each; the place of a record in it is its row, or its `line` when `has_groups`.
    """
    place = "line" if has_groups else PLACE
    rows = store.engine.rows(
        f"SELECT {place}, bad.name, left(bad.value, {LONGEST}), CASE WHEN bad IS NULL THEN 'key' ELSE 'value' END, "
        "coalesce(bad.reason, key_fault) FROM typed WHERE NOT dropped AND (bad IS NOT NULL OR key_fault IS NOT NULL)"
    )
    reject_rows = [(at, name, value and blank(value), code, reason) for at, name, value, code, reason in rows]
    _write_placed(store, file_id, batch, reject_rows)
    return len(rows)


def no_records(store: Store, file_id: int) -> int:
    """How many lines among a file's rejects repeat the header, or sum up other lines."""
    sql = "SELECT count(*) FROM rejects WHERE file_id = ? AND reason IN (?, ?)"
    return int(store.engine.rows(sql, [file_id, HEADER_REPEATED, OF_A_REPORT])[0][0])


def write_key_faults(store: Store, file_id: int, batch: Batch, fields: str) -> None:
    """Write the records a further table of the file cannot take (see Plan.meant)."""
    faults = store.engine.rows(f"SELECT place, fault FROM {fields} WHERE fault IS NOT NULL")
    _write_placed(store, file_id, batch, [(place, None, None, "key", reason) for place, reason in faults])


def _write_placed(store: Store, file_id: int, batch: Batch, rows: Sequence[Sequence[object]]) -> None:
    """Rejects of records known by their place in the batch: place, column, shape, code, reason."""
    if rows:
        places, names, shapes, codes, reasons = zip(*rows, strict=True)
        place_list = list(places)
        lines, last_lines = batch.lines[place_list].tolist(), batch.last_lines[place_list].tolist()
        _append_rejects(store, file_id, lines, last_lines, names, shapes, codes, reasons)


def _append_rejects(store: Store, file_id: int, *columns: Sequence[object]) -> None:
    names = ("line", "last_line", "column_name", "shape", "code", "reason")
    ids = [file_id] * len(columns[0])
    store.engine.append("rejects", {"file_id": ids, **dict(zip(names, columns, strict=True))})


def write_faults(store: Store, file_id: int, faults: Sequence[tuple[int, int, str, str]]) -> None:
    """Write the physical lines that are no records: first line, last line, code, reason."""
    if not faults:
        return
    lines, last_lines, codes, reasons = zip(*faults, strict=True)
    nulls = [None] * len(faults)
    _append_rejects(store, file_id, lines, last_lines, nulls, nulls, codes, reasons)


def first_rejects(store: Store, name: str, file_id: int, limit: int = 3) -> tuple[Reject, ...]:
    """The first rejects of a file, of its entry `file_id` and those after it."""
    rows = store.engine.rows(
        "SELECT line, column_name, shape, code, reason FROM rejects WHERE file_id >= ? "
        f"ORDER BY file_id, line LIMIT {limit}",
        [file_id],
    )
    return tuple(Reject(name, *row) for row in rows)
