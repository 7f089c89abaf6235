"""Which year a report is of, and which of its figures are known: each table is small enough to count by hand."""

from datetime import date, datetime
from pathlib import Path

import pytest

from kpibar.measure.report import Request
from tests.support import computed, report, row, settings

HEAD = "contact_id,created_at,channel,customer\n"


def monthly(months: range, year: int, each: int = 12) -> str:
    """`each` contacts in each month of a year."""
    days = [(month, number) for month in months for number in range(each)]
    line = "{0}{1:02d}{2:02d},{0}-{1:02d}-{3:02d} 10:00:00,email,c{1}{2}@example.com\n".format
    return "".join(line(year, month, number, number + 1) for month, number in days)


def test_a_slip_of_the_pen_is_not_the_reported_year(folder: Path) -> None:
    rows = HEAD + monthly(range(1, 13), 2025) + "x,2052-03-01 10:00:00,email,a@example.com\n"
    found = computed(folder, {"c.csv": rows}, as_of=datetime(2026, 1, 10))
    assert found.edition.year == 2025


@pytest.mark.long
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


@pytest.mark.long
def test_a_count_over_a_table_that_is_not_there_is_not_zero(folder: Path) -> None:
    orders = "order_ref,ordered_at\n1,2024-02-25 10:00:00\n"
    found = computed(folder, {"c.csv": HEAD + monthly(range(1, 13), 2025), "o.csv": orders})
    assert row(found, "orders_placed").status == "not_available"
    contacts = row(found, "contacts")
    assert (contacts.now.value, contacts.before.value) == (144, None), "of 2024 nothing is known"
    assert all(month.value is None for _, month in contacts.before_series)


@pytest.mark.long
def test_an_export_saved_today_does_not_make_a_partial_year_whole(folder: Path) -> None:
    """Of one brand: its exports end in June although those of the other reach December."""
    more = '[[files]]\nmatch = "a-*"\nbrand = "A"\n[[files]]\nmatch = "b-*"\nbrand = "B"\n'
    config = settings(folder, more)
    tables = {"a-c.csv": HEAD + monthly(range(1, 13), 2025), "b-c.csv": HEAD + monthly(range(1, 7), 2025, 13)}
    computed(folder, tables, more, as_of=None)
    assert report(folder, config, Request(brand="A")).edition.window.end.month == 12
    assert report(folder, config, Request(brand="B")).edition.window.end == date(2025, 6, 13)


@pytest.mark.long
def test_the_verdict_does_not_depend_on_what_else_is_asked(folder: Path) -> None:
    config = settings(folder)
    computed(folder, {"c.csv": HEAD + monthly(range(1, 13), 2024) + monthly(range(1, 13), 2025, 14)})
    whole, alone = report(folder, config), report(folder, config, Request(kpis=("reason_coverage",)))
    assert [one.kpi.id for one in alone.rows] == ["reason_coverage"]
    assert row(whole, "reason_coverage").change == row(alone, "reason_coverage").change
