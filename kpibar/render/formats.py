"""The formats of a report: an entry each, with the ending of its files, how they begin, and what writes them.

A new format is an entry here, its word in the option --format, and a module that walks the page (`table.py`) or the
report (`kpibar.measure.report`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kpibar.measure.report import Barometer
from kpibar.render.document import CSV_BEGINNING, JSON_BEGINNING, LANGUAGES, to_csv, to_json
from kpibar.render.html.writer import HTML_BEGINNING, to_html
from kpibar.render.messages import say
from kpibar.render.terminal import Screen, render


@dataclass(frozen=True)
class FormatSpec:
    """A format of a report.

    `beginning` matches the text of a file of it from its first sign on: such a file may be replaced by a new report,
    any other is not one of kpibar. `write` gives the text of a report in a language, for a screen.
    """

    ending: str
    beginning: re.Pattern[str]
    write: Callable[[Barometer, str, Screen], str]


def _write_json(barometer: Barometer, lang: str, screen: Screen) -> str:
    return to_json(barometer, _now())


def _write_csv(barometer: Barometer, lang: str, screen: Screen) -> str:
    return to_csv(barometer)


def _write_html(barometer: Barometer, lang: str, screen: Screen) -> str:
    return to_html(barometer, lang, _now())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _titles() -> str:
    """A pattern of the titles of a printed report, of any year and language."""
    titles = (re.escape(say("title", lang, year="YEAR")).replace("YEAR", "[0-9]{4}") for lang in LANGUAGES)
    return rf"(?:{'|'.join(titles)})(?: |$)"


FORMATS: Mapping[str, FormatSpec] = {
    "table": FormatSpec(".txt", re.compile(_titles(), re.MULTILINE), render),
    "json": FormatSpec(".json", re.compile(re.escape(JSON_BEGINNING)), _write_json),
    "csv": FormatSpec(".csv", re.compile(re.escape(CSV_BEGINNING)), _write_csv),
    "html": FormatSpec(".html", re.compile(re.escape(HTML_BEGINNING)), _write_html),
}


def is_report(text: str) -> bool:
    """Whether a text begins as a report in any of the formats."""
    return any(format.beginning.match(text) for format in FORMATS.values())
