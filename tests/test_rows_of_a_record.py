"""Several rows of one record in a file: the newest is kept, whatever the order of the rows."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.intake import held, take_text
from tests.support import computed, fraction

# Five parcels of which the scans say more and more; P4 came late, P5 was never delivered.
SCANS = [
    f"P{n},#{n},2025-03-10,2025-03-0{n} 09:00,{delivered},{status}\n"
    for n in range(1, 6)
    for delivered, status in [
        ("", "Pris en charge"),
        ("", "En cours"),
        (f"2025-03-{'12' if n == 4 else '08'} 12:00" if n < 5 else "", "Livré" if n < 5 else "En cours"),
    ]
]
HEADER = "parcel_id,order_ref,promised_to,shipped_at,delivered_at,status\n"


def shuffled(rows: Sequence[str]) -> list[str]:
    return random.Random(3).sample(rows, len(rows))


@pytest.mark.sample(1)
@pytest.mark.parametrize("order", [list, lambda rows: rows[::-1], shuffled], ids=["oldest", "newest", "mixed"])
def test_scans_of_a_parcel_end_with_its_delivery(folder: Path, order: Callable[[list[str]], list[str]]) -> None:
    """Late: P4 and P5, of five."""
    assert fraction(computed(folder, {"p.csv": HEADER + "".join(order(SCANS))}), "late_share") == (2, 5)


TICKETS = """
Id,Status,Requester email,Via,Created at,Solved at,Replies,First reply time in minutes
1,Closed,a@x.fr,Mail,2025-03-01 10:00:00,2025-03-02 10:00:00,2,60
1,Open,a@x.fr,Mail,2025-03-01 10:00:00,,0,
2,Pending,b@x.fr,Mail,2025-03-02 10:00:00,,1,30
2,New,b@x.fr,Mail,2025-03-02 10:00:00,,0,
3,Open,c@x.fr,Mail,2025-03-03 10:00:00,,0,
3,New,c@x.fr,Mail,2025-03-03 10:00:00,,0,
"""


@pytest.mark.long
@pytest.mark.parametrize("newest_first", [True, False])
def test_states_of_a_ticket_end_with_the_last(folder: Path, newest_first: bool) -> None:
    """Of the third ticket only the order of the others tells."""
    head, *rows = TICKETS.lstrip().splitlines(keepends=True)
    text = head + "".join(rows if newest_first else rows[::-1])
    outcome = take_text(folder, text, timezone="Europe/Paris")
    found = held(folder, "SELECT contact_id, status, agent_replies FROM contacts ORDER BY 1")
    assert found == [("1", "closed", 2), ("2", "pending", 1), ("3", "open", 0)]
    assert "version_undecided" not in [one.code for one in outcome.remarks]


def reopened(tickets: int, reopened_each: int) -> list[str]:
    """Rows of tickets that are opened and solved, and of which one in `reopened_each` is open again."""
    rows = []
    for n in range(tickets):
        begins = f"{n},2025-03-{n % 28 + 1:02} 10:00:00,email"
        rows += [f"{begins},open,\n", f"{begins},solved,2025-03-{n % 28 + 1:02} 12:00:00\n"]
        rows += [f"{begins},open,\n"] if n % reopened_each == 0 else []
    return rows


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("tickets", "order", "still_open"),
    [(40, list, 4), (40, lambda rows: rows[::-1], 4), (40, shuffled, 0), (10, list, 0)],
    ids=["oldest", "newest", "mixed", "few"],
)
def test_a_ticket_that_was_reopened_is_open(
    folder: Path, tickets: int, order: Callable[[list[str]], list[str]], still_open: int
) -> None:
    """One in ten is open again: rows in a clear order tell it, for others the row that says more is the newest."""
    text = "contact_id,created_at,channel,status,resolved_at\n" + "".join(order(reopened(tickets, 10)))
    take_text(folder, text)
    found = held(folder, "SELECT count(*), count(*) FILTER (WHERE status = 'open') FROM contacts")
    assert found == [(tickets, still_open)]


@pytest.mark.long
@pytest.mark.parametrize("answer_first", [True, False])
def test_an_answer_is_newer_than_its_invitation(folder: Path, answer_first: bool) -> None:
    rows = [
        "s1,nps,,2025-03-01,\n",
        "s1,nps,9,2025-03-01,2025-03-02\n",
        "s2,nps,,2025-03-01,\n",
        "s2,nps,3,2025-03-01,\n",
    ]
    take_text(folder, "survey_id,kind,score,sent_at,answered_at\n" + "".join(rows[::-1] if answer_first else rows))
    assert held(folder, "SELECT survey_id, score FROM surveys ORDER BY 1") == [("s1", 9.0), ("s2", 3.0)]


def test_an_update_counts_before_what_happened(folder: Path) -> None:
    rows = "P1,2025-03-10,2025-03-09 10:00,2025-03-09 11:00\nP1,2025-03-10,,2025-03-11 11:00\n"
    take_text(folder, "parcel_id,promised_to,delivered_at,updated_at\n" + rows)
    assert held(folder, "SELECT delivered_at FROM parcels") == [(None,)]


@pytest.mark.long
def test_rows_that_tell_no_order_are_counted(folder: Path) -> None:
    """P1 differs in its status, P2 comes twice alike."""
    rows = "P1,2025-03-10,Prêt\nP1,2025-03-10,En cours\nP2,2025-03-10,Prêt\nP2,2025-03-10,Prêt\n"
    outcome = take_text(folder, "parcel_id,promised_to,status\n" + rows)
    assert [(one.code, one.records) for one in outcome.remarks if one.code == "version_undecided"] == [
        ("version_undecided", 1)
    ]
    assert held(folder, "SELECT status FROM parcels WHERE parcel_id = 'P1'") == [("En cours",)]
