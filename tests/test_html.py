"""The report as an HTML file: it needs nothing else, holds what the printed report holds, and no markup of others."""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.kpis.estimates import Measure
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.measure.barometer import barometer
from kpibar.measure.report import Barometer, Change, Request, Row, Target
from kpibar.model.build import build
from kpibar.render.document import from_document
from kpibar.render.formats import is_report
from kpibar.render.html import drawings, svg
from kpibar.render.html.writer import HTML_BEGINNING, to_html
from kpibar.render.numbers import DASH, LANGUAGES
from kpibar.render.page import report_page
from kpibar.render.table import Trend
from tests.support import AS_OF, REPOSITORY, kpibar

AT = "2026-01-15T08:30:00Z"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
UNSEEN = "\u202e\u200b\x07"


@pytest.fixture(scope="module")
def sample() -> Barometer:
    """The report of the sample exports, as its golden file holds it."""
    return from_document(json.loads((REPOSITORY / "tests/golden/report.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest, sample: Barometer) -> tuple[str, str]:
    """A language and the page in it."""
    return request.param, to_html(sample, request.param, AT)


OWN = """
timezone = "UTC"
[kpis.french]
title = { en = "<b>French</b> & co", fr = "<b>Français</b>" }
definition = { en = "</dd><script>alert(3)</script>" }
kind = "rate"
from = "contacts"
date = "created_on"
hit = "country = 'FR'"
unit = "share"
better = "higher"
"""


@pytest.fixture(scope="module")
def by_brand(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    """Contacts of a brand with a hostile name, 80 a year, and of brands B and C, 7 and 40 in 2025.

    French are 20 of 80 in 2024 and 60 of 80 in 2025; 3 of the 7 and 20 of the 40. As B is too small to be shown, C is
    not shown either: it would give B away.
    """
    folder = tmp_path_factory.mktemp("html")
    (folder / "kpibar.toml").write_text(OWN, encoding="utf-8")
    name = '"' + (HOSTILE + UNSEEN).replace('"', '""') + '"'
    plan = ((2024, name, 80, 20), (2025, name, 80, 60), (2025, "B", 7, 3), (2025, "C", 40, 20))
    lines = ["contact_id,created_at,channel,customer,brand,country"]
    for year, brand, many, french in plan:
        for place in range(many):
            ref = f"{year}{brand[:1]}{place}"
            day = f"{year}-{1 + place % 12:02}-10 10:00:00"
            country = "FR" if place < french else "DE"
            lines.append(f"{ref},{day},email,{ref}@example.org,{brand},{country}")
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = load(folder / "kpibar.toml")
    with open_store(folder / "test.duckdb", write=True) as store:
        ingest(store, [folder / "contacts.csv"], config, Options(as_of=AS_OF))
        build(store, config.settings.thresholds, config.settings.files)
        return barometer(store, config, Request(year=2025, by=("brand",)))


# What ends a cell or a row whose end tag HTML lets be left out.
ENDS = dict.fromkeys(("td", "th"), "td th") | dict.fromkeys(("tr", "thead", "tbody", "table"), "td th tr")


def tree(text: str) -> Element:
    """The page, which is XML but for the end tags of cells and rows."""
    opened: list[str] = []

    def close(match: re.Match[str]) -> str:
        tag, before = match[2], ""
        if tag in ("tr", "td", "th") or (match[1] and tag in ENDS):
            while opened and opened[-1] in ENDS[tag]:
                before += f"</{opened.pop()}>"
            opened.extend([tag] if tag in ("tr", "td", "th") else [])
        return before + match[0]

    return ElementTree.fromstring(re.sub(r"<(/?)(\w+)[^<>]*>", close, text))


def texts(element: Element) -> Iterator[str]:
    """What each element of a page says, markup within it left out."""
    for one in element.iter():
        yield "".join(one.itertext()).strip()


# A file of its own


def test_a_page_is_well_formed_small_and_needs_nothing_else(page: tuple[str, str]) -> None:
    lang, text = page
    assert tree(text).get("lang") == lang
    assert len(text.encode()) < 200_000
    assert not re.search(r"https?:|//|<script|url\(|@import|\s(src|href|style|on\w+)=|javascript", text)
    assert is_report(text) and is_report(text[:4096])


def test_a_browser_lets_its_own_style_through_and_nothing_else(page: tuple[str, str]) -> None:
    root = tree(page[1])
    (style,) = root.iter("style")
    (policy,) = [meta.get("content") or "" for meta in root.iter("meta") if meta.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_ids_are_unique_and_every_label_leads_to_one(page: tuple[str, str]) -> None:
    root = tree(page[1])
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {element.get("aria-labelledby") for element in root.iter("section")} <= set(ids)


def test_regions_have_names_of_their_own(by_brand: Barometer) -> None:
    both = replace(by_brand, request=Request(year=2025, by=("brand", "month")))
    regions = [one.get("aria-label") for one in tree(to_html(both, "en", AT)).iter() if one.get("role") == "region"]
    assert len(regions) >= 5 and len(set(regions)) == len(regions)


def test_a_drawing_is_hidden_from_readers_as_a_table_says_the_same(page: tuple[str, str]) -> None:
    root = tree(page[1])
    frames = [inner for element in root.iter() if element.tag != "svg" for inner in element if inner.tag == "svg"]
    assert len(frames) > 80 and all(frame.get("aria-hidden") == "true" for frame in frames)


# What stands in it


def test_every_text_of_the_printed_report_stands_in_the_page(sample: Barometer, page: tuple[str, str]) -> None:
    lang, text = page
    shown, printed = set(texts(tree(text))), report_page(sample, lang)
    cells = [cell.text for row in printed.table.rows for cell in row.cells.values() if cell.drawing is None]
    lines = [cell.text for line in printed.heading[2:] for cell in line]
    assert len(cells) > 400 and {one.strip() for one in cells} <= shown
    assert set(lines) <= shown
    for cell in (*printed.notes, *printed.absent):
        assert any(cell.text in one for one in shown), cell.text


def test_headlines_have_a_card_and_a_chart(sample: Barometer, page: tuple[str, str]) -> None:
    root = tree(page[1])
    headlines = [row for row in sample.rows if row.kpi.headline and row.status == "ok"]
    assert len(list(root.iter("article"))) == len(list(root.iter("figure"))) == len(headlines) == 8


def test_a_report_of_one_kpi_has_no_empty_parts(sample: Barometer) -> None:
    rows = tuple(row for row in sample.rows if row.kpi.id == "nps")
    text = to_html(replace(sample, rows=rows, notes=(), coverage=()), "fr", AT)
    root = tree(text)
    assert not list(root.iter("article")) and not list(root.iter("figure"))
    assert [one.get("id") for one in root.iter("h2")] == ["indicators", "method"]


def test_both_languages_have_the_same_parts(sample: Barometer) -> None:
    english, french = ([one.tag for one in tree(to_html(sample, lang, AT)).iter()] for lang in LANGUAGES)
    assert english == french


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_by_month_holds_each_month(sample: Barometer, lang: str) -> None:
    text = to_html(replace(sample, request=Request(by=("month",))), lang, AT)
    (heat,) = [table for table in tree(text).iter("table") if "heat" in (table.get("class") or "").split()]
    late = next(
        row for row in heat.iter("tr") if "".join(row[0].itertext()) in ("Late deliveries", "Livraisons en retard")
    )
    assert len(late) == 1 + 1 + 12 and all("".join(cell.itertext()).strip() for cell in late)
    assert len(text.encode()) < 200_000


def test_a_table_by_segment_is_shaded_where_a_change_is_clear(by_brand: Barometer) -> None:
    """From 25 % to 75 % of 80 contacts: clearly better, said by a colour, a mark and a word. B and C are masked."""
    (heat,) = [table for table in tree(to_html(by_brand, "en", AT)).iter("table") if table.get("class") == "heat"]
    french = next(row for row in heat.iter("tr") if "French" in "".join(row[0].itertext()))
    said = {"".join(cell.itertext()).strip(): cell.get("class") for cell in french[2:]}
    assert said == {"75.0% +50.0 pt ▲ better": "better", "n<30": "masked", DASH: "masked"}


# What others write


def test_masked_figures_are_masked_and_not_drawn(by_brand: Barometer) -> None:
    """3 of 7 French contacts, 42.9 %, of brand B: its base is below 30."""
    text = to_html(by_brand, "en", AT)
    assert "n&lt;30" in text and "42.9" not in text and "n<30" in set(texts(tree(text)))
    row = next(row for row in by_brand.rows if row.kpi.id == "french")
    small = next(part for part in row.segments if part.key == "B")
    assert drawings.bullet(small, None) is None and drawings.change_bar(small, 0.5) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_others_are_text(by_brand: Barometer, lang: str) -> None:
    text = to_html(by_brand, lang, AT)
    root = tree(text)
    assert "<script" not in text and "<img" not in text and "&lt;script&gt;alert(1)" in text
    assert HOSTILE in set(texts(root))
    assert not {one.tag for one in root.iter()} & {"script", "img", "iframe", "object", "embed", "link", "a", "form"}
    assert not {mark for mark in text if unicodedata.category(mark) in ("Cc", "Cf", "Cs")} - {"\n"}
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or name == "style"]


def test_sources_and_settings_of_others_are_text(sample: Barometer) -> None:
    coverage = tuple(replace(entry, source=HOSTILE + UNSEEN) for entry in sample.coverage)
    basis = replace(sample.basis, file=HOSTILE)
    text = to_html(replace(sample, coverage=coverage, basis=basis, brands=(HOSTILE,)), "en", AT)
    assert "<script" not in text and tree(text) is not None and HOSTILE in set(texts(tree(text)))


# Drawings


def figure(sample: Barometer, **changes: object) -> Row:
    return replace(sample.rows[0], **changes)  # type: ignore[arg-type]


def attributes(shape: svg.Shape) -> dict[str, str]:
    return dict(shape.attributes)


def test_a_bullet_is_on_a_scale_from_zero_with_some_room(sample: Barometer) -> None:
    """0.5 and 1.0 on a scale that ends at 1.04: 48.08 % and 96.15 %; the target of 0.8 is at 76.92 %."""
    drawing = drawings.bullet(figure(sample, now=Measure(0.5), before=Measure(1.0)), 0.8)
    assert drawing is not None
    past, now, halo, goal = map(attributes, drawing.shapes)
    assert [past["width"], now["width"], halo["x1"], goal["x1"]] == ["96.15%", "48.08%", "76.92%", "76.92%"]
    assert past["x"] == now["x"] == "0%"


def test_a_bullet_of_a_loss_begins_at_its_zero(sample: Barometer) -> None:
    """−25 and +75 on a scale from −25 to 78: zero is at 24.27 %."""
    drawing = drawings.bullet(figure(sample, now=Measure(-25.0), before=Measure(75.0)), None)
    assert drawing is not None
    past, now, zero = map(attributes, drawing.shapes)
    assert [now["x"], now["width"], past["x"], zero["x1"]] == ["0%", "24.27%", "24.27%", "24.27%"]


@pytest.mark.parametrize(
    ("change", "look", "start", "width", "span"),
    [
        # A quarter more on an axis to one half: half of 46 %, from the middle. Its interval: 0.1 to 0.4.
        (Change(0.05, 0.25, 0.02, 0.08, clear=True, verdict="worse"), "worse", "50%", "23%", ("59.2%", "86.8%")),
        (Change(-0.05, -0.25, -0.12, 0.02, verdict="cannot_tell"), "hollow", "27%", "23%", ("4%", "59.2%")),
        (Change(0.05, 0.25, 0.02, 0.08, clear=True, verdict="stable"), "clear", "50%", "23%", ("59.2%", "86.8%")),
    ],
)
def test_a_bar_of_change_is_filled_by_judgement(
    sample: Barometer, change: Change, look: str, start: str, width: str, span: tuple[str, str]
) -> None:
    drawing = drawings.change_bar(figure(sample, before=Measure(0.2), change=change), 0.5)
    assert drawing is not None
    zero, bar, line, *more = map(attributes, drawing.shapes)
    assert (bar["class"], bar["x"], bar["width"], zero["x1"]) == (look, start, width, "50%")
    assert (line["x1"], line["x2"]) == span and "class" not in line
    # An interval that goes on beyond the axis has a sign there instead of its end.
    assert len(more) == 2


def test_a_change_without_a_part_of_the_year_before_has_no_bar(sample: Barometer) -> None:
    assert drawings.change_bar(figure(sample, change=Change(2.0, None)), 0.5) is None
    assert drawings.change_bar(figure(sample, change=None), 0.5) is None


def test_the_axis_of_changes_leaves_out_one_bar_in_thirty(sample: Barometer) -> None:
    sizes = [0.05] * 28 + [0.25, 3.0]
    rows = [figure(sample, change=Change(1.0, size)) for size in sizes]
    assert drawings.limit_of_changes(rows) == 0.3
    assert drawings.limit_of_changes(rows[:-1]) == 0.3
    assert drawings.limit_of_changes([]) == 0.1


def test_months_without_a_figure_are_gaps(sample: Barometer) -> None:
    """Months 1 and 2, a gap, months 4, then 11 and 12: two lines, and a point."""
    values = {1: 0.1, 2: 0.2, 4: 0.3, 11: 0.2, 12: 0.1}
    months = tuple(
        (date(2025, month, 1), Measure(values[month], low=0.05, high=0.4) if month in values else Measure(base=3))
        for month in range(1, 13)
    )
    row = figure(sample, series=months, before_series=(), target=Target(0.2, "near"))
    chart = drawings.months_chart(row, "JFMAMJJASOND", "en")
    assert chart is not None
    (curves,) = [one for one in chart.plot.shapes if one.tag == "svg"]
    lines = [attributes(one)["d"] for one in curves.inner if attributes(one)["class"] == "now"]
    assert len(lines) == 2 and all(line.count("L") == 1 for line in lines)
    assert len([one for one in chart.plot.shapes if one.tag == "circle"]) == 1
    assert "".join(one.text for one in chart.plot.shapes if one.tag == "text") == "JFMAMJJASOND"
    assert [one.text for one in chart.axis.shapes] == ["10.0%", "20.0%", "30.0%", "40.0%"]


def test_two_years_are_one_line_where_december_has_a_figure() -> None:
    level = Trend(previous=(0.1,) * 12, year=(0.2,) * 12, noise=0.0, noise_of_year=0.0)
    drawing = drawings.two_years(level, None)
    assert drawing is not None
    (curves,) = [one for one in drawing.shapes if one.tag == "svg"]
    past, now = (attributes(one)["d"].removeprefix("M").split("L") for one in curves.inner)
    assert len(past) == 12 and len(now) == 13 and past[-1] == now[0]
    assert drawings.two_years(Trend((None,) * 12, (None,) * 12, 0.0, 0.0), None) is None


# Colours


def colours() -> dict[str, dict[str, str]]:
    """The colours of the style sheet, by scheme."""
    text = (REPOSITORY / "kpibar/render/html/report.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.+?)\}", text, re.DOTALL)[:2]
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for name, part in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_of_contrast() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21) and contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.01
    )


TEXTS = [
    *((ink, ground) for ink in ("ink", "quiet", "better", "worse") for ground in ("page", "panel")),
    ("ink", "better-shade"), ("ink", "worse-shade"), ("better", "better-shade"), ("worse", "worse-shade"),
]  # fmt: skip
# A line on its ground, a bar beside its own, the dark bar on the grey one, lines on the band of their interval.
MARKS = [
    *((mark, ground) for mark in ("ink", "past", "better", "worse", "quiet") for ground in ("page",)),
    ("past", "panel"), ("ink", "panel"), ("ink", "past"), ("ink", "band"), ("past", "band"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_and_mark_stands_out(scheme: str) -> None:
    known = colours()[scheme]
    low = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in TEXTS}
    assert not {pair: ratio for pair, ratio in low.items() if ratio < 4.5}
    low = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in MARKS}
    assert not {pair: ratio for pair, ratio in low.items() if ratio < 3}


# By the command line


def test_the_command_writes_a_page_and_replaces_its_own_only(folder: Path) -> None:
    (folder / "good.csv").write_text("contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n", encoding="utf-8")
    assert kpibar("ingest", "good.csv", "--tz", "UTC", folder=folder).returncode == 0
    (folder / "barometer.html").write_text(HTML_BEGINNING + 'en"><head></head></html>\n', encoding="utf-8")
    done = kpibar("report", "-o", "barometer.html", "--lang", "fr", folder=folder)
    assert (done.returncode, done.stdout) == (0, "") and "written: barometer.html" in done.stderr
    assert tree((folder / "barometer.html").read_text(encoding="utf-8")).get("lang") == "fr"
    (folder / "other.html").write_text("<!DOCTYPE html>\n<html><body>mine</body></html>\n", encoding="utf-8")
    refusal = kpibar("report", "-o", "other.html", folder=folder)
    assert refusal.returncode == 2 and "a file that kpibar did not write" in refusal.stderr
    shown = kpibar("report", "--format", "html", folder=folder)
    assert shown.returncode == 0 and tree(shown.stdout).get("lang") == "en"
