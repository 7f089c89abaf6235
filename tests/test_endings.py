"""The end of a file without a line end: the last record is taken where its last cell shows that it is whole."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.load.errors import AllRejected
from kpibar.load.outcome import Outcome
from kpibar.render.summary import outcome_lines
from tests.intake import column, held, take_text

MISSING = "the file ends without a line end"


def contacts(name: str, cells: Sequence[str], mark: str = ",", *, end: str = "\n") -> str:
    """Contacts of which the last column is `name`, with these cells; no line end after the last."""
    rows = [f"T{number}{mark}2025-03-01 10:00:00{mark}email{mark}{cell}" for number, cell in enumerate(cells)]
    return end.join((mark.join(("contact_id", "created_at", "channel", name)), *rows))


def said(outcome: Outcome) -> str:
    return "\n".join(outcome_lines(outcome, catalogue(Settings()), dry_run=False))


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("name", "cells"),
    [
        pytest.param("subject_id", ["x1", "x22", "x"], id="unread by the layout"),
        pytest.param("queue", ["", "SAV", ""], id="empty"),
        pytest.param("queue", ["", "", ""], id="all empty"),
        pytest.param("queue", ['"SAV"', "Web", '"Retours, Web"'], id="quoted and closed"),
        pytest.param("status", ["open", "closed", "closed"], id="a word of the list that was seen"),
        pytest.param("status", ["open", "pending", "Closed"], id="a word of the list"),
        pytest.param("status", ["open", "En attente", "En attente"], id="a word that was seen in a list column"),
        pytest.param("answered", ["oui", "non", "oui"], id="a word of a flag"),
        pytest.param("answered", ["1", "0", "1"], id="a flag that was seen"),
        pytest.param("resolved_at", ["2025-03-02 10:00:00", "", "2025-03-03 11:30:00"], id="a full date and time"),
        pytest.param("resolved_at", ["2025-03-02T10:00:00+01:00", "2025-03-03T11:30:00+01:00"], id="with its zone"),
        pytest.param("resolved_at", ["", "", "2025-03-03T11:30:00Z"], id="the only one of its column"),
        pytest.param("resolved_at", ["15/03/2025 9:05", "4/3/2025 10:05", "13/3/2025 9:15"], id="of any length"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_record_without_line_end_that_is_whole_is_taken_and_said(
    folder: Path, name: str, cells: list[str], end: str
) -> None:
    outcome = take_text(folder, contacts(name, cells, end=end))
    assert (outcome.counts.added, outcome.counts.rejected) == (len(cells), 0)
    assert MISSING in said(outcome)
    assert held(folder, "SELECT code, records FROM remarks WHERE code = 'line_end_missing'") == [
        ("line_end_missing", 1)
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "cells"),
    [
        pytest.param("agent_replies", ["100", "200", "482"], id="a number"),
        pytest.param("order_ref", ["48214", "48215", "48216"], id="an identifier"),
        pytest.param("queue", ["SAV", "Web", "SAV"], id="a free name"),
        pytest.param("reason_raw", ["Retour", "Retour", "Retour"], id="a recorded reason"),
        pytest.param("queue", ["SAV", "Web", ""], id="empty where no other cell is"),
        pytest.param("status", ["closed", "closed", "open"], id="a word shorter than every other"),
        pytest.param("status", ["open", "closed", "close"], id="a part of a word"),
        pytest.param("status", ["on hold", "on", "on hold", "solved", "on"], id="a word that a longer one begins with"),
        pytest.param("resolved_at", ["2025-03-02 10:00:00", "2025-03-03 11:30"], id="a time without its seconds"),
        pytest.param("resolved_at", ["2025-03-02T10:00:00Z", "2025-03-03T11:30:00"], id="without its zone"),
        pytest.param("resolved_at", ["2025-03-02T10:00:00+01:00", "2025-03-03T11:30:00+01"], id="half of its zone"),
        pytest.param(
            "resolved_at",
            ["15/03/2025 9:05:30", "5/3/2025 9:05:30", "13/03/2025 11:30"],
            id="as long as others, less exact",
        ),
        pytest.param("resolved_at", ["15/3/2025 9:05", "13/03/2025 11:3"], id="a minute of one digit"),
        pytest.param("resolved_at", ["", "2025-03-02 10:00"], id="the only one, not to the second"),
        pytest.param("queue", ['TV 14"', "SAV", 'TV 12"'], id="a quote that closes nothing"),
    ],
)
def test_a_last_record_without_line_end_that_may_have_been_cut_is_rejected(
    folder: Path, name: str, cells: list[str]
) -> None:
    outcome = take_text(folder, contacts(name, cells))
    assert (outcome.counts.added, outcome.counts.rejected) == (len(cells) - 1, 1)
    assert held(folder, "SELECT line, code FROM rejects") == [(len(cells) + 1, "cut")]
    assert MISSING not in said(outcome)


def test_a_file_of_one_record_without_line_end(folder: Path) -> None:
    assert take_text(folder, contacts("status", ["closed"])).counts.added == 1
    with pytest.raises(AllRejected):
        take_text(folder, contacts("queue", ["SAV"]), name="other.csv")


def test_what_a_cut_file_lacks_is_never_put_right(folder: Path) -> None:
    """The last line has a cell less: the cut fell before its last cell."""
    text = contacts("status", ["open", "closed", "closed"]).rpartition(",")[0]
    outcome = take_text(folder, text)
    assert (outcome.counts.added, outcome.counts.rejected) == (2, 1)


@pytest.mark.long
def test_every_place_of_a_cut_is_whole_or_rejected(folder: Path) -> None:
    """Cut after each character of the last cell: what is loaded has the status it had, or the file's line says it."""
    whole = contacts("status", ["open", "closed", "pending", "solved", "closed"])
    for size in range(len(whole) - len("closed"), len(whole) + 1):
        outcome = take_text(folder, whole[:size], name=f"{size}.csv")
        alike = whole[:size].endswith(("closed", "clos"))  # which is French for closed
        assert outcome.counts.rejected == (0 if alike else 1)
        assert set(column(folder, "SELECT status FROM contacts WHERE contact_id = 'T4'")) <= {"closed"}


@pytest.mark.long
def test_a_file_with_its_line_end_or_a_footer_says_nothing(folder: Path) -> None:
    whole = contacts("status", ["open", "closed"])
    for number, end in enumerate(("\n", "\r\n", "\n\n", "\nTotal,2,,")):
        assert MISSING not in said(take_text(folder, whole + end, name=f"{number}.csv"))
