"""Reproducers of the errors of reports that are asked for in part; see `tests.reproducers`."""

from pathlib import Path

from kpibar.cli.errors import WideWithoutMonths
from kpibar.measure.errors import AgentsNotShown, DimensionUnknown, ValueAmbiguous, ValueUnknown
from tests.intake import write
from tests.reproducers import Case, reproduces, run, said


@reproduces(AgentsNotShown)
def report_by_agent(folder: Path) -> Case:
    return said(
        "report --by agent", "agents are persons", "`agents = true`", "[reporting]", "kpibar.toml", "team, queue"
    )


@reproduces(DimensionUnknown)
def report_by_what_is_no_dimension(folder: Path) -> Case:
    return said("report --by weather", 'no breakdown is called "weather"', "channel, brand, carrier", "agent, month")


@reproduces(ValueUnknown)
def report_of_a_channel_that_no_record_has(folder: Path) -> Case:
    return said("report --channel fax", 'no record has the channel "fax"', "known: email, phone")


@reproduces(ValueAmbiguous)
def report_of_a_team_in_another_spelling(folder: Path) -> Case:
    days = "\n".join(f"{name},2025-03-01 10:00:00,email,{name}" for name in ("Alpha", "ALPHA"))
    write(folder, "teams.csv", f"contact_id,created_at,channel,team\n{days}\n")
    assert run(folder, "ingest", "teams.csv", "--tz", "UTC").returncode == 0
    return said("report --team alpha", 'the team "alpha" is spelled in several ways', "ALPHA, Alpha", "write one")


@reproduces(WideWithoutMonths)
def report_wide_without_months(folder: Path) -> Case:
    return said("report --wide --by channel", "no months are asked for", "add --by month")
