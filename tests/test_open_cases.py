"""KPIs of running times: what is open, waits or is missing, worked by hand; and shares that no later event changes."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from kpibar.api import read_report
from kpibar.config import Config
from kpibar.database.engine import DuckDB
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Window
from kpibar.kpis.time_cells import read_times, times_statement
from kpibar.measure.circulation import compute_report
from kpibar.measure.report import Barometer, Request
from kpibar.render.document import document, to_json
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import to_csv
from tests.support import EVERY, computed, fraction, ingest_tables, report, row, settings
from tests.test_document import NOW, SCHEMA
from tests.test_hostile_settings import few  # noqa: F401

HOUR, DAY = 3600, 86_400
# Two years, exported on 15 February 2026 at 13:00 in Paris. merged is another ticket's; other-1 is of a source that
# tells nothing of solutions.
TICKETS = """
| contact_id | created_at          | channel | status | merged_into | first_human_reply_at | resolved_at         |
| a1         | 2024-03-01 10:00:00 | email   | solved |             | 2024-03-01 11:00:00  | 2024-03-02 10:00:00 |
| a2         | 2024-03-01 10:00:00 | email   | solved |             | 2024-03-01 12:00:00  | 2024-03-04 10:00:00 |
| a3         | 2024-03-01 10:00:00 | email   | open   |             |                      |                     |
| b1         | 2025-03-01 10:00:00 | email   | solved |             | 2025-03-01 13:00:00  | 2025-03-03 10:00:00 |
| b2         | 2025-03-01 10:00:00 | email   | open   |             | 2025-03-01 14:00:00  |                     |
| b3         | 2025-03-01 10:00:00 | email   | open   |             |                      |                     |
| b4         | 2025-03-01 10:00:00 | email   | open   |             |                      |                     |
| merged     | 2025-03-01 10:00:00 | email   | closed | b1          |                      | 2025-03-01 10:01:00 |
"""
OTHER = """
| contact_id | created_at          | channel | first_human_reply_at |
| other-1    | 2025-03-01 10:00:00 | email   | 2025-03-01 10:30:00  |
"""
ORDERS = """
| order_ref | ordered_at          | cancelled_at        |
| o1        | 2024-03-01 10:00:00 |                     |
| o2        | 2024-03-01 10:00:00 |                     |
| o3_lost   | 2024-03-01 10:00:00 |                     |
| p1        | 2025-03-01 10:00:00 |                     |
| p2        | 2025-03-01 10:00:00 |                     |
| p3_lost   | 2025-03-01 10:00:00 |                     |
| p4        | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| p5        | 2025-03-01 10:00:00 |                     |
| p6_back   | 2025-03-01 10:00:00 |                     |
"""
PARCELS = """
| parcel_id | order_ref | promised_to | delivered_at        | returned_at         | lost |
| 1         | o1        | 2024-03-05  | 2024-03-04 10:00:00 |                     |      |
| 2         | o2        | 2024-03-05  | 2024-03-06 12:00:00 |                     |      |
| 3         | o3_lost   | 2024-03-05  |                     |                     | yes  |
| 4         | p1        | 2025-03-05  | 2025-03-07 12:00:00 |                     |      |
| 5         | p2        | 2025-03-05  | 2025-03-03 10:00:00 |                     |      |
| 6         | p3_lost   | 2025-03-05  |                     |                     | yes  |
| 7         | p4        | 2025-03-05  |                     |                     |      |
| 8         | p6_back   | 2025-03-05  |                     | 2025-03-20 10:00:00 |      |
"""
# From 1 March 10:00 of the year to the export.
OPEN_SINCE = {2024: 716 * DAY + 3 * HOUR, 2025: 351 * DAY + 3 * HOUR}
# By KPI and year: the value, the longest time seen where it is not reached, how many ended of how many, and why.
EXPECTED: Mapping[tuple[str, int], tuple[float | None, float | None, int, int, str]] = {
    ("frt_median", 2024): (2 * HOUR, None, 2, 3, "a1 a2 a3: 2/3 wait after 1 h, 1/3 after 2 h"),
    ("frt_median", 2025): (4 * HOUR, None, 3, 5, "other-1 30 min 4/5, b1 3 h 3/5, b2 4 h 2/5; b3 b4 wait"),
    ("frt_p90", 2024): (None, OPEN_SINCE[2024], 2, 3, "1/3 waits, not 1/10"),
    ("frt_p90", 2025): (None, OPEN_SINCE[2025], 3, 5, "2/5 wait, not 1/10"),
    ("resolution_median", 2024): (3 * DAY, None, 2, 3, "2/3 open after one day, 1/3 after three"),
    ("resolution_median", 2025): (None, OPEN_SINCE[2025], 1, 4, "b1 alone of b1 to b4 is solved: 3/4 open"),
    ("resolution_p90", 2024): (None, OPEN_SINCE[2024], 2, 3, "1/3 open"),
    ("resolution_p90", 2025): (None, OPEN_SINCE[2025], 1, 4, "3/4 open"),
    ("lead_time", 2024): (5 * DAY + 2 * HOUR, None, 2, 3, "o1 3 days 2/3, o2 5 days and 2 h 1/3; o3 is lost"),
    ("lead_time", 2025): (6 * DAY + 2 * HOUR, None, 2, 4, "p2 two days 3/4, p1 2/4; p4 is cancelled, p5 unknown"),
    ("lead_time_p90", 2024): (None, OPEN_SINCE[2024], 2, 3, "o3_lost"),
    ("lead_time_p90", 2025): (None, OPEN_SINCE[2025], 2, 4, "p3_lost and p6_back"),
    ("lateness_median", 2024): (12 * HOUR, None, 1, 2, "o2 12 h after 5 March, 1/2; o3_lost"),
    ("lateness_median", 2025): (None, 346 * DAY + 13 * HOUR, 1, 3, "p1 alone of p1 p3 p6: 2/3; late since 6 March"),
}


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    exports = {"tickets.csv": TICKETS, "other-tickets.csv": OTHER, "orders.csv": ORDERS, "parcels.csv": PARCELS}
    files = '[[files]]\nmatch = "other-*"\nbrand = "Other"\n'
    return computed(tmp_path_factory.mktemp("open"), exports, files, request=replace(EVERY, year=2025))


@pytest.mark.parametrize(("kpi", "year"), EXPECTED)
def test_two_years_worked_by_hand(two_years: Barometer, kpi: str, year: int) -> None:
    value, longest, ended, base, why = EXPECTED[kpi, year]
    found = row(two_years, kpi)
    measure = found.now if year == 2025 else found.before
    assert (measure.numerator, measure.denominator) == (ended, base), why
    assert measure.value == (None if value is None else pytest.approx(value, abs=0.001)), why
    if value is None:
        assert (measure.status, measure.reason, measure.high) == ("not_reached", "not_reached", None)
        assert measure.low == pytest.approx(longest, abs=0.001), why
    if year == 2025:
        assert (found.status, found.reason) == (("not_reached",) * 2 if value is None else ("ok", None))
    if found.now.value is None or found.before.value is None:
        assert found.change is None, "of a time that is not reached no change is known"


def test_nine_in_ten_are_reached(folder: Path) -> None:
    """Of 20 contacts 18 have a reply after 1, 2, ... 18 hours, two wait: after 18 hours 2/20 = 1/10 wait."""
    lines = [f"{n},2025-03-01 10:00:00,email,{n * HOUR if n < 19 else ''}" for n in range(1, 21)]
    content = "\n".join(["contact_id,created_at,channel,first_reply_s", *lines]) + "\n"
    found = row(computed(folder, {"contacts.csv": content}), "frt_p90")
    assert (found.now.value, found.status, found.now.base) == (18 * HOUR, "ok", 20)


# 2025: of 12 e-mails two have a reply after one hour, of 12 chats all after two. 2024: all 24 after one hour.
def contacts_of_two_years() -> str:
    lines = ["contact_id,created_at,channel,first_reply_s"]
    for n in range(12):
        lines += [f"e{n},2025-03-{n + 1:02} 10:00:00,email,{HOUR if n < 2 else ''}"]
        lines += [f"c{n},2025-03-{n + 1:02} 10:00:00,chat,{2 * HOUR}"]
        lines += [f"{channel}{n},2024-03-{n + 1:02} 10:00:00,{channel},{HOUR}" for channel in ("email", "chat")]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Config]:
    folder = tmp_path_factory.mktemp("waiting")
    config = settings(folder, "[targets]\nfrt_p90 = 14400\n")
    ingest_tables(folder, {"contacts.csv": contacts_of_two_years()}, config, datetime(2026, 2, 15, 12, 0))
    return folder, config


@pytest.fixture(scope="module")
def reports(waiting: tuple[Path, Config]) -> Callable[[Request], Barometer]:
    """The barometer of a request, computed once."""
    return cache(lambda asked: report(*waiting, asked))


# 1 March 2025 10:00 to 15 February 2026 13:00; the e-mails of the first two days have a reply.
LONGEST = (351 - 2) * DAY + 3 * HOUR


def test_a_part_that_is_not_reached(reports: Callable[[Request], Barometer]) -> None:
    """All: 22/24 wait after one hour, 10/24 after two. E-mail: 10/12 wait. Nine in ten have none: 10/24 wait."""
    found = reports(Request(year=2025, by=("channel",)))
    first, most = row(found, "frt_median"), row(found, "frt_p90")
    assert (first.now.value, first.status) == (2 * HOUR, "ok")
    email = next(part for part in first.segments if part.key == "email")
    assert (email.now.value, email.now.low, email.status) == (None, LONGEST, "not_reached")
    assert (email.before.value, email.change) == (HOUR, None)
    assert (most.now.value, most.now.low, most.status, most.before.value) == (None, LONGEST, "not_reached", HOUR)
    assert most.target is None, "of a time without a value no target is judged"
    march = dict(most.series)[date(2025, 3, 1)]
    assert (march.value, march.low, march.status) == (None, LONGEST, "not_reached")


@pytest.mark.sample(2)
@pytest.mark.parametrize("asked", [Request(year=2025), Request(year=2025, by=("channel",)),
                                   Request(year=2025, by=("channel",), share=True)])  # fmt: skip
def test_not_reached_is_written_and_read_back(waiting: tuple[Path, Config], asked: Request, tmp_path: Path) -> None:
    folder, config = waiting
    found = compute_report(folder / "test.duckdb", config, asked)
    text = to_json(found, NOW)
    jsonschema.validate(json.loads(text), SCHEMA)
    kpi = next(kpi for kpi in document(found, NOW)["kpis"] if kpi["id"] == "frt_p90")
    written = {name: kpi[name] for name in ("value", "numerator", "denominator", "ci_low", "ci_high", "status")}
    assert written == {
        "value": None, "numerator": 14, "denominator": 24, "ci_low": LONGEST, "ci_high": None, "status": "not_reached",
    }  # fmt: skip
    assert (kpi["status_reason"], kpi["target"]["value"], kpi["delta"]["abs"]) == ("not_reached", None, None)
    rows = [one for one in csv.DictReader(io.StringIO(to_csv(found))) if one["kpi"] == "frt_p90"]
    year = next(one for one in rows if one["period"] == "2025" and one["segment"] == "all")
    assert (year["value"], year["ci_low"], year["status"], year["status_reason"]) == (
        "", str(LONGEST), "not_reached", "not_reached"
    )  # fmt: skip
    (tmp_path / "report.json").write_text(text, encoding="utf-8", newline="")
    read = read_report(tmp_path / "report.json")
    assert (read.to_json(), read.to_csv()) == (text, to_csv(found))
    for lang in ("en", "fr"):
        assert render(read.barometer, lang, Screen(width=80)) == render(found, lang, Screen(width=80))


@pytest.mark.parametrize(
    ("lang", "longest", "legend"),
    [
        ("en", "> 349.1 d", "> not reached: too few had ended by then, the longest time seen"),
        ("fr", "> 349,1\u00a0j", "> non atteint\u00a0: trop peu étaient terminés à ce délai, le plus long observé"),
    ],
)
@pytest.mark.parametrize("by", [None, "channel"])
def test_not_reached_on_a_terminal(
    reports: Callable[[Request], Barometer], by: str | None, lang: str, longest: str, legend: str
) -> None:
    page = render(reports(Request(year=2025, by=(by,) if by else ())), lang, Screen(width=80))
    plain = page.replace("\u202f", "\u00a0")
    assert longest in plain and legend in plain
    assert max(map(len, page.splitlines())) <= 80
    full = render(reports(Request(year=2024)), lang, Screen(width=80))
    assert legend not in full.replace("\u202f", "\u00a0"), "where every time is reached, nothing is said of it"


# Ten days of December of each year; what comes after 15 January of the first of them is in brackets.
# Tickets of a day: (name, hours until the reply, hours until the last solution, reopenings).
BEHAVIOUR = {
    "quick": (1, 24, 0), "also": (1, 24, 0), "fair": (2, 36, 0), "next": (2, 36, 0), "settled": (3, 48, 0),
    "silence": (None, None, 0), "reopened": (4, 120, 1), "again_open": (4, None, 1),
}  # fmt: skip
LATE = 200 * 24
LATER = BEHAVIOUR | {
    # Reopened in June; answered and solved in June; solved again in June.
    "settled": (3, LATE, 1), "silence": (LATE, LATE, 0), "again_open": (4, LATE, 1),
}  # fmt: skip


def decembers() -> dict[str, str]:
    contacts = ["contact_id,created_at,channel,status,first_human_reply_at,resolved_at,reopens"]
    orders, parcels = ["order_ref,ordered_at"], ["parcel_id,order_ref,promised_to,delivered_at"]
    surveys = ["survey_id,kind,score,sent_at,answered_at"]
    for year, behaviour in ((2024, LATER), (2025, BEHAVIOUR)):
        for day in range(1, 11):
            begin = datetime(year, 12, day, 10)
            for name, (reply, solution, reopens) in behaviour.items():
                ends = [begin + timedelta(hours=hours) if hours else "" for hours in (reply, solution)]
                status = "solved" if solution else "open"
                contacts.append(f"{name}{year}{day},{begin},email,{status},{ends[0]},{ends[1]},{reopens}")
            # Promised for the second day: in time, 10 h late, 8 days and 10 h late, never (in 2024: in May).
            for name, days in (("a", 1), ("b", 3), ("c", 11), ("d", 160 if year == 2024 else None)):
                came = begin + timedelta(days=days) if days else ""
                order = f"{name}{year}{day}"
                orders.append(f"{order},{begin}")
                parcels.append(f"{order},{order},{(begin + timedelta(days=2)).date()},{came}")
            # Two answers after a day, one invitation without, and one answered in April of the next year only.
            for name, days in (("a", 1), ("b", 1), ("c", None), ("d", 120 if year == 2024 else None)):
                answer = begin + timedelta(days=days) if days else ""
                surveys.append(f"{name}{year}{day},csat,{4 if days else ''},{begin},{answer}")
    files = {"contacts": contacts, "orders": orders, "parcels": parcels, "surveys": surveys}
    return {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in files.items()}


@pytest.fixture(scope="module")
def two_decembers(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    """Exported on 15 January 2026."""
    january = datetime(2026, 1, 15, 12, 0)
    return computed(tmp_path_factory.mktemp("decembers"), decembers(), as_of=january, request=Request(year=2025))


@pytest.mark.parametrize(
    ("kpi", "hits", "base", "why"),
    [
        ("unanswered", 10, 80, "silence, of eight a day"),
        ("reopen_rate", 10, 70, "reopened, of all but silence, which was not solved within 28 days"),
        ("promise_unanswered", 20, 40, "c and d, of four a day"),
        ("response_rate", 20, 40, "a and b, of four a day"),
    ],
)
def test_what_comes_later_changes_no_share(two_decembers: Barometer, kpi: str, hits: int, base: int, why: str) -> None:
    found = row(two_decembers, kpi)
    for measure in (found.now, found.before, found.series[-1][1], found.before_series[-1][1]):
        assert (measure.numerator, measure.denominator) == (hits, base), why


@pytest.mark.parametrize(
    ("kpi", "value", "why"),
    [
        ("frt_median", 2 * HOUR, "after 1 h 6/8 wait, after 2 h 4/8"),
        ("resolution_median", 36 * HOUR, "after 24 h 6/8 are open, after 36 h 4/8"),
        ("lead_time", 3 * DAY, "a one day 3/4, b three days 2/4"),
        ("lateness_median", 8 * DAY + 10 * HOUR, "b 2/3, c 1/3 after 8 days and 10 h"),
    ],
)
def test_what_comes_later_changes_no_median(two_decembers: Barometer, kpi: str, value: float, why: str) -> None:
    found = row(two_decembers, kpi)
    for measure in (found.now, found.before, found.series[-1][1], found.before_series[-1][1]):
        assert measure.value == pytest.approx(value, abs=0.001), why


OWN = """
[kpis.mine]
title = { en = "Mine" }
kind = "time_to"
from = "contacts"
date = "created_on"
where = "counted AND in_writing"
value = "coalesce(first_reply_s, age_s)"
hit = "first_reply_s IS NOT NULL"
unit = "seconds"
better = "lower"
"""


def test_a_kpi_of_the_settings(waiting: tuple[Path, Config], folder: Path) -> None:
    """The median of the first replies as a KPI of one's own: 22/24 wait after one hour, 10/24 after two."""
    found = report(waiting[0], settings(folder, OWN), Request(year=2025, by=("channel",)))
    mine = row(found, "mine")
    assert (mine.now.value, mine.before.value, mine.now.base) == (2 * HOUR, HOUR, 24)
    assert {part.key: part.status for part in mine.segments} == {"chat": "ok", "email": "not_reached"}
    jsonschema.validate(json.loads(to_json(found, NOW)), SCHEMA)


@pytest.mark.parametrize("entry", ["value", "hit"])
def test_a_kpi_of_the_settings_without_an_entry_is_refused(folder: Path, entry: str) -> None:
    lines = [line for line in OWN.splitlines() if not line.startswith(f"{entry} =")]
    with pytest.raises(KpiInvalid, match=rf'\[kpis.mine\].*a time_to needs "{entry}"'):
        catalogue(settings(folder, "\n".join(lines)).settings)


@pytest.mark.parametrize("value", ["CAST('nan' AS DOUBLE)", "-CAST('inf' AS DOUBLE)", "1 / 0", "ln(0)"])
def test_an_infinite_time_is_refused(few: DuckDB, folder: Path, value: str) -> None:  # noqa: F811
    text = OWN.replace('"counted AND in_writing"', '"TRUE"').replace('"first_reply_s IS NOT NULL"', '"TRUE"')
    config = settings(folder, text.replace('"coalesce(first_reply_s, age_s)"', f'"{value}"'))
    kpi = catalogue(config.settings).get("mine")
    with pytest.raises(KpiInvalid, match=r"mine.*is not a finite number"):
        windows = [Window(date(2025, 1, 1), date(2025, 12, 31))]
        read_times(few, kpi, times_statement(kpi, windows, None, None), 1)


def test_months_and_segments_of_small_bases_are_masked(folder: Path) -> None:
    """January 40 e-mails with a reply after one hour and 5 chats without any, February 5 e-mails without any.

    Below 30 the base alone is shown: the chats and February are "not reached" to nobody. Of 50 contacts 40 ended.
    """
    lines = [f"j{n},2025-01-15 10:00:00,email,{HOUR}" for n in range(40)]
    lines += [f"c{n},2025-01-15 10:00:00,chat," for n in range(5)]
    lines += [f"f{n},2025-02-15 10:00:00,email," for n in range(5)]
    content = "\n".join(["contact_id,created_at,channel,first_reply_s", *lines]) + "\n"
    config = settings(folder)
    ingest_tables(folder, {"contacts.csv": content}, config, datetime(2026, 2, 15))
    reporting = config.settings.reporting.model_copy(update={"min_base": 30})
    strict = replace(config, settings=config.settings.model_copy(update={"reporting": reporting}))
    found = row(report(folder, strict, Request(year=2025, by=("channel",))), "frt_median")
    months = dict(found.series)
    assert (found.now.value, found.now.numerator, found.now.base) == (HOUR, 40, 50)
    assert (months[date(2025, 1, 1)].value, months[date(2025, 1, 1)].base) == (HOUR, 45)
    chat = next(part for part in found.segments if part.key == "chat")
    for masked in (months[date(2025, 2, 1)], chat.now):
        assert (masked.status, masked.reason, masked.base) == ("low_base", "small_base", 5)
        assert (masked.value, masked.numerator, masked.low, masked.high) == (None,) * 4
    email = next(part for part in found.segments if part.key == "email")
    assert (email.now.value, email.now.base, chat.status) == (HOUR, 45, "low_base"), "a median is no sum of its parts"
    lone = row(report(folder, strict, Request(year=2025)), "frt_p90")
    assert lone.status == "not_reached", "10/50 wait, not 1/10"


def test_promises_and_replies_follow_their_settings(folder: Path) -> None:
    """A reply after 14 days and one hour is none within 14 days, and one within 15."""
    content = "contact_id,created_at,channel,first_reply_s\n" + "".join(
        f"{name},2025-03-01 10:00:00,email,{seconds}\n"
        for name, seconds in (("at_once", 60), ("on_time", 14 * DAY), ("late", 14 * DAY + HOUR), ("never", ""))
    )
    assert fraction(computed(folder, {"contacts.csv": content}), "unanswered") == (2, 4)
    longer = "[thresholds]\nreply_horizon_days = 15\n"
    assert fraction(computed(folder, {}, longer, as_of=None), "unanswered") == (1, 4)
