"""The model and the catalogue stay inside the SQL that several engines answer alike."""

import re
from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from kpibar.config import Settings
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import Window, cells_statement, quantile_statement
from kpibar.model.build import parameters, steps, written_in

# Everything a fragment or model file may call, in lower case.
ALLOWED = {
    "count", "sum", "avg", "min", "max", "median", "percentile_cont", "coalesce", "nullif", "try_cast", "cast",
    "extract", "date_trunc", "lower", "row_number", "lag", "lead", "grouping",
}  # fmt: skip
# Words that a parenthesis may follow without being called.
KEYWORDS = {
    "filter", "over", "group", "in", "as", "and", "or", "not", "when", "then", "else", "by", "on", "from", "where",
    "with", "decimal", "values", "partition", "order", "between", "case", "select", "having", "join", "union", "all",
}  # fmt: skip
FORBIDDEN_WORDS = re.compile(
    r"\b(qualify|asof|epoch|date_diff|datediff|quantile_cont|list_\w+|strptime|strftime|regexp_\w+|ilike|similar"
    r"|at time zone|timezone|arg_min|arg_max|struct_pack|unnest|exclude|pivot|tablesample)\b|//|~|::",
    re.IGNORECASE,
)
VALUES = parameters(Settings().thresholds)
KPIS = [kpi for kpi in catalogue(Settings()).kpis if kpi.kind != "ratio"]
YEAR = Window(date(2025, 1, 1), date(2025, 12, 31))


def sql_of(kpi: Kpi) -> str:
    if kpi.additive:
        return cells_statement([kpi], [YEAR], kpi.over or "brand", None)
    return quantile_statement(kpi, YEAR, [0.5], "'all'", None)


STATEMENTS = {step.name: written_in(step.sql, VALUES) for step in steps()} | {kpi.id: sql_of(kpi) for kpi in KPIS}


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def faults(sql: str) -> list[str]:
    """What a statement uses that is not in the portable subset."""
    bare = re.sub(r"'[^']*'", "''", without_comments(sql))
    found = [match.group() for match in FORBIDDEN_WORDS.finditer(bare)]
    called = {name.lower() for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", bare)}
    found += sorted(called - ALLOWED - KEYWORDS)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for average in tree.find_all(exp.Avg, exp.Sum):
        found += [str(literal) for literal in average.find_all(exp.Literal) if re.fullmatch(r"\d+\.\d+", str(literal))]
    return found


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_portable(name: str) -> None:
    assert faults(STATEMENTS[name]) == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_parses_in_both_dialects(name: str) -> None:
    for dialect in ("duckdb", "spark"):
        assert sqlglot.parse_one(STATEMENTS[name], dialect=dialect) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT epoch(a) FROM t",
        "SELECT a FROM t QUALIFY row_number() OVER () = 1",
        "SELECT list_sort(a) FROM t",
        "SELECT a::DATE FROM t",
        "SELECT 7 // 2 FROM t",
        "SELECT regexp_matches(a, 'x') FROM t",
        "SELECT date_diff('day', a, b) FROM t",
        "SELECT avg(1.5) FROM t",
        "SELECT strptime(a, '%Y') FROM t",
    ],
)
def test_the_lint_sees_what_is_not_portable(sql: str) -> None:
    assert faults(sql)


def test_no_placeholder_is_left() -> None:
    for name, sql in STATEMENTS.items():
        assert "{" not in sql and "seconds_between" not in without_comments(sql), name


def test_each_model_file_states_its_grain_and_key() -> None:
    for step in steps():
        head = step.sql[: step.sql.upper().index("SELECT")]
        assert "-- Grain: one row per" in head and "Key: " in head, step.name
