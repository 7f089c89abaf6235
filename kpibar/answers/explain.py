"""A figure explained: how the records read became it, and why it moved since the year before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kpibar.answers.bridge import Bridge, bridges
from kpibar.answers.coverage import coverage_of_segments
from kpibar.answers.errors import DimensionMissing, FilterMissing
from kpibar.answers.mix import Breakdown, Causes, by_knowledge, causes, dimensions_of, is_sum, usual_dimensions
from kpibar.answers.records import Records, records
from kpibar.config import Config
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.facts import AGENT
from kpibar.measure.barometer import barometer
from kpibar.measure.errors import AgentsNotShown
from kpibar.measure.inputs import Inputs, gather, parts
from kpibar.measure.report import Barometer, Request, Row, Segment
from kpibar.measure.succession import handovers, known_sources


@dataclass(frozen=True)
class Explanation:
    """A KPI of a year: its row in the barometer, its bridge (of a ratio those of its operands), and its causes.

    `untold` says why no change is told: the years do not compare (`comparison`), or a figure is not shown (`figure`).
    Then there are no causes. `kpi` is the definition that runs.
    """

    barometer: Barometer
    kpi: Kpi
    row: Row
    bridges: tuple[Bridge, ...]
    causes: Causes
    untold: str | None


def explain(store: Store, config: Config, request: Request, dimensions: Sequence[str] = ()) -> Explanation:
    """The explanation of the only KPI of a request, by the dimensions named or the usual ones.

    Raises DimensionMissing, FilterMissing, AgentsNotShown and what `barometer` raises.
    """
    report = barometer(store, config, request)
    if absent := request.rows.absent_from(_first_table(config, report)):
        raise FilterMissing(report.rows[0].kpi.id, absent)
    kpi, inputs = _inputs(store, config, report)
    dimensions_known, (row,) = dimensions_of(inputs, kpi), report.rows
    if AGENT in dimensions and not config.settings.reporting.agents:
        raise AgentsNotShown(sorted(dimensions_known - {AGENT}))
    for name in dimensions:
        if name not in dimensions_known:
            raise DimensionMissing(kpi.id, name, dimensions_known)
    untold = _untold(row)
    asked = tuple(dict.fromkeys(dimensions))
    if is_sum(kpi):
        causes_of_change = Causes(()) if untold else causes(store, inputs, kpi, asked)
    else:
        breakdowns = _segments(store, config, report, kpi, asked or usual_dimensions(inputs, kpi))
        causes_of_change = Causes(tuple(breakdowns if asked else by_knowledge(breakdowns)))
    return Explanation(report, kpi, row, bridges(store, inputs, kpi), causes_of_change, untold)


def records_of(store: Store, config: Config, request: Request) -> Records:
    """The records behind the only KPI of a request. Raises FilterMissing and what `barometer` raises."""
    report = barometer(store, config, request)
    if absent := request.rows.absent_from(_first_table(config, report)):
        raise FilterMissing(report.rows[0].kpi.id, absent)
    kpi, inputs = _inputs(store, config, report)
    return records(store, inputs, kpi)


def _inputs(store: Store, config: Config, report: Barometer) -> tuple[Kpi, Inputs]:
    """The KPI of a report of one, and what its figures are computed from."""
    settings, kpis, rows = config.settings, catalogue(config.settings), report.request.rows
    kpi = kpis.get(report.rows[0].kpi.id)
    changes = handovers(settings.succession, known_sources(store), rows.brand)
    return kpi, gather(store, settings.reporting, kpis, (kpi,), report.edition, rows, (), changes)


def _first_table(config: Config, report: Barometer) -> str:
    """The fact table of a KPI, or of the numerator of a ratio, from which rows are chosen."""
    kpis = catalogue(config.settings)
    return parts(kpis, kpis.get(report.rows[0].kpi.id))[0].from_table


def _untold(row: Row) -> str | None:
    """Why nothing is told of a change."""
    if row.status != "ok":
        return "figure"
    if not row.comparison.comparable:
        return "comparison"
    # The shares of a mix have no figure as a whole.
    return "figure" if row.before.value is None and not row.kpi.spec.shares else None


def _segments(store: Store, config: Config, report: Barometer, kpi: Kpi, dimensions: Sequence[str]) -> list[Breakdown]:
    """The figures of the segments of a KPI that is no sum, as its barometer has them."""
    if kpi.spec.shares:
        (row,) = report.rows
        return [_breakdown_of(kpi, kpi.over, row.segments, config)]
    request = report.request
    breakdowns = []
    for name in dimensions:
        by = replace(request, year=report.edition.year, kpis=(kpi.id,), by=(name,))
        (row,) = barometer(store, config, by).rows
        breakdowns.append(_breakdown_of(kpi, name, row.segments, config))
    return breakdowns


def _breakdown_of(kpi: Kpi, dimension: str, segments: tuple[Segment, ...], config: Config) -> Breakdown:
    level = config.settings.reporting.confidence
    return Breakdown(dimension, segments=segments, coverages=(coverage_of_segments(kpi, segments, level),))
