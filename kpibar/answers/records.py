"""The records behind a figure: those of its numerator and of its denominator, by the ids of their exports."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.answers.bridge import is_against, is_hit, populations
from kpibar.answers.population import Population
from kpibar.database.engine import Row
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import run_statement
from kpibar.kpis.facts import FACTS
from kpibar.measure.inputs import Inputs

# The columns that a record may be told by, where its fact table has them.
SEGMENTS = ("channel", "carrier", "brand", "country", "reason")
COLUMNS = ("part", "source", "id", "date", "in_numerator", "value", "ended", *SEGMENTS)


@dataclass(frozen=True)
class Records:
    """The rows of the base of a KPI, in the order of COLUMNS; None where its kind has no such thing.

    `part` tells of a ratio of which operand a row is. `in_numerator` is 1 or 0, of a net score also -1, for those
    counted against; `value` is what a mean or a quantile is made of, `ended` tells of a time that it is over.
    """

    kpi: Kpi
    rows: tuple[Row, ...]


def records(store: Store, inputs: Inputs, kpi: Kpi, place: int = 0) -> Records:
    """The records behind a KPI in the year (0) or the year before (1), by date, source and id."""
    rows: list[Row] = []
    for part, role, population in populations(inputs, kpi, place):
        rows += run_statement(store.engine, part, _statement(part, role, population))
    return Records(kpi, tuple(rows))


def _statement(kpi: Kpi, role: str | None, population: Population) -> str:
    """One statement for the rows of the base of a KPI with rows of its own."""
    columns = FACTS[kpi.from_table]
    segments = (name if name in columns else "NULL" for name in SEGMENTS)
    parts = (f"'{role}'" if role else "NULL", "record_source", "record_id", population.on, *_figures(kpi), *segments)
    listed = ", ".join(f"{sql} AS {name}" for sql, name in zip(parts, _NAMES, strict=True))
    return (
        f"SELECT {listed}\nFROM (\n    SELECT *, {population.step} AS step\n    FROM (\n    {population.relation}\n"
        f"    ) AS records\n) AS steps\nWHERE step = {len(population.reasons)}\nORDER BY 4, 2, 3"
    )


# Names that no column of a fact table has.
_NAMES: Sequence[str] = tuple(f"listed_{name}" for name in COLUMNS)


def _figures(kpi: Kpi) -> tuple[str, str, str]:
    """SQL of what a row is to the figure: in its numerator, its value, and whether its time is over."""
    hit, against = is_hit(kpi), is_against(kpi)
    value = f"({kpi.over})" if kpi.over else f"({kpi.value}) * 1.0e0" if kpi.value and not kpi.is_stock else "NULL"
    if kpi.spec.times is not None:
        return "NULL", value, f"CASE WHEN {hit or 'TRUE'} THEN 1 ELSE 0 END"
    if kpi.spec.counts:
        return "1", value, "NULL"
    if not hit:
        return "NULL", value, "NULL"
    against_case = f" WHEN {against} THEN -1" if against else ""
    return f"CASE WHEN {hit} THEN 1{against_case} ELSE 0 END", value, "NULL"
