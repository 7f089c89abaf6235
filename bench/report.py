"""What a report costs, against its additive statements alone; interleaved in one run.

Run: python bench/report.py [--rows 100000 1000000] [--repetitions 3]

The database holds so many contacts, orders and parcels of five years, with its fact tables; the report is that of the
last year. `import duckdb` is a process that does nothing else. `additive` runs the statements of the additive KPIs, one
per fact table and date, in a process with nothing but DuckDB; `one per KPI` runs one statement for each of them;
`pandas` reads the columns of contacts and counts KPIs of access and demand by month. `report` and `by channel` are the
whole command, with JSON. CPU seconds are of user and system together, memory is the peak.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from ingest import YEAR, Cost, cost, print_table, rows, write

from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.compute import cells_statement
from kpibar.kpis.estimates import Window
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.model.build import build

START = datetime(2021, 1, 1)
LAST = 2025
IMPORT = "import duckdb"
STATEMENTS = """
import duckdb, json, sys
database = duckdb.connect(sys.argv[1], read_only=True)
for sql in json.load(open(sys.argv[2])):
    database.execute(sql).fetchall()
"""
PANDAS = """
import duckdb, sys
contacts = duckdb.connect(sys.argv[1], read_only=True).execute(
    "SELECT created_on, channel, reason, counted, offered, answered FROM fact_contacts WHERE counted"
).df()
contacts["month"] = contacts.created_on.astype("datetime64[s]").dt.to_period("M")
contacts["wismo"] = contacts.reason == "wismo"
contacts.groupby("month").agg({"counted": "sum", "wismo": "sum", "offered": "sum", "answered": "sum"})
"""


def orders(count: int) -> Iterator[str]:
    """An order in each line; some contacts name the number of one."""
    for number in range(count):
        ordered = START + timedelta(seconds=random.Random(number).randrange(5 * YEAR))
        yield f"{100_000 + number},{ordered},c{number // 3}@example.org,{'AB'[number % 2]},FR\n"


def parcels(count: int) -> Iterator[str]:
    """One parcel of each order, a tenth of them late."""
    for number in range(count):
        ordered = START + timedelta(seconds=random.Random(number).randrange(5 * YEAR))
        promised, late = ordered + timedelta(days=3), number % 10 == 0
        delivered = promised + timedelta(hours=30 if late else -20)
        yield (
            f"P{number},{100_000 + number},{'AB'[number % 2]},{('dpd', 'ups', 'dhl')[number % 3]},"
            f"{ordered + timedelta(days=1)},{promised},{delivered}\n"
        )


def make_database(folder: Path, count: int) -> None:
    """Write a database of so many contacts, orders and parcels, with its fact tables."""
    write(folder / "contacts.csv", rows(0, count, START, 5 * YEAR))
    (folder / "orders.csv").write_text("order_ref,ordered_at,customer,brand,country\n" + "".join(orders(count)))
    head = "parcel_id,order_ref,brand,carrier,shipped_at,promised_to,delivered_at\n"
    (folder / "parcels.csv").write_text(head + "".join(parcels(count)))
    config = load(None)
    with open_store(folder / "kpibar.duckdb", write=True) as store:
        paths = [folder / name for name in ("contacts.csv", "orders.csv", "parcels.csv")]
        for outcome in ingest(store, paths, config, Options(timezone="Europe/Paris")):
            if outcome.error:
                raise outcome.error
        build(store, config.settings.thresholds)


def write_statements(folder: Path) -> dict[str, Path]:
    """The statements of all additive KPIs of the built-in catalogue, together and one per KPI, as files of JSON."""
    years = [Window(datetime(year, 1, 1).date(), datetime(year, 12, 31).date()) for year in (LAST, LAST - 1)]
    additive = [kpi for kpi in catalogue(load(None).settings).kpis if kpi.additive]
    groups: dict[tuple[str, str], list[int]] = {}
    for place, kpi in enumerate(additive):
        groups.setdefault((kpi.from_table, kpi.date), []).append(place)
    together = [cells_statement([additive[place] for place in places], years, None, None) for places in groups.values()]
    apart = [cells_statement([kpi], years, None, None) for kpi in additive]
    files = {"additive": folder / "additive.json", "one per KPI": folder / "apart.json"}
    for path, texts in zip(files.values(), (together, apart), strict=True):
        path.write_text(json.dumps(texts))
    return files


def measured(folder: Path, database: Path, files: dict[str, Path]) -> dict[str, Cost]:
    """One round: every contestant once."""
    python, report = [sys.executable, "-c"], [sys.executable, "-m", "kpibar", "report", "--db", str(database)]
    report += ["--year", str(LAST), "-o", "report.json"]
    found = {"import duckdb": cost([*python, IMPORT], folder)}
    for name, path in files.items():
        found[name] = cost([*python, STATEMENTS, str(database), str(path)], folder)
    if find_spec("pandas"):
        found["pandas"] = cost([*python, PANDAS, str(database)], folder)
    found["report"] = cost(report, folder)
    found["by channel"] = cost([*report, "--by", "channel"], folder)
    return found


def compare(folder: Path, count: int, repetitions: int) -> None:
    """Print the medians of all rounds for one size, and their ratios to the additive statements."""
    # In a process of its own: the peak of this one would be that of each process it starts.
    subprocess.run([sys.executable, __file__, "--rows", str(count), "--make", str(folder)], check=True)
    database, files = folder / "kpibar.duckdb", write_statements(folder)
    rounds = [measured(folder, database, files) for _ in range(repetitions)]
    print(f"\n{count:,} contacts, orders and parcels each, {repetitions} repetitions")
    print_table(rounds, "additive")


def main() -> None:
    """Measure every size asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--make", type=Path, metavar="FOLDER", help="only write the database, into this folder")
    given = parser.parse_args()
    if given.make:
        make_database(given.make, given.rows[0])
        return
    for count in given.rows:
        with tempfile.TemporaryDirectory() as name:
            compare(Path(name), count, given.repetitions)


if __name__ == "__main__":
    main()
