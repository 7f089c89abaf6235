"""Quotes where they should not be: within an unquoted cell, around a whole line, alone in a header.

A record whose cells can be told apart in two ways is rejected, one that can only be what it says is loaded.
"""

from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.load.outcome import Outcome
from kpibar.read.errors import HeaderQuoteUnpaired
from kpibar.render.summary import outcome_lines
from tests.intake import column, held, take, take_text, write

HEADER = ("contact_id", "created_at", "channel", "reason_raw", "subject", "status")
DAY = "2025-03-01 10:00:00"


def lines(middle: str, *, delimiter: str = ",", quote: str = '"') -> str:
    """Twenty contacts, the eleventh of which (line 12) is `middle`, written with commas and double quotes."""
    rows = [f"T{number},{DAY},email,SAV,Bonjour,closed" for number in range(20)]
    rows[10] = middle
    text = "\n".join((",".join(f'"{name}"' for name in HEADER), *rows)) + "\n"
    return text.translate(str.maketrans(',"', delimiter + quote))


def said(outcome: Outcome) -> str:
    return "\n".join(outcome_lines(outcome, catalogue(Settings()), dry_run=False))


# --- a quote within an unquoted cell -------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize(("delimiter", "quote"), [(",", '"'), (";", '"'), ("\t", '"'), ("|", '"'), (",", "'")])
@pytest.mark.parametrize(
    "record",
    [
        pytest.param(f'T10,{DAY},email,SAV"Colis perdu, merci",closed', id="a delimiter lost before a quoted text"),
        pytest.param(f'T10,{DAY},email,SAV"dit ""perdu"", merci",closed', id="with quotes in it"),
        pytest.param(f'T10,{DAY},email,SAV"Colis ""perdu, merci""",closed', id="that ends in a quote"),
        pytest.param(f'T10,{DAY},email,SAV""Colis perdu, merci"",closed', id="two quotes each"),
        pytest.param(f'T10,{DAY},email,SAV"Colis "perdu", merci",closed', id="quotes that nobody doubled"),
        pytest.param(f'T10,{DAY},email,SAV 12"Colis perdu, merci",closed', id="behind a digit"),
        pytest.param(f'T10,{DAY},email,SAV" Colis perdu, merci",closed', id="a blank behind the quote"),
        pytest.param(f'T10,{DAY},email,SAV,Bonjour"closed, not yet"', id="in the last cell"),
        pytest.param(f'T10,{DAY},email"SAV, perdu",Bonjour,closed', id="before a listed value"),
    ],
)
def test_a_cell_that_can_end_in_two_places_is_rejected(folder: Path, record: str, delimiter: str, quote: str) -> None:
    outcome = take_text(folder, lines(record, delimiter=delimiter, quote=quote))
    assert (outcome.counts.added, outcome.counts.rejected) == (19, 1)
    assert held(folder, "SELECT line, code FROM rejects") == [(12, "quoting")]


@pytest.mark.sample(2)
@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize(
    ("subject", "status"),
    [
        pytest.param('TV 12" screen', "closed", id="inches"),
        pytest.param('TV 12" screen, 14" lamp', "closed", id="in a quoted cell"),
        pytest.param("Table 5'10\" x 3'", "closed", id="feet and inches"),
        pytest.param('Lampe "Étoile"', "closed", id="a name in quotes"),
        pytest.param('12"', "closed", id="at the end of the cell"),
        pytest.param('Cadre 12"x14"', 'Cadre 15"x16"', id="in two cells"),
        pytest.param('Écran 24" (61 cm)', 'Support 24"', id="at the end of the next cell"),
        pytest.param('{"id": 7}', '{"id": 8}', id="JSON that nobody quoted"),
        pytest.param("Bonjour", 'closed"', id="at the end of the record"),
    ],
)
def test_a_quote_that_is_text_is_loaded_as_it_is(folder: Path, subject: str, status: str, repair: bool) -> None:
    cells = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if "," in cell else cell for cell in (subject, status)]
    header = "contact_id,created_at,channel,queue,reason_raw\n"
    row = f"{DAY},email,{','.join(cells)}\n"
    outcome = take_text(folder, header + "".join(f"T{n},{row}" for n in range(20)), repair=repair)
    assert (outcome.counts.added, outcome.counts.repaired) == (20, 0)
    assert held(folder, "SELECT DISTINCT queue, reason_raw FROM contacts") == [(subject, status)]


def test_types_that_fit_the_second_reading_alone_put_the_record_right(folder: Path) -> None:
    rows = [f'T{n},SAV,"Mar 3, 2025 10:00",email,A' for n in range(30)]
    rows[10] = 'T10,SAV"Mar 3, 2025 10:00",email,A'
    outcome = take_text(folder, "contact_id,queue,created_at,channel,team\n" + "\n".join(rows) + "\n")
    assert (outcome.counts.rejected, outcome.counts.repaired) == (0, 1)
    assert column(folder, "SELECT DISTINCT queue FROM contacts") == ["SAV"]


def test_columns_that_nobody_reads_may_be_told_apart_in_two_ways(folder: Path) -> None:
    header = "contact_id,created_at,channel,Extra 1,Extra 2\n"
    outcome = take_text(folder, header + f'T1,{DAY},email,SAV"Colis perdu, merci"\n')
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 0)


@pytest.mark.sample(1)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quoted_text_of_two_lines_that_lost_its_delimiter_is_rejected_whole(folder: Path, end: str) -> None:
    text = lines(f'T10,{DAY},email,SAV"Colis, perdu,\nmerci",closed').replace("\n", end)
    outcome = take_text(folder, text)
    assert (outcome.counts.added, column(folder, "SELECT line FROM rejects")) == (19, [12, 13])


def test_a_record_of_two_lines_is_looked_at_too(folder: Path) -> None:
    text = lines(f'T10,{DAY},email,SAV"Colis perdu, merci","clo\nsed"')
    assert take_text(folder, text).counts.added == 19


@pytest.mark.long
def test_where_all_cells_are_quoted_a_quote_alone_is_no_text(folder: Path) -> None:
    rows = [",".join(f'"{cell}"' for cell in (f"T{n}", DAY, "email", "Écran", "SAV", "closed")) for n in range(30)]
    rows[10] = rows[10].replace('"SAV"', 'SAV"')
    header = ",".join(HEADER)
    outcome = take_text(folder, "\n".join((header, *rows)) + "\n")
    assert (outcome.counts.rejected, outcome.counts.repaired) == (0, 1)
    assert column(folder, "SELECT DISTINCT reason_raw FROM contacts") == ["Écran"]


# --- a whole line in quotes ----------------------------------------------------------------------------


def wrapped(line: str) -> str:
    return '"' + line.replace('"', '""') + '"'


def pasted(behind: str = "", delimiter: str = ",", every: int = 1, first: int = 0) -> str:
    """Twenty contacts pasted into the first column of a sheet; one line in `every` is quoted, from `first` on."""
    names = ("contact_id", "created_at", "channel", "reason_raw", "queue")
    rows = [
        (f"T{n}", DAY, "email", f'"Colis{delimiter} ""perdu"" {n}"' if n % 2 else "SAV", "Paris") for n in range(20)
    ]
    listed = [delimiter.join(cells) for cells in (names, *rows)]
    return "".join((wrapped(line) if at % every == first else line) + behind + "\r\n" for at, line in enumerate(listed))


@pytest.mark.sample(2)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("behind", ["", ";;", ",,,", "\t"])
def test_lines_in_quotes_are_read_as_the_cells_within(folder: Path, delimiter: str, behind: str) -> None:
    outcome = take_text(folder, pasted(behind, delimiter))
    assert (outcome.counts.added, outcome.counts.repaired) == (20, 0)
    reasons = column(folder, "SELECT reason_raw FROM contacts WHERE contact_id IN ('T3', 'T4') ORDER BY contact_id")
    assert reasons == [f'Colis{delimiter} "perdu" 3', "SAV"]
    assert "20 records were whole lines in quotes" in said(outcome)


@pytest.mark.sample(3)
@pytest.mark.parametrize(("every", "first", "quoted"), [(2, 0, 10), (2, 1, 10), (21, 0, 0), (4, 3, 5)])
def test_some_lines_in_quotes_or_the_header_alone(folder: Path, every: int, first: int, quoted: int) -> None:
    outcome = take_text(folder, pasted(every=every, first=first))
    assert outcome.counts.added == 20
    # "SAV" is no reason that the rules know, which is a remark of its own.
    remarks = [(remark.code, remark.records) for remark in outcome.remarks if remark.code != "reason_unmapped"]
    assert remarks == ([("line_in_quotes", quoted)] if quoted else [])


@pytest.mark.long
def test_a_line_in_quotes_that_spans_two_lines(folder: Path) -> None:
    text = f'contact_id,created_at,channel,reason_raw\n"T1,{DAY},email,""Colis\nperdu"""\nT2,{DAY},email,SAV\n'
    assert take_text(folder, text).counts.added == 2
    assert column(folder, "SELECT reason_raw FROM contacts ORDER BY contact_id") == ["Colis\nperdu", "SAV"]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "line", [wrapped(f"T2,{DAY}"), wrapped(f"T2,{DAY},email,SAV,Paris"), wrapped(f'T2,{DAY},email,"SAV'), '"T2"']
)
def test_a_line_in_quotes_of_another_width_is_rejected(folder: Path, line: str) -> None:
    outcome = take_text(folder, f"contact_id,created_at,channel,reason_raw\nT1,{DAY},email,SAV\n{line}\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 1)


# --- a header with a quote alone -----------------------------------------------------------------------

PLAIN = f"contact_id,created_at,channel,reason_raw\nT1,{DAY},email,SAV\nT2,{DAY},email,SAV\n"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("name", "torn"),
    [
        ("reason_raw", 'reason_raw"'),
        ("reason_raw", '"reason_raw'),
        ("channel", 'channel"'),
        ("channel", '"channel'),
        ("contact_id", '"contact_id'),
        ("contact_id", 'contact_id"'),
        ("created_at", 'crea"ted_at'),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_header_with_a_quote_alone_is_refused(folder: Path, name: str, torn: str, delimiter: str) -> None:
    text = PLAIN.replace(name, torn, 1).replace(",", delimiter)
    error = take(folder, write(folder, "torn.csv", text))[0].error
    assert isinstance(error, HeaderQuoteUnpaired)
    shown = torn if torn.strip('"') == name else 'aaaa"aaa_aa'  # a name that no layout reads is shown as a shape
    assert "torn.csv:1" in str(error) and f"the column name {shown} has" in str(error)


def test_a_header_of_two_names_with_a_quote_alone_is_refused(folder: Path) -> None:
    error = take(folder, write(folder, "torn.csv", f'"contact_id,created_at\nT1,{DAY}\n'))[0].error
    assert isinstance(error, HeaderQuoteUnpaired)


@pytest.mark.long
@pytest.mark.parametrize("name", ['Size 12"', '"Size 12"""', '"The ""size"""', '"a, b"', "Date d'envoi", "5'10\""])
def test_a_quote_in_a_name_that_is_none_is_no_harm(folder: Path, name: str) -> None:
    text = f"contact_id,created_at,channel,{name}\nT1,{DAY},email,SAV\n"
    assert take_text(folder, text).counts.added == 1
