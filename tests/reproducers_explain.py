"""Reproducers of the errors of explanations of figures; see `tests.reproducers`."""

from pathlib import Path

from kpibar.answers import errors
from tests.reproducers import Case, reproduces, said


@reproduces(errors.DimensionMissing)
def explain_by_what_orders_do_not_have(folder: Path) -> Case:
    return said("explain late_share --by reason", 'the records of "late_share" have no reason', "carrier")


@reproduces(errors.DimensionMissing)
def explain_a_mix_by_another_dimension(folder: Path) -> Case:
    return said("explain channel_mix --by reason", 'the records of "channel_mix" have no reason', "channel")


@reproduces(errors.FilterMissing)
def explain_orders_of_a_channel(folder: Path) -> Case:
    return said("explain late_share --channel email", 'the records of "late_share" have no channel', "--channel")


@reproduces(errors.RecordsNotCsv)
def list_records_as_a_workbook(folder: Path) -> Case:
    return said("explain contacts --rows -o rows.xlsx", "rows.xlsx: records are written as CSV", ".csv")


@reproduces(errors.RecordsNotCsv)
def list_records_as_json(folder: Path) -> Case:
    return said("explain contacts --rows --json", "--rows: records are written as CSV", "--json")


@reproduces(errors.ExplanationForm)
def explain_as_csv(folder: Path) -> Case:
    return said("explain contacts -o why.csv", "why.csv: an explanation is text or JSON", "--rows")
