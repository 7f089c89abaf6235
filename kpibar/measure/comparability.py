"""Whether a KPI's two years compare, and why not."""

from dataclasses import asdict

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.estimates import Measure
from kpibar.measure.figures import whole
from kpibar.measure.inputs import Inputs, entities, parts, rows_of_kpi, sources_of
from kpibar.measure.participation import ParticipationChange, may_explain, participation_change
from kpibar.measure.reach import UnevenSource, stretches, uneven
from kpibar.measure.recording import recording_change
from kpibar.measure.report import Comparison, Values
from kpibar.measure.selection import SettledYear
from kpibar.measure.succession import Handover, join_handovers, tool_bound


def compare(inputs: Inputs, kpi: Kpi, before: Measure) -> Comparison:
    """Whether the year before has a base, rows in enough of its months, and sources that cover both years alike."""
    year, handover = inputs.edition.year, _handover(inputs, kpi)
    tools = (handover.predecessor, handover.successor) if handover else None
    # Nothing open a year before is a figure of a stock.
    if before.base == 0 and not (kpi.is_stock and before.value is not None):
        return Comparison(False, "no_data", handover=tools)
    if (selection := _settled_year(inputs, kpi)) is not None:
        values: Values = {"source": selection.source, "year": selection.year, "records": selection.records}
        return Comparison(False, "selected_year", values, tools)
    source, (rows, months) = _uneven_source(inputs, kpi), _months_with_rows(inputs, kpi)
    if source is not None and tools is not None and source.source in tools:
        return Comparison(False, "tool_changed", {"source": tools[0], "to": tools[1]}, tools)
    if source is not None:
        differs: Values = {"source": source.source, "missing": stretches(source.missing)}
        years: Values = {"now": source.now, "before": source.before, "year": year, "previous": year - 1}
        return Comparison(False, "coverage_differs", {**differs, **years}, tools)
    if (unlike := _stock_difference(inputs, kpi)) is not None:
        return Comparison(False, *unlike, tools)
    if rows < inputs.reporting.min_month_coverage * months:
        gaps = {"year": year - 1, "seen": rows, "months": months}
        return Comparison(False, "previous_incomplete", gaps, tools)
    if (change := recording_change(inputs, kpi)) is not None and not _disjoint(inputs, kpi):
        return Comparison(False, "recording_differs", {**asdict(change), "year": year, "previous": year - 1}, tools)
    if (turnout := participation_change(inputs, kpi)) is not None and may_explain(inputs, kpi, turnout):
        return Comparison(False, "participation_differs", participation_values(inputs, turnout), tools)
    return Comparison(True, handover=tools)


def participation_values(inputs: Inputs, change: ParticipationChange) -> Values:
    """What the text of a note on a change of participation needs."""
    years = {"year": inputs.edition.year, "previous": inputs.edition.year - 1}
    return {"coverage": change.coverage, "percent": change.percent, "before": change.before, **years}


def _disjoint(inputs: Inputs, kpi: Kpi) -> bool:
    """Whether the bounds of both years lie apart: then the figure has changed, whatever was not recorded."""
    now, before = (whole(inputs, kpi, place).bounds for place in (0, 1))
    return now is not None and before is not None and (now.low > before.high or before.low > now.high)


def _stock_difference(inputs: Inputs, kpi: Kpi) -> tuple[str, Values] | None:
    """Why two stocks do not compare: one may hold what the other cannot, or what was open then is in doubt.

    An export of a later day tells more of the stock of a day than one of that day: not which contacts were closed
    then and opened again. The figures of two years compare where no such contact can turn the one into the other.
    """
    if not kpi.is_stock:
        return None
    previous = inputs.edition.year - 1
    now, before = (window.end for window in inputs.spans[kpi.id])
    for reach in inputs.reaches[kpi.id]:
        if reach.tells_of(now) != reach.tells_of(before):
            values: Values = {"source": reach.source, "year": inputs.edition.year, "previous": previous}
            return "stock_source", values
    if older := sum(reach.older for reach in inputs.reaches[kpi.id]):
        return "stock_reach", {"rows": older, "previous": previous}
    years = [whole(inputs, kpi, place) for place in (0, 1)]
    doubtful = sum(measure.hits_in_doubt + measure.misses_in_doubt for measure in years)
    if doubtful and not _disjoint(inputs, kpi):
        return "stock_in_doubt", {"previous": previous}
    return None


def _months_with_rows(inputs: Inputs, kpi: Kpi) -> tuple[int, int]:
    """How many months of the year before have rows for the KPI, and out of how many."""
    before = inputs.spans[kpi.id][1]
    tables = [inputs.months[part.from_table, part.date] for part in parts(inputs.catalogue, kpi)]
    rows = min(sum(before.start <= month <= before.end for month in months) for months in tables)
    return rows, before.end.month


def _uneven_source(inputs: Inputs, kpi: Kpi) -> UnevenSource | None:
    """The source that covers the two years too differently for this KPI to be compared, None when all do alike.

    Counts and what is divided by counts take any difference; shares, means and medians some.
    """
    tolerance = 0.0 if kpi.spec.volume else 1 - inputs.reporting.min_month_coverage
    years = inputs.spans[kpi.id]
    for entity in entities(inputs.catalogue, kpi):
        names = sources_of(inputs.catalogue, kpi, entity, inputs.columns)
        if kpi.is_stock:
            names = frozenset(reach.source for reach in inputs.reaches[kpi.id])
        sources = inputs.uneven[entity, years]
        if inputs.handovers and not tool_bound((kpi, *parts(inputs.catalogue, kpi))):
            sources = uneven(join_handovers(rows_of_kpi(inputs, kpi, entity), inputs.handovers), years)
            names = None
        for source in sources:
            if (names is None or source.source in names) and len(source.missing) > tolerance * years[0].end.month:
                return source
    return None


def _handover(inputs: Inputs, kpi: Kpi) -> Handover | None:
    """The change of tools within the two years of a KPI that the settings state, None without one."""
    for entity in entities(inputs.catalogue, kpi):
        sources = {rows.source for rows in rows_of_kpi(inputs, kpi, entity)}
        for handover in inputs.handovers:
            if {handover.predecessor, handover.successor} <= sources:
                return handover
    return None


def _settled_year(inputs: Inputs, kpi: Kpi) -> SettledYear | None:
    """The year of one of a KPI's tables that holds settled records alone, where the other does not."""
    for entity in entities(inputs.catalogue, kpi):
        names, selection = sources_of(inputs.catalogue, kpi, entity, inputs.columns), inputs.selections.get(entity)
        if selection is not None and (names is None or selection.source in names):
            return selection
    return None
