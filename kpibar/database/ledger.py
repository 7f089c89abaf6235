"""The ledger: what each file brought, line by line accounted for, and up to when each source speaks."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from kpibar.database.errors import LedgerBroken
from kpibar.database.store import Store


@dataclass(frozen=True)
class Lines:
    """The physical lines of a file by class; `total` is the sum of the others.

    `records` are the lines of everything that was read as a record, whatever became of it; `rejected` those that
    are no record. A file's further tables have none: its lines are accounted for once, by its first table.
    """

    total: int = 0
    preamble: int = 0
    header: int = 0
    blank: int = 0
    footer: int = 0
    records: int = 0
    rejected: int = 0

    @property
    def fates_total(self) -> int:
        """The sum of every class; equals `total` or the transaction is rolled back."""
        return self.preamble + self.header + self.blank + self.footer + self.records + self.rejected


@dataclass(frozen=True)
class Counts:
    """What became of the records of a file; `records` is the sum of the fates.

    `dropped` are records the layout leaves aside. `repaired` tells how many of the records were read after a
    repair; each of them has one of the fates too. `removed` are none of the records read: an earlier reading of the
    file brought them, and they are no longer wanted.
    """

    records: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    folded: int = 0
    rejected: int = 0
    dropped: int = 0
    repaired: int = 0
    removed: int = 0

    @property
    def fates_total(self) -> int:
        """The sum of every fate; equals `records` or the transaction is rolled back."""
        return self.added + self.updated + self.unchanged + self.superseded + self.folded + self.rejected + self.dropped


@dataclass(frozen=True)
class Statement:
    """What must be said of a file's records to read them alike in another file; None where nothing need be said."""

    timezone: str | None = None
    date_order: str | None = None
    encoding: str | None = None
    keep_text: bool = False
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Entry:
    """A ledger entry: a table filled from a file of `size` bytes."""

    file_id: int
    sha256: str
    name: str
    size: int
    layout: str
    source: str
    entity: str
    brand: str | None
    encoding: str
    delimiter: str
    reading_id: str
    as_of: datetime | None
    counts: Counts
    lines: Lines = field(default_factory=Lines)
    statement: Statement = field(default_factory=Statement)


# What the chain of an entry is computed over, in this order. The instant an export speaks up to is not in it: a
# later --as-of moves it.
CHAIN_COLUMNS = (
    "file_id", "sha256", "name", "size", "layout", "source", "entity", "brand", "encoding", "delimiter", "reading",
    "ingested_at", "records", "added", "updated", "unchanged", "superseded", "folded", "rejected", "dropped",
    "repaired", "removed", "lines", "preamble", "header", "blank", "footer", "record_lines", "rejected_lines",
    "stated_timezone", "stated_date_order", "stated_encoding", "keep_text",
    "stated_from", "stated_until",
)  # fmt: skip


# The layouts of entries that are of no file: what was taken out of a source, and why.
ERASURES = ("forget", "purge", "remove")
# SQL: an entry of `files` holds for its bytes; an earlier reading of the same bytes no longer says anything.
LAST_READING = (
    "NOT EXISTS (SELECT 1 FROM files AS later WHERE later.sha256 = files.sha256 AND later.source = files.source "
    "AND later.entity = files.entity AND later.file_id > files.file_id)"
)
# Since a file was read, another one of its source gave up records that it had brought last.
REMOVED_SINCE = (
    "EXISTS (SELECT 1 FROM files AS other WHERE other.source = files.source AND other.sha256 <> files.sha256 "
    "AND other.sha256 <> '' AND other.removed > 0 AND other.file_id > files.file_id)"
)


# The name under which `meta` has the first day that a purge left.
PURGED_BEFORE = "purged_before"


def purged_before(store: Store) -> date | None:
    """The day before which all records were purged; None where nothing was."""
    day = store.meta(PURGED_BEFORE)
    return date.fromisoformat(day) if day else None


def next_link(previous: str, values: Sequence[object]) -> str:
    """The chain of an entry: SHA-256 (hexadecimal) over the chain before it and its values in the order of CHAINED."""
    text = json.dumps([previous, *values], ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def next_file_id(store: Store) -> int:
    """The id the next ledger entry gets."""
    return int(store.engine.rows("SELECT coalesce(max(file_id), 0) + 1 FROM files")[0][0])


def last_chain(store: Store) -> str:
    """The chain of the newest entry, "" of an empty ledger."""
    rows = store.engine.rows("SELECT chain FROM files ORDER BY file_id DESC LIMIT 1")
    return str(rows[0][0]) if rows else ""


def write_entry(store: Store, entry: Entry, brand_zone: str) -> None:
    """Write an entry, provided its counts and lines add up, and bring up to date what its source speaks of.

    Raises LedgerBroken.
    """
    _prove(entry)
    values = _values(entry)
    columns = ", ".join((*CHAIN_COLUMNS, "chain", "as_of", "as_of_on"))
    marks = ", ".join("?" * (len(CHAIN_COLUMNS) + 3))
    store.engine.run(
        f"INSERT INTO files ({columns}) VALUES ({marks})",
        [*values, next_link(last_chain(store), values), entry.as_of, local_day(entry.as_of, brand_zone)],
    )
    _refresh_source(store, entry.source, entry.entity)


def _prove(entry: Entry) -> None:
    """Raises LedgerBroken."""
    counts, lines = entry.counts, entry.lines
    if counts.fates_total != counts.records:
        raise LedgerBroken(entry.name, "records", counts.records, counts.fates_total)
    if lines.fates_total != lines.total:
        raise LedgerBroken(entry.name, "lines", lines.total, lines.fates_total)


def before_file(store: Store, entities: Iterable[str]) -> tuple[int, dict[str, int]]:
    """The id the next ledger entry gets, and how many records some canonical tables hold."""
    names = tuple(entities)
    counts = "".join(f", (SELECT count(*) FROM {name})" for name in names)
    file_id, *rows = store.engine.rows(f"SELECT coalesce(max(file_id), 0) + 1{counts} FROM files")[0]
    return int(file_id), dict(zip(names, map(int, rows), strict=True))


def count_rows(store: Store, entity: str) -> int:
    """How many records a canonical table holds, of whatever source."""
    return int(store.engine.rows(f"SELECT count(*) FROM {entity}")[0][0])


def prove_tables(store: Store, entry: Entry, before: int) -> None:
    """What an entry claims must be found in the tables; `before` is what `rows_held` said before the file.

    Raises LedgerBroken.
    """
    rows, rejects = store.engine.rows(
        f"SELECT (SELECT count(*) FROM {entry.entity}), (SELECT count(*) FROM rejects WHERE file_id = ?)",
        [entry.file_id],
    )[0]
    growth = rows - before
    growth_of_counts = entry.counts.added - entry.counts.removed
    if growth != growth_of_counts:
        raise LedgerBroken(entry.name, f"new records of {entry.entity}", growth_of_counts, growth)
    if rejects != entry.counts.rejected:
        raise LedgerBroken(entry.name, "rejects", entry.counts.rejected, rejects)


def _values(entry: Entry) -> list[object]:
    """The values of an entry in the order of CHAIN_COLUMNS."""
    counts, lines, statement = entry.counts, entry.lines, entry.statement
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return [
        entry.file_id, entry.sha256, entry.name, entry.size, entry.layout, entry.source, entry.entity, entry.brand,
        entry.encoding, entry.delimiter, entry.reading_id, now,
        counts.records, counts.added, counts.updated, counts.unchanged, counts.superseded, counts.folded,
        counts.rejected, counts.dropped, counts.repaired, counts.removed,
        lines.total, lines.preamble, lines.header, lines.blank, lines.footer, lines.records, lines.rejected,
        statement.timezone, statement.date_order, statement.encoding, statement.keep_text,
        statement.first, statement.last,
    ]  # fmt: skip


def local_day(instant: datetime | None, zone: str) -> date | None:
    """The day of an instant (UTC, without a zone) in a zone of the IANA; None of no instant.

    >>> local_day(datetime(2025, 12, 31, 23, 30), "Europe/Paris")
    datetime.date(2026, 1, 1)
    """
    return instant and instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _refresh_source(store: Store, source: str, entity: str) -> None:
    store.engine.run(
        "DELETE FROM sources WHERE source = $source AND entity = $entity; "
        "INSERT INTO sources SELECT source, entity, max(as_of), max(as_of_on) FROM files "
        f"WHERE source = $source AND entity = $entity AND {LAST_READING} GROUP BY source, entity",
        {"source": source, "entity": entity},
    )


def rechain(store: Store) -> None:
    """Seal every entry with the one before, after entries were taken out or changed."""
    previous = ""
    for values in store.engine.rows(f"SELECT {', '.join(CHAIN_COLUMNS)} FROM files ORDER BY file_id"):
        previous = next_link(previous, values)
        store.engine.run("UPDATE files SET chain = ? WHERE file_id = ?", [previous, values[0]])


def refresh_sources(store: Store) -> None:
    """Bring up to date what every source speaks of."""
    store.engine.run("DELETE FROM sources")
    for source, entity in store.engine.rows("SELECT DISTINCT source, entity FROM files ORDER BY ALL"):
        _refresh_source(store, source, entity)


def extend(store: Store, sha256: str, source: str, as_of: datetime) -> None:
    """Note that a file known already still speaks at a later instant; a table of it may speak of a later one still."""
    zone = store.meta("timezone") or "UTC"
    store.engine.run(
        "UPDATE files SET as_of = ?, as_of_on = ? WHERE sha256 = ? AND source = ? AND (as_of IS NULL OR as_of < ?)",
        [as_of, local_day(as_of, zone), sha256, source, as_of],
    )
    tables = store.engine.rows("SELECT DISTINCT entity FROM files WHERE sha256 = ? AND source = ?", [sha256, source])
    for (entity,) in tables:
        _refresh_source(store, source, entity)


def write_columns(store: Store, file_id: int, source: str, entity: str, columns: tuple[str, ...]) -> None:
    """Remember which canonical columns the file could fill."""
    store.engine.run("INSERT INTO columns_held SELECT ?, ?, ?, unnest(?)", [file_id, source, entity, list(columns)])


def columns_of_file(store: Store, file_id: int) -> tuple[str, ...]:
    """The canonical columns a file could fill."""
    rows = store.engine.rows("SELECT column_name FROM columns_held WHERE file_id = ? ORDER BY ALL", [file_id])
    return tuple(row[0] for row in rows)


def other_sources(store: Store, layout: str, brand: str | None) -> tuple[str, ...]:
    """The sources of a layout's files that have a brand where this one has none, or have none where it has one."""
    rows = store.engine.rows(
        "SELECT DISTINCT source FROM files WHERE layout = ? AND (brand IS NULL) <> (? IS NULL) ORDER BY source",
        [layout, brand],
    )
    return tuple(source for (source,) in rows)


def file_names(store: Store, source: str, entity: str) -> tuple[str, ...]:
    """The names of the files of a source that filled a table, the newest first."""
    rows = store.engine.rows(
        "SELECT name FROM files WHERE source = ? AND entity = ? AND sha256 <> '' GROUP BY name "
        "ORDER BY max(file_id) DESC",
        [source, entity],
    )
    return tuple(str(name) for (name,) in rows)
