"""What the database holds, and what it lacks for which KPI."""

from collections.abc import Iterable

from kpibar.database.schema import DAY_COLUMNS
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import within
from kpibar.kpis.estimates import Window
from kpibar.measure.report import Coverage

# An export that stops this long before the others misses enough to be said.
STOPS_EARLY_DAYS = 7


def filled_columns(store: Store) -> frozenset[str]:
    """Every "table.column" that some source fills."""
    rows = store.engine.rows("SELECT DISTINCT entity || '.' || column_name FROM columns_held")
    return frozenset(str(row[0]) for row in rows)


def missing_inputs(kpi: Kpi, catalogue: Catalogue, columns: frozenset[str]) -> tuple[str, ...]:
    """The inputs a KPI needs that no source holds; alternatives stay joined by "|"."""
    needs: list[str] = list(kpi.needs)
    for part in kpi.operands:
        needs += catalogue.get(part).needs
    return tuple(need for need in dict.fromkeys(needs) if not set(need.split("|")) & columns)


def disabled_kpis(catalogue: Catalogue, entity: str, held: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """KPIs that a file of this table could feed but does not, and the columns it lacks for them."""
    columns = frozenset(f"{entity}.{column}" for column in held)
    kpis = {}
    for kpi in catalogue.kpis:
        needs = tuple(
            need
            for need in kpi.needs
            if all(option.startswith(entity + ".") for option in need.split("|")) and not set(need.split("|")) & columns
        )
        if needs and not kpi.hidden:
            kpis[kpi.id] = needs
    return kpis


def coverage(store: Store, window: Window) -> tuple[Coverage, ...]:
    """What each source holds, in the order of table and source."""
    statements = (
        f"SELECT {place} AS place, t.source, count(*), min({day}), max({day}), max(s.as_of_on), "
        f"list_sort(list(DISTINCT strftime({day}, '%Y-%m')) FILTER (WHERE {within(day, [window])})) "
        f"FROM {entity} t LEFT JOIN sources s ON s.source = t.source AND s.entity = '{entity}' GROUP BY t.source"
        for place, (entity, day) in enumerate(DAY_COLUMNS.items())
    )
    rows = store.engine.rows(" UNION ALL ".join(statements) + " ORDER BY place, source")
    entities, links = tuple(DAY_COLUMNS), _link_shares(store)
    return tuple(
        Coverage(
            source,
            entities[place],
            count,
            first,
            last,
            as_of_on,
            tuple(month for month in _months(window) if month not in (months or ())),
            links.get(source) if entities[place] == "contacts" else None,
        )
        for place, source, count, first, last, as_of_on, months in rows
    )


def _link_shares(store: Store) -> dict[str, float]:
    """Share of the contacts of each source that are linked to an order."""
    rows = store.engine.rows(
        "SELECT source, avg(CASE WHEN linked THEN 1.0e0 ELSE 0.0e0 END) FROM fact_contacts "
        "WHERE counted GROUP BY source"
    )
    return {str(source): float(share) for source, share in rows}


def _months(window: Window) -> list[str]:
    return [f"{window.start.year}-{month:02d}" for month in range(window.start.month, window.end.month + 1)]
