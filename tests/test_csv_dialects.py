"""The CSV for machines and the one a French Excel opens: the same figures, and columns that only grow at their end."""

import csv
import io

import pytest

from kpibar.api import Report
from kpibar.render.tidy import COLUMNS, DIALECTS, NUMBERS, default_dialect, to_csv
from tests.report_files import HOSTILE, by_carrier

FIRST = (
    "edition,kpi,family,unit,dimension,segment,period,value,numerator,denominator,ci_low,ci_high,status,status_reason"
)
LATER = "title,segment_title,change,change_low,change_high,verdict,target,target_status,immature,filters"


@pytest.fixture(scope="module")
def report() -> Report:
    return by_carrier()


@pytest.fixture(scope="module")
def lines(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(report.to_csv())))


def test_columns_only_grow_at_their_end(report: Report) -> None:
    assert report.to_csv().partition("\n")[0] == f"{FIRST},{LATER}" == ",".join(COLUMNS)


def test_a_line_of_the_year_has_its_title_change_verdict_and_target(
    report: Report, lines: list[dict[str, str]]
) -> None:
    year = next(line for line in lines if (line["kpi"], line["period"]) == ("late_share", "2025"))
    assert year["title"] == "Late deliveries" and year["segment_title"] == ""
    assert [year[name] for name in ("change", "change_low", "change_high")] == ["-0.033277", "-0.049391", "-0.017964"]
    assert [year[name] for name in ("verdict", "target", "target_status")] == ["better", "0.09", "met"]
    other = next(line for line in lines if (line["kpi"], line["period"]) == ("late_share", "2024"))
    assert all(other[name] == "" for name in ("change", "change_low", "change_high", "verdict", "target"))
    undirected = next(line for line in lines if (line["kpi"], line["period"]) == ("contacts", "2025"))
    assert (undirected["change"], undirected["verdict"]) == ("-62", "")
    french = list(csv.DictReader(io.StringIO(report.to_csv("fr"))))
    assert next(line["title"] for line in french) == "Livraisons en retard"
    assert {line["segment_title"] for line in french if line["segment"] == "phone"} == {"Téléphone"}
    drop = ("title", "segment_title")
    assert [{**line, **dict.fromkeys(drop)} for line in french] == [{**line, **dict.fromkeys(drop)} for line in lines]


def test_a_masked_segment_has_no_number_but_its_base(lines: list[dict[str, str]]) -> None:
    line = next(line for line in lines if line["segment"] == "Tournée" and line["period"] == "2025")
    assert {name: line[name] for name in NUMBERS if line[name]} == {"denominator": "29"}
    assert (line["status"], line["status_reason"]) == ("low_base", "small_base")


def test_a_french_excel_gets_semicolons_decimal_commas_and_a_mark(report: Report, lines: list[dict[str, str]]) -> None:
    text = to_csv(report.barometer, "en", DIALECTS["excel-fr"])
    assert text[0] == "\ufeff" and text.count("\r\n") == text.count("\n") == len(lines) + 1
    french = list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))
    assert ";0,088437;439;4964;" in text and not any("." in line[name] for line in french for name in NUMBERS)
    assert [{**line, **{name: line[name].replace(",", ".") for name in NUMBERS}} for line in french] == lines
    assert [default_dialect(lang) for lang in ("en", "fr")] == ["default", "excel-fr"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_name_is_a_formula_or_ends_a_cell(dialect: str) -> None:
    text = to_csv(by_carrier(HOSTILE).barometer, "en", DIALECTS[dialect])
    delimiter = DIALECTS[dialect].delimiter
    cells = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))
    assert {len(line) for line in cells} == {len(COLUMNS)}
    for line in cells[1:]:
        for name, cell in zip(COLUMNS, line, strict=True):
            assert name in NUMBERS or cell[:1] not in tuple("=+-@\t"), (name, cell)
    assert {"'=1+1", "a;b", "a|b", "12"} <= {line[5] for line in cells}


def test_a_small_number_is_written_out() -> None:
    """1e-06 is a text to some spreadsheets."""
    report = by_carrier()
    texts = [
        cell for line in to_csv(report.barometer, "fr", DIALECTS["excel-fr"]).splitlines() for cell in line.split(";")
    ]
    assert not [cell for cell in texts if "e-0" in cell]
