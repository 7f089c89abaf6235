"""The workbook: numbers are numbers, texts are texts, names are legal, and the same report gives the same bytes."""

import io
import re
from pathlib import Path
from zipfile import ZipFile

import pandas
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from kpibar.api import Report
from kpibar.render.clean import clean
from kpibar.render.workbook.book import is_own_workbook, sheet_name
from tests.report_files import HOSTILE, MASKED, Workbook, by_carrier, read_workbook, retitle, sample_report

FAMILIES = ("Delivery promise", "Demand", "Reachability", "Reactivity", "Resolution", "Customer voice")


@pytest.fixture(scope="module")
def report() -> Report:
    return by_carrier()


@pytest.fixture(scope="module")
def data(report: Report) -> bytes:
    return report.to_xlsx()


@pytest.fixture(scope="module")
def book(data: bytes) -> Workbook:
    return read_workbook(data)


def test_its_sheets_are_those_of_the_report(report: Report, book: Workbook) -> None:
    assert tuple(book.sheets) == ("Read me", *FAMILIES, "Carrier", "Channel", "Data")
    french = CalamineWorkbook.from_filelike(io.BytesIO(report.to_xlsx("fr"))).sheet_names
    assert french[0] == "Lisez-moi" and french[-1] == "Données" and french[-3:-1] == ["Transporteur", "Canal"]


def test_nothing_is_merged_linked_or_computed_and_heads_are_frozen(book: Workbook) -> None:
    for name in book.sheets:
        xml = book.xml(name)
        assert not re.search("<mergeCell|<f>|<f |<hyperlink", xml), name
        assert (name == "Read me") or 'state="frozen"' in xml
        assert not re.search(r't="(str|inlineStr|e|b)"', xml), "a cell is a number or a shared text"


def test_columns_of_figures_hold_numbers_and_words_where_masked(book: Workbook) -> None:
    figures = ("2025", "Interval from", "Interval to", "2024", "Change", "Change from", "Change to", "Target", "Base n")
    for sheet in (*FAMILIES, "Carrier", "Channel"):
        for row in book.rows(sheet):
            texts = {head: row[head] for head in figures if isinstance(row.get(head), str)}
            masked = row.get("Id") == MASKED or row.get("Segment") == "Tournée"
            assert texts == ({"2025": "n<30"} if masked else {}), row
    row = next(row for row in book.rows("Delivery promise") if row["Id"] == MASKED)
    assert row["Base n"] == 12 and "Interval from" not in row and "Verdict" not in row


def test_durations_are_days_and_figures_per_hundred_are_per_hundred(report: Report, book: Workbook) -> None:
    kpis = {kpi["id"]: kpi for kpi in report.to_dict()["kpis"]}
    rows = {row["Id"]: row for family in FAMILIES for row in book.rows(family)}
    assert rows["frt_median"]["2025"] == pytest.approx(kpis["frt_median"]["value"] / 86400, abs=1e-9)
    assert rows["wismo_rate"]["2025"] == pytest.approx(kpis["wismo_rate"]["value"] * 100, abs=1e-9)
    assert (rows["frt_median"]["Unit"], rows["late_share"]["Unit"]) == ("h", "pt")
    assert rows["frt_median"]["Change"] == pytest.approx(kpis["frt_median"]["delta"]["abs"] / 3600, abs=1e-9)
    assert rows["late_share"]["Change"] == pytest.approx(kpis["late_share"]["delta"]["abs"] * 100, abs=1e-9)


def test_a_family_has_its_months_sparklines_and_charts(report: Report, book: Workbook) -> None:
    rows = [row for row in report.barometer.rows if row.kpi.family == "delivery"]
    xml = book.xml("Delivery promise")
    assert xml.count("<x14:sparkline>") == len([row for row in rows if row.status == "ok"])
    late = next(row for row in book.rows("Delivery promise") if row["Id"] == "late_share")
    months = [late[head] for head in late if re.fullmatch(r"4\d{4}\.0", head)]
    series = [*rows[0].before_series, *rows[0].series]
    assert months == [round(measure.value or 0, 6) for _, measure in series]
    charts = [part.decode() for name, part in book.parts.items() if name.startswith("xl/charts/chart")]
    shown = [row for row in report.barometer.rows if row.kpi.headline and any(m.value for _, m in row.series)]
    assert len(charts) == len(shown) > 5
    drawings = [part.decode() for name, part in book.parts.items() if name.startswith("xl/drawings/drawing")]
    assert any('descr="Late deliveries: the months of 2025 beside those of 2024"' in part for part in drawings)
    assert sum(part.count('descr="') for part in drawings) == len(charts)


def test_the_first_sheet_tells_what_a_report_tells(report: Report, book: Workbook) -> None:
    texts = list(book.sheets["Read me"].values())
    assert texts[0] == "Customer-relationship barometer 2025"
    for sentence in report.to_dict()["opening"]:
        assert sentence["text"]["en"] in texts
    assert {"Period", "Brands", "In short", "How to read", "Sheets", "Sources", "Notes", "Legend"} <= set(texts)
    assert "n<30: too few to show a figure" in texts
    assert not [text for text in texts if str(text).startswith(("✓", "▲", "* "))], "marks that no cell has"


def test_the_data_are_the_tidy_table(report: Report, data: bytes, book: Workbook) -> None:
    frame = pandas.read_excel(io.BytesIO(data), sheet_name="Data", engine="calamine", keep_default_na=False)
    table = report.to_frame()
    assert list(frame.columns) == list(table.columns) and len(frame) == len(table)
    assert any("xl/tables/table1.xml" in name for name in book.parts)
    for name in ("value", "ci_low", "ci_high", "change", "target"):
        numbers = pandas.to_numeric(frame[name], errors="raise")
        pandas.testing.assert_series_equal(numbers, table[name], check_dtype=False, atol=1e-9, rtol=0)
    assert list(frame["status_reason"]) == list(table["status_reason"])


def test_the_same_report_gives_the_same_bytes(report: Report, data: bytes) -> None:
    assert report.to_xlsx() == data


def test_hostile_names_are_texts_and_nothing_else() -> None:
    named = retitle(by_carrier(HOSTILE), {"late_share": "=1+1", "wismo_rate": " =2", "demand": "=cmd|x"})
    book = read_workbook(named.to_xlsx())
    assert not any(re.search("<f>|<f |<hyperlink", book.xml(name)) for name in book.sheets)
    keys = [row["Key"] for row in book.rows("Carrier") if "Key" in row]
    expected = [clean(name).replace("\ufffe", "") for name in HOSTILE]
    assert [str(key).replace("_x005F_", "_") for key in keys] == expected
    titles = [part.decode() for name, part in book.parts.items() if name.startswith("xl/charts/chart")]
    formulas = [text for part in titles for text in re.findall("<c:f>([^<]*)</c:f>", part)]
    assert formulas and all(re.fullmatch(r"('[^']+'|\w+)!\$\w+\$\d+:\$\w+\$\d+", text) for text in formulas)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Delivery", "Delivery"), ("a[b]:c*d?e/f\\g", "a b c d e f g"), ("x" * 40, "x" * 31), ("", "-"), ("[]", "-"),
        ("'it'", "it"), ("History", "History."), ("historique", "historique."), ("data", "data (2)"),
        ("Œuvres " + "é" * 30, "Œuvres " + "é" * 24), ("🚀" * 20, "🚀" * 15),
    ],
)  # fmt: skip
def test_names_of_sheets_are_legal(title: str, name: str) -> None:
    assert sheet_name(title, {"data"}) == name


def test_families_of_one_name_have_a_sheet_each() -> None:
    long = "Data of a family with a very long name"
    made = retitle(sample_report(), {"demand": "Data", "delivery": long, "access": long, "voice": "READ ME"})
    names = tuple(read_workbook(made.to_xlsx()).sheets)
    assert "Data (2)" in names and "READ ME (2)" in names and names[-1] == "Data"
    assert {"Data of a family with a very lo", "Data of a family with a ver (2)"} <= set(names)


def test_a_workbook_is_known_as_kpibars_until_somebody_saves_it(data: bytes, tmp_path: Path) -> None:
    own, changed, foreign, plain = (tmp_path / name for name in ("own", "changed", "foreign", "plain"))
    own.write_bytes(data)
    with ZipFile(io.BytesIO(data)) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, text.replace(b"lastModifiedBy>kpibar<", b"lastModifiedBy>Anne<"))
    with xlsxwriter.Workbook(str(foreign)) as other:
        other.add_worksheet()
    plain.write_bytes(b"PK\x03\x04" + bytes(100))
    assert is_own_workbook(own)
    assert not any(map(is_own_workbook, (changed, foreign, plain, tmp_path, tmp_path / "none")))
