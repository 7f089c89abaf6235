"""Reproducers of the errors of formats and outputs; see `tests.reproducers`."""

from pathlib import Path

from kpibar.cli.errors import DialectUnused, FormatsConflict, OutputTwice
from tests.reproducers import Case, reproduces, said


@reproduces(FormatsConflict)
def json_and_another_format(folder: Path) -> Case:
    return said("report --json --format csv", "--json and --format csv name different formats", "leave one")


@reproduces(FormatsConflict)
def a_format_and_the_extension_of_another(folder: Path) -> Case:
    return said("report --format json -o a.json -o x.csv", "--format json and -o x.csv name different formats")


@reproduces(OutputTwice)
def one_output_twice(folder: Path) -> Case:
    return said("report -o a.csv -o b.json -o ./a.csv", "a.csv: is named twice as an output", "once")


@reproduces(DialectUnused)
def a_dialect_without_csv(folder: Path) -> Case:
    return said("report -o a.json --csv-dialect excel-fr", "--csv-dialect excel-fr is given", "-o barometer.csv")
