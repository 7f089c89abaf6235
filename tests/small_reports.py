"""Reports of small tables through the command line: a database of them, and what `kpibar report --json` says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import AS_OF, kpibar, table


def database(folder: Path, exports: Mapping[str, str], settings: str) -> Path:
    """A folder with the exports in its database, and the settings beside it."""
    (folder / "kpibar.toml").write_text(settings, encoding="utf-8")
    for name, text in exports.items():
        (folder / name).write_text(table(text), encoding="utf-8")
    run = kpibar("ingest", *exports, "--as-of", f"{AS_OF:%Y-%m-%d}", folder=folder, KPIBAR_KEY_FILE="key")
    assert run.returncode == 0, run.stderr
    return folder


def report(folder: Path, *arguments: str) -> dict[str, Any]:
    """The report of 2025 as JSON."""
    run = kpibar("report", "--year", "2025", "--json", *arguments, folder=folder, KPIBAR_KEY_FILE="key")
    assert run.returncode == 0, run.stderr
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def kpi(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The entry of a KPI."""
    entry: dict[str, Any] = next(entry for entry in document["kpis"] if entry["id"] == name)
    return entry
