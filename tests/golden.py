"""What the command line says of the sample exports, page by page, as the files in tests/golden hold it.

    python -m tests.golden

writes these files anew; the difference is then read like code before it is committed.
"""

import contextlib
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

from kpibar.cli.app import app
from kpibar.cli.demo import EXPORTED_ON, sample_files, sample_folder
from tests.support import REPOSITORY, kpibar

FOLDER = REPOSITORY / "tests/golden"
_REPORT = ("report", "--year", "2025")
# The arguments of each page and the width of the terminal; the ingest comes before all others.
PAGES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "status.txt": (("status",), 100),
    "rejects.txt": (("rejects",), 100),
    "check.txt": (("check",), 100),
    "kpis.txt": (("kpis",), 100),
    "kpis-late_share.txt": (("kpis", "late_share"), 100),
    "layouts.txt": (("layouts",), 100),
    "status-fr.txt": (("status", "--lang", "fr"), 100),
    "rejects-fr.txt": (("rejects", "--lang", "fr"), 100),
    "kpis-late_share-fr.txt": (("kpis", "late_share", "--lang", "fr"), 100),
    "report.json": ((*_REPORT, "--json"), 80),
    "report.csv": ((*_REPORT, "--format", "csv"), 80),
    "report-80-en.txt": ((*_REPORT, "--format", "table"), 80),
    "report-140-en.txt": ((*_REPORT, "--format", "table"), 140),
    "report-80-fr.txt": ((*_REPORT, "--format", "table", "--lang", "fr"), 80),
    "report-140-fr.txt": ((*_REPORT, "--format", "table", "--lang", "fr"), 140),
    "report-colour.txt": ((*_REPORT, "--format", "table", "--color", "always"), 100),
    "report-carrier.txt": ((*_REPORT, "--format", "table", "--by", "carrier"), 100),
    "report-month.txt": ((*_REPORT, "--format", "table", "--by", "month"), 140),
    "report-share.txt": ((*_REPORT, "--format", "table", "--share"), 100),
}
# A page whose bytes are of a terminal without accents.
ASCII = "report-ascii.txt"
_DATES = re.compile(r'("generated_at": ")[^"]+')


def make_pages(folder: Path) -> dict[str, str]:
    """Every page of the sample exports, ingested in a folder: name -> text. Raises AssertionError."""
    return {"ingest.txt": ingest_page(folder)} | {name: make_page(folder, name) for name in (*PAGES, ASCII)}


def ingest_page(folder: Path) -> str:
    """What the ingest of the sample exports into a folder says. Raises AssertionError."""
    exports = folder / "exports"
    exports.mkdir()
    for path in sample_files():
        shutil.copy(path, exports)
    shutil.copy(sample_folder() / "kpibar.toml", folder)
    names = sorted(f"exports/{path.name}" for path in exports.iterdir())
    return _page(folder, ("ingest", *names, "--as-of", EXPORTED_ON), 100)


def make_page(folder: Path, name: str) -> str:
    """A page of the folder into which the sample exports were ingested. Raises AssertionError."""
    if name != ASCII:
        return _page(folder, *PAGES[name])
    run = kpibar(
        *_REPORT, "--format", "table", folder=folder, KPIBAR_KEY_FILE=str(folder / "key"), COLUMNS="80",
        PYTHONIOENCODING="ascii",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return _plain(folder, run.stdout + run.stderr)


def _page(folder: Path, arguments: tuple[str, ...], columns: int) -> str:
    """What a command writes, in this process, as a page."""
    environment = {"KPIBAR_KEY_FILE": str(folder / "key"), "COLUMNS": str(columns)}
    with contextlib.chdir(folder):
        result = CliRunner().invoke(app, list(arguments), env=environment)
    assert result.exit_code == 0, (arguments, result.exception, result.output[-900:])
    return _plain(folder, result.output)


def _plain(folder: Path, text: str) -> str:
    """A page without what differs between two runs: the folder and the time."""
    return _DATES.sub(r"\g<1>2026-01-01T00:00:00Z", text.replace(str(folder), "FOLDER"))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kpibar-golden-") as name:
        pages = make_pages(Path(name).resolve())
    for page, text in pages.items():
        (FOLDER / page).write_text(text, encoding="utf-8", newline="")
    sys.stdout.write(f"{len(pages)} pages in {FOLDER.relative_to(REPOSITORY)}\n")


if __name__ == "__main__":
    main()
