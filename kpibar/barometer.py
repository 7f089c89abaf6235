"""The barometer: every KPI of a year beside the year before, as one plain frozen structure.

`barometer` computes it; renderers only print it. Nothing in it is rounded or translated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kpibar import intervals
from kpibar.config import Config, Reporting
from kpibar.coverage import Coverage, coverage, held_columns, missing_inputs, months_with_rows
from kpibar.editions import Edition, edition
from kpibar.errors import BrandUnknown
from kpibar.estimates import (
    Change,
    Measure,
    Status,
    adjusted,
    change,
    dispersion,
    from_parts,
    from_quantile,
    from_ratio,
    judged,
    status,
    target_status,
)
from kpibar.kpis.catalogue import Catalogue, Family, Kpi, catalogue
from kpibar.kpis.compute import (
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

BY = ("channel", "brand", "carrier", "country", "reason", "month")


@dataclass(frozen=True)
class Request:
    """What to report: the year (None: the last one), KPIs or family (none: all), one brand, one dimension."""

    year: int | None = None
    kpis: tuple[str, ...] = ()
    family: str | None = None
    brand: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Note:
    """Something the reader must know: a stable code and the values its text needs."""

    code: str
    values: Mapping[str, str | int | float]
    level: str = "info"


@dataclass(frozen=True)
class Target:
    """A target from the settings and whether it is met."""

    value: float
    status: str


@dataclass(frozen=True)
class Segment:
    """A KPI for one value of a dimension."""

    key: str
    now: Measure
    before: Measure
    change: Change | None
    status: Status


@dataclass(frozen=True)
class Row:
    """A KPI in an edition. `series` holds its months, `before_series` those of the year before."""

    kpi: Kpi
    now: Measure
    before: Measure
    comparable: bool
    change: Change | None
    target: Target | None
    status: Status
    series: tuple[tuple[date, Measure], ...]
    before_series: tuple[tuple[date, Measure], ...]
    dimension: str | None
    segments: tuple[Segment, ...]
    missing: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Barometer:
    """A yearly barometer."""

    edition: Edition
    request: Request
    brands: tuple[str, ...]
    families: tuple[Family, ...]
    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...]
    config: Config
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Desk:
    """What every computation below needs at hand."""

    store: Store
    edition: Edition
    reporting: Reporting
    catalogue: Catalogue
    brand: str | None
    cells: Cells
    by_cells: Cells
    dimension: str | None

    @property
    def windows(self) -> tuple[Window, Window]:
        return self.edition.window, self.edition.previous


def barometer(store: Store, config: Config, request: Request) -> Barometer:
    """Compute the barometer asked for.

    Raises DatabaseEmpty, YearWithoutData, KpiUnknown, KpiInvalid, FamilyUnknown, BrandUnknown.
    """
    known = catalogue(config.settings)
    chosen = known.chosen(request.kpis, request.family)
    spoken = edition(store, request.year)
    brands = _brands(store)
    if request.brand is not None and request.brand not in brands:
        raise BrandUnknown(request.brand, brands)
    desk = _desk(store, config, known, chosen, spoken, request)
    held = held_columns(store)
    rows = _with_verdicts([_row(desk, kpi, config, held) for kpi in chosen], config.settings.reporting)
    return Barometer(
        edition=spoken,
        request=request,
        brands=(request.brand,) if request.brand else brands,
        families=tuple(family for family in known.families if any(row.kpi.family == family.id for row in rows)),
        rows=tuple(rows),
        coverage=coverage(store, spoken.window),
        config=config,
        notes=_edition_notes(spoken),
    )


def _brands(store: Store) -> tuple[str, ...]:
    rows = store.engine.rows(
        "SELECT brand FROM fact_contacts WHERE brand IS NOT NULL UNION SELECT brand FROM fact_orders "
        "WHERE brand IS NOT NULL UNION SELECT brand FROM fact_surveys WHERE brand IS NOT NULL ORDER BY 1"
    )
    return tuple(row[0] for row in rows)


def _desk(
    store: Store, config: Config, known: Catalogue, chosen: Sequence[Kpi], spoken: Edition, request: Request
) -> _Desk:
    """Run the statements of all additive KPIs, once without and once with the dimension asked for."""
    needed = {kpi.id: kpi for kpi in chosen if kpi.additive}
    for kpi in chosen:
        if kpi.kind == "ratio":
            needed |= {part: known.get(part) for part in (kpi.numerator, kpi.denominator)}
            if kpi.cluster:
                needed[f"cluster_{kpi.cluster}"] = _cluster(kpi.cluster)
    windows = (spoken.window, spoken.previous)
    cells = additive_cells(store.engine, needed.values(), windows, None, request.brand)
    dimension = request.by if request.by != "month" else None
    by_cells = Cells()
    if dimension:
        by_cells = additive_cells(store.engine, needed.values(), windows, dimension, request.brand)
    return _Desk(store, spoken, config.settings.reporting, known, request.brand, cells, by_cells, dimension)


def _cluster(column: str) -> Kpi:
    """The distribution of contacts over orders, as a mean: its parts give the dispersion of a ratio."""
    return Kpi(
        f"cluster_{column}", "", {}, "mean", "count", "none", {}, "",
        from_table="order_contacts", date="ordered_on", value=column,
    )  # fmt: skip


def _row(desk: _Desk, kpi: Kpi, config: Config, held: frozenset[str]) -> Row:
    missing = missing_inputs(kpi, desk.catalogue, held)
    now, before = (_total(desk, kpi, window) for window in desk.windows)
    shown = status(kpi, now, desk.reporting) if not missing else "not_available"
    compared, note = _comparable(desk, kpi, before)
    target = config.settings.targets.get(kpi.id)
    return Row(
        kpi=kpi,
        now=now,
        before=before,
        comparable=compared,
        change=change(kpi, now, before, desk.reporting.confidence) if compared and shown == "ok" else None,
        target=_target(kpi, now, target),
        status=shown,
        series=_series(desk, kpi, desk.edition.window),
        before_series=_series(desk, kpi, desk.edition.previous),
        dimension=kpi.over or desk.dimension,
        segments=() if missing else _segments(desk, kpi),
        missing=missing,
        notes=() if missing else (*_row_notes(desk, kpi, now, shown), *note),
    )


def _total(desk: _Desk, kpi: Kpi, window: Window) -> Measure:
    level = desk.reporting.confidence
    if kpi.kind == "ratio":
        events, units = desk.cells.sum(kpi.numerator, window), desk.cells.sum(kpi.denominator, window)
        return from_ratio(events, units, _spread(desk, kpi, window), level)
    if kpi.kind == "mix":
        parts = desk.cells.sum(kpi.id, window)
        return Measure(denominator=parts.base, base=int(parts.base))
    if kpi.additive:
        return from_parts(kpi, desk.cells.sum(kpi.id, window), level)
    return _quantile(desk, kpi, window, quantiles(desk.store.engine, kpi, window, brand=desk.brand).get(""), "TRUE")


def _spread(desk: _Desk, kpi: Kpi, window: Window) -> float:
    return dispersion(desk.cells.sum(f"cluster_{kpi.cluster}", window)) if kpi.cluster else 1.0


def _quantile(desk: _Desk, kpi: Kpi, window: Window, found: Quantile | None, condition: str) -> Measure:
    """A quantile with the order statistics that bound it."""
    if found is None:
        return Measure(denominator=0.0)
    ranks = intervals.quantile_ranks(found.base, kpi.quantile, desk.reporting.confidence)
    if ranks is None or found.base < desk.reporting.min_base:
        return from_quantile(found)
    low, high = quantile_bounds(desk.store.engine, kpi, window, ranks, found.base, condition, desk.brand)
    return from_quantile(replace(found, low=low, high=high))


def _series(desk: _Desk, kpi: Kpi, window: Window) -> tuple[tuple[date, Measure], ...]:
    months = [date(window.start.year, month, 1) for month in range(window.start.month, window.end.month + 1)]
    if kpi.additive or kpi.kind == "ratio":
        return tuple((month, _total(desk, kpi, Window(month, month))) for month in months)
    group = f"CAST(CAST(date_trunc('month', {kpi.date}) AS DATE) AS VARCHAR)"
    found = quantiles(desk.store.engine, kpi, window, group, desk.brand)
    return tuple((month, from_quantile(found.get(str(month), Quantile(None, 0)))) for month in months)


def _segments(desk: _Desk, kpi: Kpi) -> tuple[Segment, ...]:
    """The KPI by the dimension asked for (a mix: by its own), largest base first."""
    if kpi.kind == "mix":
        return _mix(desk, kpi)
    if desk.dimension is None:
        return ()
    pairs = _by_quantile(desk, kpi) if kpi.kind in ("median", "quantile") else _by_parts(desk, kpi)
    made = [_segment(desk, kpi, key, now, before) for key, now, before in pairs if now.base or before.base]
    return tuple(sorted(made, key=lambda segment: (-segment.now.base, segment.key)))


def _segment(desk: _Desk, kpi: Kpi, key: str, now: Measure, before: Measure) -> Segment:
    shown = status(kpi, now, desk.reporting)
    compared, _ = _comparable(desk, kpi, before)
    enough = compared and shown == "ok" and (kpi.kind == "count" or before.base >= desk.reporting.min_base)
    moved = change(kpi, now, before, desk.reporting.confidence) if enough else None
    return Segment(key, now, before, moved, shown)


def _by_parts(desk: _Desk, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    first = desk.catalogue.get(kpi.numerator) if kpi.kind == "ratio" else kpi
    if desk.dimension not in first.dimensions():
        return []
    return [
        (key, *(_by_part(desk, kpi, window, key) for window in desk.windows))
        for key in desk.by_cells.segments(first.id)
    ]


def _by_part(desk: _Desk, kpi: Kpi, window: Window, key: str) -> Measure:
    """One segment; a ratio whose denominator does not know the dimension keeps its whole denominator."""
    if kpi.kind != "ratio":
        return from_parts(kpi, desk.by_cells.sum(kpi.id, window, key), desk.reporting.confidence)
    shared = desk.dimension in desk.catalogue.get(kpi.denominator).dimensions()
    cells, segment = (desk.by_cells, key) if shared else (desk.cells, None)
    units = cells.sum(kpi.denominator, window, segment)
    events = desk.by_cells.sum(kpi.numerator, window, key)
    return from_ratio(events, units, _spread(desk, kpi, window), desk.reporting.confidence)


def _by_quantile(desk: _Desk, kpi: Kpi) -> list[tuple[str, Measure, Measure]]:
    if desk.dimension not in kpi.dimensions():
        return []
    found = [
        quantiles(desk.store.engine, kpi, window, segment_of(desk.dimension), desk.brand) for window in desk.windows
    ]
    keys = sorted(set(found[0]) | set(found[1]))
    return [(key, *(_one_quantile(desk, kpi, w, f.get(key), key) for w, f in zip(desk.windows, found, strict=True))) for key in keys]


def _one_quantile(desk: _Desk, kpi: Kpi, window: Window, found: Quantile | None, key: str) -> Measure:
    condition = f"{segment_of(desk.dimension)} = '" + key.replace("'", "''") + "'"
    return _quantile(desk, kpi, window, found, condition)


def _mix(desk: _Desk, kpi: Kpi) -> tuple[Segment, ...]:
    """Share of each value of the KPI's own column, largest first."""
    cells = additive_cells(desk.store.engine, [kpi], desk.windows, kpi.over, desk.brand)
    made = [
        _segment(desk, kpi, key, *(_share(cells, kpi, window, key, desk.reporting.confidence) for window in desk.windows))
        for key in cells.segments(kpi.id)
    ]
    return tuple(sorted(made, key=lambda segment: (-(segment.now.numerator or 0), segment.key)))


def _share(cells: Cells, kpi: Kpi, window: Window, key: str, level: float) -> Measure:
    part, whole = cells.sum(kpi.id, window, key).base, cells.sum(kpi.id, window).base
    return from_parts(replace(kpi, kind="rate"), Parts(base=whole, hits=part), level)


def _comparable(desk: _Desk, kpi: Kpi, before: Measure) -> tuple[bool, tuple[Note, ...]]:
    """Whether the year before has enough months with data; if not, why."""
    if before.base == 0:
        return False, ()
    parts = [desk.catalogue.get(name) for name in (kpi.numerator, kpi.denominator) if name] or [kpi]
    months = desk.edition.previous.end.month
    seen = min(months_with_rows(desk.store, part, desk.edition.previous) for part in parts)
    if seen >= desk.reporting.min_month_coverage * months:
        return True, ()
    year = desk.edition.year - 1
    return False, (Note("previous_incomplete", {"year": year, "seen": seen, "months": months}, "warning"),)


def _target(kpi: Kpi, now: Measure, target: float | None) -> Target | None:
    if target is None or now.value is None or kpi.better == "none":
        return None
    return Target(target, target_status(kpi, now.value, target))


def _row_notes(desk: _Desk, kpi: Kpi, now: Measure, shown: Status) -> tuple[Note, ...]:
    notes = []
    if shown == "ok" and kpi.kind not in ("count", "mix") and now.base < desk.reporting.small_base:
        notes.append(Note("small_base", {"base": now.base}, "warning"))
    if shown == "low_base":
        notes.append(Note("low_base", {"base": now.base, "least": desk.reporting.min_base}, "warning"))
    if shown == "not_available":
        notes.append(Note("no_rows", {"year": desk.edition.year}))
    if now.immature:
        notes.append(Note("immature", {"rows": now.immature, "days": kpi.maturity_days}))
    return tuple(notes)


def _with_verdicts(rows: list[Row], reporting: Reporting) -> list[Row]:
    """Adjust the p-values within each family, then within each KPI's segments, and judge."""
    found: dict[str, Change] = {}
    for family in dict.fromkeys(row.kpi.family for row in rows):
        found |= adjusted({row.kpi.id: row.change for row in rows if row.change and row.kpi.family == family})
    return [
        replace(
            row,
            change=judged(row.kpi, found[row.kpi.id], reporting) if row.change else None,
            segments=_judged_segments(row, reporting),
        )
        for row in rows
    ]


def _judged_segments(row: Row, reporting: Reporting) -> tuple[Segment, ...]:
    found = adjusted({segment.key: segment.change for segment in row.segments if segment.change})
    return tuple(
        replace(segment, change=judged(row.kpi, found[segment.key], reporting) if segment.change else None)
        for segment in row.segments
    )


def _edition_notes(spoken: Edition) -> tuple[Note, ...]:
    notes = []
    if not spoken.complete:
        notes.append(Note("partial_year", {"year": spoken.year, "end": str(spoken.window.end)}, "warning"))
    if spoken.newer_year is not None:
        notes.append(Note("newer_year", {"year": spoken.newer_year}))
    return tuple(notes)
