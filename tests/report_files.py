"""A report to write to files: that of the sample exports, with figures masked and names nobody would choose."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree import ElementTree
from zipfile import ZipFile

from kpibar.api import Report, read_report
from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Barometer, Breakdown, Row, Segment
from tests.support import REPOSITORY

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
HOSTILE = (
    "=1+1", "=cmd|'/c calc'!A1", "{=1}", "+33", "-2", "@SUM(1)", "a|b", "*bold* _it_", "[x](http://evil)",
    "<img src=x onerror=alert(1)>", "`code`", "~~gone~~", "&lt;", "$x$", "# head", "1. first", "http://evil.example",
    "www.evil.example", "a\nb", "\u202eevil", "a\ufffeb", "_x0041_", "a;b", "'quoted'", "\\", "12", "2025-03",
)  # fmt: skip
MASKED = "slot_adherence"
BROKEN_DOWN = "late_share"


def sample_report() -> Report:
    """The report of the sample exports, read back; of one KPI the figure is masked."""
    report = read_report(REPOSITORY / "tests" / "golden" / "report.json")
    rows = tuple(_mask(row) if row.kpi.id == MASKED else row for row in report.barometer.rows)
    return Report(replace(report.barometer, rows=rows), NOW)


def _mask(row: Row) -> Row:
    few = Measure(denominator=12, base=12, reason="small_base")
    return replace(row, now=few, change=None, target=None, status="low_base", reason="small_base")


def by_carrier(names: tuple[str, ...] = ("Colissimo", "GLS", "Tournée")) -> Report:
    """The sample report, one KPI by carriers of these names: the figures of the year and one that is masked."""
    report = sample_report()
    request = replace(report.barometer.request, by=("carrier",))
    return Report(replace(report.barometer, request=request, rows=_split(report.barometer, names)), NOW)


def _split(barometer: Barometer, names: tuple[str, ...]) -> tuple[Row, ...]:
    few = Measure(denominator=29, base=29, reason="small_base")
    row = next(row for row in barometer.rows if row.kpi.id == BROKEN_DOWN)
    shown = [Segment(name, row.now, row.before, row.change, "ok") for name in names[:-1]]
    segments = (*shown, Segment(names[-1], few, row.before, None, "low_base"))
    return tuple(replace(r, breakdowns=(Breakdown("carrier", segments),)) if r is row else r for r in barometer.rows)


def retitle(report: Report, titles: Mapping[str, str]) -> Report:
    """The report with other titles of KPIs or families, by id."""
    made = report.barometer
    rows = [replace(row, kpi=replace(row.kpi, title=_title(row.kpi.id, row.kpi.title, titles))) for row in made.rows]
    families = [replace(one, title=_title(one.id, one.title, titles)) for one in made.families]
    return Report(replace(made, rows=tuple(rows), families=tuple(families)), report.generated_at)


def _title(name: str, old: Mapping[str, str], titles: Mapping[str, str]) -> Mapping[str, str]:
    return {"en": titles[name], "fr": titles[name]} if name in titles else old


# Workbooks, read as their XML is


@dataclass(frozen=True)
class Workbook:
    """The parts of a workbook and the cells of its sheets: numbers as numbers, texts as texts."""

    parts: dict[str, bytes]
    sheets: dict[str, dict[str, str | float]]

    def xml(self, name: str) -> str:
        """The XML of a sheet."""
        return self.parts[f"xl/worksheets/sheet{list(self.sheets).index(name) + 1}.xml"].decode("utf-8")

    def rows(self, name: str) -> list[dict[str, str | float]]:
        """The rows of a sheet under their heads."""
        cells = self.sheets[name]
        heads = {column: str(cells[f"{column}1"]) for column in _columns() if f"{column}1" in cells}
        last = max(int(re.sub(r"\D", "", place)) for place in cells)
        lines = range(2, last + 1)
        return [{head: cells[f"{c}{n}"] for c, head in heads.items() if f"{c}{n}" in cells} for n in lines]


def _columns() -> Iterator[str]:
    letters = [chr(65 + number) for number in range(26)]
    return (first + second for first in ("", *letters[:2]) for second in letters)


def read_workbook(data: bytes) -> Workbook:
    """A workbook, each part of which must be well-formed XML."""
    with ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    trees = {name: ElementTree.fromstring(part) for name, part in parts.items()}
    texts = ["".join(item.itertext()) for item in trees["xl/sharedStrings.xml"]]
    names = [sheet.attrib["name"] for sheet in trees["xl/workbook.xml"].iterfind(".//{*}sheet")]
    return Workbook(
        parts,
        {name: _cells(trees[f"xl/worksheets/sheet{place}.xml"], texts) for place, name in enumerate(names, 1)},
    )


def _cells(tree: ElementTree.Element, texts: list[str]) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for cell in tree.iterfind(".//{*}c"):
        value = cell.find("{*}v")
        if value is not None and value.text is not None:
            is_text = cell.attrib.get("t") == "s"
            found[cell.attrib["r"]] = texts[int(value.text)] if is_text else float(value.text)
    return found
