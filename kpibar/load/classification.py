"""What is the same for many records is worked out once: contact reasons, and pseudonyms of people who come back."""

import hashlib
from collections.abc import Sequence

from kpibar.database.store import Store
from kpibar.load.counts import Tally, count_value
from kpibar.load.plan import REASONS, Plan, undecided_reason, with_reasons
from kpibar.topics.reasons import recorded_reasons, unknown_words
from kpibar.topics.rules import by_text
from kpibar.values.helpers import pseudonym

# Below this share of distinct values, finding them first is cheaper than computing every pseudonym.
_FEW_SHARE = 0.6
# So many words of a batch that nobody knows are counted: where there are more, they are free texts.
_MOST_WORDS, _LONGEST_WORD = 2_000, 60
# So many answers of a rule are kept from batch to batch, and from file to file.
_CACHE_SIZE = 200_000
# The answers to few words, for all connections of this process: to prepare the rules takes a sixth of what a file of
# one row takes. By a hash of the rules and the text, which may be personal.
_ANSWERS: dict[bytes, str | None] = {}
_FEW_WORDS, _MOST_ANSWERS = 20, 50_000


def classify(store: Store, plan: Plan) -> None:
    """Have the answers for the contacts of `typed` in `vendor_reasons` and `text_reasons` (said, reason).

    The reasons that were recorded and how many contacts have each are in `said_reasons` (said, n).
    """
    table = plan.tables.get("contacts")
    if table is None:
        return
    texts = plan.texts("contacts")
    if "reason_raw" in table.fields:
        store.engine.run(
            "CREATE OR REPLACE TEMP TABLE said_reasons AS "
            f"SELECT reason_raw AS said, count(*) AS n FROM ({texts}) WHERE reason_raw IS NOT NULL GROUP BY 1"
        )
        _judge(store, "vendor_reasons", "SELECT said FROM said_reasons", recorded_reasons("unheard", plan.reasons))
    if table.text is not None:
        rows = with_reasons(texts, table, has_classes=False)
        words = f"SELECT DISTINCT {undecided_reason('c')} AS said FROM ({rows}) AS c"
        _judge(store, "text_reasons", words, f"SELECT said, {by_text('said')} FROM unheard")


def count_unmapped(store: Store, plan: Plan, tally: Tally) -> None:
    """Count the contacts of `typed` whose recorded reason nobody knows, and the words of these reasons."""
    table = plan.tables.get("contacts")
    if table is None or "reason_raw" not in table.fields:
        return
    rows = store.engine.rows
    nobody = "(SELECT said, n FROM said_reasons JOIN vendor_reasons USING (said) WHERE reason IS NULL)"
    if not rows(f"SELECT count(*) FROM {nobody}")[0][0]:
        return
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE unmapped AS {unknown_words(nobody, plan.reasons)}")
    # Of several spellings the most frequent is shown.
    words = f"SELECT arg_max(left(word, {_LONGEST_WORD}), n), sum(n) FROM unmapped GROUP BY folded ORDER BY 2 DESC, 1"
    for word, n in rows(f"{words} LIMIT {_MOST_WORDS}"):
        count_value(tally, REASONS, word, int(n))
    contacts = rows("SELECT coalesce(sum(n), 0) FROM (SELECT DISTINCT said, n FROM unmapped)")[0][0]
    tally.remarks["reason_unmapped", ""] += int(contacts)


def _judge(store: Store, table: str, words: str, answers: str) -> None:
    """Add to a table of answers those for what is found and not yet known, which `answers` takes from `unheard`.

    To prepare the rules costs the engine more than a small file does: they are asked only where something is new.
    """
    run, rows = store.engine.run, store.engine.rows
    run(
        f"CREATE TEMP TABLE IF NOT EXISTS {table} (said VARCHAR, reason VARCHAR); "
        f"DELETE FROM {table} WHERE (SELECT count(*) FROM {table}) > {_CACHE_SIZE}; "
        f"CREATE OR REPLACE TEMP TABLE unheard AS SELECT said FROM ({words}) "
        f"ANTI JOIN {table} USING (said) WHERE said IS NOT NULL"
    )
    unheard = [said for (said,) in rows(f"SELECT said FROM unheard LIMIT {_FEW_WORDS + 1}")]
    if len(unheard) > _FEW_WORDS:
        run(f"INSERT INTO {table} {answers}")
    elif unheard:
        _judge_few(store, table, unheard, answers)


def _judge_few(store: Store, table: str, unheard: Sequence[str], answers: str) -> None:
    """Add the answers to few words: those that another connection of this process got, where it got all of them."""
    keys = {said: hashlib.sha256(f"{answers}\0{said}".encode()).digest() for said in unheard}
    if all(key in _ANSWERS for key in keys.values()):
        store.engine.append(table, {"said": unheard, "reason": [_ANSWERS[keys[said]] for said in unheard]})
        return
    store.engine.run(f"INSERT INTO {table} {answers}")
    if len(_ANSWERS) > _MOST_ANSWERS:
        _ANSWERS.clear()
    new_rows = store.engine.rows(f"SELECT said, reason FROM {table} SEMI JOIN unheard USING (said)")
    _ANSWERS.update({keys[said]: reason for said, reason in new_rows})


def look_up_pseudonyms(store: Store, plan: Plan) -> tuple[str, ...]:
    """Fill `pseudonyms_<column>` for the identities of `typed` that come often; return these."""
    names = plan.identities
    if not names:
        return ()
    counts = ", ".join(f"approx_count_distinct({name}) <= {_FEW_SHARE} * count({name})" for name in names)
    often = store.engine.rows(f"SELECT {counts} FROM typed")[0]
    frequent = tuple(name for name, often_there in zip(names, often, strict=True) if often_there)
    for name in frequent:
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE pseudonyms_{name} AS "
            f"SELECT identity, {pseudonym('identity')} AS pseudonym "
            f"FROM (SELECT DISTINCT {name} AS identity FROM typed WHERE {name} IS NOT NULL)"
        )
    return frequent
