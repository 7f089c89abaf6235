"""A barometer as a page: the year's table, or a table for each dimension asked for, with notes and legend."""

from collections.abc import Iterator, Sequence

from kpibar.kpis.estimates import Measure
from kpibar.kpis.passport import Passport
from kpibar.measure import report
from kpibar.measure.report import Barometer, Segment
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.messages import day_name, dimension_name, say, segment_name, title
from kpibar.render.notes import absent_lines, explanations, note_lines
from kpibar.render.numbers import format_value
from kpibar.render.overview import overview_lines
from kpibar.render.table import LABEL, Cell, Column, Page, Row, Section, Strip, Table

# The columns of months, by the number of each.
_MONTHS = {f"month_{month}": month for month in range(1, 13)}
# The columns of a change.
_JUDGEMENT = ("change", "change_interval", "verdict", "smallest_visible")


def report_page(
    barometer: Barometer, lang: str, most_segments: int | None = None, *, wide: bool = False, whole: bool = False
) -> Page:
    """The page of a barometer. `lang` is "en" or "fr"; KeyError otherwise.

    Of a mix, the year's table has the `most_segments` largest shares, None: all. `wide` has a column for each month,
    `whole` the year's table and its sentences before those of the dimensions asked for.
    """
    cells = Cells(barometer, lang)
    rows, by = [row for row in barometer.rows if row.status != "not_available"], barometer.request.by
    tables = [_division(cells, [row for row in rows if _has_breakdown(row, name)], name, wide) for name in by]
    is_whole = whole or not tables
    if is_whole:
        columns = _columns(cells, "trend", (*_JUDGEMENT, "target"))
        tables = [Table(columns, tuple(_families(cells, rows, most_segments))), *tables]
    without_breakdown = {name: [row for row in rows if not _has_breakdown(row, name)] for name in by}
    return Page(
        heading=(*_heading(cells), *(overview_lines(cells) if is_whole else ())),
        table=tables[0],
        further=tuple(tables[1:]),
        absent=tuple(absent_lines(cells, without_breakdown)),
        explanations=explanations(cells),
        notes=tuple(note_lines(cells)),
    )


def _heading(cells: Cells) -> Iterator[tuple[Cell, ...]]:
    edition = cells.barometer.edition
    window = edition.window
    line = [cells.say("title", "title", year=edition.year), Cell(f"{window.start} → {window.end}", "detail")]
    if not edition.complete:
        end = day_name(window.end, cells.lang)
        line.append(cells.say("partial_stamp", "warning", end=end, previous=edition.year - 1))
    yield tuple(line)
    if cells.barometer.brands:
        yield (Cell(" · ".join(map(clean, cells.barometer.brands)), "detail"),)
    if cells.filters:
        yield (Cell(cells.filters, "heading"),)


def _columns(cells: Cells, drawing_name: str, judgement: Sequence[str]) -> tuple[Column, ...]:
    """The columns in their order: the figure, its drawing, its past, its judgement, its base."""
    year, previous = str(cells.barometer.edition.year), str(cells.barometer.edition.year - 1)
    columns = (
        Column(LABEL, cells.say("head_kpi", "head")),
        Column("value", Cell(year, "head"), "right"),
        Column("interval", cells.say("head_interval", "head", level=cells.level), priority=8),
        Column("trend", cells.say("head_months", "head"), priority=3, years=(previous, year)),
        Column("strip", cells.say("head_strip", "head"), priority=5),
        Column("previous", Cell(previous, "head"), "right", priority=4),
        Column("change", cells.say("head_change", "head"), "right"),
        Column("change_interval", cells.say("head_change_interval", "head"), priority=6, optional=True),
        Column("verdict", cells.say("head_verdict", "head"), priority=1),
        Column("smallest_visible", cells.say("head_smallest_visible", "head"), "right", priority=7, optional=True),
        Column("target", cells.say("head_target", "head"), priority=5, optional=True),
        Column("base", cells.say("head_base", "head"), "right", priority=2),
    )
    names = {LABEL, "value", "interval", drawing_name, "previous", *judgement, "base"}
    return tuple(column for column in columns if column.name in names)


# The year's table


def _families(cells: Cells, rows: Sequence[report.Row], most_segments: int | None) -> Iterator[Section]:
    for family in cells.barometer.families:
        members = [row for row in rows if row.kpi.family == family.id]
        if members:
            heading = Cell(clean(title(family.title, cells.lang)), "heading")
            yield Section(heading, tuple(line for row in members for line in _kpi_rows(cells, row, most_segments)))


def _kpi_rows(cells: Cells, row: report.Row, most_segments: int | None) -> list[Row]:
    if row.kpi.spec.shares:
        return _mix_rows(cells, row, most_segments)
    figures = _judged_figures(cells, row.kpi, row, cells.name(row.kpi))
    return [Row({**figures, "trend": cells.trend(row), "target": cells.target(row)})]


def _mix_rows(cells: Cells, row: report.Row, most_segments: int | None) -> list[Row]:
    """The KPI's title, then its largest shares."""
    name = {LABEL: Cell(cells.name(row.kpi))}
    if row.status == "low_base":
        return [Row({**name, "value": cells.small_base(row), "base": cells.base(row.kpi, row.now)})]
    largest = row.segments[:most_segments]
    shares = [
        Row(_judged_figures(cells, row.kpi, part, _name(cells, row.dimension, part)), level=1) for part in largest
    ]
    rows = [Row(name), *shares]
    if excess := len(row.segments) - len(largest):
        rows.append(Row({LABEL: cells.say("more_segments", "detail", count=cells.count(excess))}, level=1))
    return rows


def _name(cells: Cells, dimension: str | None, segment: Segment) -> str:
    return clean(segment_name(dimension, segment.key, cells.lang))


def _figures(cells: Cells, kpi: Passport, now: Measure, before: Measure, label: Cell) -> dict[str, Cell]:
    return {
        LABEL: label,
        "value": cells.value(kpi, now),
        "interval": cells.interval(kpi, now),
        "previous": cells.value(kpi, before, "previous"),
        "base": cells.base(kpi, now),
    }


def _judged_figures(cells: Cells, kpi: Passport, figure: report.Row | Segment, label: str) -> dict[str, Cell]:
    """The cells that a KPI and a segment of it have in common."""
    return {
        **_figures(cells, kpi, figure.now, figure.before, Cell(label)),
        "change": cells.change(kpi, figure.change),
        "change_interval": cells.change_interval(kpi, figure.change),
        "verdict": cells.verdict(figure.change),
        "smallest_visible": cells.smallest_visible(kpi, figure.change),
    }


# One table a dimension, a section a KPI


def _division(cells: Cells, rows: Sequence[report.Row], by: str, wide: bool) -> Table:
    """The KPIs that have a dimension by it: their months, or their segments."""
    if by == "month" and wide:
        return _month_columns(cells, rows)
    if by == "month":
        return Table(_columns(cells, "strip", ()), tuple(_months(cells, row) for row in rows))
    return Table(_columns(cells, "strip", _JUDGEMENT), tuple(_segments(cells, row, by) for row in rows))


def _month_columns(cells: Cells, rows: Sequence[report.Row]) -> Table:
    """One row a KPI: its year, and a column for each month of it."""
    year, names = Column("value", Cell(str(cells.barometer.edition.year), "head"), "right"), _MONTHS.keys()
    months = [Column(name, cells.say(f"month_short_{_MONTHS[name]}", "head"), "right") for name in names]
    sections = []
    for family in cells.barometer.families:
        members = tuple(_wide_row(cells, row) for row in rows if row.kpi.family == family.id)
        if members:
            sections.append(Section(Cell(clean(title(family.title, cells.lang)), "heading"), members))
    return Table(
        (Column(LABEL, cells.say("head_kpi", "head")), year, *months), tuple(sections), tuple((name,) for name in names)
    )


def _wide_row(cells: Cells, row: report.Row) -> Row:
    """The year of a KPI and its months; one that is provisional stands in brackets."""
    figures = {day.month: measure for day, measure in row.series}
    texts = {LABEL: Cell(cells.name(row.kpi)), "value": cells.value(row.kpi, row.now)}
    for name, month in _MONTHS.items():
        measure = figures.get(month, Measure())
        cell = cells.value(row.kpi, measure)
        is_provisional = measure.immature != 0 and measure.value is not None
        texts[name] = Cell(f"[{cell.text}]", "provisional") if is_provisional else cell
    return Row(texts)


def _has_breakdown(row: report.Row, by: str) -> bool:
    if by == "month":
        return not row.kpi.spec.shares and any(measure.value is not None for _, measure in row.series)
    return bool(row.segments_by(by))


def _segments(cells: Cells, row: report.Row, by: str) -> Section:
    """The total, then each segment, their intervals on one scale. The shares of a mix have no total."""
    kpi = row.kpi
    total = None if not kpi.spec.has_base else row.now
    segments = row.segments_by(by)
    measures = [segment.now for segment in segments]
    scale = _scale([*measures, total] if total else measures)
    rows = []
    if not kpi.spec.shares:
        figures = _judged_figures(cells, kpi, row, say("total", cells.lang))
        rows.append(Row(figures | _strip(total, None, scale)))
    for segment in segments:
        strip = _strip(segment.now, total, scale)
        rows.append(Row(_judged_figures(cells, kpi, segment, _name(cells, by, segment)) | strip))
    return Section(_section_heading(cells, row, by), tuple(rows), _scale_cell(cells, kpi, scale))


def _months(cells: Cells, row: report.Row) -> Section:
    """The year, then its months beside those of the year before."""
    kpi = row.kpi
    total = None if kpi.spec.counts else row.now
    measures = [measure for _, measure in row.series]
    scale = _scale([*measures, total] if total else measures)
    before = {day.month: measure for day, measure in row.before_series}
    year = _figures(cells, kpi, row.now, row.before, Cell(say("total", cells.lang)))
    rows = [Row(year | _strip(total, None, scale))]
    for day, measure in row.series:
        figures = _figures(cells, kpi, measure, before.get(day.month, Measure()), _month(cells, day.month, measure))
        rows.append(Row(figures | _strip(measure, total, scale)))
    return Section(_section_heading(cells, row, "month"), tuple(rows), _scale_cell(cells, kpi, scale))


def _month(cells: Cells, month: int, measure: Measure) -> Cell:
    name = say(f"month_{month}", cells.lang).capitalize()
    return cells.say("month_provisional", "provisional", month=name) if measure.immature != 0 else Cell(name)


def _section_heading(cells: Cells, row: report.Row, by: str) -> Cell:
    return cells.say("by_dimension", "heading", kpi=cells.name(row.kpi), dimension=dimension_name(by, cells.lang))


def _strip(measure: Measure | None, total: Measure | None, scale: tuple[float, float] | None) -> dict[str, Cell]:
    """The value and its interval on the scale of its section; of a masked figure only the total."""
    if scale is None or measure is None:
        return {}
    line = total.value if total else None
    return {"strip": Cell("", "strip", Strip(measure.value, measure.low, measure.high, line, scale))}


def _scale(measures: Sequence[Measure]) -> tuple[float, float] | None:
    """From the lowest to the highest end of the intervals shown."""
    ends = [end for m in measures for end in (m.low, m.value, m.high) if end is not None]
    return (min(ends), max(ends)) if ends else None


def _scale_cell(cells: Cells, kpi: Passport, scale: tuple[float, float] | None) -> Cell | None:
    if scale is None:
        return None
    low, high = (format_value(end, kpi.unit, cells.lang) for end in scale)
    return Cell(f"{low} … {high}", "scale")
