"""The barometer of a database, in four acts: gather, figures, compare, judge.

`gather` and `observe` run every statement; figures, comparison and notes of each KPI are made of what they bring;
verdicts are judged over all rows together. What comes out (`report.py`) is printed as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kpibar import __version__
from kpibar.brands import names_by_fold
from kpibar.config import Config
from kpibar.database.errors import DatabaseEmpty
from kpibar.database.store import Store, open_store
from kpibar.kpis.catalogue import CATALOGUE_VERSION, DIMENSIONS, Kpi, catalogue
from kpibar.kpis.estimates import Measure
from kpibar.kpis.facts import AGENT
from kpibar.layouts.settings import checked_settings
from kpibar.measure.breakdown import filters_absent
from kpibar.measure.comparability import compare
from kpibar.measure.errors import AgentsNotShown, BrandUnknown, DimensionUnknown, ValueAmbiguous, ValueUnknown
from kpibar.measure.figures import Figures, figures
from kpibar.measure.inputs import Division, Inputs, gather, parts
from kpibar.measure.notes import absence, edition_notes, row_notes
from kpibar.measure.observations import observe
from kpibar.measure.period import find_edition
from kpibar.measure.recording import followed_share
from kpibar.measure.report import BY, Barometer, Basis, Breakdown, Comparison, Note, Request, Row
from kpibar.measure.succession import handovers, known_sources
from kpibar.measure.verdicts import difference, judge_rows, judge_target, segment_changes
from kpibar.model.build import build, is_current
from kpibar.plausibility.brands import load_names


def compute(
    path: Path, config: Config, request: Request, wait: float = 0.0, notify: Callable[[str], None] = lambda words: None
) -> Barometer:
    """The barometer of a database file; `notify` gets what happens to the file.

    Raises what `barometer` and `open_current` raise.
    """
    with open_current(path, config, wait, notify) as store:
        return barometer(store, config, request)


@contextmanager
def open_current(
    path: Path, config: Config, wait: float = 0.0, notify: Callable[[str], None] = lambda words: None
) -> Iterator[Store]:
    """A database, opened for reading, whose fact tables are those of its data and of the settings.

    Where data or thresholds have changed since they were built, they are built for this connection alone: the file
    is not written, so nobody waits for it, and the disk may be one that cannot be written. The next ingest stores them.

    Raises DatabaseEmpty and what `open_store` raises.
    """
    with open_store(path, write=False, wait=wait, notify=notify) as store:
        if not store.engine.rows("SELECT 1 FROM files LIMIT 1"):
            raise DatabaseEmpty(path)
        thresholds, rules = config.settings.thresholds, config.settings.files
        if not is_current(store, thresholds, rules):
            build(store, thresholds, rules, persist=False)
        yield store


def barometer(store: Store, config: Config, request: Request) -> Barometer:
    """Compute the barometer asked for.

    Raises DatabaseEmpty, YearWithoutData, KpiUnknown, KpiInvalid, FamilyUnknown, BrandUnknown, ValueUnknown,
    ValueAmbiguous, DimensionUnknown, AgentsNotShown.
    """
    if AGENT in request.by and not config.settings.reporting.agents:
        raise AgentsNotShown(name for name in BY if name != AGENT)
    settings, kpis, layouts = config.settings, catalogue(config.settings), checked_settings(config)
    selection = kpis.select(request.kpis, request.family)
    brands = _brands(store)
    request = _as_spelled(store, config, request, brands)
    edition = find_edition(store, request.year, request.brand)
    # P-values are adjusted together, whichever KPIs are shown: a verdict does not depend on what else is asked for.
    own = {kpi.own for kpi in selection}
    together = tuple(kpi for kpi in kpis.kpis if kpi in selection or (kpi.own in own and not kpi.hidden))
    sources = known_sources(store)
    changes = handovers(settings.succession, sources, request.brand)
    available = [kpi for kpi in together if not request.rows.absent_from(parts(kpis, kpi)[0].from_table)]
    inputs = gather(store, settings.reporting, kpis, available, edition, request.rows, _divisions(request), changes)
    observations = observe(store, config, layouts, edition, request.brand, sources)
    rows = [
        _row(inputs, kpi, settings.targets.get(kpi.id)) if kpi in available else _row_without_figures(inputs, kpi)
        for kpi in together
    ]
    # A hidden KPI that is asked for is judged alone: it takes nothing from what the others may show.
    groups = [[row.kpi.id for row, kpi in zip(rows, together, strict=True) if not kpi.hidden]]
    groups += [[kpi.id] for kpi in together if kpi.hidden]
    judgements = {
        row.kpi.id: row
        for group in groups
        for row in judge_rows([row for row in rows if row.kpi.id in group], settings.reporting)
    }
    shown = tuple(judgements[kpi.id] for kpi in together if kpi in selection)
    return Barometer(
        edition=edition,
        request=request,
        brands=(request.brand,) if request.brand else brands,
        families=tuple(family for family in kpis.families if any(row.kpi.family == family.id for row in shown)),
        rows=shown,
        coverage=observations.coverage,
        basis=Basis(
            settings.reporting,
            settings.thresholds,
            file=config.path.name if config.path else None,
            sha256=config.sha256,
            version=__version__,
            catalogue_version=CATALOGUE_VERSION,
        ),
        notes=edition_notes(
            observations,
            edition,
            request.brand,
            frozenset(change.predecessor for change in changes),
            any(rule.phone_tickets == "separate" for rule in settings.files),
        ),
    )


def dimensions(names: Iterable[str]) -> tuple[str, ...]:
    """The dimensions asked for, each once. Raises DimensionUnknown."""
    for name in names:
        if name not in BY:
            raise DimensionUnknown(name, BY)
    return tuple(dict.fromkeys(names))


def _divisions(request: Request) -> tuple[str, ...]:
    """The dimensions by which statements divide their rows: months are known anyway."""
    return tuple(name for name in request.by if name != "month")


def _brands(store: Store) -> tuple[str, ...]:
    rows = store.engine.rows(
        "SELECT brand FROM fact_contacts WHERE brand IS NOT NULL UNION SELECT brand FROM fact_orders "
        "WHERE brand IS NOT NULL UNION SELECT brand FROM fact_surveys WHERE brand IS NOT NULL ORDER BY 1"
    )
    return tuple(row[0] for row in rows)


def _brand(store: Store, config: Config, name: str | None, brands: tuple[str, ...]) -> str | None:
    """The name the records have for a brand, however it is spelled. Raises BrandUnknown."""
    if name is None or name in brands:
        return name
    spelling = load_names(store, names_by_fold(config.settings.brands)).of(name)
    if spelling not in brands:
        raise BrandUnknown(name, brands)
    return spelling


def brand_of(store: Store, config: Config, name: str | None) -> str | None:
    """The name the records have for a brand, however it is spelled; None for none. Raises BrandUnknown."""
    return _brand(store, config, name, _brands(store))


def _as_spelled(store: Store, config: Config, request: Request, brands: tuple[str, ...]) -> Request:
    """The request with the names that the records have for what it asks for, each dimension once.

    Raises BrandUnknown, ValueUnknown, ValueAmbiguous, DimensionUnknown.
    """
    rows = request.rows
    values = {name: _value(store, name, rows.values[name]) for name in rows.beside_brand}
    return replace(
        request,
        brand=_brand(store, config, request.brand, brands),
        by=dimensions(request.by),
        carrier=values.get("carrier"),
        channel=values.get("channel"),
        team=values.get("team"),
    )


def _value(store: Store, column: str, value: str) -> str:
    """A value of a column as the records have it, however it is spelled. Raises ValueUnknown, ValueAmbiguous."""
    tables = (table for table, columns in DIMENSIONS.items() if column in columns)
    statements = (f"SELECT {column} FROM fact_{table} WHERE {column} IS NOT NULL" for table in tables)
    values = [str(row[0]) for row in store.engine.rows(" UNION ".join(statements))]
    if value in values:
        return value
    alike = [name for name in values if name.strip().casefold() == value.strip().casefold()]
    if not alike:
        raise ValueUnknown(column, value, values)
    if len(alike) > 1:
        raise ValueAmbiguous(column, value, alike)
    return alike[0]


def _in_doubt(kpi: Kpi, result: Figures) -> bool:
    """Whether some records of a stock may not belong to it: of each segment it is not told how many."""
    measures = (result.now, result.before)
    return kpi.is_stock and any(measure.hits_in_doubt + measure.misses_in_doubt for measure in measures)


def _changes(inputs: Inputs, kpi: Kpi, breakdown: Breakdown, compare: bool) -> Breakdown:
    """A breakdown with the changes of its segments, where the years compare."""
    division = inputs.divisions.get(breakdown.dimension, Division())
    shifts = division.shifts.get(kpi.id, {})
    segments = segment_changes(kpi.passport, breakdown.segments, compare, inputs.reporting, shifts)
    return replace(breakdown, segments=segments)


def _row_without_figures(inputs: Inputs, kpi: Kpi) -> Row:
    """A KPI whose rows do not have a column by which the report chooses."""
    nothing = Measure(reason="without_column")
    note = Note("without_column", {"dimension": filters_absent(inputs, kpi)[0]})
    return Row(
        kpi=kpi.passport,
        now=nothing,
        before=nothing,
        comparison=Comparison(comparable=False),
        change=None,
        target=None,
        status="not_available",
        series=(),
        before_series=(),
        breakdowns=(),
        missing=(),
        notes=(note,),
        reason=note.code,
    )


def _row(inputs: Inputs, kpi: Kpi, target: float | None) -> Row:
    """A KPI with its figures, comparison, change and notes; its verdict comes when all rows are judged."""
    passport, reporting, shifts = kpi.passport, inputs.reporting, inputs.shifts.get(kpi.id, {})
    result = figures(inputs, kpi)
    comparison = compare(inputs, kpi, result.before)
    notes = row_notes(inputs, kpi, result, comparison)
    compares = comparison.comparable and result.status == "ok"
    segments_compare = comparison.comparable and not _in_doubt(kpi, result)
    return Row(
        kpi=passport,
        now=result.now,
        before=result.before,
        comparison=comparison,
        change=difference(passport, result.now, result.before, reporting, shifts.get(None)) if compares else None,
        target=judge_target(passport, result.now, target) if result.status == "ok" else None,
        status=result.status,
        series=result.series,
        before_series=result.before_series,
        breakdowns=tuple(_changes(inputs, kpi, part, segments_compare) for part in result.breakdowns),
        missing=result.missing,
        notes=notes,
        reason=absence(kpi, result, notes),
        followed=followed_share(inputs, kpi),
    )
