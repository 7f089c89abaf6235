"""No room on the disk, too little memory: words, and the database as before."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kpibar.database import engine
from kpibar.database.engine import EngineError
from kpibar.database.store import open_store
from tests.intake import write
from tests.reproducers import DATABASE, ingest_good, run


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two contacts, its key and the export they came from."""
    return ingest_good(tmp_path_factory.mktemp("good"))


@pytest.fixture
def ready(good: Path, folder: Path) -> Path:
    """A copy of that folder."""
    shutil.copytree(good, folder, dirs_exist_ok=True)
    return folder


def limited(folder: Path, *arguments: str, limit: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    """Run the command line under a limit of the system."""
    home = {"KPIBAR_KEY_FILE": "key", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "kpibar", *arguments],
        cwd=folder, env={**os.environ, **home}, capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=limit,
    )  # fmt: skip


def many(folder: Path) -> str:
    rows = "".join(f"{n},2025-03-01 10:00:00,email\n" for n in range(200_000))
    return write(folder, "many.csv", "contact_id,created_at,channel\n" + rows).name


@pytest.mark.long
def test_little_memory_is_enough_for_an_export(folder: Path) -> None:
    rows = "".join(f"{number},2025-03-01 10:00:00,email\n" for number in range(2_000))
    write(folder, "many.csv", f"contact_id,created_at,channel\n{rows}")
    little = partial(resource.setrlimit, resource.RLIMIT_AS, (900_000_000, 900_000_000))
    done = limited(folder, "ingest", "many.csv", "--tz", "UTC", "--db", DATABASE, limit=little)
    assert (done.returncode, "2,000 added" in done.stderr) == (0, True), done.stderr


def test_a_full_disk_is_words_and_the_database_as_before(ready: Path) -> None:
    room = (ready / DATABASE).stat().st_size + 100_000
    done = limited(ready, "ingest", many(ready), limit=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room)))
    assert done.returncode == 1
    assert f"kpibar: {DATABASE}: no room left to write it" in done.stderr and "MB free" in done.stderr
    assert "Traceback" not in done.stderr
    assert run(ready, "check").stdout == "the database agrees with its ledger\n"


@pytest.mark.long
def test_no_room_at_all(ready: Path) -> None:
    done = limited(ready, "status", limit=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0)))
    assert done.returncode == 1
    assert "kpibar: no temporary folder could be made" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.sample(1)
@pytest.mark.parametrize("megabytes", [130, 200, 240, 400])
def test_too_little_memory_is_words(ready: Path, megabytes: int) -> None:
    """From so little that not even the libraries fit to what they would begin with and not end."""
    most = megabytes * 1024 * 1024
    done = limited(ready, "ingest", many(ready), limit=partial(resource.setrlimit, resource.RLIMIT_AS, (most, most)))
    assert done.returncode == 1, done.stderr
    assert "kpibar: the memory did not suffice" in done.stderr and "Traceback" not in done.stderr


_SPILLING = """
import resource, signal, sys
from pathlib import Path
import kpibar.database.engine
from kpibar.config import Thresholds
from kpibar.errors import KpibarError
from kpibar.model.build import build
from kpibar.database.store import open_store

kpibar.database.engine._MOST_MEMORY = 40 << 20  # so that little is enough to show it
ROWS = 2_000_000 if sys.argv[1:] else 700_000
PEOPLE = f"SELECT 'person' || i || '@example.org' AS person, md5(i::VARCHAR) AS other FROM range({ROWS}) AS t(i)"
if sys.argv[1:]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
try:
    with open_store(Path("spill.duckdb"), write=True) as store:
        def told():
            store.engine.run(f"CREATE TEMP TABLE people AS {PEOPLE}")
            written = [file.read_bytes() for file in store.temporary.rglob("*") if file.is_file()]
            print(sum(map(len, written)) > 1_000_000, any(b"@example.org" in text for text in written))
        told()
        with store.engine.in_the_clear():
            told()
            store.engine.run("DROP TABLE people")
        told()
        build(store, Thresholds())
        told()
except KpibarError as error:
    print(error)
"""


def spilling(folder: Path, *arguments: str) -> list[str]:
    script = [sys.executable, "-c", _SPILLING, *arguments]
    done = subprocess.run(script, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


@pytest.mark.long
def test_what_does_not_fit_into_memory_is_scrambled_but_for_what_the_database_holds(folder: Path) -> None:
    """Each pair: something was written to disk; it could be read there. Scrambled, in the clear, scrambled again."""
    assert spilling(folder) == ["True False", "True True", "True False", "True False"]


def test_no_room_for_what_does_not_fit_into_memory(folder: Path) -> None:
    (said,) = spilling(folder, "with files of 4 MB at most")
    assert "no room for what does not fit into memory" in said and "TMPDIR" in said


def test_exports_are_read_within_a_gigabyte(folder: Path) -> None:
    with open_store(folder / DATABASE, write=True) as store:
        asked = "SELECT parse_formatted_bytes(current_setting('memory_limit'))"
        assert store.engine.rows(asked)[0][0] <= 2**30
        with pytest.raises(EngineError, match="locked"):
            store.engine.run("SET memory_limit = '8 GB'")


def test_few_parsed_statements_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes forty times the memory of its text: those of many files must not add up; what is asked again stays."""
    monkeypatch.setattr(engine, "_CACHE_TEXT", 10_000)
    with open_store(folder / DATABASE, write=True) as store:
        for number in range(30):
            assert store.engine.rows(f"SELECT {number}, '{'x' * 1_000}'")[0][0] == number
            assert store.engine.rows("SELECT 'again'") == [("again",)]
    assert sum(map(len, engine._CACHE)) <= 10_000
    assert "SELECT 'again'" in engine._CACHE
