"""The settings that each file was read with, and which of them have changed since."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kpibar.config import Config
from kpibar.database.ledger import LAST_READING
from kpibar.database.store import Store
from kpibar.errors import ConfigInvalid
from kpibar.layouts.layout import Layout, Shelf, shelf
from kpibar.topics.reasons import UNKNOWN
from kpibar.topics.rules import reasons


@dataclass(frozen=True)
class OldReading:
    """A setting that is no longer what it was when files were read, and the names of these files.

    `setting` is "reasons", "hours" or "layout".
    """

    setting: str
    files: tuple[str, ...]


def checked_settings(config: Config) -> Shelf:
    """The layouts of the settings, once all settings that `ingest` reads with are valid.

    Raises ConfigInvalid, LayoutInvalid, LayoutUnknown.
    """
    for value, reason in config.settings.reasons.items():
        if reason not in (*reasons(), UNKNOWN):
            word_list = ", ".join((*reasons(), UNKNOWN))
            raise ConfigInvalid(config.path or Path("kpibar.toml"), f'reasons."{value}": expected one of {word_list}')
    return shelf(config.folder or Path.cwd(), config.settings.layouts)


def remember_settings(store: Store, config: Config, layout: Layout, sha256: str, source: str) -> None:
    """Note the settings that a file was read with, within its transaction."""
    store.remember(_name(sha256, source), json.dumps(_hashes(config, layout)))


def outdated_settings(store: Store, config: Config, layouts: Shelf) -> tuple[OldReading, ...]:
    """The settings that have changed since files were read. A file of an earlier version of kpibar says nothing."""
    rows = store.engine.rows(
        "SELECT file.name, file.layout, m.value FROM (SELECT DISTINCT name, layout, sha256, source FROM files "
        f"WHERE {LAST_READING}) AS file "
        f"LEFT JOIN meta m ON m.name = '{_PREFIX}' || file.sha256 || ' ' || file.source ORDER BY 1"
    )
    changes: dict[str, list[str]] = {}
    for name, layout, stored_hashes in rows:
        before: Mapping[str, str] = json.loads(stored_hashes) if stored_hashes else {}
        present = layouts.layouts.get(layout)
        now = _hashes(config, present) if present else {}
        for setting, value in before.items():
            if now.get(setting, value if setting != "layout" else "") != value:
                changes.setdefault(setting, []).append(name)
    return tuple(OldReading(setting, tuple(dict.fromkeys(names))) for setting, names in sorted(changes.items()))


# What the settings of a reading are remembered under: this, the hash of the file and its source.
_PREFIX = "settings of "


def _name(sha256: str, source: str) -> str:
    return f"{_PREFIX}{sha256} {source}"


def _hashes(config: Config, layout: Layout) -> dict[str, str]:
    """A hash of each setting; reasons and hours concern contacts only."""
    hashes = {
        "layout": _hash(layout.model_dump(exclude={"title", "status", "detect", "note", "assertions"}, mode="json"))
    }
    if "contacts" in (layout.fills, *layout.also):
        hours = config.settings.hours
        hashes["reasons"] = _hash(dict(sorted(config.settings.reasons.items())))
        hashes["hours"] = _hash(hours.model_dump(mode="json") if hours else None)
    return hashes


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
