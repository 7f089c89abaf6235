"""A page of a terminal report: what the screen can show, and each kind of cell as the text it shows."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from rich.text import Text

from kpibar.config import Reporting
from kpibar.kpis.catalogue import Kpi
from kpibar.measure.barometer import Barometer, Row, Target
from kpibar.measure.estimates import Change, Measure, status
from kpibar.render.clean import clean
from kpibar.render.marks import ascii_marks, noise_floor, sparkline, strip
from kpibar.render.messages import say, title
from kpibar.render.numbers import MISSING, format_change, format_interval, format_number, format_value

Role = Literal["plain", "strong", "quiet", "data", "better", "worse", "met", "near", "missed"]

_COLOURS: dict[str, dict[Role, str]] = {
    "default": {"data": "cyan", "better": "green", "worse": "red", "met": "green", "near": "yellow", "missed": "red"},
    # Green and red look alike to many eyes; a near miss then has its mark only, as yellow says worse.
    "cvd": {"data": "cyan", "better": "bright_blue", "worse": "yellow", "met": "bright_blue", "missed": "yellow"},
}
_ATTRIBUTES: dict[Role, str] = {"strong": "bold", "quiet": "dim"}
_TARGET_MARKS: dict[str, tuple[str, Role]] = {"met": ("✓", "met"), "near": ("~", "near"), "missed": ("✗", "missed")}
YEAR_MONTHS = 12


@dataclass(frozen=True)
class Screen:
    """What the output can show. `width` is in cells, None for a pipe; `styled` allows bold and dim."""

    width: int | None = None
    colour: bool = False
    styled: bool = False
    unicode: bool = True
    palette: Literal["default", "cvd"] = "default"


@dataclass(frozen=True)
class Page:
    """A barometer in a language on a screen. Its methods make the cells; none of them computes a figure."""

    barometer: Barometer
    lang: str
    screen: Screen

    @property
    def reporting(self) -> Reporting:
        """How figures are judged and masked."""
        return self.barometer.config.settings.reporting

    @property
    def level(self) -> str:
        """The confidence level in percent, "95"."""
        percent = 100 * self.reporting.confidence
        return format_number(percent, 0 if round(percent, 1).is_integer() else 1, self.lang)

    def text(self, content: str, role: Role = "plain") -> Text:
        """Text in the characters and styles the screen has."""
        colour = _COLOURS[self.screen.palette].get(role, "") if self.screen.colour else ""
        attribute = _ATTRIBUTES.get(role, "") if self.screen.styled else ""
        return Text(content if self.screen.unicode else ascii_marks(content), style=attribute or colour)

    def say(self, key: str, role: Role = "plain", /, **values: object) -> Text:
        """A message as text."""
        return self.text(say(key, self.lang, **values), role)

    def name(self, kpi: Kpi) -> str:
        """The title of a KPI, safe to print."""
        return clean(title(kpi.title, self.lang))

    def count(self, number: float) -> str:
        """A count, with its thousands grouped."""
        return format_value(number, "count", self.lang)

    def masked(self, kpi: Kpi, measure: Measure) -> bool:
        """Whether the base is too small to show the figure."""
        return status(kpi, measure, self.reporting) == "low_base"

    def low_base(self) -> Text:
        """What stands for a figure whose base is too small."""
        return self.say("low_base", "quiet", least=self.count(self.reporting.min_base))

    def value(self, kpi: Kpi, measure: Measure, role: Role = "strong") -> Text:
        """A value with its unit; "n<30" when its base is too small, an en dash when there is none."""
        if self.masked(kpi, measure) and measure.base < self.reporting.min_base:
            return self.low_base()
        if measure.value is None:
            return self.text(MISSING, "quiet")
        return self.text(format_value(measure.value, kpi.unit, self.lang), role)

    def interval(self, kpi: Kpi, measure: Measure) -> Text:
        """The confidence interval, its unit once."""
        if self.masked(kpi, measure):
            return self.text(MISSING, "quiet")
        return self.text(format_interval(measure.low, measure.high, kpi.unit, self.lang), "quiet")

    def change(self, kpi: Kpi, change: Change | None) -> Text:
        """A change and its arrow: filled when clear, hollow when not; "=" when it rounds to nothing."""
        if change is None:
            return self.text(MISSING, "quiet")
        written = format_change(change.absolute, kpi.unit, self.lang)
        arrow = "=" if written[0] not in "+−" else _arrow(change)
        return self.text(f"{written} {arrow}", _judged(change))

    def verdict(self, change: Change | None) -> Text:
        """The verdict as a word."""
        if change is None:
            return self.say("verdict_none", "quiet")
        return self.say(f"verdict_{change.verdict}", _judged(change))

    def target(self, row: Row) -> Text:
        """The target, marked met, nearly or missed unless the figure is masked."""
        if row.target is None:
            return self.text(MISSING, "quiet")
        sign = "≤" if row.kpi.better == "lower" else "≥"
        written = f"{sign} {format_value(row.target.value, row.kpi.unit, self.lang)}"
        mark, role = self._mark(row, row.target)
        return self.text(f"{mark} {written}", role)

    def _mark(self, row: Row, target: Target) -> tuple[str, Role]:
        return (" ", "quiet") if row.status == "low_base" else _TARGET_MARKS[target.status]

    def base(self, kpi: Kpi, measure: Measure) -> Text:
        """The base, starred when small. A count has none: it is its own."""
        if kpi.kind == "count":
            return self.text(MISSING, "quiet")
        small = self.reporting.min_base <= measure.base < self.reporting.small_base
        return self.text(self.count(measure.base) + ("*" if small else ""), "quiet")

    def sparks(self, row: Row) -> tuple[Text, Text]:
        """The months of the year before, and of this year, on one scale; twelve places each."""
        if row.status != "ok":
            return self.text(""), self.text("")
        level, counted = self.reporting.confidence, row.kpi.kind == "count"
        measures = [measure for _, measure in (*row.before_series, *row.series)]
        noise = noise_floor(measures, row.now, level, counted)
        drawn = sparkline(_by_month(row.before_series) + _by_month(row.series), noise)
        return self.text(drawn[:YEAR_MONTHS], "quiet"), self.text(drawn[YEAR_MONTHS:], "data")

    def recent_sparks(self, row: Row) -> Text:
        """The months of this year on their own scale."""
        if row.status != "ok":
            return self.text("")
        measures = [measure for _, measure in row.series]
        noise = noise_floor(measures, row.now, self.reporting.confidence, row.kpi.kind == "count")
        return self.text(sparkline(_by_month(row.series), noise), "data")

    def strip(self, kpi: Kpi, measure: Measure, total: float | None, scale: tuple[float, float]) -> Text:
        """The value and its interval on the scale of its section; only the total when the value is masked."""
        shown = Measure() if self.masked(kpi, measure) else measure
        return self.text(strip(shown, total, scale), "data")


def _arrow(change: Change) -> str:
    if change.clear:
        return "▲" if change.absolute > 0 else "▼"
    return "△" if change.absolute > 0 else "▽"


def _judged(change: Change) -> Role:
    return change.verdict if change.verdict in ("better", "worse") else "quiet"


def _by_month(series: tuple[tuple[date, Measure], ...]) -> list[float | None]:
    """Twelve places: a month the series does not reach stays empty, so that heads and rows align."""
    known = {day.month: measure.value for day, measure in series}
    return [known.get(month) for month in range(1, YEAR_MONTHS + 1)]
