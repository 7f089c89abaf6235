"""Traps that once gave a wrong figure: each table is small enough to count by hand."""

from datetime import date, datetime
from pathlib import Path

import pytest

from kpibar.measure.barometer import Request
from tests.support import computed, facts, fraction, report, row, settings

JULY = datetime(2025, 7, 1)
HEAD = "contact_id,created_at,channel,customer\n"


def monthly(months: range, year: int, each: int = 12) -> str:
    """`each` contacts in each month of a year."""
    days = [(month, number) for month in months for number in range(each)]
    line = "{0}{1:02d}{2:02d},{0}-{1:02d}-{3:02d} 10:00:00,email,c{1}{2}@example.com\n".format
    return "".join(line(year, month, number, number + 1) for month, number in days)


def test_a_score_without_a_scale_is_not_a_dissatisfied_customer(folder: Path) -> None:
    """Three answers: 5 of 5, 2 of 5, and 5 of nobody knows what. 1 of 2 satisfied."""
    surveys = """
    | survey_id | kind | score | scale_min | scale_max | answered_at         |
    | 1         | csat | 5     | 1         | 5         | 2025-03-01 10:00:00 |
    | 2         | csat | 2     | 1         | 5         | 2025-03-01 10:00:00 |
    | 3         | csat | 5     |           |           | 2025-03-01 10:00:00 |
    """
    assert fraction(computed(folder, {"s.csv": surveys}), "csat") == (1, 2)


def test_parcels_of_two_brands_without_a_shop_stay_two_orders(folder: Path) -> None:
    """The same order number in two brands, one late: 1 of 2."""
    parcels = """
    | parcel_id | order_ref | brand | promised_to | delivered_at        |
    | 1         | 1000      | Bleue | 2025-03-10  | 2025-03-09 10:00:00 |
    | 2         | 1000      | Rouge | 2025-03-10  | 2025-03-19 10:00:00 |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (1, 2)


def test_a_cancelled_label_is_no_late_parcel(folder: Path) -> None:
    """One order: a label cancelled before it left, and the parcel that came in time. 0 of 1 late."""
    parcels = """
    | parcel_id | order_ref | status    | promised_to | delivered_at        |
    | 1         | 1000      | Cancelled | 2025-03-10  |                     |
    | 2         | 1000      | Delivered | 2025-03-10  | 2025-03-09 10:00:00 |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (0, 1)


def test_an_outgoing_call_about_a_ticket_does_not_hide_it(folder: Path) -> None:
    """An e-mail ticket called back, and a telephone ticket whose incoming call is there too: two contacts."""
    contacts = """
    | contact_id | created_at          | channel | direction | case_id |
    | T1         | 2025-03-01 10:00:00 | email   | inbound   |         |
    | C1         | 2025-03-01 11:00:00 | phone   | outbound  | T1      |
    | T2         | 2025-03-02 10:00:00 | phone   | inbound   |         |
    | C2         | 2025-03-02 10:00:00 | phone   | inbound   | T2      |
    """
    assert fraction(computed(folder, {"c.csv": contacts}), "contacts")[0] == 2
    assert facts(folder, "SELECT contact_id FROM fact_contacts WHERE counted ORDER BY 1") == [("C2",), ("T1",)]


def test_a_narrower_export_erases_nothing(folder: Path) -> None:
    """The second export has neither order nor subject; what the first said of them stays."""
    wide = "contact_id,created_at,channel,order_ref,subject\n1,2025-03-01 10:00:00,email,77001,Where is my order?\n"
    narrow = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,chat\n"
    orders = "order_ref,ordered_at\n77001,2025-02-25 10:00:00\n"
    computed(folder, {"o.csv": orders, "wide.csv": wide})
    found = computed(folder, {"narrow.csv": narrow})
    assert fraction(found, "link_coverage") == (1, 1)
    assert fraction(found, "wismo_share") == (1, 1)
    assert facts(folder, "SELECT channel FROM fact_contacts") == [("chat",)]


@pytest.mark.parametrize("never", ["0001-01-01 00:00:00", "1900-01-01"])
def test_a_zero_date_is_no_delivery(folder: Path, never: str) -> None:
    """Two parcels promised for 10 March; one delivered, one never although its date says year 1: 1 of 2 late."""
    parcels = f"""
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | 1         | 2025-03-10  | 2025-03-09 10:00:00 |
    | 2         | 2         | 2025-03-10  | {never}             |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (1, 2)


def test_a_slip_of_the_pen_is_not_the_reported_year(folder: Path) -> None:
    rows = HEAD + monthly(range(1, 13), 2025) + "x,2052-03-01 10:00:00,email,a@example.com\n"
    found = computed(folder, {"c.csv": rows}, as_of=datetime(2026, 1, 10))
    assert found.edition.year == 2025


def test_a_source_that_stops_in_september_gives_no_verdict(folder: Path) -> None:
    """The calls end in September of the second year: contacts fall by a quarter of the calls, and nobody is judged."""
    rule = '[[files]]\nmatch = "calls*"\nbrand = "Calls"\n'
    calls = HEAD + monthly(range(1, 13), 2024) + monthly(range(1, 10), 2025)
    mails = HEAD + monthly(range(1, 13), 2024, 13) + monthly(range(1, 13), 2025, 13)
    found = computed(folder, {"calls.csv": calls, "mails.csv": mails}, rule)
    contacts = row(found, "contacts")
    assert (contacts.comparable, contacts.change) == (False, None)
    assert contacts.notes[-1].code == "coverage_differs"
    assert contacts.notes[-1].values["now"] == 9


def test_a_count_over_a_table_that_is_not_there_is_not_zero(folder: Path) -> None:
    orders = "order_ref,ordered_at\n1,2024-02-25 10:00:00\n"
    found = computed(folder, {"c.csv": HEAD + monthly(range(1, 13), 2025), "o.csv": orders})
    assert row(found, "orders_placed").status == "not_available"
    contacts = row(found, "contacts")
    assert (contacts.now.value, contacts.before.value) == (144, None), "of 2024 nothing is known"
    assert all(month.value is None for _, month in contacts.before_series)


def test_the_verdict_does_not_depend_on_what_else_is_asked(folder: Path) -> None:
    config = settings(folder)
    computed(folder, {"c.csv": HEAD + monthly(range(1, 13), 2024) + monthly(range(1, 13), 2025, 14)})
    whole, alone = report(folder, config), report(folder, config, Request(kpis=("reason_coverage",)))
    assert [one.kpi.id for one in alone.rows] == ["reason_coverage"]
    assert row(whole, "reason_coverage").change == row(alone, "reason_coverage").change


def test_a_blank_value_is_in_no_mean(folder: Path) -> None:
    """Waits of 100 and 200 s and one unknown: the mean is 150 s over two calls, not 100 over three."""
    own = """
[kpis.wait]
title = { en = "Wait" }
kind = "mean"
from = "contacts"
date = "created_on"
value = "wait_s"
unit = "seconds"
"""
    calls = """
    | contact_id | created_at          | channel | wait_s |
    | 1          | 2025-03-01 10:00:00 | phone   | 100    |
    | 2          | 2025-03-01 10:00:00 | phone   | 200    |
    | 3          | 2025-03-01 10:00:00 | phone   |        |
    """
    wait = row(computed(folder, {"c.csv": calls}, own), "wait").now
    assert (wait.value, wait.base) == (150.0, 2)


def test_a_promise_moved_within_one_file_or_seen_in_reverse_order(folder: Path) -> None:
    """Promised for 1 March, later for 9 March, delivered on the 8th: late either way."""
    head = "parcel_id,order_ref,promised_to,delivered_at\n"
    first, last = "1,A,2025-03-01,\n", "1,A,2025-03-09,2025-03-08 10:00:00\n"
    assert fraction(computed(folder, {"both.csv": head + first + last}, as_of=JULY), "late_share") == (1, 1)
    (folder / "test.duckdb").unlink()
    computed(folder, {"new.csv": head + last}, as_of=JULY)
    assert fraction(computed(folder, {"old.csv": head + first}, as_of=datetime(2025, 3, 2)), "late_share") == (1, 1)


def test_an_export_saved_today_does_not_make_a_partial_year_whole(folder: Path) -> None:
    """Of one brand: its exports end in June although those of the other reach December."""
    more = '[[files]]\nmatch = "a-*"\nbrand = "A"\n[[files]]\nmatch = "b-*"\nbrand = "B"\n'
    config = settings(folder, more)
    tables = {"a-c.csv": HEAD + monthly(range(1, 13), 2025), "b-c.csv": HEAD + monthly(range(1, 7), 2025, 13)}
    computed(folder, tables, more, as_of=None)
    assert report(folder, config, Request(brand="A")).edition.window.end.month == 12
    assert report(folder, config, Request(brand="B")).edition.window.end == date(2025, 6, 13)
