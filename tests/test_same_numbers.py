"""Each format of a report has the numbers of the JSON: the year and the year before, intervals, months, masks."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest

from kpibar.api import Report
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import DIALECTS, to_csv
from tests.report_files import MASKED, read_workbook, sample_report
from tests.test_markdown import rows

# What a number of a unit is multiplied by on a page and in a workbook, and what the words of a duration are in seconds.
SHOWN = {"ratio": 100, "per_order": 100}
STORED = {"per_order": 100, "seconds": 1 / 86400}
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "j": 86400}
EXACT = 1e-9


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


@pytest.fixture(scope="module")
def kpis(report: Report) -> dict[str, dict[str, Any]]:
    """The KPIs of the JSON that have a figure of the year, and the one that is masked."""
    return {kpi["id"]: kpi for kpi in report.to_dict()["kpis"] if kpi["estimator"] != "mix"}


def figures(kpi: dict[str, Any]) -> dict[str, float | None]:
    """Its year, the year before, and its interval where it has both ends."""
    return {"now": kpi["value"], "before": kpi["previous"]["value"], "low": kpi["ci_low"], "high": kpi["ci_high"]}


def read_number(text: str, unit: str) -> tuple[float, float]:
    """A number as a page writes it, in the unit of the JSON, and how far rounding may have moved it."""
    plain = text.replace("\u2212", "-").replace("\u202f", "").replace("\u00a0", " ").strip()
    plain = plain.replace(",", ".") if re.search(r",\d(\D|$)|,\d\d$", plain) else plain.replace(",", "")
    if hours := re.fullmatch(r"(\d+) h (\d\d)", plain):
        return int(hours[1]) * 3600 + int(hours[2]) * 60, 30.001
    match = re.fullmatch(r"([+-]?\d+(?:\.(\d+))?) ?(%|s|min|h|d|j)?", plain)
    assert match, text
    step = 0.5 * 10 ** -len(match[2] or "")
    factor = SECONDS[match[3]] if unit == "seconds" else 1 / SHOWN.get(unit, 1)
    return float(match[1]) * factor, step * factor * 1.001


def assert_shown(text: str, value: float | None, kpi: dict[str, Any]) -> None:
    """A text shows a value of a KPI, or words where there is none."""
    if value is None:
        assert text in ("n<30", "–"), (kpi["id"], text)
        return
    number, slack = read_number(text, kpi["unit"])
    assert abs(number - value) <= slack, (kpi["id"], text, value)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_pages(report: Report, kpis: dict[str, dict[str, Any]], lang: str) -> None:
    """Markdown, and the table on a pipe: they have the same cells, which round the numbers of the JSON."""
    markdown = {cells[0]: cells for cells in rows(report.to_markdown(lang))}
    lines = render(report.barometer, lang, Screen()).splitlines()
    table = {cells[0]: cells for line in lines for cells in [re.split(r"\s{2,}", line)] if len(cells) > 3}
    for kpi in kpis.values():
        cells = [unescape(cell) for cell in markdown[kpi["title"][lang]]]
        assert_shown(cells[1], kpi["value"], kpi)
        assert_shown(cells[3], kpi["previous"]["value"], kpi)
        assert table[kpi["title"][lang]][1] == cells[1]
        assert cells[3] in table[kpi["title"][lang]]
        assert (cells[2] == "–") == (kpi["ci_low"] is None), kpi["id"]
        assert cells[2] in table[kpi["title"][lang]]
    assert markdown[kpis[MASKED]["title"][lang]][1] == "n<30"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_csv(report: Report, kpis: dict[str, dict[str, Any]], dialect: str) -> None:
    text = to_csv(report.barometer, "fr", DIALECTS[dialect]).removeprefix("\ufeff")
    lines = csv.DictReader(io.StringIO(text), delimiter=DIALECTS[dialect].delimiter)
    found = {(line["kpi"], line["period"]): line for line in lines if line["dimension"] == "all"}

    def number(kpi: str, period: str, name: str) -> float | None:
        cell = found[kpi, period][name].replace(",", ".")
        return float(cell) if cell else None

    for name, kpi in kpis.items():
        written = {"now": number(name, "2025", "value"), "before": number(name, "2024", "value")}
        written |= {"low": number(name, "2025", "ci_low"), "high": number(name, "2025", "ci_high")}
        assert written == figures(kpi), name
        assert number(name, "2025", "change") == kpi["delta"]["abs"]
        for point in (*kpi["series"], *kpi["previous_series"]):
            assert number(name, point["period"], "value") == point["value"], (name, point["period"])
    assert number(MASKED, "2025", "value") is None and found[MASKED, "2025"]["status"] == "low_base"


def test_the_workbook(report: Report, kpis: dict[str, dict[str, Any]]) -> None:
    book = read_workbook(report.to_xlsx())
    rows = {row["Id"]: row for sheet in book.sheets if sheet != "Data" for row in book.rows(sheet) if "Id" in row}
    compared = 0
    for name, kpi in kpis.items():
        row, factor = rows[name], STORED.get(kpi["unit"], 1)
        has_interval = kpi["ci_low"] is not None and kpi["ci_high"] is not None
        heads = {"2025": kpi["value"], "2024": kpi["previous"]["value"]}
        heads |= {"Interval from": kpi["ci_low"], "Interval to": kpi["ci_high"]} if has_interval else {}
        for head, value in heads.items():
            written = row.get(head)
            assert written is None or isinstance(written, str) if value is None else isinstance(written, float)
            if value is not None and isinstance(written, float):
                assert abs(written - value * factor) <= EXACT, (name, head)
                compared += 1
        months = [value for head, value in row.items() if re.fullmatch(r"4\d{4}\.0", head)]
        points = [point["value"] for point in (*kpi["previous_series"], *kpi["series"]) if point["value"] is not None]
        assert len(months) == len(points), name
        for written, value in zip(months, points, strict=True):
            assert isinstance(written, float) and abs(written - value * factor) <= EXACT, name
            compared += 1
    assert rows[MASKED]["2025"] == "n<30" and compared > 700
