"""A table of no product, read by the user's own layout: US dates, promise as a midnight, date and time apart."""

from pathlib import Path

import pytest

from kpibar.measure.report import Request
from tests.intake import held
from tests.support import AS_OF, EVERY, fraction, ingest_tables, report, row, settings

OWN_KPI = """
[kpis.late_by_purchase]
title = { en = "Late, by purchase day" }
kind = "rate"
from = "orders"
date = "ordered_on"
where = "promised AND delivered_at IS NOT NULL AND NOT cancelled"
hit = "late"
unit = "share"
better = "lower"
"""
MARKET = """
name = "market-orders"
fills = "parcels"
detect = ["order_id", "order_status", "bought", "estimate"]
formats = ["%m/%d/%Y %H:%M"]
[select]
parcel_id = 'text("order_id")'
order_ref = 'text("order_id")'
promised_to = 'day_end("estimate")'
promise_kind = "'day'"
delivered_at = 'instant("received")'
[also.orders]
where = '"order_id" IS NOT NULL'
[also.orders.select]
order_ref = 'text("order_id")'
ordered_at = 'instant("bought")'
cancelled_at = '''CASE WHEN "order_status" = 'canceled' THEN instant("bought") END'''
"""
CALLS = """
name = "call-sheet"
fills = "contacts"
grain = "interaction"
detect = ["Call Id", "Date", "Time", "Answered"]
[select]
contact_id = 'text("Call Id")'
created_at = 'instant("Date", "Time")'
channel = "'phone'"
queued = 'TRUE'
answered = 'flag("Answered")'
abandoned = 'NOT flag("Answered")'
wait_s = 'secs("Waited")'
"""
ORDERS = """order_id,order_status,bought,received,estimate
a,delivered,3/1/2025 10:56,3/10/2025 21:25,3/10/2025 0:00
b,delivered,3/1/2025 10:56,3/11/2025 0:05,3/10/2025 0:00
c,delivered,12/30/2024 23:00,1/2/2025 8:00,1/9/2025 0:00
d,shipped,3/2/2025 9:00,,3/10/2025 0:00
e,canceled,3/2/2025 9:00,3/20/2025 9:00,3/10/2025 0:00
f,delivered,12/30/2024 23:00,1/12/2025 8:00,1/9/2025 0:00
"""
CALL_ROWS = """Call Id,Date,Time,Topic,Answered,Waited
1,2025-01-01,09:12:58,Contract,Y,109
2,2025-01-01,23:47:31,Contract,Y,10
3,2025-02-03,10:00:00,Contract,N,
"""


def write_layout(folder: Path, name: str, text: str) -> None:
    (folder / "layouts").mkdir(exist_ok=True)
    (folder / "layouts" / f"{name}.toml").write_text(text, encoding="utf-8")


def test_own_kpi_over_own_layout(folder: Path) -> None:
    """2025: a in time on the evening of the promised day, b late by five minutes; d undelivered, e cancelled: 1/2.

    2024 (c and f, bought on 30 December): f late: 1/2. By promise day all fall in 2025: late are b, d, f of
    a, b, c, d, f: 3/5.
    """
    config = settings(folder, OWN_KPI)
    write_layout(folder, "market-orders", MARKET)
    ingest_tables(folder, {"export.csv": ORDERS}, config)
    found = report(folder, config, Request(year=2025))
    assert fraction(found, "late_by_purchase") == (1, 2)
    assert fraction(found, "late_share") == (3, 5)
    assert fraction(report(folder, config, Request(year=2024)), "late_by_purchase") == (1, 2)


@pytest.mark.long
def test_date_and_time_in_two_columns(folder: Path) -> None:
    """Answered 2 of 3; mean wait (109 + 10) / 2 = 59.5 s; two calls in January, one in February."""
    config = settings(folder)
    write_layout(folder, "call-sheet", CALLS)
    ingest_tables(folder, {"calls.csv": CALL_ROWS}, config)
    found = report(folder, config)
    assert fraction(found, "answer_rate") == (2, 3)
    assert row(found, "asa").now.value == 59.5
    assert [month.denominator for _, month in row(found, "answer_rate").series] == [2, 1]


@pytest.mark.long
def test_a_call_whose_time_is_empty_is_not_of_midnight(folder: Path) -> None:
    """Call 4 has no time, 5 a time in its date, 6 no date. Answered: 1, 3 and 5 of the 4 that are left."""
    config = settings(folder)
    write_layout(folder, "call-sheet", CALLS)
    odd = "4,2025-02-03,,Contract,Y,5\n5,2025-02-03 11:00:00,,Contract,Y,5\n6,,10:00:00,Contract,Y,5\n"
    ingest_tables(folder, {"calls.csv": CALL_ROWS + odd}, config)
    assert fraction(report(folder, config), "answer_rate") == (3, 4)
    assert held(folder, "SELECT line, reason FROM rejects ORDER BY line") == [
        (5, "its identifier or its date is empty"),
        (7, "its identifier or its date is empty"),
    ]


TICKETS = """
name = "ticket-sheet"
fills = "contacts"
grain = "case"
detect = ["No", "Opened on", "Replied on"]
zone = "Europe/Paris"
formats = ["%Y-%m-%d"]
[select]
contact_id = 'text("No")'
channel = "'email'"
created_at = 'instant("Opened on", "Opened at")'
first_human_reply_at = 'instant("Replied on", "Replied at")'
"""
TICKET_ROWS = """No,Opened on,Opened at,Replied on,Replied at
1,2025-02-03,10:00:00,2025-02-03,11:00:00
2,2025-02-03,10:00:00,2025-02-05,
3,2025-02-03,10:00:00,,12:00
4,2025-02-03,10:00:00,,
5,2025-02-03,10:00:00,2025-02-03 10:30,
"""


@pytest.mark.long
def test_a_reply_whose_time_is_empty_is_unknown_and_counted(folder: Path) -> None:
    """1 was answered after 3,600 s, 5 after 1,800 s; 2 has a date alone, 3 a time alone."""
    config = settings(folder)
    write_layout(folder, "ticket-sheet", TICKETS)
    ingest_tables(folder, {"tickets.csv": TICKET_ROWS}, config)
    found = report(folder, config, EVERY)
    answered = row(found, "frt_median_answered").now
    assert (answered.value, answered.base) == (2700, 2)
    first = row(found, "frt_median").now
    assert (first.value, first.numerator, first.base) == (None, 2, 5), "of 2 and 3 no reply is stored: 3/5 wait"
    assert held(folder, "SELECT code, about, records FROM remarks ORDER BY code") == [
        ("date_missing", "Replied on", 1),
        ("time_missing", "Replied on", 1),
    ]


PARCELS = """
name = "parcel-sheet"
fills = "parcels"
detect = ["Parcel", "Due", "Came on"]
zone = "Europe/Paris"
formats = ["%Y-%m-%d"]
[select]
parcel_id = 'text("Parcel")'
promised_to = 'promise_end("Due")'
delivered_at = 'instant("Came on", "Came at")'
"""


@pytest.mark.long
def test_a_delivery_whose_time_is_empty_is_of_its_day_and_counted(folder: Path) -> None:
    """Three came on the promised day or before it, one of them without a time; one came a day late without a time."""
    config = settings(folder)
    write_layout(folder, "parcel-sheet", PARCELS)
    rows = "a,2025-02-03,2025-02-03,10:00\nb,2025-02-03,2025-02-03,\n"
    rows += "c,2025-02-03,2025-02-04,\nd,2025-02-03,2025-02-02,9:00\n"
    ingest_tables(folder, {"p.csv": "Parcel,Due,Came on,Came at\n" + rows}, config, AS_OF)
    assert fraction(report(folder, config), "late_share") == (1, 4)
    assert held(folder, "SELECT code, about, records FROM remarks") == [("time_missing_first_moment", "Came on", 2)]
