"""Write a database anew without some of its rows, and put the new file in the place of the old one.

What is deleted from a database file can still be read in it: only a file to which it was never written is without it.
Whenever the process ends, the database is the one before or the one after.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from kpibar.config import Config
from kpibar.database.engine import EngineError
from kpibar.database.errors import DiskFull
from kpibar.database.schema import tables
from kpibar.database.seal import Seal, note_seals, seal_of
from kpibar.database.store import Store, free_space, open_store, rewrite_folder
from kpibar.load.forgotten import EMPTIED_TEXTS
from kpibar.model.build import build
from kpibar.removal.errors import RewriteImpossible, RewriteShort

# The name under which the new database is attached, and its file.
_FRESH = "kpibar_fresh"
_FILE = "new.duckdb"
# The new file is no larger than the old one; its fact tables may take a little more while they are built.
_ROOM = 1.3
_LEAST_ROOM = 16_000_000
# The query for what is remembered that holds for the new file too.
META = f"SELECT * FROM meta WHERE name NOT IN ('{EMPTIED_TEXTS}', 'model')"


def rewrite(store: Store, selects: Mapping[str, str], config: Config, finish: Callable[[Store], None]) -> None:
    """Write the database anew: of each table the rows that its query of `selects` gives, else all of them.

    The queries run on the old database, which must have been opened with `rewritten` and stays as it is. `finish` runs
    on the new one, in a transaction, before its fact tables are built. Raises RewriteImpossible, RewriteShort.
    """
    path = store.path.resolve()
    _refuse_other_names(path)
    _refuse_other_tables(store, path)
    _refuse_shortage(path)
    store.engine.run("CHECKPOINT")  # nothing is left in the log that the new file would not know
    folder = rewrite_folder(path)
    try:
        folder.mkdir(mode=0o700)
        fresh = folder / _FILE
        _fill(store, fresh, selects)
        after = _finish(fresh, config, finish)
        note_seals(store.path, seal_of(store), after)
        _replace(path, fresh)
        with suppress(OSError):  # the note of both is still true
            note_seals(store.path, after)
    except (EngineError, DiskFull) as error:
        if isinstance(error, DiskFull) or error.fault == "disk":
            raise RewriteShort(path, free_space(path), _space_needed(path)) from error
        raise
    except OSError as error:
        raise RewriteImpossible(path, error.strerror or str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_other_names(path: Path) -> None:
    """Raises RewriteImpossible: under its other name the file would stay as it is."""
    if path.stat().st_nlink > 1:
        raise RewriteImpossible(path, "the file has another name, a hard link: remove that first")


def _refuse_other_tables(store: Store, path: Path) -> None:
    """Raises RewriteImpossible: what is no table of kpibar would not be in the new file."""
    table_rows = store.engine.rows(
        "SELECT DISTINCT table_name FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY 1"
    )
    strangers = [str(name) for (name,) in table_rows if name not in tables() and not name.startswith("fact_")]
    if strangers:
        name_list = ", ".join(strangers)
        raise RewriteImpossible(path, f"it holds tables that are not kpibar's, {name_list}: move them elsewhere first")


def _space_needed(path: Path) -> int:
    return max(int(_ROOM * path.stat().st_size), _LEAST_ROOM)


def _refuse_shortage(path: Path) -> None:
    """Raises RewriteShort."""
    free, need = free_space(path), _space_needed(path)
    if free is not None and free < need:
        raise RewriteShort(path, free, need)


def _fill(store: Store, fresh: Path, selects: Mapping[str, str]) -> None:
    with open_store(fresh, write=True) as new:
        new.engine.run("DELETE FROM meta")
    store.engine.attach(fresh, _FRESH)
    with store.transaction():
        for table in tables():
            query = selects.get(table, META if table == "meta" else f"SELECT * FROM {table}")
            store.engine.run(f"INSERT INTO {_FRESH}.{table} BY NAME {query}")
    store.engine.detach(_FRESH)


def _finish(fresh: Path, config: Config, finish: Callable[[Store], None]) -> Seal:
    """Complete the new database and have it on the disk; return its seal."""
    with open_store(fresh, write=True) as new:
        with new.transaction():
            finish(new)
        if new.engine.rows("SELECT 1 FROM files LIMIT 1"):
            build(new, config.settings.thresholds, config.settings.files)
        after = seal_of(new)
    _sync(fresh)
    return after


def _replace(path: Path, fresh: Path) -> None:
    """Raises OSError.

    The new file is not opened again: to close it would give up the lock that this process has on the old one.
    """
    old = path.stat()
    with suppress(PermissionError):  # of another owner: only root may give a file away
        os.chown(fresh, old.st_uid, old.st_gid)
    fresh.chmod(0o600)
    fresh.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Have a file or folder on the disk; some systems know no such thing of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
