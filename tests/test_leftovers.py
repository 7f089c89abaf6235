"""What lies about from earlier runs, or was put there, disturbs nothing."""

from pathlib import Path

import pytest

from tests.intake import DATABASE, take_text
from tests.support import kpibar

CONTACTS = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n"


def test_a_folder_of_a_process_that_cannot_be_is_swept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = folder / "temporary" / "kpibar-scratch-99999999999999999999999-x"
    left.mkdir(0o700, parents=True)
    monkeypatch.setenv("TMPDIR", str(left.parent))
    take_text(folder, CONTACTS)
    done = kpibar("check", "--db", DATABASE, folder=folder)
    assert (done.returncode, "Traceback" in done.stderr, left.exists()) == (0, False, False)


@pytest.mark.parametrize("command", [("check",), ("ingest", "more.csv")])
@pytest.mark.parametrize("seal", ["[" * 4_000, '{"a":' * 700, "[1, 2]", "null"])
def test_a_seal_that_is_none_says_nothing(folder: Path, command: tuple[str, ...], seal: str) -> None:
    take_text(folder, CONTACTS)
    (folder / "more.csv").write_text(CONTACTS.replace("1,", "2,", 1))
    (folder / f"{DATABASE}.last").write_text(seal)
    done = kpibar(*command, "--db", DATABASE, folder=folder)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
