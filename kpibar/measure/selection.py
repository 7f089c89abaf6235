"""Years of which a source holds settled records alone: exports filtered to closed tickets or delivered parcels."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.database.store import Store
from kpibar.kpis.compute import of_brand, within
from kpibar.kpis.estimates import Window
from kpibar.plausibility.open_records import ENOUGH, LAST_DAYS, OUTCOMES, files_without_open_records

# Two years differ where the share open in the one would leave none in the other by chance less often than this.
_CHANCE = 0.01
# What was young when its export was taken may be open in any export. Of the older records so many are open in an export
# of all, at least: an export taken long after its year may have no open record left.
_YOUNG_DAYS, _LEAST_OPEN = 30, 0.01


@dataclass(frozen=True)
class SettledYear:
    """A source of which one year holds settled records alone and the other one does not: the year, and its records."""

    source: str
    year: int
    records: int


def settled_sources(store: Store, entity: str, window: Window, brand: str | None = None) -> tuple[tuple[str, int], ...]:
    """The sources of which no record of a year is open up to the last day of their exports, and how many these are.

    All files of a source are judged together, so that it does not matter how an export was cut into files. A year that
    was over when the last export was taken may be settled by then: of it nothing is said.
    """
    begins, day, condition, open_ones = OUTCOMES[entity]
    rows = store.engine.rows(
        f"SELECT t.source, count(*) FROM {_records(entity, brand)} AS t "
        f"JOIN (SELECT source, max(as_of) AS as_of FROM files WHERE entity = '{entity}' GROUP BY source) AS export "
        f"ON export.source = t.source WHERE {condition} AND {within(day, [window])} "
        f"GROUP BY t.source HAVING count(*) >= {ENOUGH} AND sum(CASE WHEN {open_ones} THEN 1 ELSE 0 END) = 0 "
        f"AND max({begins}) >= max(export.as_of) - INTERVAL '{LAST_DAYS}' DAY ORDER BY t.source"
    )
    return tuple((str(source), int(records)) for source, records in rows)


def selected_year(store: Store, entity: str, windows: Sequence[Window], brand: str | None = None) -> SettledYear | None:
    """The one of two years that holds settled records alone, where the other one shows that there are others."""
    files = files_without_open_records(store, entity)
    if not files:
        return None
    begins, day, condition, open_ones = OUTCOMES[entity]
    ids = ", ".join(map(str, files))
    old = f"{begins} < f.as_of - INTERVAL '{_YOUNG_DAYS}' DAY"
    years = [
        store.engine.rows(
            f"SELECT count(*), sum(CASE WHEN t.file_id IN ({ids}) THEN 1 ELSE 0 END), "
            f"sum(CASE WHEN {old} THEN 1 ELSE 0 END), sum(CASE WHEN {old} AND {open_ones} THEN 1 ELSE 0 END), "
            f"max(CASE WHEN t.file_id IN ({ids}) THEN t.source END) FROM {_records(entity, brand)} AS t "
            f"JOIN files AS f ON f.file_id = t.file_id WHERE {condition} AND {within(day, [window])}"
        )[0]
        for window in windows
    ]
    for window, (records, closed_rows, _, _, source), (further, other_settled, judged_old, still_open, _) in zip(
        windows, years, reversed(years), strict=True
    ):
        if not (records and 2 * closed_rows > records and further and 2 * other_settled <= further and judged_old):
            continue
        share = still_open / judged_old
        if share >= _LEAST_OPEN and (1 - share) ** closed_rows < _CHANCE:
            return SettledYear(str(source), window.start.year, int(closed_rows))
    return None


def _records(entity: str, brand: str | None) -> str:
    """SQL of the records of one brand, and of those of none."""
    return f"(SELECT * FROM {entity} WHERE TRUE{of_brand(brand, or_none=True)})"
