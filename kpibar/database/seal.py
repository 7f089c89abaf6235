"""What the database acknowledged last, in a small file beside it.

DuckDB drops the torn end of its log without a word. The ledger cannot notice that its own last entries are gone;
this file can.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kpibar.database.store import Store, write_private


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
    database, file_id, chain = store.engine.rows(
        "SELECT (SELECT value FROM meta WHERE name = 'database_id'), max(file_id), arg_max(chain, file_id) FROM files"
    )[0]
    return Seal(database or "", file_id or 0, chain or "")


def write_seal(store: Store) -> None:
    """Note what is committed, whole or not at all. A disk that refuses leaves the older note, which is still true."""
    with suppress(OSError):
        note_seals(store.path, seal_of(store))


def note_seals(database: Path, *seals: Seal) -> None:
    """Note the seal of a database; two while it is being replaced, of which either is right. Raises OSError."""
    entries = [value for seal in seals for value in (seal.file_id, seal.chain)]
    write_private(seal_path(database), json.dumps([seals[0].database, *entries]) + "\n")


def read_seals(database: Path) -> tuple[Seal, ...]:
    """The note beside a database: one seal, two where the database was being replaced, none that can be read."""
    try:
        with os.fdopen(os.open(seal_path(database), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            name, *entries = json.loads(file.read(4096))
        pairs = list(zip(entries[::2], entries[1::2], strict=True))
    except (OSError, ValueError, TypeError, RecursionError):
        return ()
    if not 1 <= len(pairs) <= 2 or not all(isinstance(file_id, int) for file_id, _ in pairs):
        return ()
    return tuple(Seal(str(name), file_id, str(chain)) for file_id, chain in pairs)


def lost_entries(store: Store) -> int:
    """How many ledger entries were acknowledged and are gone: 0 unless the disk lost the end of the log."""
    seal = seal_of(store)
    seals = [copy for copy in read_seals(store.path) if copy.database == seal.database]
    return max(0, min((copy.file_id for copy in seals), default=0) - seal.file_id)
