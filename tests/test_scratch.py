"""Temporary folders: those that killed runs left are deleted, all others stay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kpibar.database.scratch import scratch
from tests.intake import DATABASE, take_text
from tests.support import kpibar

CONTACTS = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n"


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


def test_a_folder_of_a_process_that_cannot_be_is_swept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = folder / "temporary" / "kpibar-scratch-99999999999999999999999-x"
    left.mkdir(0o700, parents=True)
    monkeypatch.setenv("TMPDIR", str(left.parent))
    take_text(folder, CONTACTS)
    done = kpibar("check", "--db", DATABASE, folder=folder)
    assert (done.returncode, "Traceback" in done.stderr, left.exists()) == (0, False, False)
