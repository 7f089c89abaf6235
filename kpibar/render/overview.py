"""What a reader sees first: how many KPIs are better or worse, and which."""

from collections import Counter
from collections.abc import Iterator, Sequence

from kpibar.measure.report import Row, Verdict
from kpibar.render.cells import Cells
from kpibar.render.table import SEPARATOR, Cell, Role

_COUNTED: tuple[Verdict, ...] = ("better", "worse", "stable", "small", "cannot_tell")
# The names of one verdict fill at most a line of a narrow screen.
_LONGEST_LINE = 80


def overview_lines(cells: Cells, rows: Sequence[Row]) -> Iterator[tuple[Cell, ...]]:
    """The verdicts of the year by their number, then the KPIs that are worse or better; nothing of a single KPI."""
    verdicts = Counter(row.change.verdict for row in rows if row.change)
    counts = {verdict: verdicts[verdict] for verdict in _COUNTED if verdicts[verdict]}
    if sum(counts.values()) < 2:
        return
    words = (cells.say(f"count_{verdict}", "summary", count=cells.count(n)).text for verdict, n in counts.items())
    yield (Cell(SEPARATOR.join(words), "summary"),)
    names = [_names(cells, rows, "worse"), _names(cells, rows, "better")]
    if any(names):
        yield tuple(cell for cell in names if cell)


def _names(cells: Cells, rows: Sequence[Row], verdict: Verdict) -> Cell | None:
    """The KPIs of a verdict, headlines first, as many as a line holds, and the number of the others."""
    found = [row.kpi for row in rows if row.change and row.change.verdict == verdict]
    names = [cells.name(kpi) for kpi in sorted(found, key=lambda kpi: not kpi.headline)]
    role: Role = "worse" if verdict == "worse" else "better"
    for shown in range(len(names), 0, -1):
        rest = [] if shown == len(names) else [cells.say("more_kpis", role, count=cells.count(len(names) - shown)).text]
        cell = cells.say(f"names_{verdict}", role, kpis=SEPARATOR.join([*names[:shown], *rest]))
        if len(cell.text) <= _LONGEST_LINE or shown == 1:
            return cell
    return None
