"""What a report is written as, and what the place it goes to can show."""

import hashlib
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from kpibar.barometer import Barometer
from kpibar.config import Config
from kpibar.errors import FormatUnknown
from kpibar.errors_files import CorrectionsKept, OutputOverwrites
from kpibar.ingest.container import located
from kpibar.ingest.corrections import Corrections
from kpibar.ingest.pseudonyms import key_path
from kpibar.ingest.seal import seal_path
from kpibar.options import FORMATS, Color, Format, Palette
from kpibar.render import summary
from kpibar.render.clean import clean
from kpibar.render.document import to_csv, to_json
from kpibar.render.output import write_whole
from kpibar.render.terminal import Screen, render
from kpibar.store import is_duckdb, open_store


def format_of(output: Path | None) -> Format:
    """The format a file's extension names. Raises FormatUnknown."""
    if output is None or output.is_dir():
        return Format.table
    if output.suffix.lower() not in FORMATS:
        raise FormatUnknown(output, FORMATS)
    return FORMATS[output.suffix.lower()]


def rendered(computed: Barometer, wanted: Format, lang: str, screen: Screen) -> str:
    """The report as text."""
    if wanted is Format.json:
        return to_json(computed, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if wanted is Format.csv:
        return to_csv(computed)
    return render(computed, lang, screen)


def screen_of(color: Color, palette: Palette, *, to_file: bool = False) -> Screen:
    """What the output can show: a pipe or file gets full width and no colour, NO_COLOR no colour."""
    terminal = sys.stdout.isatty() and not to_file
    coloured = color is Color.always or (color is Color.auto and terminal and not os.environ.get("NO_COLOR"))
    width = shutil.get_terminal_size().columns if terminal or os.environ.get("COLUMNS") else None
    return Screen(
        width=None if to_file else width,
        colour=coloured and not to_file,
        styled=(terminal or color is Color.always) and not to_file,
        unicode=to_file or _can_print("▁▲−≤", sys.stdout.encoding),
        palette=palette.value,
    )


def _can_print(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def refuse_overwriting(
    output: Path | None, database: Path, config: Config, *exports: Path | None, wait: float = 0.0
) -> None:
    """Refuse an output that is a database, what belongs to one, a key, the settings, or an export.

    An export may be named with what is to be read in it (`book.xlsx:Sheet`), or be one the database was made from.
    Raises OutputOverwrites, and for a database that cannot be read what open_store raises.
    """
    if output is None or not output.exists():
        return
    key = key_path(config.settings.project)
    beside = (database.with_name(database.name + end) for end in ("", ".wal"))
    files = (located(export)[0] for export in exports if export)
    for kept in (*beside, seal_path(database), key, config.path, *files):
        if kept and kept.exists() and output.samefile(kept):
            raise OutputOverwrites(output, kept)
    own = output.suffix == ".key" and output.resolve().parent == key.resolve().parent
    if output.is_file() and (own or is_duckdb(output) or _was_ingested(output, database, wait)):
        raise OutputOverwrites(output, output)


def _was_ingested(path: Path, database: Path, wait: float) -> bool:
    """Whether the database holds the records of this very file."""
    if not database.exists():
        return False
    with open_store(database, write=False, wait=wait) as store:
        known = store.engine.rows("SELECT sha256 FROM files WHERE size = ?", [path.stat().st_size])
    with path.open("rb") as file:
        return bool(known) and (hashlib.file_digest(file, "sha256").hexdigest(),) in known


def write_corrections(taken: Corrections, output: Path) -> tuple[str, ...]:
    """Write the rejected records of an export, if there are any; return what to say.

    Raises OutputUnwritable, CorrectionsKept.
    """
    if not taken.content:
        return ("nothing was rejected, nothing is written",)
    if output.is_file() and output.stat().st_size and output.read_bytes() != taken.content:
        raise CorrectionsKept(output)
    write_whole(output, taken.content)
    return f"written: {clean(str(output))}", summary.to_correct(taken, output)
