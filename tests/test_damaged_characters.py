"""Signs that damage a record cost that record at most: U+FFFD, NUL, a carriage return within a cell."""

from pathlib import Path

import pytest

from kpibar.load.outcome import Outcome
from kpibar.read.errors import FileNotText
from tests.intake import column, held, take_text
from tests.workbooks import xlsx

DAY = "2025-03-01 10:00:00"
HEADER = "contact_id,created_at,channel,subject,customer,note"
LOST = "Probl\ufffdme de livraison"


def table(*records: str, end: str = "\n") -> str:
    """Damaged records among twenty sound ones."""
    sound = [f"s{n},{DAY},email,Question {n},k{n}," for n in range(20)]
    return "".join(line + end for line in (HEADER, *sound[:15], *records, *sound[15:]))


def load(folder: Path, content: str | bytes, name: str = "export.csv") -> Outcome:
    return take_text(folder, content, name, keep_text=True)


def remarks(outcome: Outcome) -> dict[str, int]:
    return {remark.code: remark.records for remark in outcome.remarks}


def rejects(folder: Path) -> list[tuple[int, str]]:
    return held(folder, "SELECT line, reason FROM rejects ORDER BY line")


@pytest.mark.long
def test_a_lost_letter_in_free_text_costs_no_record(folder: Path) -> None:
    """In a subject, in a column that nothing reads, in a text of several lines, in a workbook."""
    several = f'3,{DAY},email,"{LOST}\nBonjour,\n{LOST}",a,'
    outcome = load(folder, table(f"1,{DAY},email,{LOST},a,", f"2,{DAY},email,,a,{LOST}", several))
    assert (outcome.counts.added, outcome.counts.rejected, remarks(outcome)["damaged_text"]) == (23, 0, 3)
    texts = column(folder, "SELECT subject FROM contacts WHERE contact_id IN ('1', '3') ORDER BY contact_id")
    assert texts == [LOST, f"{LOST}\nBonjour,\n{LOST}"]
    workbook = [line.split(",") for line in table(f"4,{DAY},email,{LOST},a,").splitlines()]
    outcome = load(folder, xlsx(workbook), "export.xlsx")
    assert (outcome.counts.added, remarks(outcome)["damaged_text"]) == (1, 1)


def test_a_lost_letter_in_any_other_column_is_a_reject_of_its_own(folder: Path) -> None:
    """In an identifier, in a listed word, in a customer; a record of several lines is one reject."""
    outcome = load(
        folder,
        table(
            f"1\ufffd,{DAY},email,,a,",
            f"2,{DAY},t\ufffdl\ufffdphone,,a,",
            f'3,{DAY},email,"Bonjour,\n\nmerci",jos\ufffd@example.com,',
            f"4,{DAY},email,,a,",
        ),
    )
    assert (outcome.counts.added, outcome.counts.rejected) == (21, 3)
    assert rejects(folder) == [
        (line, "it holds a character that an earlier program could not read") for line in (17, 18, 19)
    ]
    assert outcome.lines.rejected == 5


@pytest.mark.long
def test_a_lost_letter_of_a_recorded_reason_leaves_the_reason_unknown(folder: Path) -> None:
    content = f"contact_id,created_at,channel,reason_raw\n1,{DAY},email,Livraison\n2,{DAY},email,R\ufffdclamation\n"
    outcome = load(folder, content)
    assert remarks(outcome) == {"damaged_text": 1, "reason_unmapped": 1}


@pytest.mark.long
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_nul_costs_its_record(folder: Path, end: str) -> None:
    """Also among the first records, and once where the record has several lines."""
    first = f"0,{DAY},email,Ques\0tion,a,"
    content = table(f"1,{DAY},email,\0,a,", f'2,{DAY},email,"a\0{end}b",a,', f"3,{DAY},email,,a,", end=end)
    outcome = load(folder, content.replace(HEADER + end, HEADER + end + first + end))
    assert (outcome.counts.added, outcome.counts.rejected) == (21, 3)
    assert rejects(folder) == [(line, "it holds a NUL character") for line in (2, 18, 19)]


@pytest.mark.long
@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 30,
        b"\x7fELF\2\1\1" + bytes(9) + b"\3\0>\0\1\0\0\0\xf0\x5b" + b"abc\0def\0\0\0" * 200,
        (HEADER + "\n" + f"1,{DAY}," + "\0\1\2\3" * 40 + "\n").encode(),
        f"contact_id\0,created_at\n1,{DAY}\n".encode(),
    ],
    ids=["all bytes", "program", "control characters", "header"],
)
def test_a_binary_file_is_refused_as_such(folder: Path, content: bytes) -> None:
    with pytest.raises(FileNotText, match="binary"):
        load(folder, content)


@pytest.mark.sample(1)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_carriage_return_within_a_cell_ends_no_line(folder: Path, end: str) -> None:
    """In the middle of a record, in its last cell, several, in quotes, after a text of several lines."""
    content = table(
        f"1,{DAY},email,Bon\rjour,a,",
        f"2,{DAY},email,Bonjour,a,note\rmerci",
        f"3,{DAY},email,a\r\rb\rc,a,",
        f'4,{DAY},email,"Bon\rjour",a,',
        f'5,{DAY},email,"un\ndeux",a,note\rmerci',
        f"6,{DAY},email,,a,",
        end=end,
    )
    outcome = load(folder, content)
    assert (outcome.counts.added, outcome.counts.rejected, outcome.lines.total) == (
        26,
        0,
        content.count("\r") + content.count("\n") - content.count("\r\n"),
    )
    texts = held(folder, "SELECT contact_id, subject FROM contacts WHERE length(contact_id) = 1 ORDER BY 1")
    assert texts == [
        ("1", "Bon\rjour"),
        ("2", "Bonjour"),
        ("3", "a\r\rb\rc"),
        ("4", "Bon\rjour"),
        ("5", "un\ndeux"),
        ("6", None),
    ]


@pytest.mark.long
def test_a_carriage_return_between_whole_records_ends_a_line(folder: Path) -> None:
    """As a part of the file that another system wrote has it, and as blank lines have it."""
    content = table(f"1,{DAY},email,,a,\r2,{DAY},email,,a,", f"3,{DAY},email,,a,\r\r", f"\r4,{DAY},email,,a,")
    outcome = load(folder, content)
    assert (outcome.counts.added, outcome.counts.rejected) == (24, 0)
    outcome = load(folder, table(f"5,{DAY},email,,a,", end="\r"), "mac.csv")
    assert outcome.counts.added == 1


@pytest.mark.long
def test_a_carriage_return_that_fits_no_record_is_told(folder: Path) -> None:
    outcome = load(folder, table(f"1,{DAY},email,a\rb", f"2,{DAY},em\rail,,a,,,"))
    assert (outcome.counts.added, outcome.counts.rejected > 1) == (20, True)
    assert not column(folder, "SELECT 1 FROM contacts WHERE contact_id IN ('1', '2')")
