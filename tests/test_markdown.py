"""The report as Markdown: tables that a wiki draws, and names in which nothing is marked up."""

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from kpibar.api import Report
from kpibar.render.clean import clean
from kpibar.render.markdown import escape
from tests.report_files import HOSTILE, by_carrier, retitle, sample_report


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return report.to_markdown()


def html(text: str) -> str:
    """What a wiki makes of it."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of all its tables, as they are shown; heads are left out."""
    lines = re.findall(r"<tr>\n(<td.*?)</tr>", html(text), re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)] for line in lines]


def test_it_begins_as_the_printed_report_and_has_a_table_a_family(report: Report, text: str) -> None:
    blocks = text.split("\n\n")
    assert blocks[0] == "# Customer-relationship barometer 2025"
    assert "Worse than in 2024: Reopened +6.6 pt to 15.2%" in blocks
    headings = re.findall("^## (.*)$", text, re.M)
    assert headings == [*(one.title["en"] for one in report.barometer.families), "Notes", "Legend"]
    assert html(text).count("<table>") == len(report.barometer.families)
    assert report.to_markdown("fr").startswith("# Baromètre de la relation client 2025\n")


def test_numbers_stand_right_verdicts_are_strong_and_nothing_is_drawn(text: str) -> None:
    assert (
        "\n| KPI | 2025 | 95 % interval | 2024 | Change | Its interval | Verdict | Seen from | Target | Base n |\n"
        in text
    )
    assert "\n| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n" in text
    assert "| Reopened | 15.2% | 13.1–17.7% | 8.6% | +6.6 pt ▲ | +3.0 to +10.0 | **worse** |" in text
    assert "| Late deliveries | 8.8% |" in text and "| **better** |" in text and "**stable**" not in text
    assert not set("▁▂▃▄▅▆▇┊●") & set(text)
    shown = {row[0]: row for row in rows(text)}
    assert shown["Time slot kept"][1] == "n<30" and shown["– Phone"][1] == "35.8%"
    assert re.search("^- .*n\\\\<30: too few to show a figure", text, re.M)
    assert "what is large enough: `kpibar kpis ID`" in text


def test_a_breakdown_has_a_table_a_kpi() -> None:
    text = by_carrier().to_markdown("fr")
    assert "\n## Livraisons en retard — Transporteur\n" in text
    # The table of the year, with its families, comes first.
    assert text.index("\n## Promesse de livraison\n") < text.index("\n## Livraisons en retard — Transporteur\n")
    assert [row[:2] for row in rows(text.partition(" — Transporteur\n")[2])][:4] == [
        ["Total", "8,8\u00a0%"], ["Colissimo", "8,8\u00a0%"], ["GLS", "8,8\u00a0%"], ["Tournée", "n<30"],
    ]  # fmt: skip


def test_a_hostile_name_is_shown_as_it_is() -> None:
    named = retitle(by_carrier(HOSTILE), {"late_share": "<b>*x*</b> | `y`"})
    page = html(named.to_markdown())
    assert not re.search("<(a|b|em|img|code|s|h3|ol)[ >]", page.partition("<h2>Legend")[0])
    assert [row[0] for row in rows(named.to_markdown().partition(" — Carrier\n")[2])][1:] == [
        clean(name) for name in HOSTILE
    ]
    assert "&lt;b&gt;*x*&lt;/b&gt; | `y` — Carrier" in page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Late deliveries 8.8%", "Late deliveries 8.8%"),
        ("A & B, 75*", r"A & B, 75\*"),
        ("&amp; a|b", r"\&amp; a\|b"),
        ("https://x.y", r"https\://x.y"),
        ("WWW.x.y", r"WWW\.x.y"),
    ],
)
def test_what_is_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


@pytest.mark.parametrize("brand", ["# big", "- item", "+ item", "> quote", "12. first", "3) third", "===", "---"])
def test_a_brand_begins_no_block(report: Report, brand: str) -> None:
    from dataclasses import replace

    page = html(Report(replace(report.barometer, brands=(brand,)), report.generated_at).to_markdown())
    assert f"<p>{brand.replace('>', '&gt;')}</p>" in page
