"""Voice of the customer: satisfaction, recommendation, response."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support import EVERY, computed, fraction, row

ANSWERS = """
| survey_id | kind | scale_min | scale_max | score | sent_at             | answered_at          |
| s1_top    | csat | 0         | 1         | 1     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s1_low    | csat | 0         | 1         | 0     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s3_top    | csat | 1         | 3         | 3     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s3_low    | csat | 1         | 3         | 2     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s5_top    | csat | 1         | 5         | 4     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s5_low    | csat | 1         | 5         | 3     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s7_top    | csat | 1         | 7         | 6     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s7_low    | csat | 1         | 7         | 5     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s10_top   | csat | 1         | 10        | 8     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| s10_low   | csat | 1         | 10        | 7     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
| silent    | csat | 1         | 5         |       | 2025-03-01 10:00:00 |                      |
| last_year | csat | 1         | 5         | 5     | 2024-12-31 10:00:00 | 2024-12-31T22:30:00Z |
| this_year | csat | 1         | 5         | 5     | 2024-12-31 10:00:00 | 2024-12-31T23:30:00Z |
| effort    | ces  | 1         | 7         | 7     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00  |
"""


def test_satisfied_are_the_upper_boxes_of_each_scale(folder: Path) -> None:
    """The neutral stay in the base, the silent do not; an answer belongs to its day in Paris."""
    found = computed(folder, {"surveys.csv": ANSWERS})
    assert found.edition.year == 2025
    assert fraction(found, "csat") == (6, 11), "five tops and this_year, out of ten and this_year"
    assert row(found, "csat").before.denominator == 1, "last_year"


def test_nps(folder: Path) -> None:
    table = """
    | survey_id | kind | score | answered_at         |
    | 1         | nps  | 0     | 2025-03-02 10:00:00 |
    | 2         | nps  | 6     | 2025-03-02 10:00:00 |
    | 3         | nps  | 7     | 2025-03-02 10:00:00 |
    | 4         | nps  | 8     | 2025-03-02 10:00:00 |
    | 5         | nps  | 9     | 2025-03-02 10:00:00 |
    | 6         | nps  | 10    | 2025-03-02 10:00:00 |
    | 7         | nps  | 10    | 2025-03-02 10:00:00 |
    | 8         | nps  |       |                     |
    | 9         | enps | 0     | 2025-03-02 10:00:00 |
    | 10        | nps  | 9     | 2025-03-02 10:00:00 |
    """
    found = computed(folder, {"surveys.csv": table})
    assert fraction(found, "nps") == (2, 8), "9 9 10 10 against 0 6; 7 and 8 only in the base; staff are not customers"
    assert row(found, "nps").now.value == 25


@pytest.mark.long
def test_a_score_seen_in_the_ticket_and_in_the_ratings_counts_once(folder: Path) -> None:
    """Ticket 1 was rated Bad, later Good: its rating says so and wins. Ticket 2 is only known from the tickets."""
    tickets = """
    | Id | Created at       | Solved at        | Via  | Group stations | Full resolution time in minutes | Satisfaction Score |
    | 1  | 2025-03-03 10:00 | 2025-03-03 12:00 | Mail | 1              | 120                             | Bad                |
    | 2  | 2025-03-03 10:00 | 2025-03-03 12:00 | Mail | 1              | 120                             | Good with comment  |
    | 3  | 2025-03-03 10:00 | 2025-03-03 12:00 | Mail | 1              | 120                             | Offered            |
    | 4  | 2025-03-03 10:00 | 2025-03-03 12:00 | Mail | 1              | 120                             | Not offered        |
    """  # noqa: E501
    ratings = """
    | id  | ticket_id | requester_id | score              | created_at           | updated_at           |
    | 901 | 1         | 77           | good with comment  | 2025-03-03T12:00:00Z | 2025-03-04T12:00:00Z |
    """
    found = computed(folder, {"tickets.csv": tickets, "ratings.csv": ratings})
    assert fraction(found, "csat") == (2, 2)


RESPONSES = """
| survey_id | kind | score | sent_at             | answered_at         |
| yes1      | nps  | 9     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| yes2      | nps  | 3     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| no        | nps  |       | 2025-03-01 10:00:00 |                     |
| young     | nps  |       | 2025-03-10 10:00:00 |                     |
"""
ANSWERS_ONLY = """
| survey_id | kind | score | sent_at             | answered_at         |
| 1         | nps  | 9     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| 2         | nps  | 9     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
"""


@pytest.mark.long
def test_response_rate(folder: Path) -> None:
    """Exported on 20 March: an invitation of 10 March may still be answered. The second tool exports answers only."""
    files = '[[files]]\nmatch = "other-*"\nbrand = "Other"\n'
    exports = {"surveys.csv": RESPONSES, "other-surveys.csv": ANSWERS_ONLY}
    found = computed(folder, exports, files, as_of=datetime(2025, 3, 20, 12, 0))
    assert fraction(found, "response_rate") == (2, 3), "yes1 yes2 no"
    assert row(found, "response_rate").now.immature == 1
    assert fraction(found, "nps") == (2, 4), "three promoters, one detractor: the answers count all the same"


def test_response_rate_of_each_kind_of_survey(folder: Path) -> None:
    csat = "| rated     | csat | 5     | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |\n"
    csat += "| silent    | csat |       | 2025-03-01 10:00:00 |                     |\n"
    found = computed(folder, {"surveys.csv": RESPONSES + csat}, as_of=datetime(2025, 3, 20, 12, 0), request=EVERY)
    parts = {name: fraction(found, name) for name in ("response_rate", "nps_response_rate", "csat_response_rate")}
    assert parts == {"response_rate": (3, 5), "nps_response_rate": (2, 3), "csat_response_rate": (1, 2)}


# Ticket 1: asked on the 1st, reminded on the 8th and the 20th, answered on the 10th. Ticket 2: asked, reminded, never
# answered. Ticket 3: the reminder was answered, on the 16th day. Ticket 4: asked again after 15 days, answered then.
# Ticket 5: asked for two kinds of survey. Two messages name no ticket. Ticket 6: the answer is a row of its own.
REMINDED = """
| survey_id | kind | scale_min | scale_max | score | contact_id | sent_at             | answered_at         |
| 1a        | csat | 1         | 5         |       | 1          | 2025-03-01 10:00:00 |                     |
| 1b        | csat | 1         | 5         | 5     | 1          | 2025-03-08 10:00:00 | 2025-03-10 10:00:00 |
| 1c        | csat | 1         | 5         |       | 1          | 2025-03-20 10:00:00 |                     |
| 2a        | csat | 1         | 5         |       | 2          | 2025-03-01 10:00:00 |                     |
| 2b        | csat | 1         | 5         |       | 2          | 2025-03-15 10:00:00 |                     |
| 3a        | csat | 1         | 5         |       | 3          | 2025-03-01 10:00:00 |                     |
| 3b        | csat | 1         | 5         | 1     | 3          | 2025-03-08 10:00:00 | 2025-03-17 10:00:00 |
| 4a        | csat | 1         | 5         |       | 4          | 2025-03-01 10:00:00 |                     |
| 4b        | csat | 1         | 5         | 4     | 4          | 2025-03-16 10:00:00 | 2025-03-16 11:00:00 |
| 5a        | csat | 1         | 5         |       | 5          | 2025-03-01 10:00:00 |                     |
| 5b        | nps  |           |           | 9     | 5          | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| a         | csat | 1         | 5         |       |            | 2025-03-01 10:00:00 |                     |
| b         | csat | 1         | 5         |       |            | 2025-03-02 10:00:00 |                     |
| 6a        | csat | 1         | 5         |       | 6          | 2025-03-01 10:00:00 |                     |
| 6b        | csat | 1         | 5         | 5     | 6          |                     | 2025-03-03 10:00:00 |
"""


def test_a_reminder_is_no_invitation(folder: Path) -> None:
    """CSAT: tickets 1, 2, 3, 4 twice, 5, 6 and two messages are 9 invitations, of which 1, 4b and 6 were answered in 14
    days; NPS 1 of 1. Every score counts, whenever it came: satisfied 1b, 4b and 6b of these and 3b."""
    found = computed(folder, {"surveys.csv": REMINDED}, request=EVERY)
    parts = {name: fraction(found, name) for name in ("response_rate", "nps_response_rate", "csat_response_rate")}
    assert parts == {"response_rate": (4, 10), "nps_response_rate": (1, 1), "csat_response_rate": (3, 9)}
    assert fraction(found, "csat") == (3, 4)


@pytest.mark.long
def test_a_reminder_of_another_source_is_an_invitation(folder: Path) -> None:
    """Two tools ask about the same ticket number, one of them about another, too: 1 answer to 3 invitations."""
    head = "survey_id,kind,score,contact_id,sent_at,answered_at\n"
    first, second = "1,nps,,1,2025-03-01 10:00,\n", "2,nps,9,1,2025-03-02 10:00,2025-03-03 10:00\n"
    silent = "3,nps,,3,2025-03-01 10:00,\n"
    files = '[[files]]\nmatch = "other-*"\nbrand = "Other"\n'
    found = computed(folder, {"surveys.csv": head + first, "other-surveys.csv": head + second + silent}, files)
    assert fraction(found, "response_rate") == (1, 3)


@pytest.mark.long
def test_answers_only_give_no_response_rate(folder: Path) -> None:
    found = computed(folder, {"surveys.csv": ANSWERS_ONLY})
    assert row(found, "response_rate").status == "not_available"
    assert row(found, "response_rate").now.value is None


@pytest.mark.long
def test_invitations_of_two_brands_about_one_number_are_two(folder: Path) -> None:
    """Both brands have a ticket 1: Alpha was not answered, Beta was, two days later."""
    table = """
    | survey_id | kind | score | scale_max | sent_at             | answered_at         | contact_id | brand |
    | a1        | csat |       | 5         | 2025-03-01 10:00:00 |                     | 1          | Alpha |
    | b1        | csat | 5     | 5         | 2025-03-03 10:00:00 | 2025-03-03 11:00:00 | 1          | Beta  |
    """
    found = computed(folder, {"surveys.csv": table}, request=EVERY)
    assert fraction(found, "response_rate") == (1, 2)
