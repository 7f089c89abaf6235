"""What a shell completes: KPIs, families, layouts, zones, names of the database; never an error, a word or a file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kpibar.load.outcome import Outcome

_PROGRAM = "import sys; sys.argv = ['kpibar']; from kpibar.cli.app import main; main()"


def completions(folder: Path, line: str) -> list[str]:
    """What bash is offered behind the last word of a line; nothing may be said beside it, and no file be made."""
    before = set(folder.iterdir())
    shell = {"_KPIBAR_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=folder, env={**os.environ, **shell}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert set(folder.iterdir()) == before
    return [words for words in done.stdout.splitlines() if words]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("kpibar report --kpi late_", ["late_share"]),
        ("kpibar report --kpi Livraisons", ["Livraisons en retard"]),
        ("kpibar kpis slot", ["slot_adherence"]),
        ("kpibar explain late_", ["late_share"]),
        ("kpibar report --family de", ["delivery", "demand"]),
        ("kpibar layouts zendesk-", ["zendesk-satisfaction", "zendesk-tickets"]),
        ("kpibar ingest --layout easi", ["easiware"]),
        ("kpibar ingest --tz Europe/Par", ["Europe/Paris"]),
        ("kpibar report --channel ma", []),
        ("kpibar report --channel so", ["social"]),
    ],
)
def test_what_the_catalogue_knows_is_completed(tmp_path: Path, line: str, offered: list[str]) -> None:
    assert completions(tmp_path, line) == offered


@pytest.mark.parametrize("option", ["--brand", "--carrier", "--team", "--kpi"])
def test_nothing_is_said_where_there_is_no_database_or_the_settings_are_broken(tmp_path: Path, option: str) -> None:
    assert completions(tmp_path, f"kpibar report {option} Mai") == []
    (tmp_path / "kpibar.toml").write_text("nonsense = [", encoding="utf-8")
    (tmp_path / "kpibar.duckdb").write_text("no database", encoding="utf-8")
    assert completions(tmp_path, f"kpibar report {option} Mai") == []


@pytest.mark.long
def test_the_names_of_the_database_are_completed(sample: tuple[Path, list[Outcome]], tmp_path: Path) -> None:
    shutil.copy(sample[0] / "test.duckdb", tmp_path / "kpibar.duckdb")
    assert completions(tmp_path, "kpibar report --brand M") == ["Maison Bleue"]
    assert "Colissimo" in completions(tmp_path, "kpibar report --carrier Co")
    assert completions(tmp_path, "kpibar report --team Zzz") == []
