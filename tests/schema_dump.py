"""The tables of a database as SQL text, and the hash of the present schema.

    python -m tests.schema_dump                 the number and hash of schema.sql, for tests/test_schema.py
    python -m tests.schema_dump kpibar.duckdb   the canonical tables as statements, for tests/fixtures/schema

Fact tables are left out: they are computed from the others.
"""

import hashlib
import re
import sys
from pathlib import Path

import duckdb

from kpibar.database.migrations.steps import SCHEMA_VERSION, schema


def schema_hash() -> str:
    """SHA-256 of schema.sql without its comments and blanks."""
    bare = re.sub(r"\s+", " ", re.sub(r"--.*", "", schema())).strip()
    return hashlib.sha256(bare.encode()).hexdigest()[:16]


def dump(path: Path) -> str:
    """Statements that make the canonical tables of a database again."""
    lines = []
    with duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute(
            "SELECT table_name, sql FROM duckdb_tables() WHERE NOT starts_with(table_name, 'fact_') ORDER BY table_oid"
        ).fetchall()
        for table, sql in tables:
            lines.append(sql)
            names = [row[0] for row in database.execute(f"DESCRIBE {table}").fetchall()]
            shown = " || ', ' || ".join(
                f"CASE WHEN {name} IS NULL THEN 'NULL' ELSE '''' || replace({name}::VARCHAR, '''', '''''') || '''' END"
                for name in names
            )
            rows = database.execute(f"SELECT {shown} FROM {table} ORDER BY ALL").fetchall()
            lines += [f"INSERT INTO {table} VALUES ({row[0]});" for row in rows]
    return "\n".join(line for line in lines if "'model'" not in line) + "\n"


if __name__ == "__main__":
    print(dump(Path(sys.argv[1])) if sys.argv[1:] else f'"{SCHEMA_VERSION}": "{schema_hash()}",')
