"""Workbooks, JSON and Parquet say what a CSV of the same table says; what they cannot say is refused in words."""

import gzip
import io
import json
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpibar.errors import KpibarError
from kpibar.layouts.layout import shelf
from kpibar.load.errors import LayoutUnmatched
from kpibar.read.errors import (
    FileDamaged,
    FileEmpty,
    FileNotText,
    FileTooLarge,
    HeaderNotFound,
    MemberNeeded,
    MemberUnknown,
    RecordsNotFound,
)
from kpibar.read.export import Export, open_export
from kpibar.read.mojibake import restore
from kpibar.read.records import Blank, Fault, Record
from kpibar.read.workbook import text
from tests.intake import held, records, take, take_text, write
from tests.workbooks import Rows, ods, ods_of, xls, xlsx

VOCABULARY = shelf(None).vocabulary()
NAMES = ["contact_id", "created_at", "channel", "subject", "wait_s", "answered"]
AT = datetime(2025, 3, 1, 10, 0, 1)
TABLE: Rows = [
    NAMES,
    ["1", AT, "phone", "Où est ma commande ?", 12, True],
    ["2", AT, "email", 'a "b", c;\nd', 1.5, False],
    ["3", AT, "chat", None, None, None],
]
CSV = (
    "contact_id,created_at,channel,subject,wait_s,answered\n"
    "1,2025-03-01 10:00:01,phone,Où est ma commande ?,12,true\n"
    '2,2025-03-01 10:00:01,email,"a ""b"", c;\nd",1.5,false\n'
    "3,2025-03-01 10:00:01,chat,,,\n"
)
CELLS = [
    ["1", "2025-03-01 10:00:01", "phone", "Où est ma commande ?", "12", "true"],
    ["2", "2025-03-01 10:00:01", "email", 'a "b", c;\nd', "1.5", "false"],
    ["3", "2025-03-01 10:00:01", "chat", "", "", ""],
]


def objects() -> list[dict[str, Any]]:
    said = [[str(cell) if isinstance(cell, datetime) else cell for cell in row] for row in TABLE[1:]]
    return [dict(zip(NAMES, row, strict=True)) for row in said]


def parquet(folder: Path, sql: str) -> bytes:
    path = folder / "made.parquet"
    with duckdb.connect() as database:
        database.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    content = path.read_bytes()
    path.unlink()
    return content


def _parquet_table(folder: Path) -> bytes:
    rows = ", ".join(
        "(" + ", ".join("NULL" if v is None else f"'{v}'" if isinstance(v, str) else str(v) for v in one.values()) + ")"
        for one in objects()
    )
    typed = (
        "contact_id, CAST(created_at AS TIMESTAMP) AS created_at, channel, subject, wait_s::DOUBLE AS wait_s, answered"
    )
    return parquet(folder, f"SELECT {typed} FROM (VALUES {rows}) AS t({', '.join(NAMES)})")


def _zip(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


CONTAINERS = {
    "csv": lambda folder: CSV.encode(),
    "csv of Excel": lambda folder: CSV.encode("cp1252"),
    "csv.gz": lambda folder: gzip.compress(CSV.encode()),
    "zip": lambda folder: _zip("calls.csv", CSV.encode()),
    "xlsx": lambda folder: xlsx(TABLE),
    "xls": lambda folder: xls(TABLE),
    "ods": lambda folder: ods(TABLE),
    "json": lambda folder: json.dumps(objects()).encode(),
    "json in an object": lambda folder: json.dumps({"count": 3, "contacts": objects()}, indent=2).encode(),
    "json in UTF-16": lambda folder: json.dumps(objects(), ensure_ascii=False).encode("utf-16"),
    "json in a zip": lambda folder: _zip("calls.json", json.dumps(objects()).encode()),
    "one object a line": lambda folder: "\n".join(map(json.dumps, objects())).encode(),
    "objects in a row": lambda folder: "".join(map(json.dumps, objects())).encode(),
    "objects on many lines": lambda folder: "\n".join(json.dumps(one, indent=1) for one in objects()).encode(),
    "wrapped objects": lambda folder: "\r\n".join(json.dumps({"call": one}) for one in objects()).encode(),
    "parquet": _parquet_table,
}


def opened(folder: Path, content: bytes, part: str = "") -> Export:
    path = write(folder, "export", content)
    return open_export(Path(f"{path}:{part}") if part else path, VOCABULARY)


def cells(export: Export) -> list[list[str]]:
    return [item.cells for item in records(export) if isinstance(item, Record)]


# --- the same table in everything ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONTAINERS)
def test_the_same_cells_whatever_holds_them(folder: Path, kind: str) -> None:
    export = opened(folder, CONTAINERS[kind](folder))
    assert [column.name for column in export.columns] == NAMES
    assert cells(export) == CELLS
    assert cells(export) == CELLS, "and again"


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", ["zip", "xlsx", "xls", "ods", "json", "one object a line", "parquet"])
def test_the_same_records_in_the_database(folder: Path, kind: str) -> None:
    found = []
    for name, one in (("csv", "csv"), ("other", kind)):
        place = folder / name
        place.mkdir()
        outcome = take_text(place, CONTAINERS[one](place), name="export.csv")
        assert (outcome.counts.records, outcome.counts.added) == (3, 3)
        found.append(held(place, "SELECT contact_id, created_at, channel, wait_s, answered FROM contacts ORDER BY 1"))
    assert found[0] == found[1]


# --- cells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("text", "text"),
        ("", ""),
        (True, "true"),
        (12.0, "12"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9.00719925474099E+15"),
        (-1.0e20, "-1.00000000000000E+20"),
        (float("nan"), ""),
        (date(2025, 3, 1), "2025-03-01"),
        (datetime(2025, 3, 1, 9, 5), "2025-03-01 09:05:00"),
        (datetime(2025, 3, 1, 9, 5, 0, 250_000), "2025-03-01 09:05:00.250"),
        (time(9, 5, 6), "09:05:06"),
        (timedelta(hours=75, seconds=3), "75:00:03"),
        (timedelta(minutes=-90), "-01:30:00"),
        (timedelta(milliseconds=1500), "00:00:01.500"),
        (None, ""),
    ],
)
def test_a_cell_says_what_a_csv_would(value: object, said: str) -> None:
    assert text(value) == said


def test_durations_errors_and_formulas_of_a_workbook(folder: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet, hours = book.add_worksheet(), book.add_format({"num_format": "[h]:mm:ss"})
        sheet.write_row(0, 0, ["contact_id", "created_at", "wait_s", "talk_s", "value"])
        sheet.write_datetime(1, 2, timedelta(hours=30), hours)
        sheet.write_formula(1, 0, '="A"&1', None, "A1")
        sheet.write_formula(1, 3, "=NA()", None, "#N/A")
        sheet.write_formula(1, 4, "=1+1", None, 2)
    assert cells(opened(folder, out.getvalue())) == [["A1", "", "30:00:00", "#N/A", "2"]]


@pytest.mark.long
def test_an_identifier_beyond_what_a_cell_can_hold_is_rejected(folder: Path) -> None:
    """Twenty digits typed into a cell are fifteen digits and zeros: two customers would become one."""
    table: Rows = [["contact_id", "created_at", "channel"], [12345678901234567890, AT, "email"], [42, AT, "email"]]
    outcome = take_text(folder, xlsx(table), name="calls.xlsx")
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 1)
    assert "rounded by a spreadsheet" in outcome.first_rejects[0]


# --- rows and sheets -----------------------------------------------------------------------------------


def test_rows_are_numbered_as_the_spreadsheet_numbers_them(folder: Path) -> None:
    table: Rows = [
        [],
        ["Calls of 2025"],
        [],
        NAMES[:3],
        ["1", AT, "email"],
        [],
        ["2", AT],
        ["3", AT, "x", None, "more"],
    ]
    for content in (xlsx(table), ods([row or [None] for row in table])):
        export = opened(folder, content)
        assert (export.header_line, export.first_line, export.preamble) == (4, 5, 3)
        items = list(records(export))
        assert [(type(item), item.line) for item in items] == [(Record, 5), (Blank, 6), (Record, 7), (Fault, 8)]


def test_a_table_need_not_begin_in_the_corner(folder: Path) -> None:
    table: Rows = [[], [], [None, None, *NAMES[:3]], [None, None, "1", AT, "email"]]
    assert cells(opened(folder, xlsx(table))) == [["1", "2025-03-01 10:00:01", "email"]]


def test_the_sheet_with_the_known_names_is_read(folder: Path) -> None:
    other: Rows = [["status", "channel"], ["open", "email"]]
    export = opened(folder, xlsx(TABLE, Codes=other))
    assert (export.kind, export.member) == ("sheet", "Data")
    assert cells(export) == CELLS


@pytest.mark.long
def test_two_sheets_that_could_be_meant_are_not_chosen_between(folder: Path) -> None:
    later: Rows = [NAMES, ["9", AT, "email", "x", 1, True]]
    content = xlsx(TABLE, Later=later)
    with pytest.raises(MemberNeeded, match="holds 2 sheets: Data, Later"):
        opened(folder, content)
    assert cells(opened(folder, content, "Data")) == CELLS
    assert [row[0] for row in cells(opened(folder, content, "Later"))] == ["9"]
    with pytest.raises(MemberUnknown, match="did you mean Later"):
        opened(folder, content, "Lader")
    with pytest.raises(HeaderNotFound):
        opened(folder, content, "Read me")


def test_a_sheet_of_the_same_names_without_rows_is_not_meant(folder: Path) -> None:
    assert cells(opened(folder, xlsx(TABLE, Template=[NAMES]))) == CELLS


@pytest.mark.long
def test_two_sheets_of_one_workbook_are_two_files(folder: Path) -> None:
    path = write(folder, "book.xlsx", xlsx(TABLE, Later=[NAMES, ["9", AT, "email", "x", 1, True]]))
    for part, added in (("Data", 3), ("Later", 1)):
        assert take(folder, Path(f"{path}:{part}"))[0].counts.added == added


def test_the_import_ids_of_a_survey_workbook_are_header(folder: Path) -> None:
    ids = ['{"ImportId":"_id"}', '{"ImportId":"at","timeZone":"Z"}', '{"ImportId":"c"}']
    export = opened(folder, xlsx([NAMES[:3], ["Id?", "When?", "How?"], ids, ["1", AT, "email"]]))
    assert (export.header_line, export.header_lines, export.first_line) == (1, 3, 4)
    assert export.columns[1].zone == "UTC"
    assert cells(export) == [["1", "2025-03-01 10:00:01", "email"]]


def test_an_empty_workbook_is_empty_and_a_foreign_one_has_no_header(folder: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet()
    with pytest.raises(FileEmpty):
        opened(folder, out.getvalue())
    with pytest.raises(HeaderNotFound, match="aaaaaaaa aa"):
        opened(folder, xlsx([["foo", "bar"]]))


# --- hostile workbooks ---------------------------------------------------------------------------------


def test_one_cell_in_the_last_corner_does_not_fill_the_memory(folder: Path) -> None:
    """The sheet as a rectangle would take half a terabyte."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, NAMES)
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(FileTooLarge, match="too large for the memory"):
        opened(folder, out.getvalue())


def test_one_row_said_a_million_times_does_not_fill_the_memory(folder: Path) -> None:
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>x</text:p>'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-cell></table:table-row>'
    whole = zipfile.ZipFile(io.BytesIO(ods([["x"]]))).read("content.xml").decode()
    start, end = whole.index("<table:table-row>"), whole.index("</table:table>")
    with pytest.raises(KpibarError):
        opened(folder, ods_of(whole[:start] + rows + whole[end:]))


def test_entities_that_multiply_are_not_expanded(folder: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    whole = zipfile.ZipFile(io.BytesIO(ods([NAMES[:2], ["BOMB", "x"]]))).read("content.xml").decode()
    bomb = whole.replace("?>", f'?><!DOCTYPE x [<!ENTITY e0 "lol">{levels}]>', 1).replace("BOMB", "&e11;")
    try:
        read = cells(opened(folder, ods_of(bomb)))
    except KpibarError:
        return
    assert sum(len(cell) for row in read for cell in row) < 1000


@pytest.mark.long
@pytest.mark.parametrize("make", [xlsx, ods, xls], ids=["xlsx", "ods", "xls"])
def test_a_workbook_cut_or_altered_ends_in_words(folder: Path, make: Any) -> None:
    """A zip's checksums tell an altered cell; the format of 1997 has none, so there only the end is demanded."""
    whole: bytes = make(TABLE)
    places = range(0, len(whole), len(whole) // 12)
    altered = [whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :] for place in places]
    for content in (*(whole[:place] for place in places), *altered):
        try:
            read = cells(opened(folder, content))
        except KpibarError:
            continue
        assert make is xls or read == CELLS


def test_a_document_of_another_office_program_is_no_workbook(folder: Path) -> None:
    with pytest.raises((FileDamaged, FileNotText)):
        opened(folder, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))


# --- JSON ----------------------------------------------------------------------------------------------


def test_numbers_keep_their_text(folder: Path) -> None:
    content = (
        b'[{"contact_id": 12345678901234567890, "created_at": 1.50, "value": 1e400, "channel": null, "wait_s": -0}]'
    )
    assert cells(opened(folder, content)) == [["12345678901234567890", "1.50", "1e400", "", "-0"]]


def test_nested_objects_are_columns_and_lists_stay_json(folder: Path) -> None:
    content = """[{"contact_id": "1", "requester": {"email": "a@b", "plan": {"name": "x"}}, "tags": ["é", 1.50, null]},
                  {"contact_id": "2", "created_at": "x", "requester": null, "empty": {}}]"""
    export = opened(folder, content.encode())
    names = ["contact_id", "requester.email", "requester.plan.name", "tags", "created_at", "requester", "empty"]
    assert [column.name for column in export.columns] == names
    assert cells(export) == [["1", "a@b", "x", '["é", 1.50, null]', "", "", ""], ["2", "", "", "", "x", "", ""]]


def test_a_damaged_line_costs_that_line(folder: Path) -> None:
    lines = [json.dumps(one) for one in objects()]
    lines[1] = lines[1][:-5]
    lines.insert(2, '{"contact_id": "8", "contact_id": "9"}')
    items = list(records(opened(folder, "\n".join(lines).encode())))
    assert [(type(item), item.line) for item in items] == [(Record, 1), (Fault, 2), (Fault, 3), (Record, 4)]


def test_what_is_no_object_among_objects_is_rejected(folder: Path) -> None:
    items = list(records(opened(folder, json.dumps([*objects(), 5, "x", ["y"]]).encode())))
    assert [(type(item), item.line) for item in items[3:]] == [(Fault, 4), (Fault, 5), (Fault, 6)]


def test_one_record_alone_is_a_record(folder: Path) -> None:
    one = objects()[0] | {"tags": ["a", "b"]}
    assert cells(opened(folder, json.dumps(one, indent=1).encode())) == [[*CELLS[0], '["a", "b"]']]


def test_two_lists_that_could_be_meant_are_not_chosen_between(folder: Path) -> None:
    content = json.dumps({"contacts": objects(), "more": objects()[:1], "users": [{"id": 1}] * 9}).encode()
    with pytest.raises(MemberNeeded, match="holds 2 lists: contacts, more"):
        opened(folder, content)
    assert len(cells(opened(folder, content, "more"))) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'[{"contact_id": 1, "contact_id": 2}]', 'has "aaaaaaa_aa" twice'),
        (b'[{"a": {"b": 1}, "a.b": 2}]', 'has "a.a" twice'),
        (b'[{"contact_id": 1},', "Expecting value"),
        (b'[{"contact_id": 1} {"contact_id": 2}]', "{ stands where ,"),
        (b'[{"contact_id": 1', "delimiter"),
        (b'{"contacts": [{"contact_id": 1}]', "the end"),
        (b'[{"contact_id": 1}] trailing', "Expecting|trailing|value"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"a": ' + b'{"a": ' * 5_000, "nested too deeply|Expecting"),
    ],
)
def test_damaged_json_is_refused_in_words(folder: Path, content: bytes, why: str) -> None:
    with pytest.raises(FileDamaged, match=why):
        opened(folder, content)


@pytest.mark.parametrize("content", [b"[]", b'{"contacts": []}', b'[{"columns": ["a"]}]', b"{}", b"[[1, 2], [3, 4]]"])
def test_json_without_records_is_refused(folder: Path, content: bytes) -> None:
    with pytest.raises((RecordsNotFound, LayoutUnmatched, HeaderNotFound)):
        take_text(folder, content)


def test_an_object_of_columns_is_no_list_of_records(folder: Path) -> None:
    with pytest.raises(RecordsNotFound):
        opened(folder, json.dumps({"columns": NAMES, "data": [[1, 2]] * 10_001}).encode())


def test_objects_of_ever_new_names_are_refused(folder: Path) -> None:
    content = json.dumps([{f"a{n}": 1 for n in range(k * 1000, k * 1000 + 1000)} for k in range(6)]).encode()
    with pytest.raises(FileTooLarge, match="5,000 different names"):
        opened(folder, content)


def test_half_a_surrogate_pair_becomes_the_mark_of_damage(folder: Path) -> None:
    content = rb'[{"contact_id": "\ud83d", "created_at": "\ud83d\ude00"}]'
    export = opened(folder, content)
    ((line, row),) = export.rows()
    assert "\ufffd" in row[0]
    assert row[1] == "😀"
    (damaged,) = records(export)
    assert isinstance(damaged, Fault)
    assert (damaged.line, damaged.code) == (line, "encoding")


# Signs that are UTF-8 encoded twice are put right (test_mojibake.py).
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8).filter(
    lambda text: restore(text, wholly=True) == text
)
VALUES = st.one_of(PLAIN, st.none())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries({"contact_id": st.text('ab{}[]",\n', min_size=1), "channel": VALUES}), min_size=2
    ),
    shape=st.sampled_from(["list", "lines", "row", "indented", "object"]),
    ascii_only=st.booleans(),
)
def test_objects_in_any_shape_are_read_back_identical(
    tmp_path: Path, rows: list[dict[str, str | None]], shape: str, ascii_only: bool
) -> None:
    each = [json.dumps(row, ensure_ascii=ascii_only, indent=1 if shape == "indented" else None) for row in rows]
    content = {"list": f"[{','.join(each)}]", "lines": "\n".join(each), "row": "".join(each)}
    content |= {"indented": "\n".join(each), "object": f'{{"n": 1, "rows": [{",".join(each)}], "next": null}}'}
    export = opened(tmp_path, content[shape].encode())
    names = [column.name for column in export.columns]
    read = [dict(zip(names, cells, strict=True)) for _, cells in export.rows()]
    assert read == [{name: value or "" for name, value in row.items()} for row in rows]


# --- Parquet -------------------------------------------------------------------------------------------


def test_the_types_of_parquet_as_text(folder: Path) -> None:
    content = parquet(
        folder,
        "SELECT 'A' AS contact_id, TIMESTAMPTZ '2025-03-01 10:00:00+02' AS created_at, DATE '2025-03-01' AS d,"
        " 9007199254740993::BIGINT AS i, 12::DOUBLE AS f, 1e18::DOUBLE AS g, 'nan'::DOUBLE AS n, 0.5::FLOAT AS h,"
        " 1.50::DECIMAL(9,2) AS m, NULL::INT AS o, TIME '09:05:06' AS t",
    )
    row = [
        "A",
        "2025-03-01 08:00:00Z",
        "2025-03-01",
        "9007199254740993",
        "12",
        "1.00000000000000E+18",
        "",
        "0.5",
        "1.50",
    ]
    assert cells(opened(folder, content)) == [[*row, "", "09:05:06"]]


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["a[1].parquet", "a*.parquet", "a?.parquet", "it's.parquet", "[a", "year=2025.parquet"]
)
def test_a_parquet_file_is_that_file_and_not_a_pattern(folder: Path, name: str) -> None:
    write(folder, "a1.parquet", parquet(folder, "SELECT 'wrong' AS contact_id, 1 AS created_at"))
    path = write(folder, name, parquet(folder, "SELECT 'right' AS contact_id, 1 AS created_at"))
    export = open_export(path, VOCABULARY)
    assert ([column.name for column in export.columns], cells(export)) == (NAMES[:2], [["right", "1"]])


def test_a_damaged_parquet_file_says_nothing_of_its_content(folder: Path) -> None:
    whole = parquet(folder, "SELECT 'secret@example.org' AS contact_id, range AS created_at FROM range(2000)")
    for content in (whole[:-30], whole[: len(whole) // 2], b"PAR1", b"PAR1" + bytes(100) + b"PAR1"):
        with pytest.raises(FileDamaged, match="is a damaged Parquet file") as refused:
            opened(folder, content)
        assert "secret" not in str(refused.value)


def test_many_parquet_rows_come_in_order(folder: Path) -> None:
    content = parquet(folder, "SELECT range AS contact_id, 'x' AS channel FROM range(300_000)")
    rows = opened(folder, content).rows()
    assert all(cells[0] == str(number - 1) for number, cells in rows)
