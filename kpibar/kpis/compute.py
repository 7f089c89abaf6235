"""The statements behind the KPIs, and the cells they return.

All additive KPIs over one fact table and date are computed by ONE statement that aggregates its rows to cells (week,
cut where a month ends, and, when asked, one dimension). Years, months, totals and segments are sums of cells, and weeks
tell how far rows depend on each other. Times are counted by one statement each, in cells that add up too
(`time_cells.py`). What is open at the end of each month is one statement for a count and its ages, which returns the
records that may be open at some.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kpibar.database.engine import Engine, EngineError, Row
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.dependence import Quotient, as_weeks_of, design_effect
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Measure, Parts, Window
from kpibar.kpis.facts import FACTS
from kpibar.kpis.filter import Filter, condition
from kpibar.kpis.stocks import Stock
from kpibar.model.build import written_in
from kpibar.privacy.disclosure import show_words
from kpibar.values.notation import quote

TOTAL = ""
UNKNOWN = "?"
# A contact about no order has no carrier; one about an order whose carrier nobody says has an unknown one.
NO_ORDER = "?no_order"
# Between the values of a segment of several dimensions.
CROSSING, _CROSSING_SQL = "\x1f", "chr(31)"
# What a statement with the expressions of an own KPI may take.
_SECONDS = 60.0
# The place of a window, the first day of one of its months and a segment; None: the whole window.
Key = tuple[int, date | None, str | None]
# The figures of a KPI that is no sum.
Statistics = Mapping[Key, Measure]
_DAY = timedelta(days=1)
# The instant from which seconds are counted, and a number of them that is never reached.
ORIGIN, _NEVER = datetime(2000, 1, 1), "1.0e15"
# The day of an instant in two time zones differs by so much at most, and one more for the time of the day.
_DAYS_APART = 2
_OF_CONTACTS = frozenset({"contacts", "issues", "journeys"})


@dataclass(frozen=True)
class Cells:
    """Parts by KPI, segment and day; without a dimension every segment is TOTAL.

    The day is the first one of a piece of a week: a week that has days of two months, or of the days before and after a
    cut, has two pieces.
    """

    by_kpi: Mapping[str, Mapping[str, Mapping[date, Parts]]] = field(default_factory=dict)

    def sum(self, kpi: str, window: Window, segment: str | None = None) -> Parts:
        """The parts of a KPI over a window, of one segment or of all."""
        return sum((parts for _, parts in self._pieces(kpi, window, segment)), Parts())

    def weeks(self, kpi: str, window: Window, segment: str | None = None) -> dict[int, Parts]:
        """The parts of a KPI in each week of a window that has rows, by its number, of one segment or of all."""
        weeks: dict[int, Parts] = {}
        for day, parts in self._pieces(kpi, window, segment):
            # 1 January of the year 1, day 1, was a Monday.
            number = (day.toordinal() - 1) // 7
            weeks[number] = weeks[number] + parts if number in weeks else parts
        return weeks

    def _pieces(self, kpi: str, window: Window, segment: str | None) -> Iterator[tuple[date, Parts]]:
        segments = self.by_kpi.get(kpi, {})
        first, last = window.start.replace(day=1), window.end
        for name in segments if segment is None else (segment,):
            for day, parts in segments.get(name, {}).items():
                if first <= day <= last:
                    yield day, parts

    def without_segments(self) -> "Cells":
        """The cells of all segments together: every row has a segment, so that segments add up to the total."""
        totals: dict[str, dict[str, dict[date, Parts]]] = {}
        for kpi, segments in self.by_kpi.items():
            days: dict[date, Parts] = {}
            for pieces in segments.values():
                for day, parts in pieces.items():
                    days[day] = days[day] + parts if day in days else parts
            totals[kpi] = {TOTAL: days}
        return Cells(totals)

    def segments(self, kpi: str, window: Window | None = None) -> list[str]:
        """The segments its fact table has rows of, in a window or in all."""
        names = self.by_kpi.get(kpi, {})
        return sorted(name for name in names if window is None or any(self._pieces(kpi, window, name)))

    def months(self, kpi: str) -> frozenset[date]:
        """The months its fact table has rows of, by their first day."""
        return frozenset(day.replace(day=1) for pieces in self.by_kpi.get(kpi, {}).values() for day in pieces)


# The parts of a KPI, of each of its operands in order, in each week of a year by its number.
Weeks = Sequence[Mapping[int, Parts]]


def effect_of_year(kpi: Kpi, years: Sequence[Weeks], place: int, level: float) -> float | None:
    """The design effect of a KPI in the year (0) or the year before (1), of which both have their weeks.

    None of a KPI that is no quotient of sums.
    """
    quotient = kpi.spec.quotient
    if quotient is None:
        return None
    whole = [sum(parts.values(), Parts()) for parts in years[place]]
    weeks, beside = (_quotients(quotient, years[year]) for year in (place, 1 - place))
    return design_effect(quotient(whole), weeks, level, as_weeks_of(beside, place))


def _quotients(quotient: Callable[[Sequence[Parts]], Quotient], weeks: Weeks) -> dict[int, Quotient]:
    numbers = sorted(set().union(*weeks))
    return {number: quotient([parts.get(number, Parts()) for parts in weeks]) for number in numbers}


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


def piece_of_week(column: str, cuts: Iterable[date] = ()) -> str:
    """SQL: the first day of a row's week or, where that lies before it, of its month, or of the days after a cut."""
    firsts = [f"CAST(date_trunc('{unit}', {column}) AS DATE)" for unit in ("month", "week")]
    after = [cut + _DAY for cut in sorted(cuts, reverse=True)]
    if after:
        cases = " ".join(f"WHEN {column} >= DATE '{day}' THEN DATE '{day}'" for day in after)
        firsts.append(f"CASE {cases} ELSE {firsts[0]} END")
    return f"greatest({', '.join(firsts)})"


def last_of_month(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def cells_statement(
    kpis: Sequence[Kpi],
    windows: Sequence[Window],
    dimension: str | None,
    rows: Filter | None,
    cuts: Iterable[date] = (),
) -> str:
    """ONE statement for all additive KPIs of one fact table and date: day, segment, then their parts in order.

    `cuts` are days inside the windows up to which a sum may be asked.
    """
    return _cells_by(kpis, windows, segment_of(dimension, kpis[0].from_table), rows, cuts)


def _cells_by(
    kpis: Sequence[Kpi], windows: Sequence[Window], segment: str, rows: Filter | None, cuts: Iterable[date] = ()
) -> str:
    first = kpis[0]
    columns = ",\n    ".join(f"{sql} AS {kpi.id}__{part}" for kpi in kpis for part, sql in _aggregates(kpi).items())
    return (
        f"SELECT\n    {piece_of_week(first.date, cuts)} AS day,\n    {segment} AS segment,\n    {columns}\n"
        f"FROM fact_{first.from_table}\n"
        f"WHERE {within(first.date, windows)}{condition(rows, first.from_table)}\nGROUP BY 1, 2"
    )


def within(column: str, windows: Sequence[Window]) -> str:
    """SQL: the day is in one of the windows."""
    spans = (f"{column} BETWEEN DATE '{window.start}' AND DATE '{window.end}'" for window in windows)
    return "(" + " OR ".join(spans) + ")"


def of_brand(brand: str | None, *, or_none: bool = False) -> str:
    """SQL that keeps the records of one brand, and with `or_none` those of none; all where no brand is asked for."""
    if brand is None:
        return ""
    condition = f"brand = {quote(brand)}"
    return f" AND ({condition} OR brand IS NULL)" if or_none else f" AND {condition}"


def additive_cells(
    engine: Engine,
    kpis: Iterable[Kpi],
    windows: Sequence[Window],
    dimension: str | None = None,
    rows: Filter | None = None,
    cuts: Iterable[date] = (),
) -> Cells:
    """Cells of every additive KPI, one statement per fact table and date; a user's own KPIs run apart."""
    groups: dict[tuple[str, str, str], list[Kpi]] = {}
    for kpi in kpis:
        if kpi.additive and (dimension is None or dimension == kpi.over or dimension in kpi.dimensions()):
            groups.setdefault((kpi.from_table, kpi.date, kpi.id if kpi.own else ""), []).append(kpi)
    cells: dict[str, Mapping[str, Mapping[date, Parts]]] = {}
    for members in groups.values():
        cells |= _run(engine, members, cells_statement(members, windows, dimension, rows, cuts))
    return Cells(cells)


def crossed_cells(
    engine: Engine, kpi: Kpi, windows: Sequence[Window], dimensions: Sequence[str], rows: Filter | None
) -> Cells:
    """Cells of an additive KPI by several dimensions: a segment is its value of each, joined by CROSSING."""
    values = (f"replace({segment_of(name, kpi.from_table)}, {_CROSSING_SQL}, ' ')" for name in dimensions)
    segment = f" || {_CROSSING_SQL} || ".join(values) or segment_of(None, kpi.from_table)
    return Cells(_run(engine, [kpi], _cells_by([kpi], windows, segment, rows)))


def _run(engine: Engine, kpis: Sequence[Kpi], sql: str) -> dict[str, Mapping[str, Mapping[date, Parts]]]:
    cells: dict[str, dict[str, dict[date, Parts]]] = {kpi.id: {} for kpi in kpis}
    names = [(kpi.id, tuple(_aggregates(kpi))) for kpi in kpis]
    for day, segment, *values in run_statement(engine, kpis[0], sql):
        first = 0
        for kpi, parts in names:
            numbers = values[first : first + len(parts)]
            first += len(parts)
            cell = Parts()
            if any(numbers):
                sums = {part: _finite(float(number or 0), kpis) for part, number in zip(parts, numbers, strict=True)}
                cell = _disjoint(Parts(**sums), kpis)
            cells[kpi].setdefault(segment, {})[day] = cell
    return dict(cells)


def _finite(value: float, kpis: Sequence[Kpi], subject: str = "its sum") -> float:
    if not math.isfinite(value):
        raise KpiInvalid(f"[kpis.{kpis[0].id}] of kpibar.toml", f"{subject} is not a finite number")
    return value


def _disjoint(parts: Parts, kpis: Sequence[Kpi]) -> Parts:
    if parts.against and parts.hits + parts.against > parts.base:
        raise KpiInvalid(f"[kpis.{kpis[0].id}] of kpibar.toml", 'a row is both in "hit" and in "against"')
    return parts


def run_statement(engine: Engine, kpi: Kpi, sql: str) -> list[Row]:
    """Run a statement; when a user's own KPI makes the engine refuse it, or work too long, say which one and why."""
    with _refusal_of(engine, kpi):
        return engine.rows(sql)


@contextmanager
def _refusal_of(engine: Engine, kpi: Kpi) -> Iterator[None]:
    """A statement of a KPI runs. Raises KpiInvalid where the engine refuses that of a user's own."""
    if not kpi.own:
        yield
        return
    try:
        with engine.limit_time(_SECONDS):
            yield
    except EngineError as error:
        words = "\n".join((*kpi.wording, *FACTS.get(kpi.from_table, ())))
        raise KpiInvalid(
            f"[kpis.{kpi.id}] of kpibar.toml", show_words(str(error), lambda word: word in words)
        ) from error


def read_arrays(engine: Engine, kpi: Kpi, sql: str, number: str) -> dict[str, Any]:
    """The columns of a statement of a KPI as NumPy arrays. Raises KpiInvalid where one of its numbers is infinite."""
    import numpy

    with _refusal_of(engine, kpi):
        columns = dict(engine.arrays(sql))
    if not bool(numpy.isfinite(columns[number]).all()):
        _finite(math.inf, [kpi], "its value")
    return columns


@dataclass(frozen=True)
class Moment:
    """The end of a month of a window, by the place of the window, its first day, its last one and the instant in UTC.

    `closes` tells that the window ends with it.
    """

    period: int
    month: date
    day: date
    instant: datetime
    closes: bool


def moments(windows: Sequence[Window], zone: str, untold: timedelta = timedelta()) -> tuple[Moment, ...]:
    """The ends of the months of each window, whose days begin in a zone.

    The last one of a window comes sooner by the stretch of its last day of which nothing is told: that is so in
    each window, so that they are alike.
    """
    ends = []
    for place, window in enumerate(windows):
        month = window.start.replace(day=1)
        while month <= window.end:
            day = min(last_of_month(month), window.end)
            instant = end_of_day(day, zone) - (untold if day == window.end else timedelta())
            ends.append(Moment(place, month, day, instant, closes=day == window.end))
            month = last_of_month(month) + timedelta(days=1)
    return tuple(ends)


def end_of_day(day: date, zone: str) -> datetime:
    """The instant at which a local day is over, in UTC, as the database has it."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return midnight.astimezone(UTC).replace(tzinfo=None)


def stock_statement(kpi: Kpi, ends: Sequence[Moment], group: str | None, rows: Filter | None) -> str:
    """One statement for the records that may be open at some of the moments: when each begins, and when it leaves.

    Both in seconds from the same instant. A record that has not ended, or at an unknown time (`untimed`), never leaves;
    `open_in_doubt` tells that an open one may have been closed. Most records end within days: those that end long
    before the first of the days of a month that are moments stay in the database.
    """
    open_in_doubt, end_in_doubt = (kpi.doubt.get(side, "FALSE") for side in ("misses", "hits"))
    begins = written_in(f"seconds_between({kpi.begin}, TIMESTAMP '{ORIGIN}')", {})
    segment, segments = (f"{group} AS segment, ", "segment, ") if group else ("", "")
    least_day = min(end.day.day for end in ends) - _DAYS_APART
    return (
        f"SELECT {segments}begins_s, CASE WHEN runs THEN {_NEVER} ELSE begins_s + duration END AS leaves_s,\n"
        "    untimed, open_in_doubt, as_of, as_of_on\n"
        f"FROM (\n    SELECT {segment}{begins} AS begins_s, extract(DAY FROM {kpi.date}) AS day_of_month,\n"
        f"        ({kpi.value}) * 1.0e0 AS duration, as_of, as_of_on,\n"
        f"        NOT coalesce({kpi.hit}, FALSE) OR coalesce({end_in_doubt}, FALSE) AS runs,\n"
        f"        coalesce({open_in_doubt}, FALSE) AS open_in_doubt,\n"
        f"        coalesce(({kpi.hit}) AND ({end_in_doubt}), FALSE) AS untimed\n"
        f"    FROM fact_{kpi.from_table}\n    WHERE ({kpi.where}){condition(rows, kpi.from_table)}\n) AS records\n"
        f"WHERE begins_s IS NOT NULL AND as_of_on IS NOT NULL\n"
        f"    AND (runs OR coalesce(day_of_month + duration / 86400 >= {least_day}, FALSE))"
    )


# The records of a statement by its SQL, the latest first: a count, a median and a ninth tenth are read off the same.
Rows = Mapping[str, Any]


def stocks(
    engine: Engine,
    kpi: Kpi,
    ends: Sequence[Moment],
    level: float,
    group: str | None = None,
    rows: Filter | None = None,
    cache: dict[str, tuple[Rows, Mapping[str, int]]] | None = None,
) -> Statistics:
    """A KPI of what is open, at the end of each window, for its segments too, and of each of its months.

    `cache` keeps the records by their statement. Of a window as a whole the records in doubt bound the figure.
    """
    sql, cache = stock_statement(kpi, ends, group, rows), {} if cache is None else cache
    if sql not in cache:
        cache[sql] = _latest_first(engine, kpi, sql)
    (records, numbers), figure = cache[sql], kpi.spec.stock
    assert figure is not None, f"{kpi.id} is no stock"
    figures: dict[Key, Measure] = {}
    for end in ends:
        here = _open_at(records, end)
        figures[end.period, end.month, None] = figure(_stock(here, end, has_doubt=False), kpi.quantile, level)
        if not end.closes:
            continue
        figures[end.period, None, None] = figure(_stock(here, end, has_doubt=bool(kpi.doubt)), kpi.quantile, level)
        for name, number in sorted(numbers.items()):
            in_segment = here["segment"] == number
            part = {column: values[in_segment] for column, values in here.items()}
            figures[end.period, None, name] = figure(_stock(part, end, has_doubt=False), kpi.quantile, level)
    return figures


def _latest_first(engine: Engine, kpi: Kpi, sql: str) -> tuple[Rows, Mapping[str, int]]:
    """The records a statement gives, the latest first, and the numbers that stand in them for the names of segments.

    At every moment the ages of any of them ascend. Numbers are compared far faster than names.
    """
    import numpy

    rows = read_arrays(engine, kpi, sql, "leaves_s")
    numbers: dict[str, int] = {}
    if "segment" in rows:
        names = rows["segment"]
        rows["segment"] = numpy.fromiter((numbers.setdefault(name, len(numbers)) for name in names), int, len(names))
    order = numpy.argsort(-rows["begins_s"], kind="stable")
    return {name: values[order] for name, values in rows.items()}, numbers


def _open_at(rows: Rows, end: Moment) -> Rows:
    """The records open at a moment, and those that may have been; of a source of which nothing is known then, none.

    Of the end of a month only what tells how many there are, and how old.
    """
    import numpy

    instant = seconds_at(end.instant)
    here = (
        (rows["begins_s"] < instant) & (rows["leaves_s"] >= instant) & (rows["as_of_on"] >= numpy.datetime64(end.day))
    )
    return {name: rows[name][here] for name in (rows if end.closes else ("begins_s", "untimed"))}


def _stock(rows: Rows, end: Moment, *, has_doubt: bool) -> Stock:
    """The ages of the records open at a moment; where they are asked for, those of the records in doubt.

    An export of a later day does not tell which of the open ones were closed then and opened again.
    """
    import numpy

    ages, untimed = seconds_at(end.instant) - rows["begins_s"], rows["untimed"]
    if not has_doubt:
        return Stock(ages[~untimed], ages[:0], ages[:0], has_doubt)
    in_doubt = (untimed | rows["open_in_doubt"]) & (rows["as_of"] > numpy.datetime64(end.instant))
    return Stock(ages[~untimed], ages[~untimed & in_doubt], ages[untimed & in_doubt], has_doubt)


def seconds_at(instant: datetime) -> float:
    """The seconds from the instant that those of records begin at."""
    return (instant - ORIGIN).total_seconds()


def reach_statement(kpi: Kpi, end: datetime, before: datetime, rows: Filter | None) -> str:
    """One statement for the days of which the sources of a stock tell, and the records that are open too long.

    Source, day of its first record, last day it speaks of, and how many records are open at the end of the year that
    are older than any that the source could tell of at that of the year before. A source has records of the stock.
    """
    age = written_in(f"seconds_between(TIMESTAMP '{end}', began_at)", {})
    # Both moments are of one hour of one day of the year: what lies between them are whole days.
    older = f"first_at < TIMESTAMP '{before}' AND began_at < first_at + INTERVAL '{round((end - before) / _DAY)}' DAY"
    is_open = f"began_at < TIMESTAMP '{end}' AND (NOT has_ended OR coalesce(duration >= {age}, FALSE))"
    return (
        "SELECT source, min(began_on) AS first_on, max(as_of_on) AS last_on,\n"
        f"    count(*) FILTER (WHERE counts AND {older} AND {is_open}) AS older\n"
        f"FROM (\n    SELECT source, as_of_on, {kpi.date} AS began_on, {kpi.begin} AS began_at,\n"
        f"        coalesce({kpi.where}, FALSE) AS counts, coalesce({kpi.hit}, FALSE) AS has_ended,\n"
        f"        ({kpi.value}) * 1.0e0 AS duration, min({kpi.begin}) OVER (PARTITION BY source) AS first_at\n"
        f"    FROM fact_{kpi.from_table}\n"
        f"    WHERE {kpi.begin} IS NOT NULL AND {kpi.date} IS NOT NULL AND as_of_on IS NOT NULL"
        f"{condition(rows, kpi.from_table)}\n"
        ") AS records\nGROUP BY source\nHAVING max(CASE WHEN counts THEN 1 ELSE 0 END) = 1\nORDER BY source"
    )
