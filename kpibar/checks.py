"""Does the database still say what its ledger says? Every claim that can be proved again is proved again."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from kpibar.config import FileRule, Thresholds
from kpibar.database.engine import EngineError
from kpibar.database.errors import KeyUnusable
from kpibar.database.key import Key, key_fault, read_key
from kpibar.database.ledger import CHAIN_COLUMNS, LAST_READING, next_link
from kpibar.database.schema import ENTITIES, KEYS
from kpibar.database.seal import Seal, read_seals, seal_of
from kpibar.database.store import Store
from kpibar.load.forgotten import EMPTIED_TEXTS
from kpibar.model.build import is_current

_FATES = ("added", "updated", "unchanged", "superseded", "folded", "rejected", "dropped")
_LINES = ("preamble", "header", "blank", "footer", "record_lines", "rejected_lines")
# So many rows of a table are looked up by its key.
_LOOKED_UP = 50


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text of `checks.toml` by id, then by language."""
    content: dict[str, dict[str, str]] = tomllib.loads(files("kpibar").joinpath("checks.toml").read_text("utf-8"))
    return content


@dataclass(frozen=True)
class Message:
    """A text of `checks.toml` and the values of its placeholders; of several names any one is meant."""

    key: str
    values: Mapping[str, object]

    def text(self, lang: str) -> str:
        """The text in a language."""
        or_word = texts()["or"][lang]
        values = self.values.items()
        words = {name: or_word.join(value) if isinstance(value, tuple) else value for name, value in values}
        return texts()[self.key][lang].format(**words)

    def __str__(self) -> str:
        return self.text("en")


def message(key: str, /, **values: object) -> Message:
    """A message and its values."""
    return Message(key, values)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be: a stable code, what it concerns and what is wrong. A note is no fault."""

    code: str
    about: Message
    fault: Message
    note: bool = False

    @property
    def text(self) -> str:
        """What is wrong, in English."""
        return str(self.fault)


def check(
    store: Store, thresholds: Thresholds, rules: Sequence[FileRule] = (), key: Path | None = None
) -> tuple[Finding, ...]:
    """Everything found wrong with a database and its key file, and notes; empty when all is well.

    What cannot be read is all that is said where there is any: nothing else can be proved then.
    """
    if unreadable := tuple(_blocks(store)):
        return unreadable
    findings = [*_equations(store), *_chain(store), *_seal(store), *_beside(store), *_sources(store), *_mode(store)]
    findings += _texts(store)
    for entity in ENTITIES:
        findings += [*_rows(store, entity), *_identity(store, entity), *_pseudonyms(store, entity)]
    findings += [*_model(store, thresholds, rules), *(_key(store, key) if key else ())]
    return tuple(findings)


def _blocks(store: Store) -> Iterator[Finding]:
    """Every block of the file that holds a value of a table or an entry of an index is read.

    The engine compares a block with its checksum, but only when it reads it: a column nobody asks for may be damaged.
    """
    tables = store.engine.rows(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal "
        "AND database_name = current_database() AND table_oid IN (SELECT table_oid FROM duckdb_tables()) "
        "GROUP BY table_name, table_oid ORDER BY table_oid"
    )
    keys = {
        str(table): str(key)
        for table, key in store.engine.rows(
            "SELECT table_name, constraint_column_names[1] FROM duckdb_constraints() "
            "WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND len(constraint_column_names) = 1"
        )
    }
    for table, columns in tables:
        try:
            _read(store, table, columns)
            if table in keys:
                _look_up(store, table, keys[table])
        except EngineError as error:
            if error.fault in ("disk", "memory"):
                raise
            fault = message("unreadable", fault=str(error).rstrip("."))
            yield Finding("damage", message("table", table=table), fault)


def _read(store: Store, table: str, columns: Sequence[str]) -> None:
    """Read every value of a table. Raises EngineError."""
    values = ", ".join(f"bit_xor(hash({_quote(column)}))" for column in columns)
    store.engine.rows(f"SELECT {values} FROM {_quote(table)}")


def _look_up(store: Store, table: str, key: str) -> None:
    """Look up rows all over a table by its key, for which its index is read. Raises EngineError."""
    name, column = _quote(table), _quote(key)
    values = f"SELECT {column} AS value, row_number() OVER (ORDER BY {column}) - 1 AS place FROM {name}"
    step = f"(SELECT count(*) // {_LOOKED_UP} + 1 FROM {name})"
    for (value,) in store.engine.rows(f"SELECT value FROM ({values}) WHERE place % {step} = 0"):
        store.engine.rows(f"SELECT count(*) FROM {name} WHERE {column} = ?", [value])


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _equations(store: Store) -> Iterator[Finding]:
    """Records = the sum of their fates, lines = the sum of their classes, rejects listed = rejects counted."""
    rows = store.engine.rows(
        f"SELECT f.file_id, f.name, records, {' + '.join(_FATES)}, lines, {' + '.join(_LINES)}, repaired, rejected, "
        f"least({', '.join((*_FATES, *_LINES, 'repaired', 'removed'))}) < 0, "
        "(SELECT count(*) FROM rejects r WHERE r.file_id = f.file_id) FROM files f ORDER BY f.file_id"
    )
    for file_id, name, records, fates, lines, classes, repairs, rejects, negative, reject_rows in rows:
        about = message("file", file_id=file_id, name=name)
        if records != fates:
            yield Finding("records", about, message("records", records=records, fates=fates))
        if lines != classes:
            yield Finding("lines", about, message("lines", lines=lines, classes=classes))
        if reject_rows != rejects:
            yield Finding("rejects", about, message("rejects", rejected=rejects, listed=reject_rows))
        if negative or repairs > records:
            yield Finding("counts", about, message("counts"))


def _chain(store: Store) -> Iterator[Finding]:
    """Every entry is sealed with the chain of the one before: the first that does not fit is where the ledger broke."""
    previous, number_due = "", 1
    rows = store.engine.rows(f"SELECT chain, {', '.join(CHAIN_COLUMNS)} FROM files ORDER BY file_id")
    for chain, *values in rows:
        about = message("file", file_id=values[0], name=values[2])
        if values[0] != number_due:
            yield Finding("chain", about, message("gap", file_id=number_due))
            return
        if chain != next_link(previous, values):
            yield Finding("chain", about, message("altered"))
            return
        previous, number_due = chain, number_due + 1


def _seal(store: Store) -> Iterator[Finding]:
    """What was acknowledged last, noted beside the database, must be in it.

    While a database is replaced by one that was written anew, the note is of both: one of them is right.
    """
    seals = [copy for copy in read_seals(store.path) if copy.database == seal_of(store).database]
    findings = [tuple(_compare_seal(store, copy)) for copy in seals]
    yield from min(findings, key=lambda group: (any(not finding.note for finding in group), len(group)), default=())


def _compare_seal(store: Store, copy: Seal) -> Iterator[Finding]:
    seal = seal_of(store)
    if copy.file_id > seal.file_id:
        yield Finding("lost", message("ledger_end"), message("lost", entries=copy.file_id - seal.file_id))
        return
    rows = store.engine.rows("SELECT chain FROM files WHERE file_id = ?", [copy.file_id])
    if copy.file_id and (not rows or rows[0][0] != copy.chain):
        yield Finding("replaced", message("entry", file_id=copy.file_id), message("replaced"))
    elif copy.file_id < seal.file_id:
        yield Finding("behind", message("note_beside"), message("behind"), note=True)


def _beside(store: Store) -> Iterator[Finding]:
    """What is kept of a file besides its records belongs to an entry of the ledger."""
    for table in ("rejects", "columns_held", "unknown_values", "remarks"):
        strays = _count(store, f"SELECT count(*) FROM {table} WHERE file_id NOT IN (SELECT file_id FROM files)")
        if strays:
            yield Finding("stray", message("name", name=table), message("stray_rows", rows=strays))
    strays = _count(
        store,
        "SELECT count(*) FROM mentions m WHERE NOT EXISTS "
        "(SELECT 1 FROM contacts c WHERE c.source = m.source AND c.contact_id = m.contact_id)",
    )
    if strays:
        yield Finding("stray", message("name", name="mentions"), message("stray_mentions", rows=strays))


def _sources(store: Store) -> Iterator[Finding]:
    """A source speaks up to the latest instant any of its files does, each as it was read last."""
    rows = store.engine.rows(
        "SELECT coalesce(s.source, f.source), coalesce(s.entity, f.entity) FROM sources s FULL JOIN "
        f"(SELECT source, entity, max(as_of) AS as_of FROM files WHERE {LAST_READING} GROUP BY source, entity) f "
        "ON s.source = f.source AND s.entity = f.entity "
        "WHERE s.source IS NULL OR f.source IS NULL OR s.as_of IS DISTINCT FROM f.as_of ORDER BY 1, 2"
    )
    for source, entity in rows:
        yield Finding("as_of", message("source", source=source, table=entity), message("as_of"))


def _rows(store: Store, entity: str) -> Iterator[Finding]:
    """A source has as many records as its files added and did not take out, and each came from one of its files."""
    rows = store.engine.rows(
        f"SELECT coalesce(t.source, f.source), coalesce(n, 0), coalesce(added, 0) "
        f"FROM (SELECT source, count(*) AS n FROM {entity} GROUP BY source) t FULL JOIN "
        "(SELECT source, sum(added - removed) AS added FROM files WHERE entity = ? GROUP BY source) f "
        "ON t.source = f.source WHERE coalesce(n, 0) <> coalesce(added, 0) ORDER BY 1",
        [entity],
    )
    for source, rows_now, additions in rows:
        about = message("rows_of", table=entity, source=source)
        yield Finding("rows", about, message("sum", additions=additions, rows=rows_now))
    strays = _count(
        store,
        f"SELECT count(*) FROM {entity} t WHERE NOT EXISTS (SELECT 1 FROM files f "
        f"WHERE f.file_id = t.file_id AND f.source = t.source AND f.entity = '{entity}')",
    )
    if strays:
        yield Finding("stray", message("name", name=entity), message("stray_records", rows=strays))


def _identity(store: Store, entity: str) -> Iterator[Finding]:
    """No record is there twice, none lacks what identifies it."""
    key = KEYS[entity]
    column_list = ", ".join(("source", *key.id))
    twice = _count(store, f"SELECT count(*) FROM (SELECT 1 FROM {entity} GROUP BY {column_list} HAVING count(*) > 1)")
    if twice:
        yield Finding("twice", message("name", name=entity), message("twice", rows=twice))
    is_null = " OR ".join(f"{column} IS NULL" for column in key.mandatory)
    empty = _count(store, f"SELECT count(*) FROM {entity} WHERE {is_null}")
    if empty:
        yield Finding("empty", message("name", name=entity), message("empty", rows=empty, columns=key.mandatory))


def _pseudonyms(store: Store, entity: str) -> Iterator[Finding]:
    """A column for pseudonyms is of their type, which no text of an export can have."""
    tables = (entity, "mentions") if entity == "contacts" else (entity,)
    rows = store.engine.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_name IN (?, ?) AND ends_with(column_name, '_key') AND data_type <> 'UUID' ORDER BY ALL",
        [tables[0], tables[-1]],
    )
    for table, name, kind in rows:
        yield Finding("personal", message("name", name=f"{table}.{name}"), message("personal", type=kind))


def _model(store: Store, thresholds: Thresholds, rules: Sequence[FileRule]) -> Iterator[Finding]:
    if store.engine.rows("SELECT 1 FROM files LIMIT 1") and not is_current(store, thresholds, rules):
        yield Finding("model", message("fact_tables"), message("model"), note=True)


def _texts(store: Store) -> Iterator[Finding]:
    """Texts that were emptied leave the file only when it is written anew."""
    if store.meta(EMPTIED_TEXTS) is not None:
        yield Finding("text", message("name", name=store.path), message("text"), note=True)


def _mode(store: Store) -> Iterator[Finding]:
    """Nobody but the owner may read the database."""
    mode = store.path.stat().st_mode & 0o777
    if os.name == "posix" and mode & 0o077:
        fault = message("mode", mode=f"{mode:04o}", path=store.path)
        yield Finding("mode", message("name", name=store.path), fault)


def _key(store: Store, path: Path) -> Iterator[Finding]:
    """The key of the database is secret, where it is at hand: another one, such as that of a demo, is not judged."""
    key_id = store.meta("key_id")
    if key_id is None or not path.exists():
        return
    try:
        secret = read_key(path)
        fault = key_fault(path, secret)
    except (KeyUnusable, OSError) as error:
        yield Finding("key", message("name", name=path), message("key_unusable", fault=error))
        return
    if fault is not None and Key(path, secret).id == key_id:
        yield Finding("key", message("name", name=path), message("key_fault", fault=fault[0], cure=fault[1]))


def _count(store: Store, sql: str) -> int:
    return int(store.engine.rows(sql)[0][0])
