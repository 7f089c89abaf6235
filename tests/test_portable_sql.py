"""The model and the catalogue stay inside the SQL that several engines answer alike."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from kpibar.config import Settings
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import (
    cells_statement,
    moments,
    reach_statement,
    stock_statement,
)
from kpibar.kpis.estimates import Window
from kpibar.kpis.time_cells import times_statement
from kpibar.layouts.layout import shelf
from kpibar.model.build import parameters, steps, written_in

# Everything a fragment or model file may call, in lower case.
ALLOWED = {
    "count", "sum", "avg", "min", "max", "median", "percentile_cont", "coalesce", "nullif", "try_cast", "cast",
    "extract", "date_trunc", "greatest", "lower", "substr", "row_number", "lag", "lead", "grouping",
}  # fmt: skip
# Words that a parenthesis may follow without being called.
KEYWORDS = {
    "filter", "over", "group", "in", "as", "and", "or", "not", "when", "then", "else", "by", "on", "from", "where",
    "with", "decimal", "values", "partition", "order", "between", "case", "select", "having", "join", "union", "all",
    "sets",
}  # fmt: skip
# Types that another engine does not have, or wants a length of: texts are STRING.
FORBIDDEN_TYPES = re.compile(r"\bas (varchar|text|b?p?char|uuid|u?hugeint|u\w*int\w*|blob|json)\b", re.IGNORECASE)
# Columns that are never NULL, by which an ascending order is the same wherever an engine puts its NULLs.
NEVER_NULL = {
    "begins_s", "by_person", "contact_id", "contact_uid", "created_at", "order_id", "parcel_id", "place", "source",
    "source_number", "survey_id",
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
    if kpi.is_stock:
        return stock_statement(kpi, moments([YEAR], "UTC"), "'all'", None)
    return times_statement(kpi, [YEAR], "'all'", None)


STATEMENTS = (
    {step.name: written_in(step.sql, VALUES) for step in steps()}
    | {part.id: sql_of(part) for kpi in KPIS for part in (kpi, *kpi.note_counts())}
    | {
        f"{kpi.id}__reach": reach_statement(kpi, datetime(2025, 12, 31, 23), datetime(2024, 12, 31, 23), None)
        for kpi in KPIS
        if kpi.is_stock
    }
)
# The words with which the names of layouts begin, kpibar's own aside.
VENDORS = {layout.name.partition("-")[0] for layout in shelf(Path("/nowhere"), {}).layouts.values()} - {"kpibar"}
# Ratings of one tool are of its own tickets, in whatever export they stand: nothing but the name of the source says so.
NAMED_VENDORS = {"40_surveys.sql": ["zendesk"]}
# Layouts are DuckDB's own, and read by no other engine; but an empty cell is unknown there too.
LAYOUTS = {
    f"{layout.name}: {column}": text
    for layout in shelf(Path("/nowhere"), {}).layouts.values()
    for column, text in (
        *layout.select.items(),
        ("keep", layout.keep or "TRUE"),
        *((f"{name} where", also.where) for name, also in layout.also.items()),
        *((f"{name}.{column}", text) for name, also in layout.also.items() for column, text in also.select.items()),
    )
}


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def faults(sql: str) -> list[str]:
    """What a statement uses that is not in the portable subset."""
    bare = re.sub(r"'[^']*'", "''", without_comments(sql))
    found = [match.group() for match in FORBIDDEN_WORDS.finditer(bare)]
    found += [match.group() for match in FORBIDDEN_TYPES.finditer(bare)]
    called = {name.lower() for name in re.findall(r"(?<!\bAS )\b([A-Za-z_]\w*)\s*\(", bare)}
    found += sorted(called - ALLOWED - KEYWORDS)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for average in tree.find_all(exp.Avg, exp.Sum):
        found += [str(literal) for literal in average.find_all(exp.Literal) if re.fullmatch(r"\d+\.\d+", str(literal))]
    return found or fractions(tree) + orders_of_nulls(sql)


def fractions(tree: exp.Expr) -> list[str]:
    """The seconds that one engine extracts whole and another with their fraction; a cast to BIGINT cuts it off."""
    return [
        part.sql("duckdb")
        for part in tree.find_all(exp.Extract)
        if part.name.upper() == "SECOND"
        and not (isinstance(part.parent, exp.Cast) and part.parent.to.is_type(exp.DataType.Type.BIGINT))
    ]


def orders_of_nulls(sql: str) -> list[str]:
    """The terms by which rows are put in order that do not say where a NULL goes: DuckDB puts it last, Spark first.

    Descending, both put it last; a quantile (WITHIN GROUP) leaves it out.
    """
    dialects = ("duckdb", "spark")
    last, first = (list(sqlglot.parse_one(sql, dialect=dialect).find_all(exp.Ordered)) for dialect in dialects)
    return [
        term.sql("duckdb")
        for term, other in zip(last, first, strict=True)
        if term.args.get("nulls_first") != other.args.get("nulls_first")
        and not (term.args.get("desc") or term.find_ancestor(exp.WithinGroup))
        and not _never_null(term.this)
    ]


def _never_null(value: exp.Expr) -> bool:
    if isinstance(value, exp.Paren | exp.Neg):
        return _never_null(value.this)
    if isinstance(value, exp.Binary):
        return _never_null(value.left) and _never_null(value.right)
    if isinstance(value, exp.Case):
        branches = [branch.args["true"] for branch in value.args["ifs"]]
        return value.args.get("default") is not None and all(map(_never_null, [*branches, value.args["default"]]))
    return _is_known(value) or (isinstance(value, exp.Column) and value.name in NEVER_NULL)


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_portable(name: str) -> None:
    assert faults(STATEMENTS[name]) == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_names_a_vendor(name: str) -> None:
    """What a vendor's words mean is said in its layout, so that no other vendor's records are counted otherwise."""
    assert sorted(vendor for vendor in VENDORS if vendor in without_comments(STATEMENTS[name]).lower()) == (
        NAMED_VENDORS.get(name, [])
    )


def drops_unknown(tree: exp.Expr) -> list[str]:
    """The negations that are neither true nor false where a value is unknown: its row falls out of both answers.

    `IS DISTINCT FROM` always answers; so does a negation of what `coalesce` made known, or one within it.
    """
    negations = [*tree.find_all(exp.NEQ), *(one for one in tree.find_all(exp.Like) if one.args.get("negate"))]
    negations += [one.this.unnest() for one in tree.find_all(exp.Not) if isinstance(one.this.unnest(), COMPARISONS)]
    return [one.sql("duckdb") for one in negations if not _decided(one)]


COMPARISONS = (exp.In, exp.Like, exp.Between, exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def _decided(comparison: exp.Expr) -> bool:
    around = comparison.find_ancestor(exp.Coalesce)
    values = (comparison.this, comparison.args.get("expression"))
    return (around is not None and _is_known(around)) or all(_is_known(one) for one in values if one is not None)


def _is_known(value: exp.Expr) -> bool:
    """Whether a value is never unknown: a literal, a coalesce that ends in one, either in small letters."""
    if isinstance(value, exp.Lower):
        return _is_known(value.this)
    if isinstance(value, exp.Coalesce):
        return isinstance([value.this, *value.expressions][-1], exp.Literal | exp.Boolean)
    return isinstance(value, exp.Literal | exp.Boolean)


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_negation_drops_what_is_unknown(name: str) -> None:
    assert drops_unknown(sqlglot.parse_one(STATEMENTS[name], dialect="duckdb")) == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_negation_of_a_layout_makes_an_empty_cell_an_answer(name: str) -> None:
    """In a CASE without ELSE an unknown condition leaves the value unknown; elsewhere it must be decided."""
    tree = sqlglot.parse_one(LAYOUTS[name], dialect="duckdb")
    for case in list(tree.find_all(exp.Case)):
        if case.args.get("default") is None and len(case.args["ifs"]) == 1:
            case.args["ifs"][0].set("this", exp.true())
    assert drops_unknown(tree) == []


@pytest.mark.parametrize(
    ("sql", "faults_expected"),
    [
        ("SELECT a FROM t WHERE channel <> 'phone'", 1),
        ("SELECT a FROM t WHERE channel != 'phone'", 1),
        ("SELECT a FROM t WHERE status NOT IN ('new', 'open')", 1),
        ("SELECT a FROM t WHERE NOT (status IN ('new'))", 1),
        ("SELECT a FROM t WHERE status NOT LIKE 'cancel%'", 1),
        ("SELECT a FROM t WHERE wait_s NOT BETWEEN 0 AND 20", 1),
        ("SELECT a FROM t WHERE NOT channel = 'phone'", 1),
        ("SELECT count(*) FILTER (WHERE NOT (wait_s > 20)) FROM t", 1),
        ("SELECT a FROM t WHERE channel IS DISTINCT FROM 'phone'", 0),
        ("SELECT a FROM t WHERE coalesce(channel, '') <> 'phone'", 0),
        ("SELECT a FROM t WHERE NOT coalesce(status IN ('new'), FALSE)", 0),
        ("SELECT a FROM t WHERE NOT a AND wait_s IS NOT NULL", 0),
    ],
)
def test_the_lint_sees_negations_of_what_may_be_unknown(sql: str, faults_expected: int) -> None:
    assert len(drops_unknown(sqlglot.parse_one(sql, dialect="duckdb"))) == faults_expected


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
        "SELECT CAST(a AS VARCHAR) FROM t",
        "SELECT CAST(a AS UUID) FROM t",
        "SELECT extract(SECOND FROM a) FROM t",
        "SELECT CAST(extract(SECOND FROM (a - b)) AS DOUBLE) FROM t",
        "SELECT row_number() OVER (ORDER BY brand) FROM t",
        "SELECT lag(a) OVER (PARTITION BY b ORDER BY created_at, CASE WHEN c THEN brand ELSE '' END) FROM t",
    ],
)
def test_the_lint_sees_what_is_not_portable(sql: str) -> None:
    assert faults(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(a AS STRING) FROM t",
        "SELECT CAST(extract(SECOND FROM (a - b)) AS BIGINT) * 1.0e0 FROM t",
        "SELECT row_number() OVER (ORDER BY brand NULLS LAST, late DESC, contact_id) FROM t",
        "SELECT row_number() OVER (ORDER BY CASE WHEN brand IS NULL THEN 1 ELSE 0 END, coalesce(brand, '')) FROM t",
    ],
)
def test_the_lint_passes_what_is_portable(sql: str) -> None:
    assert faults(sql) == []


def test_no_placeholder_is_left() -> None:
    for name, sql in STATEMENTS.items():
        assert "{" not in sql and "seconds_between" not in without_comments(sql), name


def test_each_model_file_states_its_grain_and_key() -> None:
    for step in steps():
        head = step.sql[: step.sql.upper().index("SELECT")]
        assert "-- Grain: one row per" in head and "Key: " in head, step.name
