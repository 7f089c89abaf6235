"""The statements behind the KPIs, and the cells they return.

All additive KPIs over one fact table and date are computed by ONE statement that aggregates its rows to cells
(month and, when asked, one dimension). Years, totals and segments are sums of cells. Medians are not sums: one
statement each, for the periods and segments asked.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from kpibar.database.engine import Engine, EngineError, Row
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Measure, Parts
from kpibar.kpis.facts import FACTS
from kpibar.privacy.disclosure import show_words

TOTAL = ""
UNKNOWN = "?"
# A contact about no order has no carrier; one about an order whose carrier nobody says has an unknown one.
NO_ORDER = "?no_order"
# What a statement with the expressions of an own KPI may take.
_SECONDS = 60.0
_OF_CONTACTS = frozenset({"contacts", "issues", "journeys"})


@dataclass(frozen=True)
class Window:
    """The days a figure speaks of, both included."""

    start: date
    end: date


@dataclass(frozen=True)
class Cells:
    """Parts by KPI, month and segment; without a dimension every segment is TOTAL.

    A month that was cut has two cells: its first days, and the others under the day they begin on.
    """

    by_kpi: Mapping[str, Mapping[tuple[date, str], Parts]] = field(default_factory=dict)

    def sum(self, kpi: str, window: Window, segment: str | None = None) -> Parts:
        """The parts of a KPI over a window, of one segment or of all."""
        total = Parts()
        for (month, name), parts in self.by_kpi.get(kpi, {}).items():
            if window.start.replace(day=1) <= month <= window.end and segment in (None, name):
                total = total + parts
        return total

    def segments(self, kpi: str) -> list[str]:
        """The segments a KPI has rows in."""
        return sorted({segment for _, segment in self.by_kpi.get(kpi, {})})


def mature(kpi: Kpi) -> str:
    """SQL: the row is old enough for its outcome to be known."""
    if kpi.maturity_days == 0:
        return "TRUE"
    return f"coalesce(as_of_on > {kpi.date} + INTERVAL '{kpi.maturity_days}' DAY, FALSE)"


def population(kpi: Kpi) -> str:
    """SQL of the rows a KPI counts: those of `where`, with a value when it has one."""
    return f"({kpi.where}) AND ({kpi.value}) IS NOT NULL" if kpi.value else kpi.where


def _aggregates(kpi: Kpi) -> dict[str, str]:
    """The SQL of each part an additive KPI needs."""
    entries = {"hit": kpi.hit, "against": kpi.against, "value": kpi.value}
    rows = f"({population(kpi)}) AND {mature(kpi)}"
    parts = {part: sql.format(rows=rows, **entries) for part, sql in kpi.spec.sums.items()}
    if kpi.maturity_days:
        parts["immature"] = f"count(*) FILTER (WHERE ({population(kpi)}) AND NOT {mature(kpi)})"
    return parts


def segment_of(dimension: str | None, table: str) -> str:
    """SQL of a row's segment: every row has one, so that segments add up to the total."""
    if dimension is None:
        return f"'{TOTAL}'"
    if dimension == "carrier" and table in _OF_CONTACTS:
        return f"coalesce(carrier, CASE WHEN order_id IS NULL THEN '{NO_ORDER}' ELSE '{UNKNOWN}' END)"
    return f"coalesce(CAST({dimension} AS STRING), '{UNKNOWN}')"


def _month(column: str, cuts: Iterable[date]) -> str:
    """SQL: the first day of a row's month; of the days of a month after a cut, the first of these."""
    month = f"CAST(date_trunc('month', {column}) AS DATE)"
    pieces = []
    for cut in sorted(cuts, reverse=True):
        begins, ends = cut + timedelta(days=1), last_of_month(cut)
        if begins <= ends:
            pieces.append(f"WHEN {column} BETWEEN DATE '{begins}' AND DATE '{ends}' THEN DATE '{begins}'")
    return f"CASE {' '.join(pieces)} ELSE {month} END" if pieces else month


def last_of_month(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def cells_statement(
    kpis: Sequence[Kpi],
    windows: Sequence[Window],
    dimension: str | None,
    brand: str | None,
    cuts: Iterable[date] = (),
) -> str:
    """ONE statement for all additive KPIs of one fact table and date: month, segment, then their parts in order.

    `cuts` are days inside the windows up to which a sum may be asked.
    """
    first = kpis[0]
    listed = ",\n    ".join(f"{sql} AS {kpi.id}__{part}" for kpi in kpis for part, sql in _aggregates(kpi).items())
    return (
        f"SELECT\n    {_month(first.date, cuts)} AS month,\n"
        f"    {segment_of(dimension, first.from_table)} AS segment,\n    {listed}\n"
        f"FROM fact_{first.from_table}\nWHERE {within(first.date, windows)}{of_brand(brand)}\nGROUP BY 1, 2"
    )


def within(column: str, windows: Sequence[Window]) -> str:
    """SQL: the day is in one of the windows."""
    spans = (f"{column} BETWEEN DATE '{window.start}' AND DATE '{window.end}'" for window in windows)
    return "(" + " OR ".join(spans) + ")"


def of_brand(brand: str | None, *, or_none: bool = False) -> str:
    """SQL that keeps one brand, and with `or_none` the rows of no brand; every row where no brand is asked for."""
    if brand is None:
        return ""
    own = "brand = '" + brand.replace("'", "''") + "'"
    return f" AND ({own} OR brand IS NULL)" if or_none else f" AND {own}"


def additive_cells(
    engine: Engine,
    kpis: Iterable[Kpi],
    windows: Sequence[Window],
    dimension: str | None = None,
    brand: str | None = None,
    cuts: Iterable[date] = (),
) -> Cells:
    """Cells of every additive KPI, one statement per fact table and date; a user's own KPIs run apart."""
    groups: dict[tuple[str, str, str], list[Kpi]] = {}
    for kpi in kpis:
        if kpi.additive and (dimension is None or dimension == kpi.over or dimension in kpi.dimensions()):
            groups.setdefault((kpi.from_table, kpi.date, kpi.id if kpi.own else ""), []).append(kpi)
    found: dict[str, Mapping[tuple[date, str], Parts]] = {}
    for members in groups.values():
        found |= _run(engine, members, cells_statement(members, windows, dimension, brand, cuts))
    return Cells(found)


def _run(engine: Engine, kpis: Sequence[Kpi], sql: str) -> dict[str, Mapping[tuple[date, str], Parts]]:
    rows = guarded(engine, kpis[0], sql)
    names = [(kpi.id, part) for kpi in kpis for part in _aggregates(kpi)]
    found: dict[str, dict[tuple[date, str], Parts]] = {kpi.id: {} for kpi in kpis}
    for month, segment, *values in rows:
        parts: dict[str, dict[str, float]] = {kpi.id: {} for kpi in kpis}
        for (name, part), value in zip(names, values, strict=True):
            parts[name][part] = _finite(float(value or 0), kpis)
        for name, made in parts.items():
            found[name][month, segment] = _disjoint(Parts(**made), kpis)
    return dict(found)


def _finite(value: float, kpis: Sequence[Kpi], what: str = "its sum") -> float:
    if not math.isfinite(value):
        raise KpiInvalid(f"[kpis.{kpis[0].id}] of kpibar.toml", f"{what} is not a finite number")
    return value


def _disjoint(parts: Parts, kpis: Sequence[Kpi]) -> Parts:
    if parts.against and parts.hits + parts.against > parts.base:
        raise KpiInvalid(f"[kpis.{kpis[0].id}] of kpibar.toml", 'a row is both in "hit" and in "against"')
    return parts


def guarded(engine: Engine, kpi: Kpi, sql: str) -> list[Row]:
    """Run a statement; when a user's own KPI makes the engine refuse it, or work too long, say which one and why."""
    if not kpi.own:
        return engine.rows(sql)
    try:
        with engine.limit_time(_SECONDS):
            return engine.rows(sql)
    except EngineError as error:
        stated = "\n".join((*kpi.wording, *FACTS.get(kpi.from_table, ())))
        raise KpiInvalid(
            f"[kpis.{kpi.id}] of kpibar.toml", show_words(str(error), lambda word: word in stated)
        ) from error


def quantile_statement(kpi: Kpi, window: Window, fractions: Sequence[float], group: str, brand: str | None) -> str:
    """One statement for a quantile: group, base, immature, then the value at each fraction."""
    values = ", ".join(
        f"percentile_cont({fraction:.12f}) WITHIN GROUP (ORDER BY number) FILTER (WHERE old_enough)"
        for fraction in fractions
    )
    return (
        "SELECT segment, count(*) FILTER (WHERE old_enough) AS base,\n"
        f"    count(*) FILTER (WHERE NOT old_enough) AS immature,\n    {values}\n"
        f"FROM (\n    SELECT {group} AS segment, {mature(kpi)} AS old_enough, ({kpi.value}) * 1.0e0 AS number\n"
        f"    FROM fact_{kpi.from_table}\n"
        f"    WHERE ({population(kpi)}) AND {within(kpi.date, [window])}{of_brand(brand)}\n"
        ") AS chosen\nGROUP BY segment"
    )


def quantiles(
    engine: Engine, kpi: Kpi, window: Window, group: str = f"'{TOTAL}'", brand: str | None = None
) -> dict[str, Measure]:
    """A quantile KPI in one window by `group` (SQL over the fact table), without bounds."""
    rows = guarded(engine, kpi, quantile_statement(kpi, window, [kpi.quantile], group, brand))
    return {str(name): _quantile(_number(value, kpi), int(base), int(young)) for name, base, young, value in rows}


def _quantile(value: float | None, base: int, young: int) -> Measure:
    return Measure(value, None, float(base), base=base, immature=young)


def quantile_bounds(
    engine: Engine,
    kpi: Kpi,
    window: Window,
    ranks: tuple[int, int],
    base: int,
    condition: str,
    brand: str | None,
) -> tuple[float | None, float | None]:
    """The values at two 1-based ranks of a quantile KPI's sorted values, among the rows of `condition`."""
    fractions = [(rank - 1) / (base - 1) for rank in ranks]
    chosen = f"CASE WHEN {condition} THEN 'in' ELSE 'out' END"
    rows = guarded(engine, kpi, quantile_statement(kpi, window, fractions, chosen, brand))
    for name, _, _, low, high in rows:
        if name == "in":
            return _number(low, kpi), _number(high, kpi)
    return None, None


def _number(value: float | None, kpi: Kpi) -> float | None:
    """Raises KpiInvalid for a value that is infinite or no number."""
    return None if value is None else _finite(float(value), [kpi], "its value")
