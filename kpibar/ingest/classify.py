"""What is the same for many records is worked out once: contact reasons, and pseudonyms of people who come back."""

from kpibar.ingest.expressions import pseudonym
from kpibar.ingest.plan import Plan, undecided, with_reasons
from kpibar.ingest.topics import by_text, by_vendor
from kpibar.store import Store

# Below this share of distinct values, finding them first is cheaper than computing every pseudonym.
_FEW = 0.6
# So many answers of a rule are kept from batch to batch, and from file to file.
_REMEMBERED = 200_000


def classify(store: Store, compiled: Plan) -> None:
    """Have the rules' answers for the contacts of `typed` in `vendor_reasons` and `text_reasons` (said, reason)."""
    table = compiled.tables.get("contacts")
    if table is None:
        return
    texts = compiled.texts("contacts")
    if "reason_raw" in table.fields:
        _judge(store, "vendor_reasons", f"SELECT DISTINCT reason_raw AS said FROM ({texts})", by_vendor("said"))
    if table.text is not None:
        judged = with_reasons(texts, table, compiled.reasons, classified=False)
        said = f"SELECT DISTINCT {undecided('c')} AS said FROM ({judged}) AS c"
        _judge(store, "text_reasons", said, by_text("said"))


def _judge(store: Store, table: str, found: str, rule: str) -> None:
    """Add to a table of answers those for what is found and not yet known.

    To prepare the rules costs the engine more than a small file does: they are asked only where something is new.
    """
    run, rows = store.engine.run, store.engine.rows
    run(f"CREATE TEMP TABLE IF NOT EXISTS {table} (said VARCHAR, reason VARCHAR)")
    if rows(f"SELECT count(*) FROM {table}")[0][0] > _REMEMBERED:
        run(f"DELETE FROM {table}")
    run(
        f"CREATE OR REPLACE TEMP TABLE unheard AS SELECT said FROM ({found}) "
        f"ANTI JOIN {table} USING (said) WHERE said IS NOT NULL"
    )
    if rows("SELECT count(*) FROM unheard")[0][0]:
        run(f"INSERT INTO {table} SELECT said, {rule} FROM unheard")


def look_up_pseudonyms(store: Store, compiled: Plan) -> tuple[str, ...]:
    """Fill `pseudonyms_<column>` for the identities of `typed` that come often; return these."""
    found = []
    for name in compiled.identities:
        distinct, given = store.engine.rows(f"SELECT approx_count_distinct({name}), count({name}) FROM typed")[0]
        if distinct <= _FEW * given:
            store.engine.run(
                f"CREATE OR REPLACE TEMP TABLE pseudonyms_{name} AS "
                f"SELECT identity, {pseudonym('identity')} AS pseudonym "
                f"FROM (SELECT DISTINCT {name} AS identity FROM typed WHERE {name} IS NOT NULL)"
            )
            found.append(name)
    return tuple(found)
