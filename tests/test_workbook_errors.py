"""A cell whose formula failed holds a word, such as #DIV/0!, as it would in a CSV export of the same table."""

import io
from pathlib import Path

import pytest
import xlsxwriter

from tests.intake import held, take_text
from tests.workbooks import ODS, ods_of


def _failing_xlsx(*formulas: tuple[str, str]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("Read me").write_formula(1, 0, "=1/0", None, "#DIV/0!")
        sheet = book.add_worksheet("Data & more")
        sheet.write_row(0, 0, ["contact_id", "created_at", "closed_at", "queue", "channel"])
        for row in (1, 2):
            sheet.write_row(row, 0, [str(row), "2025-03-01 10:00:00"])
        for place, (formula, value) in enumerate(formulas):
            sheet.write_formula(2, 2 + place, formula, None, value)
    return out.getvalue()


def _failing_ods() -> bytes:
    def cell(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    names = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
    failed = (
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        f'calcext:value-type="error" xmlns:calcext="{names}">'
        "<text:p>#DIV/0!</text:p></table:table-cell>"
    )
    rows = (
        "".join(map(cell, ("contact_id", "created_at", "queue", "closed_at", "channel"))),
        "".join(map(cell, ("1", "2025-03-01 10:00:00"))),
        "".join(map(cell, ("2", "2025-03-01 10:00:00"))) + "<table:table-cell/>" + failed,
    )
    lines = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    return ods_of(ODS.format(lines))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "content", [_failing_xlsx(("=1/0", "#DIV/0!"), ("=A9", "#REF!")), _failing_ods()], ids=["xlsx", "ods"]
)
def test_a_formula_that_failed_is_no_empty_cell(folder: Path, content: bytes) -> None:
    outcome = take_text(folder, content, name="calls.xlsx")
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 1)
    assert "closed_at" in outcome.first_rejects[0]


@pytest.mark.long
def test_a_formula_that_failed_in_a_text_column_leaves_its_word(folder: Path) -> None:
    take_text(folder, _failing_xlsx(("=1/1", "2025-03-02"), ("=A9", "#REF!")), name="calls.xlsx")
    assert held(folder, "SELECT contact_id, queue FROM contacts ORDER BY 1") == [("1", None), ("2", "#REF!")]
