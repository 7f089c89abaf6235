"""Take a file out again: the database is as if it had never been ingested.

Where another file of its source brought the same records, only the newest version of each is held. What the file had
replaced goes with it; the files that have these records are named, and marked in the ledger: they are read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kpibar.config import Config
from kpibar.database.ledger import (
    ERASURES,
    Counts,
    Entry,
    Statement,
    next_file_id,
    rechain,
    refresh_sources,
    write_entry,
)
from kpibar.database.schema import ENTITIES
from kpibar.database.store import Store
from kpibar.errors import KpibarError
from kpibar.privacy.personal import unmarked_name
from kpibar.read.export import identity_of, ledger_name
from kpibar.removal.errors import FileUnclear
from kpibar.removal.people import ROWS
from kpibar.removal.rewrite import META, rewrite

# Tables with the number of the file that each row is of, beside the canonical ones.
_BESIDE = ("rejects", "columns_held", "unknown_values", "remarks")


@dataclass(frozen=True)
class IngestedFile:
    """A file of the ledger, with the numbers of its entries: each table it fills, each time it was read."""

    numbers: tuple[int, ...]
    sha256: str
    name: str
    source: str
    records: int
    ingested_at: datetime

    def __str__(self) -> str:
        return f"{self.numbers[-1]} = {self.name} ({self.source}, {self.records} records, {self.ingested_at:%Y-%m-%d})"


@dataclass(frozen=True)
class ReadFile:
    """A file to ingest again, and what was said of it."""

    sha256: str
    source: str
    name: str
    layout: str
    brand: str | None
    as_of: datetime | None
    statement: Statement


@dataclass
class Changes:
    """What the ledger's entries become: by number, the columns that change; the entries that go."""

    columns: dict[int, dict[str, object]] = field(default_factory=dict)
    deletions: set[int] = field(default_factory=set)
    losses: dict[tuple[str, str], int] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class FileRemoval:
    """What goes with a file: its rows per table, and how many of them other files had brought.

    `again` are the files to ingest again, in this order.
    """

    file: IngestedFile
    rows: tuple[tuple[str, int], ...]
    losses: int
    again: tuple[ReadFile, ...]
    changes: Changes

    @property
    def records(self) -> int:
        """All rows that go."""
        return sum(count for _, count in self.rows)


def ingested_files(store: Store) -> tuple[IngestedFile, ...]:
    """The files of the ledger, in the order of their first entries."""
    rows = store.engine.rows(
        "SELECT list(file_id ORDER BY file_id), sha256, arg_max(name, file_id), source, "
        "arg_max(records, file_id) FILTER (WHERE lines > 0), max(ingested_at) FROM files WHERE sha256 <> '' "
        "GROUP BY sha256, source ORDER BY min(file_id)"
    )
    return tuple(IngestedFile(tuple(ids), *row) for ids, *row in rows)


def find_file(store: Store, name: str) -> IngestedFile:
    """The file that a number of the ledger, a path or a name stands for. Raises FileUnclear."""
    files = ingested_files(store)
    path = Path(name)
    matches = [file for file in files if name.isdecimal() and int(name) in file.numbers]
    if path.is_file():
        identity = _identity(path)
        matches = [file for file in files if file.sha256 == identity]
    matches = matches or [file for file in files if not path.is_file() and _is_name(file.name, path)]
    if len(matches) != 1:
        raise FileUnclear(name, [str(file) for file in matches or files], ambiguous=bool(matches))
    return matches[0]


def _is_name(name: str, path: Path) -> bool:
    """Whether a file of the ledger has this name, as the ledger shows it or as it was."""
    return name == path.name or unmarked_name(name) == ledger_name(path)


def _identity(path: Path) -> str:
    try:
        return identity_of(path)
    except KpibarError:
        return ""


def plan_removal(store: Store, file: IngestedFile) -> FileRemoval:
    """What goes with a file, and what has to be ingested again. Fills `gone_<table>` (row)."""
    ids = ", ".join(map(str, file.numbers))
    entries = _entries(store)
    entities = {entry["entity"] for entry in entries if entry["file_id"] in file.numbers}
    rows, changes = [], Changes(deletions=set(file.numbers))
    for entity in ENTITIES:
        condition = _select_deletions(store, entity, ids, file, entries) if entity in entities else "FALSE"
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE {ROWS}{entity} AS SELECT t.rowid AS row FROM {entity} AS t WHERE {condition}"
        )
        count = int(store.engine.rows(f"SELECT count(*) FROM {ROWS}{entity}")[0][0])
        rows += [(entity, count)] if entity in entities else []
        if entity in entities:
            _reconcile(store, entity, file, entries, changes)
    for entry in entries:
        if entry["sha256"] in changes.again and entry["source"] == file.source:
            changes.columns.setdefault(entry["file_id"], {})["reading"] = ""
    return FileRemoval(file, tuple(rows), sum(changes.losses.values()), _again(store, file, changes), changes)


def _entries(store: Store) -> list[dict[str, Any]]:
    names = ("file_id", "sha256", "source", "entity", "added", "updated", "unchanged", "superseded", "removed", "as_of")
    return [dict(zip(names, row, strict=True)) for row in store.engine.rows(
        f"SELECT {', '.join(names)} FROM files ORDER BY file_id"
    )]  # fmt: skip


def _select_deletions(
    store: Store, entity: str, ids: str, file: IngestedFile, entries: Iterable[Mapping[str, Any]]
) -> str:
    """SQL over a row `t`: it is of the file, or has something in it that only the file said."""
    condition = f"t.file_id IN ({ids})"
    if entity == "parcels":
        condition += f" OR t.promise_file_id IN ({ids})"
    of = "SELECT DISTINCT column_name FROM columns_held WHERE file_id IN ({}) AND entity = ?"
    columns = {name for (name,) in store.engine.rows(of.format(ids), [entity])}
    for entry in _entries_of_others(entity, file, entries):
        narrow = columns - {name for (name,) in store.engine.rows(of.format(entry["file_id"]), [entity])}
        if entry["file_id"] > file.numbers[0] and entry["updated"] + entry["unchanged"] and narrow:
            # Columns that this later file does not fill are as the file left them.
            condition += f" OR t.file_id = {entry['file_id']}"
    return condition


def _entries_of_others(
    entity: str, file: IngestedFile, entries: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The entries of other files of the same source and table."""
    return [
        entry
        for entry in entries
        if entry["entity"] == entity and entry["source"] == file.source and entry["sha256"] not in ("", file.sha256)
    ]


def _reconcile(
    store: Store, entity: str, file: IngestedFile, entries: Sequence[Mapping[str, Any]], changes: Changes
) -> None:
    """Have the entries that stay add up to the rows that stay, and find the files that have what went with the file."""
    where = f"t.source = ? AND t.rowid NOT IN (SELECT row FROM {ROWS}{entity})"
    rows_left = int(store.engine.rows(f"SELECT count(*) FROM {entity} AS t WHERE {where}", [file.source])[0][0])
    source_entries = [
        entry
        for entry in entries
        if entry["entity"] == entity and entry["source"] == file.source and entry["file_id"] not in changes.deletions
    ]
    shortfall = sum(entry["added"] - entry["removed"] for entry in source_entries) - rows_left
    if shortfall < 0:
        shortfall += _less_removed(source_entries, -shortfall, changes)
    if shortfall < 0:
        _turn_into_added([entry for entry in source_entries if entry["file_id"] > file.numbers[0]], -shortfall, changes)
    losses = max(shortfall, 0)
    if losses:
        changes.losses[file.source, entity] = losses
    _mark(store, entity, file, _entries_of_others(entity, file, entries), changes, losses=losses)


def _less_removed(source_entries: Sequence[Mapping[str, Any]], count: int, changes: Changes) -> int:
    """Take from what was forgotten, purged or lost what the file had brought; how many records."""
    total = 0
    for entry in reversed(source_entries):
        if entry["sha256"] == "" and total < count:
            share = min(entry["removed"], count - total)
            total += share
            changes.columns.setdefault(entry["file_id"], {})["removed"] = entry["removed"] - share
            if share == entry["removed"]:
                changes.deletions.add(entry["file_id"])
    return total


def _turn_into_added(later: Sequence[Mapping[str, Any]], count: int, changes: Changes) -> None:
    """Without the file, the later files would have added what they updated or found unchanged."""
    for entry in later:
        for fate in ("updated", "unchanged"):
            share = min(entry[fate], count)
            if share:
                columns = changes.columns.setdefault(entry["file_id"], {})
                columns[fate] = entry[fate] - share
                columns["added"] = int(str(columns.get("added", entry["added"]))) + share
                count -= share


def _mark(
    store: Store,
    entity: str,
    file: IngestedFile,
    entries: Sequence[Mapping[str, Any]],
    changes: Changes,
    *,
    losses: int,
) -> None:
    """Mark the files that may have a version of what went: they once had more records than now, or an older one."""
    count = f"SELECT t.file_id, count(*) FROM {entity} AS t WHERE {{}} GROUP BY 1"
    rows_of_file: dict[int, int] = dict(store.engine.rows(count.format("t.source = ?"), [file.source]))
    deletions_of_file: dict[int, int] = dict(
        store.engine.rows(count.format(f"t.rowid IN (SELECT row FROM {ROWS}{entity})"))
    )
    as_of = max((entry["as_of"] for entry in _entries_of(store, file) if entry["as_of"]), default=None)
    for entry in entries:
        rows_of_entry = entry["added"] + entry["updated"] + entry["unchanged"]
        is_short = rows_of_file.get(entry["file_id"], 0) < rows_of_entry
        earlier = entry["file_id"] < file.numbers[-1]
        older = entry["superseded"] and (entry["as_of"] is None or as_of is None or entry["as_of"] < as_of)
        meets = entry["updated"] + entry["unchanged"] + entry["superseded"]
        if (
            (losses and ((earlier and is_short) or (not earlier and meets)))
            or entry["file_id"] in deletions_of_file
            or (not earlier and older)
        ):
            changes.again.add(entry["sha256"])


def _entries_of(store: Store, file: IngestedFile) -> list[dict[str, Any]]:
    return [entry for entry in _entries(store) if entry["file_id"] in file.numbers]


def _again(store: Store, file: IngestedFile, changes: Changes) -> tuple[ReadFile, ...]:
    return tuple(
        file_read
        for file_read in readings(store)
        if file_read.source == file.source and file_read.sha256 in changes.again
    )


def readings(store: Store) -> tuple[ReadFile, ...]:
    """How every file was read last, in the order in which the files came first."""
    rows = store.engine.rows(
        "SELECT sha256, source, name, layout, brand, as_of, stated_timezone, stated_date_order, stated_encoding, "
        "keep_text FROM files WHERE lines > 0 ORDER BY file_id"
    )
    by_content: dict[tuple[str, str], ReadFile] = {}
    for sha256, source, name, layout, brand, as_of, *statement in rows:
        by_content[sha256, source] = ReadFile(sha256, source, name, layout, brand, as_of, Statement(*statement))
    return tuple(by_content.values())


def remove(store: Store, removal: FileRemoval, config: Config) -> None:
    """Write the database anew without a file; it must have been opened with `rewritten`.

    Raises RewriteImpossible, RewriteShort.
    """
    changes = removal.changes
    numbers_text = ", ".join(map(str, changes.deletions))
    store.engine.run(
        "CREATE OR REPLACE TEMP TABLE numbers AS SELECT file_id AS old, row_number() OVER (ORDER BY file_id)::INTEGER "
        f"AS new FROM files WHERE file_id NOT IN ({numbers_text})"
    )
    numbers: dict[int, int] = dict(store.engine.rows("SELECT old, new FROM numbers"))
    renumber = "SELECT t.* REPLACE (n.new AS file_id) FROM {} AS t JOIN numbers AS n ON n.old = t.file_id"
    selects = {table: renumber.format(table) for table in ("files", *_BESIDE)}
    for entity in ENTITIES:
        selects[entity] = f"{_renumber(entity)} WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity})"
    selects["mentions"] = (
        "SELECT m.* FROM mentions AS m ANTI JOIN (SELECT source, contact_id FROM contacts AS t WHERE t.rowid IN "
        f"(SELECT row FROM {ROWS}contacts)) AS gone ON gone.source = m.source AND gone.contact_id = m.contact_id"
    )
    brands = " UNION ".join(
        f"SELECT brand FROM {entity} AS t WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity})" for entity in ENTITIES
    )
    selects["brands"] = (
        f"SELECT * FROM brands WHERE name IN ({brands} "
        f"UNION SELECT brand FROM files WHERE file_id NOT IN ({numbers_text}))"
    )
    # What is deleted in the new file would be left in it: its name is written to it in no table.
    settings = f"settings of {removal.file.sha256} {removal.file.source}".replace("'", "''")
    zone = "" if numbers else " AND name <> 'timezone'"  # as in a new database, the next file tells the zone
    selects["meta"] = f"{META} AND name <> '{settings}'{zone}"
    selects["sources"] = "SELECT * FROM sources WHERE FALSE"
    rewrite(store, selects, config, lambda new: _finish(new, removal, numbers))


def _renumber(entity: str) -> str:
    replacement = "n.new AS file_id"
    condition = ""
    if entity == "parcels":
        replacement += ", p.new AS promise_file_id"
        condition = " LEFT JOIN numbers AS p ON p.old = t.promise_file_id"
    return f"SELECT t.* REPLACE ({replacement}) FROM {entity} AS t JOIN numbers AS n ON n.old = t.file_id{condition}"


def _finish(new: Store, removal: FileRemoval, numbers: Mapping[int, int]) -> None:
    """Bring the ledger of the new database up to date."""
    changes, file = removal.changes, removal.file
    for number, columns in changes.columns.items():
        if number in numbers:
            sets = ", ".join(f"{name} = ?" for name in columns)
            new.engine.run(f"UPDATE files SET {sets} WHERE file_id = ?", [*columns.values(), numbers[number]])
    rechain(new)
    refresh_sources(new)
    zone = new.meta("timezone") or "UTC"
    for (source, entity), count in changes.losses.items():
        entry = Entry(
            next_file_id(new), "", f"remove {file.name}", 0, ERASURES[-1], source, entity, None, "", "", "", None,
            Counts(removed=count),
        )  # fmt: skip
        write_entry(new, entry, zone)
