"""Every cause of error through the command line, as a user meets it.

Each leaves stdout empty, ends stderr with the only line that starts with `kpibar: `, which names what is wrong and what
to do, and exits with the code of its class. There is never a traceback.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from kpibar import errors
from kpibar.errors import KpibarError
from tests.intake import write
from tests.reproducers import DATABASE, GOOD, REPRODUCERS, Case, Reproducer, said
from tests.support import kpibar


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two contacts and its key."""
    folder = tmp_path_factory.mktemp("filled")
    write(folder, "good.csv", GOOD)
    done = kpibar("ingest", "good.csv", "--tz", "UTC", folder=folder, KPIBAR_KEY_FILE=str(folder / "key"))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ready(folder: Path, filled: Path) -> Path:
    """A working folder with a copy of that database."""
    for name in (DATABASE, "key", "good.csv"):
        shutil.copy(filled / name, folder / name)
    return folder


def check(folder: Path, case: Case, code: int) -> None:
    done = kpibar(*case.arguments, folder=folder, **{"KPIBAR_KEY_FILE": "key", **case.environment})
    lines = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert [line for line in lines if line.startswith("kpibar: ")] == lines[-1:], done.stderr
    for words in case.said:
        assert words in lines[-1]
    assert list(folder.rglob(".kpibar-*")) == [], "nothing half-written stays"


@pytest.mark.parametrize(
    ("error", "reproducer"), REPRODUCERS, ids=[f"{error.__name__}-{one.__name__}" for error, one in REPRODUCERS]
)
def test_error(ready: Path, error: type[KpibarError], reproducer: Reproducer) -> None:
    check(ready, reproducer(ready), error.exit_code)


@pytest.mark.parametrize("command", ["ingest good.csv --tz UTC", "report"])
def test_a_database_in_use(ready: Path, command: str) -> None:
    hold = f"import duckdb; c = duckdb.connect({str(ready / DATABASE)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        words = f"{DATABASE}: is in use by process {holder.pid}; wait until it has finished"
        check(ready, said(command, words, "--db"), errors.DatabaseLocked.exit_code)
        holder.stdin.write(b"\n")


def test_what_is_no_database_of_kpibar_is_left_as_it_was(ready: Path) -> None:
    with duckdb.connect(str(ready / "other.duckdb")) as other:
        other.execute("CREATE TABLE t AS SELECT 42 AS a")
    write(ready, "text.txt", "precious")
    for name in ("other.duckdb", "text.txt"):
        (ready / name).chmod(0o644)
        before = (ready / name).read_bytes(), (ready / name).stat().st_mode
        assert kpibar("ingest", "good.csv", "--db", name, folder=ready, KPIBAR_KEY_FILE="key").returncode == 1
        assert ((ready / name).read_bytes(), (ready / name).stat().st_mode) == before


def causes(error: type[KpibarError]) -> set[type[KpibarError]]:
    """The errors without a more precise one."""
    below = error.__subclasses__()
    return set().union(*(causes(sub) for sub in below)) if below else {error}


def test_every_error_has_a_reproducer() -> None:
    assert causes(KpibarError) == {error for error, _ in REPRODUCERS} | {errors.DatabaseLocked}
