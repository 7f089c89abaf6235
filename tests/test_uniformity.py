"""What too many records of one file have in common is said; ordinary files that look alike are not suspected."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kpibar.render.summary import remark_text
from tests.intake import held, take_text

CODES = ("customer_shared", "reply_at_once", "promise_is_delivery", "row_copied", "clock_shifted")
BEGIN = datetime(2025, 3, 3, 9, 7)


def remarks(folder: Path, *texts: str, name: str = "export.csv") -> dict[str, int]:
    """What is said of the last of some files."""
    outcomes = [take_text(folder, text, f"{n}-{name}") for n, text in enumerate(texts)]
    found = {remark.code: remark.records for remark in outcomes[-1].remarks if remark.code in CODES}
    assert all("{" not in remark_text(remark) for remark in outcomes[-1].remarks)
    return found


def contacts(
    count: int, *, customer: str = "c{n}@x.fr", channel: str = "email", reply_s: float = 900, **more: int
) -> str:
    """Contacts two hours and a bit apart; `shift_h` moves all of them, `first` is the number of the first."""
    first, shift = more.get("first", 0), timedelta(hours=more.get("shift_h", 0))
    lines = ["contact_id,created_at,channel,customer,first_reply_at"]
    for n in range(first, first + count):
        at = BEGIN + n * timedelta(hours=2, minutes=1) + shift
        lines.append(f"{n},{at},{channel},{customer.format(n=n)},{at + timedelta(seconds=reply_s)}")
    return "\n".join(lines) + "\n"


# --- one customer who is many people -------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("shared", ["formulaire@boutique.fr", "+33 1 23 45 67 89", "contact@maison-bleue.fr"])
def test_a_customer_of_many_contacts_is_said(folder: Path, shared: str) -> None:
    """Of 120 contacts 40 are of one address."""
    channel = "phone" if shared.startswith("+") else "email"
    text = contacts(80) + contacts(40, customer=shared, channel=channel, first=80).partition("\n")[2]
    assert remarks(folder, text) == {"customer_shared": 40}


@pytest.mark.long
@pytest.mark.parametrize("count", [12, 45])
def test_a_customer_who_writes_often_is_nothing_odd(folder: Path, count: int) -> None:
    """12 of 120 are no more than a tenth; and of 45 contacts in all nothing is said, whoever wrote them."""
    others = 0 if count == 45 else 108
    text = contacts(count, customer="fidele@x.fr") + contacts(others, first=count).partition("\n")[2]
    assert remarks(folder, text) == {}


# --- replies that nobody wrote -------------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("reply_s", [0, 3, 30])
def test_replies_within_seconds_are_said(folder: Path, reply_s: float) -> None:
    assert remarks(folder, contacts(60, reply_s=reply_s)) == {"reply_at_once": 60}


@pytest.mark.long
@pytest.mark.parametrize(("channel", "reply_s"), [("chat", 5), ("phone", 5), ("email", 31)])
def test_quick_replies_are_ordinary_in_a_chat(folder: Path, channel: str, reply_s: float) -> None:
    assert remarks(folder, contacts(60, channel=channel, reply_s=reply_s)) == {}


# --- promises that were set to the delivery ------------------------------------------------------------


def parcels(count: int, late: int, *, late_days: int = 1) -> str:
    lines = ["parcel_id,order_ref,shipped_at,promised_to,delivered_at"]
    for n in range(count):
        day = BEGIN + timedelta(days=n)
        promised = (day + timedelta(days=2)).date()
        came = day + timedelta(days=2 + (late_days if n < late else 0))
        lines.append(f"p{n},o{n},{day},{promised},{came}")
    return "\n".join(lines) + "\n"


def test_promises_that_are_the_delivery_are_said(folder: Path) -> None:
    assert remarks(folder, parcels(60, late=0)) == {"promise_is_delivery": 60}


@pytest.mark.sample(1)
@pytest.mark.parametrize(("count", "late", "days"), [(60, 2, 1), (60, 3, -1), (40, 0, 1)])
def test_a_carrier_that_keeps_most_promises_is_not_suspected(folder: Path, count: int, late: int, days: int) -> None:
    """Two of 60 late, three of 60 early; and 40 parcels are too few."""
    assert remarks(folder, parcels(count, late, late_days=days)) == {}


# --- rows that were copied -----------------------------------------------------------------------------


def orders(numbers: range, first: int = 0) -> str:
    rows = [f"{first + n},{BEGIN + n * timedelta(hours=3, minutes=7)},c{n}@x.fr,{20 + n}.50" for n in numbers]
    return "\n".join(rows) + "\n"


def surveys(numbers: range, first: int = 0) -> str:
    rows = [f"{first + n},nps,{n % 11},{BEGIN + n * timedelta(hours=3, minutes=7)},c{n}@x.fr" for n in numbers]
    return "\n".join(rows) + "\n"


@pytest.mark.long
@pytest.mark.parametrize("table", ["contacts", "orders", "surveys"])
def test_rows_under_new_numbers_are_said(folder: Path, table: str) -> None:
    """Of 100 rows the first 20 stand below once more, filled down to the numbers 1000 to 1019."""
    if table == "contacts":
        rows = contacts(100).splitlines()
        text = "\n".join([*rows, *(f"{1000 + n},{row.partition(',')[2]}" for n, row in enumerate(rows[1:21]))]) + "\n"
    elif table == "orders":
        text = "order_ref,ordered_at,customer,value\n" + orders(range(100)) + orders(range(20), 1000)
    else:
        text = "survey_id,kind,score,answered_at,customer\n" + surveys(range(100)) + surveys(range(20), 1000)
    assert remarks(folder, text) == {"row_copied": 20}


def test_days_and_hours_repeat_by_themselves(folder: Path) -> None:
    """One customer in five orders twice on a day; the export knows the day only."""
    rows = [f"{n},2025-03-{1 + n // 5:02d},c{n % 5 // 2}-{n // 5}@x.fr,10" for n in range(100)]
    assert remarks(folder, "order_ref,ordered_at,customer,value\n" + "\n".join(rows) + "\n") == {}


# --- a second export on another clock ------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("shift_h", [-2, -1, 5])
def test_known_records_of_another_clock_are_said(folder: Path, shift_h: int) -> None:
    """The 40 records that both files have begin hours apart."""
    second = contacts(60, shift_h=shift_h, first=20)
    assert remarks(folder, contacts(60), second) == {"clock_shifted": 40}
    about = held(folder, "SELECT about FROM remarks WHERE code = 'clock_shifted'")
    assert about == [(f"{abs(shift_h)} h {'later' if shift_h > 0 else 'earlier'}",)]


@pytest.mark.long
@pytest.mark.parametrize("shift_h", [0, 24])
def test_known_records_of_one_clock_are_nothing_odd(folder: Path, shift_h: int) -> None:
    """Nothing moved but the replies; a day is no offset of a zone."""
    second = contacts(60, shift_h=0, first=20, reply_s=1800)
    if shift_h:
        second = second.replace("2025-03-03", "2025-03-04")
    assert remarks(folder, contacts(60), second) == {}
