"""Write docs/TABLES.md: the tables a statement of `kpibar sql` may ask, their columns, and examples.

python docs/tables.py
"""

import re
import tempfile
from importlib.resources import files
from pathlib import Path

from kpibar.config import Settings
from kpibar.database.schema import WORDS
from kpibar.database.store import open_store
from kpibar.model.build import build, steps
from kpibar.model.meanings import documented, internal, meaning
from kpibar.render.messages import say

PAGE = Path(__file__).with_name("TABLES.md")
EXAMPLES = Path(__file__).with_name("examples.sql")
_HEAD = """\
# Tables

What `kpibar sql` may ask: DuckDB's SQL over the tables a report is made of. `docs/tables.py` writes this page from the
schema and the model; do not edit it by hand.

```sh
kpibar sql "SELECT carrier, count(*) AS late FROM fact_orders WHERE due AND late AND NOT cancelled GROUP BY carrier"
kpibar sql --file question.sql -o answer.csv
```

A statement reads and changes nothing: the database is opened for reading, and files, the network and settings are out
of its reach. The tables named `fact_…` are those KPIs count over, made by the thresholds of the settings; the others
hold the records as the exports state them.

- Instants are TIMESTAMP in UTC, written with a Z; the DATE `…_on` beside one is its day in the zone of the brand.
- Durations are seconds. NULL is unknown, never 0.
- Customers are pseudonyms (UUID, named `…_key`): the same person has the same one, and nobody without the key of the
  database can find the person.
- The free texts of a contact (`subject`, `tags`, `body`) are there only where its export was read with `--keep-text`.
- KPIs count contacts that are `counted`. A KPI's own SQL is what `kpibar kpis ID` prints; figures of a report are
  masked where the base is small, the rows here are not.
"""
_TYPES = {
    "TIMESTAMP": "instant, UTC",
    "DATE": "day",
    "UUID": "pseudonym",
    "DOUBLE": "number",
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "BOOLEAN": "true or false",
    "VARCHAR": "text",
    "DECIMAL": "amount",
}
_GROUPS = {"facts": "What KPIs count", "records": "Records of the exports", "ledger": "The ledger"}
_INTERNAL = """\
## Internal tables

These are steps of the computation and what the database remembers; they change without notice.
"""


def page() -> str:
    """The whole page, as Markdown."""
    held = columns_of_database()
    parts = [_HEAD, _contents(), "## Examples\n", *map(_example, examples())]
    for group, tables in documented().items():
        parts.append(f"## {_GROUPS[group]}\n")
        parts += [_table(table.name, held[table.name]) for table in tables]
    return "\n".join([*parts, _INTERNAL, *(f"- `{name}`: {text}" for name, text in internal().items()), ""])


def examples() -> list[tuple[str, str, str]]:
    """The worked examples: title, remark and statement of each, as examples.sql has them."""
    blocks = re.split(r"^-- # ", EXAMPLES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_parts(block) for block in blocks]


def _parts(block: str) -> tuple[str, str, str]:
    title, *lines = block.strip().splitlines()
    remark = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    return title, "\n".join(remark), "\n".join(line for line in lines if not line.startswith("-- "))


def columns_of_database() -> dict[str, list[tuple[str, str]]]:
    """The columns and types of every table and view, of a database without records."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "empty.duckdb", write=True) as store:
        build(store, Settings().thresholds)
        rows = store.engine.rows(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_name, column_index"
        )
    held: dict[str, list[tuple[str, str]]] = {}
    for table, column, type in rows:
        held.setdefault(table, []).append((column, type))
    return held


def _contents() -> str:
    lines = ["| table | what it holds |", "|---|---|"]
    for tables in documented().values():
        lines += [f"| [`{table.name}`](#{table.name}) | {say(f'sql_table_{table.name}', 'en')} |" for table in tables]
    return "\n".join(lines) + "\n"


def _example(example: tuple[str, str, str]) -> str:
    title, remark, sql = example
    return f"### {title}\n" + (f"\n{remark}\n" if remark else "") + f"\n```sql\n{sql}\n```\n"


def _table(name: str, columns: list[tuple[str, str]]) -> str:
    lines = [f"### {name}\n", f"{_header(name)}\n", "| column | type | meaning |", "|---|---|---|"]
    for column, type in columns:
        words = ", ".join(f"`{word}`" for word in WORDS.get((name, column), ()))
        text = meaning(name, column) + (f": {words}" if words else "")
        lines.append(f"| `{column}` | {_type(column, type)} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def _type(column: str, type: str) -> str:
    return "seconds" if column.endswith("_s") and type == "DOUBLE" else _TYPES[type.partition("(")[0]]


def _header(name: str) -> str:
    """What the comment above a table says of it: its rows and their key, thresholds by their names."""
    text = next((step.sql for step in steps() if step.table == name), "")
    comment = text[: text.index("\n", text.rindex("-- Grain: "))] if text else ""
    if not text:
        schema = files("kpibar.database").joinpath("schema.sql").read_text(encoding="utf-8")
        comment = schema[: schema.index(f"CREATE TABLE {name} (")].rpartition("\n\n")[2]
    lines = [line.removeprefix("--").strip() for line in comment.splitlines()]
    return re.sub(r"\{(\w+)\}", r"`\1`", "\n".join(lines)).strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
