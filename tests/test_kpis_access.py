"""Access KPIs: telephone calls, offered, answered, abandoned."""

from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from tests.support import computed, fraction, row

# The target is 20 s. Offered: a1 to b3 and u1; closed, ivr and out never reached the queue in opening hours.
CALLS = """
| contact_id | created_at          | channel | direction | queued | in_hours | answered | abandoned | wait_s |
| a1         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | yes      | no        | 10     |
| a2         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | yes      | no        | 20     |
| a3         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | yes      | no        | 21     |
| b1         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | no       | yes       | 3      |
| b2         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | no       | yes       | 20     |
| b3         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | no       | yes       | 21     |
| u1         | 2025-03-03 10:00:00 | phone   | inbound   | yes    | yes      | no       | no        | 15     |
| closed     | 2025-03-03 22:00:00 | phone   | inbound   | yes    | no       | no       | yes       | 30     |
| ivr        | 2025-03-03 10:00:00 | phone   | inbound   | no     | yes      | no       | no        |        |
| out        | 2025-03-03 10:00:00 | phone   | outbound  | yes    | yes      | yes      | no        | 5      |
| mail       | 2025-03-03 10:00:00 | email   | inbound   |        |          |          |           |        |
"""


def test_calls(folder: Path) -> None:
    found = computed(folder, {"calls.csv": CALLS})
    assert fraction(found, "service_level") == (2, 5), "a1 a2 of a1 a2 a3 b3 u1: b1 and b2 gave up within 20 s"
    assert fraction(found, "answer_rate") == (3, 7), "a1 a2 a3 of all offered"
    assert fraction(found, "abandon_rate") == (3, 7), "b1 b2 b3; u1 stayed and was let down"
    assert fraction(found, "asa") == (51, 3), "10 + 20 + 21 seconds over three answered calls"
    assert row(found, "asa").now.value == 17
    assert row(found, "contacts").now.value == 10, "all but the outgoing call, also those nobody took"


@pytest.mark.long
def test_the_service_level_follows_its_setting(folder: Path) -> None:
    found = computed(folder, {"calls.csv": CALLS}, "[thresholds]\nservice_level_s = 21\n")
    assert fraction(found, "service_level") == (3, 4), "a1 a2 a3 of a1 a2 a3 u1: b3 now gave up within 21 s"


@pytest.mark.long
def test_a_wait_nobody_measured_is_in_no_service_level(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | queued | answered | abandoned | wait_s |
    | 1          | 2025-03-03 10:00:00 | phone   | yes    | yes      | no        |        |
    | 2          | 2025-03-03 10:00:00 | phone   | yes    | yes      | no        | 0      |
    """
    found = computed(folder, {"calls.csv": table})
    assert fraction(found, "service_level") == (1, 1)
    assert fraction(found, "asa") == (0, 1), "a wait of 0 s is a measurement"
    assert fraction(found, "answer_rate") == (2, 2)


@pytest.mark.long
def test_opening_hours_of_the_settings(folder: Path) -> None:
    """3 March 2025 is a Monday, 9 March a Sunday, 10 March closed. In summer 07:30 UTC is 09:30 in Paris."""
    table = """
    | contact_id | created_at           | channel | queued | answered | abandoned | wait_s |
    | monday     | 2025-03-03 09:00:00  | phone   | yes    | yes      | no        | 1      |
    | evening    | 2025-03-03 18:00:00  | phone   | yes    | no       | yes       | 40     |
    | sunday     | 2025-03-09 10:00:00  | phone   | yes    | no       | yes       | 40     |
    | closed     | 2025-03-10 10:00:00  | phone   | yes    | no       | yes       | 40     |
    | summer     | 2025-07-07T07:30:00Z | phone   | yes    | yes      | no        | 1      |
    | winter     | 2025-12-01T07:30:00Z | phone   | yes    | no       | yes       | 40     |
    """
    hours = '[hours]\nmonday = "09:00-18:00"\nclosed = [2025-03-10]\n'
    found = computed(folder, {"calls.csv": table}, hours)
    assert fraction(found, "answer_rate") == (2, 2), "monday and summer: 18:00 is closed, winter is 08:30 local"


AIRCALL = """
| line | datetime (utc)          | direction | answered | missed_call_reason    | duration (total) | duration (in call) | call id | from        | time to answer | waiting time | time in ivr |
| Care | 2025-03-03 09:00:00 UTC | inbound   | Yes      |                       | 130              | 100                | 1       | 33612345678 | 00:00:20       | 00:00:30     | 00:00:10    |
| Care | 2025-03-03 09:00:00 UTC | inbound   | No       | no_available_agent    | 90               | 0                  | 2       | 33612345679 |                | 00:01:30     | 00:00:30    |
| Care | 2025-03-03 09:00:00 UTC | inbound   | No       | agents_did_not_answer | 90               | 0                  | 3       | 33612345670 |                | 00:01:30     |             |
| Care | 2025-03-03 09:00:00 UTC | inbound   | No       | abandoned_in_classic  | 45               | 0                  | 4       | 33612345671 |                | 00:00:45     | 00:00:05    |
| Care | 2025-03-03 09:00:00 UTC | inbound   | No       | short_abandoned       | 4                | 0                  | 5       | 33612345672 |                | 00:00:04     |             |
| Care | 2025-03-03 22:00:00 UTC | inbound   | No       | out_of_opening_hours  | 5                | 0                  | 6       | 33612345673 |                | 00:00:05     |             |
| Care | 2025-03-03 09:00:00 UTC | inbound   | No       | abandoned_in_ivr      | 8                | 0                  | 7       | 33612345674 |                | 00:00:08     | 00:00:08    |
| Care | 2025-03-03 09:00:00 UTC | outbound  | Yes      |                       | 60               | 50                 | 8       | 33612345675 |                |              |             |
"""  # noqa: E501


@pytest.mark.long
def test_aircall_calls(folder: Path) -> None:
    """Calls 1 to 5 were offered; nobody took 2 and 3 although the callers stayed: neither answered nor abandoned."""
    found = computed(folder, {"calls.csv": AIRCALL})
    assert fraction(found, "answer_rate") == (1, 5)
    assert fraction(found, "abandon_rate") == (2, 5), "calls 4 and 5"
    assert fraction(found, "service_level") == (1, 4), "call 1 of 1 to 4: call 5 gave up after 4 s"
    assert fraction(found, "asa") == (20, 1), "the time in the IVR is not a wait in the queue"
    assert row(found, "contacts").now.value == 7, "out-of-hours callers are customers too"


TWO_SOURCES = '[[files]]\nmatch = "a*"\nbrand = "A"\n[[files]]\nmatch = "b*"\nbrand = "B"\n'
FULL = (
    "contact_id,created_at,channel,queued,answered,abandoned,wait_s\n"
    "1,2025-02-03 10:00:00,phone,yes,yes,no,10\n"
    "2,2025-02-03 11:00:00,phone,yes,yes,no,40\n"
    "3,2025-02-03 12:00:00,phone,yes,no,yes,90\n"
)


def other(*columns: str, empty: tuple[str, ...] = ()) -> str:
    """Four calls of a source with values in some columns: three answered after 5 s, one given up after 60 s.

    The columns of `empty` are there, without a value.
    """
    head = "contact_id,created_at,channel,queued"
    answered = {"answered": "yes", "abandoned": "no", "wait_s": "5"} | dict.fromkeys(empty, "")
    missed = {"answered": "no", "abandoned": "yes", "wait_s": "60"} | dict.fromkeys(empty, "")
    rows = [
        ",".join((f"{n}", f"2025-02-04 {n + 10}:00:00", "phone,yes", *(values[name] for name in (*columns, *empty))))
        for n, values in enumerate((answered, answered, answered, missed), 1)
    ]
    return "\n".join((",".join((head, *columns, *empty)), *rows, ""))


@pytest.mark.long
@pytest.mark.parametrize("header", ["without the column", "with the column, empty"])
@pytest.mark.parametrize(
    ("columns", "service", "answer", "abandon"),
    [
        # Of the first source 1 of 3 in 20 s, 2 of 3 answered, 1 of 3 given up; of the second 3, 3 and 1 of 4.
        (("answered", "abandoned", "wait_s"), (4, 7), (5, 7), (2, 7)),
        (("answered", "wait_s"), (4, 7), (5, 7), (1, 3)),
        (("answered", "abandoned"), (1, 3), (5, 7), (2, 7)),
        (("abandoned", "wait_s"), (1, 3), (2, 3), (2, 7)),
    ],
    ids=["all", "no abandonments", "no waits", "no answers"],
)
def test_a_source_without_a_column_adds_nothing_to_its_kpi(
    folder: Path,
    columns: tuple[str, ...],
    service: tuple[int, int],
    answer: tuple[int, int],
    abandon: tuple[int, int],
    header: str,
) -> None:
    absent = tuple(name for name in ("answered", "abandoned", "wait_s") if name not in columns)
    second = other(*columns, empty=absent if header.endswith("empty") else ())
    found = computed(folder, {"a.csv": FULL, "b.csv": second}, TWO_SOURCES)
    assert fraction(found, "service_level") == service
    assert fraction(found, "answer_rate") == answer
    assert fraction(found, "abandon_rate") == abandon
    left_out = {
        (kpi, note.values["rows"])
        for kpi in ("service_level", "answer_rate", "abandon_rate")
        for note in row(found, kpi).notes
        if note.code.endswith("_unknown")
    }
    expected = {("service_level", service), ("answer_rate", answer), ("abandon_rate", abandon)}
    assert left_out == {(kpi, 4) for kpi, (_, base) in expected if base == 3}


@pytest.mark.long
def test_a_service_level_without_answers_is_not_available(folder: Path) -> None:
    found = computed(folder, {"b.csv": other("abandoned", "wait_s")})
    assert row(found, "service_level").missing == ("contacts.answered",)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("empty", "kpis"),
    [("answered", ("service_level", "answer_rate")), ("abandoned", ("abandon_rate",)), ("wait_s", ("service_level",))],
)
def test_a_column_that_is_empty_on_every_record_gives_no_rate(folder: Path, empty: str, kpis: tuple[str, ...]) -> None:
    filled = tuple(name for name in ("answered", "abandoned", "wait_s") if name != empty)
    found = computed(folder, {"b.csv": other(*filled, empty=(empty,))})
    for kpi in kpis:
        assert row(found, kpi).status == "not_available"
        assert [
            note.values["rows"] for note in row(found, kpi).notes if note.code in catalogue(Settings()).get(kpi).notes
        ] == [4]


@pytest.mark.long
def test_a_call_of_which_only_the_giving_up_is_known_is_counted_with_its_unknown_queue(folder: Path) -> None:
    """1 of 2 calls in the queue was given up; of two more nothing says whether they reached it."""
    rows = "1,yes,no,yes\n2,yes,yes,no\n3,,,yes\n4,,no,\n"
    calls = "".join(f"{line[0]},2025-02-03 1{line[0]}:00:00,phone{line[1:]}\n" for line in rows.splitlines())
    found = computed(folder, {"c.csv": f"contact_id,created_at,channel,queued,answered,abandoned\n{calls}"})
    assert fraction(found, "abandon_rate") == (1, 2)
    for kpi in ("abandon_rate", "answer_rate"):
        notes = {note.code: note.values["rows"] for note in row(found, kpi).notes}
        assert notes["queue_unknown"] == 2, kpi
