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
class Reading:
    """A file to ingest again, and what was said of it."""

    sha256: str
    source: str
    name: str
    layout: str
    brand: str | None
    as_of: datetime | None
    stated: Statement


@dataclass
class Changes:
    """What the ledger's entries become: by number, the columns that change; the entries that go."""

    columns: dict[int, dict[str, object]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    lost: dict[tuple[str, str], int] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class FileRemoval:
    """What goes with a file: its rows per table, and how many of them other files had brought.

    `again` are the files to ingest again, in this order.
    """

    file: IngestedFile
    rows: tuple[tuple[str, int], ...]
    lost: int
    again: tuple[Reading, ...]
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


def find_file(store: Store, named: str) -> IngestedFile:
    """The file that a number of the ledger, a path or a name stands for. Raises FileUnclear."""
    files = ingested_files(store)
    path = Path(named)
    found = [one for one in files if named.isdecimal() and int(named) in one.numbers]
    if path.is_file():
        same = _identity(path)
        found = [one for one in files if one.sha256 == same]
    found = found or [one for one in files if not path.is_file() and _is_name(one.name, path)]
    if len(found) != 1:
        raise FileUnclear(named, [str(one) for one in found or files], several=bool(found))
    return found[0]


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
    own = {one["entity"] for one in entries if one["file_id"] in file.numbers}
    rows, changes = [], Changes(gone=set(file.numbers))
    for entity in ENTITIES:
        condition = _gone(store, entity, ids, file, entries) if entity in own else "FALSE"
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE {ROWS}{entity} AS SELECT t.rowid AS row FROM {entity} AS t WHERE {condition}"
        )
        count = int(store.engine.rows(f"SELECT count(*) FROM {ROWS}{entity}")[0][0])
        rows += [(entity, count)] if entity in own else []
        if entity in own:
            _reconcile(store, entity, file, entries, changes)
    for one in entries:
        if one["sha256"] in changes.again and one["source"] == file.source:
            changes.columns.setdefault(one["file_id"], {})["reading"] = ""
    return FileRemoval(file, tuple(rows), sum(changes.lost.values()), _again(store, file, changes), changes)


def _entries(store: Store) -> list[dict[str, Any]]:
    names = ("file_id", "sha256", "source", "entity", "added", "updated", "unchanged", "superseded", "removed", "as_of")
    return [dict(zip(names, row, strict=True)) for row in store.engine.rows(
        f"SELECT {', '.join(names)} FROM files ORDER BY file_id"
    )]  # fmt: skip


def _gone(store: Store, entity: str, ids: str, file: IngestedFile, entries: Iterable[Mapping[str, Any]]) -> str:
    """SQL over a row `t`: it is of the file, or has something in it that only the file said."""
    condition = f"t.file_id IN ({ids})"
    if entity == "parcels":
        condition += f" OR t.promise_file_id IN ({ids})"
    of = "SELECT DISTINCT column_name FROM columns_held WHERE file_id IN ({}) AND entity = ?"
    filled = {name for (name,) in store.engine.rows(of.format(ids), [entity])}
    for one in _others(entity, file, entries):
        narrow = filled - {name for (name,) in store.engine.rows(of.format(one["file_id"]), [entity])}
        if one["file_id"] > file.numbers[0] and one["updated"] + one["unchanged"] and narrow:
            # Columns that this later file does not fill are as the file left them.
            condition += f" OR t.file_id = {one['file_id']}"
    return condition


def _others(entity: str, file: IngestedFile, entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The entries of other files of the same source and table."""
    return [
        one
        for one in entries
        if one["entity"] == entity and one["source"] == file.source and one["sha256"] not in ("", file.sha256)
    ]


def _reconcile(
    store: Store, entity: str, file: IngestedFile, entries: Sequence[Mapping[str, Any]], changes: Changes
) -> None:
    """Have the entries that stay add up to the rows that stay, and find the files that have what went with the file."""
    where = f"t.source = ? AND t.rowid NOT IN (SELECT row FROM {ROWS}{entity})"
    kept = int(store.engine.rows(f"SELECT count(*) FROM {entity} AS t WHERE {where}", [file.source])[0][0])
    same = [
        one
        for one in entries
        if one["entity"] == entity and one["source"] == file.source and one["file_id"] not in changes.gone
    ]
    missing = sum(one["added"] - one["removed"] for one in same) - kept
    if missing < 0:
        missing += _less_removed(same, -missing, changes)
    if missing < 0:
        _turn_into_added([one for one in same if one["file_id"] > file.numbers[0]], -missing, changes)
    lost = max(missing, 0)
    if lost:
        changes.lost[file.source, entity] = lost
    _mark(store, entity, file, _others(entity, file, entries), changes, lost=lost)


def _less_removed(same: Sequence[Mapping[str, Any]], count: int, changes: Changes) -> int:
    """Take from what was forgotten, purged or lost what the file had brought; how many records."""
    done = 0
    for one in reversed(same):
        if one["sha256"] == "" and done < count:
            taken = min(one["removed"], count - done)
            done += taken
            changes.columns.setdefault(one["file_id"], {})["removed"] = one["removed"] - taken
            if taken == one["removed"]:
                changes.gone.add(one["file_id"])
    return done


def _turn_into_added(later: Sequence[Mapping[str, Any]], count: int, changes: Changes) -> None:
    """Without the file, the later files would have added what they updated or found unchanged."""
    for one in later:
        for fate in ("updated", "unchanged"):
            taken = min(one[fate], count)
            if taken:
                changed = changes.columns.setdefault(one["file_id"], {})
                changed[fate] = one[fate] - taken
                changed["added"] = int(str(changed.get("added", one["added"]))) + taken
                count -= taken


def _mark(
    store: Store, entity: str, file: IngestedFile, others: Sequence[Mapping[str, Any]], changes: Changes, *, lost: int
) -> None:
    """Mark the files that may have a version of what went: they once had more records than now, or an older one."""
    count = f"SELECT t.file_id, count(*) FROM {entity} AS t WHERE {{}} GROUP BY 1"
    owned: dict[int, int] = dict(store.engine.rows(count.format("t.source = ?"), [file.source]))
    gone: dict[int, int] = dict(store.engine.rows(count.format(f"t.rowid IN (SELECT row FROM {ROWS}{entity})")))
    as_of = max((one["as_of"] for one in _entries_of(store, file) if one["as_of"]), default=None)
    for one in others:
        held = one["added"] + one["updated"] + one["unchanged"]
        fewer = owned.get(one["file_id"], 0) < held
        earlier = one["file_id"] < file.numbers[-1]
        older = one["superseded"] and (one["as_of"] is None or as_of is None or one["as_of"] < as_of)
        meets = one["updated"] + one["unchanged"] + one["superseded"]
        if (
            (lost and ((earlier and fewer) or (not earlier and meets)))
            or one["file_id"] in gone
            or (not earlier and older)
        ):
            changes.again.add(one["sha256"])


def _entries_of(store: Store, file: IngestedFile) -> list[dict[str, Any]]:
    return [one for one in _entries(store) if one["file_id"] in file.numbers]


def _again(store: Store, file: IngestedFile, changes: Changes) -> tuple[Reading, ...]:
    return tuple(one for one in readings(store) if one.source == file.source and one.sha256 in changes.again)


def readings(store: Store) -> tuple[Reading, ...]:
    """How every file was read last, in the order in which the files came first."""
    rows = store.engine.rows(
        "SELECT sha256, source, name, layout, brand, as_of, stated_timezone, stated_date_order, stated_encoding, "
        "keep_text FROM files WHERE lines > 0 ORDER BY file_id"
    )
    found: dict[tuple[str, str], Reading] = {}
    for sha256, source, name, layout, brand, as_of, *stated in rows:
        found[sha256, source] = Reading(sha256, source, name, layout, brand, as_of, Statement(*stated))
    return tuple(found.values())


def remove(store: Store, planned: FileRemoval, config: Config) -> None:
    """Write the database anew without a file; it must have been opened with `rewritten`.

    Raises RewriteImpossible, RewriteShort.
    """
    changes = planned.changes
    listed = ", ".join(map(str, changes.gone))
    store.engine.run(
        "CREATE OR REPLACE TEMP TABLE numbers AS SELECT file_id AS old, row_number() OVER (ORDER BY file_id)::INTEGER "
        f"AS new FROM files WHERE file_id NOT IN ({listed})"
    )
    numbers: dict[int, int] = dict(store.engine.rows("SELECT old, new FROM numbers"))
    renumbered = "SELECT t.* REPLACE (n.new AS file_id) FROM {} AS t JOIN numbers AS n ON n.old = t.file_id"
    kept = {table: renumbered.format(table) for table in ("files", *_BESIDE)}
    for entity in ENTITIES:
        kept[entity] = f"{_renumbered(entity)} WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity})"
    kept["mentions"] = (
        "SELECT m.* FROM mentions AS m ANTI JOIN (SELECT source, contact_id FROM contacts AS t WHERE t.rowid IN "
        f"(SELECT row FROM {ROWS}contacts)) AS gone ON gone.source = m.source AND gone.contact_id = m.contact_id"
    )
    brands = " UNION ".join(
        f"SELECT brand FROM {entity} AS t WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity})" for entity in ENTITIES
    )
    kept["brands"] = (
        f"SELECT * FROM brands WHERE name IN ({brands} UNION SELECT brand FROM files WHERE file_id NOT IN ({listed}))"
    )
    # What is deleted in the new file would be left in it: its name is written to it in no table.
    settings = f"settings of {planned.file.sha256} {planned.file.source}".replace("'", "''")
    zone = "" if numbers else " AND name <> 'timezone'"  # as in a new database, the next file tells the zone
    kept["meta"] = f"{META} AND name <> '{settings}'{zone}"
    kept["sources"] = "SELECT * FROM sources WHERE FALSE"
    rewrite(store, kept, config, lambda new: _finish(new, planned, numbers))


def _renumbered(entity: str) -> str:
    replaced = "n.new AS file_id"
    more = ""
    if entity == "parcels":
        replaced += ", p.new AS promise_file_id"
        more = " LEFT JOIN numbers AS p ON p.old = t.promise_file_id"
    return f"SELECT t.* REPLACE ({replaced}) FROM {entity} AS t JOIN numbers AS n ON n.old = t.file_id{more}"


def _finish(new: Store, planned: FileRemoval, numbers: Mapping[int, int]) -> None:
    """Bring the ledger of the new database up to date."""
    changes, file = planned.changes, planned.file
    for number, columns in changes.columns.items():
        if number in numbers:
            sets = ", ".join(f"{name} = ?" for name in columns)
            new.engine.run(f"UPDATE files SET {sets} WHERE file_id = ?", [*columns.values(), numbers[number]])
    rechain(new)
    refresh_sources(new)
    zone = new.meta("timezone") or "UTC"
    for (source, entity), count in changes.lost.items():
        entry = Entry(
            next_file_id(new), "", f"remove {file.name}", 0, ERASURES[-1], source, entity, None, "", "", "", None,
            Counts(removed=count),
        )  # fmt: skip
        write_entry(new, entry, zone)
