"""Reproducers of the errors of audits of recorded reasons; see `tests.reproducers`."""

from pathlib import Path

from kpibar.audit import errors
from tests.intake import write
from tests.reproducers import Case, reproduces, run, said

HEADER = "key,source,contact_id,created_on,channel,lang,subject,body,wismo\n"


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


@reproduces(errors.LabelsInvalid)
def labels_without_the_column_of_labels(folder: Path) -> Case:
    write(folder, "labels.csv", "key,source,contact_id\n2025-abcdef-0123456789abcde,x,1\n")
    return said("audit apply labels.csv", "labels.csv:1: ", 'one column "wismo", 0 are there')


@reproduces(errors.LabelsInvalid)
def labels_of_a_word_that_is_none(folder: Path) -> Case:
    lines = draw(folder)
    write(folder, "labels.csv", "\n".join([lines[0], lines[1] + "yes", lines[2] + "perhaps"]) + "\n")
    return said("audit apply labels.csv", "labels.csv:3: ", 'column "wismo"', "expected yes or no")


@reproduces(errors.LabelsInvalid)
def labels_whose_key_was_changed(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER + "2.02E+14,x,1,2025-03-01,email,fr,,,yes\n")
    return said("audit apply labels.csv", "labels.csv:2: ", 'column "key" is not as')


@reproduces(errors.LabelsInvalid)
def labels_of_a_contact_twice(folder: Path) -> Case:
    lines = draw(folder)
    write(folder, "labels.csv", "\n".join([lines[0], lines[1] + "yes", lines[1] + "no"]) + "\n")
    return said("audit apply labels.csv", "labels.csv:3: ", "the contact is in line 2 too")


@reproduces(errors.LabelsInvalid)
def labels_of_two_samples(folder: Path) -> Case:
    lines = draw(folder)
    write(folder, "labels.csv", "\n".join([lines[0], lines[1] + "yes", "2024" + lines[2][4:] + "no"]) + "\n")
    return said("audit apply labels.csv", "labels.csv:3: another sample begins here")


@reproduces(errors.LabelsInvalid)
def labels_of_a_line_with_a_cell_too_many(folder: Path) -> Case:
    lines = draw(folder)
    write(folder, "labels.csv", "\n".join([lines[0], lines[1] + "yes", lines[2] + "no,"]) + "\n")
    return said("audit apply labels.csv", "labels.csv:3: expected 9 cells, 10 are there")


@reproduces(errors.LabelsInvalid)
def labels_of_no_contact(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER)
    return said("audit apply labels.csv", "labels.csv:2: expected a line a contact, there is none")


@reproduces(errors.LabelsInvalid)
def labels_of_a_year_that_is_not_there(folder: Path) -> Case:
    write(folder, "labels.csv", HEADER + "1999-abcdef-0123456789abcde,x,1,1999-03-01,email,fr,,,yes\n")
    return said("audit apply labels.csv", "labels.csv:2: no contact was counted in 1999")


@reproduces(errors.LabelsMissing)
def labels_that_nobody_wrote(folder: Path) -> Case:
    draw(folder)
    return said("audit apply sample.csv", "sample.csv: no contact without a reason is labelled", "yes or no")
