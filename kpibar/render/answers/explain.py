"""A figure explained, as text: its bridge from the records read, and why it moved; and the records behind it as CSV."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypedDict

from kpibar.answers.bridge import FATES, Bridge, Tally
from kpibar.answers.explain import Explanation
from kpibar.answers.mix import Breakdown
from kpibar.answers.records import COLUMNS, Records
from kpibar.answers.terms import Reason
from kpibar.kpis.decomposition import OTHER, Addition, GroupChange, Part, Split
from kpibar.measure.report import Segment
from kpibar.render.cells import Cells
from kpibar.render.clean import clean
from kpibar.render.messages import dimension_name, is_message, note_text, say, segment_name
from kpibar.render.numbers import DASH, format_change, format_change_interval, format_value
from kpibar.render.table import LABEL, SEPARATOR, Cell, Column, Page, Row, Section, Table
from kpibar.render.terminal import Screen, print_page
from kpibar.render.tidy import DIALECTS, MARK, Dialect, csv_cell

_MINUS = "\u2212"
# Known of so many rows, a dimension is known of most.
_MOST = 0.5
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def explanation_text(explanation: Explanation, lang: str, screen: Screen) -> str:
    """The explanation of a figure, as text."""
    words = Words(explanation, lang)
    pages = (*bridge_pages(words), *causes_pages(words))
    return "\n\n".join(print_page(page, screen).strip("\n") for page in pages) + "\n"


def records_csv(records: Records, dialect: Dialect = DIALECTS["default"]) -> str | bytes:
    """The records behind a figure as CSV, a line each; bytes where the dialect has a mark of its encoding."""
    text = io.StringIO()
    text.write(MARK if dialect.has_mark else "")
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
    writer.writerow(COLUMNS)
    for row in records.rows:
        writer.writerow([_csv_cell(value, dialect) for value in row])
    return text.getvalue().encode("utf-8") if dialect.has_mark else text.getvalue()


def _csv_cell(value: object, dialect: Dialect) -> str | float | None:
    if isinstance(value, str | int | float | Decimal | None) and not isinstance(value, bool):
        return csv_cell(float(value) if isinstance(value, Decimal) else value, dialect)
    return str(value)


class Words:
    """An explanation in a language."""

    def __init__(self, explanation: Explanation, lang: str) -> None:
        self.explanation, self.lang = explanation, lang
        self.cells = Cells(explanation.barometer, lang)
        self.unit = explanation.row.kpi.unit
        self.year = explanation.barometer.edition.year

    def say(self, key: str, /, **values: object) -> str:
        """A message of this answer."""
        return say(f"explain_{key}", self.lang, **values)

    def count(self, number: float) -> str:
        """A count, with its thousands grouped."""
        return format_value(number, "count", self.lang)

    def change(self, value: float) -> str:
        """A signed change of the figure."""
        return format_change(value, self.unit, self.lang)

    def interval(self, part: Part) -> str:
        """The interval of a part of a change."""
        if part.interval is None:
            return DASH
        return format_change_interval(part.interval.low, part.interval.high, self.unit, self.lang)

    def group(self, dimension: str, name: str) -> str:
        """The name of a group, safe to print."""
        return self.say("other_groups") if name == OTHER else clean(segment_name(dimension, name, self.lang))

    def plural(self, dimensions: Sequence[str]) -> str:
        """Several dimensions by their names: "channels, carriers and reasons"."""
        *first, last = (self.say(f"of_{name}") for name in dimensions)
        return self.say("and", names=", ".join(first), name=last) if first else last


# The bridge


def bridge_pages(words: Words) -> Iterator[Page]:
    """The bridge of the figure or of each operand, each with letters for its own sources; the heading comes first."""
    row, window = words.explanation.row, words.explanation.barometer.edition.window
    title = Cell(words.say("heading", kpi=words.cells.name(row.kpi), year=words.year), "title")
    heading = ((title, Cell(f"{window.start} → {window.end}", "detail")), *_figures_line(words))
    *others, last = words.explanation.bridges
    for bridge in others:
        yield _bridge_page(words, bridge, heading)
        heading = ()
    page = _bridge_page(words, last, heading)
    yield replace(page, notes=(*page.notes, Cell(words.say("one_line"), "note")))


def _bridge_page(words: Words, bridge: Bridge, heading: tuple[tuple[Cell, ...], ...]) -> Page:
    marks = {str(tally.source): _mark(place) for place, tally in enumerate(bridge.sources)}
    columns = (
        Column(LABEL, Cell("", "head")),
        Column("all", Cell(words.say("all_sources"), "head"), "right"),
        *(Column(name, Cell(mark, "head"), "right") for name, mark in marks.items()),
    )
    sources = SEPARATOR.join(words.say("source", mark=mark, source=clean(name)) for name, mark in marks.items())
    return Page(
        heading=heading,
        table=Table(columns, (_bridge_section(words, bridge),), tuple((name,) for name in marks)),
        notes=(Cell(sources, "note"),) if sources else (),
    )


def _mark(place: int) -> str:
    """A letter for a source; after the last one its number."""
    return _LETTERS[place] if place < len(_LETTERS) else str(place + 1)


def _figures_line(words: Words) -> Iterator[tuple[Cell, ...]]:
    """The figure of both years, and the change where it is told; the shares of a mix have none as a whole."""
    row, previous = words.explanation.row, words.year - 1
    if row.kpi.spec.shares:
        return
    values = {"previous": previous, "year": words.year}
    before, now = (words.cells.value(row.kpi, measure).text for measure in (row.before, row.now))
    if row.change is None:
        yield (Cell(words.say("figures", before=before, now=now, **values)),)
        return
    text = words.cells.change(row.kpi, row.change).text
    verdict = words.cells.verdict(row.change).text
    line = words.say("change", before=before, now=now, change=text, **values)
    yield (Cell(line if verdict == DASH else f"{line} {verdict}"),)


def _bridge_section(words: Words, bridge: Bridge) -> Section:
    name = clean(bridge.kpi.title.get(words.lang, bridge.kpi.title["en"]))
    heading = words.say(f"bridge_{bridge.role}", kpi=name) if bridge.role else words.say("bridge")
    tallies: dict[str, Tally] = {"all": bridge.total, **{str(tally.source): tally for tally in bridge.sources}}

    base = "open_records" if bridge.moment else "base"
    rows = [
        _sum_row(words, "read", tallies, "read"),
        *_losses(words, tallies),
        _sum_row(words, "loaded", tallies, "loaded"),
        *_left_out(words, bridge, tallies),
        _sum_row(words, base, tallies, "base"),
    ]
    if bridge.has_hits:
        rows.append(_sum_row(words, "hits" if bridge.kpi.spec.times is None else "ended_rows", tallies, "hits", 1))
    if bridge.has_against:
        rows.append(_sum_row(words, "against", tallies, "against", 1))
    return Section(Cell(heading, "heading"), tuple(rows))


def _sum_row(words: Words, key: str, tallies: Mapping[str, Tally], name: str, level: int = 0) -> Row:
    """A row of what is left; at level 1 a part of it."""
    cells = {column: Cell(words.count(getattr(tally, name)), "base") for column, tally in tallies.items()}
    return Row({LABEL: Cell(words.say(key)), **cells}, level)


def _loss_row(words: Words, label: str, numbers: Mapping[str, int]) -> Row:
    """A row of what is taken out."""
    cells = {name: Cell(_MINUS * bool(number) + words.count(number), "base") for name, number in numbers.items()}
    return Row({LABEL: Cell(label), **cells}, level=1)


def _losses(words: Words, tallies: Mapping[str, Tally]) -> Iterator[Row]:
    """What was read and is no record of its own in the database."""
    for fate in FATES:
        if tallies["all"].fates[fate]:
            yield _loss_row(words, words.say(f"fate_{fate}"), {name: t.fates[fate] for name, t in tallies.items()})
    if tallies["all"].removed:
        yield _loss_row(words, words.say("removed"), {name: tally.removed for name, tally in tallies.items()})


def _left_out(words: Words, bridge: Bridge, tallies: Mapping[str, Tally]) -> Iterator[Row]:
    """What is in the database and not in the base, by reason."""
    for key in ("joined", "labels"):
        if getattr(tallies["all"], key):
            yield _loss_row(words, words.say(key), {name: getattr(tally, key) for name, tally in tallies.items()})
    for place, reason in enumerate(bridge.reasons):
        if tallies["all"].left_out[place]:
            numbers = {name: tally.left_out[place] for name, tally in tallies.items()}
            yield _loss_row(words, reason_text(words, reason), numbers)


def reason_text(words: Words, reason: Reason) -> str:
    """Why records are not counted, in words or, of a condition that has none, its SQL."""
    key = f"reason_{reason.code}"
    if not is_message(f"explain_{key}"):
        key = "reason_no_day"
    return words.say(key, term=clean(reason.term)) if reason.term else words.say(key)


# The causes


def causes_pages(words: Words) -> Iterator[Page]:
    """Why the figure moved: sentences, then a table a dimension."""
    explanation = words.explanation
    causes = explanation.causes
    if explanation.untold is not None:
        yield _sentences([_untold(words)])
    elif not causes.breakdowns:
        yield _sentences([words.say("untold_dimension")])
    kinds: dict[Callable[[Words, Sequence[Breakdown]], Page], list[Breakdown]] = {}
    for breakdown in causes.breakdowns:
        if breakdown.groups:
            kinds.setdefault(_page_of(breakdown), []).append(breakdown)
    for write, breakdowns in kinds.items():
        page = write(words, breakdowns)
        known = tuple((Cell(line),) for breakdown in breakdowns for line in _coverage_sentences(words, breakdown))
        yield replace(page, heading=(*known, *page.heading))


def _page_of(breakdown: Breakdown) -> Callable[[Words, Sequence[Breakdown]], Page]:
    """What writes the page of a breakdown: a split, what groups add, or their figures."""
    if breakdown.split:
        return _split_page
    return _additions_page if breakdown.additions else _segments_page


def _coverage_sentences(words: Words, breakdown: Breakdown) -> Iterator[str]:
    """Of how many rows the dimension is known, where some lack it, and that this share moved between the years."""
    dimension = dimension_name(breakdown.dimension, words.lang)
    for coverage in breakdown.coverages:
        before, now = coverage.shares
        if before is None or now is None or (coverage.lower_share == 1 and not coverage.has_moved):
            continue
        line = words.say(
            "known_mostly" if coverage.lower_share >= _MOST else "known_partly",
            dimension=dimension,
            rows=words.say(f"rows_{coverage.kpi.from_table}"),
            known=words.count(coverage.known_rows[1]),
            count=words.count(coverage.rows[1]),
            now=format_value(now, "share", words.lang),
            before=format_value(before, "share", words.lang),
            previous=words.year - 1,
        )
        yield f"{line} {words.say('known_moved')}" if coverage.has_moved else line


def _sentences(lines: Sequence[str]) -> Page:
    columns = (Column(LABEL, Cell("", "head")),)
    return Page(tuple((Cell(line),) for line in lines), Table(columns, ()))


def _untold(words: Words) -> str:
    """Why nothing is said of the change."""
    comparison = words.explanation.row.comparison
    if words.explanation.untold == "figure" or comparison.reason is None:
        return words.say("untold_figure")
    if is_message(f"note_{comparison.reason}"):
        return words.say("untold_comparison", why=note_text(comparison.reason, comparison.values, words.lang))
    return words.say("untold_comparison", why=words.say("untold_no_data", year=words.year - 1))


def split_sentences(words: Words) -> Iterator[str]:
    """What a split says: within the groups, by the mix of each dimension, by what has no base; and where every group
    went one way and the whole the other.
    """
    causes = words.explanation.causes
    together = causes.together
    splits = [(b.dimension, b.split) for b in causes.breakdowns if b.split is not None]
    split, names = (together, causes.crossed) if together else (splits[0][1], (splits[0][0],))
    yield _rate_sentence(words, split.rate, names)
    for name in names:
        yield _part_sentence(words, "mix", split.mix[name], name)
    if split.outside is not None:
        name = "carrier" if "carrier" in names else names[0]
        yield _part_sentence(words, "outside", split.outside, name)
    for name, alone in splits:
        if (line := _opposite(words, name, alone)) is not None:
            yield line


def _rate_sentence(words: Words, part: Part, names: Sequence[str]) -> str:
    values = {"groups": words.plural(names), "change": words.change(part.value), "interval": words.interval(part)}
    if part.clear:
        values["change"] = words.change(abs(part.value)).removeprefix("+")
        return words.say("rate_rose" if part.value > 0 else "rate_fell", **values)
    return words.say("rate_unknown" if part.interval is None else "rate_chance", **values)


def _part_sentence(words: Words, kind: str, part: Part, name: str) -> str:
    ending = "clear" if part.clear else "unknown" if part.interval is None else "chance"
    return words.say(
        f"{kind}_{ending}",
        groups=words.say(f"of_{name}"),
        dimension=dimension_name(name, words.lang).lower(),
        change=words.change(part.value),
        interval=words.interval(part),
    )


def _opposite(words: Words, dimension: str, split: Split) -> str | None:
    """That every group went one way and the whole the other, and which group has more of the base than before."""
    moves = [group.values[1] - group.values[0] for group in split.groups]
    if len(moves) < 2 or not (all(move < 0 for move in moves) or all(move > 0 for move in moves)):
        return None
    if moves[0] * split.change >= 0:
        return None
    better = words.explanation.row.kpi.better
    direction = "rose" if moves[0] > 0 else "fell"
    if better != "none":
        direction = "better" if (direction == "fell") == (better == "lower") else "worse"
    group = dimension_name(dimension, words.lang).lower()
    mix = split.mix[dimension]
    if not mix.clear:
        return words.say(f"simpson_chance_{direction}", group=group)
    sign = 1 if split.change > 0 else -1
    larger = [entry for entry in split.groups if entry.shares[1] > entry.shares[0]]
    cause = max(larger, key=lambda entry: sign * entry.mix.value)
    return words.say(f"simpson_{direction}", group=group, cause=_cause(words, dimension, cause))


def _cause(words: Words, dimension: str, group: GroupChange) -> str:
    name = words.group(dimension, group.name)
    before, now = (format_value(share, "share", words.lang) for share in group.shares)
    bridge = words.explanation.bridges[-1]
    return words.say(
        "cause_channel" if dimension == "channel" else "cause_other",
        rows=words.say(f"rows_{bridge.kpi.from_table}"),
        name=name.lower() if dimension in ("channel", "reason") else name,
        before=before,
        now=now,
    )


def _split_page(words: Words, breakdowns: Sequence[Breakdown]) -> Page:
    years = (str(words.year - 1), str(words.year))
    columns = (
        Column(LABEL, Cell("", "head")),
        *(Column(f"share {year}", Cell(words.say("head_share", year=year), "head"), "right") for year in years),
        *(Column(f"value {year}", Cell(year, "head"), "right") for year in years),
        Column("mix", Cell(words.say("head_mix"), "head"), "right"),
        Column("mix interval", words.cells.say("head_change_interval", "head")),
        Column("rate", Cell(words.say("head_within"), "head"), "right"),
        Column("rate interval", words.cells.say("head_change_interval", "head")),
    )
    groups = (*_of_years(("share", "value"), years), ("mix", "mix interval"), ("rate", "rate interval"))
    sections = [_split_section(words, breakdown.dimension, breakdown.split) for breakdown in breakdowns
                if breakdown.split is not None]  # fmt: skip
    return Page(
        heading=tuple((Cell(line),) for line in split_sentences(words)),
        notes=tuple(Cell(note, "note") for note in _split_notes(words, breakdowns)),
        **_tables(columns, sections, groups),
    )


def _split_notes(words: Words, breakdowns: Sequence[Breakdown]) -> Iterator[str]:
    """What the dashes of what is not in the base mean, and how a change is split."""
    if any(breakdown.split and breakdown.split.outside for breakdown in breakdowns):
        yield words.say("outside_note", rows=words.say(f"rows_{words.explanation.bridges[0].kpi.from_table}"))
    yield words.say("method", **_method(words))


def _of_both(words: Words, name: str) -> tuple[str, str]:
    """A column of each year."""
    return f"{name} {words.year - 1}", f"{name} {words.year}"


class _Tables(TypedDict):
    """The tables of a page."""

    table: Table
    further: tuple[Table, ...]


def _tables(columns: tuple[Column, ...], sections: Sequence[Section], groups: tuple[tuple[str, ...], ...]) -> _Tables:
    """A table of each section: where its columns do not fit side by side, it is followed by its further columns."""
    first, *further = (Table(columns, (section,), groups) for section in sections)
    return {"table": first, "further": tuple(further)}


def _of_years(names: Sequence[str], years: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The columns of both years of each name, which stay together."""
    return tuple(tuple(f"{name} {year}" for year in years) for name in names)


def _method(words: Words) -> dict[str, str]:
    reporting = words.cells.reporting
    return {
        "level": words.cells.level,
        "least": words.count(max(reporting.min_base, 1)),
        "other": words.say("other_groups"),
    }


def _split_section(words: Words, dimension: str, split: Split) -> Section:
    figures = (split.before, split.now)
    whole = GroupChange("", (0.0, 0.0), (1.0, 1.0), figures, split.mix[dimension], split.rate)
    rows = [_group_row(words, say("total", words.lang), whole)]
    rows += [_group_row(words, words.group(dimension, group.name), group) for group in split.groups]
    if split.outside is not None:
        absent = {name: Cell(DASH, "missing") for name in (*_of_both(words, "share"), *_of_both(words, "value"),
                                                           "mix", "mix interval")}  # fmt: skip
        rows.append(Row({LABEL: Cell(words.say("outside")), **absent, **_part_cells(words, "rate", split.outside)}))
    return Section(_heading(words, dimension), tuple(rows))


def _group_row(words: Words, label: str, group: GroupChange) -> Row:
    cells = {LABEL: Cell(label), **_part_cells(words, "mix", group.mix), **_part_cells(words, "rate", group.rate)}
    for place, year in enumerate((words.year - 1, words.year)):
        cells[f"share {year}"] = Cell(format_value(group.shares[place], "share", words.lang), "base")
        text = format_value(group.values[place], words.unit, words.lang)
        cells[f"value {year}"] = Cell(text, "value" if place else "previous")
    return Row(cells)


def _heading(words: Words, dimension: str) -> Cell:
    return Cell(words.say("by", dimension=dimension_name(dimension, words.lang).lower()), "heading")


def _part_cells(words: Words, name: str, part: Part) -> dict[str, Cell]:
    return {
        name: Cell(words.change(part.value), "value" if part.clear else "unjudged"),
        f"{name} interval": Cell(words.interval(part), "change_interval"),
    }


def _additions_page(words: Words, breakdowns: Sequence[Breakdown]) -> Page:
    years, is_count = (str(words.year - 1), str(words.year)), words.explanation.kpi.spec.counts
    columns = (
        Column(LABEL, Cell("", "head")),
        *(Column(f"events {year}", Cell(words.say("head_events", year=year), "head"), "right") for year in years),
        *(Column(f"value {year}", Cell(year, "head"), "right") for year in years if not is_count),
        Column("part", Cell(words.say("head_part"), "head"), "right"),
        *(() if is_count else (Column("part interval", words.cells.say("head_change_interval", "head")),)),
    )
    groups = (*_of_years(("events", "value"), years), ("part", "part interval"))
    names = ", ".join(dimension_name(breakdown.dimension, words.lang).lower() for breakdown in breakdowns)
    line = words.say("additions_count") if is_count else words.say("additions", dimension=names)
    method = _method(words)
    sections = [
        Section(
            _heading(words, breakdown.dimension),
            tuple(_addition_row(words, breakdown.dimension, addition) for addition in breakdown.additions),
        )
        for breakdown in breakdowns
    ]
    return Page(
        heading=((Cell(line),),),
        notes=(Cell(words.say("method_counts" if is_count else "method_additions", **method), "note"),),
        **_tables(columns, sections, groups),
    )


def _addition_row(words: Words, dimension: str, addition: Addition) -> Row:
    cells = {LABEL: Cell(words.group(dimension, addition.name)), **_part_cells(words, "part", addition.part)}
    for place, year in enumerate((words.year - 1, words.year)):
        cells[f"events {year}"] = Cell(words.count(addition.events[place]), "base")
        text = format_value(addition.values[place], words.unit, words.lang)
        cells[f"value {year}"] = Cell(text, "value" if place else "previous")
    return Row(cells)


def _segments_page(words: Words, breakdowns: Sequence[Breakdown]) -> Page:
    cells, year = words.cells, words.year
    columns = (
        Column(LABEL, Cell("", "head")),
        Column("value", Cell(str(year), "head"), "right"),
        Column("previous", Cell(str(year - 1), "head"), "right"),
        Column("base", cells.say("head_base", "head"), "right"),
        Column("change", cells.say("head_change", "head"), "right"),
        Column("change_interval", cells.say("head_change_interval", "head"), optional=True),
        Column("verdict", cells.say("head_verdict", "head")),
    )
    groups = (("value", "previous", "base"), ("change", "change_interval", "verdict"))
    sections = tuple(
        Section(
            _heading(words, breakdown.dimension),
            tuple(_segment_row(words, breakdown.dimension, segment) for segment in breakdown.segments),
        )
        for breakdown in breakdowns
    )
    return Page(heading=((Cell(words.say("no_sum")),),), **_tables(columns, sections, groups))


def _segment_row(words: Words, dimension: str, segment: Segment) -> Row:
    cells, kpi = words.cells, words.explanation.row.kpi
    return Row(
        {
            LABEL: Cell(words.group(dimension, segment.key)),
            "value": cells.value(kpi, segment.now),
            "previous": cells.value(kpi, segment.before, "previous"),
            "change": cells.change(kpi, segment.change),
            "change_interval": cells.change_interval(kpi, segment.change),
            "verdict": cells.verdict(segment.change),
            "base": cells.base(kpi, segment.now),
        }
    )
