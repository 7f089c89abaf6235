"""Columns of yes and no that are filled with ticks: x where it is so, nothing where it is not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from kpibar.database.engine import Engine
from kpibar.read.columns import normal
from kpibar.values.helpers import NO, NOTHING, TICKS
from kpibar.values.notation import Reading, quote

CODE = "tick_column"
# One tick in a file may be a slip of somebody's hand.
_ENOUGH = 2


def settle_ticks(engine: Engine, cells: Mapping[str, str], reading: Reading) -> tuple[Reading, Counter[str]]:
    """The reading of a file whose first batch is `staged`, and how many of its records lack a tick, by their column.

    `cells` are the columns of yes and no by header name, as SQL. Where a column has nothing but ticks, an empty cell is
    a no; beside words for no, and where later batches bring the first, a tick is a yes and an empty cell unknown.
    Beside words for yes a tick may be anything, and so may the only one of all columns.
    """
    records: Counter[str] = Counter()
    if not cells:
        return reading, records
    words = [(TICKS, "IN"), (NOTHING, "NOT IN"), ((*TICKS, *NOTHING, *NO), "NOT IN")]
    listed = ", ".join(
        f"count(*) FILTER (WHERE coalesce(lower(trim({cell})), '') {among} ({', '.join(map(quote, texts))}))"
        for cell in cells.values()
        for texts, among in words
    )
    total, *counts = engine.rows(f"SELECT count(*), {listed} FROM staged")[0]
    columns = {name: tuple(counts[3 * place : 3 * place + 3]) for place, name in enumerate(cells)}
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
