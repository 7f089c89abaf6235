"""What the tests of `forget`, `purge` and `remove` share: what a database holds, row by row and byte by byte; kills.

    python -m tests.erasures [--kill N] [--seed S]

kills so many runs of `kpibar forget`: the database is the one before or the one after, `check` finds nothing, and a run
that is not killed ends in the one after.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from kpibar.checks import check
from kpibar.cli.app import app
from kpibar.config import Thresholds
from kpibar.database.schema import ENTITIES
from kpibar.database.store import open_store, rewrite_folder
from tests.faults import contacts, orders, start, wait_for_work
from tests.reproducers import DATABASE

# What tells of files rather than of records, and when that was.
_NOT_COMPARED = {"files", "meta", "remarks", "unknown_values", "forgotten", "columns_held", "rejects"}


def rows(database: Path, *more: str, numbers: bool = False) -> dict[str, list[str]]:
    """Every row of the canonical, fact and `more` tables, sorted; with `numbers` that of its file too."""
    unlike = {"ingested_at", "chain", "forgotten_at"} | (set() if numbers else {"file_id", "promise_file_id"})
    found = {}
    with open_store(database, write=False) as store:
        for (table,) in store.engine.rows("SELECT table_name FROM information_schema.tables ORDER BY 1"):
            if table in _NOT_COMPARED - set(more):
                continue
            names = [name for name, *_ in store.engine.rows(f"DESCRIBE {table}")]
            shown = [name for name in names if name not in unlike]
            found[table] = sorted(str(row) for row in store.engine.rows(f"SELECT {', '.join(shown)} FROM {table}"))
    return found


def counts(database: Path) -> dict[str, int]:
    """How many records each canonical table has, empty ones left out."""
    with open_store(database, write=False) as store:
        found = {entity: int(store.engine.rows(f"SELECT count(*) FROM {entity}")[0][0]) for entity in ENTITIES}
    return {entity: n for entity, n in found.items() if n}


def faults(database: Path) -> list[str]:
    """What `kpibar check` finds wrong."""
    with open_store(database, write=False) as store:
        return [one.text for one in check(store, Thresholds()) if not one.note]


def invoke(folder: Path, *arguments: str) -> Any:
    """Run a command on a folder's database, with its key, in this process: exit_code, exception, stderr."""
    environment = {"KPIBAR_KEY_FILE": str(folder / "key"), "KPIBAR_DB": str(folder / DATABASE)}
    return CliRunner().invoke(app, list(arguments), env=environment)


def traces(folder: Path, markers: Iterable[str], name: str = DATABASE) -> set[str]:
    """The markers found in the bytes of a database and of everything beside it that has its name, hidden or not."""
    files = [path for path in folder.rglob(f"*{name}*") if path.is_file()]
    assert files
    content = b"\n".join(path.read_bytes() for path in files)
    return {marker for marker in markers if marker.encode() in content}


# --- kills ---------------------------------------------------------------------------------------------


def make_world(folder: Path, records: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A database of contacts and orders; its rows, and those it has once person1 is forgotten."""
    lines = contacts(0, records, "a").replace("customer_key", "customer").splitlines(keepends=True)
    own = [line.replace(",a,", f",{MARKER},") if f",{PERSON}," in line else line for line in lines]
    (folder / "contacts.csv").write_text("".join(own), encoding="utf-8")
    (folder / "orders.csv").write_text(orders(0, records).replace("customer_key", "customer"), encoding="utf-8")
    exports = [str(folder / name) for name in ("contacts.csv", "orders.csv")]
    assert invoke(folder, "ingest", *exports, "--tz", "UTC").exit_code == 0
    after = folder / "after"
    after.mkdir()
    _copy(folder, after)
    assert traces(folder, [MARKER]) == {MARKER}
    assert invoke(after, *FORGET).exit_code == 0
    return rows(folder / DATABASE, "files", "forgotten"), rows(after / DATABASE, "files", "forgotten")


PERSON = "person1@example.org"
# The queue of this person's contacts alone: longer than what random bytes spell by chance.
MARKER = "queue-of-the-person"
FORGET = ("forget", "--email", PERSON, "--yes")


def _copy(source: Path, target: Path) -> None:
    for name in (DATABASE, f"{DATABASE}.last", "key"):
        shutil.copy(source / name, target / name)


def kill(folder: Path, states: tuple[dict[str, Any], dict[str, Any]], runs: int, seed: int) -> Counter[str]:
    """Kill so many runs at a random moment of their work; what each left. Raises AssertionError."""
    before, after = states
    found: Counter[str] = Counter()
    luck = random.Random(seed)
    work = _work(folder)
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="kpibar-erasure-") as name:
            place = Path(name)
            _copy(folder, place)
            with start(place, *FORGET) as process:
                wait_for_work(process, luck.uniform(0.3, 1.05) * work)
                process.kill()
                process.communicate()
            assert faults(place / DATABASE) == []
            state = rows(place / DATABASE, "files", "forgotten")
            assert state in (before, after), "neither before nor after"
            found["after" if state == after else "before"] += 1
            found["rewriting"] += rewrite_folder(place / DATABASE).exists()
            assert invoke(place, *FORGET).exit_code == 0
            assert rows(place / DATABASE, "files", "forgotten") == after
            assert traces(place, [PERSON, MARKER]) == set()
            assert not rewrite_folder(place / DATABASE).exists()
    return found


def _work(folder: Path) -> float:
    """What a run takes of the processor, in seconds."""
    import resource

    def used() -> float:
        of = resource.getrusage(resource.RUSAGE_CHILDREN)
        return of.ru_utime + of.ru_stime

    with tempfile.TemporaryDirectory(prefix="kpibar-erasure-") as name:
        _copy(folder, Path(name))
        began = used()
        with start(Path(name), *FORGET) as process:
            process.communicate()
        return used() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=20_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kpibar-erasures-") as name:
        states = make_world(Path(name), asked.records)
        found = kill(Path(name), states, asked.kill, asked.seed)
    sys.stdout.write(f"{asked.kill} kills: {dict(found)}\n")


if __name__ == "__main__":
    main()
