"""The database file: open, guard, version, transactions, and the ledger of what was ingested.

Everything lives in one DuckDB file of mode 0600. A writer is alone; readers share.
"""

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from kpibar.database.engine import DuckDB, Engine, EngineError
from kpibar.database.errors import (
    DatabaseDamaged,
    DatabaseForeign,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOlder,
    DatabaseUnlike,
    DatabaseUnusable,
    DiskFull,
    MemoryShort,
    MigrationImpossible,
    ScratchFull,
    ScratchUnusable,
)
from kpibar.database.migrations.steps import SCHEMA_VERSION, schema, way
from kpibar.database.scratch import scratch
from kpibar.errors import KpibarError

_WORTH_A_WARNING = 10_000_000  # bytes
# By these words the engine tells that it was a temporary file that found no room.
_SPILL_WORDS = ("offload data block", "duckdb_temp")
# The tables and views of the database; information_schema says the same and costs ten times as much.
_NAMES = "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
_MIGRATION_MESSAGE = (
    "{path}: migrated from schema version {before} to {now}; an earlier kpibar does not open it any more"
)


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
        # INSERT OR REPLACE would cost three times as much.
        self.engine.run(
            "DELETE FROM meta WHERE name = $name; INSERT INTO meta VALUES ($name, $value)",
            {"name": name, "value": value},
        )

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing: commit at the end (or roll back when `keep` is false), roll back on any error."""
        self.engine.run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(EngineError):  # a commit that failed has rolled back already
                self.engine.finish(keep=False)
            raise
        self.engine.finish(keep=keep)


@contextmanager
def open_store(
    path: Path,
    *,
    write: bool,
    wait: float = 0.0,
    migrate: bool = True,
    rewritten: bool = False,
    notify: Callable[[str], None] = lambda words: None,
) -> Iterator[Store]:
    """Open the database for writing (creating it) or for reading; wait so many seconds while another process has it.

    A database of an earlier layout is migrated first, for which it is opened for writing, and `notify` is called.
    `rewritten`: another database may be attached in `rewrite_folder`, to take the place of this one.

    Raises DatabaseMissing, DatabaseLocked, DatabaseForeign, DatabaseNewer, DatabaseOlder, DatabaseUnlike,
    MigrationImpossible, DatabaseUnusable, DatabaseDamaged, DiskFull, MemoryShort, ScratchFull, ScratchUnusable.
    """
    if not write and not path.exists():
        raise DatabaseMissing(path)
    mask = os.umask(0o077)  # not only for the file: its write-ahead log appears with the first write
    try:
        with _scratch() as temporary:
            until = time.monotonic() + wait
            beside = rewrite_folder(path) if rewritten else None
            store = Store(path, _connect_until(path, temporary, write, until, beside), temporary)
            try:
                if write:
                    sweep_rewrite(path)
                if _steps_of(store, write=write):
                    before = store.meta("schema_version")
                    store = _migrate_if_allowed(store, until, write=write, may_migrate=migrate)
                    notify(_MIGRATION_MESSAGE.format(path=path, before=before, now=SCHEMA_VERSION))
                if write:
                    path.chmod(0o600)
                yield store
            finally:
                store.engine.close()
    except EngineError as error:
        raise _explain(path, error) from error
    finally:
        os.umask(mask)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Raises ScratchUnusable."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(scratch())
        except OSError as error:
            raise ScratchUnusable(error.strerror or str(error)) from error
        yield folder


def _connect_until(path: Path, temporary: Path, write: bool, until: float, beside: Path | None = None) -> DuckDB:
    """Open the file, again and again while another process has it. `until` is of the monotonic clock.

    A file that another one takes the place of while it is opened is opened anew: what is written to it would be lost.
    """
    while True:
        before = _inode(path)
        try:
            engine = _connect(path, temporary, write, beside)
        except DatabaseLocked:
            if time.monotonic() >= until:
                raise
        else:
            if before is None or before == _inode(path):
                return engine
            engine.close()
            continue
        time.sleep(0.1)


def _inode(path: Path) -> tuple[int, int] | None:
    """What tells a file from the one that takes its place; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def rewrite_folder(path: Path) -> Path:
    """The folder in which a database is written anew, before it takes the place of the old one."""
    target = path.resolve()
    return target.with_name(f".{target.name}.rewrite")


def sweep_rewrite(path: Path) -> None:
    """Remove what a rewrite that was killed left. Call it only while no other process can have the database."""
    folder = rewrite_folder(path)
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _connect(path: Path, temporary: Path, write: bool, beside: Path | None = None) -> DuckDB:
    """Open the file, translating what DuckDB says when it cannot."""
    if not is_duckdb(path):
        raise DatabaseForeign(path)
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatabaseUnusable(path, "its name is not in UTF-8; name another file with --db") from error
    try:
        return DuckDB(path.absolute(), read_only=not write, temporary=temporary, beside=beside)
    except EngineError as error:
        raise _explain(path, error) from error


def is_duckdb(path: Path) -> bool:
    """Whether a file can be a DuckDB database at all; what does not exist yet can become one."""
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe would be waited for without end
            return False
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError:
        return True


def _explain(path: Path, error: EngineError) -> KpibarError:
    text = str(error)
    if "Conflicting lock" in text or "being used by another process" in text:
        holder = re.search(r"PID (\d+)", text)
        pid = int(holder.group(1)) if holder else None
        return DatabaseLocked(path, pid, start_of_process(pid) if pid else None)
    if "not a valid DuckDB database" in text:
        return DatabaseForeign(path)
    if error.fault == "disk" and any(words in text for words in _SPILL_WORDS):
        return ScratchFull(Path(tempfile.gettempdir()))
    if error.fault == "disk":
        return DiskFull(path, free_space(path))
    if error.fault == "memory":
        return MemoryShort()
    why = re.sub(r"^(\w+ )?Error: ", "", text)
    return (DatabaseDamaged if error.fault == "damage" else DatabaseUnusable)(path, why)


def start_of_process(pid: int) -> datetime | None:
    """When a process began, in the machine's local time; None where the system does not tell."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        boot = re.search(r"^btime (\d+)", Path("/proc/stat").read_text(), re.M)
    except (OSError, ValueError, IndexError):
        return None
    return datetime.fromtimestamp(int(boot.group(1)) + ticks / os.sysconf("SC_CLK_TCK")) if boot else None


def free_space(path: Path) -> int | None:
    """The bytes free where a file is or would be; None where the system does not tell."""
    try:
        return shutil.disk_usage(path.absolute().parent).free
    except OSError:
        return None


def shortage(path: Path, exports: Iterable[Path]) -> tuple[int, int] | None:
    """Bytes free and bytes wished for, when the disk might not hold what the largest export becomes."""
    sizes = [export.stat().st_size for export in exports if export.is_file()]
    free, need = free_space(path), max(3 * max(sizes, default=0), _WORTH_A_WARNING)
    return (free, need) if free is not None and free < need else None


def _steps_of(store: Store, *, write: bool) -> tuple[str, ...]:
    """Create the tables of a new database; the statements that make an earlier layout the present one.

    Raises DatabaseForeign, DatabaseNewer, DatabaseOlder, DatabaseUnlike.
    """
    tables = {row[0] for row in store.engine.rows(_NAMES)}
    if not tables and write:
        with store.transaction():
            store.engine.run(schema())
            store.remember("schema_version", SCHEMA_VERSION)
            store.remember("database_id", secrets.token_hex(8))
        store.engine.run("CHECKPOINT")  # whatever happens to the log, the file says whose it is
        return ()
    if not {"meta", "files", "contacts"} <= tables:
        raise DatabaseForeign(store.path)
    number = store.meta("schema_version") or "?"
    if not number.isdecimal() or int(number) > int(SCHEMA_VERSION):
        raise DatabaseNewer(store.path, number, SCHEMA_VERSION)
    steps = way(store.engine, int(number))
    if steps is None:
        raise DatabaseOlder(store.path, number, SCHEMA_VERSION, _exports(store))
    if steps.gaps:
        raise DatabaseUnlike(store.path, number, steps.gaps, _exports(store))
    return steps.steps


def _exports(store: Store) -> list[str]:
    """The names of the exports a database was made from."""
    try:
        return [str(name) for (name,) in store.engine.rows("SELECT name FROM files ORDER BY file_id")]
    except EngineError:
        return []


def _migrate_if_allowed(store: Store, until: float, *, write: bool, may_migrate: bool) -> Store:
    """The database with the present tables, opened as it was; to migrate what is read it is opened for writing.

    Raises DatabaseLocked, MigrationImpossible.
    """
    number = store.meta("schema_version") or "?"
    if not may_migrate:
        raise MigrationImpossible(store.path, number, SCHEMA_VERSION, "a dry run writes nothing")
    if write:
        _migrate(store, _steps_of(store, write=True))
        return store
    store.engine.close()
    try:
        writer = replace(store, engine=_connect_until(store.path, store.temporary, True, until))
    except DatabaseUnusable as error:
        raise MigrationImpossible(store.path, number, SCHEMA_VERSION, error.why) from error
    try:
        _migrate(writer, _steps_of(writer, write=True))
    finally:
        writer.engine.close()
    return replace(store, engine=_connect_until(store.path, store.temporary, False, until))


def _migrate(store: Store, steps: Sequence[str]) -> None:
    """Run the steps and note the new number, in one transaction; nothing where there are none. Raises EngineError."""
    if not steps:  # another process migrated it meanwhile
        return
    store.path.chmod(0o600)
    with store.transaction():
        for step in steps:
            store.engine.run(step)
        before, now = store.meta("schema_version"), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        store.engine.run("INSERT INTO migrations VALUES (?, ?)", [int(before or 0), now])
        store.remember("schema_version", SCHEMA_VERSION)
    store.engine.run("CHECKPOINT")


def write_private(path: Path, content: str | bytes | Iterable[bytes]) -> None:
    """Write a file of mode 0600 that appears whole or not at all; content in pieces piece by piece. Raises OSError."""
    content = content.encode("utf-8") if isinstance(content, str) else content
    pieces = (content,) if isinstance(content, bytes) else content
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=".kpibar-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def fingerprint(store: Store) -> str:
    """A text that changes whenever the ingested data, or what is known of their date, change."""
    entry = "sha256 || source || added || updated || removed || coalesce(as_of::VARCHAR, '')"
    rows = store.engine.rows(
        f"SELECT md5(coalesce(string_agg({entry}, ',' ORDER BY file_id), '') || "
        "(SELECT coalesce(string_agg(folded || name, ',' ORDER BY folded), '') FROM brands)) FROM files"
    )
    return str(rows[0][0])
