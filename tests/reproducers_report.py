"""Reproducers of the errors of reports that are asked for in part; see `tests.reproducers`."""

from pathlib import Path

from kpibar.measure.errors import AgentsNotShown
from tests.reproducers import Case, reproduces, said


@reproduces(AgentsNotShown)
def report_by_agent(folder: Path) -> Case:
    return said("report --by agent", "agents are persons", "`agents = true`", "[reporting]", "kpibar.toml")
