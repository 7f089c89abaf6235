"""Which year a report speaks of, and with what it is compared.

The last year with data, unless it has barely begun; complete when the exports speak up to its last day, else
partial up to the last day they cover, and then compared with the same days of the year before.
"""

from collections.abc import Sequence
from datetime import date

from kpibar.database.errors import DatabaseEmpty
from kpibar.database.store import Store
from kpibar.kpis.estimates import Window
from kpibar.measure.errors import YearWithoutData
from kpibar.measure.report import Edition

# A year of which less than this is known is not reported unless asked for: January's first days are no barometer.
BARELY_BEGUN_DAYS = 31
# The days that make a year to report, and those of what happens long after the contact or order it comes from.
_MAIN_DAYS = (("contacts", "created_on"), ("orders", "ordered_on"))
_OTHER_DAYS = (
    ("orders", "promised_on"),
    ("orders", "first_attempt_on"),
    ("orders", "delivered_on"),
    ("surveys", "answered_on"),
    ("surveys", "sent_on"),
)


def find_edition(store: Store, year: int | None = None, brand: str | None = None) -> Edition:
    """The edition asked for, or the default one, of all brands or one. Raises DatabaseEmpty, YearWithoutData."""
    years, further = _years(store, _MAIN_DAYS), _years(store, _OTHER_DAYS)
    if not years and not further:
        raise DatabaseEmpty(store.path, _records(store))
    if year is not None and year not in years | further:
        raise YearWithoutData(year, sorted(years | further))
    number = year or _default_year(years or further)
    last_day = _last_covered_day(store, brand)
    complete = last_day is None or last_day >= date(number, 12, 31)
    end = date(number, 12, 31) if complete or last_day is None else max(last_day, date(number, 1, 1))
    newest, last = max(years or further), max(years | further)
    return Edition(
        year=number,
        window=Window(date(number, 1, 1), end),
        previous=Window(date(number - 1, 1, 1), same_day(end, number - 1)),
        complete=complete,
        timezone=store.meta("timezone") or "UTC",
        newer_year=newest if year is None and newest > number else None,
        other_year=last if year is None and last > newest and _has_begun(further[last]) else None,
    )


def _records(store: Store) -> int:
    """How many records the tables hold that years are taken from."""
    counts = " + ".join(f"(SELECT count(*) FROM {entity})" for entity in ("contacts", "orders", "parcels", "surveys"))
    return int(store.engine.rows(f"SELECT {counts}")[0][0])


def _years(store: Store, days: Sequence[tuple[str, str]]) -> dict[int, date]:
    """Each year that has one of these days, and its last one.

    A day later than every export speaks of is a slip of the pen, not a year.
    """
    parts = (f"SELECT {column} AS day FROM fact_{table} WHERE {column} IS NOT NULL" for table, column in days)
    rows = store.engine.rows(
        "SELECT CAST(extract(YEAR FROM day) AS INTEGER), max(day) FROM "
        f"({' UNION ALL '.join(parts)}) AS days "
        "WHERE day <= coalesce((SELECT max(as_of_on) FROM sources WHERE entity <> 'costs'), day) "
        "GROUP BY 1 ORDER BY 1"
    )
    return {int(year): last for year, last in rows}


def _default_year(years: dict[int, date]) -> int:
    newest = max(years)
    return newest if _has_begun(years[newest]) or newest - 1 not in years else newest - 1


def _has_begun(last: date) -> bool:
    """Whether enough of the year of a last day has gone by."""
    return (last - date(last.year, 1, 1)).days + 1 >= BARELY_BEGUN_DAYS


def _last_covered_day(store: Store, brand: str | None) -> date | None:
    """The last local day some export speaks of, of all brands or one. A source that stops earlier is announced.

    A table of costs tells of no contact and no order.
    """
    condition = "" if brand is None else " AND source IN (SELECT source FROM branded)"
    rows = store.engine.rows(
        "WITH branded AS (SELECT source FROM contacts WHERE brand = ? UNION SELECT source FROM orders WHERE brand = ?"
        " UNION SELECT source FROM parcels WHERE brand = ? UNION SELECT source FROM surveys WHERE brand = ?) "
        f"SELECT max(as_of_on) FROM sources WHERE as_of_on IS NOT NULL AND entity <> 'costs'{condition}",
        [brand] * 4,
    )
    last_day: date | None = rows[0][0]
    return last_day


def same_day(day: date, year: int) -> date:
    """The same day in another year; 29 February becomes 28."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
