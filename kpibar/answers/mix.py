"""Why a figure moved: its change by the groups of dimensions, split into what changed within them and their mix.

A figure that is a quotient of sums is split where its base has the dimension too. Where the base is the same for all
groups, their figures add up, and so they do for a count: there is no mix. A median, a stock or the shares of a mix are
no sums: of these the figure of each group is told beside the year before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.answers.coverage import Coverage, coverages
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import CROSSING, Cells, crossed_cells
from kpibar.kpis.decomposition import Addition, Split, Sums, Weeks, add_changes, split_change
from kpibar.kpis.dependence import as_weeks_of
from kpibar.kpis.estimates import Parts
from kpibar.measure.inputs import Inputs, parts
from kpibar.measure.report import Segment

# What most often tells why a figure moved; each is looked at where the records of a KPI have it.
USUAL = ("channel", "carrier", "reason")


@dataclass(frozen=True)
class Breakdown:
    """The change of a figure by one dimension: a split, what each group adds, or the figures of the groups alone.

    `coverages` tell how many rows of each operand that has the dimension have a known value.
    """

    dimension: str
    split: Split | None = None
    additions: tuple[Addition, ...] = ()
    segments: tuple[Segment, ...] = ()
    coverages: tuple[Coverage, ...] = ()

    @property
    def known(self) -> float:
        """The share of the rows of a known value: that of the operand, and of the year, that has fewest."""
        return min((coverage.lower_share for coverage in self.coverages), default=1.0)

    @property
    def groups(self) -> int:
        """How many groups there are; what has no base is one."""
        of_split = len(self.split.groups) + (self.split.outside is not None) if self.split else 0
        return of_split + len(self.additions) + len(self.segments)


@dataclass(frozen=True)
class Causes:
    """The change of a figure by several dimensions, each alone, and by all of them together that divide its base."""

    breakdowns: tuple[Breakdown, ...]
    together: Split | None = None
    crossed: tuple[str, ...] = ()


def usual_dimensions(inputs: Inputs, kpi: Kpi) -> tuple[str, ...]:
    """The dimensions that a change is looked at by where none is asked for."""
    return tuple(name for name in USUAL if name in dimensions_of(inputs, kpi))


def dimensions_of(inputs: Inputs, kpi: Kpi) -> frozenset[str]:
    """The dimensions a KPI can be broken down by; the shares of a mix have their own column alone."""
    return frozenset({kpi.over}) if kpi.spec.shares else parts(inputs.catalogue, kpi)[0].dimensions()


def is_sum(kpi: Kpi) -> bool:
    """Whether its change is one of sums, which can be told by groups; medians, stocks and mixes are none."""
    return not kpi.spec.shares and (kpi.spec.quotient is not None or (kpi.spec.counts and kpi.additive))


def causes(store: Store, inputs: Inputs, kpi: Kpi, dimensions: Sequence[str]) -> Causes:
    """The change of a figure that is one of sums, by each of the dimensions named and by all together.

    Without names by the usual ones that divide its records, but for one that decides alone what is a hit; first comes
    what is known of most records.
    """
    names = dimensions or usual_dimensions(inputs, kpi)
    candidates = (_breakdown(store, inputs, kpi, name) for name in names)
    breakdowns = [entry for entry in candidates if dimensions or (entry.groups > 1 and not _decides(entry.split))]
    breakdowns = breakdowns if dimensions else by_knowledge(breakdowns)
    dimensions_crossed = tuple(entry.dimension for entry in breakdowns if entry.split is not None and entry.groups > 1)
    together = _split(store, inputs, kpi, dimensions_crossed) if len(dimensions_crossed) > 1 else None
    return Causes(tuple(breakdowns), together, dimensions_crossed if together else ())


def by_knowledge(breakdowns: Sequence[Breakdown]) -> list[Breakdown]:
    """The breakdowns, first those by what is known of most rows; what is known of about as many keeps its order."""
    return sorted(breakdowns, key=lambda breakdown: -round(breakdown.known, 1))


def _decides(split: Split | None) -> bool:
    """Whether of every group all records are hits, or none: a reason explains no figure of which it is the subject."""
    whole = (0.0, split.scale) if split else ()
    return split is not None and all(value in whole for group in split.groups for value in group.values)


def _breakdown(store: Store, inputs: Inputs, kpi: Kpi, dimension: str) -> Breakdown:
    divides = all(dimension in part.dimensions() for part in parts(inputs.catalogue, kpi))
    if kpi.spec.quotient is not None and divides:
        split = _split(store, inputs, kpi, (dimension,))
        return Breakdown(dimension, split=split, coverages=coverages(store, inputs, kpi, dimension))
    additions = _additions(store, inputs, kpi, dimension)
    return Breakdown(dimension, additions=additions, coverages=coverages(store, inputs, kpi, dimension))


def _split(store: Store, inputs: Inputs, kpi: Kpi, dimensions: Sequence[str]) -> Split:
    operands = parts(inputs.catalogue, kpi)
    cells = [crossed_cells(store.engine, part, inputs.spans[kpi.id], dimensions, inputs.rows) for part in operands]
    now, before = (weeks_of(inputs, kpi, cells, place) for place in (0, 1))
    reporting = inputs.reporting
    return split_change(dimensions, before, now, reporting.confidence, reporting.min_base, kpi.spec.scale)


def weeks_of(inputs: Inputs, kpi: Kpi, cells: Sequence[Cells], place: int) -> Weeks:
    """The sums of each group in each week of the year (0) or the year before (1), by the numbers of those of the year.

    `cells` are those of each operand.
    """
    quotient = kpi.spec.quotient
    assert quotient is not None, f"{kpi.id} is no quotient"
    window = inputs.spans[kpi.id][place]
    names = [part.id for part in parts(inputs.catalogue, kpi)]
    segments = sorted({key for name, cell in zip(names, cells, strict=True) for key in cell.segments(name, window)})
    weeks: dict[int, dict[tuple[str, ...], Sums]] = {}
    for segment in segments:
        of_operands = [cell.weeks(name, window, segment) for name, cell in zip(names, cells, strict=True)]
        for week in set[int]().union(*of_operands):
            sums = quotient([of_operand.get(week, Parts()) for of_operand in of_operands])
            if sums.base or sums.numerator:
                weeks.setdefault(week, {})[tuple(segment.split(CROSSING))] = Sums(sums.numerator, sums.base)
    return weeks if place == 0 else as_weeks_of(weeks, 1 - place)


def _additions(store: Store, inputs: Inputs, kpi: Kpi, dimension: str) -> tuple[Addition, ...]:
    """What each group adds to a count, or to a ratio whose base is the same for all groups."""
    first, *rest = parts(inputs.catalogue, kpi)
    spans, reporting = inputs.spans[kpi.id], inputs.reporting
    cells = crossed_cells(store.engine, first, spans, (dimension,), inputs.rows)
    years: tuple[dict[int, dict[tuple[str, ...], Sums]], ...] = ({}, {})
    for window, weeks in zip(spans, years, strict=True):
        for segment in cells.segments(first.id, window):
            for week, sums in cells.weeks(first.id, window, segment).items():
                weeks.setdefault(week, {})[(segment,)] = Sums(sums.base, sums.base)
    bases = None
    if rest:
        whole = crossed_cells(store.engine, rest[0], spans, (), inputs.rows)
        units = [{week: sums.base for week, sums in whole.weeks(rest[0].id, window).items()} for window in spans]
        bases = [as_weeks_of(units[1], 0), units[0]]
    return add_changes([as_weeks_of(years[1], 0), years[0]], bases, reporting.confidence, reporting.min_base)
