"""How many rows behind a figure have a known value of a dimension, in both years.

A split by a dimension that most rows lack says little, and one whose recording changed compares unlike groups.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import UNKNOWN, crossed_cells
from kpibar.kpis.estimates import Parts, share_of_rows
from kpibar.measure.inputs import Inputs, parts
from kpibar.measure.recording import PROBABILITY, differs
from kpibar.measure.report import Segment


@dataclass(frozen=True)
class Coverage:
    """The rows of a KPI, or of an operand of it, and those of a known value, in both years (the first is the year
    before). `has_moved` tells that the known share differs by more than chance, and enough to be a change of recording.
    """

    kpi: Kpi
    rows: tuple[float, float]
    known_rows: tuple[float, float]
    has_moved: bool

    @property
    def shares(self) -> tuple[float | None, float | None]:
        """The known share of each year; None in a year without rows."""
        before, now = (known / rows if rows else None for known, rows in zip(self.known_rows, self.rows, strict=True))
        return before, now

    @property
    def lower_share(self) -> float:
        """The known share of the year that knows less."""
        return min((share for share in self.shares if share is not None), default=1.0)


def coverages(store: Store, inputs: Inputs, kpi: Kpi, dimension: str) -> tuple[Coverage, ...]:
    """That of the rows a KPI counts, of a ratio that of each operand whose rows have the dimension."""
    return tuple(_coverages(store, inputs, kpi, dimension))


def _coverages(store: Store, inputs: Inputs, kpi: Kpi, dimension: str) -> Iterator[Coverage]:
    now, before = inputs.spans[kpi.id]
    for part in parts(inputs.catalogue, kpi):
        if dimension in part.dimensions():
            cells = crossed_cells(store.engine, part, (now, before), (dimension,), inputs.rows)
            years = [
                {key: sum(week.base for week in cells.weeks(part.id, window, key).values())
                 for key in cells.segments(part.id, window)}
                for window in (before, now)
            ]  # fmt: skip
            yield _coverage(part, years, inputs.reporting.confidence)


def coverage_of_segments(kpi: Kpi, segments: Sequence[Segment], level: float) -> Coverage:
    """That of the base of a KPI whose figures of each group are known."""
    years = [{segment.key: segment.before.base for segment in segments},
             {segment.key: segment.now.base for segment in segments}]  # fmt: skip
    return _coverage(kpi, years, level)


def _coverage(kpi: Kpi, years: Iterable[Mapping[str, float]], level: float) -> Coverage:
    sums = [
        (sum(year.values()), sum(rows for key, rows in year.items() if not key.startswith(UNKNOWN))) for year in years
    ]
    before, now = (share_of_rows([Parts(base=rows, hits=known)], level) for rows, known in sums)
    (rows_before, known_before), (rows_now, known_now) = sums
    has_moved = bool(rows_before and rows_now) and differs(now, before, PROBABILITY)
    return Coverage(kpi, (rows_before, rows_now), (known_before, known_now), has_moved)
