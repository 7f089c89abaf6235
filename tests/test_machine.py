"""What a machine can do to a run: closed streams, a folder that is gone, no room, no memory, signals, odd files."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kpibar.database.engine import EngineError
from kpibar.database.scratch import scratch
from kpibar.database.signals import StopSignal, install, stop_on_signal
from kpibar.database.store import open_store
from tests.intake import write
from tests.reproducers import DATABASE, GOOD, run

LONG = "SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3"


@pytest.fixture
def ready(folder: Path) -> Path:
    """A folder with a database of two contacts, its key and the export they came from."""
    write(folder, "good.csv", GOOD)
    done = run(folder, "ingest", "good.csv", "--tz", "UTC")
    assert done.returncode == 0, done.stderr
    return folder


def limited(folder: Path, *arguments: str, limit: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    """Run the command line under a limit of the system."""
    home = {"KPIBAR_KEY_FILE": "key", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "kpibar", *arguments],
        cwd=folder, env={**os.environ, **home}, capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=limit,
    )  # fmt: skip


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `kpibar` is the command."""
    kpibar = f"kpibar() {{ '{sys.executable}' -m kpibar \"$@\"; }}; "
    environment = {**os.environ, "KPIBAR_KEY_FILE": str(folder / "key")}
    return subprocess.run(
        ["bash", "-c", kpibar + line],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# --- streams and folders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"), [("kpibar status >&-", "it is closed"), ("kpibar status >/dev/full", "space")]
)
def test_data_that_cannot_be_written_is_an_error(ready: Path, line: str, why: str) -> None:
    done = shell(ready, line)
    assert done.returncode == 1
    assert "standard output: cannot be written" in done.stderr and why in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", ["kpibar ingest more.csv 2>&-", "kpibar ingest more.csv 2>/dev/full"])
def test_words_nobody_can_read_do_not_stop_a_run(ready: Path, line: str) -> None:
    write(ready, "more.csv", GOOD.replace("1,", "7,"))
    assert shell(ready, line).returncode == 0
    assert "2 read = 1 added" in run(ready, "status").stdout


def test_all_streams_closed_leave_the_database_whole(ready: Path) -> None:
    """The next file opened gets the number of a closed stream: words must not be written into the database."""
    write(ready, "more.csv", GOOD.replace("1,", "7,"))
    assert shell(ready, "kpibar ingest more.csv nope.csv <&- >&- 2>&-").returncode == 1
    assert run(ready, "check").stdout == "the database agrees with its ledger\n"


def test_a_folder_that_is_gone(ready: Path) -> None:
    done = shell(ready, "mkdir gone; cd gone; rmdir ../gone; kpibar status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("kpibar: the current folder does not exist any more; change to another one\n")


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


# --- room and memory -----------------------------------------------------------------------------------


def many(folder: Path) -> str:
    rows = "".join(f"{n},2025-03-01 10:00:00,email\n" for n in range(200_000))
    return write(folder, "many.csv", "contact_id,created_at,channel\n" + rows).name


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


def test_no_room_at_all(ready: Path) -> None:
    done = limited(ready, "status", limit=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0)))
    assert done.returncode == 1
    assert "kpibar: no temporary folder could be made" in done.stderr and "Traceback" not in done.stderr


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


# --- signals -------------------------------------------------------------------------------------------

_STATEMENT = f"""
from pathlib import Path
from kpibar.database import signals
from kpibar.database.engine import DuckDB
signals.install()
engine = DuckDB(Path("x.duckdb"), read_only=False)
print("running", flush=True)
try:
    engine.rows("{LONG}")
except signals.Stopped as stop:
    raise SystemExit(stop.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_a_long_statement(folder: Path, number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _STATEMENT], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"running\n"
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(timeout=10) == 128 + number


_LOADING = """
import os, signal, sys
from pathlib import Path
from kpibar.database import signals
from kpibar.database.store import open_store

def stop_within(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "_create_" and "enum" in frame.f_code.co_filename:
        sys.setprofile(None)
        print("stopped while the library is loaded", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

signals.install()
sys.setprofile(stop_within)
try:
    with open_store(Path("x.duckdb"), write=True):
        print("never")
except signals.Stopped as stop:
    raise SystemExit(stop.exit_code)
"""


def test_a_signal_waits_for_the_engine_to_be_loaded(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _LOADING], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (143, "stopped while the library is loaded\n"), done.stderr


def test_a_signal_waits_for_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    install()
    done = []
    try:
        with stop_on_signal(None):
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("the commit is whole")
        done.append("and what follows it is said")
        with pytest.raises(StopSignal) as stopped, stop_on_signal(lambda: None):
            done.append("never")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == ["the commit is whole", "and what follows it is said"]
    assert stopped.value.exit_code == 143


def test_a_run_that_waits_for_the_database_gets_it(ready: Path) -> None:
    hold = f"import duckdb; c = duckdb.connect({str(ready / DATABASE)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdin is not None and holder.stdout.readline() == b"held\n"
        waiting = subprocess.Popen(
            [sys.executable, "-m", "kpibar", "ingest", "good.csv", "--wait", "60"],
            cwd=ready, env={**os.environ, "KPIBAR_KEY_FILE": "key"}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(1.5)
        assert waiting.poll() is None
        holder.stdin.write(b"\n")
        holder.stdin.close()
        assert "already ingested" in waiting.communicate(timeout=60)[1]
    assert waiting.returncode == 0


# --- keys and temporary folders ------------------------------------------------------------------------


def test_no_new_key_for_a_database_that_has_one(ready: Path) -> None:
    (ready / "key").unlink()
    done = run(ready, "ingest", "good.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("kpibar: key: is missing: the key of this database")
    assert not (ready / "key").exists()


def test_what_killed_runs_left_is_swept_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left, mine = folder / f"kpibar-scratch-{int(gone.stdout)}-abc", folder / "kpibar-scratch-notes"
    foreign = folder / f"kpibar-scratch-{os.getpid()}-abc"
    for path in (left, mine, foreign):
        path.mkdir(mode=0o700)
        (path / "file").write_text("x")
    with scratch() as own:
        assert own.stat().st_mode & 0o777 == 0o700
        assert sorted(folder.iterdir()) == sorted((mine, foreign, own))
    assert sorted(folder.iterdir()) == sorted((mine, foreign))
