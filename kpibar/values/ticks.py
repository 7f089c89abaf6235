"""Columns of yes and no that are filled with ticks: x where it is so, nothing where it is not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpibar.read.columns import normal
from kpibar.values.helpers import NO, NOTHING, TICKS
from kpibar.values.notation import Reading, quote

CODE = "tick_column"
# One tick in a file may be a slip of somebody's hand.
_ENOUGH = 2


def tick_counts(cells: Iterable[str]) -> list[str]:
    """SQL aggregates, three for each cell: how many are ticks, are filled, are yes or another word."""
    words = [(TICKS, "IN"), (NOTHING, "NOT IN"), ((*TICKS, *NOTHING, *NO), "NOT IN")]
    return [
        f"count(*) FILTER (WHERE coalesce(lower(trim({cell})), '') {among} ({', '.join(map(quote, texts))}))"
        for cell in cells
        for texts, among in words
    ]


def settle_ticks(
    names: Sequence[str], total: int, counts: Sequence[int], reading: Reading
) -> tuple[Reading, Counter[str]]:
    """The reading of a file of whose first batch `counts` (see tick_counts) tell, and how many records lack a tick.

    `names` are the header names of the columns of yes and no, `total` is the number of records. Where a column has
    nothing but ticks, an empty cell is a no; beside words for no, and where later batches bring the first, a tick is a
    yes and an empty cell unknown. Beside words for yes a tick may be anything, and so may the only one of all columns.
    """
    records: Counter[str] = Counter()
    if not names:
        return reading, records
    columns = {name: tuple(counts[3 * place : 3 * place + 3]) for place, name in enumerate(names)}
    enough = max(ticked for ticked, *_ in columns.values()) >= _ENOUGH
    ticks = {}
    for name, (ticked, filled, others) in columns.items():
        alone = ticked == filled > 0
        if others or (alone and not enough):
            continue
        ticks[normal(name)] = alone
        if alone and filled < total:
            records[f'"{name}"'] += total - filled
    return replace(reading, ticks=ticks), records
