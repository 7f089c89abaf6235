"""A report as a workbook: what to read first, a sheet a family, a sheet a dimension, and the tidy table.

A figure is a number in a cell, scaled as a workbook counts (a duration is in days) and never rounded beyond the six
decimals of the JSON; one that is not shown is the words of the report, or an empty cell among the months.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kpibar.kpis.estimates import Measure
from kpibar.kpis.passport import Passport
from kpibar.measure.report import Barometer, Change, Coverage, Row, Segment
from kpibar.render.cells import Cells
from kpibar.render.messages import day_name, dimension_name, is_message, months_name, say, segment_name, title
from kpibar.render.notes import absent_lines, explanations, note_lines
from kpibar.render.numbers import change_scale, format_value
from kpibar.render.overview import opening_sentences
from kpibar.render.table import SEPARATOR, Cell, Role
from kpibar.render.tidy import COLUMNS, NUMBERS, breakdowns, lines, round_figure
from kpibar.render.workbook.book import Book, Sheet, caption, open_book

_DAY = 24 * 3600
_FORMATS = {"share": "0.0%", "per_100": "0.0", "points": "+0;-0;0", "count": "#,##0", "score": "0.00"}
_BLUE, _ORANGE, _GREY, _LINE = "#0B62A8", "#B3470B", "#6B6B6B", "#BFBFBF"
_COLOURS: dict[Role, str] = {"better": _BLUE, "worse": _ORANGE, "stable": _GREY, "cannot_tell": _GREY}
# What stands in no cell of a workbook: marks of targets and stars have words and columns there.
_WITHOUT_MARK: frozenset[Role] = frozenset({"target_met", "target_near", "target_missed", "small_base"})
# Where things stand on the sheet of a family: the figures of a KPI begin at column 2.
_FIGURES, _TARGET, _TREND, _MONTHS = 2, 11, 14, 15
_CHART_ROWS, _CHART_COLUMNS = 16, 6
_HEAD: dict[str, Any] = {"bold": True, "bottom": 1, "bottom_color": _LINE, "text_wrap": True, "valign": "bottom"}
_NUMBER, _TEXT = {"align": "right"}, {"align": "left", "indent": 1}
# Steps of an axis of durations in seconds, and so many of them at most.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_MOST_STEPS = 7
# Widths of columns in signs: of numbers, of the text of the first sheet; so high is a line of it.
_WIDTH, _PAGE_WIDTH, _LINE_HEIGHT = 11, 110, 15


@dataclass(frozen=True)
class Head:
    """The head of a column, and the width of one of texts; numbers have a width of their own."""

    text: str
    width: float | None = None


@dataclass
class Writer:
    """A workbook and the report it is made of. `roles` are those of the cells written: the legend explains them."""

    book: Book
    cells: Cells
    roles: set[Role] = field(default_factory=set)

    def say(self, key: str, **values: object) -> str:
        """A message."""
        return say(f"files_{key}", self.cells.lang, **values)

    @property
    def barometer(self) -> Barometer:
        """The report."""
        return self.cells.barometer


def to_workbook(barometer: Barometer, lang: str, created_at: datetime) -> bytes:
    """The report as the bytes of an Excel workbook. `lang` is "en" or "fr"; KeyError otherwise."""
    cells = Cells(barometer, lang)
    writer = Writer(open_book(say("title", lang, year=barometer.edition.year), created_at), cells)
    first = writer.book.sheet(writer.say("sheet_first"))
    data = writer.say("sheet_data")
    writer.book.names.add(data.lower())
    families = [_family(writer, title(family.title, lang), family.id) for family in barometer.families]
    dimensions = [_dimension(writer, name) for name in _dimensions(barometer)]
    writer.book.names.discard(data.lower())
    _data(writer, writer.book.sheet(data))
    _read_me(writer, first, [sheet.name for sheet in families if sheet], [sheet.name for sheet in dimensions])
    return writer.book.close()


def _dimensions(barometer: Barometer) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in barometer.rows for name, _ in breakdowns(row)))


# The sheet of a family


def _family(writer: Writer, name: str, family: str) -> Sheet | None:
    """The table of a family, its months beside, and under it the charts of the KPIs looked at first."""
    cells = writer.cells
    rows = [row for row in cells.barometer.rows if row.kpi.family == family and row.status != "not_available"]
    if not rows:
        return None
    sheet = writer.book.sheet(name)
    names = [Head(say("head_kpi", cells.lang), 30), Head(writer.say("head_id"), 19)]
    trend = Head(writer.say("head_trend"), 26)
    _head(sheet, [*names, *_figure_heads(writer), *_target_heads(writer), trend])
    for column, month in enumerate(_months_of(cells.barometer), _MONTHS):
        sheet.put(0, column, month, **_HEAD, **_NUMBER, num_format="mmm yy")
    place, charts = 1, []
    for row in rows:
        _put_row(writer, sheet, place, row)
        if row.kpi.headline and row.status == "ok" and any(measure.value is not None for _, measure in row.series):
            charts.append((place, row))
        place += 1
        if row.kpi.spec.shares:
            place = _put_shares(writer, sheet, place, row)
    for number, (line, row) in enumerate(charts):
        top = place + 1 + number // 2 * _CHART_ROWS
        _chart(writer, sheet, line, row, (top, number % 2 * _CHART_COLUMNS))
    _frame(sheet, 1, _TREND, place + (len(charts) + 1) // 2 * _CHART_ROWS)
    sheet.paper.set_column(_MONTHS, _MONTHS + 23, 8.5)
    return sheet


def _put_row(writer: Writer, sheet: Sheet, place: int, row: Row) -> None:
    kpi, cells = row.kpi, writer.cells
    sheet.put(place, 0, cells.name(kpi))
    sheet.put(place, 1, kpi.id, font_color=_GREY)
    if kpi.spec.shares:
        if row.status == "low_base":
            _put_words(writer, sheet, (place, _FIGURES), cells.small_base(row))
        return
    _put_figures(writer, sheet, place, row, _FIGURES, kpi)
    if row.target is not None:
        sheet.put(
            place, _TARGET, _scaled(row.target.value, kpi), num_format=_number_format(row.target.value, kpi, cells)
        )
        if row.status == "ok" and is_message(f"target_{row.target.status}"):
            sheet.put(place, _TARGET + 1, say(f"target_{row.target.status}", cells.lang), **_TEXT)
    _put_months(writer, sheet, place, row)


def _put_shares(writer: Writer, sheet: Sheet, place: int, row: Row) -> int:
    """The shares of a mix under its name; the next free row."""
    for dimension, segments in breakdowns(row) if row.status != "low_base" else ():
        for segment in segments:
            sheet.put(place, 0, segment_name(dimension, segment.key, writer.cells.lang), **_TEXT)
            sheet.put(place, 1, f"{row.kpi.id}/{segment.key}", font_color=_GREY)
            _put_figures(writer, sheet, place, segment, _FIGURES, row.kpi)
            place += 1
    return place


def _put_months(writer: Writer, sheet: Sheet, place: int, row: Row) -> None:
    """The months of both years, empty where there is no figure, and their line."""
    looks = {"num_format": _number_format(_typical(row), row.kpi, writer.cells)}
    for offset, series in ((0, row.before_series), (12, row.series)):
        for day, measure in series:
            state = {}
            if measure.value is not None and measure.immature != 0:
                state = {"italic": True, "font_color": _GREY}
                writer.roles.add("provisional")
            sheet.put(place, _MONTHS + offset + day.month - 1, _scaled(measure.value, row.kpi), **looks, **state)
    if row.status == "ok":
        area = sheet.span(place, _MONTHS, place, _MONTHS + 23)
        options = {"range": area, "series_color": _GREY, "last_point": True, "last_color": _BLUE, "weight": 1.25}
        sheet.paper.add_sparkline(place, _TREND, options)


def _typical(row: Row) -> float | None:
    """A figure of a KPI, by whose size the format of its months is chosen."""
    figures = (row.now, row.before, *(measure for _, measure in (*row.series, *row.before_series)))
    return next((measure.value for measure in figures if measure.value is not None), None)


def _months_of(barometer: Barometer) -> Iterator[date]:
    year = barometer.edition.year
    return (date(number, month, 1) for number in (year - 1, year) for month in range(1, 13))


def _chart(writer: Writer, sheet: Sheet, line: int, row: Row, corner: tuple[int, int]) -> None:
    """The months of a year and of the year before as lines: a chart of the workbook's own."""
    year = writer.barometer.edition.year
    chart = writer.book.workbook.add_chart({"type": "line"})
    months = sheet.span(0, _MONTHS + 12, 0, _MONTHS + 23)
    for number, start, colour, width in ((year - 1, _MONTHS, _LINE, 2), (year, _MONTHS + 12, "#222222", 2.25)):
        values = sheet.span(line, start, line, start + 11)
        chart.add_series(
            {"name": str(number), "categories": months, "values": values, "line": {"color": colour, "width": width}}
        )
    name = writer.cells.name(row.kpi)
    form = _number_format(_typical(row), row.kpi, writer.cells)
    grid = {"visible": True, "line": {"color": "#E3E3E3", "width": 0.5}}
    chart.set_title({"name": caption(name), "name_font": {"size": 11, "bold": True}, "overlay": False})
    chart.set_x_axis({"num_format": "mmm", "text_axis": True, "num_font": {"size": 8}})
    y_axis = {"num_format": form, "major_gridlines": grid, "line": {"none": True}, "num_font": {"size": 8}}
    chart.set_y_axis({**y_axis, **_steps(row)})
    chart.set_legend({"position": "bottom"})
    chart.show_blanks_as("gap")
    words = writer.say("chart", kpi=name, year=year, previous=year - 1)
    chart.set_size({"width": 500, "height": 290})
    sheet.paper.insert_chart(*corner, chart, {"description": words, "object_position": 1})


def _steps(row: Row) -> dict[str, float]:
    """The steps of an axis of durations: full hours or minutes, where a workbook would take tenths of a day."""
    values = [measure.value for _, measure in (*row.series, *row.before_series) if measure.value is not None]
    step = next((step for step in _STEPS if step * _MOST_STEPS >= max(values)), None)
    return {"major_unit": step / _DAY} if step and row.kpi.unit == "seconds" else {}


# The sheet of a dimension


def _dimension(writer: Writer, dimension: str) -> Sheet:
    """Each KPI by the values of a dimension, its total first."""
    cells = writer.cells
    sheet = writer.book.sheet(dimension_name(dimension, cells.lang))
    widths = {"id": 19, "segment": 24, "key": 16}
    names = [Head(say("head_kpi", cells.lang), 30)]
    names += [Head(writer.say(f"head_{name}"), width) for name, width in widths.items()]
    _head(sheet, [*names, *_figure_heads(writer), Head(say("head_base", cells.lang))])
    place = 1
    for row in cells.barometer.rows:
        for name, segments in breakdowns(row):
            if name == dimension and row.status != "not_available":
                place = _put_segments(writer, sheet, place, row, dimension, segments)
    _frame(sheet, 3, 4 + _TARGET - _FIGURES, place)
    return sheet


def _put_segments(
    writer: Writer, sheet: Sheet, place: int, row: Row, dimension: str, segments: Sequence[Segment]
) -> int:
    """The rows of a KPI; the next free one. The shares of a mix have no total."""
    lang = writer.cells.lang
    parts: list[tuple[str, str | None, Row | Segment]] = (
        [] if row.kpi.spec.shares else [(say("total", lang), None, row)]
    )
    parts += [(segment_name(dimension, segment.key, lang), segment.key, segment) for segment in segments]
    for name, key, figure in parts:
        sheet.put(place, 0, writer.cells.name(row.kpi))
        sheet.put(place, 1, row.kpi.id, font_color=_GREY)
        sheet.put(place, 2, name, **({} if key is not None else {"bold": True}))
        sheet.put(place, 3, key, font_color=_GREY)
        _put_figures(writer, sheet, place, figure, 4, row.kpi, base=4 + _TARGET - _FIGURES)
        place += 1
    return place


# Figures


def _figure_heads(writer: Writer) -> list[Head]:
    lang, year = writer.cells.lang, writer.barometer.edition.year
    figure = [str(year), writer.say("head_low"), writer.say("head_high"), str(year - 1), say("head_change", lang)]
    ends = [writer.say("head_change_low"), writer.say("head_change_high")]
    return [*map(Head, figure), Head(writer.say("head_unit"), 9), *map(Head, ends), Head(say("head_verdict", lang), 13)]


def _target_heads(writer: Writer) -> list[Head]:
    lang = writer.cells.lang
    return [Head(say("head_target", lang)), Head(writer.say("head_status"), 11.5), Head(say("head_base", lang))]


def _put_figures(
    writer: Writer,
    sheet: Sheet,
    place: int,
    figure: Row | Segment,
    start: int,
    kpi: Passport,
    base: int = _TARGET + 2,
) -> None:
    """A figure, its interval, the year before, the change and its verdict from a column on, and its base."""
    cells, now = writer.cells, figure.now
    _put_measure(writer, sheet, (place, start), kpi, now, bold=True)
    if now.interval is not None:
        writer.roles.add("interval")
        for column, end in ((start + 1, now.low), (start + 2, now.high)):
            sheet.put(place, column, _scaled(end, kpi), num_format=_number_format(end, kpi, cells))
    _put_measure(writer, sheet, (place, start + 3), kpi, figure.before)
    if figure.change is not None:
        _put_change(writer, sheet, place, start + 4, kpi, figure.change)
    if cells.base(kpi, now).role != "missing":
        sheet.put(place, base, now.base, num_format="#,##0")


def _put_measure(
    writer: Writer, sheet: Sheet, place: tuple[int, int], kpi: Passport, measure: Measure, **looks: Any
) -> None:
    if measure.value is None:
        _put_words(writer, sheet, place, writer.cells.value(kpi, measure))
    else:
        form = _number_format(measure.value, kpi, writer.cells)
        sheet.put(*place, _scaled(measure.value, kpi), num_format=form, **looks)


def _put_words(writer: Writer, sheet: Sheet, place: tuple[int, int], cell: Cell) -> None:
    """What stands for a figure that is not shown; nothing where there is none."""
    if cell.role != "missing" and cell.text:
        writer.roles.add(cell.role)
        sheet.put(*place, cell.text, align="right", font_color=_GREY)


def _put_change(writer: Writer, sheet: Sheet, place: int, column: int, kpi: Passport, change: Change) -> None:
    largest = max(abs(figure) for figure in (change.absolute, change.low, change.high) if figure is not None)
    factor, decimals, unit = change_scale(largest, kpi.unit, writer.cells.lang)
    digits = f"0.{'0' * decimals}" if decimals else "#,##0"
    form = f"+{digits};-{digits};{digits}"
    for offset, figure in ((0, change.absolute), (2, change.low), (3, change.high)):
        number = round_figure(figure)
        sheet.put(place, column + offset, None if number is None else number * factor, num_format=form)
    sheet.put(place, column + 1, unit or None, font_color=_GREY, **_TEXT)
    cell = writer.cells.verdict(change)
    if change.verdict != "none":
        writer.roles.add(cell.role)
        looks = {"bold": True} if change.verdict in ("better", "worse") else {}
        sheet.put(place, column + 4, cell.text, font_color=_COLOURS.get(cell.role, "#000000"), **_TEXT, **looks)


def _scaled(value: float | None, kpi: Passport) -> float | None:
    """A figure as a workbook counts: durations in days, figures per 100 as such."""
    number = round_figure(value)
    if number is None or kpi.unit not in ("seconds", "per_100"):
        return number
    return number / _DAY if kpi.unit == "seconds" else number * 100


def _number_format(value: float | None, kpi: Passport, cells: Cells) -> str:
    """The number format of a figure: that of its unit; of a duration the one that fits its size."""
    if kpi.unit != "seconds":
        return _FORMATS[kpi.unit]
    size = abs(value or 0.0)
    if size < 99.95:
        return '[s].0" s"'
    if size < 3570:
        return '[m]" min"'
    return '[h]" h "mm' if size < 2 * _DAY - 30 else f'0.0" {change_scale(2.0 * _DAY, "seconds", cells.lang)[2]}"'


# Heads and pages


def _head(sheet: Sheet, heads: Sequence[Head]) -> None:
    """The row of heads, over columns of their widths."""
    for column, head in enumerate(heads):
        sheet.put(0, column, head.text, **_HEAD, **(_NUMBER if head.width is None else _TEXT if column > 3 else {}))
        sheet.paper.set_column(column, column, head.width or _WIDTH)


def _frame(sheet: Sheet, frozen_columns: int, last_column: int, last_row: int) -> None:
    """Freeze the heads and set up the page: A4, landscape, its width on one sheet of paper."""
    sheet.paper.freeze_panes(1, frozen_columns)
    sheet.paper.set_landscape()
    sheet.paper.set_paper(9)
    sheet.paper.fit_to_pages(1, 0)
    sheet.paper.repeat_rows(0)
    sheet.paper.print_area(0, 0, last_row, last_column)
    sheet.paper.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


# The tidy table


def _data(writer: Writer, sheet: Sheet) -> None:
    """The tidy table as a table of Excel, in raw units."""
    body = list(lines(writer.barometer, writer.cells.lang))
    for place, line in enumerate(body, 1):
        for column, value in enumerate(line):
            sheet.put(place, column, int(str(value)) if column == 0 else value)
    heads = [{"header": name} for name in COLUMNS]
    if body:
        sheet.paper.add_table(
            0, 0, len(body), len(COLUMNS) - 1, {"name": "kpibar", "columns": heads, "style": "Table Style Light 1"}
        )
    for column, name in enumerate(COLUMNS):
        sheet.paper.set_column(column, column, 12 if name in NUMBERS else {"title": 30, "kpi": 20}.get(name, 14))
    _frame(sheet, 2, len(COLUMNS) - 1, len(body))


# What to read first


def _read_me(writer: Writer, sheet: Sheet, families: Sequence[str], dimensions: Sequence[str]) -> None:
    """The title, the first sentences, how to read, the sheets, sources, notes and legend: two columns of text."""
    cells = writer.cells
    sheet.put(0, 0, say("title", cells.lang, year=cells.barometer.edition.year), bold=True, font_size=16)
    place = 2
    for name, texts in _read_me_parts(writer, families, dimensions):
        for number, text in enumerate(texts):
            sheet.put(place, 0, name if number == 0 else None, bold=True, valign="top")
            sheet.put(place, 1, text, text_wrap=True, valign="top")
            sheet.paper.set_row(place, _LINE_HEIGHT * math.ceil(len(text) / _PAGE_WIDTH))
            place += 1
        place += 1 if texts else 0
    sheet.paper.set_column(0, 0, 18)
    sheet.paper.set_column(1, 1, _PAGE_WIDTH)
    sheet.paper.hide_gridlines(2)
    sheet.paper.set_landscape()
    sheet.paper.set_paper(9)
    sheet.paper.fit_to_pages(1, 0)


def _read_me_parts(
    writer: Writer, families: Sequence[str], dimensions: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    cells, data = writer.cells, writer.say("sheet_data")
    yield writer.say("period"), [_period(cells), *([cells.filters] if cells.filters else [])]
    yield writer.say("brands"), [SEPARATOR.join(cells.barometer.brands)] if cells.barometer.brands else []
    yield writer.say("summary"), [sentence.text for sentence in opening_sentences(cells)]
    reading = [writer.say(f"reading_{name}", data=data) for name in ("numbers", "changes", "masked")]
    yield writer.say("reading"), reading
    sheets = [writer.say("reading_sheets", families=SEPARATOR.join(families))] if families else []
    if dimensions:
        sheets.append(writer.say("reading_dimensions", dimensions=SEPARATOR.join(dimensions)))
    yield writer.say("sheets"), [*sheets, writer.say("reading_data", data=data)]
    yield writer.say("sources"), [_source(writer, source) for source in cells.barometer.coverage]
    yield writer.say("absent"), [cell.text for cell in absent_lines(cells, {})]
    yield writer.say("notes"), [cell.text for cell in note_lines(cells)]
    yield writer.say("legend"), list(_legend(writer))


def _period(cells: Cells) -> str:
    edition = cells.barometer.edition
    window = f"{edition.window.start} → {edition.window.end}"
    if edition.complete:
        return window
    end = day_name(edition.window.end, cells.lang)
    return window + SEPARATOR + say("partial_stamp", cells.lang, end=end, previous=edition.year - 1)


def _source(writer: Writer, source: Coverage) -> str:
    """What a source holds, in a line."""
    cells = writer.cells
    keys = [key for key in (f"table_{source.entity}", f"files_table_{source.entity}") if is_message(key)]
    table = say(keys[0], cells.lang) if keys else source.entity
    parts = [writer.say("source", source=source.source, table=table, rows=cells.count(source.rows))]
    if source.first and source.last:
        parts.append(writer.say("source_days", first=source.first, last=source.last))
    if source.as_of_on:
        parts.append(writer.say("source_as_of", day=source.as_of_on))
    if source.linked is not None:
        parts.append(writer.say("source_linked", share=format_value(source.linked, "share", cells.lang)))
    if source.months_missing:
        parts.append(writer.say("source_missing", missing=months_name(", ".join(source.months_missing), cells.lang)))
    return SEPARATOR.join(parts)


def _legend(writer: Writer) -> Iterator[str]:
    """What the words in the cells mean, as under a printed report; a workbook has no marks."""
    for group in explanations(writer.cells):
        for explanation in group:
            roles = set(explanation.roles)
            if not explanation.marks and not roles & _WITHOUT_MARK and roles & writer.roles:
                yield explanation.text
