"""The number of the schema and its tables belong together; databases of earlier numbers are migrated or refused."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from kpibar.database.migrations.steps import SCHEMA_VERSION, gaps, layout_in, layout_of, schema, text_of
from kpibar.database.store import open_store
from tests.intake import config
from tests.schema_dump import schema_hash
from tests.support import REPOSITORY, SETTINGS, kpibar

FIXTURES = REPOSITORY / "tests" / "fixtures"
EXPORTS = {"story": FIXTURES / "story", "shop": FIXTURES / "schema" / "shop"}
# Of every number the hash of schema.sql; see kpibar/database/migrations/README.md for what a change takes.
HASHES = {
    "4": "46190d6cd95e5d6b",
    "5": "425196eb0b45397a",
    "6": "855ade0c9cdf9f15",
    "7": "f9886bae73cfd7f3",
}


def test_the_number_and_the_tables_change_together() -> None:
    assert HASHES.get(SCHEMA_VERSION) == schema_hash(), (
        "a table changed: kpibar/database/migrations/README.md says what to do"
    )
    assert len(set(HASHES.values())) == len(HASHES)
    assert int(SCHEMA_VERSION) == max(map(int, HASHES))


def test_a_new_database_has_the_layout_of_the_schema(folder: Path) -> None:
    with open_store(folder / "new.duckdb", write=True) as store:
        assert layout_of(store.engine) == layout_in(schema())


def test_every_earlier_layout_has_its_step() -> None:
    """What is recognised can be migrated, and what can be migrated is recognised."""
    for number in range(1, int(SCHEMA_VERSION)):
        assert (text_of(f"{number}.sql") is None) == (text_of(f"{number}_to_{number + 1}.sql") is None)


def restored(folder: Path, name: str) -> Path:
    """The database of a dump, with the settings it was made with and fact tables of an earlier model."""
    path = folder / "kpibar.duckdb"
    (folder / "kpibar.toml").write_text(SETTINGS, encoding="utf-8")
    with duckdb.connect(str(path)) as database:
        database.execute((FIXTURES / "schema" / f"{name}.sql").read_text(encoding="utf-8"))
        database.execute("CREATE TABLE fact_orders (of_an_earlier_model INTEGER)")
        database.execute("INSERT INTO meta VALUES ('model', 'of an earlier model')")
    return path


def figures(folder: Path, *more: str) -> object:
    """The figures of a report: no names of files."""
    done = kpibar("report", "--json", *more, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["kpis"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_database_of_schema_4_gives_the_figures_of_a_new_one(tmp_path: Path, name: str) -> None:
    """It is migrated by the first command, with words; the exports themselves are known."""
    old, new = tmp_path / "old", tmp_path / "new"
    for place in (old, new):
        place.mkdir()
        for path in EXPORTS[name].glob("*.csv"):
            shutil.copy(path, place / path.name)
    path = restored(old, f"4_{name}")
    config(new, SETTINGS)
    exports = sorted(path.name for path in EXPORTS[name].glob("*.csv"))
    stated = ["--as-of", "2022-08-15"] if name == "story" else []
    made = kpibar("ingest", *exports, *stated, "--tz", "Europe/Paris", folder=new)
    assert made.returncode == 0, made.stderr
    first = kpibar("status", folder=old)
    assert first.returncode == 0 and f"migrated from schema version 4 to {SCHEMA_VERSION}" in first.stderr, first.stderr
    assert "migrated" not in kpibar("check", folder=old).stderr
    assert figures(old) == figures(new)
    with open_store(path, write=False) as store:
        assert layout_of(store.engine) == layout_in(schema())
        assert [row[0] for row in store.engine.rows("SELECT from_version FROM migrations")] == [4]
    assert kpibar("check", folder=old).returncode == 0


def test_a_database_of_schema_6_takes_costs(folder: Path) -> None:
    """It had no such table: the first ingest migrates it with words, and what it held stays."""
    (folder / "kpibar.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "contacts.csv").write_text("contact_id,created_at,channel\n1,2025-03-01 10:00:00,phone\n")
    (folder / "costs.csv").write_text("month,channel,amount,currency\n2025-03,phone,5.00,EUR\n")
    assert kpibar("ingest", "contacts.csv", folder=folder).returncode == 0
    with duckdb.connect(str(folder / "kpibar.duckdb")) as database:
        database.execute("DROP TABLE costs")
        database.execute("UPDATE meta SET value = '6' WHERE name = 'schema_version'")
    done = kpibar("ingest", "costs.csv", folder=folder)
    assert done.returncode == 0 and "migrated from schema version 6 to 7" in done.stderr, done.stderr
    with open_store(folder / "kpibar.duckdb", write=False) as store:
        assert layout_of(store.engine) == layout_in(schema())
        assert store.engine.rows("SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM costs)") == [(1, 1)]
    assert kpibar("check", folder=folder).returncode == 0


def test_a_dry_run_does_not_migrate(folder: Path) -> None:
    path = restored(folder, "4_story")
    before = path.read_bytes()
    done = kpibar("ingest", "--dry-run", str(EXPORTS["story"] / "calls.csv"), folder=folder)
    assert done.returncode == 1 and "a dry run writes nothing" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.long
def test_a_database_of_schema_3_is_refused_with_the_names_of_its_exports(folder: Path) -> None:
    path = restored(folder, "3_story")
    before = path.read_bytes()
    for command in (["report"], ["status"], ["check"], ["ingest", str(EXPORTS["story"] / "calls.csv")]):
        done = kpibar(*command, folder=folder)
        assert done.returncode == 1
        assert re.search(r"schema version 3, this one reads \d+\) and was left untouched", done.stderr), done.stderr
        assert done.stderr.strip().endswith("--db: calls.csv, notices.csv, orders.csv, parcels.csv")
    assert path.read_bytes() == before


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER TABLE mentions DROP COLUMN explicit", "no column mentions.explicit"),
        ("DROP TABLE remarks", "no table remarks"),
        ("ALTER TABLE parcels ADD COLUMN weight DOUBLE", "a column parcels.weight of its own"),
        ("ALTER TABLE contacts ALTER wait_s TYPE INTEGER", "contacts.wait_s INTEGER"),
    ],
)
def test_another_layout_under_the_same_number_is_refused(folder: Path, change: str, words: str) -> None:
    """Several layouts were written under one number: the columns tell which it is."""
    path = restored(folder, "4_story")
    with duckdb.connect(str(path)) as database:
        database.execute(change)
    before = path.read_bytes()
    for command in (["report"], ["ingest", str(EXPORTS["story"] / "calls.csv")]):
        done = kpibar(*command, folder=folder)
        assert done.returncode == 1 and f"not those of schema version 4 ({words})" in done.stderr, done.stderr
    assert path.read_bytes() == before


@pytest.mark.long
def test_tables_of_the_user_are_no_fault(folder: Path) -> None:
    path = restored(folder, "4_story")
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE notes (a INTEGER)")
        database.execute("CREATE VIEW late AS SELECT * FROM parcels")
    assert kpibar("report", folder=folder).returncode == 0


def test_columns_in_another_order_are_seen() -> None:
    present = layout_in(schema())
    turned = {**present, "orders": tuple(reversed(present["orders"]))}
    assert gaps(turned, present) == ("columns of orders in another order",)


@pytest.mark.long
def test_reports_that_migrate_at_once_note_it_once(folder: Path) -> None:
    path = restored(folder, "4_story")
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda number: kpibar("report", "--wait", "60", folder=folder), range(4)))
    assert [end.returncode for end in ends] == [0] * 4, [end.stderr for end in ends]
    with open_store(path, write=False) as store:
        assert store.engine.rows("SELECT count(*) FROM migrations") == [(1,)]
    assert path.stat().st_mode & 0o777 == 0o600
