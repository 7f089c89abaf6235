"""A yearly barometer as one plain frozen structure: every KPI of a year beside the year before.

Nothing in it is rounded or translated, and whatever could be decided is: what is masked and why, whether the years
compare, how a change is judged. It is written to JSON and read back (`render/document.py`); renderers print it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from kpibar.config import Reporting, Thresholds
from kpibar.kpis.estimates import Measure, Status, Window
from kpibar.kpis.filter import Filter
from kpibar.kpis.passport import Family, Passport

# The values that the text of a note needs.
Values = Mapping[str, str | int | float]
# Clear and large enough to matter; surely too small to matter; clear but small; none of these; no direction is good.
Verdict = Literal["better", "worse", "stable", "small", "cannot_tell", "none"]
BY = ("channel", "brand", "carrier", "country", "reason", "team", "queue", "lang", "agent", "month")


@dataclass(frozen=True)
class Request:
    """What to report: the year (None: the last one), KPIs or family (none: all), of which rows, by which dimensions.

    `share` asks for a report that may circulate (see circulation.py).
    """

    year: int | None = None
    kpis: tuple[str, ...] = ()
    family: str | None = None
    brand: str | None = None
    by: tuple[str, ...] = ()
    share: bool = False
    carrier: str | None = None
    channel: str | None = None
    team: str | None = None

    @property
    def rows(self) -> Filter:
        """The rows that it is of."""
        return Filter(self.brand, self.carrier, self.channel, self.team)


@dataclass(frozen=True)
class Edition:
    """The year of a report, its window and that of the year before, and whether the year is complete.

    `newer_year` is a later year that has data but has barely begun, `other_year` one that has neither contacts nor
    orders, but deliveries or answers to surveys.
    """

    year: int
    window: Window
    previous: Window
    complete: bool
    timezone: str
    newer_year: int | None = None
    other_year: int | None = None


@dataclass(frozen=True)
class Note:
    """Something the reader must know: a stable code and the values its text needs."""

    code: str
    values: Values
    level: str = "info"


@dataclass(frozen=True)
class Target:
    """A target from the settings and whether it is met."""

    value: float
    status: str


@dataclass(frozen=True)
class Change:
    """The change from the previous period. `relative` is None for points and shares of nothing.

    `margin` is the change from which on it matters, `smallest_visible` the one that figures of such intervals show in
    four of five cases. Of times, `longer` is the probability that one of the year is longer than one of the year
    before: `p_value` is then that of the times as a whole, and no smallest visible change of their quantile is known.
    """

    absolute: float
    relative: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    clear: bool = False
    verdict: Verdict = "none"
    margin: float | None = None
    smallest_visible: float | None = None
    longer: float | None = None


@dataclass(frozen=True)
class Segment:
    """A KPI for one value of a dimension."""

    key: str
    now: Measure
    before: Measure
    change: Change | None
    status: Status


@dataclass(frozen=True)
class Breakdown:
    """A KPI by one dimension, a segment for each of its values."""

    dimension: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Comparison:
    """Whether the two years of a KPI compare, else why not: a code, and the values its text needs.

    `handover` is the source that gave way within the two years, and the one it gave way to, where the settings say so.
    """

    comparable: bool
    reason: str | None = None
    values: Values = field(default_factory=dict)
    handover: tuple[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """A KPI in an edition. `series` holds its months, `before_series` those of the year before.

    `breakdowns` are those by the dimensions asked for that it has; of a mix the one by its own column.

    `reason` says why the figure of the year is not shown: a reason of `Measure`, or the code of the note that tells.
    `followed` is the share of the contacts that can be followed, of a KPI that rests on it.
    """

    kpi: Passport
    now: Measure
    before: Measure
    comparison: Comparison
    change: Change | None
    target: Target | None
    status: Status
    series: tuple[tuple[date, Measure], ...]
    before_series: tuple[tuple[date, Measure], ...]
    breakdowns: tuple[Breakdown, ...]
    missing: tuple[str, ...]
    notes: tuple[Note, ...]
    reason: str | None = None
    followed: float | None = None

    @property
    def comparable(self) -> bool:
        """Whether its two years compare."""
        return self.comparison.comparable

    @property
    def dimension(self) -> str | None:
        """The dimension of its first breakdown."""
        return self.breakdowns[0].dimension if self.breakdowns else None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of its first breakdown."""
        return self.breakdowns[0].segments if self.breakdowns else ()

    def segments_by(self, dimension: str) -> tuple[Segment, ...]:
        """Its segments by a dimension; none where it is not broken down by it."""
        return next((part.segments for part in self.breakdowns if part.dimension == dimension), ())


@dataclass(frozen=True)
class Coverage:
    """What one source holds of one table: rows, first and last day, as-of day, months of the window without a row."""

    source: str
    entity: str
    rows: int
    first: date | None
    last: date | None
    as_of_on: date | None
    months_missing: tuple[str, ...]
    linked: float | None = None


@dataclass(frozen=True)
class Basis:
    """What a barometer was computed with: settings, the name of their file (None: the defaults), its hash, versions."""

    reporting: Reporting
    thresholds: Thresholds
    file: str | None = None
    sha256: str = ""
    version: str = ""
    catalogue_version: str = ""


@dataclass(frozen=True)
class Barometer:
    """A yearly barometer."""

    edition: Edition
    request: Request
    brands: tuple[str, ...]
    families: tuple[Family, ...]
    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...]
    basis: Basis
    notes: tuple[Note, ...]
