"""Day first or month first: what a column shows, or what somebody states; a file that leaves it open is refused."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy
import pytest

from kpibar.database.engine import DuckDB
from kpibar.values.date_order import confirm, decide, probe, read_evidence, settle
from kpibar.values.errors import DateOrderAmbiguous, DateOrderMixed, DatesSwapped, YearFirst
from kpibar.values.notation import Notation, order_of
from tests.intake import column, held, take, take_text, write
from tests.workbooks import Rows, xlsx

HEAD = "contact_id,created_at,channel,resolved_at\n"
GENESYS = "Full Export Completed,Date,Duration,Direction,ANI,Queue,Conversation ID\n"
# The physical line of each record that is staged.
LINES = numpy.arange(1, 9)
UNDECIDED = Notation("UTC", "UTC", {}, (), ".", {}, "33")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def contacts(*dates: str, resolved: str = "") -> str:
    return HEAD + "".join(f'{n},"{date}",email,"{resolved}"\n' for n, date in enumerate(dates))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("03/02/2025 10:00", "13/02/2025 10:00"), "2025-02-03 09:00"),
        (("03/02/2025 10:00", "02/13/2025 10:00"), "2025-03-02 09:00"),
        (("3.2.2025", "31.12.2025"), "2025-02-02 23:00"),
        (("3-2-2025 1:05 PM", "2-28-2025 1:05 PM"), "2025-03-02 12:05"),
        (("3/2/25 10:00", "2/28/25 10:00"), "2025-03-02 09:00"),
        (("03/02/2025", "2025-12-24", "24/12/2025"), "2025-02-02 23:00"),
    ],
)
def test_the_values_of_a_column_decide(folder: Path, dates: tuple[str, ...], first: str) -> None:
    assert take_text(folder, contacts(*dates)).counts.added == len(dates)
    assert column(folder, "SELECT created_at FROM contacts WHERE contact_id = '0'") == [at(first)]


@pytest.mark.long
@pytest.mark.parametrize("dates", [("03/02/2025", "04/05/2025"), ("1.2.2025",), ("1/2/25",), ("25-01-12", "25-01-13")])
def test_where_both_orders_fit_the_file_is_refused_unless_somebody_states_one(
    folder: Path, dates: tuple[str, ...]
) -> None:
    path = write(folder, "export.csv", contacts(*dates))
    error = take(folder, path)[0].error
    assert isinstance(error, DateOrderAmbiguous)
    assert 'column "created_at"' in str(error)
    assert "--date-order" in str(error)
    assert not any(character.isdigit() and character != "9" for character in str(error).split("(")[1].split(")")[0])
    assert take(folder, path, date_order="dmy")[0].error is None
    assert column(folder, "SELECT count(*) FROM contacts") == [len(dates)]


@pytest.mark.long
def test_what_is_stated_decides_and_is_part_of_how_a_file_was_read(folder: Path) -> None:
    path = write(folder, "export.csv", contacts("03/02/2025 10:00"))
    for order, month in (("dmy", 2), ("mdy", 3)):
        assert take(folder, path, date_order=order)[0].same_as_before is None
        assert column(folder, "SELECT month(created_at) FROM contacts") == [month]
    assert take(folder, path, date_order="mdy")[0].same_as_before is not None


@pytest.mark.long
@pytest.mark.parametrize("order", [None, "dmy", "mdy"])
def test_two_orders_in_a_column_are_refused_whatever_is_stated(folder: Path, order: str | None) -> None:
    """A spreadsheet swaps what could be a month and leaves the rest: both orders then stand in the column."""
    path = write(folder, "export.csv", contacts("13/02/2025", "02/14/2025"))
    error = take(folder, path, date_order=order)[0].error
    assert isinstance(error, DateOrderMixed)
    assert "the day first in line 2 and the month first in line 3" in str(error)


def test_a_file_that_contradicts_what_is_stated_is_refused(folder: Path) -> None:
    path = write(folder, "export.csv", contacts("03/04/2025", "02/14/2025"))
    error = take(folder, path, date_order="dmy")[0].error
    assert isinstance(error, DateOrderMixed)
    assert "month first in line 3, which is not the order dmy" in str(error)


def test_a_layout_that_knows_its_order_reads_days_below_thirteen(folder: Path) -> None:
    text = "reference;date;canal;motif_parent;motif;element_de_qualification\nE1;01/07/2025 10:00;Chat;;;\n"
    take_text(folder, text)
    assert column(folder, "SELECT created_at FROM contacts") == [at("2025-07-01 08:00")]
    swapped = write(folder, "swapped.csv", text + "E2;07/13/2025 10:00;Chat;;;\n")
    assert isinstance(take(folder, swapped)[0].error, DateOrderMixed)


@pytest.mark.long
@pytest.mark.parametrize("date", ["07-01-2025 10:00", "07/01/2025 10:00 AM", "07/01/25 10:00", "7.1.2025"])
def test_formats_state_the_order_of_what_is_written_like_them_only(folder: Path, date: str) -> None:
    """Easiware writes 01/07/2025 10:00; another sign, clock or year shows that something else wrote the file."""
    text = "reference;date;canal;motif_parent;motif;element_de_qualification\n"
    path = write(folder, "export.csv", text + f"E1;{date};Chat;;;\n")
    assert isinstance(take(folder, path)[0].error, DateOrderAmbiguous)
    assert take(folder, path, date_order="mdy")[0].error is None
    assert column(folder, "SELECT month(created_on) FROM contacts") == [7]
    shown = write(folder, "shown.csv", text + f"E2;{date};Chat;;;\nE3;13/07/2025;Chat;;;\n")
    assert take(folder, shown)[0].error is None, "another value of the column shows the order"
    assert column(folder, "SELECT month(created_on) FROM contacts WHERE contact_id = 'E2'") == [1]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("dates", "created"),
    [
        (("6/7/25 07:00 AM", "6/23/25 07:00 AM"), "2025-06-07 05:00"),
        (("6/7/25 07:00 AM", "23/6/25 07:00 AM"), "2025-07-06 05:00"),
        (("06/07/25 07:00", "23/06/25 07:00"), "2025-07-06 05:00"),
    ],
)
def test_a_layout_that_lists_both_orders_lets_the_file_decide(
    folder: Path, dates: tuple[str, ...], created: str
) -> None:
    """Genesys writes the locale of the person who exports; a 12-hour clock does not tell the order."""
    rows = "".join(f"YES,{date},1,Inbound,,Q,{n}\n" for n, date in enumerate(dates))
    take_text(folder, GENESYS + rows)
    assert column(folder, "SELECT created_at FROM contacts WHERE contact_id = '0'") == [at(created)]
    lone = write(folder, "lone.csv", GENESYS + f"YES,{dates[0]},1,Inbound,,Q,9\n")
    assert isinstance(take(folder, lone)[0].error, DateOrderAmbiguous)


@pytest.mark.long
def test_a_layout_of_ones_own_states_its_order(folder: Path) -> None:
    layout = 'name = "mine"\nfills = "orders"\ndetect = ["No", "When"]\ndate_order = "mdy"\n[select]\n'
    write(folder, "layouts/mine.toml", layout + "order_ref = 'text(\"No\")'\nordered_at = 'instant(\"When\")'\n")
    take_text(folder, "No,When\n1,03/02/2025 10:00\n")
    assert column(folder, "SELECT ordered_at FROM orders") == [at("2025-03-02 09:00")]


def test_a_column_that_shows_nothing_follows_the_others_of_its_file(folder: Path) -> None:
    take_text(folder, contacts("13/02/2025", "14/02/2025", resolved="03/04/2025"))
    assert column(folder, "SELECT DISTINCT resolved_at FROM contacts") == [at("2025-04-02 22:00")]
    two = write(folder, "two.csv", HEAD + "9,13/02/2025,email,02/13/2025\n")
    assert take(folder, two)[0].error is None, "each column has its own order"
    assert column(folder, "SELECT resolved_at FROM contacts WHERE contact_id = '9'") == [at("2025-02-12 23:00")]


def test_a_stranger_among_iso_dates_rejects_its_own_record_only(folder: Path) -> None:
    outcome = take_text(folder, contacts("2025-01-01", "2025-01-02", "03/04/2025", "31/13/2025"))
    assert (outcome.counts.added, outcome.counts.rejected) == (2, 2)
    assert held(folder, "SELECT line, column_name FROM rejects ORDER BY line") == [(4, "created_at"), (5, "created_at")]


@pytest.mark.long
@pytest.mark.parametrize("never", ["30/12/1899", "01/01/1900", "00/00/0000", "", "-"])
def test_a_zero_date_says_nothing_of_the_order(folder: Path, never: str) -> None:
    take_text(folder, contacts("2025-02-14", resolved=never))
    assert column(folder, "SELECT resolved_at FROM contacts") == [None]


@pytest.mark.long
def test_spreadsheet_days_need_five_decimals_unless_the_column_has_them(folder: Path) -> None:
    """45678.40 may be 45678.40 or 45678.395 to .405: seven minutes each way."""
    outcome = take_text(folder, contacts("45678.4", "45678.39583", "45678"))
    assert outcome.counts.added == 3
    coarse = write(folder, "coarse.csv", contacts("45679.40", "45679.50", "45679").replace("\n0,", "\n10,"))
    found = take(folder, coarse)[0].counts
    assert (found.added + found.updated, found.rejected) == (1, 2)


# --- batches -------------------------------------------------------------------------------------------


@pytest.fixture
def engine(folder: Path) -> Iterator[DuckDB]:
    opened = DuckDB(folder / "staged.duckdb", read_only=False)
    yield opened
    opened.close()


def stage(engine: DuckDB, *dates: str) -> None:
    engine.run("CREATE OR REPLACE TABLE staged (line BIGINT, c0 VARCHAR)")
    engine.append("staged", {"line": list(range(len(dates))), "c0": list(dates)})


def test_a_later_batch_may_not_contradict_the_first(engine: DuckDB) -> None:
    path, cells = Path("big.csv"), {"When": "c0"}
    stage(engine, "01/02/2025", "13/02/2025")
    reading = settle(engine, path, cells, UNDECIDED, LINES)
    assert reading.order("when") == "dmy"
    for fine in ("05/06/2025", "31/12/2025", "31/13/2025", "2025-01-01", "x"):
        stage(engine, fine)
        confirm(engine, path, cells, reading, LINES)
    stage(engine, "01/02/2025", "02/13/2025")
    with pytest.raises(DateOrderMixed, match="month first in line 2"):
        confirm(engine, path, cells, reading, LINES)


def test_evidence_is_counted_once_per_column(engine: DuckDB) -> None:
    stage(engine, " lun. 13/01/2025 10:00", "01/02/2025", "25-01-12", "2025-01-01", "45678.12345", "45678.12", "Total")
    (one,) = read_evidence(engine.rows(probe({"When": "c0"}, ["%d/%m/%Y %H:%M"])), LINES)
    assert (one.dates, one.day_first, one.month_first, one.foreign) == (3, 1, None, 2)
    assert (one.unclear, one.fine, one.coarse) == (1, 1, 1)
    assert decide(Path("x"), [], None) == {}


def test_the_order_of_a_format() -> None:
    formats = (
        "%d/%m/%Y %H:%M",
        "%-m/%-d/%y",
        "%Y-%m-%d",
        "%d %b %Y",
        "%H:%M %d.%m.%Y",
        "%y/%m/%d",
        "%H:%M",
        "%e/%m/%Y",
    )
    assert [order_of(name) for name in formats] == ["dmy", "mdy", None, None, "dmy", "ymd", None, "dmy"]


# --- what the layout's formats state holds for dates written so, from the first batch to the last ------------

FORMATS = """
name = "own-calls"
fills = "contacts"
detect = ["Call", "Came"]
formats = ["%d/%m/%Y %H:%M"]
[select]
contact_id = 'text("Call")'
created_at = 'instant("Came")'
channel = "'phone'"
"""


@pytest.mark.long
@pytest.mark.parametrize("before", [10, 21_000], ids=["the first batch", "a later batch"])
def test_a_date_not_written_as_the_formats_say_refuses_the_file(folder: Path, before: int) -> None:
    write(folder, "layouts/own-calls.toml", FORMATS)
    rows = "".join(f"{number},05/04/2025 10:{number % 60:02}\n" for number in range(before))
    outcome = take(folder, write(folder, "calls.csv", f"Call,Came\n{rows}x,03-04-2025\n"))[0]
    assert isinstance(outcome.error, DateOrderAmbiguous)
    assert take(folder, write(folder, "calls.csv", f"Call,Came\n{rows}"))[0].counts.added == before


@pytest.mark.long
@pytest.mark.parametrize("written", ["{:02}/12/2025 10:00", "12/{:02}/2025 10:00"], ids=["day first", "month first"])
def test_the_first_days_of_a_month_tell_when_the_formats_are_wrong(folder: Path, written: str) -> None:
    """1 to 12 December: with the month first, the layout would see the 12th of every month."""
    write(folder, "layouts/own-calls.toml", FORMATS)
    rows = "".join(f"{day},{written.format(day)}\n" for day in range(1, 13))
    path = write(folder, "calls.csv", f"Call,Came\n{rows}")
    outcome = take(folder, path)[0]
    if written.startswith("12"):
        assert isinstance(outcome.error, DateOrderAmbiguous)
        assert take(folder, path, date_order="mdy")[0].counts.added == 12
    else:
        assert outcome.counts.added == 12


# --- years of two digits after hyphens -----------------------------------------------------------------

MIXED = "contact_id,created_at,channel,updated_at\n"


def test_a_short_year_that_may_stand_in_front_borrows_no_order(folder: Path) -> None:
    rows = "T1,25-03-14 10:00,email,14/03/2025 11:00\nT2,25-03-02 10:00,email,15/03/2025 11:00\n"
    error = take(folder, write(folder, "export.csv", MIXED + rows))[0].error
    assert isinstance(error, DateOrderAmbiguous)
    assert 'column "created_at" (99-99-99' in str(error)


@pytest.mark.long
def test_a_few_of_them_are_rejected_one_by_one(folder: Path) -> None:
    rows = "".join(f"T{n},2025-03-14 10:00,email,14/03/2025 11:00\n" for n in range(3))
    outcome = take_text(folder, MIXED + rows + "T9,25-03-14 10:00,email,14/03/2025 11:00\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (3, 1)


def test_a_stated_order_does_not_make_years_to_come(folder: Path) -> None:
    path = write(folder, "export.csv", contacts("25-03-14 10:00", "25-03-31 10:00"))
    assert isinstance(take(folder, path, date_order="dmy")[0].error, YearFirst)


@pytest.mark.long
def test_a_later_batch_brings_none_in(folder: Path) -> None:
    rows = [f"T{n},14/03/2025 10:00,email" for n in range(60_000)]
    text = "contact_id,created_at,channel\n" + "\n".join([*rows, "X1,25-03-14 10:00,email"]) + "\n"
    assert take_text(folder, text).counts.rejected == 1


# --- opened in a spreadsheet of another language -------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("written", ["{0:02}/04/2025 10:00", "04/{0:02}/2025 10:00"])
def test_dates_a_spreadsheet_has_swapped_where_it_could_refuse_the_file(folder: Path, written: str) -> None:
    days = [datetime(2025, day, 4, 10) if day < 13 else written.format(day) for day in range(1, 29)]
    rows: Rows = [["contact_id", "created_at", "channel"], *([f"T{n}", day, "email"] for n, day in enumerate(days))]
    path = write(folder, "april.xlsx", xlsx(rows))
    assert isinstance(take(folder, path)[0].error, DatesSwapped)


def test_one_date_after_the_twelfth_shows_that_nothing_was_swapped(folder: Path) -> None:
    dates = [*(f"2025-04-{day:02} 10:00" for day in (3, 4, 5, 13)), *(f"{day}/04/2025 10:00" for day in range(14, 20))]
    assert take_text(folder, contacts(*dates)).counts.added == 10
