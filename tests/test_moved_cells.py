"""Rows of which the cells moved by one place: of two durations that always come together, one is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kpibar.load.errors import LayoutContradicted
from tests.intake import take, take_text, write

HEADER = (
    "Id",
    "Created at",
    "Solved at",
    "Via",
    "Group stations",
    "Replies",
    "Full resolution time in minutes",
    "Tags",
)
Row = tuple[str, ...]


def zendesk(count: int, change: Callable[[Row], Row], changed: int) -> str:
    """Tickets solved after two hours, of which the first `changed` are changed."""
    rows: list[Row] = [
        (str(n), "2025-03-01 10:00:00", "2025-03-01 12:00:00", "Mail", "1", "2", "120", "") for n in range(count)
    ]
    rows = [change(row) if number < changed else row for number, row in enumerate(rows)]
    return "\n".join(",".join(row) for row in (HEADER, *rows)) + "\n"


def without(place: int) -> Callable[[Row], Row]:
    """A row that lost a cell; those behind it move to the left."""
    return lambda row: (*row[:place], *row[place + 1 :], "")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without(6), id="the duration is lost"),
        pytest.param(without(5), id="what moves into its place is empty"),
        pytest.param(lambda row: (*row[:6], "", row[6]), id="the duration moved to the right"),
        pytest.param(lambda row: (*row[:2], "", *row[3:]), id="the date of the solution is lost"),
    ],
)
def test_half_of_the_rows_moved_refuses_the_file(folder: Path, change: Callable[[Row], Row]) -> None:
    path = write(folder, "half.csv", zendesk(60, change, 30))
    error = take(folder, path)[0].error
    assert error is not None
    if isinstance(error, LayoutContradicted):
        assert "30 of 60 records agree" in str(error)


def test_few_records_may_lack_one_of_the_two(folder: Path) -> None:
    assert take_text(folder, zendesk(60, without(6), 12)).counts.added == 60


def test_an_export_without_the_column_asserts_nothing(folder: Path) -> None:
    text = zendesk(60, without(6), 60)
    assert take_text(folder, text).counts.added == 60


def gorgias(lacking: int, replies: str, messages: str) -> str:
    """Sixty tickets closed after two hours, of which some have no resolution time and these numbers of messages."""
    header = "Ticket id,Creation date,Closed date,Initial channel,Resolution time (s),"
    header += "Number of agent messages,Number of customer messages\n"
    closed = "2025-03-01 10:00:00,2025-03-01 12:00:00,email"
    rows = (f"{n},{closed}," + (f",{replies},{messages}" if n < lacking else "7200,1,1") for n in range(60))
    return header + "\n".join(rows) + "\n"


@pytest.mark.long
@pytest.mark.parametrize(("replies", "messages"), [("0", "1"), ("1", "0"), ("0", "0"), ("0", "")])
def test_tickets_closed_without_an_exchange_need_no_resolution_time(folder: Path, replies: str, messages: str) -> None:
    """A third of a shop's tickets are spam that a rule closes, or messages to customers who never wrote."""
    assert take_text(folder, gorgias(20, replies, messages)).counts.added == 60


@pytest.mark.long
@pytest.mark.parametrize("messages", ["1", ""])
def test_answered_tickets_without_their_resolution_time_refuse_the_file(folder: Path, messages: str) -> None:
    with pytest.raises(LayoutContradicted, match="20 lack one of the two values"):
        take_text(folder, gorgias(20, "1", messages))
