"""Conversations of a vendor's bot: one it passed on or did not resolve is answered by a person or by nobody."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.intake import column, held
from tests.support import computed, fraction

HEAD = "Conversation ID,Conversation started at,Channel,Current conversation state,First response time (seconds)"
SUMMER = datetime(2025, 7, 1)


def conversations(columns: str, cells: Sequence[str]) -> dict[str, str]:
    rows = "".join(f"{n},2025-03-01 09:00:00,Chat,closed,{cell}\n" for n, cell in enumerate(cells))
    return {"conversations.csv": f"{HEAD},{columns}\n{rows}"}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "state", ["Routed to team", "routed to team", "Unresolved", "Negative feedback", "Abandoned", "Escalated", "Lost"]
)
@pytest.mark.parametrize("involved", ["true", ""])
def test_a_bot_that_did_not_resolve_is_no_answer(folder: Path, state: str, involved: str) -> None:
    """Resolved by the bot: left out of replies. In time 1 of 3: a person after 40 s; two nobody took up."""
    cells = [
        f"40,{involved},Routed to team",
        f",{involved},{state}",
        f",{involved},{state}",
        f",{involved},Confirmed resolution",
        f",{involved},Assumed resolution",
    ]
    found = computed(folder, conversations("Fin AI Agent involved,Fin AI Agent resolution state", cells), as_of=SUMMER)
    assert fraction(found, "reply_within") == (1, 3)
    assert fraction(found, "unanswered") == (2, 5)
    expected = [("Fin AI Agent resolution state", "aaaa", 2)] if state == "Lost" else []
    assert held(folder, "SELECT column_name, value, n FROM unknown_values") == expected


@pytest.mark.long
def test_without_the_state_what_was_not_deflected_was_passed_on(folder: Path) -> None:
    """In time 1 of 2: the third was deflected, which is the bot's own answer; a person's alone has no bot."""
    cells = ["40,false,false", ",true,false", ",true,true"]
    found = computed(folder, conversations("Fin AI Agent involved,Fin AI Agent deflected", cells), as_of=SUMMER)
    assert fraction(found, "reply_within") == (1, 2)
    assert fraction(found, "unanswered") == (1, 3)
    assert column(folder, "SELECT escalated FROM contacts ORDER BY contact_id") == [None, True, False]
