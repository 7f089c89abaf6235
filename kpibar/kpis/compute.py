"""The statements behind the KPIs, and the cells they return.

All additive KPIs over one fact table and date are computed by ONE statement that aggregates its rows to cells
(month and, when asked, one dimension). Years, totals and segments are sums of cells. Medians are not sums: two
statements each, for their values in every period, month and segment asked, and for the bounds of these. Times of which
some still run are counted by one statement each, in cells that add up; their curve is made of these. What is open at
the end of each month is one statement for a count and its ages, which returns the records that may be open at some.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kpibar.database.engine import Engine, EngineError, Row
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Measure, Parts, Reason, Window
from kpibar.kpis.facts import FACTS
from kpibar.kpis.kinds import Statistic
from kpibar.kpis.stocks import Stock
from kpibar.kpis.survival import Curve, curve_quantile, survival_curve
from kpibar.model.build import written_in
from kpibar.privacy.disclosure import show_words

TOTAL = ""
UNKNOWN = "?"
# A contact about no order has no carrier; one about an order whose carrier nobody says has an unknown one.
NO_ORDER = "?no_order"
# What a statement with the expressions of an own KPI may take.
_SECONDS = 60.0
# Figures of a KPI that is no sum by the place of their window, their month and segment; None: the whole window.
Statistics = Mapping[tuple[int, date | None, str | None], Measure]
_DAY = timedelta(days=1)
# The instant from which seconds are counted, and a number of them that is never reached.
_ORIGIN, _NEVER = datetime(2000, 1, 1), "1.0e15"
# The day of an instant in two time zones differs by so much at most, and one more for the time of the day.
_DAYS_APART = 2
_OF_CONTACTS = frozenset({"contacts", "issues", "journeys"})


@dataclass(frozen=True)
class Cells:
    """Parts by KPI, month and segment; without a dimension every segment is TOTAL.

    A month that was cut has two cells: its first days, and the others under the day they begin on.
    """

    by_kpi: Mapping[str, Mapping[tuple[date, str], Parts]] = field(default_factory=dict)

    def sum(self, kpi: str, window: Window, segment: str | None = None) -> Parts:
        """The parts of a KPI over a window, of one segment or of all."""
        total, first, last = Parts(), window.start.replace(day=1), window.end
        for (month, name), parts in self.by_kpi.get(kpi, {}).items():
            if segment in (None, name) and first <= month <= last:
                total = total + parts
        return total

    def without_segments(self) -> "Cells":
        """The cells of all segments together: every row has a segment, so that segments add up to the total."""
        totals: dict[str, dict[tuple[date, str], Parts]] = {}
        for kpi, cells in self.by_kpi.items():
            of_kpi = totals.setdefault(kpi, {})
            for (month, _), parts in cells.items():
                of_kpi[month, TOTAL] = of_kpi.get((month, TOTAL), Parts()) + parts
        return Cells(totals)

    def segments(self, kpi: str, window: Window | None = None) -> list[str]:
        """The segments its fact table has rows of, in a window or in all."""
        cells = self.by_kpi.get(kpi, {})
        return sorted({name for month, name in cells if window is None or window.start <= month <= window.end})

    def months(self, kpi: str) -> frozenset[date]:
        """The months its fact table has rows of, by their first day."""
        return frozenset(month.replace(day=1) for month, _ in self.by_kpi.get(kpi, {}))


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
    columns = ",\n    ".join(f"{sql} AS {kpi.id}__{part}" for kpi in kpis for part, sql in _aggregates(kpi).items())
    return (
        f"SELECT\n    {_month(first.date, cuts)} AS month,\n"
        f"    {segment_of(dimension, first.from_table)} AS segment,\n    {columns}\n"
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
    condition = "brand = '" + brand.replace("'", "''") + "'"
    return f" AND ({condition} OR brand IS NULL)" if or_none else f" AND {condition}"


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
    cells: dict[str, Mapping[tuple[date, str], Parts]] = {}
    for members in groups.values():
        cells |= _run(engine, members, cells_statement(members, windows, dimension, brand, cuts))
    return Cells(cells)


def _run(engine: Engine, kpis: Sequence[Kpi], sql: str) -> dict[str, Mapping[tuple[date, str], Parts]]:
    rows = run_statement(engine, kpis[0], sql)
    names = [(kpi.id, part) for kpi in kpis for part in _aggregates(kpi)]
    cells: dict[str, dict[tuple[date, str], Parts]] = {kpi.id: {} for kpi in kpis}
    for month, segment, *values in rows:
        parts: dict[str, dict[str, float]] = {kpi.id: {} for kpi in kpis}
        for (name, part), value in zip(names, values, strict=True):
            parts[name][part] = _finite(float(value or 0), kpis)
        for name, sums in parts.items():
            cells[name][month, segment] = _disjoint(Parts(**sums), kpis)
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


def statistic_statement(kpi: Kpi, windows: Sequence[Window], group: str | None, brand: str | None) -> str:
    """One statement for a KPI that is no sum: period, month, segment, then base, immature and value.

    `period` is the place of a window in `windows`. A row without month and segment (NULL) is of the whole window;
    `group` is the SQL of a row's segment, None: no segments.
    """
    value = _statistic(kpi).value(kpi.quantile).format(rows="old_enough")
    segment, sets = "CAST(NULL AS STRING) AS segment", "(period), (period, month)"
    if group:
        segment, sets = "segment", f"{sets}, (period, segment)"
    return (
        f"SELECT period, month, {segment}, count(*) FILTER (WHERE old_enough) AS base,\n"
        f"    count(*) FILTER (WHERE NOT old_enough) AS immature,\n    {value} AS value\n"
        f"FROM (\n    {_numbers(kpi, windows, group, brand)}\n) AS numbers\nGROUP BY GROUPING SETS ({sets})"
    )


def _numbers(kpi: Kpi, windows: Sequence[Window], group: str | None, brand: str | None) -> str:
    """SQL of the values of a KPI, a row each, with its period, month and segment."""
    segment = group or segment_of(None, kpi.from_table)
    cases = (f"WHEN {within(kpi.date, [window])} THEN {place}" for place, window in enumerate(windows))
    over = f", coalesce({kpi.hit}, FALSE) AS is_over" if kpi.spec.survival else ""
    return (
        f"SELECT CASE {' '.join(cases)} END AS period, CAST(date_trunc('month', {kpi.date}) AS DATE) AS month,\n"
        f"        {segment} AS segment, {mature(kpi)} AS old_enough, ({kpi.value}) * 1.0e0 AS number{over}\n"
        f"    FROM fact_{kpi.from_table}\n"
        f"    WHERE ({population(kpi)}) AND {within(kpi.date, windows)}{of_brand(brand)}"
    )


def times_statement(kpi: Kpi, windows: Sequence[Window], group: str | None, brand: str | None) -> str:
    """One statement for a KPI of times of which some still run: its cells.

    A cell counts the records of a period, month, segment and time: those old enough, those of them that ended, and the
    others.
    """
    keys = "period, month, segment, number" if group else "period, month, number"
    return (
        f"SELECT {keys}, count(*) FILTER (WHERE old_enough) AS records,\n"
        "    count(*) FILTER (WHERE old_enough AND is_over) AS ended,\n"
        "    count(*) FILTER (WHERE NOT old_enough) AS immature\n"
        f"FROM (\n    {_numbers(kpi, windows, group, brand)}\n) AS numbers\nGROUP BY {keys}"
    )


# Of a period, month and segment: the curve of its times, and how many records are too young.
Curves = Mapping[tuple[int, date | None, str | None], tuple[Curve, int]]


def times(
    engine: Engine,
    kpi: Kpi,
    windows: Sequence[Window],
    level: float,
    group: str | None = None,
    brand: str | None = None,
    cache: dict[str, Curves] | None = None,
) -> Statistics:
    """A KPI of times of which some still run, in each window, its months and segments, with intervals at a level.

    `cache` keeps the curves by their statement: a median and a ninth tenth are read off the same ones.
    """
    sql, cache = times_statement(kpi, windows, group, brand), {} if cache is None else cache
    if sql not in cache:
        cache[sql] = _curves(_sorted_cells(engine, kpi, sql), len(windows), has_segments=group is not None)
    return {key: _time_figure(curve, young, kpi, level) for key, (curve, young) in cache[sql].items()}


def _sorted_cells(engine: Engine, kpi: Kpi, sql: str) -> Mapping[str, Any]:
    """The cells that a statement gives, in the order of their times: any part of them is in that order too."""
    import numpy

    with _refusal_of(engine, kpi):
        cells = engine.arrays(sql)
    if not bool(numpy.isfinite(cells["number"]).all()):
        _finite(math.inf, [kpi], "its value")
    order = numpy.argsort(cells["number"], kind="stable")
    return {name: column[order] for name, column in cells.items()}


def _curves(cells: Mapping[str, Any], periods: int, *, has_segments: bool) -> Curves:
    """The curve of each period, of each of its months and of each segment of it."""
    import numpy

    months = cells["month"].astype("datetime64[M]").astype(int)
    names = sorted(set(cells["segment"])) if has_segments else []
    places = {name: place for place, name in enumerate(names)}
    segments = numpy.array([places[name] for name in cells["segment"]] if has_segments else [], dtype=int)
    curves: dict[tuple[int, date | None, str | None], tuple[Curve, int]] = {}
    for period in range(periods):
        rows = numpy.flatnonzero(cells["period"] == period)
        parts: dict[tuple[int, date | None, str | None], Any] = {(period, None, None): rows}
        for month in numpy.unique(months[rows]):
            parts[period, _first_of_month(int(month)), None] = rows[months[rows] == month]
        for name in names:
            parts[period, None, name] = rows[segments[rows] == places[name]]
        for key, places_of_part in parts.items():
            if len(places_of_part):
                curves[key] = _curve(cells, places_of_part)
    return curves


def _first_of_month(number: int) -> date:
    """The first day of a month, counted from January 1970."""
    return date(1970 + number // 12, number % 12 + 1, 1)


def _curve(cells: Mapping[str, Any], rows: Any) -> tuple[Curve, int]:
    """The curve of some cells, and how many of their records are too young."""
    number, records, ended, immature = (cells[name][rows] for name in ("number", "records", "ended", "immature"))
    old = records > 0
    return survival_curve(number[old], records[old], ended[old]), int(immature.sum())


def _time_figure(curve: Curve, young: int, kpi: Kpi, level: float) -> Measure:
    """The quantile of a curve; where it is not reached, the longest time seen."""
    if not curve.base:
        return _figure(None, 0, young)
    quantile = curve_quantile(curve, kpi.quantile, level)
    figure = Measure(
        quantile.value, float(curve.ended), float(curve.base), quantile.low, quantile.high, curve.base, young
    )
    return figure if quantile.value is not None else replace(figure, low=curve.longest, high=None, reason="not_reached")


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


def stock_statement(kpi: Kpi, ends: Sequence[Moment], group: str | None, brand: str | None) -> str:
    """One statement for the records that may be open at some of the moments: when each begins, and when it leaves.

    Both in seconds from the same instant. A record that has not ended, or at an unknown time (`untimed`), never leaves;
    `open_in_doubt` tells that an open one may have been closed. Most records end within days: those that end long
    before the first of the days of a month that are moments stay in the database.
    """
    open_in_doubt, end_in_doubt = (kpi.doubt.get(side, "FALSE") for side in ("misses", "hits"))
    begins = written_in(f"seconds_between({kpi.begin}, TIMESTAMP '{_ORIGIN}')", {})
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
        f"    FROM fact_{kpi.from_table}\n    WHERE ({kpi.where}){of_brand(brand)}\n) AS records\n"
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
    brand: str | None = None,
    cache: dict[str, tuple[Rows, Mapping[str, int]]] | None = None,
) -> Statistics:
    """A KPI of what is open, at the end of each window, for its segments too, and of each of its months.

    `cache` keeps the records by their statement. Of a window as a whole the records in doubt bound the figure.
    """
    sql, cache = stock_statement(kpi, ends, group, brand), {} if cache is None else cache
    if sql not in cache:
        cache[sql] = _latest_first(engine, kpi, sql)
    (rows, numbers), figure = cache[sql], kpi.spec.stock
    assert figure is not None, f"{kpi.id} is no stock"
    figures: dict[tuple[int, date | None, str | None], Measure] = {}
    for end in ends:
        here = _open_at(rows, end)
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

    with _refusal_of(engine, kpi):
        rows = dict(engine.arrays(sql))
    if not bool(numpy.isfinite(rows["leaves_s"]).all()):
        _finite(math.inf, [kpi], "its value")
    numbers: dict[str, int] = {}
    if "segment" in rows:
        names = rows["segment"]
        rows["segment"] = numpy.fromiter((numbers.setdefault(name, len(numbers)) for name in names), int, len(names))
    order = numpy.argsort(-rows["begins_s"], kind="stable")
    return {name: values[order] for name, values in rows.items()}, numbers


def _open_at(rows: Rows, end: Moment) -> Rows:
    """The records open at a moment, and those that may have been; of a source of which nothing is known then, none."""
    import numpy

    instant = _seconds(end.instant)
    here = (
        (rows["begins_s"] < instant) & (rows["leaves_s"] >= instant) & (rows["as_of_on"] >= numpy.datetime64(end.day))
    )
    return {name: values[here] for name, values in rows.items()}


def _stock(rows: Rows, end: Moment, *, has_doubt: bool) -> Stock:
    """The ages of the records open at a moment; where they are asked for, those of the records in doubt.

    An export of a later day does not tell which of the open ones were closed then and opened again.
    """
    import numpy

    ages, untimed = _seconds(end.instant) - rows["begins_s"], rows["untimed"]
    in_doubt = (untimed | rows["open_in_doubt"]) & (rows["as_of"] > numpy.datetime64(end.instant)) & has_doubt
    return Stock(ages[~untimed], ages[~untimed & in_doubt], ages[untimed & in_doubt], has_doubt)


def _seconds(instant: datetime) -> float:
    """The seconds from the instant that those of records begin at."""
    return (instant - _ORIGIN).total_seconds()


def reach_statement(kpi: Kpi, end: datetime, before: datetime, brand: str | None) -> str:
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
        f"    WHERE {kpi.begin} IS NOT NULL AND {kpi.date} IS NOT NULL AND as_of_on IS NOT NULL{of_brand(brand)}\n"
        ") AS records\nGROUP BY source\nHAVING max(CASE WHEN counts THEN 1 ELSE 0 END) = 1\nORDER BY source"
    )


def statistics(
    engine: Engine,
    kpi: Kpi,
    windows: Sequence[Window],
    group: str | None = None,
    brand: str | None = None,
    bounds: Callable[[Measure], tuple[str, str] | None] = lambda figure: None,
) -> Statistics:
    """A KPI that is no sum in each window, its months and segments, in two statements.

    `bounds` gives the aggregates that bound a figure, of the whole window or a segment; months have none.
    """
    figures: dict[tuple[int, date | None, str | None], Measure] = {}
    for place, month, segment, base, young, value in run_statement(
        engine, kpi, statistic_statement(kpi, windows, group, brand)
    ):
        key = (int(place), month, None if segment is None else str(segment))
        figures[key] = _figure(_number(value, kpi), int(base), int(young))
    pairs = {key: pair for key, figure in figures.items() if key[1] is None and (pair := bounds(figure)) is not None}
    if not pairs:
        return figures
    columns = [sql.format(rows=_of_cell(key)) for key, pair in pairs.items() for sql in pair]
    aggregates = ",\n    ".join(columns)
    sql = f"SELECT {aggregates}\nFROM (\n    {_numbers(kpi, windows, group, brand)}\n) AS numbers"
    (values,) = run_statement(engine, kpi, sql)
    ends = [_number(value, kpi) for value in values]
    for key, low, high in zip(pairs, ends[::2], ends[1::2], strict=True):
        figures[key] = replace(figures[key], low=low, high=high)
    return figures


def _statistic(kpi: Kpi) -> Statistic:
    assert kpi.spec.statistic is not None, f"{kpi.id} is made of sums"
    return kpi.spec.statistic


def _of_cell(key: tuple[int, date | None, str | None]) -> str:
    """SQL: the value is old enough and of the period and segment of a key."""
    period, _, segment = key
    condition = "" if segment is None else " AND segment = '" + segment.replace("'", "''") + "'"
    return f"old_enough AND period = {period}{condition}"


def _figure(value: float | None, base: int, young: int) -> Measure:
    reason: Reason | None = None if value is not None else "immature" if young else "no_rows"
    return Measure(value, None, float(base), base=base, immature=young, reason=reason)


def _number(value: float | None, kpi: Kpi) -> float | None:
    """Raises KpiInvalid for a value that is infinite or no number."""
    return None if value is None else _finite(float(value), [kpi], "its value")
