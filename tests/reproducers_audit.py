"""Reproducers of the errors of audits of recorded reasons; see `tests.reproducers`."""

from dataclasses import replace
from pathlib import Path

from kpibar.audit import errors
from kpibar.audit.strata import Key, parse_key
from kpibar.cli.errors import OutputOverwrites
from kpibar.measure.errors import YearWithoutData
from tests.intake import write
from tests.reproducers import Case, reproduces, run, said

HEADER = "key,wismo,contact,created_on,channel,lang,subject,body\n"
KEY = str(Key(2025, "abcdef", 1, 1, 2, "0123456789abcde"))


def draw(folder: Path) -> list[str]:
    """The lines of the sample of the two contacts, its header first."""
    result = run(folder, "audit", "draw", "-o", "sample.csv")
    assert result.returncode == 0, result.stderr
    return (folder / "sample.csv").read_text(encoding="utf-8-sig").splitlines()


@reproduces(errors.SampleImpossible)
def draw_from_a_year_without_contacts(folder: Path) -> Case:
    write(folder, "orders.csv", "order_ref,ordered_at\n90001,2023-05-01 10:00:00\n")
    assert run(folder, "ingest", "orders.csv", "--tz", "UTC").returncode == 0
    return said("audit draw --year 2023 -o sample.csv", "no contact was counted in 2023", "--year")


@reproduces(errors.SampleExists)
def draw_over_labels(folder: Path) -> Case:
    draw(folder)
    return said("audit draw -o sample.csv", "sample.csv: exists already, perhaps with labels", "-o")


def label(line: str, word: str) -> str:
    """A line of a sample with a label."""
    key, _, rest = line.split(",", 2)
    return f"{key},{word},{rest}"


def other_contact(line: str) -> str:
    """A line of a sample, of a contact that no database has."""
    text, rest = line.split(",", 1)
    key = parse_key(text)
    assert key is not None
    return f"{replace(key, contact='0' * 15)},{rest}"


def write_labels(folder: Path, *lines: str) -> None:
    write(folder, "labels.csv", "\n".join(lines) + "\n")


@reproduces(errors.SampleForeign)
def labels_of_another_database(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], other_contact(label(lines[1], "no")))
    return said("audit apply labels.csv", "labels.csv: none of its contacts is in", "--db")


@reproduces(errors.LabelsInvalid)
def labels_without_the_column_of_labels(folder: Path) -> Case:
    write(folder, "labels.csv", f"key,contact,channel\n{KEY},x/1,email\n")
    return said("audit apply labels.csv", "labels.csv:1: ", 'one column "wismo", 0 are there')


@reproduces(errors.LabelsInvalid)
def labels_of_a_word_that_is_none(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes"), label(lines[2], "perhaps"))
    return said("audit apply labels.csv", "labels.csv:3: ", 'column "wismo"', "expected yes or no")


@reproduces(errors.LabelsInvalid)
def labels_whose_key_was_changed(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER + "2.02E+14,yes,x/1,2025-03-01,email,fr,,\n")
    return said("audit apply labels.csv", "labels.csv:2: ", 'column "key" is not as')


@reproduces(errors.LabelsInvalid)
def labels_of_the_year_zero(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER + f"0000{KEY[4:]},yes,x/1,2025-03-01,email,fr,,\n")
    return said("audit apply labels.csv", "labels.csv:2: ", 'column "key" is not as')


@reproduces(errors.LabelsInvalid)
def labels_of_a_contact_that_differ(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes"), label(lines[1], "no"))
    return said("audit apply labels.csv", "labels.csv:3: ", "the contact has another label in line 2")


@reproduces(errors.LabelsInvalid)
def labels_of_two_samples(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes"), "2024" + label(lines[2], "no")[4:])
    return said("audit apply labels.csv", "labels.csv:3: another sample begins here")


@reproduces(errors.LabelsInvalid)
def labels_of_a_line_with_a_cell_too_many(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes"), label(lines[2], "no") + ",x")
    return said("audit apply labels.csv", "labels.csv:3: expected 8 cells, 9 are there")


@reproduces(errors.LabelsInvalid)
def labels_with_a_quote_that_ends_lines_later(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes") + '"torn', label(lines[2], "no") + '"')
    return said("audit apply labels.csv", "labels.csv:2: ")


@reproduces(errors.LabelsInvalid)
def labels_with_a_quote_that_never_ends(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], '"yes'), label(lines[2], "no"))
    return said("audit apply labels.csv", "labels.csv:2: its quotes do not pair")


@reproduces(errors.LabelsInvalid)
def labels_of_no_contact(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER)
    return said("audit apply labels.csv", "labels.csv:2: expected a line a contact, there is none")


@reproduces(errors.LabelsInvalid)
def labels_of_more_contacts_than_were_drawn(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, *lines[:2], other_contact(label(lines[1], "no")))
    return said("audit apply labels.csv", "labels.csv:3: the contact is not of this draw")


@reproduces(YearWithoutData)
def labels_of_a_year_that_is_not_there(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER + f"1999{KEY[4:]},yes,x/1,1999-03-01,email,fr,,\n")
    return said("audit apply labels.csv", "no data in 1999")


@reproduces(errors.LabelsMissing)
def labels_that_nobody_wrote(folder: Path) -> Case:
    draw(folder)
    return said("audit apply sample.csv", "sample.csv: no contact is labelled", "yes or no")


@reproduces(errors.LabelsMissing)
def labels_as_ticks(folder: Path) -> Case:
    lines = draw(folder)
    write_labels(folder, lines[0], label(lines[1], "yes"), lines[2])
    return said("audit apply labels.csv", "all 1 labels say yes, and 1 contacts that were drawn have none")


@reproduces(errors.SampleNotCsv)
def draw_into_a_workbook(folder: Path) -> Case:
    return said("audit draw -o sample.xlsx", "sample.xlsx: a sample is written as CSV", ".csv")


@reproduces(OutputOverwrites)
def draw_over_the_database(folder: Path) -> Case:
    return said("audit draw -o kpibar.duckdb", "kpibar.duckdb: is ", "does not overwrite")
