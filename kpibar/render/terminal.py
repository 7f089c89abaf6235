"""The barometer as tables for a terminal, or in full width without colour for a pipe.

Too narrow a screen loses whole columns, the least important first, never half a figure. Judgements are words
and arrow shapes; colour only repeats them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import RenderableType
from rich.text import Text

from kpibar.kpis.catalogue import Kpi
from kpibar.measure.barometer import Barometer, Row
from kpibar.measure.estimates import Measure, Segment
from kpibar.render.clean import clean
from kpibar.render.footer import footer
from kpibar.render.grid import LABEL, Cells, Column, Grid, fitted, flowed, printed, wrapped
from kpibar.render.messages import day_name, dimension_name, say, segment_name, title
from kpibar.render.numbers import format_value
from kpibar.render.page import YEAR_MONTHS, Page, Screen

_WIDE_SPARK_FROM = 120
_TOP_SEGMENTS = 8
_INDENT = "  "


@dataclass(frozen=True)
class _Section:
    """A title and the rows under it; `scale` says what the strips of its rows span."""

    title: Text
    rows: tuple[Cells, ...]
    scale: Text | None = None


def render(barometer: Barometer, lang: str, screen: Screen) -> str:
    """The report: the year's table, or one table a KPI by the dimension asked for; it ends in a newline.

    ANSI codes only when the screen has colour or styles. `lang` is "en" or "fr"; KeyError otherwise.
    """
    page = Page(barometer, lang, screen)
    shown = [row for row in barometer.rows if row.status != "not_available"]
    by = barometer.request.by
    if by is not None:
        kept = [row for row in shown if _broken_down(row, by)]
        sections = [_months(page, row) if by == "month" else _by_segment(page, row) for row in kept]
        columns = _columns(page, ("strip",), () if by == "month" else ("change", "verdict"))
    else:
        kept = shown
        sections = _families(page, shown)
        columns = _columns(page, ("spark",), ("change", "verdict", *_target_column(page)))
    sections, columns = _with_room_for_stars(sections, columns)
    cells = [row for section in sections for row in section.rows]
    left_out = [row for row in shown if row not in kept]
    fitting = {column.name for column in fitted(columns, cells, screen.width).columns}
    seen = [{name: cell for name, cell in row.items() if name in fitting} for row in cells]
    return printed([*_heading(page), *_body(page, sections, columns), *footer(page, seen, left_out)], screen)


def _heading(page: Page) -> Iterator[Text]:
    edition, width = page.barometer.edition, page.screen.width
    window = edition.window
    parts = [
        page.say("title", "strong", year=edition.year),
        page.text(f"{window.start} → {window.end}", "quiet"),
    ]
    if not edition.complete:
        end = day_name(window.end, page.lang)
        parts.append(page.say("partial_stamp", end=end, previous=edition.year - 1))
    yield from flowed(parts, width)
    if page.barometer.brands:
        yield from wrapped(page.text(" · ".join(map(clean, page.barometer.brands)), "quiet"), width)
    yield Text()


def _columns(page: Page, drawn: Sequence[str], judged: Sequence[str]) -> list[Column]:
    """The columns in their order: the figure, its drawing, its past, its judgement, its base."""
    year = page.barometer.edition.year
    wide = page.screen.width is None or page.screen.width >= _WIDE_SPARK_FROM
    spark = f"{year - 1:<{YEAR_MONTHS}}{year}" if wide else say("head_months", page.lang)
    known: dict[str, tuple[int, bool, str]] = {
        LABEL: (0, False, say("head_kpi", page.lang)),
        "value": (0, True, str(year)),
        "interval": (6, False, say("head_interval", page.lang, level=page.level)),
        "spark": (3, False, spark),
        "strip": (5, False, say("head_strip", page.lang)),
        "previous": (4, True, str(year - 1)),
        "change": (0, True, say("head_change", page.lang)),
        "verdict": (1, False, say("head_verdict", page.lang)),
        "target": (5, False, say("head_target", page.lang)),
        "base": (2, True, say("head_base", page.lang)),
    }
    names = (LABEL, "value", "interval", *drawn, "previous", *judged, "base")
    return [_column(page, name, *known[name]) for name in names]


def _column(page: Page, name: str, priority: int, right: bool, head: str) -> Column:
    return Column(name, priority, right, page.text(head, "quiet"))


def _target_column(page: Page) -> tuple[str, ...]:
    """A column of dashes would cost a screen more than it says; a pipe always has it."""
    piped = page.screen.width is None
    return ("target",) if piped or any(row.target for row in page.barometer.rows) else ()


def _with_room_for_stars(sections: list[_Section], columns: list[Column]) -> tuple[list[_Section], list[Column]]:
    """When a base has a star, a space where the others have none, so that digits stay in line."""
    bases = [row["base"] for section in sections for row in section.rows if "base" in row]
    if not any(base.plain.endswith("*") for base in bases):
        return sections, columns
    roomy = [replace(section, rows=tuple(_roomy(row) for row in section.rows)) for section in sections]
    return roomy, [replace(c, head=c.head + " ") if c.name == "base" else c for c in columns]


def _roomy(row: Cells) -> Cells:
    if "base" not in row or row["base"].plain.endswith("*"):
        return row
    return {**row, "base": row["base"] + " "}


def _body(page: Page, sections: Sequence[_Section], columns: Sequence[Column]) -> Iterator[RenderableType]:
    rows = [row for section in sections for row in section.rows]
    if not rows:
        return
    grid = fitted(columns, rows, page.screen.width)
    yield grid.table([{column.name: column.head for column in columns}])
    for place, section in enumerate(sections):
        if place:
            yield Text()
        yield from _title(page, section, grid)
        yield grid.table(section.rows)


def _title(page: Page, section: _Section, grid: Grid) -> list[Text]:
    """The title of a section, and above the strips what they span."""
    offset = grid.offset("strip")
    if section.scale is None or offset is None:
        return wrapped(section.title, page.screen.width)
    room = offset - section.title.cell_len
    if room < len(_INDENT):
        return flowed((section.title, section.scale), page.screen.width)
    return [Text().append_text(section.title).append(" " * room).append_text(section.scale)]


# The year's table


def _families(page: Page, shown: Sequence[Row]) -> list[_Section]:
    sections = []
    for family in page.barometer.families:
        rows = [cells for row in shown if row.kpi.family == family.id for cells in _kpi_rows(page, row)]
        if rows:
            name = page.text(clean(title(family.title, page.lang)), "strong")
            sections.append(_Section(name, tuple(rows)))
    return sections


def _kpi_rows(page: Page, row: Row) -> list[Cells]:
    if row.kpi.kind == "mix":
        return _mix_rows(page, row)
    figures = _figures(page, row.kpi, row, page.name(row.kpi))
    return [figures | {"spark": _spark(page, row), "target": page.target(row)}]


def _figures(page: Page, kpi: Kpi, figure: Row | Segment, label: str) -> dict[str, Text]:
    """The cells that a KPI and a segment of it have in common."""
    return _measured(page, kpi, figure.now, figure.before, label) | {
        "change": page.change(kpi, figure.change),
        "verdict": page.verdict(figure.change),
    }


def _spark(page: Page, row: Row) -> Text:
    if page.screen.width is not None and page.screen.width < _WIDE_SPARK_FROM:
        return page.recent_sparks(row)
    return Text().join(page.sparks(row))


def _mix_rows(page: Page, row: Row) -> list[Cells]:
    """The KPI's title, then its largest shares; a pipe gets them all."""
    name = {LABEL: page.text(page.name(row.kpi))}
    if page.masked(row.kpi, row.now):
        return [name | {"value": page.low_base(), "base": page.base(row.kpi, row.now)}]
    top = row.segments if page.screen.width is None else row.segments[:_TOP_SEGMENTS]
    rows: list[Cells] = [name]
    rows += [_figures(page, row.kpi, one, _INDENT + _segment(page, row, one)) for one in top]
    if hidden := len(row.segments) - len(top):
        more = say("more_segments", page.lang, count=page.count(hidden))
        rows.append({LABEL: page.text(_INDENT + more, "quiet")})
    return rows


def _segment(page: Page, row: Row, segment: Segment) -> str:
    return clean(segment_name(row.dimension, segment.key, page.lang))


# One table a KPI


def _broken_down(row: Row, by: str) -> bool:
    if by == "month":
        return row.kpi.kind != "mix" and any(measure.value is not None for _, measure in row.series)
    return row.dimension == by and bool(row.segments)


def _by_segment(page: Page, row: Row) -> _Section:
    """The total, then each segment, their intervals on one scale. The shares of a mix have no total."""
    kpi = row.kpi
    total = None if kpi.kind in ("mix", "count") else row.now
    measures = [segment.now for segment in row.segments]
    scale = _scale(page, kpi, [*measures, total] if total else measures)
    rows = []
    if kpi.kind != "mix":
        rows.append(_figures(page, kpi, row, say("total", page.lang)) | _strip(page, kpi, total, None, scale))
    for segment in row.segments:
        strip = _strip(page, kpi, segment.now, total, scale)
        rows.append(_figures(page, kpi, segment, _segment(page, row, segment)) | strip)
    return _Section(_section_title(page, row), tuple(rows), _scale_text(page, kpi, scale))


def _months(page: Page, row: Row) -> _Section:
    """The year, then its months beside those of the year before."""
    kpi = row.kpi
    total = None if kpi.kind == "count" else row.now
    measures = [measure for _, measure in row.series]
    scale = _scale(page, kpi, [*measures, total] if total else measures)
    before = {day.month: measure for day, measure in row.before_series}
    year = _measured(page, kpi, row.now, row.before, say("total", page.lang))
    rows = [year | _strip(page, kpi, total, None, scale)]
    for day, measure in row.series:
        name = say(f"month_{day.month}", page.lang).capitalize()
        label = say("month_provisional", page.lang, month=name) if measure.immature else name
        figures = _measured(page, kpi, measure, before.get(day.month, Measure()), label)
        rows.append(figures | _strip(page, kpi, measure, total, scale))
    return _Section(_section_title(page, row), tuple(rows), _scale_text(page, kpi, scale))


def _measured(page: Page, kpi: Kpi, now: Measure, before: Measure, label: str) -> dict[str, Text]:
    return {
        LABEL: page.text(label),
        "value": page.value(kpi, now),
        "interval": page.interval(kpi, now),
        "previous": page.value(kpi, before, "quiet"),
        "base": page.base(kpi, now),
    }


def _section_title(page: Page, row: Row) -> Text:
    dimension = dimension_name(page.barometer.request.by or "", page.lang)
    return page.say("by_dimension", "strong", kpi=page.name(row.kpi), dimension=dimension)


def _strip(
    page: Page, kpi: Kpi, measure: Measure | None, total: Measure | None, scale: tuple[float, float] | None
) -> dict[str, Text]:
    if scale is None or measure is None:
        return {}
    line = None if total is None or page.masked(kpi, total) else total.value
    return {"strip": page.strip(kpi, measure, line, scale)}


def _scale(page: Page, kpi: Kpi, measures: Sequence[Measure]) -> tuple[float, float] | None:
    """From the lowest to the highest end of the intervals shown."""
    shown = [measure for measure in measures if not page.masked(kpi, measure)]
    ends = [end for m in shown for end in (m.low, m.value, m.high) if end is not None]
    return (min(ends), max(ends)) if ends else None


def _scale_text(page: Page, kpi: Kpi, scale: tuple[float, float] | None) -> Text | None:
    if scale is None:
        return None
    low, high = (format_value(end, kpi.unit, page.lang) for end in scale)
    return page.text(f"{low} … {high}", "quiet")
