"""A barometer as one picture for a slide, an SVG: its first sentences, and the cards of its headline KPIs."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kpibar.measure.report import Barometer
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.html import sections
from kpibar.render.html.sections import Line
from kpibar.render.html.svg import Drawing
from kpibar.render.html.writer import fill, style_sheet
from kpibar.render.messages import say
from kpibar.render.overview import opening_sentences

# Pixels: the shape of a slide, 16 to 9.
WIDTH, HEIGHT = 1280, 720
SVG_BEGINNING = '<svg xmlns="http://www.w3.org/2000/svg" data-kpibar="report"'
_MARGIN, _GAP, _COLUMNS, _MOST_CARDS = 40, 16, 4, 8
_TALL, _FIRST_CARD, _INNER = 212, 232, 256
# So many signs of a sentence, of the scope and of a name fit into a line; the lines of sentences there is room for.
_SENTENCE, _SCOPE, _NAME, _MOST_LINES, _LINE = 120, 140, 30, 4, 28
# Signs that XML does not know.
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class Place:
    """A card and where its corner is, in pixels."""

    x: int
    y: int
    line: Line
    curve: Drawing | None


@dataclass(frozen=True)
class Words:
    """A line of a sentence and where it stands; the first of a judgement has a mark as high as all its lines."""

    text: str
    y: int
    role: str = ""
    height: int = 0


def to_svg(barometer: Barometer, lang: str) -> str:
    """The report as an SVG picture of 1280 by 720. `lang` is "en" or "fr"; KeyError otherwise."""
    cells = Cells(barometer, lang)
    edition, limit = barometer.edition, sections.limit_of(cells)
    ends = " … ".join(say(f"html_axis_{end}", lang, limit=sections.limit_text(cells, limit)) for end in ("low", "high"))
    scope = [
        *map(clean, barometer.brands),
        *([cells.filters] if cells.filters else []),
        f"{edition.window.start} → {edition.window.end}",
        edition.timezone,
    ]
    key = say("html_key_change", lang, previous=edition.year - 1, level=cells.level)
    picture = fill(
        "slide.svg.j2",
        lang=lang, width=WIDTH, height=HEIGHT, margin=_MARGIN, inner=_INNER, tall=_TALL,
        say=lambda name, **values: say(name, lang, **values),
        colour=_colours(),
        title=say("title", lang, year=edition.year),
        scope=_cut(" · ".join(scope), _SCOPE),
        lines=list(_lines(cells)),
        cards=list(_cards(cells, limit)),
        previous=edition.year - 1,
        key=f"{key} {ends}",
    )  # fmt: skip
    return _NO_XML.sub("", picture)


def _colours() -> Mapping[str, str]:
    """The light colours of the page; a picture has no other, as programs of slides know no variables."""
    (light, *_) = re.findall(r":root \{(.+?)\}", style_sheet(), re.DOTALL)
    return {name.replace("-", "_"): value for name, value in re.findall(r"--([\w-]+): (#\w+)", light)}


def _cards(cells: Cells, limit: float) -> Iterator[Place]:
    """The headline KPIs, else the first KPIs of the report, in two rows."""
    cards = list(sections.cards(cells, limit)) or list(sections.further_cards(cells, limit))
    for number, card in enumerate(islice(cards, _MOST_CARDS)):
        x = _MARGIN + number % _COLUMNS * (_INNER + 32 + _GAP)
        y = _FIRST_CARD + number // _COLUMNS * (_TALL + _GAP)
        line = card.line
        short = Line(**{**vars(line), "name": _cut(line.name, _NAME)})
        yield Place(x, y, short, card.curve)


def _lines(cells: Cells) -> Iterator[Words]:
    """The lines of the first sentences, those about what is worse and better before the others, as many as fit."""
    sentences = list(opening_sentences(cells))
    parts: list[tuple[str, Sequence[str]]] = [
        (sentence.role if sentence.role in ("better", "worse") else "mark", textwrap.wrap(sentence.text, _SENTENCE))
        for sentence in sentences
    ]
    number = 0
    for role, lines in parts:
        if number + len(lines) > _MOST_LINES:
            return
        for place, text in enumerate(lines):
            first = not place
            height = _LINE * len(lines) - 6 if first else 0
            yield Words(text, 116 + _LINE * number, role if first else "", height)
            number += 1


def _cut(text: str, most: int) -> str:
    """A text of so many signs at most."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
