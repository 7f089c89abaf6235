"""The tidy long table of a report: one line per KPI, segment and period, in raw units; written as CSV.

Its columns are never moved or renamed: what comes later stands at their end.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Barometer, Change, Row, Segment, Target
from kpibar.render.clean import csv_text
from kpibar.render.messages import segment_name, title

Value = str | float | None
COLUMNS = (
    "edition", "kpi", "family", "unit", "dimension", "segment", "period",
    "value", "numerator", "denominator", "ci_low", "ci_high", "status", "status_reason",
    "title", "segment_title", "change", "change_low", "change_high", "verdict", "target", "target_status",
    "immature", "filters",
)  # fmt: skip
# Those that hold numbers: empty where a figure is masked or not available.
NUMBERS = (
    "value", "numerator", "denominator", "ci_low", "ci_high", "change", "change_low", "change_high", "target",
    "immature",
)  # fmt: skip
# Words for machines that differ from those of the report.
UNIT_WORDS: Mapping[str, str] = {"share": "ratio", "per_100": "per_order"}
# A pattern of how the file begins, in every version and dialect of it.
CSV_BEGINNING = "\ufeff?" + "[,;]".join(COLUMNS[:7]) + "[,;]"
_DECIMALS = 6
MARK = "\ufeff"


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written. `has_mark` puts a byte order mark in front, by which Excel knows UTF-8."""

    delimiter: str = ","
    decimal_sign: str = "."
    line_end: str = "\n"
    has_mark: bool = False


# A French Excel that is given a file by double click splits at semicolons and reads decimal commas.
DIALECTS: Mapping[str, Dialect] = {"default": Dialect(), "excel-fr": Dialect(";", ",", "\r\n", has_mark=True)}


def default_dialect(lang: str) -> str:
    """The dialect of a CSV in a language, by its name in `DIALECTS`."""
    return "excel-fr" if lang == "fr" else "default"


def to_csv(barometer: Barometer, lang: str = "en", dialect: Dialect = DIALECTS["default"]) -> str:
    """The table as CSV, titles in a language. Text that a spreadsheet would run is disarmed."""
    text = io.StringIO()
    text.write(MARK if dialect.has_mark else "")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(value, dialect) for value in line] for line in lines(barometer, lang))
    return text.getvalue()


def csv_cell(value: Value, dialect: Dialect) -> str | float | None:
    """A value as it stands in a CSV: a text disarmed, a number with the decimal sign of the dialect."""
    if isinstance(value, str):
        return csv_text(value)
    if value is None or dialect.decimal_sign == ".":
        return value
    return f"{Decimal(str(value)):f}".replace(".", dialect.decimal_sign)


def lines(barometer: Barometer, lang: str) -> Iterator[tuple[Value, ...]]:
    """The lines of the table, a value for each of `COLUMNS`; texts are as in the data.

    `immature` is how many records of a figure are too young to be judged, `filters` of which records a report is.
    """
    filters = "; ".join(f"{name}={value}" for name, value in barometer.request.rows.values.items()) or None
    yield from ((*line, filters) for line in _lines(barometer, lang))


def _lines(barometer: Barometer, lang: str) -> Iterator[tuple[Value, ...]]:
    year = str(barometer.edition.year)
    previous = str(barometer.edition.year - 1)
    for row in barometer.rows:
        status = (row.status, row.reason)
        yield _line(row, lang, year, row.now, year, status=status, change=row.change, target=row.target)
        yield _line(row, lang, year, row.before, previous)
        for month, measure in (*row.before_series, *row.series):
            yield _line(row, lang, year, measure, f"{month:%Y-%m}")
        for dimension, segments in breakdowns(row):
            for segment in segments:
                part = (dimension, segment.key, segment_name(dimension, segment.key, lang))
                yield _line(row, lang, year, segment.now, year, part, change=segment.change)
                yield _line(row, lang, year, segment.before, previous, part)


def breakdowns(row: Row) -> tuple[tuple[str, tuple[Segment, ...]], ...]:
    """The segments of a KPI by dimension."""
    return tuple((breakdown.dimension, breakdown.segments) for breakdown in row.breakdowns if breakdown.segments)


def _line(
    row: Row,
    lang: str,
    edition: str,
    measure: Measure,
    period: str,
    part: tuple[str, str, str] = ("all", "all", ""),
    *,
    status: tuple[str, str | None] | None = None,
    change: Change | None = None,
    target: Target | None = None,
) -> tuple[Value, ...]:
    kpi, (dimension, segment, segment_title) = row.kpi, part
    figures = (measure.value, measure.numerator, measure.denominator, measure.low, measure.high)
    return (
        *(edition, kpi.id, kpi.family, UNIT_WORDS.get(kpi.unit, kpi.unit), dimension, segment, period),
        *map(round_figure, figures),
        *(status or (measure.status, measure.reason)),
        *(title(kpi.title, lang), segment_title),
        *_change(change),
        *((round_figure(target.value), target.status) if target else (None, None)),
        # The document tells it of the year and its months alone.
        measure.immature if dimension == "all" and measure.value is not None else None,
    )


def _change(change: Change | None) -> tuple[Value, ...]:
    """A change, the ends of its interval, and its verdict where there is one."""
    if change is None:
        return (None, None, None, None)
    ends = map(round_figure, (change.absolute, change.low, change.high))
    return (*ends, None if change.verdict == "none" else change.verdict)


def round_figure(value: float | None) -> float | None:
    """A figure for machines: six decimals; whole numbers stay whole, and a rounded zero has no sign."""
    if value is None:
        return None
    number = round(value, _DECIMALS) + 0.0
    return int(number) if number.is_integer() else number
