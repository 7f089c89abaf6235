"""What it costs to write a report that is computed, in each format.

Run: python bench/render.py [--repetitions 5] [--browser]

The small report is that of the sample exports, the large one has every KPI of the catalogue, by channel,
carrier and reason, with 24 months. Each is read from its JSON, so that nothing of the engine is measured; each format
runs in a process of its own. `seconds` are CPU seconds of the first writing, imports included, and of the next one;
memory is by how much the peak grew. `--browser` measures PDF and PNG too, by the clock, as another program makes them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import kpibar
from kpibar.cli.demo import EXPORTED_ON, own_key, sample_files, sample_folder
from kpibar.config import load
from kpibar.kpis.catalogue import catalogue

FORMATS = ("table", "json", "csv", "md", "html", "svg", "xlsx")
WRITE = """
import resource, sys, time
from datetime import UTC, datetime
import kpibar
from kpibar.render.formats import FORMATS, Medium
from kpibar.render.terminal import Screen
report, name, clock = kpibar.read_report(sys.argv[1]), sys.argv[2], getattr(time, sys.argv[3])
medium = Medium(Screen(None), None, datetime(2026, 1, 15, tzinfo=UTC))
before, costs = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
for _ in range(2):
    start = clock()
    content = FORMATS[name].write(report.barometer, "en", medium)
    costs.append(clock() - start)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(*costs, grown / 1024, len(content.encode() if isinstance(content, str) else content) / 1000)
"""


def make_reports(folder: Path) -> dict[str, Path]:
    """The JSON of the small and of the large report, by what they are called."""
    settings, database = sample_folder() / "kpibar.toml", folder / "kpibar.duckdb"
    with own_key(database):
        kpibar.ingest(*sample_files(), database=database, config=settings, as_of=EXPORTED_ON)
        opened = kpibar.open(database, config=settings)
        every = [kpi.id for kpi in catalogue(load(settings).settings).kpis]
        reports = {
            "the sample": opened.barometer(2025),
            "all KPIs by channel, carrier and reason": opened.barometer(
                2025, by=["channel", "carrier", "reason"], kpis=every
            ),
        }
    paths = {}
    for number, (name, report) in enumerate(reports.items()):
        paths[name] = folder / f"{number}.json"
        paths[name].write_text(report.to_json(), encoding="utf-8")
    return paths


def measure(path: Path, name: str, clock: str, repetitions: int) -> list[float]:
    """Medians: seconds of the first and of the next writing, MB of memory, kB of what is written."""
    line = [sys.executable, "-c", WRITE, str(path), name, clock]
    rounds = [
        [float(word) for word in subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()]
        for _ in range(repetitions)
    ]
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


def main() -> None:
    """Measure every format of both reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--browser", action="store_true", help="PDF and PNG too")
    parser.add_argument("--reports", type=Path, nargs="*", help="JSON files of reports, instead of those")
    given = parser.parse_args()
    clocks = dict.fromkeys(FORMATS, "process_time")
    if given.browser:
        clocks |= {"pdf": "perf_counter", "png": "perf_counter"}
    with tempfile.TemporaryDirectory() as folder:
        paths = {path.name: path for path in given.reports or ()} or make_reports(Path(folder))
        for title, path in paths.items():
            kpis = len(json.loads(path.read_text(encoding="utf-8"))["kpis"])
            print(f"\n| {title}, {kpis} KPIs | first s | next s | MB | kB |\n|---|--:|--:|--:|--:|")
            for name, clock in clocks.items():
                first, following, memory, size = measure(path, name, clock, given.repetitions)
                print(f"| {name} | {first:.3f} | {following:.3f} | {memory:.0f} | {size:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
