"""Exports filtered to closed tickets or delivered parcels: said, and not compared with a year of all of them."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kpibar.measure.report import Barometer, Request
from tests.intake import held
from tests.support import computed, report, row, settings

REMARKS = "SELECT code, records FROM remarks WHERE code LIKE 'settled_%'"


def tickets(year: int, *, open_each: int, number: int = 120, last: int = 0) -> str:
    """Tickets of a year, three days apart, of which each `open_each`-th is open; the last ends `last` days later."""
    rows = ["contact_id,created_at,channel,status,first_reply_at,resolved_at\n"]
    for n in range(number):
        begins = datetime(year, 1, 2, 9) + timedelta(days=3 * n)
        solved = begins + timedelta(days=1 + (last if n == number - 1 else 0))
        settled = f"closed,{begins + timedelta(hours=2)},{solved}"
        rows.append(f"{year}-{n},{begins},email,{'open,,' if open_each and n % open_each == 0 else settled}\n")
    return "".join(rows)


def parcels(year: int, *, absent_each: int, number: int = 120) -> str:
    rows = ["parcel_id,order_ref,shipped_at,promised_to,delivered_at\n"]
    for n in range(number):
        begins = datetime(year, 1, 2, 9) + timedelta(days=3 * n)
        came = "" if absent_each and n % absent_each == 0 else begins + timedelta(days=2)
        rows.append(f"{year}-{n},{year}-{n},{begins},{(begins + timedelta(days=3)).date()},{came}\n")
    return "".join(rows)


def orders(*years: int) -> str:
    days = [(year, n, datetime(year, 1, 2, 8) + timedelta(days=3 * n)) for year in years for n in range(120)]
    return "order_ref,ordered_at\n" + "".join(f"{year}-{n},{day}\n" for year, n, day in days)


def codes(found: Barometer) -> list[str]:
    return [note.code for note in found.notes if note.code.startswith("settled_")]


def test_closed_tickets_alone_are_said(folder: Path) -> None:
    found = computed(folder, {"t.csv": tickets(2025, open_each=0)}, as_of=None)
    assert held(folder, REMARKS) == [("settled_contacts", 120)]
    assert codes(found) == ["settled_contacts"]


@pytest.mark.long
def test_the_report_of_a_brand_says_nothing_of_another_brand(folder: Path) -> None:
    """Luna's export was filtered to closed tickets, Lune's was not."""

    def of_brand(brand: str, year: int, open_each: int) -> str:
        head, *rows = tickets(year, open_each=open_each).splitlines()
        return "\n".join([f"{head},brand", *(f"{brand}-{line},{brand}" for line in rows), ""])

    exports = {"a.csv": of_brand("Lune", 2025, 10), "b.csv": of_brand("Luna", 2025, 0)}
    computed(folder, exports, as_of=None)
    reports = [report(folder, settings(folder), Request(brand=brand)) for brand in ("Lune", "Luna")]
    assert [codes(found) for found in reports] == [[], ["settled_contacts"]]


@pytest.mark.long
def test_delivered_parcels_alone_are_said(folder: Path) -> None:
    found = computed(folder, {"o.csv": orders(2025), "p.csv": parcels(2025, absent_each=0)}, as_of=None)
    assert held(folder, REMARKS) == [("settled_parcels", 120)]
    assert codes(found) == ["settled_parcels"]


@pytest.mark.long
@pytest.mark.parametrize(
    "export",
    [
        tickets(2025, open_each=40),
        tickets(2025, open_each=0, number=90),
        tickets(2025, open_each=0, last=30),
        tickets(2025, open_each=0).replace(",closed,", ",,"),
    ],
    ids=["some are open", "few", "the export was taken a month later", "no status"],
)
def test_sound_exports_are_not_suspected(folder: Path, export: str) -> None:
    assert codes(computed(folder, {"t.csv": export}, as_of=None)) == []
    assert held(folder, REMARKS) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(("before", "now"), [(0, 8), (8, 0)])
def test_a_filtered_year_is_not_compared(folder: Path, before: int, now: int) -> None:
    exports = {"a.csv": tickets(2024, open_each=before), "b.csv": tickets(2025, open_each=now)}
    found = computed(folder, exports, as_of=None)
    for kpi in ("contacts", "unanswered", "reply_within", "frt_median"):
        assert row(found, kpi).change is None
        notes = [note for note in row(found, kpi).notes if note.code == "selected_year"]
        assert [note.values["year"] for note in notes] == [2025 if before else 2024]


@pytest.mark.long
@pytest.mark.parametrize(("before", "now"), [(0, 8), (8, 0)])
def test_a_year_of_delivered_parcels_is_not_compared(folder: Path, before: int, now: int) -> None:
    exports = {"a.csv": parcels(2024, absent_each=before), "b.csv": parcels(2025, absent_each=now)}
    found = computed(folder, {"o.csv": orders(2024, 2025), **exports}, as_of=None)
    assert row(found, "late_share").change is None
    assert "selected_year" in [note.code for note in row(found, "late_share").notes]


@pytest.mark.long
@pytest.mark.parametrize(("before", "now"), [(0, 0), (8, 8), (0, 120)])
def test_years_that_are_alike_are_compared(folder: Path, before: int, now: int) -> None:
    exports = {"a.csv": tickets(2024, open_each=before), "b.csv": tickets(2025, open_each=now)}
    assert row(computed(folder, exports, as_of=None), "reply_within").change is not None


@pytest.mark.long
@pytest.mark.parametrize("young", [10, 25])
def test_a_year_whose_last_tickets_are_open_is_compared_with_a_settled_one(folder: Path, young: int) -> None:
    """Both years were exported soon after the second: of the first nothing is open, of the second its last days are."""
    rows = ["contact_id,created_at,channel,status,first_reply_at,resolved_at\n"]
    for n in range(700):
        begins = datetime(2025, 1, 1, 9) + timedelta(hours=12 * n)
        settled = f"closed,{begins + timedelta(hours=2)},{begins + timedelta(days=1)}"
        rows.append(f"{n},{begins},email,{'open,,' if n >= 700 - 2 * young else settled}\n")
    found = computed(folder, {"a.csv": tickets(2024, open_each=0), "b.csv": "".join(rows)}, as_of=None)
    assert row(found, "reply_within").change is not None
    assert codes(found) == []


@pytest.mark.long
def test_an_older_file_of_settled_records_is_not_suspected(folder: Path) -> None:
    exports = {"a.csv": tickets(2024, open_each=0), "b.csv": tickets(2025, open_each=40)}
    assert codes(computed(folder, exports, as_of=None, request=Request(year=2024))) == []
