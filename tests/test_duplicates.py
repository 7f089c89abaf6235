"""One call is one contact: legs of a call that was passed on, tickets that a helpdesk opens for a call."""

import json
from pathlib import Path

import pytest

from kpibar.barometer import Request
from tests.support import computed, facts, fraction, kpibar, report, row, settings

CALL_HEAD = "contact_id,created_at,channel,direction,customer,queued,answered,abandoned,wait_s,talk_s,transfers\n"


def calls(*rows: str) -> str:
    """Calls of 1 March 2025: id, time, customer, answered, abandoned, wait and talk in seconds."""
    return CALL_HEAD + "".join(_call(*line.split()) for line in rows)


def _call(name: str, time: str, customer: str, answered: str, abandoned: str, wait: str, talk: str) -> str:
    who = "" if customer == "-" else customer
    return f"{name},2025-03-01 {time},phone,inbound,{who},yes,{answered},{abandoned},{wait},{talk},\n".replace("?", "")


def counted(folder: Path) -> list[str]:
    return [name for (name,) in facts(folder, "SELECT contact_id FROM fact_contacts WHERE counted ORDER BY 1")]


# Two rows each: what the second one is to the first, which began at 10:00:00, waited 10 s and talked 110 s.
@pytest.mark.parametrize(
    ("second", "contacts"),
    [
        ("b 10:01:50 0612000001 yes no 5 60", 1),  # begins during it
        ("b 10:02:00 0612000001 yes no 5 60", 1),  # at its end
        ("b 10:02:09 0612000001 yes no 5 60", 1),  # nine seconds later
        ("b 10:01:30 0612000001 no yes 20 0", 1),  # passed on, and given up in the second queue
        ("b 10:03:00 0612000001 yes no 5 60", 2),  # hung up and called again
        ("b 10:01:50 0612000002 yes no 5 60", 2),  # another caller
    ],
)
def test_a_leg_follows_within_seconds(folder: Path, second: str, contacts: int) -> None:
    found = computed(folder, {"c.csv": calls("a 10:00:00 0612000001 yes no 10 110", second)})
    assert row(found, "contacts").now.value == contacts
    assert fraction(found, "answer_rate")[1] == contacts, "a call is offered once"
    notes = [(note.code, note.values["rows"]) for note in found.notes if note.code == "call_legs"]
    assert notes == ([("call_legs", 1)] if contacts == 1 else [])


def test_unknown_callers_are_never_joined(folder: Path) -> None:
    found = computed(folder, {"c.csv": calls("a 10:00:00 - yes no 10 110", "b 10:01:50 - yes no 5 60")})
    assert row(found, "contacts").now.value == 2


def test_an_outgoing_leg_is_no_contact_and_joins_nothing(folder: Path) -> None:
    table = calls("a 10:00:00 0612000001 yes no 10 110", "b 10:01:50 0612000001 yes no 5 60")
    found = computed(
        folder, {"c.csv": table.replace("b,2025-03-01 10:01:50,phone,inbound", "b,2025-03-01 10:01:50,phone,outbound")}
    )
    assert row(found, "contacts").now.value == 1
    assert not [note for note in found.notes if note.code == "call_legs"]


def test_who_gives_up_and_calls_again_at_once_called_twice(folder: Path) -> None:
    """Abandoned after 30 s, again 8 s later: two calls, one repeat of two."""
    found = computed(folder, {"c.csv": calls("a 10:00:00 0612 no yes 30 0", "b 10:00:38 0612 yes no 5 60")})
    assert (row(found, "contacts").now.value, fraction(found, "repeat_rate")) == (2, (1, 2))


def test_a_call_of_three_legs_is_answered_where_any_leg_was(folder: Path) -> None:
    """Nobody took the first line for 40 s, the second took it after 5 s more and passed it on: 1 call, wait 45 s.

    The calls of d are one that was answered after 8 s and whose second queue was given up: answered, not abandoned.
    """
    exports = calls(
        "a 10:00:00 0612000001 no no 40 0",
        "b 10:00:40 0612000001 yes no 5 60",
        "c 10:01:40 0612000001 yes no 2 30",
        "d 11:00:00 0612000002 yes no 8 100",
        "e 11:01:40 0612000002 no yes 70 0",
    )
    found = computed(folder, {"c.csv": exports})
    assert counted(folder) == ["a", "d"]
    assert (fraction(found, "answer_rate"), fraction(found, "abandon_rate")) == ((2, 2), (0, 2))
    assert fraction(found, "asa") == (45 + 8, 2)
    assert fraction(found, "service_level") == (1, 2), "8 s is within 20 s, 45 s is not"
    assert fraction(found, "fcr_window") == (2, 2)
    assert fraction(found, "repeat_rate") == (0, 2)
    assert facts(folder, "SELECT contact_id, transferred FROM fact_contacts WHERE counted ORDER BY 1") == [
        ("a", True),
        ("d", True),
    ]


def test_legs_lend_reason_and_order(folder: Path) -> None:
    """The first leg says nothing; the second one has the reason and the order number."""
    head = "contact_id,created_at,channel,customer,answered,talk_s,reason_raw,order_ref\n"
    rows = "a,2025-03-01 10:00:00,phone,0612,yes,100,,\nb,2025-03-01 10:01:40,phone,0612,yes,60,wismo,77001\n"
    found = computed(folder, {"c.csv": head + rows, "o.csv": "order_ref,ordered_at\n77001,2025-02-25 10:00:00\n"})
    assert (fraction(found, "wismo_share"), fraction(found, "link_coverage")) == ((1, 1), (1, 1))


@pytest.mark.parametrize(
    ("head", "first", "second", "contacts"),
    [
        ("closed_at", "2025-03-01 10:02:00", "10:01:55", 1),
        # A case that is closed two days later does not last two days.
        ("closed_at", "2025-03-03 10:00:00", "11:00:00", 2),
        ("handle_s", "120", "10:02:05", 1),
        # Nothing tells how long the first call was.
        ("ivr_s", "5", "10:00:30", 2),
    ],
)
def test_how_long_a_leg_was_may_stand_in_other_columns(
    folder: Path, head: str, first: str, second: str, contacts: int
) -> None:
    table = (
        f"contact_id,created_at,channel,customer,answered,{head}\n"
        f"a,2025-03-01 10:00:00,phone,0612,yes,{first}\nb,2025-03-01 {second},phone,0612,yes,\n"
    )
    assert row(computed(folder, {"c.csv": table}), "contacts").now.value == contacts


def test_days_without_times_join_nothing(folder: Path) -> None:
    """Three calls of a customer on one day, of which the export gives the day only."""
    table = CALL_HEAD + "".join(f"{n},2025-03-01,phone,inbound,0612,yes,yes,no,5,60,\n" for n in range(3))
    assert row(computed(folder, {"c.csv": table}), "contacts").now.value == 3


# --- tickets of calls ----------------------------------------------------------------------------------

TICKET_HEAD = (
    "Id,Requester email,Requester external id,Created at,Solved at,Updated at,Status,Via,Group,Replies,Reopens,"
    "Group stations,Tags,Subject,First reply time in minutes,Full resolution time in minutes,Contact reason [list],"
    "Order number [txt]\n"
)


def ticket(
    name: str, time: str, who: str, via: str = "Phone call (incoming)", reason: str = "", order: str = ""
) -> str:
    day = f"2025-03-01 {time}"
    return f"{name},{who},,{day},2025-03-02 10:00:00,2025-03-02 10:00:00,closed,{via},SAV,0,0,1,,,,,{reason},{order}\n"


def tickets(*rows: str) -> str:
    return TICKET_HEAD + "".join(rows)


CALLS = calls("a 10:00:00 lea@example.com yes no 10 110", "b 15:00:00 tom@example.com yes no 10 110")


@pytest.mark.parametrize(
    ("time", "contacts"),
    [("10:01:00", 2), ("09:51:00", 2), ("10:11:00", 2), ("09:49:00", 3), ("10:13:00", 3)],
)
def test_a_telephone_ticket_within_minutes_of_its_call_counts_once(folder: Path, time: str, contacts: int) -> None:
    """The call runs from 10:00:00 to 10:02:00, and ten minutes to each side of it."""
    found = computed(folder, {"calls.csv": CALLS, "tickets.csv": tickets(ticket("1", time, "lea@example.com"))})
    assert row(found, "contacts").now.value == contacts
    assert fraction(found, "answer_rate") == (2, 2)
    rows = [note.values["rows"] for note in found.notes if note.code == "phone_tickets"]
    assert rows == ([1] if contacts == 2 else [])


@pytest.mark.parametrize(
    "other",
    [
        ticket("1", "10:01:00", "someone@example.com"),
        ticket("1", "10:01:00", "lea@example.com", via="Mail"),
        ticket("1", "10:01:00", "lea@example.com", via="Phone call (outbound)"),
        ticket("1", "10:01:00", ""),
    ],
    ids=["another customer", "e-mail", "outgoing", "unknown customer"],
)
def test_what_is_no_ticket_of_the_call_stays(folder: Path, other: str) -> None:
    computed(folder, {"calls.csv": CALLS, "tickets.csv": tickets(other)})
    assert facts(folder, "SELECT count(*) FROM fact_call_tickets") == [(0,)]


def test_two_tickets_of_one_call_count_with_it(folder: Path) -> None:
    """A telephone ticket comes from a call, and there is one: two tickets within minutes of it are its own."""
    exports = tickets(
        ticket("first", "10:01:30", "lea@example.com"),
        ticket("second", "10:09:00", "lea@example.com"),
        ticket("later", "17:00:00", "lea@example.com"),
    )
    computed(folder, {"calls.csv": CALLS, "tickets.csv": exports})
    assert counted(folder) == ["a", "b", "later"]


def test_two_calls_take_two_tickets(folder: Path) -> None:
    """The first ticket is of the call before it, the second one of the call during which it was opened."""
    table = calls("a 10:00:00 lea@example.com yes no 5 30", "b 10:05:00 lea@example.com yes no 5 30")
    exports = tickets(ticket("1", "10:04:00", "lea@example.com"), ticket("2", "10:06:00", "lea@example.com"))
    computed(folder, {"calls.csv": table, "tickets.csv": exports})
    assert counted(folder) == ["a", "b"]


def test_the_call_takes_reason_and_order_of_its_ticket(folder: Path) -> None:
    """The call knows a telephone, the ticket of another customer's e-mail has it too: one person."""
    table = calls("a 10:00:00 0612000001 yes no 10 110")
    head = "contact_id,created_at,channel,customer,customer_phone,reason_raw,order_ref\n"
    helpdesk = head + "t,2025-03-01 10:03:00,phone,lea@example.com,0612000001,wismo,77001\n"
    orders = "order_ref,ordered_at\n77001,2025-02-25 10:00:00\n"
    found = computed(folder, {"calls.csv": table, "helpdesk.csv": helpdesk, "o.csv": orders})
    assert counted(folder) == ["a"]
    assert (fraction(found, "wismo_share"), fraction(found, "link_coverage")) == ((1, 1), (1, 1))


def test_a_reason_of_the_call_stays(folder: Path) -> None:
    table = calls("a 10:00:00 lea@example.com yes no 10 110").replace("transfers\n", "transfers,reason_raw\n", 1)
    table = table.replace("110,\n", "110,,complaint\n")
    computed(folder, {"calls.csv": table, "t.csv": tickets(ticket("1", "10:01:00", "lea@example.com", reason="wismo"))})
    assert facts(folder, "SELECT reason FROM fact_contacts WHERE counted") == [("complaint",)]


def test_the_ticket_of_a_call_of_two_legs(folder: Path) -> None:
    table = calls("a 10:00:00 lea@example.com yes no 10 110", "b 10:02:00 lea@example.com yes no 5 900")
    computed(folder, {"calls.csv": table, "t.csv": tickets(ticket("1", "10:20:00", "lea@example.com", reason="wismo"))})
    assert counted(folder) == ["a"]
    assert facts(folder, "SELECT reason FROM fact_contacts WHERE counted") == [("wismo",)]


def test_the_settings_may_keep_both(folder: Path) -> None:
    exports = {"calls.csv": CALLS, "tickets.csv": tickets(ticket("1", "10:01:00", "lea@example.com"))}
    rule = '[[files]]\nmatch = "tickets*"\nphone_tickets = "separate"\n'
    found = computed(folder, exports, rule)
    assert row(found, "contacts").now.value == 3
    assert [(note.code, note.values["rows"]) for note in found.notes] == [("phone_tickets_separate", 1)]


def test_the_settings_hold_for_what_was_ingested_before(folder: Path) -> None:
    computed(folder, {"calls.csv": CALLS, "tickets.csv": tickets(ticket("1", "10:01:00", "lea@example.com"))})
    toml = folder / "kpibar.toml"
    with toml.open("a", encoding="utf-8") as settings_file:
        settings_file.write('[[files]]\nmatch = "tickets*"\nphone_tickets = "separate"\n')
    done = kpibar("report", "--json", "--db", "test.duckdb", folder=folder)
    found = {kpi["id"]: kpi["value"] for kpi in json.loads(done.stdout)["kpis"]}
    assert found["contacts"] == 3


def test_report_and_status_say_what_was_counted_once(folder: Path) -> None:
    table = CALLS + calls("c 10:01:40 lea@example.com yes no 5 60").removeprefix(CALL_HEAD)
    exports = {"calls.csv": table, "tickets.csv": tickets(ticket("1", "10:01:00", "lea@example.com"))}
    computed(folder, exports)
    status = kpibar("status", "--db", "test.duckdb", folder=folder).stdout
    shown = kpibar("report", "--db", "test.duckdb", folder=folder).stdout
    for text in (status, shown):
        assert "further legs of them: 1" in text
        assert "counted once, as the call: 1" in text
    held = json.loads(kpibar("status", "--json", "--db", "test.duckdb", folder=folder).stdout)
    assert held["counted_once"] == {"call_legs": 1, "phone_tickets": 1}
    other = report(folder, settings(folder), Request(brand=None))
    assert {note.code for note in other.notes} == {"call_legs", "phone_tickets"}


# --- what a call of several legs is ----------------------------------------------------------------------


VOICE_HEAD = "contact_id,created_at,channel,customer,queued,answered,abandoned,in_hours,ivr_s,wait_s,talk_s\n"


def voice(*rows: str) -> str:
    """Inbound calls of 1 March 2025; `?` is an empty cell."""
    lines = []
    for line in rows:
        name, time, customer, *others = line.split()
        lines.append(",".join((name, f"2025-03-01 {time}", "phone", customer, *others)).replace("?", "") + "\n")
    return VOICE_HEAD + "".join(lines)


def test_a_robot_that_passes_a_caller_on_is_no_answer(folder: Path) -> None:
    """Id, time, caller, queued, answered, abandoned, in hours, menu, wait, talk.

    Caller 1: the robot answers for 60 s, nobody after it, given up after 30 s: offered, not answered.
    Caller 2: the robot answers for 60 s, a person 12 s after it: answered, within 20 s of queueing.
    Caller 3: closed line, passed on to an open one and answered after 5 s: offered and answered.
    """
    exports = voice(
        "a1 10:00:00 0612000001 no yes no yes ? ? 60",
        "a2 10:01:00 0612000001 yes no yes yes ? 30 0",
        "b1 11:00:00 0612000002 no yes no yes ? ? 60",
        "b2 11:01:00 0612000002 yes yes no yes ? 12 100",
        "c1 12:00:00 0612000003 no no no no 10 ? ?",
        "c2 12:00:00 0612000003 yes yes no yes ? 5 100",
        "z 13:00:07 0612000009 yes yes no yes ? 5 100",
    )
    found = computed(folder, {"c.csv": exports})
    assert row(found, "contacts").now.value == 4
    assert fraction(found, "answer_rate") == (3, 4)
    assert fraction(found, "abandon_rate") == (1, 4)
    assert fraction(found, "asa") == (12 + 5 + 5, 3)
    assert fraction(found, "service_level") == (3, 4), "30 s is no short abandon"


def test_a_call_that_is_given_up_in_its_second_queue_waited_in_both(folder: Path) -> None:
    """40 s until the first line rang out, 15 s in the second: given up after 55 s, so it counts as missed: 0 of 1."""
    exports = voice("a 10:00:00 0612 yes no no yes ? 40 0", "b 10:00:40 0612 yes no yes yes ? 15 0")
    found = computed(folder, {"c.csv": exports})
    assert facts(folder, "SELECT wait_s, short_abandon FROM fact_contacts WHERE counted") == [(55.0, False)]
    assert (fraction(found, "abandon_rate"), fraction(found, "service_level")) == ((1, 1), (0, 1))


def test_the_menu_of_the_first_leg_is_no_wait(folder: Path) -> None:
    """Menu 20 s, queue 30 s, rung out at 10:00:50; the second line answers after 5 s: 30 + 5 = 35 s."""
    exports = voice("a 10:00:00 0612 yes no no yes 20 30 0", "b 10:00:50 0612 yes yes no yes ? 5 60")
    assert fraction(computed(folder, {"c.csv": exports}), "asa") == (35, 1)


def test_an_answer_of_unknown_wait_has_no_wait(folder: Path) -> None:
    exports = voice("a 10:00:00 0612 yes no no yes ? 40 0", "b 10:00:40 0612 yes yes no yes ? ? 60")
    found = computed(folder, {"c.csv": exports})
    assert fraction(found, "answer_rate") == (1, 1)
    assert facts(folder, "SELECT wait_s FROM fact_contacts WHERE counted") == [(None,)]


def test_legs_may_be_in_two_files(folder: Path) -> None:
    exports = {"a.csv": calls("a 10:00:00 0612 yes no 10 110"), "b.csv": calls("b 10:02:00 0612 yes no 5 60")}
    found = computed(folder, exports)
    assert (row(found, "contacts").now.value, fraction(found, "fcr_window")) == (1, (1, 1))


def test_a_number_of_many_callers_joins_nothing(folder: Path) -> None:
    """21 calls of one number in a day, each begun before the last one ends; 2 calls of it another day are one."""
    many = [f"c{n} 10:{n:02d}:00 0612000001 yes no 10 110" for n in range(21)]
    pair = calls("d 10:00:00 0612000001 yes no 10 110", "e 10:02:00 0612000001 yes no 10 110")
    exports = {"c.csv": calls(*many), "d.csv": pair.replace("2025-03-01", "2025-03-04")}
    found = computed(folder, exports)
    assert row(found, "contacts").now.value == 21 + 1
    assert [note.values["rows"] for note in found.notes if note.code == "shared_number"] == [21]


def test_legs_change_no_total_of_a_breakdown(folder: Path) -> None:
    """Three calls of two legs, a single one, and an e-mail: five contacts, whatever they are cut by."""
    rows = [f"{name} {10 + n}:00:00 061200000{n} yes no 10 110" for n, name in enumerate("abcd")]
    legs = [f"{name}2 {10 + n}:01:58 061200000{n} yes no 5 60" for n, name in enumerate("abc")]
    mail = "contact_id,created_at,channel,customer,reason_raw\nm,2025-03-01 09:00:00,email,lea@example.com,wismo\n"
    exports = {"c.csv": calls(*rows, *legs), "m.csv": mail}
    found = computed(folder, exports)
    assert row(found, "contacts").now.value == 5
    for by in ("channel", "brand", "country", "reason"):
        cut = row(report(folder, settings(folder), Request(by=by)), "contacts")
        assert sum(segment.now.value or 0 for segment in cut.segments) == 5, by


# --- what a ticket lends its call ----------------------------------------------------------------------------


def test_calls_and_tickets_may_be_in_one_file(folder: Path) -> None:
    """A row that says nothing of queue, wait, answer and talk is a ticket, here four minutes after its call."""
    table = calls("a 10:00:00 0612 yes no 10 110") + "t,2025-03-01 10:06:00,phone,inbound,0612,,,,,,\n"
    found = computed(folder, {"c.csv": table})
    assert row(found, "contacts").now.value == 1
    assert [note.code for note in found.notes] == ["phone_tickets"]


@pytest.mark.parametrize(
    ("brand", "channel", "contacts"),
    [("Bleue", "phone", 1), ("", "phone", 1), ("Petit Pas", "phone", 2), ("Bleue", "", 2), ("Bleue", "email", 2)],
)
def test_a_ticket_of_another_brand_or_channel_stays(folder: Path, brand: str, channel: str, contacts: int) -> None:
    head = "contact_id,created_at,channel,customer,brand"
    table = f"{head},answered,talk_s\na,2025-03-01 10:00:00,phone,0612,Bleue,yes,60\n"
    ticket = f"{head}\nt,2025-03-01 10:02:00,{channel},0612,{brand}\n"
    assert row(computed(folder, {"c.csv": table, "t.csv": ticket}), "contacts").now.value == contacts


def test_the_call_takes_what_its_ticket_knows(folder: Path) -> None:
    """The telephone system knows no brand, country, reopening: the ticket does. Two calls, one solved and reopened."""
    head = "contact_id,created_at,channel,customer,answered,talk_s\n"
    table = f"{head}a,2025-03-01 10:00:00,phone,0612,yes,60\nb,2025-03-01 12:00:00,phone,0613,yes,60\n"
    helpdesk = (
        "contact_id,created_at,channel,customer_phone,customer,brand,country,status,reopens,reason_raw\n"
        "t,2025-03-01 10:02:00,phone,0612,lea@example.com,Bleue,FR,closed,1,wismo\n"
        "u,2025-03-01 12:02:00,phone,0613,tom@example.com,Bleue,FR,closed,0,wismo\n"
    )
    found = computed(folder, {"c.csv": table, "t.csv": helpdesk})
    assert counted(folder) == ["a", "b"]
    assert fraction(found, "reopen_rate") == (1, 2)
    assert fraction(found, "wismo_share") == (2, 2)
    assert facts(folder, "SELECT DISTINCT brand, country, solved FROM fact_contacts WHERE counted") == [
        ("Bleue", "FR", True)
    ]


def test_one_call_and_its_ticket_are_no_repeat(folder: Path) -> None:
    """Two callers with a ticket each, one of whom calls again two days later: 3 contacts, 1 repeat, 1 of 2 resolved."""
    table = calls("a 10:00:00 lea@example.com yes no 10 110", "b 12:00:00 tom@example.com yes no 10 110")
    table += calls("c 10:00:00 tom@example.com yes no 10 110").removeprefix(CALL_HEAD).replace("-03-01", "-03-03")
    exports = tickets(ticket("1", "10:03:00", "lea@example.com"), ticket("2", "12:03:00", "tom@example.com"))
    found = computed(folder, {"calls.csv": table, "t.csv": exports, "o.csv": ORDERS})
    assert row(found, "contacts").now.value == 3
    assert (fraction(found, "repeat_rate"), fraction(found, "fcr_window")) == ((1, 3), (1, 2))
    assert fraction(found, "answer_rate") == (3, 3)
    assert fraction(found, "contact_rate") == (3, 10)


ORDERS = "order_ref,ordered_at\n" + "".join(f"{n},2025-03-01 09:00:00\n" for n in range(7700, 7710))


def test_two_calls_and_one_ticket(folder: Path) -> None:
    table = calls("a 10:00:00 lea@example.com yes no 5 30", "b 10:05:00 lea@example.com yes no 5 30")
    found = computed(folder, {"calls.csv": table, "t.csv": tickets(ticket("1", "10:07:00", "lea@example.com"))})
    assert (counted(folder), fraction(found, "answer_rate")) == (["a", "b"], (2, 2))


def test_the_rule_of_the_calls_keeps_both_too(folder: Path) -> None:
    exports = {"calls.csv": CALLS, "tickets.csv": tickets(ticket("1", "10:01:00", "lea@example.com"))}
    found = computed(folder, exports, '[[files]]\nmatch = "calls*"\nphone_tickets = "separate"\n')
    assert row(found, "contacts").now.value == 3
