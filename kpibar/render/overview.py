"""The first sentences of a report: what is better or worse and by how much, targets, and what the figures rest on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kpibar.answers.headline import Opening, open_report
from kpibar.measure.report import Row
from kpibar.render.cells import Cells
from kpibar.render.numbers import format_change, format_value
from kpibar.render.table import SEPARATOR, Cell, Role

# A sentence names so many KPIs at most, and counts the others.
_MOST_NAMES = 3


@dataclass(frozen=True)
class Sentence:
    """A sentence, what it is about as a stable code, the ids of the KPIs it names, and its role on a page."""

    code: str
    kpis: tuple[str, ...]
    text: str
    role: Role = "summary"


def overview_lines(cells: Cells) -> Iterator[tuple[Cell, ...]]:
    """The first sentences as lines of a page."""
    for sentence in opening_sentences(cells):
        yield (Cell(sentence.text, sentence.role),)


def opening_sentences(cells: Cells) -> Iterator[Sentence]:
    """The first sentences of a report in a language; none where it has a single KPI with a figure."""
    opening = open_report(cells.barometer)
    if opening is None:
        return
    yield from _judgements(cells, opening)
    yield from _others(cells, opening)
    if opening.largest is not None:
        text = cells.say("opening_largest", "summary", kpi=_change(cells, opening.largest)).text
        yield Sentence("largest", (opening.largest.kpi.id,), text)
    if opening.targets:
        yield _targets(cells, opening)
    if opening.foundations:
        shares = [_foundation(cells, row) for row in opening.foundations]
        text = cells.say("opening_foundations", "summary", shares=SEPARATOR.join(shares)).text
        yield Sentence("foundations", tuple(row.kpi.id for row in opening.foundations), text)


def _judgements(cells: Cells, opening: Opening) -> Iterator[Sentence]:
    """What is clearly worse and better, by how much."""
    if not (opening.worse or opening.better):
        code = "nothing_clear" if opening.compared else "uncompared"
        key = "opening_none" if opening.compared else "opening_uncompared"
        yield Sentence(code, (), cells.say(key, "summary", previous=opening.year - 1).text)
    groups: tuple[tuple[Role, tuple[Row, ...]], ...] = (("worse", opening.worse), ("better", opening.better))
    for role, rows in groups:
        if rows:
            names = _names(cells, rows, _change)
            text = cells.say(f"opening_{role}", role, previous=opening.year - 1, kpis=names).text
            yield Sentence(role, _ids(rows), text, role)


def _others(cells: Cells, opening: Opening) -> Iterator[Sentence]:
    """How many figures are neither, and how many could not be compared or shown."""
    verdicts = (("stable", opening.stable), ("small", opening.small), ("cannot_tell", opening.unclear))
    words = [_count(cells, f"count_{name}", number) for name, number in verdicts if number]
    apart = [("apart", opening.apart)] if opening.compared else []
    rest = [
        _count(cells, f"opening_{name}", number) for name, number in (*apart, ("too_few", opening.too_few)) if number
    ]
    if words:
        counts = SEPARATOR.join([*words, *rest])
        compared = cells.count(opening.compared)
        yield Sentence("others", (), cells.say("opening_others", "summary", compared=compared, counts=counts).text)
    elif rest:
        text = SEPARATOR.join(rest)
        yield Sentence("others", (), text[0].upper() + text[1:])


def _targets(cells: Cells, opening: Opening) -> Sentence:
    """How many targets are met, and which are not."""
    met, targets = (cells.count(number) for number in (_met(opening), opening.targets))
    parts = [cells.say("opening_targets", "summary", met=met, targets=targets).text]
    if opening.missed and opening.close:
        parts.append(cells.say("opening_close", "summary", kpis=cells.count(len(opening.close))).text)
    name, rows = ("missed", opening.missed) if opening.missed else ("close", opening.close)
    if rows:
        parts.append(cells.say(f"opening_{name}", "summary", kpis=_names(cells, rows, _against, ", ")).text)
    return Sentence("targets", _ids((*opening.missed, *opening.close)), SEPARATOR.join(parts))


def _met(opening: Opening) -> int:
    return opening.targets - len(opening.missed) - len(opening.close)


def _ids(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.kpi.id for row in rows)


def _count(cells: Cells, key: str, number: int) -> str:
    return cells.say(key, "summary", count=cells.count(number)).text


def _names(cells: Cells, rows: Sequence[Row], words: Callable[[Cells, Row], str], separator: str = SEPARATOR) -> str:
    names = [words(cells, row) for row in rows[:_MOST_NAMES]]
    excess = len(rows) - len(names)
    return separator.join([*names, *([_count(cells, "more_kpis", excess)] if excess else [])])


def _change(cells: Cells, row: Row) -> str:
    """A KPI, its change and its figure: "Late deliveries −3.3 pt to 8.8%"."""
    unit, change = row.kpi.unit, row.change
    return cells.say(
        "opening_change",
        "summary",
        kpi=cells.name(row.kpi),
        change=format_change(change.absolute if change else None, unit, cells.lang),
        value=format_value(row.now.value, unit, cells.lang),
    ).text


def _against(cells: Cells, row: Row) -> str:
    """A KPI, its figure and its target: "Reopened 15.2% (8.0%)"."""
    value, target = (format_value(figure, row.kpi.unit, cells.lang) for figure in (row.now.value, _target(row)))
    return cells.say("opening_against", "summary", kpi=cells.name(row.kpi), value=value, target=target).text


def _target(row: Row) -> float | None:
    return row.target.value if row.target else None


def _foundation(cells: Cells, row: Row) -> str:
    share = format_value(row.now.value, row.kpi.unit, cells.lang)
    return cells.say(f"opening_{row.kpi.id}", "summary", share=share).text
