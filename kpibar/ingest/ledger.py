"""The ledger: what each file brought, line by line accounted for, and up to when each source speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime

from kpibar.ingest.expressions import local_time
from kpibar.store import Store


@dataclass(frozen=True)
class Counts:
    """What became of the records of a file; `records` is the sum of the others."""

    records: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    folded: int = 0
    rejected: int = 0
    dropped: int = 0

    @property
    def accounted(self) -> int:
        """The sum of every fate; equals `records` or the transaction is rolled back."""
        return self.added + self.updated + self.unchanged + self.superseded + self.folded + self.rejected + self.dropped


@dataclass(frozen=True)
class Entry:
    """A ledger entry: a table filled from a file."""

    file_id: int
    sha256: str
    name: str
    layout: str
    source: str
    entity: str
    brand: str | None
    encoding: str
    delimiter: str
    reading: str
    as_of: datetime | None
    counts: Counts


def next_file_id(store: Store) -> int:
    """The id the next ledger entry gets."""
    return int(store.engine.rows("SELECT coalesce(max(file_id), 0) + 1 FROM files")[0][0])


def write_entry(store: Store, entry: Entry, brand_zone: str) -> None:
    """Write an entry and bring up to date what its source speaks of."""
    counts = entry.counts
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    store.engine.run(
        f"INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {_day(brand_zone)}, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            entry.file_id, entry.sha256, entry.name, entry.layout, entry.source, entry.entity, entry.brand,
            entry.encoding, entry.delimiter, entry.reading, entry.as_of, entry.as_of, now,
            counts.records, counts.added, counts.updated, counts.unchanged, counts.superseded, counts.folded,
            counts.rejected, counts.dropped,
        ],
    )  # fmt: skip
    _refresh_source(store, entry.source, entry.entity)


def _day(zone: str) -> str:
    """SQL of the local day of a bound instant."""
    return f"CAST({local_time('CAST(? AS TIMESTAMP)', zone)} AS DATE)"


def _refresh_source(store: Store, source: str, entity: str) -> None:
    store.engine.run("DELETE FROM sources WHERE source = ? AND entity = ?", [source, entity])
    store.engine.run(
        "INSERT INTO sources SELECT source, entity, max(as_of), max(as_of_on) FROM files "
        "WHERE source = ? AND entity = ? GROUP BY source, entity",
        [source, entity],
    )


def extend(store: Store, sha256: str, source: str, as_of: datetime) -> None:
    """Note that a file known already still speaks at a later instant."""
    zone = store.meta("timezone") or "UTC"
    store.engine.run(
        f"UPDATE files SET as_of = ?, as_of_on = {_day(zone)} WHERE sha256 = ? AND source = ?",
        [as_of, as_of, sha256, source],
    )
    tables = store.engine.rows("SELECT DISTINCT entity FROM files WHERE sha256 = ? AND source = ?", [sha256, source])
    for (entity,) in tables:
        _refresh_source(store, source, entity)


def write_held(store: Store, file_id: int, source: str, entity: str, held: tuple[str, ...]) -> None:
    """Remember which canonical columns the file could fill."""
    for column in held:
        store.engine.run("INSERT INTO columns_held VALUES (?, ?, ?, ?)", [file_id, source, entity, column])


def columns_held(store: Store, file_id: int) -> tuple[str, ...]:
    """The canonical columns a file could fill."""
    rows = store.engine.rows("SELECT column_name FROM columns_held WHERE file_id = ? ORDER BY ALL", [file_id])
    return tuple(row[0] for row in rows)


def write_rejects(store: Store, file_id: int) -> int:
    """Write the records of `mapped` that cannot be loaded, with line and reason; return how many they are."""
    store.engine.run(
        "INSERT INTO rejects SELECT ?, line, bad.name, bad.shape, 'value', bad.reason FROM mapped "
        "WHERE bad IS NOT NULL",
        [file_id],
    )
    store.engine.run(
        "INSERT INTO rejects SELECT ?, line, NULL, NULL, 'key', key_fault "
        "FROM mapped WHERE bad IS NULL AND key_fault IS NOT NULL",
        [file_id],
    )
    return int(store.engine.rows("SELECT count(*) FROM mapped WHERE bad IS NOT NULL OR key_fault IS NOT NULL")[0][0])


def write_faults(store: Store, file_id: int, faults: list[tuple[int, str, str]]) -> None:
    """Write the physical lines that are no records: line, code, reason."""
    if not faults:
        return
    lines, codes, reasons = zip(*faults, strict=True)
    nothing = [None] * len(faults)
    same = [file_id] * len(faults)
    store.engine.append(
        "rejects",
        {"file_id": same, "line": lines, "column_name": nothing, "shape": nothing, "code": codes, "reason": reasons},
    )


def first_rejects(store: Store, name: str, file_id: int, most: int = 3) -> tuple[str, ...]:
    """The first rejects of a file in words."""
    rows = store.engine.rows(
        f"SELECT line, column_name, shape, reason FROM rejects WHERE file_id = ? ORDER BY line LIMIT {most}",
        [file_id],
    )
    return tuple(describe(name, *row) for row in rows)


def describe(name: str, line: int, column: str | None, shape: str | None, reason: str) -> str:
    """One reject in words: file, line, column, what was found and what is wrong with it."""
    if column is None:
        return f"{name}:{line}: {reason}"
    return f'{name}:{line}: column "{column}": "{shape}" {reason}'
