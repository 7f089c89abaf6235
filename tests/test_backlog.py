"""The backlog: what is open at the end of the year and of each month, worked by hand, and the year before beside it."""

import csv
import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import jsonschema
import numpy
import pytest

from kpibar.api import read_report
from kpibar.config import load
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.compute import moments
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Window
from kpibar.kpis.intervals import Interval, quantile_ranks
from kpibar.kpis.stocks import lowest_quantile
from kpibar.measure.circulation import for_circulation
from kpibar.measure.report import Barometer, Request, Row
from kpibar.render.document import to_json
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import to_csv
from tests.support import AS_OF, computed, ingest_tables, report, row, settings
from tests.test_document import NOW, SCHEMA

HOUR, DAY = 3600, 86_400
BACKLOG = ("backlog", "backlog_age", "backlog_age_p90")
ASKED = Request(year=2025, kpis=BACKLOG)
# Times are of Paris: 2025 ends at 23:00 UTC. Exported on 15 February 2026. call is no contact in writing, merged
# another's, other-1 of a source that tells nothing of solutions; ticket untimed was solved nobody knows when.
TICKETS = """
| contact_id | created_at          | channel | status | merged_into | resolved_at         | reopens |
| old        | 2023-12-01 00:00:00 | email   | open   |             |                     | 0       |
| spring     | 2024-03-01 10:00:00 | email   | solved |             | 2025-06-01 10:00:00 | 0       |
| quick      | 2024-12-30 10:00:00 | email   | solved |             | 2024-12-31 23:59:59 | 0       |
| midnight   | 2024-12-31 00:00:00 | chat    | solved |             | 2025-01-01 00:00:00 | 0       |
| summer     | 2025-06-30 12:00:00 | chat    | solved |             | 2025-09-15 12:00:00 | 0       |
| last       | 2025-12-31 12:00:00 | email   | solved |             | 2026-01-02 10:00:00 | 0       |
| next_year  | 2026-01-01 00:00:00 | email   | open   |             |                     | 0       |
| call       | 2025-12-31 12:00:00 | phone   | open   |             |                     | 0       |
| merged     | 2025-12-31 12:00:00 | email   | open   | last        |                     | 0       |
| no_status  | 2025-12-31 12:00:00 | email   |        |             |                     | 0       |
"""
# One of each month, solved after a day: it is open at the end of none.
TICKETS += "".join(
    f"| {year}-{month} | {year}-{month:02}-15 10:00:00 | email | solved | | {year}-{month:02}-16 10:00:00 | 0 |\n"
    for year in (2024, 2025)
    for month in range(1, 13)
)
OTHER = """
| contact_id | created_at          | channel |
| other-1    | 2025-03-01 10:00:00 | email   |
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the tickets."""
    folder = tmp_path_factory.mktemp("backlog")
    more = '[[files]]\nmatch = "other-*"\nbrand = "Other"\n'
    ingest_tables(folder, {"tickets.csv": TICKETS, "other-tickets.csv": OTHER}, settings(folder, more), AS_OF)
    return folder


@pytest.fixture(scope="module")
def found(place: Path) -> Barometer:
    return report(place, load(place / "kpibar.toml"), replace(ASKED, by=("channel",)))


def test_open_at_the_end_of_both_years(found: Barometer) -> None:
    """2025: old, last. 2024: old, spring, and midnight, which was solved as the year was over; quick was solved."""
    backlog = row(found, "backlog")
    assert (backlog.now.value, backlog.before.value, backlog.status) == (2, 3, "ok")
    assert (backlog.now.interval, backlog.before.base) == (None, 3)
    assert {part.key: (part.now.value, part.before.value) for part in backlog.segments} == {
        "email": (2, 2), "chat": (0, 1),
    }  # fmt: skip
    assert {note.code: note.values["rows"] for note in backlog.notes if note.code == "solution_unknown"} == {
        "solution_unknown": 1
    }, "no_status"


# From 1 December 2023 to the end of 2025 and of 2024, from 31 December 12:00, from 1 March 2024 10:00.
AGES = {2025: [12 * HOUR, 762 * DAY], 2024: [DAY, 305 * DAY + 14 * HOUR, 397 * DAY]}


def test_their_ages(found: Barometer) -> None:
    """Halfway between 12 h and 762 days; of one day, 305 days and 14 h, and 397 days the one between.

    The ninth tenth of two lies 9/10 of the way from the one to the other; that of three 8/10 between the last two.
    """
    median, most = row(found, "backlog_age"), row(found, "backlog_age_p90")
    assert (median.now.value, median.before.value) == ((12 * HOUR + 762 * DAY) / 2, 305 * DAY + 14 * HOUR)
    assert most.now.value == pytest.approx(12 * HOUR + 0.9 * (762 * DAY - 12 * HOUR))
    second, third = AGES[2024][1:]
    assert most.before.value == pytest.approx(second + 0.8 * (third - second))
    assert (median.now.base, median.before.base, median.now.interval) == (2, 3, None)


def test_each_month_has_what_is_open_at_its_end(found: Barometer) -> None:
    """Old all the time; spring until June 2025; summer from June (June to August); last in December."""
    by_month = {month.month: measure.value for month, measure in row(found, "backlog").series}
    assert by_month == {1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2, 8: 2, 9: 1, 10: 1, 11: 1, 12: 2}
    ages = dict(row(found, "backlog_age").series)
    # November 30 is over 730 days after 1 December 2023.
    assert ages[date(2025, 11, 1)].value == 731 * DAY


def test_the_end_of_a_month_is_local() -> None:
    """The clock of Paris is one hour before UTC in winter, two in summer; the last day may be told in part."""
    ends = moments([Window(date(2025, 1, 1), date(2025, 7, 10))], "Europe/Paris", timedelta(hours=6))
    assert [end.instant for end in ends[:1]] == [datetime(2025, 1, 31, 23)]
    assert [(end.month, end.instant, end.closes) for end in ends[-2:]] == [
        (date(2025, 6, 1), datetime(2025, 6, 30, 22), False),
        (date(2025, 7, 1), datetime(2025, 7, 10, 16), True),
    ]


def test_a_source_without_times_of_solutions_bounds_the_figure(folder: Path) -> None:
    """Open: open. untimed was solved before 15 February: at the end of the year it may have been open."""
    table = """
    | contact_id | created_at          | channel | status | resolved_at         | reopens |
    | open       | 2025-11-01 00:00:00 | email   | open   |                     | 0       |
    | solved     | 2025-11-01 00:00:00 | email   | solved | 2025-11-02 00:00:00 | 0       |
    | untimed    | 2025-12-01 00:00:00 | email   | solved |                     | 0       |
    """
    result = computed(folder, {"contacts.csv": table}, request=ASKED)
    backlog, age = row(result, "backlog"), row(result, "backlog_age")
    assert (backlog.now.value, backlog.now.bounds) == (1, Interval(1, 2))
    # 61 days open; 31 days untimed.
    assert (age.now.value, age.now.bounds) == (61 * DAY, Interval(31 * DAY, 61 * DAY))
    texts = {note.code: note.values for note in backlog.notes}
    assert texts["bounds_stock"]["doubtful"] == texts["resolution_untimed"]["rows"] == 1


# Of each December: days from creation to the last solution (None: open still), and reopenings. 40 of each.
BEHAVIOUR: dict[str, tuple[float | None, int]] = {
    "quick": (1, 0), "slow": (9, 0), "waiting": (None, 0), "neglected": (None, 0), "reopened_at_once": (1, 1),
}  # fmt: skip
# What became of them in the next year: solved in January and in June.
LATER = BEHAVIOUR | {"waiting": (40.0, 0), "neglected": (180.0, 0)}


def decembers(later: Mapping[str, tuple[float | None, int]], before: int = 40) -> str:
    """Contacts of ten days from 20 December on, of 2024 and 2025, and one of each month that is solved at once."""
    lines = ["contact_id,created_at,channel,status,resolved_at,reopens"]
    for year, behaviour, number in ((2024, later, before), (2025, BEHAVIOUR, 40)):
        lines += [
            f"{year}-{n},{year}-{n:02}-01 10:00:00,email,solved,{year}-{n:02}-01 11:00:00,0" for n in range(1, 13)
        ]
        for name, (days, reopens) in behaviour.items():
            for place in range(number):
                begin = datetime(year, 12, 20 + place % 10, 10, place)
                solved = "" if days is None else str(begin + timedelta(days=days))
                status = "solved" if solved else "open"
                lines.append(f"{name}{year}{place},{begin},email,{status},{solved},{reopens}")
    return "\n".join(lines) + "\n"


# The end of 2025 in Paris.
END = datetime(2025, 12, 31, 23)


def test_what_comes_later_changes_no_stock(folder: Path) -> None:
    """Exported as 2025 is over: waiting and neglected are open, slow where they came after 22 December at 10:00.

    Of 40 slow ones 4 came on each day, those of 20, 21 and 22 December were solved by the end of 31: 28 are open.
    """
    found = computed(folder, {"contacts.csv": decembers(LATER)}, as_of=END, request=ASKED)
    backlog, age = row(found, "backlog"), row(found, "backlog_age")
    assert (backlog.now.value, backlog.before.value) == (108, 108), "40 + 40 + 28"
    assert (backlog.comparable, backlog.now.bounds) == (True, Interval(108, 108))
    assert backlog.change is not None
    assert (backlog.change.absolute, backlog.change.verdict) == (0, "none")
    for kpi in (age, row(found, "backlog_age_p90")):
        assert kpi.now == kpi.before
        assert kpi.comparable and kpi.change is not None and kpi.change.absolute == 0
    # Order statistics: those of ranks (from 1) of 108 ages.
    ranks = quantile_ranks(108, 0.5)
    assert ranks is not None and age.now.low is not None and age.now.high is not None
    assert age.now.low <= (age.now.value or 0) <= age.now.high


def test_one_that_was_closed_then_and_reopened_since_makes_no_change(folder: Path) -> None:
    """In June 2025 the 40 quick ones of 2024 were reopened and solved again: they look open at the end of 2024.

    2024: 108 + 40, of which the 40 may have been closed: between 108 and 148. 2025 has 108: nothing has changed.
    """
    text = decembers(LATER | {"quick": (180, 1)})
    found = computed(folder, {"contacts.csv": text}, as_of=END, request=ASKED)
    backlog, age = row(found, "backlog"), row(found, "backlog_age")
    assert (backlog.now.bounds, backlog.before.bounds) == (Interval(108, 108), Interval(108, 148))
    for kpi in (backlog, age):
        assert (kpi.comparison.reason, kpi.change) == ("stock_in_doubt", None)
        assert [note.values for note in kpi.notes if note.code == "stock_in_doubt"] == [{"previous": 2024}]
        now, before = kpi.now.bounds, kpi.before.bounds
        assert now is not None and before is not None
        assert before.low <= now.low <= now.high <= before.high, "the same behaviour lies in what is possible"


@pytest.mark.long
def test_a_change_that_no_reopening_explains_is_told(folder: Path) -> None:
    """2024 with 10 of each: 10 + 10 + 7 open, and 10 in doubt: between 27 and 37, and 2025 has 108."""
    text = decembers(LATER | {"quick": (180, 1)}, before=10)
    found = row(computed(folder, {"contacts.csv": text}, as_of=END, request=ASKED), "backlog")
    assert (found.before.bounds, found.before.value) == (Interval(27, 37), 37)
    assert found.change is not None and found.change.absolute == 108 - 37


@pytest.mark.long
def test_a_source_that_tells_no_reopenings_leaves_the_past_in_doubt(folder: Path) -> None:
    lines = [line.rpartition(",")[0] for line in decembers(LATER).splitlines()]
    found = row(computed(folder, {"contacts.csv": "\n".join(lines) + "\n"}, as_of=END, request=ASKED), "backlog")
    assert (found.now.bounds, found.before.bounds) == (Interval(108, 108), Interval(0, 108))
    assert found.comparison.reason == "stock_in_doubt"


def test_both_years_are_counted_at_the_same_hour(folder: Path) -> None:
    """Exported on 20 March 2025 at 12:00 in Paris: the year before is counted on 20 March 2024 at noon, too."""
    lines = ["contact_id,created_at,channel,status,resolved_at,reopens"]
    for year in (2024, 2025):
        lines += [f"morning{year},{year}-03-20 08:00:00,email,solved,{year}-03-20 11:00:00,0"]
        lines += [
            f"noon{year},{year}-03-20 11:00:00,email,{'open,' if year == 2025 else f'solved,{year}-03-20 18:00'},0"
        ]
        lines += [f"{year}{month},{year}-0{month}-01 10:00,email,solved,{year}-0{month}-02 10:00,0" for month in (1, 2)]
    lines += ["evening2024,2024-03-20 17:00:00,email,solved,2024-03-22 10:00:00,0"]
    content = "\n".join(lines) + "\n"
    found = computed(folder, {"contacts.csv": content}, as_of=datetime(2025, 3, 20, 11), request=ASKED)
    backlog, age = row(found, "backlog"), row(found, "backlog_age")
    assert (backlog.now.value, backlog.before.value) == (1, 1), "noon; evening came after noon"
    assert (age.now.value, age.before.value) == (HOUR, HOUR)
    assert backlog.comparable
    months = {month.month: measure.value for month, measure in backlog.series}
    assert months == {1: 0, 2: 0, 3: 1}


def test_exports_that_begin_with_the_year_before_lack_what_was_open(folder: Path) -> None:
    """One of January 2024 is open still at the end of 2025. None as old can be known of at the end of 2024."""
    lines = ["contact_id,created_at,channel,status,resolved_at,reopens", "never,2024-01-01 10:00:00,email,open,,0"]
    lines += [f"{year}-{month},{year}-{month:02}-28 10:00:00,email,solved,{year}-{month:02}-28 12:00:00,0"
              for year in (2024, 2025) for month in range(1, 13)]  # fmt: skip
    result = computed(folder, {"contacts.csv": "\n".join(lines) + "\n"}, as_of=END, request=ASKED)
    backlog = row(result, "backlog")
    assert (backlog.now.value, backlog.before.value) == (1, 1)
    assert (backlog.comparison.reason, backlog.change) == ("stock_reach", None)
    assert {note.code: dict(note.values) for note in backlog.notes} == {
        "stock_begins": {"source": "kpibar-contacts", "first": "2024-01-01"},
        "stock_reach": {"rows": 1, "previous": 2024},
    }


@pytest.mark.long
def test_a_year_without_the_source_has_no_stock(folder: Path) -> None:
    """Tickets from 2025 on beside calls of 2024: how many tickets were open in 2024 is not known, it is not none."""
    calls = """
    | line | datetime (utc)          | direction | answered | missed_call_reason | duration (total) | duration (in call) | call id |
    | Care | 2024-03-03 09:00:00 UTC | inbound   | Yes      |                    | 100              | 100                | 1       |
    """  # noqa: E501
    tickets = """
    | contact_id | created_at          | channel | status | resolved_at | reopens |
    | 1          | 2025-03-01 10:00:00 | email   | open   |             | 0       |
    """
    found = row(computed(folder, {"calls.csv": calls, "tickets.csv": tickets}, request=ASKED), "backlog")
    assert (found.now.value, found.before.value, found.before.reason) == (1, None, "no_source")


@pytest.mark.long
def test_a_source_that_ended_before_is_left_out(folder: Path) -> None:
    """Brand A's tool speaks up to June 2025: what is open there at the end of 2025 is not known."""
    first = """
    | contact_id | created_at          | channel | status | resolved_at | reopens |
    | a          | 2025-06-01 10:00:00 | email   | open   |             | 0       |
    """
    config = '[[files]]\nmatch = "a-*"\nbrand = "A"\n[[files]]\nmatch = "b-*"\nbrand = "B"\n'
    second = first.replace("| a   ", "| b   ")
    exports = {"a-2025-06-02.csv": first, "b-2026-01-31.csv": second}
    found = row(computed(folder, exports, config, as_of=None, request=replace(ASKED, by=("brand",))), "backlog")
    assert found.now.value == 1
    assert {part.key: part.now.value for part in found.segments} == {"B": 1}
    assert dict(found.series)[date(2025, 6, 1)].value == 1


OWN = """
[kpis.mine]
title = { en = "Chats open" }
kind = "stock"
from = "contacts"
date = "created_on"
where = "counted AND channel = 'chat'"
value = "resolution_s"
hit = "still_solved"
unit = "count"
better = "lower"
"""


def test_a_kpi_of_the_settings(place: Path, folder: Path) -> None:
    found = row(report(place, settings(folder, OWN), replace(ASKED, kpis=("mine",))), "mine")
    assert (found.now.value, found.before.value, found.now.bounds) == (0, 1, None), "midnight"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('from = "contacts"', 'from = "orders"', "from contacts"),
        ('"created_on"', '"as_of_on"', "a date"),
        ('hit = "still_solved"\n', "", 'needs "hit"'),
        ('value = "resolution_s"\n', "", 'needs "value"'),
    ],
)
def test_a_kpi_of_the_settings_that_is_no_stock_is_refused(folder: Path, old: str, new: str, words: str) -> None:
    text = OWN.replace(old, new).replace("\"counted AND channel = 'chat'\"", '"TRUE"')
    if "orders" in new:
        text = (
            text.replace("created_on", "ordered_on").replace("resolution_s", "lead_s").replace("still_solved", "late")
        )
    with pytest.raises(KpiInvalid, match=words):
        catalogue(settings(folder, text).settings)


def test_a_stock_is_no_part_of_a_ratio(folder: Path) -> None:
    text = """
    [kpis.mine]
    title = { en = "Open per order" }
    kind = "ratio"
    numerator = "backlog"
    denominator = "orders_placed"
    unit = "per_100"
    """
    with pytest.raises(KpiInvalid, match='"backlog" is not a count'):
        catalogue(settings(folder, text).settings)


def test_a_stock_is_written_and_read_back(found: Barometer, tmp_path: Path) -> None:
    text = to_json(found, NOW)
    content = json.loads(text)
    jsonschema.validate(content, SCHEMA)
    backlog, age, _ = content["kpis"]
    assert [kpi["estimator"] for kpi in content["kpis"]] == ["stock", "stock_age", "stock_age"]
    assert (backlog["value"], backlog["numerator"], backlog["denominator"]) == (2, 2, None)
    assert (age["value"], age["denominator"]) == ((12 * HOUR + 762 * DAY) / 2, 2)
    rows = [line for line in csv.DictReader(io.StringIO(to_csv(found))) if line["kpi"] == "backlog"]
    assert [line["value"] for line in rows if line["period"] == "2025" and line["segment"] == "all"] == ["2"]
    (tmp_path / "report.json").write_text(text, encoding="utf-8", newline="")
    read = read_report(tmp_path / "report.json")
    assert (read.to_json(), read.to_csv()) == (text, to_csv(found))
    for lang in ("en", "fr"):
        page = render(found, lang, Screen(width=80))
        assert render(read.barometer, lang, Screen(width=80)) == page
        assert max(map(len, page.splitlines())) <= 80


def test_few_open_contacts_do_not_circulate(found: Barometer) -> None:
    shared: Row = row(for_circulation(found), "backlog")
    assert (shared.now.value, shared.before.value, shared.now.bounds) == (None, None, None)
    assert all(part.now.value in (None, 0) for part in shared.segments)
    assert all(measure.value is None for _, measure in shared.series)


def test_bounds_of_a_quantile_hold_for_every_choice_of_the_doubtful() -> None:
    """All subsets of up to five doubtful ages, beside up to six that are certain."""
    numbers = numpy.random.default_rng(7)
    for _ in range(150):
        certain = numpy.sort(numbers.integers(0, 12, numbers.integers(0, 7)).astype(float))
        doubtful = numpy.sort(numbers.integers(0, 12, numbers.integers(1, 6)).astype(float))
        for fraction in (0.5, 0.9):
            possible = [
                numpy.quantile([*certain, *chosen], fraction)
                for count in range(len(doubtful) + 1)
                for chosen in itertools.combinations(doubtful, count)
                if len(certain) + count
            ]
            high = -lowest_quantile(-certain[::-1], -doubtful[::-1], 1 - fraction)
            assert lowest_quantile(certain, doubtful, fraction) <= min(possible)
            assert high >= max(possible)


def open_tickets(brand: str, count: int, created_at: str, channel: str = "email", more: str = "open,,0") -> str:
    """Lines of tickets of a brand that are open, or end as `more` says (status, resolved_at, reopens)."""
    return "".join(f"{brand}{created_at[:10]}{number},{created_at},{channel},{more}\n" for number in range(count))


HEADER = "contact_id,created_at,channel,status,resolved_at,reopens\n"


@pytest.mark.long
def test_the_moment_is_that_of_which_all_sources_tell(folder: Path) -> None:
    """Alpha is exported on 29 December, Beta in January: both count up to 29 December, 3 and 4 open contacts."""
    config = settings(
        folder, '[[files]]\nmatch = "alpha*"\nbrand = "Alpha"\n[[files]]\nmatch = "beta*"\nbrand = "Beta"\n'
    )
    days = ("2023-11-10 10:00:00", "2024-11-10 10:00:00")
    for brand, count, as_of in (("alpha", 3, datetime(2025, 12, 29, 20)), ("beta", 4, datetime(2026, 1, 10))):
        text = HEADER + "".join(open_tickets(brand, 1, day, more=f"solved,{day},0") for day in days)
        text += open_tickets(brand, count, "2025-06-10 10:00:00") + open_tickets(brand, 5, "2025-12-31 10:00:00")
        ingest_tables(folder, {f"{brand}.csv": text}, config, as_of)
    found = report(folder, config, ASKED)
    assert row(found, "backlog").now.value == 7
    assert "counted_until" in [note.code for note in row(found, "backlog").notes]


def test_segments_with_records_in_doubt_have_no_verdict(folder: Path) -> None:
    """2024: 10 e-mails and 10 chats open. 2025: 100 e-mails more, and 5 chats that may have been closed: 115 to 120."""
    text = HEADER + open_tickets("e", 10, "2024-06-01 10:00:00") + open_tickets("c", 10, "2024-06-01 10:00:00", "chat")
    text += open_tickets("e", 100, "2025-06-01 10:00:00")
    text += open_tickets("c", 5, "2025-06-01 10:00:00", "chat", "solved,2026-02-01 10:00:00,1")
    days = ["2022-01-01", *(f"{year}-{month:02}-05" for year in (2024, 2025) for month in range(1, 13))]
    text += "".join(open_tickets("z", 1, f"{day} 10:00:00", more=f"solved,{day} 11:00:00,0") for day in days)
    found = row(computed(folder, {"tickets.csv": text}, request=replace(ASKED, by=("channel",))), "backlog")
    assert (found.now.bounds, found.before.bounds) == (Interval(120, 125), Interval(20, 20))
    assert found.change is not None
    assert [part.change for part in found.segments] == [None, None]


@pytest.mark.long
def test_an_own_stock_of_records_without_a_day_has_no_figure(folder: Path) -> None:
    table = """
    | survey_id | kind | score | scale_min | scale_max | sent_at | answered_at         |
    | 1         | csat | 5     | 1         | 5         |         | 2025-03-03 11:00:00 |
    """
    more = OWN_STOCK + 'from = "surveys"\ndate = "sent_on"\nvalue = "1"\nhit = "answered"\n'
    found = computed(folder, {"surveys.csv": table, "tickets.csv": TICKETS}, more, request=Request(2025, ("mine",)))
    assert row(found, "mine").status == "not_available"


OWN_STOCK = '[kpis.mine]\ntitle = { en = "Mine" }\nkind = "stock"\nunit = "count"\n'
OF_CONTACTS = 'from = "contacts"\ndate = "created_on"\n'


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (OWN_STOCK + OF_CONTACTS + 'value = "resolution_s"\nhit = "solved"\nmaturity_days = 3\n', "no maturity_days"),
        (
            OWN_STOCK.replace('"stock"', '"count"') + OF_CONTACTS + 'gate = "backlog"\n',
            '"backlog" is not a share of rows',
        ),
    ],
)
def test_what_an_own_kpi_cannot_have_is_refused(folder: Path, entries: str, words: str) -> None:
    with pytest.raises(KpiInvalid, match=words):
        catalogue(settings(folder, entries).settings)
