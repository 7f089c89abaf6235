"""Which of several rows of a file with one record's key is the newest version of that record.

A row per event or per state of a record often has no `updated_at`, and an export may begin with the newest row. What
can only grow tells the order: the counts of what was done, the instants of what happened, the results that are filled.
Of rows that are alike in all of it, the order in which the other records of the file come decides. A ticket may be
reopened, so that it is solved no more: where the rows of tickets clearly have an order, it counts before what happened.
"""

from kpibar.database.schema import HAPPENED, KEYS
from kpibar.database.store import Store

# The remark on records of which nothing in a file tells the newest row.
UNDECIDED = "version_undecided"
# Of so many pairs of rows, and so many times as many one way as the other, the order is no chance.
_PAIRS, _CLEAR = 20, 4
# Counts of what was done, which never fall.
_COUNTS = {
    "contacts": ("agent_replies", "customer_messages", "reopens", "transfers"),
    "parcels": ("attempts",),
}
# Results, which are empty until they are there.
_RESULTS = {
    "contacts": ("first_reply_s", "first_reply_business_s", "resolution_s", "handle_s", "talk_s"),
    "surveys": ("score",),
}


def rank_versions(store: Store, entity: str, filled: list[str]) -> int:
    """Write `batch`: the rows of `contested_<entity>` with `version`, 1 for the newest row of each record.

    `filled` are the columns the file fills. Returns how many records have another row that nothing tells to be older
    than the newest, though it says something else: the lowest one was taken.
    """
    key = ", ".join(KEYS[entity].id)
    store.engine.run(
        f"CREATE OR REPLACE TEMP TABLE batch AS SELECT *, dense_rank() OVER (PARTITION BY {key} "
        f"ORDER BY {_progress(entity)}) AS progress FROM contested_{entity}"
    )
    later, earlier = store.engine.rows(
        "SELECT count(*) FILTER (WHERE progress > above), count(*) FILTER (WHERE progress < above) FROM "
        f"(SELECT progress, lag(progress) OVER (PARTITION BY {key} ORDER BY line) AS above FROM batch)"
    )[0]
    order = "ASC" if earlier > later else "DESC"
    clear = later + earlier >= _PAIRS and max(later, earlier) >= _CLEAR * min(later, earlier)
    newest = "updated_at DESC NULLS LAST" if clear and entity == "contacts" else "progress DESC"
    store.engine.run(
        "CREATE OR REPLACE TEMP TABLE batch AS SELECT *, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY {newest}, line {order}) AS version FROM batch"
    )
    return 0 if earlier != later else _undecided(store, entity, filled)


def _progress(entity: str) -> str:
    """SQL of an ORDER BY: the older version of a record first."""
    happened = ", ".join(name for name in HAPPENED[entity] if name != "updated_at")
    terms = ["updated_at NULLS FIRST"]
    terms += [" + ".join(f"coalesce({name}, 0)" for name in _COUNTS[entity])] if entity in _COUNTS else []
    terms += [f"greatest({happened}, NULL) NULLS FIRST"]
    results = _RESULTS.get(entity, ())
    terms += [" + ".join(f"({name} IS NOT NULL)::INTEGER" for name in results)] if results else []
    return ", ".join(terms)


def _undecided(store: Store, entity: str, filled: list[str]) -> int:
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM t.{name}" for name in filled) or "FALSE"
    rows = store.engine.rows(
        "SELECT count(DISTINCT t.line) FROM batch AS t JOIN batch AS b "
        f"ON {KEYS[entity].same('b', 't')} AND b.progress = t.progress "
        f"WHERE t.version = 1 AND b.version > 1 AND ({differs})"
    )
    return int(rows[0][0])
