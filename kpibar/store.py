"""The database file: open, guard, version, transactions, and the ledger of what was ingested.

Everything lives in one DuckDB file of mode 0600. A writer is alone; readers share.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kpibar.engine import DuckDB, Engine, EngineError
from kpibar.errors import (
    DatabaseForeign,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOlder,
    DatabaseUnusable,
    KpibarError,
)

SCHEMA_VERSION = "2"
ENTITIES = ("contacts", "orders", "parcels", "surveys", "notices", "gestures")


@dataclass(frozen=True)
class Store:
    """An open database. `engine` runs SQL on it."""

    path: Path
    engine: Engine
    temporary: Path

    def meta(self, name: str) -> str | None:
        """A remembered value, or None."""
        rows = self.engine.rows("SELECT value FROM meta WHERE name = ?", [name])
        return str(rows[0][0]) if rows else None

    def remember(self, name: str, value: str) -> None:
        """Set a remembered value."""
        self.engine.run("DELETE FROM meta WHERE name = ?", [name])
        self.engine.run("INSERT INTO meta VALUES (?, ?)", [name, value])

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing: commit at the end (or roll back when `keep` is false), roll back on any error."""
        self.engine.run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self.engine.run("ROLLBACK")
            raise
        self.engine.run("COMMIT" if keep else "ROLLBACK")

    def close(self) -> None:
        """Close the database and remove the temporary folder."""
        self.engine.close()
        shutil.rmtree(self.temporary, ignore_errors=True)


@contextmanager
def open_store(path: Path, *, write: bool) -> Iterator[Store]:
    """Open the database for writing (creating it) or for reading.

    Raises DatabaseMissing, DatabaseLocked, DatabaseForeign, DatabaseNewer, DatabaseUnusable.
    """
    if not write and not path.exists():
        raise DatabaseMissing(path)
    mask = os.umask(0o077)  # not only for the file: its write-ahead log appears with the first write
    try:
        store = _connect(path, write=write)
        try:
            _check_schema(store, write=write)
            if write:
                path.chmod(0o600)
            yield store
        finally:
            store.close()
    except EngineError as error:
        raise DatabaseUnusable(path, str(error)) from error
    finally:
        os.umask(mask)


def _connect(path: Path, *, write: bool) -> Store:
    """Open the file, translating what DuckDB says when it cannot."""
    import duckdb

    if not _is_duckdb(path):
        raise DatabaseForeign(path)
    temporary = Path(tempfile.mkdtemp(prefix="kpibar-"))
    try:
        engine = DuckDB(path.absolute(), read_only=not write, temporary=temporary)
    except (duckdb.Error, OSError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _explained(path, error) from error
    return Store(path, engine, temporary)


def _is_duckdb(path: Path) -> bool:
    """Whether a file can be a DuckDB database at all; what does not exist yet can become one."""
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError:
        return True


def _explained(path: Path, error: Exception) -> KpibarError:
    text = str(error)
    if "Conflicting lock" in text or "being used by another process" in text:
        pid = re.search(r"PID (\d+)", text)
        return DatabaseLocked(path, pid.group(1) if pid else None)
    if "not a valid DuckDB database" in text:
        return DatabaseForeign(path)
    return DatabaseUnusable(path, text.partition("\n")[0].removeprefix("IO Error: "))


def _check_schema(store: Store, *, write: bool) -> None:
    """Create the tables in a new database; refuse a database that is not kpibar's or is newer."""
    tables = {row[0] for row in store.engine.rows("SELECT table_name FROM information_schema.tables")}
    if not tables and write:
        with store.transaction():
            store.engine.run(files("kpibar").joinpath("schema.sql").read_text(encoding="utf-8"))
            store.remember("schema_version", SCHEMA_VERSION)
        return
    if not {"meta", "files", "contacts"} <= tables:
        raise DatabaseForeign(store.path)
    found = store.meta("schema_version") or "?"
    if found != SCHEMA_VERSION:
        older = found.isdecimal() and int(found) < int(SCHEMA_VERSION)
        raise (DatabaseOlder if older else DatabaseNewer)(store.path, found, SCHEMA_VERSION)


def fingerprint(store: Store) -> str:
    """A text that changes whenever the ingested data, or what is known of their date, change."""
    rows = store.engine.rows(
        "SELECT md5(coalesce(string_agg(sha256 || source || added || updated || coalesce(as_of::VARCHAR, ''),"
        " ',' ORDER BY file_id), '')) FROM files"
    )
    return str(rows[0][0])
