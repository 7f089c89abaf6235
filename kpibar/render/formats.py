"""The formats of a report: an entry each, with the ending of its files, how they begin, and what writes them.

A new format is an entry here, its word in the option --format, and a module that walks the page (`table.py`) or the
report (`kpibar.measure.report`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from kpibar.measure.report import Barometer
from kpibar.render.document import JSON_BEGINNING, LANGUAGES, to_json
from kpibar.render.html import browser
from kpibar.render.html.slide import HEIGHT, SVG_BEGINNING, WIDTH, to_svg
from kpibar.render.html.writer import HTML_BEGINNING, to_html
from kpibar.render.markdown import to_markdown
from kpibar.render.messages import say
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import CSV_BEGINNING, DIALECTS, default_dialect, to_csv


@dataclass(frozen=True)
class Medium:
    """What a report is written for: a screen, a dialect of CSV (None: that of the language), when it was computed."""

    screen: Screen
    dialect: str | None
    generated_at: datetime


@dataclass(frozen=True)
class FormatSpec:
    """A format of a report.

    `beginning` matches the text of a file of it from its first sign on, `is_own` tells it of a file that is no text:
    such a file may be replaced by a new report, any other is not one of kpibar. `write` gives the report in a language
    for a medium, `prepare` raises where this machine cannot do that.
    """

    ending: str
    beginning: re.Pattern[str] | None
    write: Callable[[Barometer, str, Medium], str | bytes]
    is_own: Callable[[Path], bool] | None = None
    prepare: Callable[[], object] = lambda: None

    @property
    def is_text(self) -> bool:
        """Whether a person can read it on a terminal."""
        return self.beginning is not None


def _write_table(barometer: Barometer, lang: str, medium: Medium) -> str:
    return render(barometer, lang, medium.screen)


def _write_json(barometer: Barometer, lang: str, medium: Medium) -> str:
    return to_json(barometer, _instant(medium))


def _write_csv(barometer: Barometer, lang: str, medium: Medium) -> str | bytes:
    dialect = DIALECTS[medium.dialect or default_dialect(lang)]
    text = to_csv(barometer, lang, dialect)
    return text.encode("utf-8") if dialect.has_mark else text


def _write_markdown(barometer: Barometer, lang: str, medium: Medium) -> str:
    return to_markdown(barometer, lang, wide=medium.screen.wide)


def _write_workbook(barometer: Barometer, lang: str, medium: Medium) -> bytes:
    from kpibar.render.workbook.spreadsheet import to_workbook  # takes long to import, and no other format needs it

    return to_workbook(barometer, lang, medium.generated_at)


def _is_workbook(path: Path) -> bool:
    from kpibar.render.workbook.book import is_own_workbook

    return is_own_workbook(path)


def _write_html(barometer: Barometer, lang: str, medium: Medium) -> str:
    return to_html(barometer, lang, _instant(medium))


def _write_svg(barometer: Barometer, lang: str, medium: Medium) -> str:
    return to_svg(barometer, lang)


def _write_pdf(barometer: Barometer, lang: str, medium: Medium) -> bytes:
    return browser.to_pdf(_write_html(barometer, lang, medium))


def _write_png(barometer: Barometer, lang: str, medium: Medium) -> bytes:
    return browser.to_png(to_svg(barometer, lang), WIDTH, HEIGHT)


def _instant(medium: Medium) -> str:
    return medium.generated_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _titles() -> str:
    """A pattern of the titles of a printed report, of any year and language."""
    titles = (re.escape(say("title", lang, year="YEAR")).replace("YEAR", "[0-9]{4}") for lang in LANGUAGES)
    return rf"(?:{'|'.join(titles)})(?: |$)"


FORMATS: Mapping[str, FormatSpec] = {
    "table": FormatSpec(".txt", re.compile(_titles(), re.MULTILINE), _write_table),
    "json": FormatSpec(".json", re.compile(re.escape(JSON_BEGINNING)), _write_json),
    "csv": FormatSpec(".csv", re.compile(CSV_BEGINNING), _write_csv),
    "html": FormatSpec(".html", re.compile(re.escape(HTML_BEGINNING)), _write_html),
    "md": FormatSpec(".md", re.compile("# " + _titles(), re.MULTILINE), _write_markdown),
    "xlsx": FormatSpec(".xlsx", None, _write_workbook, _is_workbook),
    "pdf": FormatSpec(".pdf", None, _write_pdf, browser.is_own_pdf, partial(browser.find_browser, "PDF")),
    "svg": FormatSpec(".svg", re.compile(re.escape(SVG_BEGINNING)), _write_svg),
    "png": FormatSpec(".png", None, _write_png, browser.is_own_png, partial(browser.find_browser, "PNG")),
}


# How the files of other answers begin: JSON of any, the records behind a figure, an explanation of it in words.
_ANSWERS = re.compile(
    r'\{\n "schema": "kpibar\.[a-z_]+"|\ufeff?part[,;]source[,;]id[,;]date[,;]in_numerator[,;]|'
    r".* [0-9]{4}  [0-9]{4}-[0-9]{2}-[0-9]{2} → [0-9]{4}-[0-9]{2}-[0-9]{2}$",
    re.MULTILINE,
)


def is_report(text: str) -> bool:
    """Whether a text begins as a report in any of the formats, or as another answer of kpibar."""
    beginnings = [format.beginning for format in FORMATS.values() if format.beginning]
    return any(beginning.match(text) for beginning in (*beginnings, _ANSWERS))


def is_report_file(path: Path) -> bool:
    """Whether a file is a report in a format that is no text, as kpibar wrote it."""
    return any(format.is_own(path) for format in FORMATS.values() if format.is_own)
