"""A printed report as data: it needs no terminal, and its legend speaks of the cells that are shown."""

import subprocess
import sys
from dataclasses import replace
from typing import get_args

import pytest

from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Breakdown
from kpibar.render.cells import Cells
from kpibar.render.notes import explanations
from kpibar.render.numbers import LANGUAGES
from kpibar.render.page import report_page
from kpibar.render.table import LABEL, Page, Role, Strip, Trend, legend
from kpibar.render.terminal import Screen, render
from tests.test_terminal import example

NAMES = ("label", "value", "interval", "trend", "previous", "change", "change_interval", "verdict", "target", "base")


def markdown(page: Page) -> str:
    """A page as plain Markdown: what a renderer without a terminal has to know."""
    names = [column.name for column in page.table.columns]
    rule = ["---:" if column.align == "right" else "---" for column in page.table.columns]
    rows = [[column.head.text for column in page.table.columns], rule]
    for section in page.table.sections:
        rows += [[f"**{section.heading.text}**", *[""] * (len(names) - 1)]]
        rows += [[row.cells[name].text if name in row.cells else "" for name in names] for row in section.rows]
    table = [f"| {' | '.join(row)} |" for row in rows]
    heading = ["  ".join(cell.text for cell in line) for line in page.heading]
    notes = [*(cell.text for cell in page.absent), *legend(page, names), *(cell.text for cell in page.notes)]
    return "\n\n".join([*heading, "\n".join(table), *notes])


def test_a_page_becomes_markdown_without_a_terminal() -> None:
    barometer = example()
    lines = markdown(report_page(replace(barometer, rows=(barometer.rows[0], barometer.rows[6])), "en")).split("\n")
    assert lines == [
        "Customer-relationship barometer 2025  2025-01-01 → 2025-12-31",
        "",
        "Maison Bleue · Petit Pas",
        "",
        "Worse than in 2024: Satisfied (CSAT) −14.3 pt to 71.4%",
        "",
        "Better than in 2024: Late deliveries −3.7 pt to 10.9%",
        "",
        "Targets met: 0 of 2 · missed: Late deliveries 10.9% (9.0%), Satisfied (CSAT) 71.4% (85.0%)",
        "",
        "| KPI | 2025 | 95 % interval | Jan–Dec | 2024 | Change | Its interval | Verdict | Seen from | Target | Base n |",  # noqa: E501
        "| --- | ---: | --- | --- | ---: | ---: | --- | --- | ---: | --- | ---: |",
        "| **Delivery promise** |  |  |  |  |  |  |  |  |  |  |",
        "| Late deliveries | 10.9% | 10.0–11.7% |  | 14.5% | −3.7 pt ▼ | −5.0 to −2.4 | better |  | ✗ ≤ 9.0% | 5,012 |",
        "| **Customer voice** |  |  |  |  |  |  |  |  |  |  |",
        "| Satisfied (CSAT) | 71.4% | 61.8–79.4% |  | 85.7% | −14.3 pt ▼ | −24.4 to −5.3 | worse |  | ✗ ≥ 85.0% | 98* |",  # noqa: E501
        "",
        "better: a clear change, for the good and large enough to matter · worse: a clear change, for the bad and large enough to matter · what is large enough: `kpibar kpis ID`",  # noqa: E501
        "",
        "▲▼ clear: of all changes marked so, 5 % at most are mere chance on average, however many figures are looked at · interval: holds the true value in 95 of 100 cases, looked at alone, good and bad weeks allowed for",  # noqa: E501
        "",
        "✗ target missed · * base under 100",
    ]


def test_a_table_is_imported_without_terminal_and_database() -> None:
    code = "import sys, kpibar.render.table; print([name for name in ('rich', 'duckdb') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_each_cell_has_the_role_of_its_meaning() -> None:
    page = report_page(example(), "en")
    roles = {row.cells[LABEL].text: [row.cells[n].role for n in NAMES if n in row.cells] for row in page.table.rows}
    assert roles == {
        "Late deliveries": [
            "label", "value", "interval", "trend", "previous", "better", "change_interval", "better",
            "target_missed", "base"],
        "Promise expired, no parcel": [
            "label", "masked", "missing", "trend", "previous", "missing", "missing", "missing", "missing", "base"],
        "Contacts received": [
            "label", "value", "missing", "trend", "previous", "unjudged", "missing", "unjudged", "missing", "missing"],
        "Channel mix": ["label"],
        "Phone": ["label", "value", "interval", "previous", "unjudged", "change_interval", "unjudged", "base"],
        "E-mail": ["label", "value", "interval", "previous", "unjudged", "change_interval", "unjudged", "base"],
        "Web form": ["label", "value", "interval", "previous", "unjudged", "change_interval", "unjudged", "base"],
        "First reply (median)": [
            "label", "value", "interval", "trend", "previous", "better", "change_interval", "better",
            "target_missed", "base"],
        "Satisfied (CSAT)": [
            "label", "value", "interval", "trend", "previous", "worse", "change_interval", "worse",
            "target_missed", "small_base"],
    }  # fmt: skip
    assert [row.level for row in page.table.rows] == [0, 0, 0, 0, 1, 1, 1, 0, 0]


def test_drawings_are_data() -> None:
    year = report_page(example(), "en").table
    trend = next(year.rows).cells["trend"].drawing
    assert isinstance(trend, Trend)
    late = example().rows[0]
    assert trend.year == tuple(measure.value for _, measure in late.series)
    assert trend.previous == tuple(measure.value for _, measure in late.before_series)
    carriers = report_page(example("carrier"), "en").table.sections[0]
    strips = [row.cells["strip"].drawing for row in carriers.rows]
    total, unknown = strips[0], strips[-1]
    assert isinstance(total, Strip) and isinstance(unknown, Strip)
    assert (total.value, total.low, total.high) == (late.now.value, late.now.low, late.now.high)
    assert (unknown.value, unknown.low, unknown.total) == (None, None, late.now.value)
    assert len({strip.scale for strip in strips if isinstance(strip, Strip)}) == 1


def test_the_legend_speaks_of_the_columns_shown() -> None:
    page = report_page(example(), "en")
    star, target = "* base under 100", "✗ target missed"
    verdicts, changes, figures = legend(page, NAMES)
    assert star in figures and target in figures
    texts = legend(page, [name for name in NAMES if name not in ("target", "base")])
    assert texts[:2] == (verdicts, changes) and star not in texts[2] and target not in texts[2]
    (interval, dash) = legend(page, [LABEL, "interval"])
    assert interval.startswith("interval: ") and dash.startswith("– ") and interval in changes
    assert legend(page, [LABEL]) == ()
    narrow = render(example(), "en", Screen(width=60))
    assert "Base n" not in narrow and star not in narrow and "n<30: too few" in narrow


def test_a_word_of_the_legend_in_a_name_explains_nothing() -> None:
    """What a brand or a KPI is called is no mark: the legend asks the roles, not the texts."""
    barometer = example("carrier")
    late = barometer.rows[0]
    names = ("n<30", "5*", "✓ Express", "provisional")
    parts = tuple(replace(late.segments[0], key=name, change=None, before=Measure()) for name in names)
    page = report_page(
        replace(barometer, rows=(replace(late, change=None, breakdowns=(Breakdown("carrier", parts),)),)), "en"
    )
    texts = " · ".join(legend(page, [column.name for column in page.table.columns])).split(" · ")
    assert [text.split()[0] for text in texts] == ["interval:", "–"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_role_that_judges_or_hides_a_figure_has_an_explanation(lang: str) -> None:
    """Others speak for themselves: a name, a figure, its past, its base, a drawing."""
    plain = {
        "title", "detail", "summary", "heading", "head", "scale", "label", "value", "previous", "base", "target",
        "trend", "strip", "absent", "legend", "warning", "note",
    }  # fmt: skip
    explained = {role for group in explanations(Cells(example(), lang)) for e in group for role in e.roles}
    assert explained == set(get_args(Role)) - plain
