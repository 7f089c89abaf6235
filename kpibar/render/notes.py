"""What stands under the tables: what is not there and why, what the marks mean, the notes."""

from collections.abc import Iterator, Sequence

from kpibar.measure.circulation import SMALLEST
from kpibar.measure.report import Note, Row
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.messages import dimension_name, inputs, is_message, note_text, note_values, say
from kpibar.render.table import Cell, Explanation, Role

# Shown by a mark beside the figure that the legend explains, or by the line on what is not available.
_WITHOUT_LINE = frozenset({"small_base", "low_base", "no_rows", "no_breakdown"})
_SEPARATOR = " · "


def absent_lines(cells: Cells, without_breakdown: Sequence[Row]) -> Iterator[Cell]:
    """What is not available and what it lacks, then the KPIs that the dimension asked for cannot break down."""
    for row in cells.barometer.rows:
        if row.status == "not_available":
            yield cells.say("not_available", "absent", kpi=cells.name(row.kpi), why=_reason(cells, row))
    if without_breakdown and cells.barometer.request.by:
        dimension = dimension_name(cells.barometer.request.by, cells.lang)
        names = _SEPARATOR.join(cells.name(row.kpi) for row in without_breakdown)
        yield cells.say("no_dimension", "absent", dimension=dimension, kpis=names)


def _reason(cells: Cells, row: Row) -> str:
    if row.missing:
        return say("needs", cells.lang, inputs=clean(inputs(row.missing, cells.lang)))
    for note in row.notes:
        if note.code == row.reason:
            return note_text(note.code, note.values, cells.lang)
    return say("note_no_rows", cells.lang, year=cells.barometer.edition.year)


def explanations(cells: Cells) -> tuple[Explanation, ...]:
    """What each mark of a cell means, in the order of the columns."""
    lang = cells.lang
    changes: tuple[Role, ...] = ("better", "worse", "stable", "small", "cannot_tell", "unjudged")
    targets: tuple[Role, ...] = ("target_met", "target_near", "target_missed")
    least_base, small = cells.count(cells.reporting.min_base), cells.count(cells.reporting.small_base)
    return (
        Explanation(changes, say("legend_arrows", lang, level=cells.level)),
        Explanation(changes, say("legend_hollow", lang)),
        Explanation(changes, say("legend_verdict", lang)),
        Explanation(("masked",), say("legend_low_base", lang, least=least_base)),
        Explanation(("small_group",), say("legend_small_group", lang, least=cells.count(SMALLEST))),
        Explanation(("not_reached",), say("legend_not_reached", lang)),
        Explanation(targets, say("legend_targets", lang)),
        Explanation(("small_base",), say("legend_small_base", lang, small=small)),
        Explanation(("provisional",), say("legend_provisional", lang)),
    )


def note_lines(cells: Cells) -> Iterator[Cell]:
    """The notes of the edition, then those of its KPIs, one that several KPIs share in one line."""
    for note in cells.barometer.notes:
        yield _line(note, note_text(note.code, note.values, cells.lang))
    common: dict[tuple[str, str], tuple[Note, list[str]]] = {}
    for row in cells.barometer.rows:
        # What is not available has its reason among the absent.
        for note in row.notes if row.status != "not_available" else ():
            # What several KPIs may share has a message that lists them.
            if is_message(f"notes_{note.code}"):
                key = (note.code, repr({**note.values, "rows": None}))
                common.setdefault(key, (note, []))[1].append(_name_and_rows(cells, row, note))
            elif note.code not in _WITHOUT_LINE:
                text = note_text(note.code, note.values, cells.lang)
                yield _line(note, say("note_line", cells.lang, kpi=cells.name(row.kpi), text=text))
    for note, names in common.values():
        values = note_values(note.values, cells.lang)
        yield _line(note, say(f"notes_{note.code}", cells.lang, **values, kpis=_SEPARATOR.join(names)))


def _name_and_rows(cells: Cells, row: Row, note: Note) -> str:
    rows = note.values.get("rows")
    return cells.name(row.kpi) if rows is None else f"{cells.name(row.kpi)} {cells.count(float(rows))}"


def _line(note: Note, text: str) -> Cell:
    return Cell(clean(text), "warning" if note.level == "warning" else "note")
