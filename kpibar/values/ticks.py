"""Columns of yes and no that are filled with ticks: x where it is so, nothing where it is not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpibar.read.columns import normal
from kpibar.values.helpers import EMPTY_WORDS, NO, TICKS
from kpibar.values.notation import AnyNotation, quote

CODE = "tick_column"
# One tick in a file may be a slip of somebody's hand.
_ENOUGH = 2


def tick_counts(cells: Iterable[str]) -> list[str]:
    """SQL aggregates, three for each cell: how many are ticks, are filled, are yes or another word."""
    words = [(TICKS, "IN"), (EMPTY_WORDS, "NOT IN"), ((*TICKS, *EMPTY_WORDS, *NO), "NOT IN")]
    return [
        f"count(*) FILTER (WHERE coalesce(lower(trim({cell})), '') {among} ({', '.join(map(quote, texts))}))"
        for cell in cells
        for texts, among in words
    ]


def settle_ticks(
    names: Sequence[str], total: int, counts: Sequence[int], notation: AnyNotation
) -> tuple[AnyNotation, Counter[str]]:
    """The notation of a file of whose first batch `counts` (see tick_counts) tell, and how many records lack a tick.

    `names` are the header names of the columns of yes and no, `total` is the number of records. Where a column has
    nothing but ticks, an empty cell is a no; beside words for no, and where later batches bring the first, a tick is a
    yes and an empty cell unknown. Beside words for yes a tick may be anything, and so may the only one of all columns.
    """
    records: Counter[str] = Counter()
    if not names:
        return notation, records
    columns = {name: tuple(counts[3 * place : 3 * place + 3]) for place, name in enumerate(names)}
    enough = max(tick_count for tick_count, *_ in columns.values()) >= _ENOUGH
    ticks = {}
    for name, (tick_count, texts, strangers) in columns.items():
        alone = tick_count == texts > 0
        if strangers or (alone and not enough):
            continue
        ticks[normal(name)] = alone
        if alone and texts < total:
            records[f'"{name}"'] += total - texts
    return replace(notation, ticks=ticks), records
