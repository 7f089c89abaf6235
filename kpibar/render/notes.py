"""What stands under the tables: what is not there and why, what the marks mean, the notes."""

from collections.abc import Iterator, Mapping, Sequence

from kpibar.measure.circulation import SMALLEST
from kpibar.measure.report import Change, Note, Row, Verdict
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.messages import dimension_name, inputs, is_message, note_text, note_values, say, segment_name
from kpibar.render.numbers import DASH, format_number
from kpibar.render.table import SEPARATOR, Cell, Explanation, Role

_VERDICTS: tuple[Role, ...] = ("better", "worse", "stable", "small", "cannot_tell")
# Verdicts that rest on the test of a change.
_TESTED: tuple[Verdict, ...] = ("better", "worse", "small")
# Shown by a mark beside the figure that the legend explains, or by the line on what is not available.
_WITHOUT_LINE = frozenset({"small_base", "low_base", "no_rows", "no_breakdown"})

# Why a KPI has no figure that lacks a column by which the report is filtered: a line tells it of all such KPIs.
_FILTERED = "without_column"


def absent_lines(cells: Cells, without_breakdown: Mapping[str, Sequence[Row]]) -> Iterator[Cell]:
    """What is not available and what it lacks, then the KPIs that each dimension asked for cannot break down."""
    for row in cells.barometer.rows:
        if row.status == "not_available" and row.reason != _FILTERED:
            yield cells.say("not_available", "absent", kpi=cells.name(row.kpi), why=_reason(cells, row))
    for dimension in cells.barometer.request.rows.beside_brand:
        note = Note(_FILTERED, {"dimension": dimension})
        if names := SEPARATOR.join(cells.name(row.kpi) for row in cells.barometer.rows if note in row.notes):
            name = dimension_name(dimension, cells.lang).lower()
            yield cells.say("filtered_out", "absent", dimension=name, kpis=names)
    for dimension, rows in without_breakdown.items():
        if rows:
            names = SEPARATOR.join(cells.name(row.kpi) for row in rows)
            yield cells.say("no_dimension", "absent", dimension=dimension_name(dimension, cells.lang), kpis=names)


def _reason(cells: Cells, row: Row) -> str:
    if row.missing:
        return say("needs", cells.lang, inputs=clean(inputs(row.missing, cells.lang)))
    for note in row.notes:
        if note.code == row.reason:
            return note_text(note.code, note.values, cells.lang)
    return say("note_no_rows", cells.lang, year=cells.barometer.edition.year)


def explanations(cells: Cells) -> tuple[tuple[Explanation, ...], ...]:
    """What each word and mark of a cell means: of verdicts, of changes, of figures, in the order of the columns."""
    return (_verdict_explanations(cells), _change_explanations(cells), _figure_explanations(cells))


def _verdict_explanations(cells: Cells) -> tuple[Explanation, ...]:
    words = tuple(Explanation((role,), say(f"legend_{role}", cells.lang)) for role in _VERDICTS)
    return (*words, Explanation(_VERDICTS, say("legend_margin", cells.lang)))


def _change_explanations(cells: Cells) -> tuple[Explanation, ...]:
    changes: tuple[Role, ...] = (*_VERDICTS, "unjudged")
    return (
        Explanation(changes, say("legend_clear", cells.lang, risk=cells.risk), "▲▼"),
        Explanation(changes, say("legend_hollow", cells.lang), "△▽"),
        Explanation(changes, say("legend_equal", cells.lang), "="),
        Explanation(("interval", "change_interval"), say("legend_interval", cells.lang, level=cells.level)),
        Explanation(("smallest_visible",), say("legend_smallest_visible", cells.lang)),
    )


def _figure_explanations(cells: Cells) -> tuple[Explanation, ...]:
    lang = cells.lang
    targets: tuple[Role, ...] = ("target_met", "target_near", "target_missed")
    least_base, small = cells.count(cells.reporting.min_base), cells.count(cells.reporting.small_base)
    return (
        Explanation(("masked",), say("legend_low_base", lang, least=least_base)),
        Explanation(("small_group",), say("legend_small_group", lang, least=cells.count(SMALLEST))),
        Explanation(("not_reached",), say("legend_not_reached", lang)),
        *(Explanation((role,), say(f"legend_{role}", lang)) for role in targets),
        Explanation(("small_base",), say("legend_small_base", lang, small=small)),
        Explanation(("provisional",), say("legend_brackets", lang), "["),
        Explanation(("provisional",), say("legend_provisional", lang)),
        Explanation(("missing", "unjudged"), say("legend_missing", lang), DASH),
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
        yield _line(note, say(f"notes_{note.code}", cells.lang, **values, kpis=SEPARATOR.join(names)))
    yield from _pair_lines(cells)


def _pair_lines(cells: Cells) -> Iterator[Cell]:
    """On verdicts of times: how often one of the year was shorter, or longer, than one of the year before.

    Their test is of all times, and may be clear where the interval of the change holds 0: without this line the verdict
    would contradict it.
    """
    edition = cells.barometer.edition
    pairs: dict[tuple[str, str], list[str]] = {}
    for name, longer in _tested_times(cells):
        share = max(longer, 1 - longer)
        # Close to a half a whole number would say that nothing differs.
        percent = format_number(100 * share, 0 if share > 0.55 else 1, cells.lang)
        pairs.setdefault(("notes_longer" if longer > 0.5 else "notes_shorter", percent), []).append(name)
    for (key, percent), names in pairs.items():
        kpis = SEPARATOR.join(names)
        yield cells.say(key, "note", kpis=kpis, percent=percent, year=edition.year, previous=edition.year - 1)
    mixes = [(row, row.change) for row in cells.barometer.rows if row.change and _moves_by_mix(row.change)]
    for key, has_shift in (("notes_mix_of_channels", False), ("notes_other_way", True)):
        names = [cells.name(row.kpi) for row, change in mixes if _is_shift(cells, change) == has_shift]
        if names:
            yield cells.say(key, "note", kpis=SEPARATOR.join(names))


def _moves_by_mix(change: Change) -> bool:
    """Whether a quantile of times moved by more than chance, and those within channels did not, or the other way."""
    return change.longer is not None and change.verdict == "cannot_tell" and not _holds_zero(change)


def _is_shift(cells: Cells, change: Change) -> bool:
    """Whether the times within channels changed clearly."""
    return change.p_adjusted is not None and change.p_adjusted < 1 - cells.reporting.confidence


def _tested_times(cells: Cells) -> Iterator[tuple[str, float]]:
    """The figures shown whose verdict rests on a test of all times; of segments, those that need a word."""
    by = cells.barometer.request.by
    dimensions = set(by) - {"month"}
    for row in cells.barometer.rows:
        if by and not any(part.dimension in dimensions for part in row.breakdowns):
            continue
        name = cells.name(row.kpi)
        if row.change and row.change.longer is not None and row.change.verdict in _TESTED:
            yield name, row.change.longer
        for dimension, part in (
            (breakdown.dimension, part) for breakdown in row.breakdowns for part in breakdown.segments
        ):
            change = part.change
            if change and change.longer is not None and change.verdict in _TESTED and _holds_zero(change):
                segment = clean(segment_name(dimension, part.key, cells.lang))
                yield say("name_of_segment", cells.lang, kpi=name, segment=segment), change.longer


def _holds_zero(change: Change) -> bool:
    """Whether its interval holds 0, or is not known."""
    return change.low is None or change.high is None or change.low <= 0 <= change.high


def _name_and_rows(cells: Cells, row: Row, note: Note) -> str:
    rows = note.values.get("rows")
    return cells.name(row.kpi) if rows is None else f"{cells.name(row.kpi)} {cells.count(float(rows))}"


def _line(note: Note, text: str) -> Cell:
    return Cell(clean(text), "warning" if note.level == "warning" else "note")
