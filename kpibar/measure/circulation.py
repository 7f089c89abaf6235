"""A report that may circulate: no figure and no count of a group of fewer than ten, no names of files.

It is no anonymous report: who knows a group from elsewhere may still recognise it. The figures of larger groups are
those of the ordinary report; what would be left of a whole by subtraction is of ten or more, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from kpibar.config import Config
from kpibar.kpis.estimates import Measure
from kpibar.kpis.masking import base_alone
from kpibar.kpis.passport import Passport
from kpibar.measure.barometer import compute
from kpibar.measure.report import Barometer, Breakdown, Note, Request, Row, Segment

# The smallest group of which anything is said.
SMALLEST = 10
# Values of notes that are no numbers of records.
_NO_RECORDS = frozenset(
    {
        "days", "year", "previous", "months", "seen", "now", "before", "percent", "least", "end", "base_days", "low",
        "high", "weighted",
    }
)  # fmt: skip


def strict_settings(config: Config) -> Config:
    """Settings under which no figure is shown on a base of fewer than ten."""
    reporting = config.settings.reporting
    strict = reporting.model_copy(update={"min_base": max(reporting.min_base, SMALLEST)})
    return replace(config, settings=config.settings.model_copy(update={"reporting": strict}))


def compute_report(
    path: Path, config: Config, request: Request, wait: float = 0.0, notify: Callable[[str], None] = lambda words: None
) -> Barometer:
    """The barometer that a request asks for; one that may circulate where it says so. Raises what `compute` raises."""
    if not request.share:
        return compute(path, config, request, wait, notify)
    return for_circulation(compute(path, strict_settings(config), request, wait, notify))


def for_circulation(barometer: Barometer) -> Barometer:
    """A barometer without counts of groups of fewer than ten, and without names of files and settings.

    Beside the report of all rows, one of some of them gives away what is left: there the hits of a figure are a group
    too, as well as its base.
    """
    strict = bool(barometer.request.rows.beside_brand)
    return replace(
        barometer,
        rows=tuple(_row(row, strict) for row in barometer.rows),
        coverage=tuple(entry for entry in barometer.coverage if entry.rows >= SMALLEST),
        basis=replace(barometer.basis, file=None),
        notes=tuple(filter(_may_circulate, barometer.notes)),
    )


def _row(row: Row, strict: bool) -> Row:
    now, before = (_without_few(_whole(row.kpi, measure, strict)) for measure in (row.now, row.before))
    visible = not (now.low_base or before.low_base)
    series, before_series = (_series(row.kpi, months, strict) for months in (row.series, row.before_series))
    return replace(
        row,
        now=now,
        before=before,
        change=row.change if visible else None,
        target=None if now.low_base else row.target,
        status="low_base" if now.low_base else row.status,
        reason=now.reason if now.low_base else row.reason,
        series=series,
        before_series=before_series,
        breakdowns=tuple(_breakdown(row.kpi, breakdown, strict) for breakdown in row.breakdowns),
        notes=tuple(
            _without_weight(note, now)
            for note in row.notes
            if _may_circulate(note) and (now.bounds or not _states_bounds(note))
        ),
    )


def _series(kpi: Passport, series: Sequence[tuple[date, Measure]], strict: bool) -> tuple[tuple[date, Measure], ...]:
    parts = _parts(kpi, [measure for _, measure in series], strict)
    return tuple((day, part) for (day, _), part in zip(series, parts, strict=True))


def _breakdown(kpi: Passport, breakdown: Breakdown, strict: bool) -> Breakdown:
    segments = breakdown.segments
    figures = (_parts(kpi, [getattr(item, year) for item in segments], strict) for year in ("now", "before"))
    return replace(breakdown, segments=tuple(_segment(*parts) for parts in zip(segments, *figures, strict=True)))


def _states_bounds(note: Note) -> bool:
    """Whether a note states the bounds of a figure."""
    return {"low", "high"} <= note.values.keys()


def _without_weight(note: Note, now: Measure) -> Note:
    """A note without the figure weighted by channel, where that may not circulate."""
    if now.weighted_value is not None or "weighted" not in note.values:
        return note
    return replace(note, values={name: value for name, value in note.values.items() if name != "weighted"})


def _segment(segment: Segment, now: Measure, before: Measure) -> Segment:
    is_masked = now.low_base or before.low_base
    return replace(
        segment,
        now=now,
        before=before,
        change=None if is_masked else segment.change,
        status="low_base" if now.low_base else segment.status,
    )


def _whole(kpi: Passport, measure: Measure, strict: bool) -> Measure:
    """A figure; of a small count or a small base nothing, nor where it is `strict` of few hits."""
    # The numerator of what has bounds is a number of records.
    if strict and kpi.spec.bounds is not None and 0 < (measure.numerator or 0) < SMALLEST:
        return Measure(reason="small_group")
    if _group(kpi, measure) in range(1, SMALLEST):
        return Measure(reason="small_group")
    return Measure(reason="small_group") if 0 < measure.base < SMALLEST else measure


def _group(kpi: Passport, measure: Measure) -> float:
    """How many records a figure counts: of a count or a share of a mix, those counted themselves."""
    return kpi.spec.group(measure)


def _parts(kpi: Passport, measures: Sequence[Measure], strict: bool) -> list[Measure]:
    """Months or segments; the smallest of the others follow where those left out would count fewer than ten."""
    groups = [_group(kpi, measure) for measure in measures]
    small = [0 < group < SMALLEST for group in groups]
    rest = sum(group for group, is_small in zip(groups, small, strict=True) if is_small)
    for place in sorted(range(len(groups)), key=lambda place: groups[place]):
        if 0 < rest < SMALLEST and groups[place] >= SMALLEST:
            small[place], rest = True, rest + groups[place]
    return [
        _without_few(_hide(kpi, measure) if is_small else _whole(kpi, measure, strict))
        for measure, is_small in zip(measures, small, strict=True)
    ]


def _without_few(measure: Measure) -> Measure:
    """A figure without the number of its immature rows, and the bounds of its unknown ones, where they are few.

    So it is where few are left without those in doubt. What is weighted by channel would tell how many are unknown of
    each.
    """
    certain = measure.base - measure.misses_in_doubt
    few = any(0 < rows < SMALLEST for rows in (measure.unknown, measure.hits_in_doubt, measure.misses_in_doubt))
    if few or (measure.misses_in_doubt and certain < SMALLEST):
        measure = replace(measure, bounds=None, unknown=0, hits_in_doubt=0, misses_in_doubt=0)
    if measure.bounds is None or 0 < measure.fewest_unknown < SMALLEST:
        measure = replace(measure, weighted_value=None)
    measure = replace(measure, fewest_unknown=0)
    return replace(measure, immature=None) if 0 < (measure.immature or 0) < SMALLEST else measure


def _hide(kpi: Passport, measure: Measure) -> Measure:
    """Of a share of a mix the base of all shares is left; of a count nothing is."""
    return (
        base_alone(measure, "few_records")
        if kpi.spec.shares and measure.base >= SMALLEST
        else Measure(reason="small_group")
    )


def _may_circulate(note: Note) -> bool:
    """Whether a note names no file and counts no group of fewer than ten."""
    values = note.values.items()
    is_small = any(isinstance(n, int | float) and 0 < n < SMALLEST for name, n in values if name not in _NO_RECORDS)
    return not is_small and "files" not in note.values and "file" not in note.values
