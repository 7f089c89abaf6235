"""Telephone tickets beside calls: where not one is that of a call, the report says that both count."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support import computed, fraction

CALLS = "contact_id,case_id,created_at,channel,customer,answered,queued,talk_s\n"
TICKETS = "contact_id,created_at,channel,customer,status\n"


def exports(number: int, *, channel: str = "phone", alike: int = 0) -> dict[str, str]:
    """Calls, and tickets a minute later by e-mail; `alike` of them have the telephone number of their call."""
    calls, tickets = CALLS, TICKETS
    for n in range(number):
        at = datetime(2025, 3, 1, 9) + timedelta(hours=7 * n)
        calls += f"c{n},k{n},{at},phone,+336123400{n:02d},yes,yes,60\n"
        customer = f"+336123400{n:02d}" if n < alike else f"a{n}@example.org"
        tickets += f"t{n},{at + timedelta(minutes=1)},{channel},{customer},closed\n"
    return {"calls.csv": calls, "tickets.csv": tickets}


@pytest.mark.long
def test_tickets_of_which_none_is_of_a_call_are_said(folder: Path) -> None:
    """25 calls and 25 tickets: 50 contacts, and a note."""
    found = computed(folder, exports(25))
    assert fraction(found, "contacts")[0] == 50
    notes = [note.values for note in found.notes if note.code == "phone_tickets_unmatched"]
    assert notes == [{"rows": 25, "calls": 25}]


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "more"), [(25, {"alike": 2}), (25, {"channel": "email"}), (10, {})], ids=["two match", "mail", "few"]
)
def test_other_tickets_are_not_suspected(folder: Path, number: int, more: dict[str, object]) -> None:
    found = computed(folder, exports(number, **more))  # type: ignore[arg-type]
    assert "phone_tickets_unmatched" not in [note.code for note in found.notes]


@pytest.mark.sample(1)
@pytest.mark.parametrize("pattern", ["calls*.csv", "tickets*.csv", "*.csv"])
def test_tickets_that_the_settings_call_contacts_of_their_own_are_not_suspected(folder: Path, pattern: str) -> None:
    """25 calls and 25 tickets: 50 contacts, as the settings ask."""
    rule = f'[[files]]\nmatch = "{pattern}"\nphone_tickets = "separate"\n'
    found = computed(folder, exports(25), rule)
    assert fraction(found, "contacts")[0] == 50
    assert "phone_tickets_unmatched" not in [note.code for note in found.notes]


@pytest.mark.long
def test_a_rule_that_names_a_telephone_is_that_of_its_file(folder: Path) -> None:
    """The ledger has the shape of the name; 25 calls and 25 tickets are 50 contacts, as the settings ask."""
    files = {name.replace("tickets", "tickets_0612345678"): text for name, text in exports(25).items()}
    rule = '[[files]]\nmatch = "tickets_0612345678*"\nphone_tickets = "separate"\n'
    found = computed(folder, files, rule)
    assert fraction(found, "contacts")[0] == 50
    assert "phone_tickets_unmatched" not in [note.code for note in found.notes]


def test_calls_of_unknown_callers_are_no_tickets(folder: Path) -> None:
    """25 calls of known callers and 25 of unknown ones in one export: no helpdesk has a ticket of any."""
    text = "contact_id,created_at,channel,customer,answered,wait_s\n"
    for n in range(50):
        at = datetime(2025, 3, 1, 9) + timedelta(hours=7 * n)
        text += f"c{n},{at},phone,{f'+336123400{n:02d}' if n < 25 else ''},yes,20\n"
    found = computed(folder, {"calls.csv": text})
    assert fraction(found, "contacts")[0] == 50
    assert "phone_tickets_unmatched" not in [note.code for note in found.notes]
