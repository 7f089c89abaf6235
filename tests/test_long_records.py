"""A record that no engine takes is one reject with its line; what is beside it and the files after it are loaded."""

import json
from pathlib import Path

import pytest

from kpibar.read.scan import LONGEST_TEXT
from tests.intake import column, held, take, write

HEAD = "contact_id,created_at,channel,subject,body\n"
LONG = "x" * (LONGEST_TEXT + 1)


def row(name: str, subject: str = "s", body: str = "b") -> str:
    return f"{name},2025-03-01 10:00:00,email,{subject},{body}\n"


def document(*subjects: str) -> str:
    names = ("1", "2", "3")
    return json.dumps(
        [
            {"contact_id": name, "created_at": "2025-03-01 10:00:00", "channel": "email", "subject": subject}
            for name, subject in zip(names, subjects, strict=True)
        ]
    )


HALF = "y" * (LONGEST_TEXT // 2 + 1)
# Of every kind the second of three records is too long.
FILES = {
    "cell.csv": HEAD + row("1") + row("2", LONG) + row("3"),
    "key.csv": HEAD + row("1") + row(LONG) + row("3"),
    "together.csv": HEAD + row("1") + row("2", HALF, HALF) + row("3"),
    "lines.csv": HEAD + row("1") + row("2", f'"{HALF}\n{HALF}"') + row("3"),
    "quotes.csv": HEAD + row("1") + row("2", '"' + '""' * (LONGEST_TEXT // 2) + 'z"') + row("3"),
    "last.csv": HEAD + row("1") + row("3") + row("2", LONG).rstrip(),
    "list.json": document("s", LONG, "s"),
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", FILES)
def test_only_the_record_is_rejected_with_its_line(folder: Path, name: str) -> None:
    """The two beside it and the file after it in the same command are loaded."""
    outcomes = take(folder, write(folder, name, FILES[name]), write(folder, "sound.csv", HEAD + row("4")))
    assert [outcome.error for outcome in outcomes] == [None, None]
    ((line, code, reason),) = held(folder, "SELECT line, code, reason FROM rejects")
    assert line == {"list.json": 2, "last.csv": 4}.get(name, 3) and code == "length" and "longer than 16 MiB" in reason
    assert held(folder, "SELECT records, rejected FROM files WHERE name = ?", [name]) == [(3, 1)]
    assert sorted(column(folder, "SELECT contact_id FROM contacts")) == ["1", "3", "4"]


@pytest.mark.long
def test_a_long_text_below_that_is_loaded(folder: Path) -> None:
    """Three million signs in a cell, on one line and on several."""
    text = "a word, " * 400_000
    path = write(folder, "x.csv", HEAD + row("1", f'"{text}"') + row("2", '"' + "line\n" * 600 + '"'))
    assert take(folder, path, keep_text=True)[0].error is None
    assert sorted(column(folder, "SELECT contact_id FROM contacts")) == ["1", "2"]
