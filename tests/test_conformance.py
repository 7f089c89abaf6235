"""The model and every KPI give the same cells on DuckDB and on Spark: the quick half of tests/conformance.py."""

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.kinds import KINDS
from kpibar.model.build import steps
from tests.conformance import NOT_RUN, Comparison, SparkMissing, compare, compare_rows, main

# Without Spark the quick suite says so; with it the minutes that Spark takes are for the long one.
SPARK = (
    pytest.mark.long
    if find_spec("pyspark")
    else pytest.mark.skip(reason="pyspark is not installed: SQL conformance was NOT checked")
)


@SPARK
def test_both_engines_give_the_same_cells(tmp_path: Path) -> None:
    try:
        ((result,), _) = compare(tmp_path, everything=False)
    except SparkMissing as error:
        pytest.skip(f"{error}: SQL conformance was NOT checked")
    assert [line for part in (*result.tables, *result.reports) for line in part.examples] == []
    assert [table.name for table in result.tables] == [step.table for step in steps()]
    assert all(table.cells for table in result.tables)
    assert result.kpis >= {kpi.id for kpi in catalogue(Settings()).kpis}
    assert not result.uncounted


def test_the_run_has_a_kpi_of_every_kind() -> None:
    """The catalogue has all but one; the settings of the run have that."""
    assert {kpi.kind for kpi in catalogue(Settings()).kpis} | {"quantile"} == set(KINDS)


def test_without_spark_the_run_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("PATH", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.argv", ["conformance"])
    assert main() == NOT_RUN
    assert "NOT RUN: SQL conformance was NOT checked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "other", "differences"),
    [
        (1, 1, 0),
        (1, 2, 1),
        (1, 1.0, 1),
        (1, True, 1),
        (1, None, 1),
        (None, None, 0),
        ("a", "a ", 1),
        (0.1 + 0.2, 0.3, 0),
        (1.0, 1.000001, 1),
        (0.0, None, 1),
        (datetime(2025, 1, 1, 0, 0, 0, 1), datetime(2025, 1, 1), 1),
    ],
)
def test_the_comparison_sees_a_cell_that_differs(value: object, other: object, differences: int) -> None:
    comparison = Comparison("")
    compare_rows(comparison, ("name", "value"), [("a", value), ("b", 0)], [("b", 0), ("a", other)])
    assert (comparison.differences, comparison.cells) == (differences, 4)


def test_the_comparison_sees_a_row_too_many() -> None:
    comparison = Comparison("")
    compare_rows(comparison, ("name",), [("a",), ("b",)], [("a",)])
    assert comparison.differences == 1
