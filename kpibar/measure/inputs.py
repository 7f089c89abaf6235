"""What every figure of a barometer is computed from, gathered once: all statements over the fact tables run here.

The days of a KPI are those of the edition as far as the exports of its own table reach, for a ratio those of both of
its parts: contacts without orders are no rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from kpibar.config import Reporting
from kpibar.database.schema import DAY_COLUMNS
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import (
    Cells,
    Key,
    Moment,
    Rows,
    Statistics,
    additive_cells,
    effect_of_year,
    end_of_day,
    moments,
    reach_statement,
    run_statement,
    segment_of,
    stocks,
)
from kpibar.kpis.estimates import Window
from kpibar.kpis.filter import Filter
from kpibar.kpis.time_cells import read_times, time_figures, time_shifts, times_statement
from kpibar.kpis.times import Shift, Times
from kpibar.measure.reach import (
    SourceRows,
    Span,
    UnevenSource,
    ends_of_sources,
    entity_of,
    filled_by,
    rows_of_sources,
    span,
    uneven,
)
from kpibar.measure.report import Edition
from kpibar.measure.selection import SettledYear, selected_year
from kpibar.measure.succession import Handover
from kpibar.plausibility.open_records import OUTCOMES

# Exports of one edition are taken within such a time; a source that ends earlier has stopped.
_LAGS = timedelta(days=31)
_Gathered = TypeVar("_Gathered")
# A day, or an instant of it.
Day = TypeVar("Day", bound=date)
# What is gathered of each KPI by a dimension; None: in all.
_ByDimension = dict[str | None, dict[str, _Gathered]]


@dataclass(frozen=True)
class StockReach:
    """Of which days a source tells what is open: that of its first record to `last`; and the records open too long.

    These are open at the end of the year and older than any of those it could tell of at the end of the year before.
    """

    source: str
    first: date
    last: date
    older: int

    def tells_of(self, day: date) -> bool:
        """Whether it tells what is open at the end of a day."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Division:
    """What is gathered by one dimension, of the KPIs that have it.

    The cells of additive ones, the figures of those that are no sum, and how the times of a segment lie to those of the
    year before.
    """

    cells: Cells = field(default_factory=Cells)
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    shifts: Mapping[str, Mapping[str | None, Shift]] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """All that the figures, comparisons and notes of KPIs are computed from.

    `rows` tells which rows alone are counted; `cells` are those of every additive KPI, `divisions` what is gathered by
    each dimension asked for, `shares` the cells of each mix by its own column, `brand_cells` those of the parts of
    ratios by brand; `statistics` the figures of each KPI that is no sum, `shifts` how its times lie to those of the
    year before, where it is one of times. `spans` are the days of each KPI in both years; `months`, per fact table and
    date column, those of both years with rows; `source_rows`, per canonical table and span, what each source holds;
    `uneven`, those silent in one year; `columns`, the sources that fill each "table.column"; `handovers`, which source
    gave way to which; `selections`, per canonical table, the year that holds settled records alone; `recording`, the
    cells by channel of the shares that tell how much is recorded, and of what is weighted by them; `reaches`, how far
    back each stock goes; `moments`, at which it is counted.
    """

    edition: Edition
    reporting: Reporting
    catalogue: Catalogue
    rows: Filter
    divisions: Mapping[str, Division]
    cells: Cells
    spans: Mapping[str, Span]
    months: Mapping[tuple[str, str], frozenset[date]]
    source_rows: Mapping[tuple[str, Span], tuple[SourceRows, ...]]
    uneven: Mapping[tuple[str, Span], tuple[UnevenSource, ...]]
    columns: Mapping[str, frozenset[str]]
    shares: Mapping[str, Cells] = field(default_factory=dict)
    brand_cells: Cells = field(default_factory=Cells)
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    shifts: Mapping[str, Mapping[str | None, Shift]] = field(default_factory=dict)
    handovers: tuple[Handover, ...] = ()
    selections: Mapping[str, SettledYear] = field(default_factory=dict)
    recording: Cells = field(default_factory=Cells)
    reaches: Mapping[str, tuple[StockReach, ...]] = field(default_factory=dict)
    moments: Mapping[str, tuple[Moment, ...]] = field(default_factory=dict)


def gather(
    store: Store,
    reporting: Reporting,
    catalogue: Catalogue,
    kpis: Sequence[Kpi],
    edition: Edition,
    rows: Filter,
    dimensions: Sequence[str],
    handovers: tuple[Handover, ...] = (),
) -> Inputs:
    """Run the statements of the KPIs: those by the first dimension that they have tell their totals too."""
    engine, additive, brand = store.engine, _additive(catalogue, kpis), rows.brand
    windows = (edition.window, edition.previous)
    ends, columns = ends_of_sources(store, brand), filled_by(store)
    days = {name: day for name, (day, _) in ends.items()}
    dated = (*additive.values(), *(catalogue.get(name) for kpi in kpis for name in kpi.participation), *kpis)
    spans = {kpi.id: span(edition, _ends(catalogue, kpi, days, columns)) for kpi in dated}
    cuts = {window.end for years in spans.values() for window in years} - {window.end for window in windows}
    by_cells = {name: additive_cells(engine, additive.values(), windows, name, rows, cuts) for name in dimensions}
    sums = {
        name: days for cells in reversed(by_cells.values()) for name, days in cells.without_segments().by_kpi.items()
    }
    whole = [kpi for kpi in additive.values() if kpi.id not in sums]
    cells = Cells({**sums, **additive_cells(engine, whole, windows, None, rows, cuts).by_kpi})
    tables = dict.fromkeys((entity, spans[kpi.id]) for kpi in kpis for entity in entities(catalogue, kpi))
    source_rows = rows_of_sources(store, sorted(tables, key=repr), brand)
    of_stocks = {
        kpi.id: _moments(catalogue, kpi, spans[kpi.id], ends, columns, edition) for kpi in kpis if kpi.is_stock
    }
    times, shifts = _times(store, kpis, spans, dimensions, rows, reporting)
    open_records = _stocks(store, kpis, of_stocks, dimensions, rows, reporting)
    return Inputs(
        edition=edition,
        reporting=reporting,
        catalogue=catalogue,
        rows=rows,
        divisions={
            name: Division(by_cells[name], times[name] | open_records[name], shifts[name]) for name in dimensions
        },
        cells=cells,
        spans=spans,
        months=_months(store, (*additive.values(), *kpis), cells, windows, rows),
        source_rows=source_rows,
        uneven={key: uneven(sources, key[1]) for key, sources in source_rows.items()},
        columns=columns,
        shares={
            kpi.id: by_cells.get(kpi.over) or additive_cells(engine, [kpi], windows, kpi.over, rows, cuts)
            for kpi in kpis
            if kpi.spec.shares
        },
        brand_cells=by_cells.get("brand") or _brand_cells(store, catalogue, kpis, edition, rows, cuts),
        statistics=times[None] | open_records[None],
        shifts=shifts[None],
        handovers=handovers,
        recording=by_cells.get("channel")
        or additive_cells(engine, _by_channel(catalogue, kpis), windows, "channel", rows, cuts),
        selections={entity: year for entity in OUTCOMES if (year := selected_year(store, entity, windows, brand))},
        reaches=_reaches(store, kpis, of_stocks, rows),
        moments=of_stocks,
    )


def _months(
    store: Store, kpis: Iterable[Kpi], cells: Cells, windows: Sequence[Window], rows: Filter
) -> dict[tuple[str, str], frozenset[date]]:
    """The months with rows of each fact table and date column: those of the cells of any of its KPIs."""
    months: dict[tuple[str, str], frozenset[date]] = {}
    remainder: dict[tuple[str, str], Kpi] = {}
    for kpi in kpis:
        if kpi.from_table and kpi.id in cells.by_kpi:
            months[kpi.from_table, kpi.date] = cells.months(kpi.id)
        elif kpi.from_table:
            remainder[kpi.from_table, kpi.date] = kpi
    counts = [kpi.row_count() for pair, kpi in remainder.items() if pair not in months]
    rest = additive_cells(store.engine, counts, windows, None, rows)
    return months | {(count.from_table, count.date): rest.months(count.id) for count in counts}


def _brand_cells(
    store: Store, catalogue: Catalogue, kpis: Iterable[Kpi], edition: Edition, rows: Filter, cuts: Iterable[date]
) -> Cells:
    """The counts behind ratios by brand, in the year; none where some rows alone are asked for."""
    if rows.values:
        return Cells()
    counts = {part.id: part for kpi in kpis for part in operands(catalogue, kpi)}
    days = {day for day in cuts if day >= edition.window.start}
    return additive_cells(store.engine, counts.values(), [edition.window], "brand", None, days)


def _times(
    store: Store,
    kpis: Iterable[Kpi],
    spans: Mapping[str, Span],
    dimensions: Sequence[str],
    rows: Filter,
    reporting: Reporting,
) -> tuple[_ByDimension[Statistics], _ByDimension[Mapping[str | None, Shift]]]:
    """The figures of the KPIs of times, and how their years lie to each other, in all (None) and by each dimension.

    Those that differ in their quantile alone have one statement.
    """
    cache: dict[str, Mapping[Key, Times]] = {}
    figures: _ByDimension[Statistics] = {name: {} for name in (None, *dimensions)}
    shifts: _ByDimension[Mapping[str | None, Shift]] = {name: {} for name in (None, *dimensions)}
    for kpi in kpis:
        for name in _groups(kpi, dimensions) if kpi.spec.times is not None else ():
            group = segment_of(name, kpi.from_table) if name else None
            sql = times_statement(kpi, spans[kpi.id], group, rows)
            if sql not in cache:
                cache[sql] = read_times(store.engine, kpi, sql, len(spans[kpi.id]))
            cells = cache[sql]
            if kpi.id in figures[None]:
                # The months are known already.
                cells = {key: times for key, times in cells.items() if key[1] is None}
            figures[name][kpi.id] = time_figures(cells, kpi, reporting.confidence)
            shifts[name][kpi.id] = time_shifts(cells, kpi, reporting.confidence, reporting.min_base)
            figures[None].setdefault(kpi.id, figures[name][kpi.id])
            shifts[None].setdefault(kpi.id, shifts[name][kpi.id])
    return figures, shifts


def _groups(kpi: Kpi, dimensions: Sequence[str]) -> list[str] | list[None]:
    """The dimensions that a KPI has, of those asked for; None where it has none: it is told as a whole."""
    return [name for name in dimensions if name in kpi.dimensions()] or [None]


def _moments(
    catalogue: Catalogue,
    kpi: Kpi,
    years: Span,
    ends: Mapping[tuple[str, str], tuple[date, datetime]],
    columns: Mapping[str, frozenset[str]],
    edition: Edition,
) -> tuple[Moment, ...]:
    """The ends of the months of both years, the last ones as early in their day as the exports were taken in theirs."""
    instants = _ends(catalogue, kpi, {name: instant for name, (_, instant) in ends.items()}, columns)
    over = end_of_day(years[0].end, edition.timezone)
    untold = max(timedelta(), over - max(instants)) if instants else timedelta()
    # Exports that end before the year leave no day of it in part.
    whole = untold >= timedelta(days=1)
    return moments(years, edition.timezone, timedelta() if whole else timedelta(seconds=untold // timedelta(seconds=1)))


def _stocks(
    store: Store,
    kpis: Iterable[Kpi],
    of_stocks: Mapping[str, tuple[Moment, ...]],
    dimensions: Sequence[str],
    rows: Filter,
    reporting: Reporting,
) -> _ByDimension[Statistics]:
    """The figures of the KPIs of what is open, in all (None) and by each dimension.

    Those that differ in their figure alone have one statement.
    """
    cache: dict[str, tuple[Rows, Mapping[str, int]]] = {}
    figures: _ByDimension[Statistics] = {name: {} for name in (None, *dimensions)}
    for kpi in kpis:
        for name in _groups(kpi, dimensions) if kpi.is_stock else ():
            group = segment_of(name, kpi.from_table) if name else None
            made = stocks(store.engine, kpi, of_stocks[kpi.id], reporting.confidence, group, rows, cache)
            figures[name][kpi.id] = made
            figures[None].setdefault(kpi.id, made)
    return figures


def _reaches(
    store: Store, kpis: Iterable[Kpi], of_stocks: Mapping[str, tuple[Moment, ...]], rows: Filter
) -> dict[str, tuple[StockReach, ...]]:
    """How far back the sources of each KPI of what is open go; KPIs of the same records have one statement."""
    cache: dict[str, tuple[StockReach, ...]] = {}
    reaches = {}
    for kpi in kpis:
        if kpi.is_stock:
            end, before = (end.instant for end in of_stocks[kpi.id] if end.closes)
            sql = reach_statement(kpi, end, before, rows)
            if sql not in cache:
                sources = run_statement(store.engine, kpi, sql)
                cache[sql] = tuple(
                    StockReach(str(source), first, last, int(older)) for source, first, last, older in sources
                )
            reaches[kpi.id] = cache[sql]
    return reaches


def _additive(catalogue: Catalogue, kpis: Iterable[Kpi]) -> dict[str, Kpi]:
    """The additive KPIs by id: those asked for, the parts of ratios, and what gates others."""
    additive: dict[str, Kpi] = {}
    for kpi in kpis:
        if kpi.additive:
            additive[kpi.id] = kpi
        additive |= {count.id: count for count in (*kpi.note_counts(), *kpi.doubt_counts())}
        for name in filter(None, (kpi.gate, kpi.unknown, *kpi.rests_on)):
            additive[name] = catalogue.get(name)
        additive |= {part.id: part for name in kpi.participation for part in parts(catalogue, catalogue.get(name))}
        additive |= {part.id: part for part in operands(catalogue, kpi)}
        if kpi.operands and kpi.cluster:
            additive[f"cluster_{kpi.cluster}"] = _cluster(kpi.cluster)
    return additive


def _by_channel(catalogue: Catalogue, kpis: Sequence[Kpi]) -> list[Kpi]:
    """The shares that tell how much is recorded, and the hits of the KPIs that are weighted by them."""
    shares = {name: catalogue.get(name) for kpi in kpis for name in kpi.rests_on}
    hits = {part.id: part for kpi in kpis if kpi.weights for part in parts(catalogue, kpi)[:1]}
    return list({**shares, **hits}.values())


def _cluster(column: str) -> Kpi:
    """The distribution of contacts over orders, as a mean: its parts give the dispersion of a ratio."""
    return Kpi(
        f"cluster_{column}", "", {}, "mean", "count", "none", {}, "",
        from_table="order_contacts", date="ordered_on", value=column,
    )  # fmt: skip


def _ends(
    catalogue: Catalogue, kpi: Kpi, days: Mapping[tuple[str, str], Day], columns: Mapping[str, frozenset[str]]
) -> list[Day]:
    """For each part of a KPI the last day, or instant, that some source of it speaks of.

    Of a stock all sources must speak of the moment, but those that have stopped long before.
    """
    ends = []
    for entity in dict.fromkeys(entity_of(part) for part in parts(catalogue, kpi)):
        sources = sources_of(catalogue, kpi, entity, columns)
        last = [day for (table, name), day in days.items() if table == entity and (sources is None or name in sources)]
        near = [day for day in last if max(last) - day <= _LAGS] if kpi.is_stock else []
        ends += [min(near, default=max(last))] if last else []
    return ends


def operands(catalogue: Catalogue, kpi: Kpi) -> list[Kpi]:
    """The counts a KPI is made of; none where it counts rows of its own."""
    return [catalogue.get(name) for name in kpi.operands]


def parts(catalogue: Catalogue, kpi: Kpi) -> list[Kpi]:
    """The KPIs with rows of their own that make this one: its operands, or itself."""
    return operands(catalogue, kpi) or [kpi]


def entities(catalogue: Catalogue, kpi: Kpi) -> tuple[str, ...]:
    """The canonical tables a KPI is made of: what it needs and what its rows are dated by."""
    tables = [option.partition(".")[0] for need in _needs(catalogue, kpi) for option in need.split("|")]
    names = dict.fromkeys([*tables, *(entity_of(part) for part in parts(catalogue, kpi))])
    return tuple(entity for entity in names if entity in DAY_COLUMNS)


def sources_of(
    catalogue: Catalogue, kpi: Kpi, entity: str, columns: Mapping[str, frozenset[str]]
) -> frozenset[str] | None:
    """The sources of a table that fill all a KPI needs of it, None where no single one does: then all count.

    A helpdesk that stops says nothing about the calls answered.
    """
    sources: frozenset[str] | None = None
    for need in _needs(catalogue, kpi):
        options = [option for option in need.split("|") if option.startswith(f"{entity}.")]
        if options:
            fillers = frozenset[str]().union(*(columns.get(option, frozenset()) for option in options))
            sources = fillers if sources is None else sources & fillers
    return sources or None


def rows_of_kpi(inputs: Inputs, kpi: Kpi, entity: str) -> list[SourceRows]:
    """What the sources of a KPI hold of one of its canonical tables, over its days in both years."""
    sources = sources_of(inputs.catalogue, kpi, entity, inputs.columns)
    table = inputs.source_rows[entity, inputs.spans[kpi.id]]
    return [rows for rows in table if sources is None or rows.source in sources]


def year_effect(inputs: Inputs, kpi: Kpi, place: int) -> float | None:
    """The design effect of a KPI that is computed from cells, in the year (0) or the year before (1)."""
    years = [[inputs.cells.weeks(name, span) for name in kpi.operands or (kpi.id,)] for span in inputs.spans[kpi.id]]
    return None if kpi.spec.shares else effect_of_year(kpi, years, place, inputs.reporting.confidence)


def has_rows(inputs: Inputs, kpi: Kpi, window: Window) -> bool:
    """Whether the KPI's tables have a row in a year at all: a count over a table that is not there is no zero."""
    tables = [inputs.months[part.from_table, part.date] for part in parts(inputs.catalogue, kpi)]
    return all(any(window.start <= month <= window.end for month in months) for months in tables)


def tells_of(inputs: Inputs, kpi: Kpi, day: date) -> bool:
    """Whether some source tells what of a stock is open at the end of a day; true of a KPI that is none."""
    return not kpi.is_stock or any(reach.tells_of(day) for reach in inputs.reaches[kpi.id])


def _needs(catalogue: Catalogue, kpi: Kpi) -> list[str]:
    return [need for part in (kpi, *parts(catalogue, kpi)) for need in part.needs]
