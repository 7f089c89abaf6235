"""What stands under the tables: what is not there and why, the legend of the marks used, the notes."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from kpibar.measure.barometer import Note, Row
from kpibar.measure.estimates import Measure
from kpibar.render.clean import clean
from kpibar.render.grid import Cells, wrapped
from kpibar.render.messages import dimension_name, inputs, note_text, note_values, say
from kpibar.render.page import Page

# Shown by a mark beside the figure that the legend explains, or by the line on what is not available.
_MARKED = frozenset({"small_base", "low_base", "no_rows", "no_breakdown"})
# Said once for all the KPIs they concern, beside what a KPI leaves out because it is unknown.
_SHARED = frozenset(
    {
        "low_coverage",
        "coverage_differs",
        "base_whole",
        "no_order",
        "without_base",
        "succession",
        "tool_changed",
        "immature",
        "previous_incomplete",
        "counted_until",
        "one_part_only",
        "selected_year",
    }
)
_SEPARATOR = " · "


def footer(page: Page, cells: Sequence[Cells], left_out: Sequence[Row]) -> Iterator[Text]:
    """The lines under the tables, a blank one before each block. `cells` are those shown, `left_out` the KPIs
    that the dimension asked for cannot break down.
    """
    absent = [*_unavailable(page), *_left_out(page, left_out)]
    for block in (absent, [*_legend(page, cells), *_notes(page)]):
        if block:
            yield Text()
        for paragraph in block:
            yield from wrapped(paragraph, page.screen.width)


def _unavailable(page: Page) -> Iterator[Text]:
    for row in page.barometer.rows:
        if row.status == "not_available":
            why = _why(page, row)
            yield page.say("not_available", "quiet", kpi=page.name(row.kpi), why=why)


def _why(page: Page, row: Row) -> str:
    if row.missing:
        return say("needs", page.lang, inputs=clean(inputs(row.missing, page.lang)))
    for note in row.notes:
        if note.code == "immature" or note.code in row.kpi.notes:
            return note_text(note.code, note.values, page.lang)
    return say("note_no_rows", page.lang, year=page.barometer.edition.year)


def _left_out(page: Page, rows: Sequence[Row]) -> Iterator[Text]:
    if rows and page.barometer.request.by:
        dimension = dimension_name(page.barometer.request.by, page.lang)
        names = _SEPARATOR.join(page.name(row.kpi) for row in rows)
        yield page.say("no_dimension", "quiet", dimension=dimension, kpis=names)


def _legend(page: Page, cells: Sequence[Cells]) -> Iterator[Text]:
    """One paragraph that explains the marks shown, and no other."""
    found = []
    if any("change" in row and row["change"].cell_len > 1 for row in cells):
        found.append(page.say("legend_arrows", level=page.level))
        found += [page.say("legend_hollow"), page.say("legend_verdict")]
    least = page.count(page.reporting.min_base)
    masked = page.say("low_base", least=least).plain
    if any(cell.plain == masked for row in cells for cell in row.values()):
        found.append(page.say("legend_low_base", least=least))
    if any(row["target"].plain[:1] in "✓~✗ox" for row in cells if row.get("target") and row["target"].plain.strip()):
        found.append(page.say("legend_targets"))
    if any(row["base"].plain.endswith("*") for row in cells if "base" in row):
        found.append(page.say("legend_small_base", small=page.count(page.reporting.small_base)))
    if page.barometer.request.by == "month" and any(month.immature for month in _months(page)):
        found.append(page.say("legend_provisional"))
    if found:
        yield page.text(_SEPARATOR.join(text.plain for text in found), "quiet")


def _months(page: Page) -> Iterator[Measure]:
    return (measure for row in page.barometer.rows for _, measure in row.series if row.status != "not_available")


def _notes(page: Page) -> Iterator[Text]:
    for note in page.barometer.notes:
        yield _line(page, note, note_text(note.code, note.values, page.lang))
    shared: dict[tuple[str, str], tuple[Note, list[str]]] = {}
    for row in page.barometer.rows:
        # What is not available has said its reason already.
        for note in row.notes if row.status != "not_available" else ():
            if note.code in _SHARED or note.code in row.kpi.notes:
                key = (note.code, repr({**note.values, "rows": None}))
                shared.setdefault(key, (note, []))[1].append(_named(page, row, note))
            elif note.code not in _MARKED:
                text = note_text(note.code, note.values, page.lang)
                yield _line(page, note, say("note_line", page.lang, kpi=page.name(row.kpi), text=text))
    for note, names in shared.values():
        values = note_values(note.values, page.lang)
        yield _line(page, note, say(f"notes_{note.code}", page.lang, **values, kpis=_SEPARATOR.join(names)))


def _named(page: Page, row: Row, note: Note) -> str:
    rows = note.values.get("rows")
    return page.name(row.kpi) if rows is None else f"{page.name(row.kpi)} {page.count(float(rows))}"


def _line(page: Page, note: Note, text: str) -> Text:
    return page.text(clean(text), "plain" if note.level == "warning" else "quiet")
