"""Resolution KPIs: first contact, one contact, repeats, reopenings, transfers."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.measure.report import Barometer
from tests.support import computed, fraction, row

# Seven days = 604,800 s. spam and reply are nobody's second contact.
CONTACTS = """
| contact_id | created_at          | channel | direction | customer | answered | spam | reason_raw         |
| a1         | 2025-03-01 10:00:00 | phone   | inbound   | a@x.fr   | yes      | no   | Où est ma commande |
| a2         | 2025-03-05 10:00:00 | email   | inbound   | A@X.fr   |          | no   | Où est ma commande |
| b1         | 2025-03-01 10:00:00 | email   | inbound   | b@x.fr   |          | no   | Où est ma commande |
| spam       | 2025-03-02 10:00:00 | email   | inbound   | b@x.fr   |          | yes  | Où est ma commande |
| reply      | 2025-03-03 10:00:00 | email   | outbound  | b@x.fr   |          | no   | Où est ma commande |
| b2         | 2025-03-08 10:00:01 | email   | inbound   | b@x.fr   |          | no   | Où est ma commande |
| c1         | 2025-03-01 10:00:00 | email   | inbound   | c@x.fr   |          | no   | Où est ma commande |
| c2         | 2025-03-02 10:00:00 | email   | inbound   | c@x.fr   |          | no   | Facture            |
| d1         | 2025-03-01 10:00:00 | phone   | inbound   | d@x.fr   | no       | no   | Où est ma commande |
| d2         | 2025-03-01 11:00:00 | phone   | inbound   | d@x.fr   | yes      | no   | Où est ma commande |
| e1         | 2025-03-01 10:00:00 | email   | inbound   | e@x.fr   |          | no   | Où est ma commande |
| e2         | 2025-03-08 10:00:00 | email   | inbound   | e@x.fr   |          | no   | Où est ma commande |
| f1         | 2024-12-30 10:00:00 | email   | inbound   | f@x.fr   |          | no   | Où est ma commande |
| f2         | 2025-01-03 10:00:00 | email   | inbound   | f@x.fr   |          | no   | Où est ma commande |
| g1         | 2025-03-01 10:00:00 | email   | inbound   | g@x.fr   |          | no   | Facture            |
| g2         | 2025-06-01 10:00:00 | email   | inbound   | g@x.fr   |          | no   | Facture            |
| nobody1    | 2025-03-01 10:00:00 | email   | inbound   |          |          | no   | Où est ma commande |
| nobody2    | 2025-03-01 11:00:00 | email   | inbound   |          |          | no   | Où est ma commande |
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    return computed(tmp_path_factory.mktemp("resolution"), {"contacts.csv": CONTACTS})


def test_first_contact_resolution(found: Barometer) -> None:
    """Issues opened in 2025 by a handled contact: a b c-wismo c-invoice e g g-June.

    a came back on another channel, e after exactly seven days; b one second too late to count, c about something
    else, g three months later (a new issue). d opened with a call nobody took, f in 2024, nobody cannot be followed.
    """
    assert fraction(found, "fcr_window") == (5, 7), "b c-wismo c-invoice g g-June"
    assert fraction(found, "ocr") == (3, 6), "journeys a b c e g g-June: c wrote again, whatever about"


def test_an_issue_of_december_belongs_to_december(found: Barometer) -> None:
    before = row(found, "fcr_window").before
    assert (before.numerator, before.denominator) == (0, 1), "f1, followed by f2 in January"


def test_repeats(found: Barometer) -> None:
    """Identified contacts of 2025: 2 each of a b c d e g, and f2, which repeats a contact of December."""
    assert fraction(found, "repeat_rate") == (4, 13), "a2 d2 e2 f2; b2 came after 7 days and 1 s"


@pytest.mark.long
def test_the_repeat_window_follows_its_setting(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": CONTACTS}, "[thresholds]\nrepeat_window_days = 3\n")
    assert fraction(found, "repeat_rate") == (1, 13), "d2 only: a2 and f2 came after four days"


@pytest.mark.long
def test_issues_younger_than_the_window_wait(folder: Path) -> None:
    """Exported on 20 March: 13 March is not yet more than seven days ago, 12 March is."""
    table = """
    | contact_id | created_at          | channel | customer |
    | old        | 2025-03-12 23:59:59 | email   | a@x.fr   |
    | young      | 2025-03-13 00:00:00 | email   | b@x.fr   |
    """
    found = computed(folder, {"contacts.csv": table}, as_of=datetime(2025, 3, 20, 12, 0))
    assert fraction(found, "fcr_window") == (1, 1)
    assert fraction(found, "ocr") == (1, 1)
    assert row(found, "fcr_window").now.immature == 1
    assert fraction(found, "repeat_rate") == (0, 2), "a repeat is known at once: it looks back"


@pytest.mark.long
def test_the_same_order_joins_two_customers_in_one_journey(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | customer | order_ref | reason_raw         |
    | buyer      | 2025-03-01 10:00:00 | email   | a@x.fr   | 90001     | Où est ma commande |
    | partner    | 2025-03-02 10:00:00 | email   | b@x.fr   | 90001     | Où est ma commande |
    """
    orders = """
    | order_ref | ordered_at          |
    | 90001     | 2025-02-20 10:00:00 |
    """
    found = computed(folder, {"contacts.csv": table, "orders.csv": orders})
    assert fraction(found, "ocr") == (0, 1), "one journey about the order, contacted twice"
    assert fraction(found, "fcr_window") == (0, 1), "one issue about the order, whoever writes"


def test_reopened(folder: Path) -> None:
    """Exported on 20 April: mature before 23 March. An empty cell is unknown, not a 0.

    What was solved again after more than 28 days, or is open again, counts as not reopened; what was solved for the
    first time after 28 days (slow) is left out, as an export of then would have left it out.
    """
    table = """
    | contact_id | created_at          | channel | status | reopens | resolved_at         |
    | once       | 2025-03-01 10:00:00 | email   | solved | 1       |                     |
    | twice      | 2025-03-01 10:00:00 | email   | closed | 2       |                     |
    | never      | 2025-03-01 10:00:00 | email   | closed | 0       |                     |
    | open       | 2025-03-01 10:00:00 | email   | open   | 0       |                     |
    | unknown    | 2025-03-01 10:00:00 | email   | closed |         |                     |
    | in_time    | 2025-03-01 10:00:00 | email   | solved | 1       | 2025-03-29 10:00:00 |
    | too_late   | 2025-03-01 10:00:00 | email   | solved | 1       | 2025-03-29 10:00:01 |
    | again      | 2025-03-01 10:00:00 | email   | open   | 1       |                     |
    | slow       | 2025-03-01 10:00:00 | email   | solved | 0       | 2025-03-29 10:00:01 |
    | no_status  | 2025-03-01 10:00:00 | email   |        | 0       |                     |
    | young      | 2025-03-23 10:00:00 | email   | closed | 0       |                     |
    """
    found = computed(folder, {"contacts.csv": table}, as_of=datetime(2025, 4, 20, 12, 0))
    assert fraction(found, "reopen_rate") == (3, 6), "once twice in_time, of these and never too_late again"
    assert row(found, "reopen_rate").now.immature == 1, "young"


@pytest.mark.long
def test_transferred(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | answered | transfers |
    | stayed     | 2025-03-01 10:00:00 | phone   | yes      | 0         |
    | moved      | 2025-03-01 10:00:00 | phone   | yes      | 1         |
    | moved_mail | 2025-03-01 10:00:00 | email   |          | 2         |
    | not_taken  | 2025-03-01 10:00:00 | phone   | no       | 1         |
    | unknown    | 2025-03-01 10:00:00 | email   |          |           |
    """
    found = computed(folder, {"contacts.csv": table})
    assert fraction(found, "transfer_rate") == (2, 3), "moved and moved_mail, of those handled that are known"


@pytest.mark.long
def test_a_source_without_the_column_says_nothing(folder: Path) -> None:
    """Tickets with reopenings beside calls without: the calls are no solved contacts that stayed closed."""
    tickets = """
    | contact_id | created_at          | channel | status | reopens | transfers |
    | 1          | 2025-03-01 10:00:00 | email   | solved | 1       | 0         |
    """
    calls = """
    | line | datetime (utc)          | direction | answered | missed_call_reason | duration (total) | duration (in call) | call id |
    | Care | 2025-03-03 09:00:00 UTC | inbound   | Yes      |                    | 100              | 100                | 1       |
    """  # noqa: E501
    found = computed(folder, {"tickets.csv": tickets, "calls.csv": calls})
    assert fraction(found, "reopen_rate") == (1, 1)
    assert fraction(found, "transfer_rate") == (0, 1)


@pytest.mark.long
def test_a_call_its_caller_gave_up_opens_no_issue_that_can_be_resolved(folder: Path) -> None:
    """The source tells abandonments alone, neither queue nor answer. Of 3 callers, one gave up and one came back."""
    table = """
    | contact_id | created_at          | channel | customer   | abandoned |
    | gave_up    | 2025-02-03 10:00:00 | phone   | 0612000001 | yes       |
    | came_back  | 2025-02-03 10:00:00 | phone   | 0612000002 | no        |
    | again      | 2025-02-04 10:00:00 | phone   | 0612000002 | no        |
    | resolved   | 2025-02-03 10:00:00 | phone   | 0612000003 | no        |
    """
    found = computed(folder, {"calls.csv": table}, as_of=datetime(2025, 6, 1))
    assert fraction(found, "fcr_window") == (1, 2), "resolved, of resolved and came_back"
    assert fraction(found, "ocr") == (1, 2)
