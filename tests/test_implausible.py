"""Records that cannot be true: which of their values is wrong nobody knows, so the record is rejected and told."""

from pathlib import Path

import pytest

from tests.intake import column, held, take_text, write

HEADER = "contact_id,created_at,channel,wait_s,resolved_at\n"
GOOD = "".join(f"G{number},2025-03-01 10:00:00,phone,0,2025-03-01 10:00:00\n" for number in range(20))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("2025-03-01 10:00:00,phone,-30,", "its wait_s is negative"),
        ("2052-03-01 10:00:00,phone,30,", "its created_at is yet to come"),
        ("2025-03-01 10:00:00,phone,30,2024-03-01 10:00:00", "its resolved_at is before its created_at"),
        ("1924-03-01 10:00:00,phone,30,", "is not a date and time, 1990 to 2099"),
    ],
)
def test_what_cannot_be_true_is_rejected(folder: Path, record: str, reason: str) -> None:
    outcome = take_text(folder, f"{HEADER}{GOOD}W,{record}\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (20, 1)
    assert held(folder, "SELECT line, reason FROM rejects") == [(22, reason)]


COMPUTED = """
name = "answers"
fills = "contacts"
detect = ["no", "asked", "told"]
[select]
contact_id = 'text("no")'
created_at = 'instant("asked")'
first_reply_s = 'seconds(instant("told"), instant("asked"))'
"""


@pytest.mark.long
def test_a_computed_duration_may_lack_the_hour_of_a_clock_change(folder: Path) -> None:
    """Told an hour before it was asked: clocks went back in between. Two hours: one of the two is wrong."""
    write(folder, "layouts/answers.toml", COMPUTED)
    rows = "".join(f"{number},2025-03-01 10:00:00,2025-03-01 10:30:00\n" for number in range(20))
    odd = "H,2025-03-01 10:00:00,2025-03-01 09:00:00\nW,2025-03-01 10:00:00,2025-03-01 08:00:00\n"
    take_text(folder, f"no,asked,told\n{rows}{odd}")
    assert held(folder, "SELECT first_reply_s FROM contacts WHERE contact_id IN ('H', 'W')") == [(-3600.0,)]
    assert held(folder, "SELECT code, about, records FROM remarks") == [("out_of_order", "first_reply_s below zero", 1)]
    assert held(folder, "SELECT line, reason FROM rejects") == [(23, "its first_reply_s is negative")]


@pytest.mark.long
def test_nobody_talks_in_a_call_that_nobody_answered(folder: Path) -> None:
    rows = "".join(f"C{number},2025-03-01 10:00:00,phone,{'yes' if number else 'no'},60\n" for number in range(21))
    outcome = take_text(folder, "contact_id,created_at,channel,answered,talk_s\n" + rows)
    assert (outcome.counts.added, outcome.counts.rejected) == (20, 1)
    assert held(folder, "SELECT line, reason FROM rejects") == [(2, "it has a talk_s and was not answered")]


@pytest.mark.long
def test_clocks_that_differ_by_hours_reject_nothing(folder: Path) -> None:
    take_text(folder, f"{HEADER}{GOOD}N,2025-03-01 10:00:00,phone,0,2025-03-01 08:00:00\n")
    assert "N" in column(folder, "SELECT contact_id FROM contacts")


def test_a_promise_may_be_yet_to_come(folder: Path) -> None:
    take_text(folder, "parcel_id,shipped_at,promised_to,delivered_at\nP1,2025-03-01 10:00:00,2052-03-02,\n")
    assert column(folder, "SELECT parcel_id FROM parcels") == ["P1"]


@pytest.mark.long
def test_the_decimal_sign_that_the_layout_states_is_named(folder: Path) -> None:
    rows = "".join(f"{number},2025-03-01 09:00:00,19.90,EUR\n" for number in range(20))
    take_text(folder, f'order_ref,ordered_at,value,currency\n{rows}20,2025-03-01 09:00:00,"19,90",EUR\n')
    assert held(folder, "SELECT reason FROM rejects") == [("is not an amount with decimals after a point",)]
