"""The figures that kpibar prints of a sample beside the true values, which its generator knows.

    python -m tests.truth [SEED]

prints the table of the shipped sample, or of the sample of another seed.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import kpibar
from kpibar.cli.demo import EXPORTED_ON, own_key, sample_folder
from kpibar.config import load
from kpibar.measure.report import Request
from kpibar.render.document import document
from tests.support import REPOSITORY, report

YEAR = 2025
# KPIs whose true value lies in neither of what is printed: why, in one sentence. A definition that is mended takes its
# entry out.
OUTSIDE: Mapping[str, str] = {}
# KPIs whose true value lies outside the interval and between the bounds: why, in one sentence.
ONLY_BETWEEN_BOUNDS: Mapping[str, str] = {
    "wismo_rate": "Contacts without a known reason count as none, though many of them ask where the order is.",
    "fcr_window": "That one contact follows another is not seen where customer, order or reason of one is unknown.",
    "ocr": "That one contact follows another is not seen where customer and order of one are unknown.",
    "repeat_rate": "That one contact repeats another is not seen where customer, order or reason of one is unknown.",
}


@dataclass(frozen=True)
class Finding:
    """A KPI of a year: its true value, and what is printed: value, 95 % interval and the bounds of what is unknown."""

    kpi: str
    year: str
    truth: float
    value: float | None
    interval: tuple[float, float] | None
    bounds: tuple[float, float] | None

    @property
    def in_interval(self) -> bool:
        """Whether the interval holds the true value."""
        return self.interval is not None and self.interval[0] <= self.truth <= self.interval[1]

    @property
    def in_bounds(self) -> bool:
        """Whether the true value lies between the bounds."""
        return self.bounds is not None and self.bounds[0] <= self.truth <= self.bounds[1]

    @property
    def verdict(self) -> str:
        """Where the true value lies, as a word."""
        return "interval" if self.in_interval else "bounds" if self.in_bounds else "OUTSIDE"


def write_sample(seed: int, folder: Path) -> None:
    """Write the sample of a seed into a folder. Raises CalledProcessError."""
    command = [sys.executable, "sample_data/make.py", "--seed", str(seed), "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)


def ingest_sample(exports: Path, folder: Path) -> None:
    """Load the exports into folder/test.duckdb, as a user who states their date. Raises AssertionError."""
    config, database = sample_folder() / "kpibar.toml", folder / "test.duckdb"
    outcomes = kpibar.ingest(*sorted(exports.glob("*.csv")), database=database, config=config, as_of=EXPORTED_ON)
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)


def read_truth(exports: Path) -> dict[str, dict[str, float]]:
    """The true values of a sample: year -> KPI -> value."""
    values: dict[str, dict[str, float]] = json.loads((exports / "truth.json").read_text(encoding="utf-8"))
    return values


def find(folder: Path, exports: Path) -> list[Finding]:
    """The true values of the exports beside what is printed of folder/test.duckdb."""
    barometer = report(folder, load(sample_folder() / "kpibar.toml"), Request(year=YEAR))
    kpis = {entry["id"]: entry for entry in document(barometer, "2026-01-15T00:00:00Z")["kpis"]}
    return [
        _finding(kpi, year, value, kpis[kpi] if year == str(YEAR) else kpis[kpi]["previous"])
        for year, values in read_truth(exports).items()
        for kpi, value in values.items()
    ]


def _finding(kpi: str, year: str, truth: float, figure: Mapping[str, Any]) -> Finding:
    low, high, bounds = figure["ci_low"], figure["ci_high"], figure["bounds"]
    interval = None if low is None else (low, inf if high is None else high)
    return Finding(kpi, year, truth, figure["value"], interval, bounds and (bounds["low"], bounds["high"]))


def table(found: list[Finding]) -> Iterator[str]:
    """The findings as lines of a table."""
    yield f"{'KPI':20} {'year':4} {'truth':>12} {'printed':>12} {'interval':>27} {'bounds':>21}  truth lies in"
    for one in found:
        yield (
            f"{one.kpi:20} {one.year:4} {_text(one.truth):>12} {_text(one.value):>12} {_span(one.interval):>27} "
            f"{_span(one.bounds):>21}  {one.verdict}"
        )


def _text(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4f}"


def _span(span: tuple[float, float] | None) -> str:
    return "-" if span is None else f"{_text(span[0])} to {_text(span[1])}"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="kpibar-truth-") as name:
        folder = Path(name)
        exports = sample_folder()
        if len(sys.argv) > 1:
            exports = folder / "exports"
            write_sample(int(sys.argv[1]), exports)
        with own_key(folder / "test.duckdb"):
            ingest_sample(exports, folder)
            found = find(folder, exports)
    sys.stdout.write("\n".join(table(found)) + "\n")


if __name__ == "__main__":
    main()
