"""What the exports do not tell of deliveries: what a carrier's word means, and which orders were cancelled."""

from kpibar.database.store import Store
from kpibar.model.build import steps
from kpibar.privacy.disclosure import NAMED_FROM, blank, show_value

# So many words of carriers are listed.
_MOST_WORDS = 20


def unknown_statuses(store: Store) -> tuple[tuple[str, int], ...]:
    """The words of parcels without a day of delivery that nobody knows, and their parcels, the most frequent first.

    A rare word, which may be a person in a shifted row, is shown by its shape.
    """
    statuses = next(step.sql for step in steps() if step.table == "fact_statuses")
    rows = store.engine.rows(
        f"SELECT p.status, count(*) FROM parcels p JOIN ({statuses}) AS s ON s.status = lower(p.status) "
        "WHERE s.state IS NULL AND p.delivered_at IS NULL AND p.returned_at IS NULL AND NOT coalesce(p.lost, FALSE) "
        "AND NOT coalesce(p.complete, FALSE) GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    counts: dict[str, int] = {}
    for word, n in rows:
        text = show_value(word) if n >= NAMED_FROM else blank(word)
        counts[text] = counts.get(text, 0) + int(n)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_WORDS])


def sources_without_cancellations(store: Store) -> tuple[str, ...]:
    """The shop systems of which no file told when an order was cancelled, where parcels are held too.

    Who writes kpibar's own file knows which columns it has.
    """
    rows = store.engine.rows(
        "SELECT DISTINCT source FROM orders WHERE EXISTS (SELECT 1 FROM parcels) AND source NOT LIKE 'kpibar-%' "
        "AND source NOT IN "
        "(SELECT source FROM columns_held WHERE entity = 'orders' AND column_name = 'cancelled_at') ORDER BY 1"
    )
    return tuple(source for (source,) in rows)
