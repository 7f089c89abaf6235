"""Delimiters that blanks follow, quoted cells among them, and delimiters behind the last cell of records or header."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kpibar.load.errors import AllRejected
from tests.intake import held, take_text, write

HEADER = ("contact_id", "created_at", "channel", "queue", "status")
ROWS = [(f"T{number}", f"2025-03-{number + 1:02d} 10:00:00", "email", "SAV", "closed") for number in range(20)]


def csv(rows: Sequence[Sequence[str]], mark: str, quote: str, *, header: str = "", record: str = "") -> str:
    """The contacts in a text; `header` and `record` are what is written behind the last name and the last cell."""
    lines = [mark.join(f"{quote}{cell}{quote}" for cell in row) for row in (HEADER, *rows)]
    return "\n".join([lines[0] + header, *(line + record for line in lines[1:]), ""])


@pytest.mark.sample(1)
@pytest.mark.parametrize("mark", [", ", "; ", ",  ", "| "])
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_blanks_behind_delimiters_are_none_of_the_cells(folder: Path, mark: str, quote: str) -> None:
    assert take_text(folder, csv(ROWS, mark, quote)).counts.added == 20
    found = held(folder, "SELECT DISTINCT channel, queue, status FROM contacts ORDER BY ALL")
    assert found == [("email", "SAV", "closed")]
    assert not held(folder, "SELECT * FROM unknown_values")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "queue",
    [
        pytest.param("Colis, perdu", id="a delimiter and a blank in quotes"),
        pytest.param('dit ""perdu"", ""merci""', id="that looks like cells"),
        pytest.param("deux\nlignes, ensemble", id="over two lines"),
        pytest.param('"", ""', id="quotes, delimiter, blank"),
    ],
)
def test_a_quoted_text_keeps_its_blanks(folder: Path, queue: str) -> None:
    rows = [*ROWS[:10], (*ROWS[10][:3], queue, "closed"), *ROWS[11:]]
    outcome = take_text(folder, csv(rows, ", ", '"'))
    assert (outcome.counts.added, outcome.counts.rejected) == (20, 0)
    assert held(folder, "SELECT queue FROM contacts WHERE contact_id = 'T10'") == [(queue.replace('""', '"'),)]


@pytest.mark.long
def test_only_some_cells_are_quoted(folder: Path) -> None:
    text = csv(ROWS, ", ", "").replace("SAV", '"SAV, Web"')
    assert take_text(folder, text).counts.added == 20
    assert held(folder, "SELECT DISTINCT queue FROM contacts") == [("SAV, Web",)]


def test_a_quote_that_is_lost_costs_its_own_record(folder: Path) -> None:
    text = csv(ROWS, ", ", '"').replace('"T7"', '"T7')
    outcome = take_text(folder, text)
    assert outcome.counts.added + outcome.counts.rejected == 20
    assert outcome.counts.rejected <= 1
    assert held(folder, "SELECT DISTINCT channel, queue, status FROM contacts") == [("email", "SAV", "closed")]


def test_a_comma_in_the_texts_of_a_file_with_semicolons_is_text(folder: Path) -> None:
    text = csv([(*row[:3], 'Bonjour, "x", merci', row[4]) for row in ROWS], ";", "")
    assert take_text(folder, text).counts.added == 20
    assert held(folder, "SELECT DISTINCT queue FROM contacts") == [('Bonjour, "x", merci',)]


# --- delimiters behind the last cell -----------------------------------------------------------------------


@pytest.mark.sample(2)
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("quote", ['"', ""])
def test_records_that_end_in_delimiters_are_read(folder: Path, mark: str, count: int, quote: str) -> None:
    outcome = take_text(folder, csv(ROWS, mark, quote, record=mark * count))
    assert (outcome.counts.added, outcome.counts.rejected) == (20, 0)
    assert held(folder, "SELECT DISTINCT channel, queue, status FROM contacts") == [("email", "SAV", "closed")]


def test_a_header_that_ends_in_a_delimiter_is_read(folder: Path) -> None:
    assert take_text(folder, csv(ROWS, ",", "", header=",")).counts.added == 20


@pytest.mark.long
def test_records_without_line_end_or_with_a_header_again(folder: Path) -> None:
    text = csv(ROWS, ",", "", record=",")
    assert take_text(folder, text.rstrip("\n")).counts.added == 20
    outcome = take_text(folder, text + text, name="twice.csv")
    assert held(folder, "SELECT DISTINCT code FROM rejects") == [("header",)]
    assert outcome.counts.rejected == 1


@pytest.mark.long
def test_a_value_behind_the_last_column_is_rejected(folder: Path) -> None:
    """An unquoted comma in one record: its cells have moved, and the last stands behind the last column."""
    text = csv(ROWS, ",", "", record=",").replace(
        "T7,2025-03-08 10:00:00,email,SAV,closed,", "T7,2025-03-08 10:00:00,email,SAV,a,closed"
    )
    outcome = take_text(folder, text)
    assert (outcome.counts.added, outcome.counts.rejected) == (19, 1)
    assert held(folder, "SELECT line, code FROM rejects") == [(9, "width")]


@pytest.mark.parametrize("rows", [1, 9])
def test_a_delimiter_in_few_records_is_damage(folder: Path, rows: int) -> None:
    lines = csv(ROWS, ",", "").splitlines()
    text = "\n".join([*lines[:10], *(line + "," for line in lines[10 : 10 + rows]), *lines[10 + rows :], ""])
    outcome = take_text(folder, text)
    assert outcome.counts.added + outcome.counts.rejected == 20
    assert held(folder, "SELECT DISTINCT channel, status FROM contacts") == [("email", "closed")]


def test_a_decimal_comma_that_nobody_quoted_is_no_trailing_delimiter(folder: Path) -> None:
    """The records have a cell too many, and the last is empty, as the last column is: all would move by one place."""
    header = "contact_id,created_at,channel,first_reply_s,queue,team\n"
    text = header + "".join(f"T{number},2025-03-01 10:00:00,email,12,{number + 10},SAV,\n" for number in range(20))
    layout = 'name = "own"\nfills = "contacts"\nzone = "account"\ndecimal = ","\ndetect = ["contact_id", "team"]\n'
    select = {
        "contact_id": 'text("contact_id")',
        "created_at": 'instant("created_at")',
        "first_reply_s": 'secs("first_reply_s")',
        "queue": 'text("queue")',
        "team": 'text("team")',
    }
    lines = "".join(f"{name} = '{sql}'\n" for name, sql in select.items())
    write(folder, "layouts/own.toml", f'{layout}status = "unverified"\n[select]\n{lines}')
    with pytest.raises(AllRejected):
        take_text(folder, text, layout="own")


@pytest.mark.long
def test_whole_numbers_beside_each_other_are_columns(folder: Path) -> None:
    header = "contact_id,created_at,channel,agent_replies,reopens,status\n"
    text = header + "".join(f"T{number},2025-03-01 10:00:00,email,{number},1,closed,\n" for number in range(20))
    assert take_text(folder, text).counts.added == 20
    assert held(folder, "SELECT sum(agent_replies), sum(reopens) FROM contacts") == [(190, 20)]
