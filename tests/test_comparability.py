"""Two years meet over the same days and the same months: each table is small enough to count by hand."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kpibar.measure.reach import stretches
from kpibar.measure.report import Barometer, Request, Row
from kpibar.render.document import document
from kpibar.render.messages import months_name, note_text
from kpibar.render.terminal import Screen, render
from tests.support import AS_OF, computed, fraction, report, row, settings

YEAR = range(1, 13)


def contacts(*days: tuple[str, int], prefix: str = "") -> str:
    """So many contacts on each of these days."""
    lines = [f"{prefix}{day}-{n},{day} 10:00:00,email,c{n}@example.com\n" for day, each in days for n in range(each)]
    return "contact_id,created_at,channel,customer\n" + "".join(lines)


def orders(*days: tuple[str, int]) -> str:
    """So many orders on each of these days."""
    lines = [f"{day}-{n},{day} 10:00:00\n" for day, each in days for n in range(each)]
    return "order_ref,ordered_at\n" + "".join(lines)


def monthly(year: int, each: int, months: Iterable[int] = YEAR) -> list[tuple[str, int]]:
    """So many rows on the 10th of these months."""
    return [(f"{year}-{month:02d}-10", each) for month in months]


def without(*gone: int) -> list[int]:
    return [month for month in YEAR if month not in gone]


def notes(found: Row) -> list[tuple[str, Any]]:
    return [(note.code, note.values) for note in found.notes]


def values(series: tuple[tuple[date, Any], ...]) -> list[float | None]:
    return [measure.value for _, measure in series]


BOTH_ORDERS = orders(*monthly(2024, 12), *monthly(2025, 12))


def test_a_gap_in_the_reported_year_is_no_improvement(folder: Path) -> None:
    """Eight contacts a month, none from June to September 2025: 64 of 144 orders, not better than 96 of 144."""
    held = contacts(*monthly(2024, 8), *monthly(2025, 8, without(6, 7, 8, 9)))
    found = computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS})
    rate = row(found, "contact_rate")
    assert (fraction(found, "contact_rate"), rate.before.numerator, rate.before.denominator) == ((64, 144), 96, 144)
    assert (rate.comparable, rate.change) == (False, None)
    silent = {"source": "kpibar-contacts", "missing": "2025-06/2025-09"}
    months = {"now": 8, "before": 12, "year": 2025, "previous": 2024}
    assert notes(rate) == [("one_part_only", silent), ("coverage_differs", {**silent, **months})]
    assert notes(row(found, "contacts")) == [("coverage_differs", {**silent, **months})]
    assert row(found, "orders_placed").comparable and row(found, "orders_placed").notes == ()


@pytest.mark.long
@pytest.mark.parametrize("gone", [(4, 5), (4,)])
def test_a_gap_in_the_year_before_is_no_growth(folder: Path, gone: tuple[int, ...]) -> None:
    """Ten or eleven months of contacts in 2024, twelve in 2025: the counts do not compare, the shares still do."""
    held = contacts(*monthly(2024, 8, without(*gone)), *monthly(2025, 8))
    found = computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS})
    for name in ("contacts", "contact_rate"):
        missing = "2024-04/2024-05" if len(gone) > 1 else "2024-04"
        assert (row(found, name).change, row(found, name).notes[-1].values["missing"]) == (None, missing)
    assert row(found, "reason_coverage").comparable


@pytest.mark.long
def test_an_empty_month_of_a_small_source_may_be_chance(folder: Path) -> None:
    """Three contacts a month: one month without any happens. Three of them in a row do not: 3 x 3 is more than 7."""
    held = contacts(*monthly(2024, 3), *monthly(2025, 3, without(6)))
    contacted = row(computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS}), "contacts")
    assert contacted.change and (contacted.change.absolute, contacted.notes) == (-3, ())
    assert values(contacted.series)[5] == 0
    (folder / "test.duckdb").unlink()
    held = contacts(*monthly(2024, 3), *monthly(2025, 3, without(6, 7, 8)))
    contacted = row(computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS}), "contacts")
    assert (contacted.change, contacted.notes[-1].values["missing"]) == (None, "2025-06/2025-08")


@pytest.mark.long
def test_the_same_gap_in_both_years_compares_but_is_told(folder: Path) -> None:
    """Closed every August: 88 contacts in both years, divided by the orders of twelve months."""
    held = contacts(*monthly(2024, 8, without(8)), *monthly(2025, 8, without(8)))
    found = computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS})
    rate = row(found, "contact_rate")
    assert (fraction(found, "contact_rate"), rate.comparable) == ((88, 144), True)
    assert notes(rate) == [("one_part_only", {"source": "kpibar-contacts", "missing": "2025-08"})]


@pytest.mark.long
def test_a_tool_that_gave_way_to_another_is_no_gap_of_the_ratio(folder: Path) -> None:
    """The old tool until March, the new one from April: every month of 2025 has contacts."""
    rule = '[[files]]\nmatch = "old*"\nbrand = "Old"\n'
    exports = {
        "old.csv": contacts(*monthly(2024, 8), *monthly(2025, 8, range(1, 4))),
        "new.csv": contacts(*monthly(2025, 8, range(4, 13))),
        "o.csv": BOTH_ORDERS,
    }
    rate = row(computed(folder, exports, rule, as_of=None), "contact_rate")
    assert [note.code for note in rate.notes] == ["coverage_differs"]


@pytest.mark.long
def test_months_without_a_word_are_unknown_in_the_document(folder: Path) -> None:
    """No contacts in May and June 2025, none from October on: null, for the ratio too, and no zeros.

    The orders of these months stay counted, so that months add up to the total.
    """
    held = contacts(*monthly(2024, 8), *monthly(2025, 8, without(5, 6, 10, 11, 12)))
    found = computed(folder, {"c.csv": held, "o.csv": BOTH_ORDERS})
    made = {kpi["id"]: kpi for kpi in document(found, "2026-02-15T12:00:00Z")["kpis"]}
    months = [8, 8, 8, 8, None, None, 8, 8, 8, None, None, None]
    assert [point["numerator"] for point in made["contacts"]["series"]] == months
    assert [point["numerator"] for point in made["contact_rate"]["series"]] == months
    assert [point["denominator"] for point in made["contact_rate"]["series"]][4:7] == [12, 12, 12]
    assert [point["value"] for point in made["orders_placed"]["series"]] == [12] * 12
    previous = made["contacts"]["previous"]
    assert (previous["comparable"], previous["reason"]) == (False, "coverage_differs")


# Contacts end on 28 June 2025; of 2024 three came on 29 June. Orders go on, five of them on 30 June 2025.
STOPS = contacts(*monthly(2024, 8), ("2024-06-29", 3), *monthly(2025, 8, range(1, 7)), ("2025-06-28", 1))
GO_ON = orders(*monthly(2024, 10), *monthly(2025, 10), ("2025-06-30", 5), ("2025-12-17", 1), ("2024-12-18", 1))


def stopping(folder: Path, request: Request | None = None) -> Barometer:
    return computed(folder, {"c.csv": STOPS, "o.csv": GO_ON}, as_of=None, request=request)


@pytest.mark.long
def test_each_kpi_meets_the_days_that_its_own_exports_reach(folder: Path) -> None:
    """To 28 June: 49 contacts against 48, over 60 orders each; orders to 17 December: 126 against 120."""
    found = stopping(folder)
    contacted, rate, placed = (row(found, name) for name in ("contacts", "contact_rate", "orders_placed"))
    assert (contacted.now.value, contacted.before.value) == (49, 48)
    assert (fraction(found, "contact_rate"), (rate.before.numerator, rate.before.denominator)) == ((49, 60), (48, 60))
    assert (placed.now.value, placed.before.value, placed.notes) == (126, 120, ())
    assert contacted.change and contacted.change.absolute == 1
    assert rate.change and rate.change.absolute == pytest.approx(1 / 60)
    until = ("counted_until", {"end": "2025-06-28", "previous": 2024})
    assert (notes(contacted), notes(rate)) == ([until], [until])
    assert notes(row(found, "reason_coverage"))[-1] == until


@pytest.mark.long
def test_the_months_add_up_to_the_days_compared(folder: Path) -> None:
    found = stopping(folder)
    assert values(row(found, "contacts").series) == [8, 8, 8, 8, 8, 9, *[None] * 6]
    assert values(row(found, "contacts").before_series) == [*[8] * 6, *[None] * 6]
    assert [measure.denominator for _, measure in row(found, "contact_rate").series] == [*[10] * 6, *[None] * 6]
    assert values(row(found, "orders_placed").series) == [10, 10, 10, 10, 10, 15, 10, 10, 10, 10, 10, 11]


@pytest.mark.long
def test_segments_meet_the_same_days(folder: Path) -> None:
    found = stopping(folder, Request(by=("channel",)))
    (email,) = row(found, "contact_rate").segments
    assert (email.now.numerator, email.now.denominator) == (49, 60)
    assert (email.before.numerator, email.before.denominator) == (48, 60)
    (mixed,) = row(found, "channel_mix").segments
    assert (mixed.now.numerator, mixed.before.numerator) == (49, 48)


def test_the_report_says_to_what_day_a_kpi_is_counted(folder: Path) -> None:
    text = render(stopping(folder, Request(kpis=("contacts", "contact_rate"))), "en", Screen())
    assert "Counted to 28 June only, and so is 2024: Contacts received · Contacts per 100 orders" in text


@pytest.mark.long
def test_medians_meet_the_same_days(folder: Path) -> None:
    """Waits of 100 s to 28 June, then 900 s in 2024: what came later is not met."""
    own = """
[kpis.waits]
title = { en = "Wait" }
kind = "median"
from = "contacts"
date = "created_on"
value = "wait_s"
unit = "seconds"
"""
    waits = [(day, 100 if day < "2024-06-29" else 900) for day, _ in monthly(2024, 8)]
    waits += [(day, 100) for day, _ in monthly(2025, 8, range(1, 7))]
    lines = [f"{day}-{n},{day} 10:00:00,phone,{wait}\n" for day, wait in waits for n in range(8)]
    calls = "contact_id,created_at,channel,wait_s\n" + "".join(lines)
    waited = row(computed(folder, {"c.csv": calls, "o.csv": GO_ON}, own, as_of=None), "waits")
    assert (waited.now.base, waited.before.base, waited.before.value) == (48, 48, 100)
    assert values(waited.before_series)[5:7] == [100, None]


@pytest.mark.long
@pytest.mark.parametrize(("last", "comparable"), [("2025-12-02", False), ("2025-12-26", True)])
def test_a_source_that_stops_before_the_others_of_its_table(folder: Path, last: str, comparable: bool) -> None:
    """Of twelve calls a month those of 29 days are missing, or those of five: a few days are no other year."""
    rule = '[[files]]\nmatch = "calls*"\nbrand = "Calls"\n'
    calls = contacts(*monthly(2024, 12), *monthly(2025, 12, range(1, 12)), (last, 1), prefix="call")
    mails = contacts(*monthly(2024, 12), *monthly(2025, 12), ("2025-12-31", 1))
    contacted = row(computed(folder, {"calls.csv": calls, "mails.csv": mails}, rule, as_of=None), "contacts")
    assert contacted.comparable is comparable
    if not comparable:
        assert contacted.notes[-1].values["missing"] == "2025-12"


@pytest.mark.long
def test_a_source_of_another_year_reaches_nothing(folder: Path) -> None:
    """Contacts that end in 2024 say nothing of 2025: no figure, and no contacts divided by the orders of 2025."""
    exports = {"c.csv": contacts(*monthly(2024, 8, range(1, 11))), "o.csv": BOTH_ORDERS}
    found = computed(folder, exports, as_of=None)
    assert {row(found, name).status for name in ("contacts", "contact_rate")} == {"not_available"}
    assert row(found, "contacts").change is None


@pytest.mark.long
def test_calls_are_measured_where_the_calls_are(folder: Path) -> None:
    """Calls end on 10 October 2025, mails go on: ten months of calls meet ten; the mails' own gap is not theirs."""
    mails = contacts(*monthly(2024, 12), *monthly(2025, 12, without(3, 4, 5)), ("2025-12-31", 1))
    days = [*monthly(2024, 12), *monthly(2025, 12, range(1, 11))]
    lines = [f"{day}-call-{n},{day} 10:00:00,phone,1,1,1,{n}\n" for day, each in days for n in range(each)]
    calls = "contact_id,created_at,channel,queued,answered,in_hours,wait_s\n" + "".join(lines)
    rule = '[[files]]\nmatch = "calls*"\nbrand = "Calls"\n'
    found = computed(folder, {"calls.csv": calls, "mails.csv": mails}, rule, as_of=None)
    answered = row(found, "answer_rate")
    assert (answered.now.base, answered.before.base, answered.comparable) == (120, 120, True)
    assert notes(answered) == [("counted_until", {"end": "2025-10-10", "previous": 2024})]
    assert not row(found, "contacts").comparable


@pytest.mark.long
def test_a_month_with_rows_is_known(folder: Path) -> None:
    """Promises from July on only; the first attempts of all months are counted."""
    days = [(day, day if day > "2025-07" else "") for day, _ in monthly(2025, 8)]
    lines = [f"{day}-{n},{day}-{n},{promise},{day} 10:00:00,1\n" for day, promise in days for n in range(8)]
    parcels = "parcel_id,order_ref,promised_to,delivered_at,attempts\n" + "".join(lines)
    first = row(computed(folder, {"p.csv": parcels}), "first_attempt")
    assert [measure.denominator for _, measure in first.series] == [8] * 12


@pytest.mark.long
def test_a_kpi_of_ones_own_may_need_what_nobody_knows(folder: Path) -> None:
    own = """
[kpis.odd]
title = { en = "Odd" }
kind = "count"
from = "contacts"
date = "created_on"
unit = "count"
needs = ["nothing.here"]
"""
    odd = row(computed(folder, {"c.csv": contacts(*monthly(2025, 8))}, own), "odd")
    assert (odd.status, odd.missing) == ("not_available", ("nothing.here",))


BRANDED = """
| contact_id | created_at          | channel | brand        |
| 1          | 2025-03-05 10:00:00 | email   | Maison Bleue |
| 2          | 2025-03-06 10:00:00 | email   | Petit Pas    |
| 3          | 2025-03-07 10:00:00 | email   | Petit Pas    |
"""
ORDERED = """
| order_ref | ordered_at          | brand        |
| 1         | 2025-03-01 10:00:00 | Maison Bleue |
| 2         | 2025-03-01 10:00:00 | Maison Bleue |
| 3         | 2025-03-01 10:00:00 | Grand Large  |
"""


@pytest.mark.long
def test_a_breakdown_shows_what_its_total_includes(folder: Path) -> None:
    """3 contacts over 3 orders: 1 over 2 of Maison Bleue, 2 of Petit Pas without an order, an order of Grand Large."""
    found = computed(folder, {"c.csv": BRANDED, "o.csv": ORDERED}, request=Request(by=("brand",)))
    assert fraction(found, "contact_rate") == (3, 3)
    parts = {part.key: (part.now.numerator, part.now.denominator) for part in row(found, "contact_rate").segments}
    assert parts == {"Maison Bleue": (1, 2), "Grand Large": (0, 1), "Petit Pas": (2, 0)}
    told = [("no_orders", {"brand": "Petit Pas", "rows": 2}), ("no_contacts", {"brand": "Grand Large", "rows": 1})]
    assert notes(row(found, "contact_rate")) == told
    made = next(kpi for kpi in document(found, "2026-02-15T12:00:00Z")["kpis"] if kpi["id"] == "contact_rate")
    hidden = next(one for one in made["breakdowns"][0]["segments"] if one["key"] == "Petit Pas")
    assert (hidden["status"], hidden["value"], hidden["numerator"]) == ("not_available", None, 2)
    text = render(found, "en", Screen())
    assert "the total includes 2 contacts of Petit Pas, which has no orders" in text


@pytest.mark.long
def test_the_total_alone_says_so_too(folder: Path) -> None:
    config = settings(folder)
    computed(folder, {"c.csv": BRANDED, "o.csv": ORDERED})
    whole, one = report(folder, config), report(folder, config, Request(brand="Maison Bleue"))
    assert [note.code for note in row(whole, "contact_rate").notes] == ["no_orders", "no_contacts"]
    assert (fraction(one, "contact_rate"), row(one, "contact_rate").notes) == ((1, 2), ())


@pytest.mark.long
def test_rows_without_a_brand_may_be_of_any(folder: Path) -> None:
    """One order has no brand: it may be of Petit Pas, and nobody says that there is none."""
    ordered = ORDERED.replace("Grand Large ", "            ")
    found = computed(folder, {"c.csv": BRANDED, "o.csv": ordered}, as_of=AS_OF)
    assert row(found, "contact_rate").notes == ()


def test_months_in_words() -> None:
    months = [date(2025, 3, 1), *(date(2025, month, 1) for month in (12, 11)), date(2026, 1, 1)]
    assert stretches(months) == "2025-03, 2025-11/2026-01"
    assert months_name("2025-03, 2025-11/2026-01", "en") == "March 2025, November 2025 to January 2026"
    text = note_text("one_part_only", {"source": "aircall-calls", "missing": "2025-08"}, "fr")
    assert text == "une seule partie du ratio est comptée en août 2025\u00a0: aircall-calls n’a aucune ligne"
