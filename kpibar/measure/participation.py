"""How large a part of the contacts is asked, and of those asked answers: others who answer make another figure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.estimates import difference_of_shares
from kpibar.measure.figures import total, year_total
from kpibar.measure.inputs import Inputs
from kpibar.measure.recording import LEAST_CHANGE, PROBABILITY

# From the lowest figure to the highest: a net score goes from -100 to 100 points.
_RANGES = {"share": 1.0, "points": 200.0}


@dataclass(frozen=True)
class ParticipationChange:
    """A share of those asked or answering (the id of its KPI) that differs between the years: in percent, both years.

    `influence` is how far the figure may have moved by it alone, in its own unit.
    """

    coverage: str
    percent: int
    before: int
    influence: float


def participation_change(inputs: Inputs, kpi: Kpi) -> ParticipationChange | None:
    """The change between the years by which a figure may have moved furthest, as far as chance does not explain it.

    Its influence is that of all such changes: who is asked and who answers may differ together.

    Of the answers of the year with the larger share p, the part (p - q) / p comes from people like whom nobody answered
    in the other year, of share q. The whole moves by this part of the gap between their figure and that of the others.
    """
    changes = list(_changes(inputs, kpi))
    if not changes:
        return None
    furthest = max(changes, key=lambda change: change.influence)
    return replace(furthest, influence=sum(change.influence for change in changes))


def may_explain(inputs: Inputs, kpi: Kpi, change: ParticipationChange) -> bool:
    """Whether a change of the figure that is more than chance is not more than that of participation may cause."""
    level = inputs.reporting.confidence
    now, before = (year_total(inputs, kpi, place) for place in (0, 1))
    test = kpi.spec.difference(now, before, level)
    if test is None or test.low <= 0 <= test.high:
        return False
    return min(abs(test.low), abs(test.high)) <= change.influence


def _changes(inputs: Inputs, kpi: Kpi) -> Iterator[ParticipationChange]:
    for name, gap in kpi.participation.items():
        share = inputs.catalogue.get(name)
        # Without a design effect: who is asked or answers is what is looked for, also where it changes within the year.
        now, before = (total(inputs, share, window) for window in inputs.spans[name])
        if min(now.base, before.base) < inputs.reporting.min_base:
            continue
        hits = now.numerator or 0.0, before.numerator or 0.0
        # Where no survey names its contact, or several name one, it is not known of how many contacts is asked.
        if min(hits) == 0 or hits[0] > now.base or hits[1] > before.base:
            continue
        test = difference_of_shares(now, before, inputs.reporting.confidence)
        if test is None or test.p_value >= PROBABILITY / len(kpi.participation) or abs(test.value) <= LEAST_CHANGE:
            continue
        parts = hits[0] / now.base, hits[1] / before.base
        influence = gap * _RANGES[kpi.unit] * abs(test.value) / max(parts)
        yield ParticipationChange(name, round(100 * parts[0]), round(100 * parts[1]), influence)
