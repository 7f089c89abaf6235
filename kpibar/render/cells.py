"""The cells of a barometer in a language: each figure as a text and its role. None of them computes a figure."""

from dataclasses import dataclass
from datetime import date

from kpibar.config import Reporting
from kpibar.kpis.estimates import Measure
from kpibar.kpis.passport import Passport
from kpibar.measure.circulation import SMALLEST
from kpibar.measure.report import Barometer, Change, Row
from kpibar.render.clean import clean
from kpibar.render.marks import noise_floor
from kpibar.render.messages import dimension_name, say, segment_name, title
from kpibar.render.numbers import (
    DASH,
    format_change,
    format_change_interval,
    format_extent,
    format_interval,
    format_number,
    format_value,
)
from kpibar.render.table import Cell, Role, Trend

_TARGETS: dict[str, tuple[str, Role]] = {
    "met": ("✓", "target_met"),
    "near": ("~", "target_near"),
    "missed": ("✗", "target_missed"),
    "masked": (" ", "target"),
}
_VERDICTS: dict[str, Role] = {
    "better": "better", "worse": "worse", "stable": "stable", "small": "small", "cannot_tell": "cannot_tell",
}  # fmt: skip
_NO_FIGURE = Cell(DASH, "missing")


@dataclass(frozen=True)
class Cells:
    """A barometer in a language. Its methods make the cells."""

    barometer: Barometer
    lang: str

    @property
    def reporting(self) -> Reporting:
        """How figures are judged and masked."""
        return self.barometer.basis.reporting

    @property
    def filters(self) -> str:
        """Of which records alone the report is, besides its brand: "only channel Phone"; empty of all."""
        rows = self.barometer.request.rows
        texts = [
            f"{dimension_name(name, self.lang).lower()} {clean(segment_name(name, rows.values[name], self.lang))}"
            for name in rows.beside_brand
        ]
        return say("filter", self.lang, filters=" · ".join(texts)) if texts else ""

    @property
    def level(self) -> str:
        """The confidence level in percent, "95"."""
        percent = 100 * self.reporting.confidence
        return format_number(percent, 0 if round(percent, 1).is_integer() else 1, self.lang)

    @property
    def risk(self) -> str:
        """What is left of the confidence level in percent, "5"."""
        percent = round(100 * (1 - self.reporting.confidence), 6)
        return format_number(percent, 0 if percent.is_integer() else 1, self.lang)

    def say(self, key: str, role: Role, /, **values: object) -> Cell:
        """A message as a cell."""
        return Cell(say(key, self.lang, **values), role)

    def name(self, kpi: Passport) -> str:
        """The title of a KPI, safe to print."""
        return clean(title(kpi.title, self.lang))

    def count(self, number: float) -> str:
        """A count, with its thousands grouped."""
        return format_value(number, "count", self.lang)

    def low_base(self) -> Cell:
        """What stands for a figure whose base is too small: "n<30"."""
        return self.say("low_base", "masked", least=self.count(self.reporting.min_base))

    def small_base(self, row: Row) -> Cell:
        """What stands for the figure of a row that is masked."""
        return self.value(row.kpi, row.now) if row.now.reason == "small_group" else self.low_base()

    def value(self, kpi: Passport, measure: Measure, role: Role = "value") -> Cell:
        """A value with its unit; "n<30" when its base is too small, an en dash when there is none.

        Of a time that is not reached, the longest one seen: "> 100 d". Of a group too small to be shared, "<10"; of a
        figure that would give another one away nothing is written.
        """
        if measure.reason == "small_base":
            return self.low_base()
        if measure.reason == "small_group":
            return self.say("small_group", "small_group", least=self.count(SMALLEST))
        if measure.status == "not_reached" and measure.low is not None:
            return self.say("not_reached", "not_reached", longest=format_value(measure.low, kpi.unit, self.lang))
        if measure.value is None:
            return _NO_FIGURE
        return Cell(format_value(measure.value, kpi.unit, self.lang), role)

    def interval(self, kpi: Passport, measure: Measure) -> Cell:
        """The confidence interval, its unit once."""
        if measure.interval is None:
            return _NO_FIGURE
        return Cell(format_interval(measure.low, measure.high, kpi.unit, self.lang), "interval")

    def change(self, kpi: Passport, change: Change | None) -> Cell:
        """A change and its arrow: filled when clear, hollow when not; "=" when it rounds to nothing."""
        if change is None:
            return _NO_FIGURE
        text = format_change(change.absolute, kpi.unit, self.lang)
        arrow = "=" if text[0] not in "+−" else _arrow(change)
        return Cell(f"{text} {arrow}", _VERDICTS.get(change.verdict, "unjudged"))

    def change_interval(self, kpi: Passport, change: Change | None) -> Cell:
        """The interval of a change, in the unit of the change."""
        if change is None or change.low is None or change.high is None:
            return _NO_FIGURE
        return Cell(format_change_interval(change.low, change.high, kpi.unit, self.lang), "change_interval")

    def smallest_visible(self, kpi: Passport, change: Change | None) -> Cell:
        """From what size on a change would have been seen, "±4.8 pt"; empty where that is not the question."""
        if change is None or change.verdict != "cannot_tell" or change.smallest_visible is None:
            return Cell("", "missing")
        return Cell(format_extent(change.smallest_visible, kpi.unit, self.lang), "smallest_visible")

    def verdict(self, change: Change | None) -> Cell:
        """The verdict as a word."""
        if change is None:
            return _NO_FIGURE
        return self.say(f"verdict_{change.verdict}", _VERDICTS.get(change.verdict, "unjudged"))

    def target(self, row: Row) -> Cell:
        """The target, marked met, nearly or missed unless the figure is masked."""
        if row.target is None:
            return _NO_FIGURE
        sign = "≤" if row.kpi.better == "lower" else "≥"
        mark, role = _TARGETS["masked" if row.status == "low_base" else row.target.status]
        return Cell(f"{mark} {sign} {format_value(row.target.value, row.kpi.unit, self.lang)}", role)

    def base(self, kpi: Passport, measure: Measure) -> Cell:
        """The base, starred when small. A count has none: it is its own."""
        if kpi.spec.counts or measure.reason == "small_group":
            return _NO_FIGURE
        if self.reporting.min_base <= measure.base < self.reporting.small_base:
            return Cell(self.count(measure.base) + "*", "small_base")
        return Cell(self.count(measure.base), "base")

    def trend(self, row: Row) -> Cell:
        """The months of the year and of the year before, to be drawn; empty where the figure is not shown."""
        if row.status != "ok":
            return Cell("", "trend")
        level, is_count = self.reporting.confidence, row.kpi.spec.counts
        year = [measure for _, measure in row.series]
        previous = [measure for _, measure in row.before_series]
        trend = Trend(
            previous=_by_month(row.before_series),
            year=_by_month(row.series),
            noise=noise_floor([*previous, *year], row.now, level, is_count),
            noise_of_year=noise_floor(year, row.now, level, is_count),
        )
        return Cell("", "trend", trend)


def _arrow(change: Change) -> str:
    if change.clear:
        return "▲" if change.absolute > 0 else "▼"
    return "△" if change.absolute > 0 else "▽"


def _by_month(series: tuple[tuple[date, Measure], ...]) -> tuple[float | None, ...]:
    """Twelve places: a month the series does not reach stays empty, so that heads and rows align."""
    values = {day.month: measure.value for day, measure in series}
    return tuple(values.get(month) for month in range(1, 13))
