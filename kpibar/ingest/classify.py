"""What is the same for many records is worked out once: contact reasons, and pseudonyms of people who come back."""

from kpibar.ingest.expressions import pseudonym
from kpibar.ingest.plan import Plan, undecided, with_reasons
from kpibar.ingest.topics import by_text, by_vendor
from kpibar.store import Store

# Below this share of distinct values, finding them first is cheaper than computing every pseudonym.
_FEW = 0.6


def classify(store: Store, compiled: Plan) -> None:
    """Fill `vendor_reasons` and `text_reasons` for the contacts of `typed`, where the file has such a column."""
    table = compiled.tables.get("contacts")
    if table is None:
        return
    texts = compiled.texts("contacts")
    if "reason_raw" in table.fields:
        raw = f"SELECT DISTINCT reason_raw AS raw FROM ({texts}) WHERE reason_raw IS NOT NULL"
        reason = by_vendor("raw", compiled.reasons)
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE vendor_reasons AS SELECT raw, {reason} AS reason FROM ({raw})")
    if table.text is not None:
        undecided_texts = f"{undecided('c')} AS text FROM ({with_reasons(texts, table, classified=False)}) AS c"
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE text_reasons AS SELECT text, {by_text('text')} AS reason "
            f"FROM (SELECT DISTINCT {undecided_texts}) WHERE text IS NOT NULL"
        )


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
