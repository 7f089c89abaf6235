"""A barometer as the text of an HTML file, and how templates are filled."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from kpibar.measure.report import Barometer
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.html import sections
from kpibar.render.messages import day_name, say
from kpibar.render.overview import opening_sentences

if TYPE_CHECKING:
    from jinja2 import Environment

# How every such file begins, whatever its language.
HTML_BEGINNING = '<!DOCTYPE html>\n<html data-kpibar="report" lang="'
# The end tags of cells and rows, a seventh of a page, are optional in HTML; within texts every "<" is escaped.
_ENDS = re.compile(r"</t[dhr]>\s*")
_FILES = ("report.html.j2", "report.css", "slide.svg.j2")
# The height of a frame in a notebook, in pixels: the first sentences and the cards.
_FRAME = 720


def to_html(barometer: Barometer, lang: str, generated_at: str) -> str:
    """The report as an HTML file. `lang` is "en" or "fr"; KeyError otherwise."""
    cells = Cells(barometer, lang)
    return _ENDS.sub("", fill("report.html.j2", **_parts(cells), generated_at=generated_at))


def fill(template: str, **parts: object) -> str:
    """A template of this folder, filled: every text is escaped, and an unknown name is an error."""
    return _environment().get_template(template).render(parts)


def style_sheet() -> str:
    """The style sheet of the page."""
    return _sources()["report.css"]


def to_frame(barometer: Barometer, lang: str, generated_at: str) -> str:
    """The page in a frame for a notebook: neither changes how the other looks, and nothing in it runs."""
    page = escape(to_html(barometer, lang, generated_at))
    name = escape(say("title", lang, year=barometer.edition.year))
    return (
        f'<iframe sandbox="" title="{name}" srcdoc="{page}" width="100%" height="{_FRAME}" style="border:0"></iframe>'
    )


def _parts(cells: Cells) -> Mapping[str, object]:
    """What the template is filled with."""
    barometer, lang = cells.barometer, cells.lang
    edition, page, limit = barometer.edition, sections.whole_page(cells), sections.limit_of(cells)
    return {
        "lang": lang,
        "say": lambda key, **values: say(key, lang, **values),
        "style_hash": _style_hash(),
        "edition": edition,
        "brands": [clean(brand) for brand in barometer.brands],
        "filters": cells.filters,
        "has_provisional_months": sections.has_provisional_months(cells),
        "partial_end": None if edition.complete else day_name(edition.window.end, lang),
        "sentences": list(opening_sentences(cells)),
        "cards": list(sections.cards(cells, limit)),
        "groups": list(sections.groups(cells, limit)),
        "limit": sections.limit_text(cells, limit),
        "figures": sections.listing(page),
        "panels": list(sections.panels(cells)),
        "month_heads": sections.month_heads(cells),
        "month_rows": list(sections.month_rows(cells)),
        "heats": list(sections.heats(cells)),
        "absent": page.absent,
        "notes": page.notes,
        "explanations": sections.explanations(page),
        "sources": list(sections.sources(cells)),
        "definitions": list(sections.definitions(cells)),
        "level": cells.level,
        "basis": barometer.basis,
        "settings_file": clean(barometer.basis.file) if barometer.basis.file else None,
    }


@lru_cache(maxsize=1)
def _sources() -> Mapping[str, str]:
    """The texts of the templates and of the style sheet."""
    folder = files("kpibar.render.html")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES}


def _style_hash() -> str:
    """The digest by which a browser lets this style sheet through, and no other."""
    digest = hashlib.sha256(f"\n{style_sheet()}".encode()).digest()
    return base64.b64encode(digest).decode("ascii")


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    """Templates in which every text is escaped, and in which an unknown name is an error."""
    from jinja2 import DictLoader, Environment, StrictUndefined  # takes long to import, and no other format needs it

    return Environment(
        loader=DictLoader(dict(_sources())),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
