"""Streams that are closed or full, a folder that is gone, a database or key that is no file, is in use or missing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.intake import write
from tests.reproducers import DATABASE, GOOD, ingest_good, run
from tests.support import child


@pytest.fixture
def ready(folder: Path) -> Path:
    """A folder with a database of two contacts, its key and the export they came from."""
    return ingest_good(folder)


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `kpibar` is the command."""
    kpibar = f"kpibar() {{ '{sys.executable}' -m kpibar \"$@\"; }}; "
    environment = {**os.environ, "KPIBAR_KEY_FILE": str(folder / "key")}
    return subprocess.run(
        ["bash", "-c", kpibar + line],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("line", "why"), [("kpibar status >&-", "it is closed"), ("kpibar status >/dev/full", "space")]
)
def test_data_that_cannot_be_written_is_an_error(ready: Path, line: str, why: str) -> None:
    done = shell(ready, line)
    assert done.returncode == 1
    assert "standard output: cannot be written" in done.stderr and why in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("line", ["kpibar ingest more.csv 2>&-", "kpibar ingest more.csv 2>/dev/full"])
def test_words_nobody_can_read_do_not_stop_a_run(ready: Path, line: str) -> None:
    write(ready, "more.csv", GOOD.replace("1,", "7,"))
    assert shell(ready, line).returncode == 0
    assert "2 read = 1 added" in run(ready, "status").stdout


@pytest.mark.long
def test_all_streams_closed_leave_the_database_whole(ready: Path) -> None:
    """The next file opened gets the number of a closed stream: words must not be written into the database."""
    write(ready, "more.csv", GOOD.replace("1,", "7,"))
    assert shell(ready, "kpibar ingest more.csv nope.csv <&- >&- 2>&-").returncode == 1
    assert run(ready, "check").stdout == "the database agrees with its ledger\n"


def test_a_folder_that_is_gone(ready: Path) -> None:
    done = shell(ready, "mkdir gone; cd gone; rmdir ../gone; kpibar status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("kpibar: the current folder does not exist any more; change to another one\n")


@pytest.mark.sample(1)
@pytest.mark.parametrize("option", ["db", "key"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_neither_waited_for_nor_written(ready: Path, option: str, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else ready / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    name = {"KPIBAR_DB" if option == "db" else "KPIBAR_KEY_FILE": str(path)}
    done = run(ready, "ingest", "good.csv", "--tz", "UTC", **name)
    assert done.returncode == 1
    assert "is not a kpibar database" in done.stderr or "is not a regular file" in done.stderr


def test_a_run_that_waits_for_the_database_gets_it(ready: Path) -> None:
    hold = f"import duckdb; c = duckdb.connect({str(ready / DATABASE)!r}); print('held', flush=True); input()"
    with child([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdin is not None and holder.stdout.readline() == b"held\n"
        line = [sys.executable, "-m", "kpibar", "ingest", "good.csv", "--wait", "60"]
        variables = {**os.environ, "KPIBAR_KEY_FILE": "key"}
        with child(line, cwd=ready, env=variables, stderr=subprocess.PIPE, text=True) as waiting:
            time.sleep(1.5)
            assert waiting.poll() is None
            holder.stdin.write(b"\n")
            holder.stdin.close()
            assert "already ingested" in waiting.communicate(timeout=60)[1]
            assert waiting.returncode == 0


@pytest.mark.long
def test_no_new_key_for_a_database_that_has_one(ready: Path) -> None:
    (ready / "key").unlink()
    done = run(ready, "ingest", "good.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("kpibar: key: is missing: the key of this database")
    assert not (ready / "key").exists()
