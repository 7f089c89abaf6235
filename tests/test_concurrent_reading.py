"""Who reads needs nobody's leave: reports beside reports, beside a writer, and on a disk that cannot be written."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from kpibar.database.store import open_store
from tests.support import REPOSITORY, SETTINGS, child, heed_signals, kpibar

SHOP = REPOSITORY / "tests" / "fixtures" / "schema" / "shop"
DATABASE = "kpibar.duckdb"
# A contact within so many days belongs to the same case: other fact tables than those that the ingest stored.
CHANGED = SETTINGS + "[thresholds]\nrepeat_window_days = 1\nissue_gap_days = 1\nlink_after_promise_days = 1\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database, its settings, and what a report tells under other thresholds than it was made with."""
    heed_signals()
    folder = tmp_path_factory.mktemp("shop")
    (folder / "kpibar.toml").write_text(SETTINGS, encoding="utf-8")
    done = ingested(folder, *sorted(SHOP.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    return folder


def ingested(folder: Path, *exports: Path, wait: str = "0") -> subprocess.CompletedProcess[str]:
    """An ingest with the key beside the database."""
    key = str(folder / "own.key")
    return kpibar("ingest", *map(str, exports), "--wait", wait, folder=folder, KPIBAR_KEY_FILE=key)


@pytest.fixture
def copy(shop: Path, folder: Path) -> Path:
    """A copy of it whose settings have changed since."""
    shutil.copytree(shop, folder / "copy")
    (folder / "copy" / "kpibar.toml").write_text(CHANGED, encoding="utf-8")
    return folder / "copy"


def figures(folder: Path, *more: str) -> object:
    """The figures of a report."""
    done = kpibar("report", "--json", *more, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["kpis"]


def rebuilt(copy: Path) -> object:
    """The figures once an ingest has stored the fact tables of the changed settings."""
    place = copy.parent / "rebuilt"
    shutil.copytree(copy, place)
    assert ingested(place, SHOP / "orders.csv").returncode == 0
    return figures(place)


@pytest.mark.long
def test_six_reports_at_once_after_a_changed_threshold(shop: Path, copy: Path) -> None:
    """All succeed without waiting, none writes, and each gives the figures that an ingest would store."""
    before = (copy / DATABASE).read_bytes()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: figures(copy, "--wait", "0"), range(6)))
    assert (copy / DATABASE).read_bytes() == before
    assert not (copy / f"{DATABASE}.wal").exists()
    assert found == [rebuilt(copy)] * 6
    assert found[0] != figures(shop)
    checked = kpibar("check", folder=copy)
    assert checked.returncode == 0 and "note: fact tables" in checked.stdout


@contextmanager
def unwritable(place: Path) -> Iterator[Path]:
    """The same folder where nothing can be written: a disk mounted for reading, else without permission."""
    if sys.platform == "linux" and os.getuid() == 0 and shutil.which("mount"):
        disk = place.parent / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], check=False).returncode == 0:
            try:
                shutil.copytree(place, disk, dirs_exist_ok=True)
                subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
                yield disk
            finally:
                subprocess.run(["umount", str(disk)], check=True)
            return
    for path in place.iterdir():
        path.chmod(0o400)
    place.chmod(0o500)
    try:
        yield place
    finally:
        place.chmod(0o700)


@pytest.mark.long
def test_every_reading_command_works_on_a_disk_that_cannot_be_written(copy: Path) -> None:
    wanted = rebuilt(copy)
    with unwritable(copy) as place:
        assert figures(place) == wanted
        for command in (["status"], ["status", "--json"], ["rejects"], ["check"], ["report", "--by", "brand"]):
            done = kpibar(*command, folder=place)
            assert done.returncode == 0, (command, done.stderr)


@pytest.mark.long
def test_an_older_database_on_such_a_disk_is_refused_in_words(folder: Path) -> None:
    from tests.test_schema import restored

    (folder / "old").mkdir()
    restored(folder / "old", "4_story")
    with unwritable(folder / "old") as place:
        if not os.access(place, os.W_OK) or os.getuid():
            done = kpibar("report", folder=place)
            assert done.returncode == 1 and "could not be migrated" in done.stderr, done.stderr


_WRITER = """
import sys, time
from pathlib import Path
from kpibar.database.store import open_store
with open_store(Path("kpibar.duckdb"), write=True) as store:
    print("open", flush=True)
    time.sleep(float(sys.argv[1]))
"""


@contextmanager
def writer(place: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open for writing."""
    line = [sys.executable, "-c", _WRITER, str(seconds)]
    with child(line, cwd=place, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "open\n"
        yield process


@pytest.mark.long
def test_a_reader_waits_for_a_short_writer(copy: Path) -> None:
    with writer(copy, 1.5):
        began = time.monotonic()
        figures(copy)
        assert time.monotonic() - began > 0.5


def test_a_reader_is_told_who_writes_for_long(copy: Path) -> None:
    with writer(copy, 60) as process:
        done = kpibar("report", "--wait", "0.2", folder=copy)
        assert done.returncode == 1 and f"in use by process {process.pid}" in done.stderr
        assert "--wait" in done.stderr


@pytest.mark.long
def test_a_writer_is_not_kept_out_by_the_end_of_a_report(copy: Path) -> None:
    """A report that builds its own fact tables holds the file as any reader does: an ingest waits for it."""
    with open_store(copy / DATABASE, write=False):
        done = ingested(copy, SHOP / "orders.csv")
        assert done.returncode == 1 and "is in use by process" in done.stderr
    assert ingested(copy, SHOP / "orders.csv").returncode == 0
