"""Months as columns of a report, through the command line."""

import csv
from pathlib import Path

import pytest

from tests.small_reports import database
from tests.support import SETTINGS, kpibar

# So many contacts in each month of 2025, the first of each month among them answered after an hour, all others after
# one minute: the median of months of one contact is an hour.
COUNTS = (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8)
CONTACTS = "| contact_id | created_at | channel | customer | first_reply_s |\n" + "".join(
    f"| {month}-{n} | 2025-{month:02}-{n + 1:02} 10:00:00 | email | c{month}{n}@x.fr | {60 if n else 3600} |\n"
    for month, count in enumerate(COUNTS, 1)
    for n in range(count)
)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ASKED = ("report", "--year", "2025", "--by", "month", "--wide", "--kpi", "contacts", "--kpi", "frt_median")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the contacts above."""
    return database(tmp_path_factory.mktemp("wide"), {"contacts.csv": CONTACTS}, SETTINGS)


def page(folder: Path, *arguments: str, **environment: str) -> list[str]:
    run = kpibar(*ASKED, *arguments, folder=folder, **environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def line(lines: list[str], beginning: str) -> list[str]:
    """The words after the beginning of the one line that begins so."""
    (found,) = (line for line in lines if line.startswith(beginning))
    return found.removeprefix(beginning).split()


def test_a_pipe_has_the_year_and_all_months_in_one_table(folder: Path) -> None:
    lines = page(folder)
    assert line(lines, "KPI") == ["2025", *MONTHS]
    assert line(lines, "Contacts received") == ["52", *map(str, COUNTS)]
    # The one contact of February and of April is the first of its month.
    medians = " ".join(line(lines, "First reply (median)"))
    assert medians == " ".join("1 h 00" if count == 1 else "60.0 s" for count in (52, *COUNTS))
    assert "Demand" in lines and "Reactivity" in lines


def test_a_narrow_screen_has_blocks_of_months_and_drops_none(folder: Path) -> None:
    for width, size in ((80, 6), (60, 4), (46, 2)):
        lines = page(folder, COLUMNS=str(width))
        heads = [line.split()[2:] for line in lines if line.startswith("KPI ")]
        assert [month for head in heads for month in head] == MONTHS, width
        assert {len(head) for head in heads} <= {size, 12, 6, 4, 3, 2}
        assert len({len(head) for head in heads}) == 1 and all(len(line) <= width for line in lines)
        values = [line.split()[3:] for line in lines if line.startswith("Contacts received ")]
        assert [value for months in values for value in months] == list(map(str, COUNTS))


def test_months_are_masked_as_in_rows(folder: Path, tmp_path: Path) -> None:
    """Of months of fewer than five contacts no median is shown; a count is its own base."""
    strict = tmp_path / "strict.toml"
    strict.write_text("[reporting]\nmin_base = 5\nsmall_base = 5\n", encoding="utf-8")
    lines = page(folder, "--config", str(strict))
    (medians,) = (line for line in lines if line.startswith("First reply (median)"))
    assert medians.count("n<5") == sum(count < 5 for count in COUNTS)
    assert "n<5: too few to show a figure" in "\n".join(lines)


def test_csv_stays_long_and_json_as_it_is(folder: Path) -> None:
    rows = list(csv.DictReader(page(folder, "--format", "csv")))
    values = {row["period"]: row["value"] for row in rows if row["kpi"] == "contacts"}
    assert [values[f"2025-{month:02}"] for month in range(1, 13)] == list(map(str, COUNTS))


def test_french_heads(folder: Path) -> None:
    heads = line(page(folder, "--lang", "fr"), "Indicateur")
    assert " ".join(heads) == "2025 Janv. Févr. Mars Avr. Mai Juin Juil. Août Sept. Oct. Nov. Déc."


def test_a_dimension_beside_months_keeps_its_own_table(folder: Path) -> None:
    text = "\n".join(page(folder, "--by", "channel", "--kpi", "contacts"))
    months, channels = text.split("Contacts received — Channel")
    assert "Jan" in months and "Jan" not in channels


def test_columns_of_months_need_months(folder: Path) -> None:
    for arguments in ((), ("--by", "channel")):
        run = kpibar("report", "--wide", *arguments, folder=folder)
        assert run.returncode == 2 and "add --by month" in run.stderr
