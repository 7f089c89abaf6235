"""What a report or list is written over: an empty file, and one that kpibar has written. Never over any other.

Databases and what belongs to them, keys, settings, layouts and exports are named as such. Asked before anything is
computed. What is no regular file (a device, a pipe) is not looked into: it is written, not replaced (see
render/output.py).
"""

import hashlib
import re
from importlib.resources import files
from pathlib import Path
from stat import S_ISREG

from kpibar.cli.console import announce
from kpibar.cli.errors import OutputOverwrites
from kpibar.config import Config
from kpibar.database.key import key_path
from kpibar.database.key_files import is_copy_of_key, is_key_name, is_key_place, key_form
from kpibar.database.seal import seal_path
from kpibar.database.store import is_duckdb, open_store
from kpibar.errors import KpibarError
from kpibar.layouts.errors import LayoutTied
from kpibar.layouts.layout import identify, shelf
from kpibar.read.errors import MemberNeeded
from kpibar.read.export import open_export
from kpibar.read.source import locate
from kpibar.render.answers import query
from kpibar.render.clean import clean
from kpibar.render.formats import is_report, is_report_file
from kpibar.render.messages import messages
from kpibar.render.output import descriptor
from kpibar.toml import TomlFault, parse_toml

# What DuckDB and kpibar keep beside a database.
_BESIDE = (".wal", ".last", ".tmp")
# No settings file, layout or topics file is longer.
_LONGEST_SETTINGS = 64 << 10
_HEAD = 4096
# What a list of rejects begins with: its JSON, and the text of an empty one; and the JSON of a statement's result.
_LIST_BEGINNINGS = (
    '[\n {\n  "file": "',
    *(f"{text}\n" for text in messages()["rejects_none"].values()),
    query.JSON_BEGINNING,
)
# A line of the list of rejects (`reject_line` of render/ingest.toml); one that names a column is like nothing else.
_REJECT = re.compile(r".+(:[0-9]+: |, ligne [0-9]+\u00a0: ).")
_REJECT_OF_CELL = re.compile(
    r'.+:[0-9]+: column ".*": ".*" .|.+, ligne [0-9]+\u00a0: colonne «\u00a0.*\u00a0»\u00a0: «\u00a0.*\u00a0» .'
)


def refuse_overwriting(
    output: Path | None, database: Path, config: Config, *exports: Path | None, wait: float = 0.0, whole: bool = True
) -> None:
    """Refuse an output that is a database, what belongs to one, a key, settings, a layout, or an export.

    An export may be named with what is to be read in it (`book.xlsx:Sheet`), or be one the database was made from, or
    any file that a layout recognises. What does not begin as a report or list of kpibar is refused as well. `whole`
    tells that a file with other content would be replaced.
    Raises OutputOverwrites, and for a database that cannot be read what open_store raises.
    """
    if output is None or _loops(output):
        return
    place = output.resolve()
    _refuse_place(output, place, database, config)
    if not place.exists() or not S_ISREG(place.stat().st_mode):
        return
    key = key_path(config.settings.project)
    export_paths = (locate(export)[0] for export in exports if export)
    for path in (database, *_beside(database), key, config.path, *export_paths):
        if path and path.exists() and place.samefile(path):
            raise OutputOverwrites(output, f"the same file as {path}")
    is_own = is_report_file(place)
    kind = None if is_own else _content(place)
    kind = kind or ("an export of this database" if _was_ingested(place, database, wait) else None)
    if kind is None and whole and not is_own:
        kind = _export(place, config)
    if kind is not None:
        raise OutputOverwrites(output, kind)
    if whole and not is_own and descriptor(output) is None and not _is_own(place, database, wait):
        raise OutputOverwrites(output, "a file that kpibar did not write", ", or delete this one first")


def _is_own(place: Path, database: Path, wait: float) -> bool:
    """Whether a file is empty, or begins as a report or a list of rejects in any of the forms kpibar writes."""
    with place.open("rb") as file:
        head = file.read(_HEAD)
    text = head.decode("utf-8", "replace")
    if head.strip() in (b"", b"[]") or text.startswith(_LIST_BEGINNINGS) or is_report(text):
        return True
    # The last line may be cut.
    lines = text.splitlines() if len(head) < _HEAD else text.splitlines()[:-1]
    if not lines or not all(map(_REJECT.match, lines)):
        return False
    return any(map(_REJECT_OF_CELL.match, lines)) or _names_files(lines, database, wait)


def _names_files(lines: list[str], database: Path, wait: float) -> bool:
    """Whether each line begins with the name of a file that the database was made from."""
    if not database.exists():
        return False
    with open_store(database, write=False, wait=wait, notify=announce) as store:
        rows = store.engine.rows("SELECT DISTINCT name FROM files")
    names = tuple(f"{clean(name)}{sign}" for (name,) in rows for sign in (":", ","))
    return all(line.startswith(names) for line in lines)


def _loops(path: Path) -> bool:
    """Whether a path cannot be followed: a symbolic link to itself, by one or several steps."""
    try:
        path.resolve()
    except (OSError, RuntimeError):
        return True
    return False


def _beside(database: Path) -> list[Path]:
    return [*(database.with_name(database.name + end) for end in _BESIDE), seal_path(database)]


def _refuse_place(output: Path, place: Path, database: Path, config: Config) -> None:
    """Refuse what is a file of kpibar's by its name or folder, whether it is there or not. Raises OutputOverwrites."""
    package, folder = Path(str(files("kpibar"))).resolve(), config.folder or Path.cwd()
    if place.is_relative_to(package):
        raise OutputOverwrites(output, "a file of the installed kpibar")
    if place.suffix.lower() == ".toml" or place.parent == (folder / "layouts").resolve():
        raise OutputOverwrites(output, "a file of settings or of a layout")
    if is_key_name(place) or place == key_path(config.settings.project).resolve() or is_key_place(place):
        raise OutputOverwrites(output, "a key file")
    for path in (place, output):
        if not path.name:  # "." and "/" are folders
            continue
        base = path.with_suffix("")
        belongs = path.suffix.lower() in _BESIDE and (base.exists() or path.exists())
        if belongs and (path.suffix.lower() == ".wal" or base == database.resolve() or _is_database(base)):
            raise OutputOverwrites(output, "a file that belongs to a database")


def _is_database(path: Path) -> bool:
    return path.is_file() and is_duckdb(path)


def _content(place: Path) -> str | None:
    """What a regular file is by its bytes, where it is one of those that are kept; None for any other."""
    if is_duckdb(place):
        return "a database"
    size = place.stat().st_size
    with place.open("rb") as file:
        head = file.read(_HEAD)
    form = key_form(head, size)
    if form is not None or is_copy_of_key(place, size):
        return f"key material ({form or 'a copy of the key'})"
    if b"\0" in head:
        return "a binary file"
    return "a file of settings or of a layout" if size <= _LONGEST_SETTINGS and _is_toml(place) else None


def _is_toml(path: Path) -> bool:
    """Whether a file states anything in TOML."""
    try:
        return bool(parse_toml(path.read_bytes()))
    except TomlFault:
        return False


def _was_ingested(path: Path, database: Path, wait: float) -> bool:
    """Whether the database holds records of this very file, or of a member or sheet of it."""
    if not database.exists():
        return False
    with open_store(database, write=False, wait=wait, notify=announce) as store:
        entries = store.engine.rows("SELECT sha256, name FROM files WHERE size = ?", [path.stat().st_size])
    if not entries:
        return False
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # Of a chosen member the hash is that of the file's hash and the member's name, which the ledger has not whole.
    return any(sha256 == digest or ":" in name for sha256, name in entries)


def _export(place: Path, config: Config) -> str | None:
    """What a file is that a layout recognises, or that holds several of which none was chosen; None for any other."""
    layouts = shelf(config.folder or Path.cwd(), config.settings.layouts)
    try:
        export = open_export(place, layouts.vocabulary())
        layout = identify(place, [column.normal for column in export.columns], layouts)
    except (MemberNeeded, LayoutTied):
        return "an export"
    except KpibarError:
        return None
    return f"an export ({layout.name})" if layout else None
