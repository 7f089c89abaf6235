"""The figures of a barometer: each KPI over the year, the year before, their months and their segments.

A `Desk` holds the cells of all additive KPIs, computed once; everything else is a sum of cells, or a quantile
statement for exactly the window and segment asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kpibar import intervals
from kpibar.config import Reporting
from kpibar.coverage import DATED, Uneven, months_with_rows, spoken_until, uneven_sources
from kpibar.editions import Edition
from kpibar.estimates import (
    Measure,
    Segment,
    change,
    dispersion,
    from_parts,
    from_quantile,
    from_ratio,
    masked,
    status,
)
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import (
    UNKNOWN,
    Cells,
    Parts,
    Quantile,
    Window,
    additive_cells,
    quantile_bounds,
    quantiles,
    segment_of,
)
from kpibar.store import Store


@dataclass(frozen=True)
class Desk:
    """What every computation below needs at hand.

    `months` are, per fact table and date column, the months of both windows with rows; `uneven`, per canonical table,
    the sources that do not cover the same months of both years; `until`, the last day its exports speak of.
    """

    store: Store
    edition: Edition
    reporting: Reporting
    catalogue: Catalogue
    brand: str | None
    cells: Cells
    by_cells: Cells
    dimension: str | None
    months: Mapping[tuple[str, str], frozenset[date]]
    uneven: Mapping[str, tuple[Uneven, ...]]
    until: Mapping[str, date]

    @property
    def windows(self) -> tuple[Window, Window]:
        """The year's window and that of the year before."""
        return self.edition.window, self.edition.previous


def desk(
    store: Store,
    reporting: Reporting,
    known: Catalogue,
    chosen: Sequence[Kpi],
    spoken: Edition,
    brand: str | None,
    by: str | None,
) -> Desk:
    """Run the statements of all additive KPIs, once without and once with the dimension asked for."""
    needed = {kpi.id: kpi for kpi in chosen if kpi.additive}
    for kpi in chosen:
        if kpi.gate:
            needed[kpi.gate] = known.get(kpi.gate)
        if kpi.kind == "ratio":
            needed |= {part: known.get(part) for part in (kpi.numerator, kpi.denominator)}
            if kpi.cluster:
                needed[f"cluster_{kpi.cluster}"] = _cluster(kpi.cluster)
    windows = (spoken.window, spoken.previous)
    cells = additive_cells(store.engine, needed.values(), windows, None, brand)
    dimension = by if by != "month" else None
    by_cells = Cells()
    if dimension:
        by_cells = additive_cells(store.engine, needed.values(), windows, dimension, brand)
    pairs = {(kpi.from_table, kpi.date): kpi for kpi in (*needed.values(), *chosen) if kpi.from_table}
    months = {pair: months_with_rows(store, kpi, windows, brand) for pair, kpi in pairs.items()}
    uneven = {entity: uneven_sources(store, entity, *windows, brand) for entity in DATED}
    return Desk(store, spoken, reporting, known, brand, cells, by_cells, dimension, months, uneven, spoken_until(store))


def _cluster(column: str) -> Kpi:
    """The distribution of contacts over orders, as a mean: its parts give the dispersion of a ratio."""
    return Kpi(
        f"cluster_{column}", "", {}, "mean", "count", "none", {}, "",
        from_table="order_contacts", date="ordered_on", value=column,
    )  # fmt: skip


def total(desk: Desk, kpi: Kpi, window: Window) -> Measure:
    """The KPI over a window, all segments together."""
    level = desk.reporting.confidence
    if kpi.kind == "ratio":
        window = _spoken_by_both(desk, kpi, window)
        events, units = desk.cells.sum(kpi.numerator, window), desk.cells.sum(kpi.denominator, window)
        return from_ratio(events, units, _spread(desk, kpi, window), level)
    if kpi.kind == "mix":
        parts = desk.cells.sum(kpi.id, window)
        return Measure(denominator=parts.base, base=int(parts.base))
    if kpi.additive:
        return from_parts(kpi, desk.cells.sum(kpi.id, window), level)
    return _quantile(desk, kpi, window, quantiles(desk.store.engine, kpi, window, brand=desk.brand).get(""), "TRUE")


def _spread(desk: Desk, kpi: Kpi, window: Window) -> float:
    return dispersion(desk.cells.sum(f"cluster_{kpi.cluster}", window)) if kpi.cluster else 1.0


def _quantile(desk: Desk, kpi: Kpi, window: Window, found: Quantile | None, condition: str) -> Measure:
    """A quantile with the order statistics that bound it."""
    if found is None:
        return Measure(denominator=0.0)
    ranks = intervals.quantile_ranks(found.base, kpi.quantile, desk.reporting.confidence)
    if ranks is None or found.base < desk.reporting.min_base:
        return from_quantile(found)
    low, high = quantile_bounds(desk.store.engine, kpi, window, ranks, found.base, condition, desk.brand)
    return from_quantile(replace(found, low=low, high=high))


def series(desk: Desk, kpi: Kpi, window: Window) -> tuple[tuple[date, Measure], ...]:
    """The KPI in each month of a window; nothing is known of the months of a year without a row."""
    months = [date(window.start.year, month, 1) for month in range(window.start.month, window.end.month + 1)]
    if not rows_held(desk, kpi, window):
        return tuple((month, Measure()) for month in months)
    if kpi.additive or kpi.kind == "ratio":
        return tuple((month, total(desk, kpi, Window(month, month))) for month in months)
    group = f"CAST(CAST(date_trunc('month', {kpi.date}) AS DATE) AS VARCHAR)"
    found = quantiles(desk.store.engine, kpi, window, group, desk.brand)
    return tuple((month, from_quantile(found.get(str(month), Quantile(None, 0)))) for month in months)


def segments(desk: Desk, kpi: Kpi) -> tuple[Segment, ...]:
    """The KPI by the dimension asked for (a mix: by its own), largest base first."""
    if kpi.kind == "mix":
        return _mix(desk, kpi)
    if desk.dimension is None:
        return ()
    pairs = _by_quantile(desk, kpi) if kpi.kind in ("median", "quantile") else _by_parts(desk, kpi)
    made = [_segment(desk, kpi, key, now, before) for key, now, before in pairs if now.base or before.base]
    return tuple(sorted(made, key=lambda segment: (-segment.now.base, segment.key)))


def _segment(desk: Desk, kpi: Kpi, key: str, now: Measure, before: Measure) -> Segment:
    shown = status(kpi, now, desk.reporting)
    enough = (
        comparable(desk, kpi, before)
        and shown == "ok"
        and (kpi.kind == "count" or before.base >= desk.reporting.min_base)
    )
    moved = change(kpi, now, before, desk.reporting.confidence) if enough else None
    return Segment(key, now, masked(kpi, before, desk.reporting), moved, shown)


def _by_parts(desk: Desk, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    first = desk.catalogue.get(kpi.numerator) if kpi.kind == "ratio" else kpi
    if desk.dimension not in first.dimensions():
        return []
    year, before = desk.windows
    # Contacts linked to no order have no carrier, and no orders to be divided by.
    keys = [key for key in desk.by_cells.segments(first.id) if kpi.kind != "ratio" or key != UNKNOWN]
    return [(key, _by_part(desk, kpi, year, key), _by_part(desk, kpi, before, key)) for key in keys]


def _by_part(desk: Desk, kpi: Kpi, window: Window, key: str) -> Measure:
    """One segment; a ratio whose denominator does not know the dimension keeps its whole denominator."""
    if kpi.kind != "ratio":
        return from_parts(kpi, desk.by_cells.sum(kpi.id, window, key), desk.reporting.confidence)
    shared = desk.dimension in desk.catalogue.get(kpi.denominator).dimensions()
    cells, segment = (desk.by_cells, key) if shared else (desk.cells, None)
    window = _spoken_by_both(desk, kpi, window)
    units = cells.sum(kpi.denominator, window, segment)
    events = desk.by_cells.sum(kpi.numerator, window, key)
    return from_ratio(events, units, _spread(desk, kpi, window), desk.reporting.confidence)


def _by_quantile(desk: Desk, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    if desk.dimension not in kpi.dimensions():
        return []
    group = segment_of(desk.dimension)
    now, then = (quantiles(desk.store.engine, kpi, window, group, desk.brand) for window in desk.windows)
    year, before = desk.windows
    return [
        (key, _one_quantile(desk, kpi, year, now.get(key), key), _one_quantile(desk, kpi, before, then.get(key), key))
        for key in sorted(set(now) | set(then))
    ]


def _one_quantile(desk: Desk, kpi: Kpi, window: Window, found: Quantile | None, key: str) -> Measure:
    condition = f"{segment_of(desk.dimension)} = '" + key.replace("'", "''") + "'"
    return _quantile(desk, kpi, window, found, condition)


def _mix(desk: Desk, kpi: Kpi) -> tuple[Segment, ...]:
    """Share of each value of the KPI's own column, largest first."""
    cells = additive_cells(desk.store.engine, [kpi], desk.windows, kpi.over, desk.brand)
    made = [
        _segment(
            desk,
            kpi,
            key,
            *(_share(cells, kpi, window, key, desk.reporting.confidence) for window in desk.windows),
        )
        for key in cells.segments(kpi.id)
    ]
    held = [segment for segment in made if segment.now.numerator or segment.before.numerator]
    return tuple(sorted(held, key=lambda segment: (-(segment.now.numerator or 0), segment.key)))


def _share(cells: Cells, kpi: Kpi, window: Window, key: str, level: float) -> Measure:
    part, whole = cells.sum(kpi.id, window, key).base, cells.sum(kpi.id, window).base
    return from_parts(replace(kpi, kind="rate"), Parts(base=whole, hits=part), level)


def gate_coverage(desk: Desk, kpi: Kpi) -> float | None:
    """The value of the coverage KPI that gates this one, None without gate or base."""
    return total(desk, desk.catalogue.get(kpi.gate), desk.edition.window).value if kpi.gate else None


def _parts(desk: Desk, kpi: Kpi) -> list[Kpi]:
    """The KPIs with rows of their own that make this one."""
    return [desk.catalogue.get(name) for name in (kpi.numerator, kpi.denominator) if name] or [kpi]


def _spoken_by_both(desk: Desk, kpi: Kpi, window: Window) -> Window:
    """The window as far as the exports of both parts of a ratio reach: contacts without orders are no rate."""
    ends = [desk.until[part.from_table] for part in _parts(desk, kpi) if part.from_table in desk.until]
    return Window(window.start, min([window.end, *ends]))


def months_compared(desk: Desk, kpi: Kpi) -> tuple[int, int]:
    """How many months of the year before have rows for the KPI, and out of how many."""
    before = desk.edition.previous
    held = [desk.months[part.from_table, part.date] for part in _parts(desk, kpi)]
    seen = min(sum(before.start <= month <= before.end for month in months) for months in held)
    return seen, before.end.month


def uneven_source(desk: Desk, kpi: Kpi) -> Uneven | None:
    """The source that covers the two years too differently for this KPI to be compared, None when all do alike.

    Counts and what is divided by counts take any difference; shares, means and medians some.
    """
    allowed = 0.0 if kpi.kind in ("count", "ratio") else 1 - desk.reporting.min_month_coverage
    needs = [option for part in (kpi, *_parts(desk, kpi)) for need in part.needs for option in need.split("|")]
    for entity in dict.fromkeys(need.partition(".")[0] for need in needs):
        for found in desk.uneven.get(entity, ())[:1]:
            if found.differing > allowed * desk.edition.window.end.month:
                return found
    return None


def comparable(desk: Desk, kpi: Kpi, before: Measure) -> bool:
    """Whether the year before has a base, rows in enough of its months, and sources that cover both years alike."""
    if before.base == 0:
        return False
    seen, months = months_compared(desk, kpi)
    return seen >= desk.reporting.min_month_coverage * months and uneven_source(desk, kpi) is None


def rows_held(desk: Desk, kpi: Kpi, window: Window) -> bool:
    """Whether the KPI's tables have a row in a year at all: a count over a table that is not there is no zero."""
    tables = [desk.months[part.from_table, part.date] for part in _parts(desk, kpi)]
    return all(any(window.start <= month <= window.end for month in months) for months in tables)


def left_out(desk: Desk, kpi: Kpi) -> int:
    """Events of a ratio that belong to no segment of its denominator: contacts linked to no order have no carrier."""
    if kpi.kind != "ratio" or desk.dimension not in desk.catalogue.get(kpi.denominator).dimensions():
        return 0
    return int(desk.by_cells.sum(kpi.numerator, desk.edition.window, UNKNOWN).base)
