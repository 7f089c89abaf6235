"""Bytes -> header and records: encodings, delimiters, quotes, physical line numbers. Nothing is lost unseen."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpibar.database.ledger import Lines
from kpibar.errors import KpibarError
from kpibar.layouts.layout import shelf
from kpibar.load.counts import LINE_BLANK
from kpibar.load.errors import HeaderDuplicated
from kpibar.read.errors import EncodingMisfit, FileEmpty, HeaderNotFound
from kpibar.read.export import Export, open_export
from kpibar.read.mojibake import restore
from kpibar.read.records import Fault, Item, Record
from tests.intake import column, held, records, take, take_text, write

VOCABULARY = shelf(None).vocabulary()
HEADER = "contact_id,created_at,channel,subject\n"
FRENCH = "Où est ma commande à 10 € ? Déçue de la forêt"
DAY = "2025-03-01 10:00:00"


def read(folder: Path, content: str | bytes) -> tuple[Export, list[Item]]:
    export = open_export(write(folder, "export.csv", content), VOCABULARY)
    return export, list(records(export))


def cells(items: list[Item]) -> list[list[str]]:
    return [item.cells for item in items if isinstance(item, Record)]


# --- encodings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
        ("iso8859-15", "iso8859-15"),
    ],
)
def test_a_french_export_reads_alike_in_every_encoding(folder: Path, written: str, detected: str) -> None:
    export, items = read(folder, f"{HEADER}1,{DAY},email,{FRENCH}\n".encode(written))
    assert export.encoding == detected
    assert export.columns[0].name == "contact_id", "no byte-order mark stays in the first name"
    assert cells(items) == [["1", DAY, "email", FRENCH]]


def test_mac_roman_accents_are_read(folder: Path) -> None:
    _, items = read(folder, f"{HEADER}1,{DAY},email,Déçue de la qualité\n".encode("mac-roman"))
    assert cells(items)[0][3] == "Déçue de la qualité"


@pytest.mark.parametrize("encoding", ["iso8859-15", "cp1252"])
def test_one_euro_sign_tells_iso8859_15_from_cp1252(folder: Path, encoding: str) -> None:
    export, _ = read(folder, f"{HEADER}1,{DAY},email,10 €\n".encode(encoding))
    assert export.encoding == encoding


@pytest.mark.parametrize(
    "content",
    [(HEADER * 3).encode("utf-16")[:-1], b"\xef\xbb\xbf" + HEADER.encode() + b"1,\xff\xfe\n"],
    ids=["UTF-16 cut in the middle of a character", "UTF-8 mark before bytes that are not UTF-8"],
)
def test_bytes_that_contradict_their_mark_are_refused(folder: Path, content: bytes) -> None:
    with pytest.raises(EncodingMisfit):
        read(folder, content)


# --- delimiters, line ends, what stands before the header ----------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_delimiter_with_every_line_end(folder: Path, delimiter: str, end: str) -> None:
    rows = [["contact_id", "created_at", "channel"], ["1", DAY, "email"], ["2", DAY, "phone"]]
    export, items = read(folder, end.join(delimiter.join(row) for row in rows) + end)
    assert export.delimiter == delimiter
    assert cells(items) == rows[1:]
    assert [item.line for item in items] == [2, 3]


def test_line_ends_may_be_mixed(folder: Path) -> None:
    _, items = read(folder, f"contact_id,created_at\r\n1,{DAY}\n2,{DAY}\r3,{DAY}")
    assert [(item.line, item.cells[0]) for item in items if isinstance(item, Record)] == [
        (2, "1"),
        (3, "2"),
        (4, "3"),
    ]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_sep_line_of_excel_is_no_header(folder: Path, mark: str) -> None:
    export, items = read(folder, f"{mark}sep=;\r\ncontact_id;created_at;channel\r\n1;{DAY};email\r\n")
    assert (export.delimiter, export.header_line) == (";", 2)
    assert cells(items) == [["1", DAY, "email"]]


@pytest.mark.parametrize("before", [1, 2, 5])
def test_lines_before_the_header_are_skipped_and_counted(folder: Path, before: int) -> None:
    preamble = 'Exported, by "the" tool\n' * before
    export, items = read(folder, f"{preamble}{HEADER}1,{DAY},email,hello\n")
    assert export.header_line == before + 1
    assert [item.line for item in items] == [before + 2]


def test_a_header_alone_is_an_export_without_records(folder: Path) -> None:
    assert read(folder, HEADER)[1] == []


@pytest.mark.parametrize("content", ["", " \n\t\r\n", "\ufeff\n"])
def test_white_space_is_an_empty_file(folder: Path, content: str) -> None:
    with pytest.raises(FileEmpty):
        read(folder, content)


def test_a_header_of_unknown_names_is_no_header(folder: Path) -> None:
    with pytest.raises(HeaderNotFound, match="aaa,aaa"):
        read(folder, "foo,bar\n1,2\n")


# --- quotes and physical lines -------------------------------------------------------------------------


def test_quoted_cells_keep_newlines_quotes_and_delimiters(folder: Path) -> None:
    _, items = read(folder, f'{HEADER}1,{DAY},email,"a ""b"", c;\nd\r\n\re"\n2,{DAY},email,f\n')
    assert [row[3] for row in cells(items)] == ['a "b", c;\nd\r\n\re', "f"]


def test_unicode_separators_do_not_end_a_line(folder: Path) -> None:
    """U+2028, NEL, vertical tab and form feed are line ends for str.splitlines only."""
    text = "a\u2028b\u0085c\x0bd\x0ce"
    _, items = read(folder, f"{HEADER}1,{DAY},email,{text}\n2,{DAY},email,x\n")
    assert [(item.line, item.cells[3]) for item in items if isinstance(item, Record)] == [(2, text), (3, "x")]


def test_a_cell_may_be_very_long(folder: Path) -> None:
    _, items = read(folder, f'{HEADER}1,{DAY},email,"{"x" * 300_000}"\n')
    assert len(cells(items)[0][3]) == 300_000


def test_a_reject_right_after_a_multi_line_cell_names_its_physical_line(folder: Path) -> None:
    """Line 1 header, lines 2-4 the record of a three-line cell, line 5 the impossible date."""
    content = f'{HEADER}1,{DAY},email,"one\ntwo\nthree"\n2,2025-02-31 10:00:00,email,late\n3,{DAY},email,x\n'
    outcome = take_text(folder, content)
    assert held(folder, "SELECT line, column_name FROM rejects") == [(5, "created_at")]
    assert outcome.first_rejects[0].startswith('export.csv:5: column "created_at"')
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["1", "3"]


def test_one_unclosed_quote_costs_one_line(folder: Path) -> None:
    lines = [f"{number},{DAY},email,text {number}\n" for number in range(1, 41)]
    lines[19] = f'20,{DAY},email,"never closed\n'
    _, items = read(folder, HEADER + "".join(lines))
    assert [(item.line, item.code) for item in items if isinstance(item, Fault)] == [(21, "quoting")]
    assert [row[0] for row in cells(items)] == [str(n) for n in range(1, 41) if n != 20]


def test_an_unclosed_quote_before_quoted_cells_costs_one_line(folder: Path) -> None:
    lines = [f'{number},{DAY},email,"text {number}"\n' for number in range(1, 41)]
    lines[19] = f'20,{DAY},email,"never closed\n'
    _, items = read(folder, HEADER + "".join(lines))
    assert [item.line for item in items if isinstance(item, Fault)] == [21]
    assert len(cells(items)) == 39


def test_a_quote_opened_in_one_record_and_closed_in_another_does_not_swallow_those_between(folder: Path) -> None:
    """Valid by RFC 4180: one record whose last cell spans twenty lines. But those lines are records."""
    lines = [f"{number},{DAY},email,text {number}\n" for number in range(1, 41)]
    lines[19] = f'20,{DAY},email,"opened\n'
    lines[39] = f'40,{DAY},email,closed"\n'
    _, items = read(folder, HEADER + "".join(lines))
    assert [item.line for item in items if isinstance(item, Fault)] == [21]
    read_ids = [row[0] for row in cells(items)]
    assert [name for name in read_ids if name != "40"] == [str(n) for n in range(1, 40) if n != 20]


def test_a_text_with_commas_on_every_line_is_still_one_record(folder: Path) -> None:
    """The inner lines have fewer cells than the header, the last one belongs to the record's end."""
    content = f'subject,contact_id,created_at,channel\n"Hello, you\nwell, yes, so, no, and\nbye",1,{DAY},email\n'
    _, items = read(folder, content)
    assert [row[0] for row in cells(items)] == ["Hello, you\nwell, yes, so, no, and\nbye"]


def test_a_ragged_line_is_rejected_alone_with_its_line_and_reason(folder: Path) -> None:
    content = f"{HEADER}1,{DAY},email,a\n2,{DAY},email\n3,{DAY},email,a,b\n4,{DAY},email,\n"
    take_text(folder, content)
    assert held(folder, "SELECT line, code, reason FROM rejects ORDER BY line") == [
        (3, "width", "3 cells where the header has 4"),
        (4, "width", "5 cells where the header has 4"),
    ]
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["1", "4"]


def test_a_ragged_multi_line_record_gives_its_other_lines_back(folder: Path) -> None:
    content = f'{HEADER}1,{DAY},email,"a\n2,{DAY},email,b\n3,{DAY},email,c","d"\n4,{DAY},email,e\n'
    _, items = read(folder, content)
    assert [row[0] for row in cells(items)] == ["2", "4"]
    assert [item.line for item in items if isinstance(item, Fault)] == [2, 4]


@pytest.mark.long
def test_blank_lines_are_lines_and_no_records(folder: Path) -> None:
    outcome = take_text(folder, f"{HEADER}\n1,{DAY},email,a\n   \n,,,\n,\n2,{DAY},email,b\n\n")
    assert (outcome.counts.added, outcome.counts.dropped, outcome.counts.rejected) == (2, 0, 0)
    assert outcome.counts.records == 2
    assert outcome.lines == Lines(total=8, header=1, blank=5, records=2)


@pytest.mark.long
@pytest.mark.parametrize("blank", ["", "   ", ",,,", ","])
def test_blank_lines_between_records_are_said(folder: Path, blank: str) -> None:
    """Six records, one of them deleted but for its line end; a blank line below the last one is none between them."""
    rows = [f"{n},{DAY},email,a" for n in range(6)]
    whole = take_text(folder, HEADER + "\n".join([*rows, blank, ""]), "whole.csv")
    assert LINE_BLANK not in {remark.code for remark in whole.remarks}
    left = take_text(folder, HEADER + "\n".join([*rows[:3], blank, *rows[4:], ""]), "left.csv")
    assert {remark.code: remark.records for remark in left.remarks}[LINE_BLANK] == 1


def test_blank_lines_between_all_records_are_how_a_file_is_written(folder: Path) -> None:
    outcome = take_text(folder, HEADER + "".join(f"{n},{DAY},email,a\n\n" for n in range(6)))
    assert (outcome.counts.added, outcome.lines.blank) == (6, 6)
    assert LINE_BLANK not in {remark.code for remark in outcome.remarks}


# --- headers and names ---------------------------------------------------------------------------------


def test_a_duplicated_header_is_refused_when_the_layout_reads_it(folder: Path) -> None:
    path = write(folder, "twice.csv", f"contact_id,created_at,channel,Channel\n1,{DAY},email,phone\n")
    error = take(folder, path)[0].error
    assert isinstance(error, HeaderDuplicated)
    assert str(error).startswith(f'{path}:1: two columns are called "Channel"')


def test_a_duplicated_header_nobody_reads_does_no_harm(folder: Path) -> None:
    outcome = take_text(folder, f"contact_id,created_at,channel,Labels,Labels,,\n1,{DAY},email,a,b,c,d\n")
    assert outcome.counts.added == 1


def test_order_names_with_a_number_sign_are_all_kept(folder: Path) -> None:
    """A reader that guesses takes # for a comment when some rows begin with it."""
    rows = "".join(f"{'#' if n % 10 == 0 else ''}{1000 + n},2025-03-01\n" for n in range(200))
    outcome = take_text(folder, "order_ref,ordered_at\n" + rows)
    assert outcome.counts.added == 200
    assert column(folder, "SELECT count(*) FROM orders WHERE order_ref LIKE '#%'") == [20]


def test_a_name_with_brackets_is_that_file_and_not_a_pattern(folder: Path) -> None:
    write(folder, "export1.csv", f"{HEADER}wrong,{DAY},email,x\n")
    take_text(folder, f"{HEADER}right,{DAY},email,x\n", name="export[1].csv")
    assert column(folder, "SELECT contact_id FROM contacts") == ["right"]
    assert column(folder, "SELECT name FROM files") == ["export[1].csv"]


# --- whatever the bytes --------------------------------------------------------------------------------

# Signs that are UTF-8 encoded twice are put right (test_mojibake.py).
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff\ufffd"), max_size=12).filter(
    lambda text: restore(text, wholly=True) == text
)
FULL = st.lists(TEXT, min_size=3, max_size=3).filter(lambda row: any(cell.strip() for cell in row))


@pytest.mark.long
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(FULL, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_written_in_any_dialect_is_read_back_identical(
    tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["contact_id", "created_at", "channel"], *rows])
    export, items = read(tmp_path, out.getvalue().encode(encoding))
    assert export.delimiter == delimiter
    assert cells(items) == rows


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text('a,"\n1', max_size=12), max_size=12))
def test_every_line_is_accounted_for_once_and_good_lines_survive(tmp_path: Path, lines: list[str]) -> None:
    content = "contact_id,created_at\n" + "\n".join(lines) + "\n7,z\n"
    _, items = read(tmp_path, content)
    starts = [item.line for item in items]
    assert starts == sorted(set(starts))
    assert starts[0] == 2
    assert starts[-1] <= len(io.StringIO(content, newline="").readlines())


@pytest.mark.long
def test_a_file_cut_at_any_byte_is_read_or_refused_in_words(folder: Path) -> None:
    content = f'{HEADER}1,{DAY},email,"déjà\nvu"\n2,{DAY},phone,é\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        whole = content.encode(encoding)
        for length in range(len(whole)):
            try:
                read(folder, whole[:length])
            except KpibarError:
                continue


@pytest.mark.long
def test_lines_that_end_in_carriage_returns_may_hold_line_feeds_in_cells(folder: Path) -> None:
    """As old programs of a Mac write texts of several lines: 4,000 records, none of which a scan can prove."""
    lines = ["contact_id,created_at,channel,queue"]
    lines += [f'{n},2025-03-01 10:00:00,email,"first\nsecond {n}"' for n in range(4_000)]
    outcome = take_text(folder, "\r".join(lines) + "\r")
    assert (outcome.counts.records, outcome.counts.added) == (4_000, 4_000)
