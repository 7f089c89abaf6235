"""How much of what happened is recorded in both years: a tool that records more lets more be seen, not more happen."""

from collections.abc import Iterator
from dataclasses import dataclass

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import Cells
from kpibar.kpis.estimates import Measure, difference_of_shares, share_of_rows
from kpibar.measure.inputs import Inputs

# The share that tells how many contacts can be followed.
FOLLOWED = "followed_share"
# Changes of a share that chance makes this seldom, and of so much, are changes of the recording. Several shares and
# channels are looked at: each has its part of the probability.
PROBABILITY, LEAST_CHANGE = 0.01, 0.02


@dataclass(frozen=True)
class RecordingChange:
    """A share of what is recorded (the id of its KPI) that differs between the years: in percent, now and before.

    `channel` is the one in which it differs, "" for all contacts together.
    """

    coverage: str
    channel: str
    percent: int
    before: int


def followed_share(inputs: Inputs, kpi: Kpi) -> float | None:
    """The share of the contacts of the year that can be followed, of a KPI that rests on it; None without contacts."""
    if FOLLOWED not in kpi.rests_on:
        return None
    cell = inputs.cells.sum(FOLLOWED, inputs.spans[FOLLOWED][0])
    return cell.hits / cell.base if cell.base else None


def recording_change(inputs: Inputs, kpi: Kpi) -> RecordingChange | None:
    """The largest change between the years of a share that a KPI rests on, as far as chance does not explain it."""
    pairs = [pair for name in kpi.rests_on for pair in _pairs(inputs, name)]
    changes = [
        RecordingChange(name, channel, round(100 * (now.value or 0)), round(100 * (before.value or 0)))
        for name, channel, now, before in pairs
        if differs(now, before, PROBABILITY / len(pairs))
    ]
    return max(changes, key=lambda change: abs(change.percent - change.before), default=None)


def _pairs(inputs: Inputs, name: str) -> Iterator[tuple[str, str, Measure, Measure]]:
    """A share of all contacts and of those of each channel, in both years."""
    for cells, channel in [(inputs.cells, ""), *((inputs.recording, key) for key in inputs.recording.segments(name))]:
        now, before = (_share(inputs, cells, name, place, channel or None) for place in (0, 1))
        if min(now.base, before.base) >= inputs.reporting.min_base:
            yield name, channel, now, before


def _share(inputs: Inputs, cells: Cells, name: str, place: int, channel: str | None) -> Measure:
    """A share of rows in the year (0) or the year before (1), of a channel or of all."""
    # Without a design effect: a tool that comes within the year makes weeks differ, and is what is looked for.
    return share_of_rows([cells.sum(name, inputs.spans[name][place], channel)], inputs.reporting.confidence)


def differs(now: Measure, before: Measure, probability: float) -> bool:
    """Whether two shares of what is recorded differ by more than chance, at this probability, and by enough."""
    test = difference_of_shares(now, before, 1 - probability)
    return test is not None and test.p_value < probability and abs(test.value) > LEAST_CHANGE
