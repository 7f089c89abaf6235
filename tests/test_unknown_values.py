"""What is unknown falls out of no figure without a word: empty channels, statuses, waits, bots that tell little."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.compute import population
from kpibar.measure.report import Barometer
from kpibar.render.terminal import Screen, render
from tests.support import EVERY, computed, facts, fraction, ingest_tables, row, settings

SUMMER = datetime(2025, 6, 1, 12, 0)


KNOWN = catalogue(Settings())


def notes(found: Barometer, kpi: str) -> dict[str, Any]:
    return {note.code: note.values["rows"] for note in row(found, kpi).notes if note.code in KNOWN.get(kpi).notes}


# Replies after 1 2 3 h and one missing, solves after 2 4 6 h. Two have no channel, one of them no status either.
CHANNELS = """
| contact_id | created_at          | channel | first_human_reply_at | resolved_at         | status |
| mail       | 2025-03-01 10:00:00 | email   | 2025-03-01 11:00:00  | 2025-03-01 12:00:00 | closed |
| nothing    | 2025-03-01 10:00:00 |         | 2025-03-01 12:00:00  | 2025-03-01 14:00:00 | closed |
| bare       | 2025-03-01 10:00:00 |         | 2025-03-01 13:00:00  | 2025-03-01 16:00:00 |        |
| silence    | 2025-03-01 10:00:00 |         |                      |                     | open   |
| call       | 2025-03-01 10:00:00 | phone   |                      | 2025-03-01 10:05:00 | closed |
"""


@pytest.mark.long
def test_a_contact_without_a_channel_is_written(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": CHANNELS}, as_of=SUMMER, request=EVERY)
    replied, solved = row(found, "frt_median_answered").now, row(found, "resolution_median_closed").now
    assert (replied.value, replied.base) == (7200, 3), "1 2 3 h: mail nothing bare"
    assert (solved.value, solved.base) == (14_400, 3), "2 4 6 h: mail nothing bare"
    replied, solved = row(found, "frt_median").now, row(found, "resolution_median").now
    assert (replied.value, replied.base) == (7200, 4), "with silence 3/4 wait after 1 h, 2/4 after 2 h"
    assert (solved.value, solved.base) == (14_400, 4), "with silence 3/4 are open after 2 h, 2/4 after 4 h"
    assert fraction(found, "reply_within") == (3, 4), "all but silence, whose target is that of other channels"
    assert fraction(found, "unanswered") == (1, 4), "silence"
    assert notes(found, "frt_median") == {"channel_unknown": 3}, "nothing bare silence"
    assert notes(found, "unanswered") == {"channel_unknown": 3}
    assert notes(found, "resolution_median") == {"channel_unknown": 3}, "nothing bare silence"
    assert notes(found, "channel_mix") == {"channel_missing": 3}
    said = render(found, "en", Screen())
    assert "Contacts without a channel, counted as written: First reply (median) 3" in said
    assert "Contacts without a channel, left out: Channel mix 3" in said


CALLS = """
| contact_id | created_at          | channel | queued | answered | abandoned | wait_s | first_reply_s |
| call       | 2025-03-03 10:00:00 |         | yes    | yes      | no        | 10     |               |
| gone       | 2025-03-03 10:00:00 |         | yes    | no       | yes       | 60     |               |
| unqueued   | 2025-03-03 10:00:00 | phone   |        | yes      |           | 5      |               |
| mail       | 2025-03-03 10:00:00 |         |        |          |           |        | 3600          |
"""


@pytest.mark.long
def test_a_contact_without_a_channel_is_a_call_when_it_was_queued_or_answered(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": CALLS}, as_of=SUMMER)
    assert fraction(found, "answer_rate") == (1, 2), "call, of call and gone"
    assert fraction(found, "unanswered") == (0, 1), "mail; a call awaits no written reply"
    assert notes(found, "answer_rate") == {"queue_unknown": 1}, "unqueued was answered; nothing says from which queue"


# The target is 20 s.
WAITS = """
| contact_id | created_at          | channel | queued | answered | abandoned | short_abandon | wait_s |
| in_time    | 2025-03-03 10:00:00 | phone   | yes    | yes      | no        |               | 10     |
| taken      | 2025-03-03 10:00:00 | phone   | yes    | yes      |           |               |        |
| let_down   | 2025-03-03 10:00:00 | phone   | yes    | no       | no        |               |        |
| hung_up    | 2025-03-03 10:00:00 | phone   | yes    | no       | yes       |               |        |
| at_once    | 2025-03-03 10:00:00 | phone   | yes    | no       | yes       | yes           |        |
| quick      | 2025-03-03 10:00:00 | phone   | yes    | no       | yes       |               | 19     |
| missed     | 2025-03-03 10:00:00 | phone   | yes    |          | yes       |               | 60     |
| no_word    | 2025-03-03 10:00:00 | phone   | yes    |          |           |               | 60     |
| maybe      | 2025-03-03 10:00:00 | phone   | yes    | no       |           |               | 60     |
"""


@pytest.mark.long
def test_a_call_nobody_answered_missed_the_service_level_whatever_its_wait(folder: Path) -> None:
    found = computed(folder, {"calls.csv": WAITS}, as_of=SUMMER)
    assert fraction(found, "service_level") == (1, 5), "in_time, of in_time let_down hung_up missed maybe"
    assert notes(found, "service_level") == {"wait_unknown": 1, "answer_unknown": 1}, "taken; no_word"
    assert fraction(found, "answer_rate") == (2, 8), "in_time taken, of all but no_word: who hung up was not answered"
    assert notes(found, "answer_rate") == {"answer_unknown": 1}
    assert fraction(found, "abandon_rate") == (4, 7), "hung_up at_once quick missed; taken was answered, so not"
    assert notes(found, "abandon_rate") == {"abandon_unknown": 2}, "no_word maybe"
    assert fraction(found, "asa") == (10, 1)
    assert notes(found, "asa") == {"wait_unknown": 1}


@pytest.mark.long
def test_when_no_answered_call_has_a_wait_the_report_says_why_there_is_no_figure(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | queued | answered | wait_s |
    | 1          | 2025-03-03 10:00:00 | phone   | yes    | yes      |        |
    """
    found = computed(folder, {"calls.csv": table}, as_of=SUMMER)
    assert row(found, "service_level").status == "not_available"
    assert "calls left out, as their waiting time is unknown: 1" in render(found, "en", Screen())


# No column bot_involved: what happened tells it. Only `left` and `handed` and `open` are never answered.
BOTS = """
| contact_id | created_at          | channel | first_bot_reply_at  | first_reply_at      | first_human_reply_at | bot_handed_off_at   | abandoned | status | resolved_at         | agent_replies | customer |
| solved     | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                     |                      |                     |           | solved | 2025-03-01 09:05:00 |               | a@x.fr   |
| closed     | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 | 2025-03-01 09:00:02 |                      |                     | no        | closed |                     |               | b@x.fr   |
| left       | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                     |                      |                     | yes       | closed | 2025-03-01 09:05:00 |               | c@x.fr   |
| handed     | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                     |                      | 2025-03-01 09:01:00 |           | open   |                     |               | d@x.fr   |
| open       | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                     |                      |                     |           | open   | 2025-03-01 09:05:00 |               | e@x.fr   |
| person     | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 | 2025-03-01 09:00:02 | 2025-03-01 10:00:00  | 2025-03-01 09:01:00 |           | solved | 2025-03-01 11:00:00 |               | f@x.fr   |
| counted    | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                     |                      | 2025-03-01 09:01:00 |           | open   |                     | 2             | g@x.fr   |
| mail       | 2025-03-01 09:00:00 | email   |                     | 2025-03-01 09:30:00 |                      |                     |           | solved | 2025-03-01 10:00:00 |               | h@x.fr   |
"""  # noqa: E501


def test_a_bot_alone_answers_and_a_bot_that_was_left_does_not(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": BOTS}, as_of=SUMMER, request=EVERY)
    assert fraction(found, "unanswered") == (3, 8), "left handed open"
    answered = row(found, "frt_median_answered").now
    assert (answered.value, answered.base) == (2700, 2), "person after an hour, mail after half of one; no bot"
    first = row(found, "frt_median").now
    assert (first.value, first.numerator, first.base) == (None, 2, 5), "left handed open wait: 3/5, not 1/2"
    assert first.low == 92 * 86_400 + 4 * 3600, "1 March 09:00 to 1 June 14:00, clocks one hour ahead"
    assert fraction(found, "reply_within") == (1, 5), "mail, of person mail left handed open: 60 s for chats"
    assert notes(found, "reply_within") == {"reply_untimed": 1}, "counted: two replies at an unknown time"
    assert fraction(found, "fcr_window") == (5, 8), "nobody came back; left handed open were not resolved"
    assert fraction(found, "ocr") == (5, 8)


@pytest.mark.long
def test_where_nothing_is_said_of_solving_a_bots_reply_is_an_answer(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | first_bot_reply_at  | first_human_reply_at | first_reply_s | escalated | abandoned |
    | bot        | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                      | 2             |           |           |
    | escalated  | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                      |               | yes       |           |
    | quit       | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 |                      |               |           | yes       |
    | silence    | 2025-03-01 09:00:00 | chat    |                     |                      |               |           |           |
    | person     | 2025-03-01 09:00:00 | chat    | 2025-03-01 09:00:02 | 2025-03-01 09:00:40  | 40            |           |           |
    """  # noqa: E501
    found = computed(folder, {"contacts.csv": table}, as_of=SUMMER, request=EVERY)
    assert fraction(found, "unanswered") == (3, 5), "escalated quit silence"
    answered = row(found, "frt_median_answered").now
    assert (answered.value, answered.base) == (40, 1), "2 s is the bot's"
    assert fraction(found, "frt_median") == (1, 4), "person, of it and escalated quit silence"
    assert row(found, "frt_median").status == "not_reached", "3/4 wait"


@pytest.mark.long
def test_a_closing_date_is_a_resolution_where_there_is_no_other(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | closed_at           | status |
    | closed     | 2025-03-01 10:00:00 | email   | 2025-03-01 12:00:00 |        |
    | stated     | 2025-03-01 10:00:00 | email   | 2025-03-01 11:00:00 | closed |
    | reopened   | 2025-03-01 10:00:00 | email   | 2025-03-01 11:00:00 | open   |
    | undated    | 2025-03-01 10:00:00 | email   |                     | closed |
    | no_word    | 2025-03-01 10:00:00 | email   |                     |        |
    | call       | 2025-03-01 10:00:00 | phone   | 2025-03-01 10:03:00 |        |
    """
    found = computed(folder, {"contacts.csv": table}, as_of=SUMMER, request=EVERY)
    done = row(found, "resolution_median_closed").now
    assert (done.value, done.base) == (5400, 2), "2 h and 1 h: closed and stated"
    solved = row(found, "resolution_median").now
    assert (solved.value, solved.base) == (7200, 3), "2/3 open after 1 h, 1/3 after 2 h: reopened is open"
    assert notes(found, "resolution_median") == {"resolution_untimed": 1, "solution_unknown": 1}


@pytest.mark.long
def test_reopenings_and_transfers_nobody_noted_are_counted(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | status | reopens | transfers |
    | once       | 2025-03-01 10:00:00 | email   | solved | 1       | 0         |
    | uncounted  | 2025-03-01 10:00:00 | email   | solved |         |           |
    | no_status  | 2025-03-01 10:00:00 | email   |        | 0       | 1         |
    """
    found = computed(folder, {"contacts.csv": table}, as_of=SUMMER)
    assert (fraction(found, "reopen_rate"), fraction(found, "transfer_rate")) == ((1, 1), (1, 2))
    assert notes(found, "reopen_rate") == {"reopens_unknown": 1, "solution_unknown": 1}
    assert notes(found, "transfer_rate") == {"transfers_unknown": 1}


def test_answers_on_an_unknown_scale_or_of_an_unknown_kind_are_counted(folder: Path) -> None:
    """Of 100 the top begins at three quarters of the scale: without its bottom, 80 may be either."""
    table = """
    | survey_id | kind | scale_min | scale_max | score | answered_at         |
    | top       | csat | 0         | 100       | 80    | 2025-03-02 10:00:00 |
    | no_bottom | csat |           | 100       | 80    | 2025-03-02 10:00:00 |
    | no_scale  | csat |           |           | 5     | 2025-03-02 10:00:00 |
    | five      | csat |           | 5         | 4     | 2025-03-02 10:00:00 |
    | kindless  |      | 0         | 10        | 9     | 2025-03-02 10:00:00 |
    | nps       | nps  | 0         | 10        | 9     | 2025-03-02 10:00:00 |
    """
    found = computed(folder, {"surveys.csv": table}, as_of=SUMMER)
    assert fraction(found, "csat") == (2, 2), "top and five"
    assert notes(found, "csat") == {"scale_unknown": 2, "kind_unknown": 1}
    assert notes(found, "nps") == {"kind_unknown": 1}


CHOICES: dict[str, tuple[str, ...]] = {
    "channel": ("", "phone", "email", "chat", "other"),
    "direction": ("", "inbound", "outbound"),
    "status": ("", "open", "solved", "closed"),
    "queued": ("", "yes", "no"),
    "answered": ("", "yes", "no"),
    "abandoned": ("", "yes", "no"),
    "short_abandon": ("", "yes", "no"),
    "in_hours": ("", "yes", "no"),
    "wait_s": ("", "0", "30"),
    "spam": ("", "yes", "no"),
    "automated": ("", "no"),
    "bot_involved": ("", "yes", "no"),
    "escalated": ("", "yes", "no"),
    "reopens": ("", "0", "1"),
    "transfers": ("", "0", "1"),
    "agent_replies": ("", "0", "2"),
    "first_reply_s": ("", "60"),
    "first_bot_reply_at": ("", "2025-03-01 10:00:02"),
    "resolved_at": ("", "2025-03-01 11:00:00"),
    "closed_at": ("", "2025-03-01 12:00:00"),
    "customer": ("", "a@x.fr", "b@x.fr"),
    "reason_raw": ("", "Retour", "Où est ma commande"),
    "order_ref": ("", "90001", "90002", "90003"),
}
ORDERS = """
| order_ref | ordered_at          | cancelled_at        |
| 90001     | 2025-02-20 10:00:00 |                     |
| 90002     | 2025-02-20 10:00:00 | 2025-02-21 10:00:00 |
| 90004     | 2025-02-20 10:00:00 |                     |
"""
PARCELS = """
| parcel_id | order_ref | carrier | promised_from       | promised_to         | promise_kind | attempts | first_attempt_at    | delivered_at        | status    |
| p1        | 90001     | Fast    | 2025-02-25 08:00:00 | 2025-02-25 10:00:00 | slot         | 1        |                     | 2025-02-25 09:00:00 |           |
| p2        | 90002     |         |                     | 2025-02-25          |              |          |                     |                     |           |
| p3        |           | Slow    |                     |                     |              |          | 2025-02-25 09:00:00 | 2025-02-26 09:00:00 | delivered |
| p4        | 90005     | Slow    | 2025-02-25 08:00:00 | 2025-02-27 10:00:00 |              | 2        |                     |                     | cancelled |
"""  # noqa: E501
SURVEYS = """
| survey_id | kind | scale_min | scale_max | score | sent_at             | answered_at         |
| 1         | csat |           |           | 5     | 2025-03-02 10:00:00 | 2025-03-02 10:00:00 |
| 2         |      |           | 9         | 5     | 2025-03-02 10:00:00 |                     |
| 3         | nps  |           |           |       | 2025-03-02 10:00:00 |                     |
"""
# What may be unknown, so that a fragment over it must say what that means.
NULLABLE = {"answered", "abandoned", "bot_involved", "order_late", "lost"}
# These repeat the cells of the records, unknown ones too. No KPI reads them: fact_contacts decides what they stand for.
AS_LOGGED = "('fact_calls', 'fact_call_facts', 'fact_records', 'fact_profiles')"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contacts that lack this or that: every column is empty in some rows."""
    draw = random.Random(20_250_301)
    lines = [f"c{n},2025-03-01 10:00:00,{','.join(map(draw.choice, CHOICES.values()))}" for n in range(3000)]
    content = "\n".join([f"contact_id,created_at,{','.join(CHOICES)}", *lines]) + "\n"
    folder = tmp_path_factory.mktemp("unknown")
    exports = {"contacts.csv": content, "o.csv": ORDERS, "p.csv": PARCELS, "s.csv": SURVEYS}
    ingest_tables(folder, exports, settings(folder), SUMMER)
    return folder


@pytest.mark.long
def test_no_flag_of_a_fact_table_is_unknown(database: Path) -> None:
    flags = facts(
        database,
        "SELECT table_name, column_name FROM information_schema.columns "
        f"WHERE table_name LIKE 'fact_%' AND table_name NOT IN {AS_LOGGED} AND data_type = 'BOOLEAN'",
    )
    assert len(flags) > 20
    wrong = [
        (table, flag)
        for table, flag in flags
        if flag not in NULLABLE and facts(database, f"SELECT count(*) FROM {table} WHERE {flag} IS NULL") != [(0,)]
    ]
    assert wrong == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("kpi", [kpi for kpi in catalogue(Settings()).kpis if kpi.from_table], ids=lambda kpi: kpi.id)
def test_each_row_is_in_or_out_of_a_kpi_hit_or_not(kpi: Any, database: Path) -> None:
    rows, undecided = facts(
        database, f"SELECT count(*), count(*) FILTER (WHERE ({population(kpi)}) IS NULL) FROM fact_{kpi.from_table}"
    )[0]
    assert rows > 0 and undecided == 0
    for fragment in filter(None, (kpi.hit, kpi.against)):
        counted = f"SELECT count(*) FROM fact_{kpi.from_table} WHERE ({population(kpi)}) AND ({fragment}) IS NULL"
        assert facts(database, counted) == [(0,)], fragment
    for code, rows_left_out in kpi.notes.items():
        counted = f"SELECT count(*) FROM fact_{kpi.from_table} WHERE ({rows_left_out}) IS NULL"
        assert facts(database, counted) == [(0,)], code
