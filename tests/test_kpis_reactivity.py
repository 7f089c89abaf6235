"""Reactivity KPIs: first replies, the never answered, resolution times."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.measure.report import Barometer
from tests.support import EVERY, computed, fraction, row

NOON = datetime(2025, 3, 20, 12, 0)
# Exported on 20 March 2025 at 13:00 in Paris. Targets: e-mail 86,400 s, chat 60 s.
CONTACTS = """
| contact_id | created_at          | channel | spam | first_human_reply_at | first_bot_reply_at  | bot_involved | resolved_at         |
| two_hours  | 2025-03-01 10:00:00 | email   | no   | 2025-03-01 12:00:00  |                     | no           |                     |
| in_time    | 2025-03-01 10:00:00 | email   | no   | 2025-03-02 10:00:00  |                     | no           |                     |
| too_late   | 2025-03-01 10:00:00 | email   | no   | 2025-03-02 10:00:01  |                     | no           |                     |
| chat_60    | 2025-03-02 10:00:00 | chat    | no   | 2025-03-02 10:01:00  |                     | no           |                     |
| chat_61    | 2025-03-02 10:00:00 | chat    | no   | 2025-03-02 10:01:01  |                     | no           |                     |
| silence    | 2025-03-02 10:00:00 | email   | no   |                      |                     | no           |                     |
| bot_only   | 2025-03-05 10:00:00 | email   | no   |                      | 2025-03-05 10:00:05 | yes          |                     |
| bot_solved | 2025-03-02 10:00:00 | chat    | no   |                      | 2025-03-02 10:00:05 | yes          | 2025-03-02 10:05:00 |
| one_hour   | 2025-03-06 10:00:00 | email   | no   | 2025-03-06 11:00:00  |                     | no           |                     |
| not_due    | 2025-03-20 11:00:00 | email   | no   |                      |                     | no           |                     |
| chat_due   | 2025-03-20 11:00:00 | chat    | no   |                      |                     | no           |                     |
| spam       | 2025-03-01 10:00:00 | email   | yes  |                      |                     | no           |                     |
| call       | 2025-03-01 10:00:00 | phone   | no   |                      |                     | no           |                     |
"""  # noqa: E501


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    return computed(tmp_path_factory.mktemp("reactivity"), {"contacts.csv": CONTACTS}, as_of=NOON, request=EVERY)


def test_first_replies(found: Barometer) -> None:
    answered = row(found, "frt_median_answered").now
    assert (answered.value, answered.base) == (5400, 6), "60 61 3600 | 7200 86400 86401: between 3600 and 7200"
    assert fraction(found, "reply_within") == (4, 9), (
        "two_hours in_time chat_60 one_hour, out of all written but spam, not_due and bot_solved"
    )


def test_first_replies_with_those_that_wait(found: Barometer) -> None:
    """Waiting: not_due and chat_due two hours, bot_only 15 days and 3 h, silence 18 days and 3 h; without bot_solved.

    After 60, 61, 3,600 and 7,200 s 9, 8, 7 and 6 of ten wait. Of the other four (not_due and chat_due are seen no
    longer) one is answered at 86,400 s: 6/10 x 3/4 = 0.45 wait. At 86,401 s 6/10 x 2/4 = 0.3 wait, and no more is seen.
    """
    first = row(found, "frt_median").now
    assert (first.value, first.numerator, first.denominator) == (86_400, 6, 10), "0.6 wait before it, 0.45 after it"
    most = row(found, "frt_p90")
    assert (most.now.value, most.status, most.reason) == (None, "not_reached", "not_reached"), "0.3 wait, not 0.1"
    assert (most.now.low, most.now.high) == (18 * 86_400 + 3 * 3600, None), "silence waits longest"


def test_never_answered_waits_until_contacts_are_14_days_old(found: Barometer) -> None:
    """Mature on 20 March: created before 6 March. A bot's answer is none, a bot's solution is one."""
    assert fraction(found, "unanswered") == (2, 8), "silence and bot_only"
    assert row(found, "unanswered").now.immature == 3, "one_hour not_due chat_due"
    assert [note.code for note in row(found, "unanswered").notes] == ["immature"]


ZENDESK = """
| Id | Created at       | Solved at        | Updated at       | Via  | Status | Group stations | Replies | First reply time in minutes | Full resolution time in minutes | Reopens | Tags            |
| 1  | 2025-03-03 10:00 | 2025-03-03 12:00 | 2025-03-03 12:00 | Mail | Closed | 1              | 1       | 30                          | 120                             | 0       |                 |
| 2  | 2025-03-03 10:00 | 2025-03-03 10:10 | 2025-03-03 10:10 | Mail | Solved | 1              | 0       | 0                           | 10                              | 0       |                 |
| 3  | 2025-03-03 10:00 | 2025-03-04 10:00 | 2025-03-04 10:00 | Chat | Solved | 2              | 3       | 0                           | 1440                            | 1       |                 |
| 4  | 2025-03-03 10:00 |                  | 2025-03-03 10:00 | Mail | Open   | 1              | 0       |                             |                                 | 0       |                 |
| 5  | 2025-03-03 10:00 | 2025-03-03 10:01 | 2025-03-03 10:01 | Mail | Closed | 1              | 0       |                             | 1                               | 0       | closed_by_merge |
| 6  | 2025-03-03 10:00 | 2025-03-03 10:01 | 2025-03-03 10:01 | Mail | Closed | 1              | 0       |                             | 1                               | 0       | spam            |
| 7  | 2025-03-03 10:00 | 2025-03-03 10:05 | 2025-03-03 10:05 | Rule | Closed | 1              | 0       |                             | 5                               | 0       |                 |
| 8  | 2025-03-03 10:00 | 2025-03-03 10:07 | 2025-03-03 10:07 | Phone call (inbound) | Closed | 1 | 0     |                             | 7                               | 0       |                 |
"""  # noqa: E501


@pytest.fixture(scope="module")
def zendesk(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    return computed(tmp_path_factory.mktemp("zendesk"), {"tickets.csv": ZENDESK}, request=EVERY)


@pytest.mark.long
def test_zendesk_zero_without_a_reply_is_a_blank(zendesk: Barometer) -> None:
    """Ticket 2 was closed without a reply and its 0 is a blank; the 0 of chat 3 was measured."""
    answered = row(zendesk, "frt_median_answered").now
    assert (answered.value, answered.base) == (900, 2), "1,800 s and 0 s"
    first = row(zendesk, "frt_median").now
    assert (first.value, first.base) == (1800, 4), "after 0 s 3/4 wait, after 1,800 s 2/4; 2 and 4 wait still"
    assert fraction(zendesk, "reply_within") == (2, 4), "1 and 3 of 1 2 3 4"
    assert fraction(zendesk, "unanswered") == (2, 4), "2 and 4"


def test_resolution_of_closed_written_contacts(zendesk: Barometer) -> None:
    closed = row(zendesk, "resolution_median_closed").now
    assert (closed.value, closed.base) == (7200, 3), "600 7200 86400 s: no merged, spam, machine-made, phone, open"
    solved = row(zendesk, "resolution_median").now
    assert (solved.value, solved.base) == (7200, 4), "3/4 open after 600 s, 2/4 after 7,200 s; 4 is open still"
    most = row(zendesk, "resolution_p90")
    assert (most.now.value, most.status) == (None, "not_reached"), "1/4 is open after 86,400 s, not 1/10"
    assert most.now.low == 349 * 86_400 + 3 * 3600, "4: 3 March 2025 10:00 to 15 February 2026 13:00"


@pytest.mark.long
def test_a_contact_reopened_and_still_open_is_not_resolved(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | status | resolved_at         |
    | solved     | 2025-03-01 10:00:00 | email   | solved | 2025-03-01 11:00:00 |
    | reopened   | 2025-03-01 10:00:00 | email   | open   | 2025-03-01 10:01:00 |
    | no_status  | 2025-03-01 10:00:00 | email   |        | 2025-03-01 12:00:00 |
    """
    found = computed(folder, {"contacts.csv": table}, request=EVERY)
    closed = row(found, "resolution_median_closed").now
    assert (closed.value, closed.base) == (5400, 2), "3,600 and 7,200 s"
    solved = row(found, "resolution_median").now
    assert (solved.value, solved.base) == (7200, 3), "2/3 open after 3,600 s, 1/3 after 7,200 s; reopened is open"


@pytest.mark.long
def test_a_median_is_bounded_by_order_statistics(folder: Path) -> None:
    """Ten replies after 1 to 10 minutes: P(B(10, ½) <= 1) = 11/1024 < 2.5 %, so ranks 2 and 9 bound the median.

    On the curve 5/10 wait after five minutes. |ln(-ln S) - ln(-ln ½)| is 1.884 at S = 9/10, within 1.96 standard errors
    (1.961), 0.552 at 3/10, within 0.786, and 0.842 at 2/10, outside 0.770: from the first minute to the eighth.
    """
    lines = [f"{n},2025-03-01 10:00:00,email,{n * 60}" for n in range(1, 11)]
    content = "\n".join(["contact_id,created_at,channel,first_reply_s", *lines]) + "\n"
    found = computed(folder, {"contacts.csv": content}, request=EVERY)
    answered = row(found, "frt_median_answered").now
    assert (answered.value, answered.low, answered.high) == pytest.approx((330, 120, 540), abs=0.001)
    first = row(found, "frt_median").now
    assert (first.value, first.low, first.high) == (300, 60, 480)


@pytest.mark.long
def test_targets_of_the_settings(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": CONTACTS}, "[thresholds]\nreply_target_chat_s = 61\n", as_of=NOON)
    assert fraction(found, "reply_within") == (5, 9), "chat_61 is now in time"
