"""What happens before it can: rejected when it is days before, counted and without a duration when it is less."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.load.outcome import Outcome, limit
from tests.intake import held, take_text
from tests.support import EVERY, computed, facts, fraction, row, table

SOUND = 200
REMARKS = "SELECT code, about, records FROM remarks ORDER BY code, about"
# Per table: the header, a sound record, and the pairs of instants of which the second cannot be the earlier one.
TABLES = {
    "contacts": (
        "contact_id,channel,created_at,first_reply_at,first_human_reply_at,first_bot_reply_at,bot_handed_off_at,"
        "resolved_at,closed_at",
        {"contact_id": "{}", "channel": "email", "created_at": "2025-03-10 10:00:00"},
        [
            "first_reply_at",
            "first_human_reply_at",
            "first_bot_reply_at",
            "bot_handed_off_at",
            "resolved_at",
            "closed_at",
        ],
        "created_at",
    ),
    "orders": (
        "order_ref,ordered_at,cancelled_at",
        {"order_ref": "{}", "ordered_at": "2025-03-10 10:00:00"},
        ["cancelled_at"],
        "ordered_at",
    ),
    "parcels": (
        "parcel_id,promised_to,shipped_at,first_attempt_at,delivered_at,returned_at",
        {"parcel_id": "{}", "promised_to": "2025-03-12", "shipped_at": "2025-03-10 10:00:00"},
        ["first_attempt_at", "delivered_at", "returned_at"],
        "shipped_at",
    ),
    "attempts": (
        "parcel_id,promised_to,first_attempt_at,delivered_at",
        {"parcel_id": "{}", "promised_to": "2025-03-12", "first_attempt_at": "2025-03-10 10:00:00"},
        ["delivered_at"],
        "first_attempt_at",
    ),
    "surveys": (
        "survey_id,kind,score,sent_at,answered_at",
        {"survey_id": "{}", "kind": "nps", "score": "9", "sent_at": "2025-03-10 10:00:00"},
        ["answered_at"],
        "sent_at",
    ),
}
CASES = {
    "reject": ["2025-02-08 10:00:00"],
    "yet to come": ["2052-03-10 10:00:00"],
    "clock_gap": ["2025-03-10 09:59:58", "2025-03-10 09:55:00"],
    "out_of_order": ["2025-03-10 09:54:59", "2025-03-10 08:00:00", "2025-03-09 11:00:00"],
    "in order": ["2025-03-10 10:00:00", "2025-03-11 10:00:00"],
}


def export(table: str, ends: dict[str, list[str]]) -> str:
    """Two hundred sound records, then one for each cell of each column: their ids are column and number."""
    header, sound, _, _ = TABLES[table]
    names = header.split(",")
    rows = [{name: text.format(f"R{number}") for name, text in sound.items()} for number in range(SOUND)]
    for end, cells in ends.items():
        for number, cell in enumerate(cells):
            rows.append({name: text.format(f"{end}-{number}") for name, text in sound.items()} | {end: cell})
    return header + "\n" + "".join(",".join(one.get(name, "") for name in names) + "\n" for one in rows)


@pytest.mark.sample(1)
@pytest.mark.parametrize("table", TABLES)
def test_what_ends_before_it_began_is_rejected_or_counted(folder: Path, table: str) -> None:
    """Days before, or yet to come: rejected. Minutes before: counted as clocks that differ; hours: out of order."""
    _, _, ends, begins = TABLES[table]
    cells = [cell for listed in CASES.values() for cell in listed]
    take_text(folder, export(table, dict.fromkeys(ends, cells)), max_rejects=limit("20%"))
    assert held(folder, "SELECT reason, count(*) FROM rejects GROUP BY 1 ORDER BY 1") == sorted(
        [(f"its {end} is before its {begins}", 1) for end in ends] + [(f"its {end} is yet to come", 1) for end in ends]
    )
    assert held(folder, REMARKS) == [("clock_gap", f"{end} before {begins}", 2) for end in sorted(ends)] + [
        ("out_of_order", f"{end} before {begins}", 3) for end in sorted(ends)
    ]


def taken(folder: Path, table: str, end: str, cell: str) -> Outcome:
    return take_text(folder, export(table, {end: [cell]}))


@pytest.mark.long
def test_a_delivery_without_its_time_may_be_of_the_day_it_was_shipped(folder: Path) -> None:
    taken(folder, "parcels", "delivered_at", "2025-03-10")
    assert held(folder, REMARKS) == []


CONTACTS = """
| contact_id | created_at          | channel | first_human_reply_at | resolved_at         | status |
| hour       | 2025-03-01 10:00:00 | email   | 2025-03-01 11:00:00  | 2025-03-01 12:00:00 | solved |
| seconds    | 2025-03-01 10:00:00 | email   | 2025-03-01 09:59:55  | 2025-03-01 09:59:55 | solved |
| clock      | 2025-03-01 10:00:00 | chat    | 2025-03-01 09:56:00  | 2025-03-01 10:30:00 | solved |
| zones      | 2025-03-01 10:00:00 | email   | 2025-03-01 05:00:00  | 2025-03-01 06:00:00 | solved |
| dated      | 2025-03-01 10:00:00 | email   | 2025-03-01           | 2025-03-01          | solved |
| silence    | 2025-03-01 10:00:00 | email   |                      |                     | open   |
"""


@pytest.mark.long
def test_an_unknown_reply_time_is_neither_in_time_nor_unanswered(folder: Path) -> None:
    """First replies: hour 3,600 s, seconds and clock 0; zones and dated were answered, when is unknown.

    Within target: hour seconds clock of these three and silence. Resolution: 7,200, 0 and 1,800 s.
    """
    found = computed(folder, {"contacts.csv": CONTACTS}, request=EVERY)
    first, solved = row(found, "frt_median_answered").now, row(found, "resolution_median_closed").now
    assert (first.value, first.base) == (0, 3)
    assert fraction(found, "reply_within") == (3, 4)
    assert fraction(found, "unanswered") == (1, 6), "silence"
    assert (solved.value, solved.base) == (1800, 3)
    first, solved = row(found, "frt_median").now, row(found, "resolution_median").now
    assert (first.value, first.base) == (0, 4), "with silence 2/4 wait after 0 s"
    assert (solved.value, solved.base) == (1800, 4), "with silence 3/4 are open after 0 s, 2/4 after 1,800 s"
    assert held(folder, REMARKS) == [
        ("clock_gap", "first_human_reply_at before created_at", 2),
        ("clock_gap", "resolved_at before created_at", 1),
        ("day_only", "first_human_reply_at", 1),
        ("day_only", "resolved_at", 1),
        ("out_of_order", "first_human_reply_at before created_at", 1),
        ("out_of_order", "resolved_at before created_at", 1),
    ]
    assert facts(folder, "SELECT count(*) FROM fact_contacts WHERE first_reply_s < 0 OR resolution_s < 0") == [(0,)]


FRESHDESK = "Ticket ID,Status,Source,Created time,Initial response time,Resolved time\n"


@pytest.mark.long
def test_a_first_response_a_month_before_the_ticket(folder: Path) -> None:
    good = "".join(f"{n},Closed,Email,2025-03-10 10:00:00,2025-03-10 11:00:00,2025-03-10 12:00:00\n" for n in range(20))
    odd = "90,Closed,Email,2025-03-10 10:00:00,2025-02-08 10:00:00,2025-03-10 12:00:00\n"
    found = computed(folder, {"tickets.csv": FRESHDESK + good + odd})
    assert held(folder, "SELECT line, reason FROM rejects") == [
        (22, "its first_human_reply_at is before its created_at")
    ]
    assert fraction(found, "reply_within") == (20, 20)


@pytest.mark.long
@pytest.mark.parametrize(("dated", "remarks"), [(1, []), (20, [("created_day_only", "created_at", 20)])])
def test_contacts_dated_without_a_time_are_counted(folder: Path, dated: int, remarks: list[object]) -> None:
    """Their first replies are counted from midnight: somebody must know. One in two hundred at midnight is chance."""
    head = "contact_id,created_at,channel,first_human_reply_at\n"
    cells = ["2025-03-10"] * dated + ["2025-03-10 09:00:00"] * 200
    rows = "".join(f"{n},{cell},email,2025-03-10 15:00:00\n" for n, cell in enumerate(cells))
    take_text(folder, head + rows)
    assert held(folder, REMARKS) == remarks


def test_instants_near_now_are_no_future(folder: Path) -> None:
    """A reply of this minute, in a zone where it is later already."""
    now = datetime.now().replace(microsecond=0)
    text = f"contact_id,channel,created_at,first_human_reply_at\n1,email,2025-03-10 10:00:00,{now}\n"
    assert take_text(folder, text).counts.added == 1


PARTS = """
| contact_id | created_at          | channel | queued | answered | wait_s | closed_at           | resolved_at         |
| plain      | 2025-03-01 10:00:00 | phone   | yes    | yes      | 60     | 2025-03-01 10:05:00 | 2025-03-01 10:05:00 |
| long       | 2025-03-01 10:00:00 | phone   | yes    | yes      | 90000  | 2025-03-09 10:05:00 | 2025-03-09 10:05:00 |
| beyond     | 2025-03-01 10:00:00 | phone   | yes    | yes      | 900    | 2025-03-01 10:05:00 | 2025-03-01 10:05:00 |
| years      | 2025-03-01 10:00:00 | phone   | yes    | yes      | 60     | 2026-09-01 10:05:00 | 2025-03-01 10:05:00 |
"""


def test_durations_that_are_odd_are_counted_and_loaded(folder: Path) -> None:
    """A wait of a day and an hour, one of 15 minutes in a call of 5, and a call of a year and a half."""
    take_text(folder, table(PARTS))
    assert held(folder, REMARKS) == [
        ("long_part", "wait_s", 1),
        ("wait_beyond_end", "wait_s", 1),
        ("years_apart", "closed_at after created_at", 1),
    ]
    assert held(folder, "SELECT count(*) FROM contacts") == [(4,)]


def test_a_reply_days_after_the_resolution_is_counted(folder: Path) -> None:
    head = "contact_id,channel,created_at,first_human_reply_at,resolved_at\n"
    rows = "1,email,2025-03-10 10:00:00,2025-03-20 10:00:00,2025-03-12 10:00:00\n"
    rows += "2,email,2025-03-10 10:00:00,2025-03-12 10:00:05,2025-03-12 10:00:00\n"
    take_text(folder, head + rows)
    assert held(folder, REMARKS) == [("reply_after_resolution", "first_human_reply_at", 1)]


@pytest.mark.long
def test_a_parcel_marked_as_sent_days_late_is_no_error(folder: Path) -> None:
    """A shop marks on Monday what left on Friday and came on Saturday."""
    outcome = taken(folder, "parcels", "delivered_at", "2025-03-08 10:00:00")
    assert outcome.counts.rejected == 0
    assert held(folder, REMARKS) == [("out_of_order", "delivered_at before shipped_at", 1)]


@pytest.mark.long
def test_what_happened_after_the_stated_end_of_the_export_is_counted(folder: Path) -> None:
    """Of an export that is said to speak up to 31 March, one contact began in May and one was resolved then."""
    head = "contact_id,channel,created_at,resolved_at,updated_at\n"
    rows = "1,email,2025-03-10 10:00:00,2025-03-11 10:00:00,2025-06-01 10:00:00\n"
    rows += "2,email,2025-05-10 10:00:00,,\n3,email,2025-03-10 10:00:00,2025-05-11 10:00:00,\n"
    take_text(folder, head + rows, as_of="2025-03-31")
    assert held(folder, REMARKS) == [("after_export", "", 2)]


@pytest.mark.long
def test_an_answer_days_before_its_contact_is_counted(folder: Path) -> None:
    """s1 answers a contact of 10 March on 1 March; s2 on its day, s3 later, s4 of no contact."""
    contacts = "contact_id,channel,created_at\n" + "".join(f"c{n},email,2025-03-10 10:00:00\n" for n in range(5))
    surveys = "survey_id,kind,score,scale_min,scale_max,answered_at,contact_id\n"
    surveys += "s1,csat,5,1,5,2025-03-01,c1\ns2,csat,1,1,5,2025-03-10,c2\ns3,csat,5,1,5,2025-03-12,c3\n"
    surveys += "s4,csat,5,1,5,2025-03-01,\n"
    found = computed(folder, {"contacts.csv": contacts, "surveys.csv": surveys})
    assert fraction(found, "csat") == (3, 4)
    assert [note.values["rows"] for note in row(found, "csat").notes if note.code == "before_contact"] == [1]
