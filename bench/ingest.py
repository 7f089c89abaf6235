"""What taking in an export costs, against the engine reading the same file by itself; interleaved in one run.

Run: python bench/ingest.py [--rows 100000 1000000 10000000] [--repetitions 3] [--peers]

The export has 20 columns of a helpdesk, about 150 bytes a row, accents, quoted texts and line feeds within cells. The
floor is DuckDB's CREATE TABLE AS from the file, everything detected. `ingest` is kpibar without the rebuild of the
model, `with model` the whole command; `dirty` the same file with one damaged row in a thousand; `month` an export of
one month taken in after five years, its rows a sixtieth of theirs. With `--peers` pandas, polars and pyarrow, where
they are installed, read the same file and write it into a database of DuckDB: they store it and prove nothing. Each is
a process of its own; CPU seconds are of user and system together, memory is the peak. Generated files and databases
are thrown away.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

HEADER = (
    "contact_id,created_at,channel,direction,customer,order_ref,brand,country,status,first_reply_s,resolution_s,"
    "resolved_at,agent_replies,reopens,transfers,reason_raw,subject,tags,team,agent"
)
SUBJECTS = (
    "Où est ma commande {} ?", "Commande {} toujours pas reçue", "Retour d'un article", "Demande de facture",
    "Question sur un produit", "Where is my order {}", "Refund please", "Code promo", "Colis endommagé", "Merci !",
)  # fmt: skip
YEAR = 31_536_000

FLOOR = """
import duckdb, sys
engine = duckdb.connect(sys.argv[2])
engine.execute("CREATE TABLE export AS SELECT * FROM read_csv(?)", [sys.argv[1]])
"""
PEERS = {
    "pandas": "import pandas; export = pandas.read_csv(sys.argv[1])",
    "polars": "import polars; export = polars.read_csv(sys.argv[1])",
    "pyarrow": "from pyarrow import csv; export = csv.read_csv(sys.argv[1], "
    "parse_options=csv.ParseOptions(newlines_in_values=True))",
}
STORE = 'duckdb.connect(sys.argv[2]).execute("CREATE TABLE export AS SELECT * FROM export")'
INGEST = """
import sys
from pathlib import Path
from kpibar.config import load
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.database.store import open_store
with open_store(Path(sys.argv[2]), write=True) as store:
    for outcome in ingest(store, [Path(sys.argv[1])], load(None), Options(timezone="Europe/Paris")):
        if outcome.error:
            raise outcome.error
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds, wall seconds and peak memory (MB) of a process."""

    cpu: float
    wall: float
    memory: float


def rows(first: int, count: int, start: datetime, seconds: int) -> Iterator[str]:
    """The lines of an export of contacts: `count` from id `first` on, within `seconds` from `start`."""
    chance = random.Random(first)
    for number in range(first, first + count):
        created = start + timedelta(seconds=chance.randrange(seconds))
        resolution = chance.randrange(600, 900_000)
        subject = chance.choice(SUBJECTS).format(chance.randrange(100_000, 999_999))
        if chance.random() < 0.14:
            subject = f'"{subject}\nMerci d\'avance, ""client"" mécontent"'
        order = chance.randrange(100_000, 9_999_999) if chance.random() < 0.4 else ""
        yield (
            f"{number},{created},{chance.choice(('email', 'chat', 'web', 'phone'))},inbound,"
            f"c{chance.randrange(count // 3 + 1)}@example.com,{order},{chance.choice('AB')},FR,"
            f"{chance.choice(('solved', 'open'))},{chance.randrange(60, 90_000)},{resolution},"
            f"{created + timedelta(seconds=resolution)},{chance.randrange(6)},{int(chance.random() < 0.1)},"
            f"{chance.randrange(3)},{chance.choice(('', '', 'Livraison', 'Retour'))},{subject},"
            f'"sav,fr",Paris,agent{chance.randrange(40)}\n'
        )


def damaged(lines: Iterator[str]) -> Iterator[str]:
    """One line in a thousand with a delimiter too many, one too few, or a stray quote."""
    for number, line in enumerate(lines):
        if number % 1000 == 500:
            kind = number // 1000 % 3
            line = (line.replace(",", ",,", 1), line.replace(",", "", 1), line.replace(",", ',"', 2))[kind]
        yield line


def write(path: Path, lines: Iterator[str]) -> None:
    """An export."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\n")
        file.writelines(lines)


def cost(arguments: list[str], folder: Path) -> Cost:
    """Run a process to its end; what it says when it fails ends the measurement."""
    environment = {**os.environ, "KPIBAR_KEY_FILE": str(folder / "bench.key"), "KPIBAR_TZ": "Europe/Paris"}
    before = os.times().elapsed
    process = subprocess.Popen(arguments, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments[-2:]}: {errors[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, os.times().elapsed - before, usage.ru_maxrss / 1024)


def measured(folder: Path, count: int, with_peers: bool) -> dict[str, Cost]:
    """One round: every contestant once, on files of `count` rows."""
    clean, dirty, month = folder / "clean.csv", folder / "dirty.csv", folder / "month.csv"
    kpibar = [sys.executable, "-m", "kpibar", "ingest", "--max-rejects", "1%", "--db"]
    found = {"floor": cost([sys.executable, "-c", FLOOR, str(clean), "floor.duckdb"], folder)}
    for name, read in PEERS.items():
        if with_peers and find_spec(name):
            script = f"import duckdb, sys\n{read}\n{STORE}\n"
            found[name] = cost([sys.executable, "-c", script, str(clean), f"{name}.duckdb"], folder)
    found["ingest"] = cost([sys.executable, "-c", INGEST, str(clean), "alone.duckdb"], folder)
    found["dirty"] = cost([sys.executable, "-c", INGEST, str(dirty), "dirty.duckdb"], folder)
    found["month"] = cost([sys.executable, "-c", INGEST, str(month), "alone.duckdb"], folder)
    found["with model"] = cost([*kpibar, "whole.duckdb", str(clean)], folder)
    for database in folder.glob("*.duckdb*"):
        database.unlink()
    return found


def compare(folder: Path, count: int, repetitions: int, with_peers: bool) -> None:
    """Print the medians of all rounds for one size, and their ratios to the floor."""
    start = datetime(2021, 1, 1)
    write(folder / "clean.csv", rows(0, count, start, 5 * YEAR))
    write(folder / "dirty.csv", damaged(rows(0, count, start, 5 * YEAR)))
    write(folder / "month.csv", rows(count, count // 60, start + timedelta(seconds=5 * YEAR), YEAR // 12))
    rounds = [measured(folder, count, with_peers) for _ in range(repetitions)]
    print(f"\n{count:,} rows, {(folder / 'clean.csv').stat().st_size / 1e6:,.0f} MB, {repetitions} repetitions")
    print_table(rounds, "floor")


def print_table(rounds: Sequence[Mapping[str, Cost]], floor_name: str) -> None:
    """Print the median of each contestant, and its ratio of CPU seconds to the one that is the floor."""
    floor = statistics.median(one[floor_name].cpu for one in rounds)
    print(f"| what | CPU s | wall s | peak MB | CPU / {floor_name} |\n|---|--:|--:|--:|--:|")
    for name in rounds[0]:
        cpu, wall, memory = (
            statistics.median(getattr(one[name], unit) for one in rounds) for unit in ("cpu", "wall", "memory")
        )
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {memory:,.0f} | {cpu / floor:.2f} |", flush=True)


def main() -> None:
    """Measure every size asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    for count in given.rows:
        with tempfile.TemporaryDirectory() as name:
            compare(Path(name), count, given.repetitions, given.peers)


if __name__ == "__main__":
    main()
