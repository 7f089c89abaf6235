"""How far the exports behind a figure reach, and of which months their sources say nothing.

Two years compare over the same days, and where the same sources speak of the same months of both. A source may well
have an empty month by chance; it is silent where it would have had rows, had it gone on as it did otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby

from kpibar.database.schema import DAY_COLUMNS
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import last_of_month, of_brand, within
from kpibar.kpis.estimates import Window
from kpibar.measure.coverage import STOPS_EARLY_DAYS
from kpibar.measure.period import same_day
from kpibar.measure.report import Edition

# Where seven rows are expected, chance leaves none less than once in a thousand times (Poisson).
_EXPECTED_ROWS = 7
# Of a short window a few days are much: one in so many.
_FEW_DAYS = 20

Span = tuple[Window, Window]


@dataclass(frozen=True)
class SourceRows:
    """What a source holds of two years: its rows by month (the first day of it), and the day it speaks up to."""

    source: str
    months: Mapping[date, int]
    until: date | None


@dataclass(frozen=True)
class UnevenSource:
    """A source that is silent in months of one year and not of the other: months it holds of each, those it lacks."""

    source: str
    now: int
    before: int
    missing: tuple[date, ...]


def entity_of(kpi: Kpi) -> str:
    """The canonical table whose rows date a KPI."""
    if kpi.from_table == "orders":
        return "orders" if kpi.date == "ordered_on" else "parcels"
    return {"surveys": "surveys", "order_contacts": "orders"}.get(kpi.from_table, "contacts")


def last_days(store: Store, brand: str | None = None) -> dict[tuple[str, str], date]:
    """The last local day each source speaks of in each canonical table, of all brands or of one and of none."""
    return {name: day for name, (day, _) in ends_of_sources(store, brand).items()}


def ends_of_sources(store: Store, brand: str | None = None) -> dict[tuple[str, str], tuple[date, datetime]]:
    """The last local day each source speaks of in each canonical table, and the instant up to which it does."""
    condition = ""
    if brand is not None:
        sources = (
            f"SELECT '{entity}', source FROM {entity} WHERE TRUE{of_brand(brand, or_none=True)}"
            for entity in DAY_COLUMNS
        )
        condition = f" AND (entity, source) IN ({' UNION '.join(sources)})"
    rows = store.engine.rows(
        f"SELECT entity, source, as_of_on, as_of FROM sources WHERE as_of_on IS NOT NULL{condition}"
    )
    return {(str(entity), str(source)): (day, as_of) for entity, source, day, as_of in rows if entity in DAY_COLUMNS}


def filled_by(store: Store) -> dict[str, frozenset[str]]:
    """The sources that fill each "table.column"."""
    rows = store.engine.rows("SELECT DISTINCT entity || '.' || column_name, source FROM columns_held")
    return {column: frozenset(source for name, source in rows if name == column) for column, _ in rows}


def span(edition: Edition, ends: Iterable[date]) -> Span:
    """The days of the year up to the first of the ends, and the same days of the year before.

    Exports that end before the year say nothing of it: there is nothing to cut.
    """
    year, previous = edition.window, edition.previous
    end = min([year.end, *ends])
    if end == year.end or end < year.start:
        return year, previous
    return Window(year.start, end), Window(previous.start, same_day(end, previous.start.year))


def rows_of_sources(
    store: Store, tables: Sequence[tuple[str, Span]], brand: str | None = None
) -> dict[tuple[str, Span], tuple[SourceRows, ...]]:
    """What each source holds of canonical tables in a year and the year before, in one statement.

    Of all brands, or of one and none.
    """
    if not tables:
        return {}
    statements = [
        f"SELECT {place} AS place, t.source, CAST(date_trunc('month', {DAY_COLUMNS[entity]}) AS DATE) AS month, "
        f"count(*), max(s.as_of_on) FROM {entity} t LEFT JOIN sources s ON s.source = t.source "
        f"AND s.entity = '{entity}' WHERE {within(DAY_COLUMNS[entity], years)}{of_brand(brand, or_none=True)} "
        "GROUP BY 2, 3"
        for place, (entity, years) in enumerate(tables)
    ]
    rows = store.engine.rows(" UNION ALL ".join(statements) + " ORDER BY place, source, month")
    sources: dict[tuple[str, Span], tuple[SourceRows, ...]] = dict.fromkeys(tables, ())
    for (place, source), of_source in groupby(rows, key=lambda row: (int(row[0]), str(row[1]))):
        months = list(of_source)
        counts = {month: count for _, _, month, count, _ in months}
        sources[tables[place]] += (SourceRows(source, counts, months[0][4]),)
    return sources


def join_sources(sources: Sequence[SourceRows]) -> SourceRows:
    """All sources of a table as one."""
    months: dict[date, int] = {}
    for source in sources:
        for month, rows in source.months.items():
            months[month] = months.get(month, 0) + rows
    ends = [source.until for source in sources if source.until is not None]
    return SourceRows("", months, max(ends, default=None))


def uneven(sources: Sequence[SourceRows], years: Span) -> tuple[UnevenSource, ...]:
    """The sources that are silent in other months of this year than of the year before, worst first."""
    pairs = [pair for pair in (_compare(source, years) for source in sources) if pair.missing]
    return tuple(sorted(pairs, key=lambda pair: (-len(pair.missing), pair.source)))


def _compare(source: SourceRows, years: Span) -> UnevenSource:
    silent = [_silence(source, window) for window in years]
    gaps: list[date] = []
    for window, silences, counterpart in ((years[1], silent[1], silent[0]), (years[0], silent[0], silent[1])):
        # A 29 February is no silence of its own.
        excess = [days - common if days - common > 1 else 0 for days, common in zip(silences, counterpart, strict=True)]
        gaps += _stretches(excess, window, _rows_a_day(source, years))
    now, before = (sum(window.start <= month <= window.end for month in source.months) for window in years)
    return UnevenSource(source.source, now, before, tuple(gaps))


def silent_months(source: SourceRows, window: Window, years: Span) -> frozenset[date]:
    """The months of one of two windows of which a source says nothing at all."""
    gaps = _stretches(_silence(source, window), window, _rows_a_day(source, years))
    return frozenset(month for month in gaps if month not in source.months)


def stretches(months: Iterable[date]) -> str:
    """Months as ISO 8601 writes them, those in a row as an interval: "2025-03, 2025-06/2025-09"."""
    days = sorted(months)
    texts = []
    for _, places in groupby(range(len(days)), key=lambda place: 12 * days[place].year + days[place].month - place):
        run = [f"{days[place]:%Y-%m}" for place in places]
        texts.append(run[0] if len(run) == 1 else f"{run[0]}/{run[-1]}")
    return ", ".join(texts)


def is_interrupted(source: SourceRows, month: date) -> bool:
    """Whether a source without rows in a month speaks of days before it and after it."""
    after = source.until is not None and source.until >= last_of_month(month)
    return min(source.months) < month and (after or max(source.months) > month)


def _silence(source: SourceRows, window: Window) -> list[int]:
    """Days of each month of a window, from January on, of which a source says nothing."""
    minimum = max(1, min(STOPS_EARLY_DAYS, _days(window) // _FEW_DAYS))
    return [_silent_days(source, month, minimum) for month in _months(window)]


def _silent_days(source: SourceRows, month: Window, minimum: int) -> int:
    """All days of a month without a row; of another those after the source stops, unless they are few."""
    if month.start not in source.months:
        return _days(month)
    if source.until is None or not month.start <= source.until < month.end:
        return 0
    silent = (month.end - source.until).days
    return silent if silent >= minimum else 0


def _rows_a_day(source: SourceRows, years: Span) -> float:
    edition = sum(_days(window) - sum(_silence(source, window)) for window in years)
    return sum(source.months.values()) / edition if edition else 0.0


def _stretches(silent: Sequence[int], window: Window, rows_a_day: float) -> list[date]:
    """The months of the stretches of silence too long to be chance."""
    months: list[date] = []
    for is_silent, places in groupby(range(len(silent)), key=lambda place: silent[place] > 0):
        stretch = list(places)
        if is_silent and sum(silent[place] for place in stretch) * rows_a_day >= _EXPECTED_ROWS:
            months += [date(window.start.year, place + 1, 1) for place in stretch]
    return months


@lru_cache(maxsize=64)
def _months(window: Window) -> tuple[Window, ...]:
    starts = [date(window.start.year, month, 1) for month in range(1, window.end.month + 1)]
    return tuple(Window(start, min(last_of_month(start), window.end)) for start in starts)


def _days(window: Window) -> int:
    return (window.end - window.start).days + 1
