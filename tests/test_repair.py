"""A broken line is read where one correction alone fits the types of its columns, and rejected everywhere else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.layouts.shapes import ShapesSeen, accept
from kpibar.load.errors import AllRejected
from kpibar.load.repair import Repairer
from kpibar.read.scan import Dialect
from kpibar.render.summary import outcome_lines
from tests.intake import column, held, take, take_text, write

HEADER = "contact_id,created_at,channel,queue,wait_s,subject"
PARCELS = "parcel_id,promised_to,delivered_at,carrier,country,status"


def record(number: int) -> str:
    subject = f"{number} " + "mot " * (number % 9 + 1)
    return f"T-{number},2025-03-{number % 28 + 1:02} 10:00:00,{('email', 'phone')[number % 2]},Paris,{number},{subject}"


def export(broken: str, at: int = 40, of: int = 80, end: str = "\n") -> str:
    """Contacts of which line `at` is replaced; the header is line 1."""
    lines = [HEADER, *map(record, range(2, of))]
    lines[at - 1] = broken
    return end.join(lines) + end


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("T-40,2025-03-13 10:00:00,email,Paris40,Bonjour", id="a delimiter lost before a number"),
        pytest.param("T-402025-03-13 10:00:00,email,Paris,40,Bonjour", id="a delimiter lost before a date"),
        pytest.param("T-40,2025-03-13 10:0,0:00,email,Paris,40,Bonjour", id="a delimiter added in a date"),
        pytest.param("T-40,2025-03-13 10:00:00,em,ail,Paris,40,Bonjour", id="a delimiter added in a listed value"),
        pytest.param('T-40,2025-03-13 10:00:00,"email,Paris,40,Bonjour', id="a quote that opens nothing"),
        pytest.param('T-40,2025-03-13 10:00:00",email,Paris,40,Bonjour', id="a quote that closes nothing"),
        pytest.param('T-40,2025-03-13" 10:00:00,email,Paris,40,Bonjour', id="a quote in a date"),
        pytest.param('T-40,"2025-03-13 10:00:00,email,Paris,40,Bonjour', id="a closing quote lost"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_mistake_that_one_correction_explains_is_put_right(folder: Path, broken: str, end: str) -> None:
    outcome = take_text(folder, export(broken, end=end))
    assert (outcome.counts.rejected, outcome.counts.repaired, outcome.repaired_lines) == (0, 1, (40,))
    sql = "SELECT contact_id, created_at::VARCHAR, channel, queue, wait_s FROM contacts WHERE wait_s = 40"
    found = held(folder, sql)
    assert found == [("T-40", "2025-03-13 09:00:00", "email", "Paris", 40.0)]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("T-40,2025-03-13 10:00:00,email,Paris,40,Bon,jour", id="a delimiter in a text, or one too many"),
        pytest.param("T-40,2025-03-13 10:00:00,email,Paris,40Bonjour", id="a number and a text that may begin so"),
        pytest.param("T-40,2025-03-13 10:00:00,email,Paris,40", id="the last cell may have been cut off"),
        pytest.param('T-40,2025-03-13 10:00:00,email,Paris,40,"Bonjour', id="the text may go on in the next line"),
        pytest.param("T-40,2025-03-13 10:00:00,email40,Bonjour", id="two mistakes"),
        pytest.param("2025-03-13 10:00:00,email,Paris,40,Bonjour", id="nothing identifies it"),
        pytest.param("T-40,2025-03-13 10:00:00,emailLyon,40,Bonjour", id="a value that was never seen"),
    ],
)
def test_what_can_be_put_right_in_two_ways_or_none_is_rejected(folder: Path, broken: str) -> None:
    outcome = take_text(folder, export(broken))
    assert (outcome.counts.rejected, outcome.counts.repaired) == (1, 0)
    assert column(folder, "SELECT line FROM rejects") == [40]


def test_a_quote_that_swallows_the_records_after_it_loses_none(folder: Path) -> None:
    opened = export('T-40,2025-03-13 10:00:00,"email,Paris,40,Bonjour').splitlines(keepends=True)
    opened[49] = opened[49].replace("Paris,", 'Paris",')
    outcome = take_text(folder, "".join(opened))
    assert (outcome.counts.added, outcome.counts.repaired, outcome.repaired_lines) == (78, 2, (40, 50))


def test_damage_over_two_lines_is_not_one_mistake(folder: Path) -> None:
    lines = export(record(40)).splitlines(keepends=True)
    lines[39:41] = [line.replace(",Paris,", ",Paris", 1) for line in lines[39:41]]
    outcome = take_text(folder, "".join(lines))
    assert (outcome.counts.rejected, outcome.counts.repaired) == (2, 0)


def test_the_last_line_of_a_file_without_its_end_is_not_completed(folder: Path) -> None:
    text = export(record(40)) + "T-90,2025-03-13 10:00:00,email,Paris9"
    assert take_text(folder, text).counts.repaired == 0


def test_repair_can_be_declined(folder: Path) -> None:
    broken = export("T-40,2025-03-13 10:00:00,email,Paris40,Bonjour")
    outcome = take_text(folder, broken, repair=False)
    assert (outcome.counts.rejected, outcome.counts.repaired) == (1, 0)
    assert held(folder, "SELECT line, code FROM rejects") == [(40, "width")]


def test_repairs_are_counted_in_the_ledger_and_named(folder: Path) -> None:
    outcome = take_text(folder, export("T-40,2025-03-13 10:00:00,email,Paris40,Bonjour"))
    assert column(folder, "SELECT repaired FROM files") == [1]
    said = "\n".join(outcome_lines(outcome, catalogue(Settings()), dry_run=False))
    assert "78 read (1 repaired) = 78 added" in said
    assert "repaired, in the only way that fits its types: line 40" in said


def shows(*values: str) -> Callable[[str], bool]:
    return lambda text: not text or text in values


@pytest.mark.parametrize("alone", [True, False])
def test_a_text_or_an_empty_cell_is_no_evidence_for_a_value_nobody_has_seen(alone: bool) -> None:
    """`Paris` may be new: that the empty cell is the only one that fits what was seen does not make it so."""
    dialect = Dialect(",", '"', 3)
    repair = Repairer(dialect, (accept,) * 3, frozenset(), (accept, shows("Lyon"), accept))
    assert repair("1,Parisabc" if alone else "1,,Parisabc,") is None


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ("1;Choix de pointure;Relance;", None),
        ("1;PP;20414;", ["1", "PP20414", ""]),
    ],
)
def test_words_that_are_glued_together_are_no_evidence(line: str, record: list[str] | None) -> None:
    """`Relance` is new in its column: the delimiter too many may be the last one, as no word is cut.

    A number that all others look like is evidence, and the two halves of it are none.
    """
    dialect = Dialect(";", '"', 3)
    words, codes = ShapesSeen(frozenset({"a a a", "a9"})), ShapesSeen(frozenset({"a 9"}))
    repair = Repairer(dialect, (accept,) * 3, frozenset(), (accept, words, codes))
    assert repair(line) == record


# --- tables below the table ----------------------------------------------------------------------------


def parcels(*more: str) -> str:
    rows = [f"P{number},2025-03-05,2025-03-04,Colis,FR,ok" for number in range(20)]
    return "\n".join((PARCELS, *rows, *more)) + "\n"


@pytest.mark.long
@pytest.mark.parametrize("row", ["Agent 06,,,12,,", "Page 1 of 1,,,,,", "====,,,,,", "Confidential,,,do not share,,"])
def test_a_padded_row_of_next_to_nothing_is_no_parcel(folder: Path, row: str) -> None:
    outcome = take_text(folder, parcels(row, row.replace("6", "7")))
    assert outcome.counts.added == 20
    assert "P19" in column(folder, "SELECT parcel_id FROM parcels")


def test_a_parcel_without_a_date_that_is_otherwise_filled_is_one(folder: Path) -> None:
    assert take_text(folder, parcels("P90,,,Colis,FR,announced")).counts.added == 21


@pytest.mark.long
def test_the_lines_of_an_order_that_come_twice_are_not_counted_twice(folder: Path) -> None:
    header = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name\n"
    first = "#1,a@example.com,paid,,2025-03-01 10:00:00 +0100,1,Lit\n#1,,,,,1,Drap\n"
    lines = f"{first}#2,b@example.com,paid,,2025-03-02 10:00:00 +0100,1,Lit\n"
    error = take(folder, write(folder, "twice.csv", header + lines + header + lines))[0].error
    assert isinstance(error, AllRejected)
    assert "come twice" in str(error)
    assert take_text(folder, header + lines + "#1,,,,,1,Taie\n").counts.folded == 2, "other lines may stand apart"


@pytest.mark.long
def test_an_order_whose_later_version_stands_below_other_orders_is_rejected(folder: Path) -> None:
    """One export set below another: the order was cancelled in between. Its lines are not those of one order."""
    header = (
        "Name,Email,Financial Status,Fulfillment Status,Created at,Cancelled at,Total,Lineitem quantity,Lineitem name\n"
    )
    paid = "#1,a@example.com,paid,,2025-03-01 10:00:00 +0100,,20.00,1,Lit\n"
    other = "#2,b@example.com,paid,,2025-03-02 10:00:00 +0100,,30.00,1,Lit\n#2,,,,2025-03-02 10:00:00 +0100,,,1,Drap\n"
    cancelled = "#1,a@example.com,voided,,2025-03-01 10:00:00 +0100,2025-03-03 09:00:00 +0100,20.00,1,Lit\n"
    outcome = take_text(folder, header + paid + other + cancelled)
    assert (outcome.counts.added, outcome.counts.folded, outcome.counts.rejected) == (1, 2, 1)
    assert held(folder, "SELECT order_ref, n_lines FROM orders") == [("#2", 2)]
    apart = "".join((header, *other.splitlines(keepends=True)[:1], paid, *other.splitlines(keepends=True)[1:]))
    assert take_text(folder, apart, name="apart.csv").counts.rejected == 0, "the lines of one order may stand apart"


def test_a_cell_of_blanks_is_empty(folder: Path) -> None:
    take_text(folder, export('T-40,2025-03-13 10:00:00,email,"  ",40,Bonjour'))
    assert held(folder, "SELECT queue FROM contacts WHERE contact_id = 'T-40'") == [(None,)]


# --- numbers are never put together --------------------------------------------------------------------


def orders(*values: str, delimiter: str = ",") -> str:
    rows = [
        delimiter.join((str(number), f"2025-03-{number % 28 + 1:02}", value)) for number, value in enumerate(values)
    ]
    return delimiter.join(("order_ref", "ordered_at", "value")) + "\n" + "\n".join(rows) + "\n"


@pytest.mark.sample(2)
@pytest.mark.parametrize("amount", ["19,90", "19, 90", "-19,90", "EUR 19,90", "1,990", "1 234,50"])
def test_an_amount_whose_decimal_sign_is_the_delimiter_is_not_multiplied(folder: Path, amount: str) -> None:
    outcome = take_text(folder, orders(*map(str, range(4)), amount, *map(str, range(5, 30))))
    assert (outcome.counts.rejected, outcome.counts.repaired) == (1, 0)
    assert column(folder, "SELECT max(value)::INTEGER FROM orders") == [29]


def test_a_semicolon_between_digits_is_no_reason_to_join_them(folder: Path) -> None:
    values = [*map(str, range(4)), "19;90", *map(str, range(5, 30))]
    assert take_text(folder, orders(*values, delimiter=";")).counts.rejected == 1


def test_seconds_whose_decimal_sign_is_the_delimiter_are_not_multiplied(folder: Path) -> None:
    rows = [f"T{number},2025-03-05 10:00:00,phone,{number}" for number in range(1, 31)]
    rows[10] = "T11,2025-03-05 10:00:00,phone,12,5"
    outcome = take_text(folder, "contact_id,created_at,channel,wait_s\n" + "\n".join(rows) + "\n")
    assert (outcome.counts.rejected, outcome.counts.repaired) == (1, 0)
