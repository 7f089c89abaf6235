"""One call is one contact: legs of a call that was passed on, tickets that a helpdesk opens for a call."""

import json
import re
from pathlib import Path

import pytest

from kpibar.measure.report import Barometer, Request
from tests.support import AS_OF, computed, facts, fraction, ingest_tables, kpibar, report, row, settings, table

# Calls of one caller per case; a contact_id is the case and the leg. What follows the end of a first leg that began at
# 10:00:00, waited 10 s and talked 110 s: the end is 10:02:00.
LEGS = """
| contact_id   | created_at | direction | customer   | queued | answered | abandoned | ivr_s | wait_s | talk_s |
| during 1     | 10:00:00   | inbound   | 0612000001 | yes    | yes      | no        |       | 10     | 110    |
| during 2     | 10:01:50   | inbound   | 0612000001 | yes    | yes      | no        |       | 5      | 60     |
| at end 1     | 10:00:00   | inbound   | 0612000002 | yes    | yes      | no        |       | 10     | 110    |
| at end 2     | 10:02:00   | inbound   | 0612000002 | yes    | yes      | no        |       | 5      | 60     |
| soon 1       | 10:00:00   | inbound   | 0612000003 | yes    | yes      | no        |       | 10     | 110    |
| soon 2       | 10:02:15   | inbound   | 0612000003 | yes    | yes      | no        |       | 5      | 60     |
| again 1      | 10:00:00   | inbound   | 0612000004 | yes    | yes      | no        |       | 10     | 110    |
| again 2      | 10:04:00   | inbound   | 0612000004 | yes    | yes      | no        |       | 5      | 60     |
| 2nd queue 1  | 10:00:00   | inbound   | 0612000005 | yes    | yes      | no        |       | 10     | 110    |
| 2nd queue 2  | 10:01:30   | inbound   | 0612000005 | yes    | no       | yes       |       | 20     | 0      |
| given up 1   | 10:00:00   | inbound   | 0612000006 | yes    | no       | yes       |       | 30     | 0      |
| given up 2   | 10:00:38   | inbound   | 0612000006 | yes    | yes      | no        |       | 5      | 60     |
| rung out 1   | 10:00:00   | inbound   | 0612000007 | yes    | no       | no        | 20    | 30     | 0      |
| rung out 2   | 10:00:50   | inbound   | 0612000007 | yes    | yes      | no        |       | 5      | 60     |
| three 1      | 10:00:00   | inbound   | 0612000008 | yes    | no       | no        |       | 40     | 0      |
| three 2      | 10:00:40   | inbound   | 0612000008 | yes    | yes      | no        |       | 5      | 60     |
| three 3      | 10:01:40   | inbound   | 0612000008 | yes    | yes      | no        |       | 2      | 30     |
| no wait 1    | 10:00:00   | inbound   | 0612000009 | yes    | no       | no        |       | 40     | 0      |
| no wait 2    | 10:00:40   | inbound   | 0612000009 | yes    | yes      | no        |       |        | 60     |
| twice lost 1 | 10:00:00   | inbound   | 0612000010 | yes    | no       | no        |       | 40     | 0      |
| twice lost 2 | 10:00:40   | inbound   | 0612000010 | yes    | no       | yes       |       | 15     | 0      |
| outgoing 1   | 10:00:00   | inbound   | 0612000011 | yes    | yes      | no        |       | 10     | 110    |
| outgoing 2   | 10:02:00   | outbound  | 0612000011 |        | yes      |           |       |        | 60     |
| nobody 1     | 10:00:00   | inbound   |            | yes    | yes      | no        |       | 10     | 110    |
| nobody 2     | 10:02:00   | inbound   |            | yes    | yes      | no        |       | 5      | 60     |
| robot 1      | 10:00:00   | inbound   | 0612000012 | no     | yes      | no        |       |        | 60     |
| robot 2      | 10:01:00   | inbound   | 0612000012 | yes    | no       | yes       |       | 30     | 0      |
| no length 1  | 10:00:00   | inbound   | 0612000013 | yes    | yes      | no        | 5     |        |        |
| no length 2  | 10:00:30   | inbound   | 0612000013 | yes    | yes      | no        | 5     |        |        |
| callback 1   | 10:00:00   | inbound   | 0612000014 | yes    | no       | no        |       | 30     | 0      |
| callback 2   | 10:00:30   | inbound   | 0612000014 | yes    | yes      | no        |       | 600    | 60     |
| two files 1  | 10:00:00   | inbound   | 0612000015 | yes    | yes      | no        |       | 10     | 110    |
"""
OTHER_FILE = """
|contact_id |created_at|direction|customer  |queued|answered|wait_s|talk_s|handle_s|closed_at          |
|two files 2|10:02:00  |inbound  |0612000015|yes   |yes     |5     |60    |        |                   |
|handling 1 |10:00:00  |inbound  |0612000016|yes   |yes     |      |      |120     |                   |
|handling 2 |10:02:05  |inbound  |0612000016|yes   |yes     |      |      |        |                   |
|closing 1  |10:00:00  |inbound  |0612000017|yes   |yes     |      |      |        |10:02:00           |
|closing 2  |10:01:55  |inbound  |0612000017|yes   |yes     |      |      |        |                   |
|case 1     |10:00:00  |inbound  |0612000018|yes   |yes     |      |      |        |2025-03-03 10:00:00|
|case 2     |11:00:00  |inbound  |0612000018|yes   |yes     |      |      |        |                   |
|masked 1   |10:00:00  |inbound  |Anonymous |yes   |yes     |10    |110   |        |                   |
|masked 2   |10:02:00  |inbound  |anonymous |yes   |yes     |10    |110   |        |                   |
|masked 3   |10:02:00  |inbound  |Masqué    |yes   |yes     |10    |110   |        |                   |
"""
# Three calls of a customer on one day, of which the export of brand B gives the day only.
DAYS_ONLY = """
| contact_id | created_at | direction | customer   | queued | answered | wait_s | talk_s |
| days 1     | 2025-03-01 | inbound   | 0612000001 | yes    | yes      | 5      | 60     |
| days 2     | 2025-03-01 | inbound   | 0612000001 | yes    | yes      | 5      | 60     |
| days 3     | 2025-03-01 | inbound   | 0612000001 | yes    | yes      | 5      | 60     |
"""
# A number of many callers: 21 calls in a day, each begun before the last one ends; on another day 2, which are one.
MANY = "contact_id,created_at,direction,customer,queued,answered,wait_s,talk_s,channel\n" + "".join(
    f"many {n:02d},2025-03-0{day} 10:{n:02d}:00,inbound,0612000099,yes,yes,10,110,phone\n"
    for day, numbers in ((1, range(21)), (2, range(21, 23)))
    for n in numbers
)
LETTERS = {True: "y", False: "n"}


def duplicates(found: Barometer) -> dict[str, str | int | float]:
    """The records that are counted with another one or might be, by the code of their note."""
    codes = ("call_legs", "case_tickets", "phone_tickets", "phone_tickets_separate", "shared_number")
    return {note.code: note.values["rows"] for note in found.notes if note.code in codes}


def on_one_day(text: str) -> str:
    """The CSV of a table whose times are of 1 March 2025."""
    return re.sub(r"(?<=,)(\d\d:\d\d:\d\d)(?=,|$)", r"2025-03-01 \1", table(text), flags=re.MULTILINE)


def phone(text: str) -> str:
    """The CSV of a table, with the channel of calls."""
    head, *rows = on_one_day(text).splitlines()
    return "\n".join((f"{head},channel", *(f"{line},phone" for line in rows), ""))


@pytest.fixture(scope="module")
def legs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("legs")
    config = settings(folder, '[[files]]\nmatch = "days*"\nbrand = "B"\n')
    exports = {"a.csv": phone(LEGS), "b.csv": phone(OTHER_FILE), "days.csv": phone(DAYS_ONLY), "many.csv": MANY}
    ingest_tables(folder, exports, config, AS_OF)
    return folder


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("case", "contacts"),
    [
        # The contacts of a case: number of the first leg, answered, abandoned, wait in seconds.
        ("during", ["1 y n 10"]),
        ("at end", ["1 y n 10"]),
        ("soon", ["1 y n 10"]),
        ("again", ["1 y n 10", "2 y n 5"]),
        # Answered, and given up in the second queue: answered.
        ("2nd queue", ["1 y n 10"]),
        # A caller who gave up and calls again at once called twice.
        ("given up", ["1 n y 30", "2 y n 5"]),
        # The menu of the first leg is no wait: 30 s of queue, 5 s of the second one.
        ("rung out", ["1 y n 35"]),
        ("three", ["1 y n 45"]),
        ("no wait", ["1 y n None"]),
        ("twice lost", ["1 n y 55"]),
        ("outgoing", ["1 y n 10"]),
        ("nobody", ["1 y n 10", "2 y n 5"]),
        # A robot that answers and passes the caller on is no answer, and its talk no wait.
        ("robot", ["1 n y 30"]),
        ("no length", ["1 y n None", "2 y n None"]),
        ("callback", ["1 y n 630"]),
        ("two files", ["1 y n 10"]),
        ("handling", ["1 y n None"]),
        ("closing", ["1 y n None"]),
        # A case that is closed two days later does not last two days.
        ("case", ["1 y n None", "2 y n None"]),
        # Who withholds the number is unknown.
        ("masked", ["1 y n 10", "2 y n 10", "3 y n 10"]),
        ("days", ["1 y n 5", "2 y n 5", "3 y n 5"]),
    ],
)
def test_legs_that_follow_within_seconds_are_one_call(legs: Path, case: str, contacts: list[str]) -> None:
    rows = facts(
        legs,
        "SELECT contact_id, answered, abandoned, wait_s FROM fact_contacts "
        f"WHERE counted AND contact_id LIKE '{case} %' ORDER BY 1",
    )
    assert [
        f"{name.removeprefix(case).strip()} {LETTERS[answered]} {LETTERS[abandoned]} {wait and int(wait)}"
        for name, answered, abandoned, wait in rows
    ] == contacts


def test_legs_and_callers_who_cannot_be_told_apart_are_counted(legs: Path) -> None:
    """Further legs: one each of 12 cases, two of `three`, one of `many` on the second day."""
    found = report(legs, settings(legs))
    assert duplicates(found) == {"call_legs": 12 + 2 + 1, "shared_number": 21}
    many = facts(legs, "SELECT count(*) FROM fact_contacts WHERE counted AND contact_id LIKE 'many%'")
    assert many == [(21 + 1,)]


# Caller 1: rung out after 40 s, answered 5 s later and passed on. Caller 2: answered after 8 s, passed on, given up
# there. Caller 3: a robot, then a person 12 s later. Caller 4: an e-mail of the same day, and a call of one leg.
# Caller 5: answered by nobody.
VOICE = """
|contact_id|created_at|channel|customer|queued|in_hours|answered|abandoned|wait_s|talk_s|transfers|reason_raw|order_ref|
|a1        |10:00:00  |phone  |06120001|yes   |yes     |no      |no       |40    |0     |0        |          |         |
|a2        |10:00:40  |phone  |06120001|yes   |yes     |yes     |no       |5     |60    |0        |wismo     |77001    |
|a3        |10:01:40  |phone  |06120001|yes   |yes     |yes     |no       |2     |30    |0        |          |         |
|b1        |11:00:00  |phone  |06120002|yes   |yes     |yes     |no       |8     |100   |0        |wismo     |         |
|b2        |11:01:40  |       |06120002|yes   |yes     |no      |yes      |70    |0     |0        |          |         |
|c1        |12:00:00  |phone  |06120003|no    |no      |yes     |no       |      |60    |0        |          |         |
|c2        |12:01:00  |phone  |06120003|yes   |yes     |yes     |no       |12    |100   |0        |complaint |         |
|d1        |09:00:00  |email  |06120004|      |        |        |         |      |      |         |complaint |         |
|d2        |13:00:00  |phone  |06120004|yes   |yes     |yes     |no       |2     |100   |0        |complaint |         |
|e1        |14:00:00  |phone  |06120005|yes   |yes     |no      |yes      |50    |0     |0        |complaint |         |
"""
ORDERS = "order_ref,ordered_at\n" + "".join(f"{n},2025-02-25 09:00:00\n" for n in range(77001, 77011))


def test_a_call_of_several_legs_counts_once_in_every_kpi(folder: Path) -> None:
    """Contacts: a1, b1, c1, d1, d2, e1. Calls offered: a1, b1, c1, d2, e1, of which e1 is not answered."""
    found = computed(folder, {"c.csv": on_one_day(VOICE), "o.csv": ORDERS})
    assert row(found, "contacts").now.value == 6
    assert fraction(found, "contact_rate") == (6, 10)
    assert (fraction(found, "answer_rate"), fraction(found, "abandon_rate")) == ((4, 5), (1, 5))
    assert fraction(found, "asa") == (45 + 8 + 12 + 2, 4)
    assert fraction(found, "service_level") == (3, 5), "45 s is too late, 50 s is lost"
    assert fraction(found, "repeat_rate") == (1, 6), "the call of caller 4 repeats the e-mail"
    assert fraction(found, "fcr_window") == (3, 4), "of a, b, c, d; e was not answered"
    assert fraction(found, "transfer_rate") == (2, 4), "a and b: somebody answered, and a leg follows"
    assert fraction(found, "wismo_share") == (2, 6), "a takes the reason of its second leg"
    assert fraction(found, "link_coverage") == (1, 6), "and its order"
    for by, parts in (("channel", {"phone": 5, "email": 1}), ("reason", {"wismo": 2, "complaint": 4})):
        cut = row(report(folder, settings(folder), Request(by=(by,))), "contacts")
        assert {segment.key: segment.now.value for segment in cut.segments} == parts


# --- tickets of calls ----------------------------------------------------------------------------------

# The call of a case begins at 10:00:00 and ends at 10:02:00. A row without wait, answer and talk is a ticket.
CALLS = """
| contact_id | created_at | channel | customer   | brand | answered | wait_s | talk_s | reason_raw | case_id |
| during     | 10:00:00   | phone   | c01@a.com  |       | yes      | 10     | 110    |            |         |
| before     | 10:00:00   | phone   | c02@a.com  |       | yes      | 10     | 110    |            |         |
| after      | 10:00:00   | phone   | c03@a.com  |       | yes      | 10     | 110    |            |         |
| too early  | 10:00:00   | phone   | c04@a.com  |       | yes      | 10     | 110    |            |         |
| too late   | 10:00:00   | phone   | c05@a.com  |       | yes      | 10     | 110    |            |         |
| e-mail     | 10:00:00   | phone   | c06@a.com  |       | yes      | 10     | 110    |            |         |
| no channel | 10:00:00   | phone   | c07@a.com  |       | yes      | 10     | 110    |            |         |
| outgoing   | 10:00:00   | phone   | c08@a.com  |       | yes      | 10     | 110    |            |         |
| missing    | 10:00:00   | phone   | c09@a.com  |       | yes      | 10     | 110    |            |         |
| no brand   | 10:00:00   | phone   | c10@a.com  |       | yes      | 10     | 110    |            |         |
| brand      | 10:00:00   | phone   | c11@a.com  | Bleue | yes      | 10     | 110    |            |         |
| two        | 10:00:00   | phone   | c12@a.com  |       | yes      | 10     | 110    |            |         |
| telephone  | 10:00:00   | phone   | 0612000013 |       | yes      | 10     | 110    |            |         |
| missed     | 10:00:00   | phone   | c14@a.com  |       | no       | 30     | 0      |            |         |
| own reason | 10:00:00   | phone   | c15@a.com  |       | yes      | 10     | 110    | complaint  |         |
| calls 1    | 10:00:00   | phone   | c16@a.com  |       | yes      | 5      | 30     |            |         |
| calls 2    | 10:05:00   | phone   | c16@a.com  |       | yes      | 5      | 30     |            |         |
| pairs 1    | 10:00:00   | phone   | c17@a.com  |       | yes      | 5      | 30     |            |         |
| pairs 2    | 10:05:00   | phone   | c17@a.com  |       | yes      | 5      | 30     |            |         |
| legs 1     | 10:00:00   | phone   | c18@a.com  |       | yes      | 10     | 110    |            |         |
| legs 2     | 10:02:00   | phone   | c18@a.com  |       | yes      | 5      | 900    |            |         |
| named      | 10:00:00   | phone   |            |       | yes      | 10     | 110    |            | named t |
"""
TICKETS = """
| contact_id   | created_at | channel | direction | customer  | customer_phone | brand | status | reopens | reason_raw |
| during t     | 10:01:00   | phone   | inbound   | c01@a.com |                |       | closed | 1       | wismo      |
| before t     | 09:51:00   | phone   | inbound   | c02@a.com |                |       | closed | 0       | wismo      |
| after t      | 10:12:00   | phone   |           | c03@a.com |                |       | closed | 0       | wismo      |
| too early t  | 09:49:00   | phone   | inbound   | c04@a.com |                |       | closed | 0       | wismo      |
| too late t   | 10:13:00   | phone   | inbound   | c05@a.com |                |       | closed | 0       | wismo      |
| e-mail t     | 10:01:00   | email   | inbound   | c06@a.com |                |       | closed | 0       | wismo      |
| no channel t | 10:01:00   |         | inbound   | c07@a.com |                |       | closed | 0       | wismo      |
| outgoing t   | 10:01:00   | phone   | outbound  | c08@a.com |                |       | closed | 0       | wismo      |
| missing t   | 10:01:00   | phone   | inbound   |           |                |       | closed | 0       | wismo      |
| no brand t   | 10:01:00   | phone   | inbound   | c10@a.com |                | Bleue | closed | 0       | wismo      |
| brand t      | 10:01:00   | phone   | inbound   | c11@a.com |                | Rouge | closed | 0       | wismo      |
| two t1       | 10:01:00   | phone   | inbound   | c12@a.com |                |       | closed | 0       | wismo      |
| two t2       | 10:09:00   | phone   | inbound   | c12@a.com |                |       | closed | 0       | complaint  |
| telephone t  | 10:01:00   | phone   | inbound   | c13@a.com | 0612000013     |       | closed | 0       | wismo      |
| missed t     | 10:01:00   | phone   | inbound   | c14@a.com |                |       | closed | 0       | wismo      |
| own reason t | 10:01:00   | phone   | inbound   | c15@a.com |                |       | closed | 0       | wismo      |
| calls t      | 10:06:00   | phone   | inbound   | c16@a.com |                |       | closed | 0       | wismo      |
| pairs t1     | 10:03:00   | phone   | inbound   | c17@a.com |                |       | closed | 0       | wismo      |
| pairs t2     | 10:06:00   | phone   | inbound   | c17@a.com |                |       | closed | 0       | complaint  |
| legs t       | 10:20:00   | phone   | inbound   | c18@a.com |                |       | closed | 0       | wismo      |
| named t      | 16:00:00   | phone   | inbound   | c19@a.com |                |       | closed | 0       | wismo      |
"""


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tickets")
    config = settings(folder, '[[files]]\nmatch = "tickets*"\nbrand = "Bleue"\n')
    ingest_tables(folder, {"calls.csv": on_one_day(CALLS), "tickets.csv": on_one_day(TICKETS)}, config, AS_OF)
    return folder


@pytest.mark.parametrize(
    ("case", "contacts"),
    [
        ("during", [" wismo"]),
        ("before", [" wismo"]),
        ("after", [" wismo"]),
        ("too early", [" None", " t wismo"]),
        ("too late", [" None", " t wismo"]),
        ("e-mail", [" None", " t wismo"]),
        ("no channel", [" None", " t wismo"]),
        ("outgoing", [" None"]),
        ("missing", [" None", " t wismo"]),
        ("no brand", [" wismo"]),
        ("brand", [" None", " t wismo"]),
        # A telephone ticket comes from a call, and there is one.
        ("two", [" wismo"]),
        ("telephone", [" wismo"]),
        ("missed", [" wismo"]),
        ("own reason", [" complaint"]),
        ("calls", [" 1 None", " 2 wismo"]),
        # The first ticket is of the call before it, the second one of the call after that.
        ("pairs", [" 1 wismo", " 2 complaint"]),
        ("legs", [" 1 wismo"]),
        ("named", [" wismo"]),
    ],
)
def test_a_ticket_within_minutes_of_its_call_counts_with_it(tickets: Path, case: str, contacts: list[str]) -> None:
    """The contacts of a case, what follows its name, and the reason of each."""
    rows = facts(
        tickets,
        "SELECT contact_id, coalesce(reason, 'None') FROM fact_contacts "
        f"WHERE counted AND contact_id LIKE '{case}%' ORDER BY 1",
    )
    assert [f"{name.removeprefix(case)} {reason}" for name, reason in rows] == contacts


def test_tickets_leave_the_calls_as_they_are_and_are_counted(tickets: Path) -> None:
    found = report(tickets, settings(tickets))
    # 22 call records less one leg; 7 of the 21 tickets stay, one of them outgoing.
    assert row(found, "contacts").now.value == 21 + 6
    assert duplicates(found) == {"call_legs": 1, "phone_tickets": 13, "case_tickets": 1}
    # Solved: the 13 calls of the 14 tickets (`two` has two) and the 6 tickets that stay; one was reopened.
    assert fraction(found, "reopen_rate") == (1, 13 + 6)


@pytest.mark.long
def test_the_settings_keep_both_and_hold_for_what_was_read_before(folder: Path) -> None:
    """One caller with a ticket and one with a further leg, seen by `status`, by `report` and in their JSON."""
    calls = "contact_id,created_at,channel,customer,queued,answered,wait_s,talk_s\n"
    calls += "a,2025-03-01 10:00:00,phone,0612,yes,yes,10,110\nb,2025-03-01 12:00:00,phone,0613,yes,yes,10,110\n"
    calls += "b2,2025-03-01 12:02:00,phone,0613,yes,yes,10,110\n"
    ticket = "contact_id,created_at,channel,customer\nt,2025-03-01 10:01:00,phone,0612\n"
    assert row(computed(folder, {"calls.csv": calls, "tickets.csv": ticket}), "contacts").now.value == 2
    status = kpibar("status", "--db", "test.duckdb", folder=folder).stdout
    assert "further legs of them: 1" in status
    assert "counted once, as the call: 1" in status
    assert "counted once, as the call: 1" in kpibar("report", "--db", "test.duckdb", folder=folder).stdout
    for name in ("tickets", "calls"):
        settings(folder, f'[[files]]\nmatch = "{name}*"\nphone_tickets = "separate"\n')
        found = json.loads(kpibar("report", "--json", "--db", "test.duckdb", folder=folder).stdout)
        values = {kpi["id"]: (kpi["value"], kpi["denominator"]) for kpi in found["kpis"]}
        assert (values["contacts"][0], values["answer_rate"]) == (3, (1, 2))
        assert {note["code"]: note["values"]["rows"] for note in found["notes"]} == {
            "call_legs": 1,
            "phone_tickets_separate": 1,
        }
    held = json.loads(kpibar("status", "--json", "--db", "test.duckdb", folder=folder).stdout)
    assert held["counted_once"] == {"call_legs": 1, "phone_tickets_separate": 1}


@pytest.mark.long
def test_the_ticket_of_a_call_or_chat_that_does_not_count_is_a_contact(folder: Path) -> None:
    """Named by an episode that is automated, spam, merged into another or outbound, a ticket stays: 4 of 4."""
    table = """
    | contact_id | created_at          | channel | direction | grain       | case_id | automated | spam | merged_into |
    | t1         | 2025-03-01 10:00:00 | chat    | inbound   | case        |         |           |      |             |
    | c1         | 2025-03-01 10:00:00 | chat    | inbound   | interaction | t1      | yes       |      |             |
    | t2         | 2025-03-01 10:00:00 | chat    | inbound   | case        |         |           |      |             |
    | c2         | 2025-03-01 10:00:00 | chat    | inbound   | interaction | t2      |           | yes  |             |
    | t3         | 2025-03-01 10:00:00 | phone   | inbound   | case        |         |           |      |             |
    | c3         | 2025-03-01 10:00:00 | phone   | inbound   | interaction | t3      |           |      | other       |
    | t4         | 2025-03-01 10:00:00 | phone   | inbound   | case        |         |           |      |             |
    | c4         | 2025-03-01 10:00:00 | phone   | outbound  | interaction | t4      |           |      |             |
    """
    assert row(computed(folder, {"contacts.csv": table}), "contacts").now.value == 4


@pytest.mark.long
def test_an_outgoing_call_about_a_ticket_does_not_hide_it(folder: Path) -> None:
    """An e-mail ticket called back, and a telephone ticket whose incoming call is there too: two contacts."""
    contacts = """
    | contact_id | created_at          | channel | direction | case_id |
    | T1         | 2025-03-01 10:00:00 | email   | inbound   |         |
    | C1         | 2025-03-01 11:00:00 | phone   | outbound  | T1      |
    | T2         | 2025-03-02 10:00:00 | phone   | inbound   |         |
    | C2         | 2025-03-02 10:00:00 | phone   | inbound   | T2      |
    """
    assert fraction(computed(folder, {"c.csv": contacts}), "contacts")[0] == 2
    assert facts(folder, "SELECT contact_id FROM fact_contacts WHERE counted ORDER BY 1") == [("C2",), ("T1",)]
