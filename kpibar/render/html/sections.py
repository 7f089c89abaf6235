"""The parts of the report as data, for a template: texts of `Cells`, figures of the barometer, drawings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Barometer, Row, Segment
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.html import drawings
from kpibar.render.html.drawings import Chart
from kpibar.render.html.svg import Drawing
from kpibar.render.messages import dimension_name, months_name, say, segment_name, title
from kpibar.render.numbers import DASH, format_number, format_value
from kpibar.render.page import report_page
from kpibar.render.table import Cell, Column, Page, Table, Trend

# A table by segment has so many columns at most; the table of all its figures has the others too.
_MOST_SEGMENTS = 8
_NOTHING = Cell("", "missing")
_BOLD = ("better", "worse")
_MONTHS = range(1, 13)


# The one place that knows how a row holds its segments.
def _dimensions(barometer: Barometer) -> tuple[str, ...]:
    """The dimensions that a report is broken down by, in the order asked for."""
    return barometer.request.by


def _segments(row: Row, dimension: str | None) -> tuple[Segment, ...]:
    """The segments of a row by a dimension; none where it is not broken down by it."""
    return row.segments_by(dimension) if dimension else ()


def _by(barometer: Barometer, dimension: str | None) -> Barometer:
    """The barometer as if it had been asked for by one dimension alone, or by none."""
    return replace(barometer, request=replace(barometer.request, by=(dimension,) if dimension else ()))


@dataclass(frozen=True)
class Line:
    """A KPI of the table of all indicators, or a share of a mix (level 1): its cells and its two drawings."""

    name: str
    level: int = 0
    value: Cell = _NOTHING
    previous: Cell = _NOTHING
    change: Cell = _NOTHING
    verdict: Cell = _NOTHING
    target: Cell = _NOTHING
    target_word: str = ""
    base: Cell = _NOTHING
    bullet: Drawing | None = None
    bar: Drawing | None = None

    @property
    def judgement(self) -> str:
        """What its change is, where that is for the good or the bad."""
        return self.verdict.role if self.verdict.role in _BOLD else ""


@dataclass(frozen=True)
class Card:
    """A headline KPI: its line, and its two years as a curve."""

    line: Line
    curve: Drawing | None


@dataclass(frozen=True)
class Group:
    """A family and its lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Panel:
    """The months of a KPI as a chart."""

    name: str
    value: Cell
    chart: Chart


@dataclass(frozen=True)
class Months:
    """A row of the table of months: a KPI in one year."""

    name: str
    year: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Patch:
    """A figure in a table by segment, what stands beneath it, and its judgement where that is clear."""

    value: Cell
    detail: Cell = _NOTHING
    word: str = ""

    @property
    def judgement(self) -> str:
        """The class of its shade."""
        return self.detail.role if self.word else ""


@dataclass(frozen=True)
class Heat:
    """The KPIs that one dimension divides: a column a segment."""

    dimension: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, Patch, tuple[Patch, ...]], ...]
    excess: str
    figures: "Listing"


@dataclass(frozen=True)
class Listing:
    """A table of the printed report: the columns shown, and its sections as they are."""

    columns: tuple[Column, ...]
    table: Table


@dataclass(frozen=True)
class Source:
    """What one source holds, a text a column."""

    name: str
    cells: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class Definition:
    """A KPI and what it means."""

    id: str
    name: str
    text: str


# All indicators


def line_of(cells: Cells, row: Row, limit: float) -> Line:
    """A KPI of the table."""
    line = _line(cells, row, row, cells.name(row.kpi), limit)
    status = row.target.status if row.target else ""
    has_target = row.target is not None and row.status != "low_base"
    return replace(
        line,
        target=cells.target(row) if row.target else _NOTHING,
        target_word=cells.say(f"target_{status}", "target").text if has_target else "",
        bullet=drawings.bullet(row, row.target.value if row.target and has_target else None),
    )


def _line(cells: Cells, row: Row, figure: Row | Segment, name: str, limit: float, level: int = 0) -> Line:
    """What a KPI and a share of a mix have in common."""
    return Line(
        name=name,
        level=level,
        value=cells.value(row.kpi, figure.now),
        previous=cells.value(row.kpi, figure.before, "previous"),
        change=cells.change(row.kpi, figure.change),
        verdict=cells.verdict(figure.change),
        base=cells.base(row.kpi, figure.now),
        bar=drawings.change_bar(figure, limit),
    )


def _mix_lines(cells: Cells, row: Row, limit: float) -> Iterator[Line]:
    """The title of a mix, then its shares on one scale."""
    name = cells.name(row.kpi)
    if row.status == "low_base":
        yield Line(name, value=cells.small_base(row), base=cells.base(row.kpi, row.now))
        return
    yield Line(name)
    shares = _segments(row, row.dimension)
    largest = max((value for part in shares for value in (part.now.value, part.before.value) if value), default=None)
    for part in shares:
        line = _line(cells, row, part, _segment_name(cells, row.dimension, part.key), limit, level=1)
        yield replace(line, bullet=drawings.bullet(part, None, largest))


def limit_of(cells: Cells) -> float:
    """How far the axis of changes reaches on either side."""
    rows = _rows(cells)
    return drawings.limit_of_changes([*rows, *(part for row in rows if row.kpi.spec.shares for part in row.segments)])


def limit_text(cells: Cells, limit: float) -> str:
    """The end of the axis of changes, without a sign."""
    return format_number(100 * limit, 0, cells.lang)


def groups(cells: Cells, limit: float) -> Iterator[Group]:
    """The families with their KPIs."""
    for family in cells.barometer.families:
        members = [row for row in _rows(cells) if row.kpi.family == family.id]
        lines = [
            line
            for row in members
            for line in (_mix_lines(cells, row, limit) if row.kpi.spec.shares else [line_of(cells, row, limit)])
        ]
        if lines:
            yield Group(clean(title(family.title, cells.lang)), tuple(lines))


def cards(cells: Cells, limit: float) -> Iterator[Card]:
    """The KPIs declared as those looked at first."""
    return _cards(cells, _headlines(cells), limit)


def further_cards(cells: Cells, limit: float) -> Iterator[Card]:
    """All KPIs but mixes, in their order."""
    return _cards(cells, [row for row in _rows(cells) if not row.kpi.spec.shares], limit)


def _cards(cells: Cells, rows: list[Row], limit: float) -> Iterator[Card]:
    for row in rows:
        trend = cells.trend(row).drawing
        curve = None
        if row.status == "ok" and isinstance(trend, Trend):
            curve = drawings.two_years(trend, row.target.value if row.target else None)
        yield Card(line_of(cells, row, limit), curve)


def _rows(cells: Cells) -> list[Row]:
    return [row for row in cells.barometer.rows if row.status != "not_available"]


def _headlines(cells: Cells) -> list[Row]:
    return [row for row in _rows(cells) if row.kpi.headline]


# Month by month


def panels(cells: Cells) -> Iterator[Panel]:
    """The months of the headline KPIs, as charts."""
    letters = [say(f"month_{month}", cells.lang)[0].upper() for month in _MONTHS]
    for row in _headlines(cells):
        chart = drawings.months_chart(row, letters, cells.lang) if row.status == "ok" else None
        if chart is not None:
            yield Panel(cells.name(row.kpi), cells.value(row.kpi, row.now), chart)


def month_rows(cells: Cells) -> Iterator[Months]:
    """The same months as a table: a row a KPI and year; none where the report has a table of months anyway."""
    if "month" in _dimensions(cells.barometer):
        return
    year = cells.barometer.edition.year
    for row in _headlines(cells):
        if row.status == "ok":
            for name, series in ((year, row.series), (year - 1, row.before_series)):
                months = {day.month: measure for day, measure in series}
                texts = [_figure_of_month(cells, row, months.get(month)).text for month in _MONTHS]
                yield Months(cells.name(row.kpi), name, tuple(texts))


def month_heads(cells: Cells) -> tuple[str, ...]:
    """The months, as short as they can be written."""
    return tuple(say(f"html_month_{month}", cells.lang) for month in _MONTHS)


# By segment


def heats(cells: Cells) -> Iterator[Heat]:
    """A table for each dimension the report is broken down by."""
    for dimension in _dimensions(cells.barometer):
        name = dimension_name(dimension, cells.lang)
        figures = listing(report_page(_by(cells.barometer, dimension), cells.lang))
        heads, rows, excess = _months_of(cells) if dimension == "month" else _segments_of(cells, dimension)
        fold_text = say("html_more", cells.lang, count=cells.count(excess)) if excess else ""
        caption = say("html_caption_months" if dimension == "month" else "html_caption_segments", cells.lang)
        if any(patch.value.role == "provisional" for _, total, patches in rows for patch in (total, *patches)):
            caption = f"{caption} {say('legend_brackets', cells.lang)}"
        if rows:
            yield Heat(name, caption, tuple(heads), tuple(rows), fold_text, figures)


Rows = list[tuple[str, Patch, tuple[Patch, ...]]]


def _segments_of(cells: Cells, dimension: str) -> tuple[list[str], Rows, int]:
    """The names of the segments, the KPIs by them, and how many segments there are beyond."""
    members = [row for row in _rows(cells) if not row.kpi.spec.shares and _segments(row, dimension)]
    # Those of the first KPI in its order, the largest first; then what others have beyond.
    order = list(dict.fromkeys(part.key for row in members for part in _segments(row, dimension)))
    keys = order[:_MOST_SEGMENTS]
    rows: Rows = []
    for row in members:
        parts = {part.key: part for part in _segments(row, dimension)}
        patches = tuple(_patch(cells, row, parts[key]) if key in parts else Patch(_NOTHING) for key in keys)
        rows.append((cells.name(row.kpi), _patch(cells, row, row), patches))
    return [_segment_name(cells, dimension, key) for key in keys], rows, len(order) - len(keys)


def _patch(cells: Cells, row: Row, figure: Row | Segment) -> Patch:
    """A figure and its change; its verdict is a word where it is for the good or the bad."""
    change = cells.change(row.kpi, figure.change) if figure.change else _NOTHING
    word = cells.verdict(figure.change).text if change.role in _BOLD else ""
    return Patch(cells.value(row.kpi, figure.now), change, word)


def _months_of(cells: Cells) -> tuple[list[str], Rows, int]:
    """The months, and the KPIs by them: below a figure that of the year before."""
    rows: Rows = []
    for row in _rows(cells):
        now, before = ({day.month: measure for day, measure in part} for part in (row.series, row.before_series))
        if row.kpi.spec.shares or not any(measure.value is not None for measure in now.values()):
            continue
        patches = tuple(
            _patch_of_month(cells, row, now.get(month), before.get(month)) if month in now else Patch(_NOTHING)
            for month in _MONTHS
        )
        rows.append((cells.name(row.kpi), _patch_of_month(cells, row, row.now, row.before), patches))
    return list(month_heads(cells)), rows, 0


def _patch_of_month(cells: Cells, row: Row, now: Measure | None, before: Measure | None) -> Patch:
    value, previous = (_figure_of_month(cells, row, measure) for measure in (now, before))
    return Patch(value, Cell(previous.text, "previous"))


def _figure_of_month(cells: Cells, row: Row, measure: Measure | None) -> Cell:
    """The figure of a month, in brackets where it is provisional."""
    cell = cells.value(row.kpi, measure or Measure())
    is_provisional = measure is not None and measure.immature != 0 and measure.value is not None
    return Cell(f"[{cell.text}]", "provisional") if is_provisional else cell


def has_provisional_months(cells: Cells) -> bool:
    """Whether the table of months has a figure in brackets."""
    return any("[" in text for months in month_rows(cells) for text in months.cells)


def _segment_name(cells: Cells, dimension: str | None, key: str) -> str:
    return clean(segment_name(dimension, key, cells.lang))


# All figures


def whole_page(cells: Cells) -> Page:
    """The printed report of the year."""
    return report_page(_by(cells.barometer, None), cells.lang)


def listing(page: Page) -> Listing:
    """The table of a printed report, without its drawings and without columns that have nothing."""
    table = page.table
    columns = [
        column for column in table.columns if column.name not in ("trend", "strip") and _has_texts(table, column)
    ]
    return Listing(tuple(columns), table)


def _has_texts(table: Table, column: Column) -> bool:
    texts = [row.cells[column.name].text for row in table.rows if column.name in row.cells]
    return not column.optional or any(text not in ("", DASH) for text in texts)


def explanations(page: Page) -> tuple[tuple[str, ...], ...]:
    """What the words and marks of the table mean, of those that stand in it: of verdicts, of changes, of figures."""
    cells = [cell for row in page.table.rows for cell in row.cells.values()]
    groups = (tuple(e.text for e in group if any(map(e.speaks_of, cells))) for group in page.explanations)
    return tuple(group for group in groups if group)


# Method


def sources(cells: Cells) -> Iterator[Source]:
    """What the sources hold."""
    for entry in cells.barometer.coverage:
        days = f"{entry.first} → {entry.last}" if entry.first and entry.last else DASH
        linked_share = DASH if entry.linked is None else format_value(entry.linked, "share", cells.lang)
        texts = (entry.entity, cells.count(entry.rows), days, str(entry.as_of_on or DASH), linked_share)
        months_absent = months_name(", ".join(entry.months_missing), cells.lang) if entry.months_missing else DASH
        yield Source(clean(entry.source), texts, months_absent)


def definitions(cells: Cells) -> Iterator[Definition]:
    """What each KPI of the report means."""
    for row in cells.barometer.rows:
        text = clean(title(row.kpi.definition, cells.lang)) if row.kpi.definition else ""
        yield Definition(clean(row.kpi.id), cells.name(row.kpi), text)
