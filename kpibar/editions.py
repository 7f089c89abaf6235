"""Which year a report speaks of, and with what it is compared.

The last year with data, unless it has barely begun; complete when the exports speak up to its last day, else
partial up to the last day they cover, and then compared with the same days of the year before.
"""

from dataclasses import dataclass
from datetime import date

from kpibar.errors import YearWithoutData
from kpibar.errors_database import DatabaseEmpty
from kpibar.kpis.compute import Window
from kpibar.store import Store

# A year of which less than this is known is not reported unless asked for: January's first days are no barometer.
BARELY_BEGUN_DAYS = 31


@dataclass(frozen=True)
class Edition:
    """The year of a report, its window and that of the year before, and whether the year is complete.

    `newer_year` is a later year that has data but has barely begun.
    """

    year: int
    window: Window
    previous: Window
    complete: bool
    timezone: str
    newer_year: int | None = None


def edition(store: Store, year: int | None = None, brand: str | None = None) -> Edition:
    """The edition asked for, or the default one, of all brands or one. Raises DatabaseEmpty, YearWithoutData."""
    years = years_held(store)
    if not years:
        raise DatabaseEmpty(store.path)
    if year is not None and year not in years:
        raise YearWithoutData(year, sorted(years))
    chosen = year or _default_year(years)
    covered = _covered_until(store, brand)
    complete = covered is None or covered >= date(chosen, 12, 31)
    end = date(chosen, 12, 31) if complete or covered is None else max(covered, date(chosen, 1, 1))
    newest = max(years)
    return Edition(
        year=chosen,
        window=Window(date(chosen, 1, 1), end),
        previous=Window(date(chosen - 1, 1, 1), same_day(end, chosen - 1)),
        complete=complete,
        timezone=store.meta("timezone") or "UTC",
        newer_year=newest if year is None and newest > chosen else None,
    )


def years_held(store: Store) -> dict[int, date]:
    """Each year with contacts or orders (else with promises or surveys), and its last day with data.

    A day later than every export speaks of is a slip of the pen, not a year.
    """
    for sources in (
        (("contacts", "created_on"), ("orders", "ordered_on")),
        (("orders", "promised_on"), ("surveys", "answered_on")),
    ):
        parts = (f"SELECT {column} AS day FROM fact_{table} WHERE {column} IS NOT NULL" for table, column in sources)
        rows = store.engine.rows(
            "SELECT CAST(extract(YEAR FROM day) AS INTEGER), max(day) FROM "
            f"({' UNION ALL '.join(parts)}) AS days "
            "WHERE day <= (SELECT coalesce(max(as_of_on), day) FROM sources) GROUP BY 1 ORDER BY 1"
        )
        if rows:
            return {int(year): last for year, last in rows}
    return {}


def _default_year(years: dict[int, date]) -> int:
    newest = max(years)
    begun = (years[newest] - date(newest, 1, 1)).days + 1
    return newest - 1 if begun < BARELY_BEGUN_DAYS and newest - 1 in years else newest


def _covered_until(store: Store, brand: str | None) -> date | None:
    """The last local day some export speaks of, of all brands or one. A source that stops earlier is announced."""
    own = "" if brand is None else " AND source IN (SELECT source FROM branded)"
    rows = store.engine.rows(
        "WITH branded AS (SELECT source FROM contacts WHERE brand = ? UNION SELECT source FROM orders WHERE brand = ?"
        " UNION SELECT source FROM parcels WHERE brand = ? UNION SELECT source FROM surveys WHERE brand = ?) "
        f"SELECT max(as_of_on) FROM sources WHERE as_of_on IS NOT NULL{own}",
        [brand] * 4,
    )
    covered: date | None = rows[0][0]
    return covered


def same_day(day: date, year: int) -> date:
    """The same day in another year; 29 February becomes 28."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
