"""Write docs/columns.md: every column a layout fills, what it means and which KPIs need it; and what KPIs count over.

python docs/columns.py
"""

import re
import tempfile
from pathlib import Path

from kpibar.config import Settings
from kpibar.database.schema import ENTITIES, KEYS, TEXT_COLUMNS, WORDS, columns, selectable
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import DIMENSIONS, Kpi, catalogue
from kpibar.model.build import build
from kpibar.model.meanings import meaning

PAGE = Path(__file__).with_name("columns.md")
_HEAD = """\
# Columns

What a layout may fill (`[select]`, see [layouts/README.md](../kpibar/layouts/README.md)), and what KPIs count over.
`docs/columns.py` writes this page; do not edit it by hand.

NULL is unknown, never 0. Every record needs the columns marked *key*; all others are optional. "Needed by" lists the
KPIs that are not available without the column, or without one of the columns they can take in its place.
"""
_UNITS = {
    "TIMESTAMP": "instant, UTC",
    "DATE": "day of the brand",
    "UUID": "keyed pseudonym",
    "DOUBLE": "number",
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "BOOLEAN": "true or false",
    "VARCHAR": "text",
    "DECIMAL": "amount in `currency`",
}


def page() -> str:
    """The whole page, as Markdown."""
    kpis = catalogue(Settings()).kpis
    parts = [_HEAD, "## What layouts fill\n"]
    parts += [_filled(entity, kpis) for entity in KEYS]
    parts.append(
        "## What KPIs count over\n\nA KPI of the catalogue or of `[kpis.ID]` reads one fact table (`from`). "
        '"Read by" lists the KPIs whose expressions name the column.\n'
    )
    parts += [_counted(table, listed, kpis) for table, listed in _facts().items()]
    return "\n".join(parts)


def _filled(entity: str, kpis: tuple[Kpi, ...]) -> str:
    known = selectable(entity) | (set(TEXT_COLUMNS) if entity == "contacts" else set())
    lines = [f"### {entity}\n", "| column | type, unit | meaning | needed by |", "|---|---|---|---|"]
    for column, type in columns(entity).items():
        if column in known:
            text = meaning(entity, column)
            words = ", ".join(f"`{word}`" for word in WORDS.get((entity, column), ()))
            mark = " *key*" if column in KEYS[entity].mandatory else ""
            needed = ", ".join(f"`{kpi.id}`" for kpi in kpis if _needs(kpi, f"{entity}.{column}"))
            lines.append(
                f"| `{column}`{mark} | {_unit(column, type)} | {text}{': ' if words else ''}{words} | {needed} |"
            )
    return "\n".join(lines) + "\n"


def _needs(kpi: Kpi, name: str) -> bool:
    return any(name in need.split("|") for need in kpi.needs)


def _unit(column: str, type: str) -> str:
    return "seconds" if column.endswith("_s") and type == "DOUBLE" else _UNITS[type.partition("(")[0]]


def _counted(table: str, listed: list[tuple[str, str]], kpis: tuple[Kpi, ...]) -> str:
    lines = [f"### {table}\n", "| column | type, unit | read by |", "|---|---|---|"]
    for column, type in listed:
        read = [kpi.id for kpi in kpis if kpi.from_table == table and _reads(kpi, column)]
        lines.append(f"| `{column}` | {_unit(column, type)} | {', '.join(f'`{one}`' for one in read)} |")
    return "\n".join(lines) + "\n"


def _reads(kpi: Kpi, column: str) -> bool:
    fragments = (kpi.date, kpi.where, kpi.hit, kpi.against, kpi.value, kpi.over, *kpi.notes.values())
    return any(re.search(rf"\b{column}\b", fragment) for fragment in fragments)


def _facts() -> dict[str, list[tuple[str, str]]]:
    """The columns and types of each fact table, of a database without records."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "empty.duckdb", write=True) as store:
        build(store, Settings().thresholds)
        sql = "SELECT column_name, column_type FROM (DESCRIBE fact_{})"
        return {table: [(row[0], row[1]) for row in store.engine.rows(sql.format(table))] for table in DIMENSIONS}


if __name__ == "__main__":
    assert set(KEYS) == set(ENTITIES)
    PAGE.write_text(page(), encoding="utf-8")
