"""Another key for a database: its pseudonyms cannot be made anew without the exports, so these are ingested again.

That is done beside the old database, under a new key; the old ones stay in force until the new database has every file
of the old one's ledger. Then both take their places, the database first: the next run completes one that ended between.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kpibar.checks import check
from kpibar.config import Config
from kpibar.database.key import Key, bind, key_path, load_key
from kpibar.database.seal import Seal, note_seals, seal_of, seal_path
from kpibar.database.store import Store, open_store
from kpibar.removal.errors import RotationIncomplete
from kpibar.removal.files import ReadFile, readings


@dataclass(frozen=True)
class Rotation:
    """What is to be done under a new key: the exports to ingest, in order, and how many persons to forget again."""

    key: Path
    database: Path
    readings: tuple[ReadFile, ...]
    persons: int


def new_key_path(key: Path) -> Path:
    """Where the new key is until it takes the place of the old one."""
    return key.with_name(f"{key.stem}.new{key.suffix}")


def old_key_path(key: Path) -> Path:
    """Where the old key is kept; older copies of the database need it."""
    return key.with_name(f"{key.stem}.old{key.suffix}")


def begin_rotation(path: Path, config: Config, wait: float) -> Rotation:
    """Make a new key beside the old one, unless there is one; say what has to be ingested under it.

    Raises KeyMissing, KeyUnusable.
    """
    key = load_key(key_path(config.settings.project), create=False)
    with open_store(path, write=False, wait=wait) as store:
        _refuse_other_key(store, key)
        persons = int(store.engine.rows("SELECT count(*) FROM forgotten WHERE kind = 'person'")[0][0])
        exports = readings(store)
    new = load_key(new_key_path(key.path))
    return Rotation(new.path, path.with_name(f"{path.stem}.new{path.suffix}"), exports, persons)


def _refuse_other_key(store: Store, key: Key) -> None:
    """Raises KeyMissing."""
    if store.meta("key_id") is not None:
        bind(store, key)


def finish_rotation(path: Path, config: Config, wait: float) -> None:
    """Have the new database and the new key take the places of the old ones.

    Raises RotationIncomplete, KeyMissing, KeyUnusable.
    """
    key = key_path(config.settings.project)
    new = load_key(new_key_path(key), create=False)
    fresh = path.with_name(f"{path.stem}.new{path.suffix}")
    with open_store(path, write=True, wait=wait) as store:
        if store.meta("key_id") != new.id:
            _replace(store, fresh, _complete(store, fresh, new, config))
    _take_over(key, new.path)


def _complete(store: Store, fresh: Path, new: Key, config: Config) -> Seal:
    """The seal of the new database. Raises RotationIncomplete."""
    if not fresh.exists():
        raise RotationIncomplete(fresh, "it is not there")
    with open_store(fresh, write=True) as target:
        if target.meta("key_id") != new.id:
            raise RotationIncomplete(fresh, f"it was not ingested under {new.path}")
        absent = _names(store, target)
        if absent:
            raise RotationIncomplete(fresh, f"it lacks {', '.join(absent[:20])}")
        faults = [fault for fault in check(target, config.settings.thresholds, config.settings.files) if not fault.note]
        if faults:
            raise RotationIncomplete(fresh, f"{faults[0].about}: {faults[0].text}")
        persons = "SELECT count(*) FROM forgotten WHERE kind = 'person'"
        if store.engine.rows(persons)[0][0] and not target.engine.rows(persons)[0][0]:
            raise RotationIncomplete(fresh, "persons were forgotten in the old database, and nobody in this one")
        target.engine.run("CHECKPOINT")
        return seal_of(target)


def _names(store: Store, target: Store) -> Sequence[str]:
    """The files of the old ledger that the new one has not."""
    sql = (
        "SELECT sha256, source, arg_max(name, file_id) FROM files WHERE sha256 <> '' GROUP BY 1, 2 "
        "ORDER BY min(file_id)"
    )
    present = {(sha256, source) for sha256, source, _ in target.engine.rows(sql)}
    return [str(name) for sha256, source, name in store.engine.rows(sql) if (sha256, source) not in present]


def _replace(store: Store, fresh: Path, seal: Seal) -> None:
    """Put the new database in the place of the old one, which this process holds."""
    store.engine.run("CHECKPOINT")
    fresh.replace(store.path.resolve())
    with suppress(OSError):
        seal_path(fresh).unlink(missing_ok=True)
    note_seals(store.path, seal)


def _take_over(key: Path, new: Path) -> None:
    """Keep the old key under another name, never over an older one; then the new one is the key."""
    old = old_key_path(key)
    number = 1
    while old.exists():
        number += 1
        old = key.with_name(f"{key.stem}.old{number}{key.suffix}")
    if key.exists():
        key.rename(old)
    new.rename(key)
