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

import tests.reproducers_audit
import tests.reproducers_database
import tests.reproducers_erasure
import tests.reproducers_explain
import tests.reproducers_order
import tests.reproducers_report
import tests.reproducers_sql  # noqa: F401 - they register their reproducers
from kpibar.cli.errors import FolderGone, TerminalUnfit
from kpibar.database import errors as database_errors
from kpibar.errors import KpibarError
from kpibar.measure.errors import ReportUnreadable
from kpibar.read.errors import FrameNameInvalid
from kpibar.removal import errors as removal_errors
from tests import reproducers_files, reproducers_outputs  # noqa: F401 - they register their own
from tests.intake import write
from tests.reproducers import DATABASE, GOOD, REPRODUCERS, Case, Reproducer, run, said
from tests.support import child


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two contacts and its key."""
    folder = tmp_path_factory.mktemp("filled")
    write(folder, "good.csv", GOOD)
    done = run(folder, "ingest", "good.csv", "--tz", "UTC")
    assert done.returncode == 0, done.stderr
    return folder


def copied(filled: Path, folder: Path) -> Path:
    """The folder, with a copy of that database."""
    for name in (DATABASE, "key", "good.csv"):
        shutil.copy(filled / name, folder / name)
    return folder


def check(case: Case, folder: Path, done: subprocess.CompletedProcess[str], code: int) -> None:
    lines = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert [line for line in lines if line.startswith("kpibar: ")] == lines[-1:], done.stderr
    for words in case.said:
        assert words in lines[-1]
    assert list(folder.rglob(".kpibar-*")) == [], "nothing half-written stays"


@pytest.mark.sample(9)
@pytest.mark.parametrize(
    ("error", "reproducer"), REPRODUCERS, ids=[f"{error.__name__}-{one.__name__}" for error, one in REPRODUCERS]
)
def test_error(filled: Path, folder: Path, error: type[KpibarError], reproducer: Reproducer) -> None:
    case = reproducer(copied(filled, folder))
    check(case, folder, run(folder, *case.arguments, **case.environment), error.exit_code)


@pytest.mark.long
@pytest.mark.parametrize("command", ["ingest good.csv --tz UTC", "report"])
def test_a_database_in_use(filled: Path, folder: Path, command: str) -> None:
    database = copied(filled, folder) / DATABASE
    hold = f"import duckdb; c = duckdb.connect({str(database)!r}); print('held', flush=True); input()"
    with child([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        case = said(command, f"{DATABASE}: is in use by process {holder.pid}, running since 20", "--wait 60", "--db")
        check(case, folder, run(folder, *case.arguments), database_errors.DatabaseLocked.exit_code)


@pytest.mark.long
def test_what_is_no_database_of_kpibar_is_left_as_it_was(filled: Path, folder: Path) -> None:
    ready = copied(filled, folder)
    with duckdb.connect(str(ready / "other.duckdb")) as other:
        other.execute("CREATE TABLE t AS SELECT 42 AS a")
    write(ready, "text.txt", "precious")
    for name in ("other.duckdb", "text.txt"):
        (ready / name).chmod(0o644)
        before = (ready / name).read_bytes(), (ready / name).stat().st_mode
        assert run(ready, "ingest", "good.csv", "--db", name).returncode == 1
        assert ((ready / name).read_bytes(), (ready / name).stat().st_mode) == before


def causes(error: type[KpibarError]) -> set[type[KpibarError]]:
    """The errors without a more precise one."""
    below = error.__subclasses__()
    return set().union(*(causes(sub) for sub in below)) if below else {error}


# Those that need another process or a limit of the system: above, in tests/test_memory_and_disk.py and
# tests/test_streams.py; a terminal: tests/test_several_outputs.py; of the library alone: tests/test_api.py.
ELSEWHERE = {
    database_errors.DatabaseLocked,
    database_errors.DiskFull,
    FolderGone,
    TerminalUnfit,
    database_errors.MemoryShort,
    database_errors.ScratchFull,
    database_errors.ScratchUnusable,
    removal_errors.RewriteShort,
    FrameNameInvalid,
    ReportUnreadable,
}


def test_every_error_has_a_reproducer() -> None:
    assert causes(KpibarError) == {error for error, _ in REPRODUCERS} | ELSEWHERE
