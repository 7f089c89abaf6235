"""How far the rows behind the figures of a barometer depend on each other, seen in the weeks of each year."""

from collections.abc import Mapping, Sequence
from datetime import date

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import Cells
from kpibar.kpis.dependence import design_effect
from kpibar.kpis.estimates import Measure, Parts, quotient_of_share, share_of_rows
from kpibar.measure.inputs import Inputs

# The parts of a KPI, of each of its operands in order, in each week.
Weeks = Sequence[Mapping[date, Parts]]


def year_effect(inputs: Inputs, kpi: Kpi, place: int) -> float | None:
    """The design effect of a KPI that is computed from cells, in the year (0) or the year before (1)."""
    window = inputs.spans[kpi.id][place]
    return effect_of_weeks(kpi, [inputs.cells.weeks(name, window) for name in kpi.operands or (kpi.id,)], inputs)


def effect_of_weeks(kpi: Kpi, weeks: Weeks, inputs: Inputs) -> float | None:
    """The design effect of a figure of which the weeks are given; None of too few, or where it has none."""
    quotient, level = kpi.spec.quotient, inputs.reporting.confidence
    if quotient is None or kpi.spec.shares:
        return None
    mondays = sorted(set().union(*weeks))
    whole = [sum(parts.values(), Parts()) for parts in weeks]
    in_weeks = ([parts.get(monday, Parts()) for parts in weeks] for monday in mondays)
    return design_effect(quotient(whole), [quotient(parts) for parts in in_weeks], level)


def share_of_cells(cells: Cells, name: str, inputs: Inputs, place: int, segment: str | None) -> Measure:
    """A share of rows by the id of its KPI, in the year (0) or the year before (1), of a segment or of all."""
    weeks, level = list(cells.weeks(name, inputs.spans[name][place], segment).values()), inputs.reporting.confidence
    whole = sum(weeks, Parts())
    effect = design_effect(quotient_of_share([whole]), [quotient_of_share([week]) for week in weeks], level)
    return share_of_rows([whole], level, effect)


def effect_of_part(cells: Cells, kpi: Kpi, inputs: Inputs, place: int, segment: str) -> float | None:
    """The design effect of the share that a segment has of a mix."""
    window, level = inputs.spans[kpi.id][place], inputs.reporting.confidence
    part, whole = cells.weeks(kpi.id, window, segment), cells.weeks(kpi.id, window)
    weeks = [[Parts(base=cell.base, hits=part.get(monday, Parts()).base)] for monday, cell in whole.items()]
    sums = Parts(base=sum(week[0].base for week in weeks), hits=sum(week[0].hits for week in weeks))
    return design_effect(quotient_of_share([sums]), [quotient_of_share(week) for week in weeks], level)
