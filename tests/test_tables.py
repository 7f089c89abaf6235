"""docs/TABLES.md says what the database holds: a line for every column, a column for every line, examples that run."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kpibar.answers.query import result_of
from kpibar.cli.demo import sample_folder
from kpibar.config import load
from kpibar.database.store import Store
from kpibar.kpis.facts import FACTS
from kpibar.load.outcome import Outcome
from kpibar.measure.barometer import barometer, open_current
from kpibar.measure.report import Barometer, Request
from kpibar.model.meanings import common, documented, internal
from kpibar.render.messages import messages
from tests.support import REPOSITORY, fraction

PAGE = runpy.run_path(str(REPOSITORY / "docs/tables.py"))
HELD: dict[str, list[tuple[str, str]]] = PAGE["columns_of_database"]()
COLUMNS = {table: {name for name, _ in columns} for table, columns in HELD.items()}
TABLES = {table.name: set(table.columns) for group in documented().values() for table in group}
EXAMPLES = {title: sql for title, _, sql in PAGE["examples"]()}


def test_the_page_of_tables_is_not_stale() -> None:
    assert (REPOSITORY / "docs/TABLES.md").read_text(encoding="utf-8") == PAGE["page"](), "run python docs/tables.py"


def test_every_table_is_described_or_named_as_internal() -> None:
    assert set(TABLES) | set(internal()) == set(COLUMNS)
    assert not set(TABLES) & set(internal())
    assert {f"fact_{name}" for name in FACTS} == {table.name for table in documented()["facts"]}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_line_and_every_line_a_column(table: str) -> None:
    assert TABLES[table] <= COLUMNS[table]
    assert COLUMNS[table] - TABLES[table] <= set(common())


def test_every_line_of_several_tables_is_used_by_several() -> None:
    for column in common():
        users = [table for table in TABLES if column in COLUMNS[table] - TABLES[table]]
        assert len(users) > 1, column


def test_columns_of_fact_tables_are_told_for_themselves() -> None:
    for table in documented()["facts"]:
        assert set(table.columns) == COLUMNS[table.name]


def test_every_table_has_its_line_in_the_list() -> None:
    assert {key.removeprefix("sql_table_") for key in messages() if key.startswith("sql_table_")} == set(TABLES)


@pytest.fixture(scope="module")
def sample_store(sample: tuple[Path, list[Outcome]]) -> Iterator[Store]:
    """The database of the sample exports, with the fact tables of its settings."""
    with open_current(sample[0] / "test.duckdb", load(sample_folder() / "kpibar.toml")) as store:
        yield store


@pytest.fixture(scope="module")
def report(sample_store: Store) -> Barometer:
    request = Request(2025, ("late_share", "wismo_share"))
    return barometer(sample_store, load(sample_folder() / "kpibar.toml"), request)


def rows(store: Store, title: str) -> list[dict[str, Any]]:
    """The rows of an example, each by the names of its columns."""
    with result_of(store, EXAMPLES[title]) as result:
        names = [column.name for column in result.columns]
        return [dict(zip(names, row, strict=True)) for batch in result.batches for row in batch]


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_example_runs_and_has_rows(sample_store: Store, title: str) -> None:
    assert rows(sample_store, title)


def test_the_late_orders_of_the_examples_are_those_of_the_report(sample_store: Store, report: Barometer) -> None:
    late, base = fraction(report, "late_share")
    months = rows(sample_store, "Late orders by carrier and month")
    assert [(row["late"], row["orders"]) for row in rows(sample_store, "The same figure as in the report")] == [
        (late, base)
    ]
    assert (sum(row["late"] for row in months), sum(row["orders"] for row in months)) == (late, base)
    assert len(rows(sample_store, "The records behind a KPI")) == late
    split = {row["late"]: row["orders"] for row in rows(sample_store, "Do late orders make more contacts")}
    assert split == {True: late, False: (base or 0) - (late or 0)}


def test_the_wismo_contacts_of_the_examples_are_those_of_the_report(sample_store: Store, report: Barometer) -> None:
    brands = rows(sample_store, "Where is my order, by brand")
    assert (sum(row["wismo"] for row in brands), sum(row["contacts"] for row in brands)) == fraction(
        report, "wismo_share"
    )


def test_the_ledger_of_the_examples_adds_up(sample_store: Store, sample: tuple[Path, list[Outcome]]) -> None:
    ledger = rows(sample_store, "Which files were read")
    rejects = rows(sample_store, "Rejects by reason")
    assert sum(row["rejects"] for row in rejects) == sum(row["rejected"] for row in ledger) == 31
    assert {row["name"] for row in ledger} == {outcome.path.name for outcome in sample[1]}
