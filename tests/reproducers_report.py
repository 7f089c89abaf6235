"""Reproducers of the errors of reports that are asked for in part; see `tests.reproducers`."""

from pathlib import Path

from kpibar.measure.errors import AgentsNotShown, DimensionUnknown
from tests.reproducers import Case, reproduces, said


@reproduces(AgentsNotShown)
def report_by_agent(folder: Path) -> Case:
    return said("report --by agent", "agents are persons", "`agents = true`", "[reporting]", "kpibar.toml")


@reproduces(DimensionUnknown)
def report_by_what_is_no_dimension(folder: Path) -> Case:
    return said("report --by weather", 'no breakdown is called "weather"', "channel, brand, carrier", "agent, month")
