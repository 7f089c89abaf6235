"""Which layout of the tables a database has, and how it becomes the present one.

A number alone is not trusted: a database has a layout when its tables have the columns of that layout.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from kpibar.database.engine import Engine

SCHEMA_VERSION = "7"
# A table of schema.sql, its columns between the parentheses; a column with its type.
_TABLE = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\);", re.M | re.S)
_COLUMN = re.compile(r"^    (\w+) ([A-Z]+(?:\(\d+, ?\d+\))?)(.*)$", re.M)

# Per table its columns in order: name, type, and whether every row has a value.
Layout = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Way:
    """How a database becomes one of the present layout: the statements to run, in order; `gaps` says why it cannot.

    `gaps` are the tables and columns in which it differs from the layout that its number promises.
    """

    steps: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def text_of(name: str) -> str | None:
    """The text of a file of the migrations, None where there is none."""
    path = files("kpibar").joinpath("database", "migrations", name)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def schema() -> str:
    """The statements that make the present tables."""
    return files("kpibar").joinpath("database", "schema.sql").read_text(encoding="utf-8")


@lru_cache
def layout_in(sql: str) -> Layout:
    """The layout that the statements of a schema make."""
    return {name: tuple(_columns(body)) for name, body in _TABLE.findall(sql)}


def _columns(body: str) -> list[str]:
    return [
        f"{name} {kind.replace(' ', '')}{' NOT NULL' if 'NOT NULL' in rules or 'PRIMARY KEY' in rules else ''}"
        for name, kind, rules in _COLUMN.findall(body)
    ]


def layout_of(engine: Engine) -> Layout:
    """The layout of the tables of an open database."""
    layout: dict[str, tuple[str, ...]] = {}
    rows = engine.rows(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal "
        "AND NOT starts_with(table_name, 'fact_') ORDER BY table_oid, column_index"
    )
    for table, column, kind, nullable in rows:
        layout[table] = (*layout.get(table, ()), f"{column} {kind}{'' if nullable else ' NOT NULL'}")
    return layout


def way(engine: Engine, number: int, target: int = int(SCHEMA_VERSION)) -> Way | None:
    """How a database of an earlier or the present number becomes one of the present layout, None where it cannot."""
    sql = schema() if number == int(SCHEMA_VERSION) else text_of(f"{number}.sql")
    steps = [text_of(f"{start}_to_{start + 1}.sql") for start in range(number, target)]
    if sql is None or None in steps:
        return None
    return Way(tuple(step for step in steps if step), gaps(layout_of(engine), layout_in(sql)))


def gaps(layout: Layout, schema: Layout) -> tuple[str, ...]:
    """In which tables and columns a layout differs from another one; tables it has besides do not count."""
    differences: list[str] = []
    for table, columns in schema.items():
        if table not in layout:
            differences.append(f"no table {table}")
        elif layout[table] != columns:
            differences += _differences(table, layout[table], columns)
    return tuple(differences)


def _differences(table: str, columns: Sequence[str], schema_columns: Sequence[str]) -> list[str]:
    names = {column.partition(" ")[0]: column for column in columns}
    schema_by_name = {column.partition(" ")[0]: column for column in schema_columns}
    differences = [f"no column {table}.{name}" for name in schema_by_name if name not in names]
    differences += [f"a column {table}.{name} of its own" for name in names if name not in schema_by_name]
    differences += [
        f"{table}.{names[name]}" for name in schema_by_name if name in names and names[name] != schema_by_name[name]
    ]
    return differences or [f"columns of {table} in another order"]
