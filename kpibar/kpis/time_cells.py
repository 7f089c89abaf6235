"""The cells of KPIs of times: the statement that brings them, and the figures and tests of a barometer made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from kpibar.database.engine import Engine
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import (
    Key,
    Statistics,
    mature,
    piece_of_week,
    population,
    read_arrays,
    segment_of,
    within,
)
from kpibar.kpis.dependence import as_weeks_of
from kpibar.kpis.estimates import Measure, Reason, Window
from kpibar.kpis.filter import Filter, condition
from kpibar.kpis.times import Shift, Times, compare_times

# 1 January 1970 was a Thursday: a week begins three days before it.
_MONDAY = 3


def times_statement(kpi: Kpi, windows: Sequence[Window], group: str | None, rows: Filter | None) -> str:
    """One statement for the cells of a KPI of times.

    A cell counts the records of a period, day, segment, channel and time: those old enough, those of them that ended,
    and the others. `period` is the place of a window in `windows`, `day` the first one of a week or, of one that begins
    in the month before, of the month; `group` is the SQL of a row's segment, None: no segments.
    """
    keys = ["period", "day", *(["segment"] if group else []), *(["channel"] if _has_channel(kpi) else []), "number"]
    names = ", ".join(keys)
    return (
        f"SELECT {names}, count(*) FILTER (WHERE old_enough) AS records,\n"
        "    count(*) FILTER (WHERE old_enough AND is_over) AS ended,\n"
        "    count(*) FILTER (WHERE NOT old_enough) AS immature\n"
        f"FROM (\n    {_numbers(kpi, windows, group, rows)}\n) AS numbers\nGROUP BY {names}"
    )


def _has_channel(kpi: Kpi) -> bool:
    return "channel" in kpi.dimensions()


def _numbers(kpi: Kpi, windows: Sequence[Window], group: str | None, rows: Filter | None) -> str:
    """SQL of the times of a KPI, a row each."""
    cases = (f"WHEN {within(kpi.date, [window])} THEN {place}" for place, window in enumerate(windows))
    segment = f"{group} AS segment, " if group else ""
    channel = f"{segment_of('channel', kpi.from_table)} AS channel, " if _has_channel(kpi) else ""
    # Of a kind without `hit` every time is over.
    is_over = f"coalesce({kpi.hit}, FALSE)" if "hit" in kpi.spec.entries else "TRUE"
    return (
        f"SELECT CASE {' '.join(cases)} END AS period, {piece_of_week(kpi.date)} AS day, {segment}{channel}\n"
        f"        {mature(kpi)} AS old_enough, ({kpi.value}) * 1.0e0 AS number, {is_over} AS is_over\n"
        f"    FROM fact_{kpi.from_table}\n"
        f"    WHERE ({population(kpi)}) AND {within(kpi.date, windows)}{condition(rows, kpi.from_table)}"
    )


def read_times(engine: Engine, kpi: Kpi, sql: str, periods: int) -> Mapping[Key, Times]:
    """The cells of a statement for each period, each of its months and each segment of it."""
    import numpy

    cells = read_arrays(engine, kpi, sql, "number")
    order = numpy.argsort(cells["number"], kind="stable")
    cells = {name: column[order] for name, column in cells.items()}
    days = cells["day"].astype("datetime64[D]")
    cells["week"] = (days.astype("int64") + _MONDAY) // 7
    months = days.astype("datetime64[M]").astype("int64")
    cells["channel"], _ = _number_names(cells.get("channel"), len(order))
    segments, names = _number_names(cells.get("segment"), len(order))
    parts: dict[Key, Times] = {}
    for period in range(periods):
        rows = numpy.flatnonzero(cells["period"] == period)
        keys: dict[Key, Any] = {(period, None, None): rows}
        for month in numpy.unique(months[rows]).tolist():
            keys[period, _first_of_month(month), None] = rows[months[rows] == month]
        for name, number in sorted(names.items()):
            keys[period, None, name] = rows[segments[rows] == number]
        parts |= {key: _times(cells, places) for key, places in keys.items() if len(places)}
    return parts


def _number_names(names: Any, count: int) -> tuple[Any, Mapping[str, int]]:
    """A number for the name of each row, which is compared far faster; 0 for all where there are no names."""
    import numpy

    if names is None:
        return numpy.zeros(count, dtype="int64"), {}
    numbers: dict[str, int] = {}
    return numpy.fromiter((numbers.setdefault(name, len(numbers)) for name in names), "int64", count), numbers


def _first_of_month(number: int) -> date:
    """The first day of a month, counted from January 1970."""
    return date(1970 + number // 12, number % 12 + 1, 1)


def _times(cells: Mapping[str, Any], rows: Any) -> Times:
    young = int(cells["immature"][rows].sum())
    old = rows[cells["records"][rows] > 0]
    number, records, ended, week, channel = (
        cells[name][old] for name in ("number", "records", "ended", "week", "channel")
    )
    return Times(number, records, ended, week, channel, young)


def time_figures(parts: Mapping[Key, Times], kpi: Kpi, level: float) -> Statistics:
    """The figures of a KPI in each period, its months and segments.

    The design effect of a segment is that of its weeks or, of too few, that of the year, which months have too.
    """
    figure = kpi.spec.times
    assert figure is not None, f"{kpi.id} is no quantile of times"
    effects = {period: _effect(parts, (period, None, None), kpi, level) for period, month, name in parts
               if month is None and name is None}  # fmt: skip
    figures: dict[Key, Measure] = {}
    for key, times in parts.items():
        effect = effects[key[0]]
        if key[2] is not None:
            own = _effect(parts, key, kpi, level)
            effect = effect if own is None else own
        figures[key] = _figure(times, kpi, level, effect)
    return figures


def _effect(parts: Mapping[Key, Times], key: Key, kpi: Kpi, level: float) -> float | None:
    """The design effect of the times of a year, or of a segment of it, about their quantile."""
    times, other = parts[key], parts.get((1 - key[0], *key[1:]))
    if not times.base:
        return None
    weeks = other.weeks_at(_middle(other, kpi, level)) if other and other.base else {}
    return times.effect_at(_middle(times, kpi, level), level, as_weeks_of(weeks, key[0]))


def _middle(times: Times, kpi: Kpi, level: float) -> float:
    """The quantile of times; where it is not reached, the last of their curve that is."""
    assert kpi.spec.times is not None
    value, ends = kpi.spec.times(times, kpi.quantile, level, None).value, times.curve.times
    if value is not None:
        return value
    return float(ends[-1]) if len(ends) else 0.0


def _figure(times: Times, kpi: Kpi, level: float, effect: float | None) -> Measure:
    if not times.base:
        reason: Reason = "immature" if times.young else "no_rows"
        return Measure(None, None, 0.0, immature=times.young, reason=reason)
    assert kpi.spec.times is not None
    return replace(kpi.spec.times(times, kpi.quantile, level, effect), immature=times.young)


def time_shifts(parts: Mapping[Key, Times], kpi: Kpi, level: float, minimum: int) -> Mapping[str | None, Shift]:
    """How the times of the first period lie to those of the second, as a whole (None) and of each segment.

    Channels of fewer records than `minimum` are left out.

    Of a median alone: a ninth tenth tells of the slowest, of which the whole tells little.
    """
    if kpi.quantile != 0.5:
        return {}
    shifts = {}
    for period, month, segment in parts:
        before = parts.get((1, None, segment))
        if period == 0 and month is None and before is not None:
            shift = compare_times(parts[0, None, segment], before, level, minimum)
            if shift is not None:
                shifts[segment] = shift
    return shifts
