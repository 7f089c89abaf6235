"""Nothing that was typed on the command line reaches the terminal as a control sign."""

import unicodedata
from pathlib import Path

import pytest

from tests.support import kpibar

# Escape sequences, controls of eight bits, a line end, marks of direction, a separator of lines, a halved pair.
HOSTILE = "\x1b[31mx\x9b2J\r\nkpibar: written\u202e\u2028\u200b\udce9"


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "arguments",
    [
        ["report", f"--{HOSTILE}"],
        ["report", f"-{HOSTILE}"],
        ["report", f"--yaer{HOSTILE}"],
        [HOSTILE],
        ["report", HOSTILE],
        ["kpis", "late_share", HOSTILE],
        ["report", "--year", HOSTILE],
        ["report", "--by", HOSTILE],
        ["report", "--wait", HOSTILE],
        ["report", "--color", HOSTILE],
        ["report", f"--format={HOSTILE}"],
        ["ingest", "--date-order", HOSTILE, "x.csv"],
        ["ingest", "--max-rejects", HOSTILE, "x.csv"],
        ["ingest", "--tz", HOSTILE, "x.csv"],
        ["ingest", "--encoding", HOSTILE, "x.csv"],
        ["ingest", "--as-of", HOSTILE, "x.csv", "--tz", "UTC"],
        ["ingest", HOSTILE, "--tz", "UTC"],
        ["kpis", HOSTILE],
        ["layouts", HOSTILE],
        ["report", "--config", HOSTILE],
        ["report", "--db", HOSTILE],
        ["report", "-o", f"{HOSTILE}.docx"],
    ],
    ids=lambda arguments: " ".join(one for one in arguments if HOSTILE not in one),
)
def test_no_control_sign_is_echoed(folder: Path, arguments: list[str]) -> None:
    done = kpibar(*arguments, folder=folder)
    assert done.returncode in (1, 2)
    shown = done.stdout + done.stderr
    assert not [sign for sign in shown if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not any(line.startswith("kpibar: written") for line in shown.splitlines())
    assert "Traceback" not in shown


def test_values_of_the_environment_neither(folder: Path) -> None:
    hostile = HOSTILE.replace("\udce9", "")
    for name in ("KPIBAR_WAIT", "KPIBAR_LANG", "KPIBAR_TZ", "KPIBAR_CONFIG", "KPIBAR_DB"):
        done = kpibar("report", folder=folder, **{name: hostile})
        assert "\x1b" not in done.stderr and "\u202e" not in done.stderr and "Traceback" not in done.stderr, name


def test_a_long_word_is_cut(folder: Path) -> None:
    done = kpibar("report", "--" + "x" * 100_000, folder=folder)
    assert done.returncode == 2 and "No such option" in done.stderr and len(done.stderr) < 2_000


def test_usage_is_told_as_before(folder: Path) -> None:
    done = kpibar("report", "--yaer", "2025", folder=folder)
    assert done.returncode == 2 and done.stdout == ""
    assert "Usage: " in done.stderr and "Try '" in done.stderr and "No such option: --yaer" in done.stderr
    assert kpibar(folder=folder).returncode == 2
    assert "Usage: " in kpibar(folder=folder).stderr
    assert kpibar("--version", folder=folder).returncode == 0
    assert kpibar("report", "-h", folder=folder).returncode == 0
