"""What a report says first: what is better or worse, which targets are missed, and what the figures rest on.

It is made of what the report has decided, and measures nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kpibar.measure.report import Barometer, Row, Verdict

# What tells how far the figures of contacts can be relied on, in the order it is said.
FOUNDATIONS = ("reason_coverage", "link_coverage", "followed_share")
# Of fewer KPIs nothing is summed up: they say it themselves.
_FEWEST = 2


@dataclass(frozen=True)
class Opening:
    """The rows of a report that its first sentences name, and how many the others are.

    `worse` and `better` begin with the KPIs declared as those looked at first, then the changes that are the largest
    beside what matters. Of the `compared` ones `stable`, `small` and `unclear` have these verdicts; `apart` could be
    shown, but not compared with the year before; `too_few` rest on too few records to be shown. `largest` is the clear
    change that is the largest beside the figure of the year before, where the other sentences do not begin with it.
    `missed` are the rows whose target is missed, the worst first, of `targets` judged; `close` those that miss it by
    little. `foundations` are the shares that tell how much is known of contacts.
    """

    year: int
    worse: tuple[Row, ...]
    better: tuple[Row, ...]
    compared: int
    stable: int
    small: int
    unclear: int
    apart: int
    too_few: int
    largest: Row | None
    missed: tuple[Row, ...]
    close: tuple[Row, ...]
    targets: int
    foundations: tuple[Row, ...]


def open_report(barometer: Barometer) -> Opening | None:
    """What the report of a year says first; None where it has a single KPI with a figure, or none."""
    rows = [row for row in barometer.rows if row.status != "not_available"]
    if len(rows) < _FEWEST:
        return None
    worse, better = (_of_verdict(rows, verdict) for verdict in ("worse", "better"))
    counts = [sum(1 for row in rows if _verdict(row) == verdict) for verdict in ("stable", "small", "cannot_tell")]
    largest = _largest(rows)
    has_named_it = any(largest is group[0] for group in (worse, better) if group)
    targets = [row for row in rows if row.target is not None and row.target.status in ("met", "near", "missed")]
    return Opening(
        year=barometer.edition.year,
        worse=worse,
        better=better,
        compared=len(worse) + len(better) + sum(counts),
        stable=counts[0],
        small=counts[1],
        unclear=counts[2],
        apart=sum(1 for row in rows if row.status == "ok" and not row.comparable),
        too_few=sum(1 for row in rows if row.status == "low_base"),
        largest=None if has_named_it else largest,
        missed=_of_target(targets, "missed"),
        close=_of_target(targets, "near"),
        targets=len(targets),
        foundations=tuple(
            row for name in FOUNDATIONS for row in rows if row.kpi.id == name and row.now.value is not None
        ),
    )


def _verdict(row: Row) -> Verdict | None:
    return row.change.verdict if row.change else None


def _of_verdict(rows: Sequence[Row], verdict: Verdict) -> tuple[Row, ...]:
    members = [row for row in rows if _verdict(row) == verdict]
    return tuple(sorted(members, key=lambda row: (not row.kpi.headline, -_weight(row))))


def _weight(row: Row) -> float:
    """How many times as large as what matters a change is."""
    change = row.change
    return abs(change.absolute) / change.margin if change and change.margin else 0.0


def _largest(rows: Iterable[Row]) -> Row | None:
    """The row of the clear change that is the largest beside its figure of the year before."""
    sizes = [
        (abs(row.change.absolute / row.before.value), row)
        for row in rows
        if row.change and row.change.clear and row.before.value and row.kpi.unit != "points"
    ]
    return max(sizes, key=lambda pair: pair[0])[1] if len(sizes) >= _FEWEST else None


def _of_target(rows: Iterable[Row], status: str) -> tuple[Row, ...]:
    """The rows of a status, those that lie furthest from their target first."""
    members = [row for row in rows if row.target and row.target.status == status]
    return tuple(sorted(members, key=_gap, reverse=True))


def _gap(row: Row) -> float:
    """How far a figure lies from its target, as a part of it."""
    if row.target is None or row.now.value is None:
        return 0.0
    gap = abs(row.now.value - row.target.value)
    return gap / abs(row.target.value) if row.target.value else gap
