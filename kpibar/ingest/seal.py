"""What the database acknowledged last, in a small file beside it.

DuckDB drops the torn end of its log without a word. The ledger cannot notice that its own last entries are gone;
this file can.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kpibar.store import Store, write_private


@dataclass(frozen=True)
class Seal:
    """The last entry of a database's ledger: its file_id (0: none) and its chain."""

    database: str
    file_id: int
    chain: str


def seal_path(database: Path) -> Path:
    """Where the seal of a database is."""
    return database.with_name(database.name + ".last")


def seal_of(store: Store) -> Seal:
    """The seal the database itself would give."""
    rows = store.engine.rows("SELECT file_id, chain FROM files ORDER BY file_id DESC LIMIT 1")
    file_id, chain = rows[0] if rows else (0, "")
    return Seal(store.meta("database_id") or "", int(file_id), str(chain))


def write_seal(store: Store) -> None:
    """Note what is committed, whole or not at all. A disk that refuses leaves the older note, which is still true."""
    seal = seal_of(store)
    with suppress(OSError):
        write_private(seal_path(store.path), json.dumps([seal.database, seal.file_id, seal.chain]) + "\n")


def read_seal(database: Path) -> Seal | None:
    """The note beside a database, None where there is none that can be read."""
    try:
        with os.fdopen(os.open(seal_path(database), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            name, file_id, chain = json.loads(file.read(4096))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return Seal(str(name), int(file_id), str(chain)) if isinstance(file_id, int) else None


def lost_entries(store: Store) -> int:
    """How many ledger entries were acknowledged and are gone: 0 unless the disk lost the end of the log."""
    noted, found = read_seal(store.path), seal_of(store)
    if noted is None or noted.database != found.database:
        return 0
    return max(0, noted.file_id - found.file_id)
