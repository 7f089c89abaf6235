"""What a workbook holds beside values is right or said: formulas without result, hidden rows, merged cells, dates."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tests.intake import column, held, take, take_text, write
from tests.workbooks import ODS, ods_of

DAY = "2025-03-01 10:00:00"
HEADER = ("contact_id", "created_at", "channel", "subject", "closed_at", "remark")
CLOSED = ["c1", "c2", "c3", "c4"]
ADVICE = "open the workbook in the spreadsheet program and save it"


def book(fill: Callable[[Worksheet], object], records: int = 20, **options: object) -> bytes:
    """A workbook of some records, after which a sheet is filled further."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd hh:mm", **options}) as made:
        sheet = made.add_worksheet("Data")
        sheet.write_row(0, 0, HEADER)
        for row in range(1, records + 1):
            sheet.write_row(row, 0, (f"c{row}", DAY, "email", "Question"))
        fill(sheet)
    return out.getvalue()


def without_results(content: bytes, result: str = "", empty: str = "-") -> bytes:
    """The workbook as a program writes it that does not calculate: results are missing, or 0 until it is opened.

    The result `empty` is an empty text.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if name.startswith("xl/worksheets/sheet"):
                part = part.replace(b"</f><v>0</v>", f"</f>{result}".encode())
                part = part.replace(f"<v>{empty}</v>".encode(), b"<v></v>")
            after.writestr(name, part.replace(b' fullCalcOnLoad="1"', b"") if result != "<v>0</v>" else part)
    return out.getvalue()


@pytest.mark.sample(1)
@pytest.mark.parametrize("result", ["", "<v></v>", "<v/>", "<v>0</v>"])
def test_a_formula_without_result_in_a_read_column_rejects_its_record(folder: Path, result: str) -> None:
    content = without_results(book(lambda sheet: sheet.write_formula(3, 4, "=B4+1")), result)
    outcome = take_text(folder, content, "export.xlsx")
    assert (outcome.counts.added, outcome.counts.rejected) == (19, 1)
    assert held(folder, "SELECT line, reason FROM rejects") == [
        (4, f'column "closed_at" holds a formula without a result: {ADVICE}')
    ]


@pytest.mark.long
def test_a_column_of_formulas_without_results_refuses_the_file(folder: Path) -> None:
    """Also where a row holds nothing but formulas, so that the sheet seems to end before it."""

    def fill(sheet: Worksheet) -> None:
        for row in range(21, 41):
            sheet.write_formula(row, 0, f"=Other!A{row}")

    outcome = take(folder, write(folder, "export.xlsx", without_results(book(fill))))[0]
    assert re.search(f'20 of 40 records .*export.xlsx:22: column "contact_id" .*{ADVICE}', str(outcome.error))


@pytest.mark.long
def test_a_formula_without_result_that_nothing_is_read_of_is_said(folder: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_formula(3, 5, "=LEN(D4)")
        sheet.write_formula(4, 3, '="Question "&A5')

    outcome = take_text(folder, without_results(book(fill)), "export.xlsx", keep_text=True)
    assert (outcome.counts.added, [(one.code, one.records) for one in outcome.remarks]) == (20, [("formula_unread", 2)])
    assert column(folder, "SELECT contact_id FROM contacts WHERE subject IS NULL") == ["c4"]


@pytest.mark.long
def test_a_result_that_is_an_empty_text_or_a_number_is_one(folder: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_formula(3, 4, '=IF(A4="","","")', None, "empty")
        sheet.write_formula(4, 4, "=B5", None, DAY.replace("10:", "11:"))
        sheet.write_formula(5, 4, "=B6", None, DAY)

    outcome = take_text(folder, without_results(book(fill), empty="empty"), "export.xlsx")
    assert (outcome.counts.added, outcome.counts.rejected, outcome.remarks) == (20, 0, ())


def test_a_formula_without_result_in_libreoffice(folder: Path) -> None:
    def cell(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    bare = '<table:table-cell table:formula="of:=[.B3]"/>'
    empty = '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""/>'
    rows = ["".join(map(cell, ("contact_id", "created_at", "channel", "closed_at")))]
    rows += ["".join(map(cell, (str(n), DAY, "email"))) + end for n, end in enumerate((empty, bare, cell(DAY)))]
    hidden = f'<table:table-row table:visibility="filter">{rows.pop()}</table:table-row>'
    content = ods_of(ODS.format("".join(f"<table:table-row>{row}</table:table-row>" for row in rows) + hidden))
    outcome = take_text(folder, content, "export.ods")
    assert (outcome.counts.added, outcome.counts.rejected) == (2, 1)
    assert ADVICE in outcome.first_rejects[0]
    assert [(one.code, one.records) for one in outcome.remarks] == [("hidden_rows", 1)]


@pytest.mark.long
def test_merged_cells_in_libreoffice(folder: Path) -> None:
    def cell(text: str, span: str = "") -> str:
        return f'<table:table-cell {span} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = ["".join(map(cell, ("contact_id", "created_at", "channel", "queue")))]
    rows.append(cell("1") + cell(DAY) + cell("phone", 'table:number-rows-spanned="2"') + cell("a"))
    rows.append(cell("2") + cell(DAY) + "<table:covered-table-cell/>" + cell("b"))
    rows.append(cell("3") + cell(DAY) + cell("email") + cell("c", 'table:number-columns-spanned="2"'))
    content = ods_of(ODS.format("".join(f"<table:table-row>{row}</table:table-row>" for row in rows)))
    outcome = take_text(folder, content, "export.ods")
    assert column(folder, "SELECT channel FROM contacts ORDER BY contact_id") == ["phone", "phone", "email"]
    assert [(one.code, one.records) for one in outcome.remarks] == [("merged_cells", 1)]


@pytest.mark.long
def test_hidden_rows_are_read_and_counted(folder: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        for row in (2, 3, 30):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column(5, 5, None, None, {"hidden": True})

    outcome = take_text(folder, book(fill), "export.xlsx")
    assert (outcome.counts.added, [(one.code, one.records) for one in outcome.remarks]) == (20, [("hidden_rows", 2)])


@pytest.mark.long
def test_a_value_of_merged_cells_holds_for_all_their_rows(folder: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.merge_range(1, 4, 4, 4, DAY)
        sheet.merge_range(6, 3, 6, 5, "Question")

    outcome = take_text(folder, book(fill), "export.xlsx")
    assert column(folder, "SELECT contact_id FROM contacts WHERE closed_at IS NOT NULL ORDER BY 1") == CLOSED
    assert [(one.code, one.records) for one in outcome.remarks] == [("merged_cells", 3)]


@pytest.mark.sample(1)
@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_are_those_of_the_workbook(folder: Path, date_1904: bool) -> None:
    """Also in the date system of old Macs, and where some dates of a column are texts."""

    def fill(sheet: Worksheet) -> None:
        sheet.write_datetime(1, 1, datetime(2025, 4, 2, 8, 30))
        sheet.write(2, 1, "2025-04-03 08:30:00")

    take_text(folder, book(fill, records=2, date_1904=date_1904), "export.xlsx")
    assert column(folder, "SELECT CAST(created_on AS VARCHAR) FROM contacts ORDER BY 1") == ["2025-04-02", "2025-04-03"]
