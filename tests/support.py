"""What tests share: write exports, ingest them, compute a barometer, run the command line."""

import gc
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from kpibar.config import Config, Settings, load
from kpibar.database.store import Store, open_store
from kpibar.kpis.catalogue import catalogue
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options, Outcome
from kpibar.measure.barometer import barometer
from kpibar.measure.report import Barometer, Request, Row
from kpibar.model.build import build
from tests.launcher import launch

# Tiny tables must not be masked: what is tested here is the fraction.
SETTINGS = """
timezone = "Europe/Paris"
[reporting]
min_base = 1
small_base = 1
"""
REPOSITORY = Path(__file__).resolve().parent.parent


def heed_signals() -> None:
    """Let the programs that tests start be stopped; a run in the background hands on that it ignores some signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def child(line: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[Any]"]:
    """A process beside the test, which is killed when the test ends before it, whatever the cause."""
    with subprocess.Popen(line, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of some work, without those the collector spends on the objects of all the tests before it."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def table(text: str) -> str:
    """A CSV from a table written with bars: cells are trimmed, lines of dashes and blank lines left out.

    | contact_id | created_at          |
    | 1          | 2025-03-01 10:00:00 |
    """
    rows = [line.strip().strip("|") for line in text.strip().splitlines()]
    kept = [row for row in rows if row.strip(" -|")]
    return "".join(",".join(_cell(cell) for cell in row.split("|")) + "\n" for row in kept)


def _cell(text: str) -> str:
    bare = text.strip()
    return '"' + bare.replace('"', '""') + '"' if "," in bare or '"' in bare else bare


def settings(folder: Path, more: str = "") -> Config:
    """Settings written to a kpibar.toml in the folder."""
    path = folder / "kpibar.toml"
    path.write_text(SETTINGS + more, encoding="utf-8")
    return load(path)


def ingest_tables(
    folder: Path, exports: Mapping[str, str], config: Config, as_of: datetime | None = None
) -> list[Outcome]:
    """Write each export (name -> content or table with bars), ingest them into folder/test.duckdb, build the model."""
    with open_store(folder / "test.duckdb", write=True) as store:
        return _ingest(store, folder, exports, config, as_of)


def _ingest(
    store: Store, folder: Path, exports: Mapping[str, str], config: Config, as_of: datetime | None
) -> list[Outcome]:
    """Write each export, ingest them and build the model; raises the first error of a file."""
    paths = []
    for name, content in exports.items():
        text = table(content) if content.lstrip().startswith("|") else content
        (folder / name).write_text(text, encoding="utf-8", newline="")
        paths.append(folder / name)
    outcomes = ingest(store, paths, config, Options(as_of=as_of))
    build(store, config.settings.thresholds, config.settings.files)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return outcomes


def report(folder: Path, config: Config, request: Request | None = None) -> Barometer:
    """The barometer of folder/test.duckdb."""
    with open_store(folder / "test.duckdb", write=False) as store:
        return barometer(store, config, request or Request())


def row(found: Barometer, kpi: str) -> Row:
    """A KPI's row."""
    return next(row for row in found.rows if row.kpi.id == kpi)


def fraction(found: Barometer, kpi: str) -> tuple[float | None, float | None]:
    """A KPI's numerator and denominator."""
    now = row(found, kpi).now
    return now.numerator, now.denominator


def kpibar(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, as a user would, on a pipe."""
    return launch(arguments, folder, environment)


# Every KPI of the catalogue, those that are reported only when named among them.
EVERY = Request(kpis=tuple(kpi.id for kpi in catalogue(Settings()).kpis))
# The exports of a year are taken in February of the next, when every row of the year is mature.
AS_OF = datetime(2026, 2, 15, 12, 0)


def computed(
    folder: Path,
    exports: Mapping[str, str],
    more: str = "",
    as_of: datetime | None = AS_OF,
    request: Request | None = None,
) -> Barometer:
    """The barometer of exports written as tables with bars, under the settings of `settings`.

    The database is opened once: to close it and open it again to read costs a tenth of all this.
    """
    config = settings(folder, more)
    with open_store(folder / "test.duckdb", write=True) as store:
        _ingest(store, folder, exports, config, as_of)
        return barometer(store, config, request or Request())


def facts(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the fact tables of folder/test.duckdb."""
    with open_store(folder / "test.duckdb", write=False) as store:
        return list(store.engine.rows(sql))
