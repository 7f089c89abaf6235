"""Merge the typed records of a file into a canonical table: the newest version of each record stays.

A record is identified by (source, record id). Within a file the newest row is found first (see `newest`). From one
file to the next the newer version wins: by the record's own `updated_at` when both versions have one and they differ,
else by the instant up to which their exports speak, else the one ingested last.
A record belongs to the latest file that confirmed it. The same file read another way corrects what it brought: of two
readings of one text the last one holds, whatever its times now are.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kpibar.database.ledger import Counts
from kpibar.database.schema import BEGINS, INSTANTS, KEYS, PROMISE_SEEN, TEXT_COLUMNS, columns
from kpibar.database.store import Store
from kpibar.load.counts import Records
from kpibar.load.errors import AccountsMixed
from kpibar.load.keys import order_mentions, reference_mentions
from kpibar.load.plan import Plan
from kpibar.load.promises import first_seen, keep_first_promise, take_earlier_promise
from kpibar.plausibility.accounts import compare
from kpibar.values.helpers import pseudonym

# So many records are alike by no chance.
_NO_CHANCE = 10
# What two records of one thing have in common, where that is not their number and when they began.
_ALIKE = {"orders": ("order_key", "ordered_on"), "costs": ("month", "channel", "amount")}
# What collects the order numbers in the texts of a file's contacts.
_MENTION_SQL = (
    "CREATE TEMP TABLE IF NOT EXISTS mentioned (line BIGINT, contact_id VARCHAR, order_key UUID, explicit BOOLEAN)"
)
# Zones are whole half hours apart, fourteen hours at most. So many of the known records must be.
_HALF_HOUR_S, _ZONES_S, _SHIFT_SHARE = 1_800, 50_400, 0.9


@dataclass(frozen=True)
class Target:
    """The table a file fills, the source its records belong to, the file's id for it, and the file's SHA-256."""

    entity: str
    source: str
    file_id: int
    sha256: str

    @property
    def id(self) -> str:
        """The column by which two versions of a record are first told to be the same."""
        return KEYS[self.entity].id[0]

    @property
    def names(self) -> list[str]:
        """The columns a record brings."""
        return [column for column in columns(self.entity) if column not in ("file_id", "source")]

    @property
    def values(self) -> str:
        """SQL of these columns over the mapped records."""
        own_promise = first_seen(self.file_id)
        return ", ".join(f"{own_promise[name]} AS {name}" if name in own_promise else name for name in self.names)


def take(
    store: Store,
    target: Target,
    plan: Plan,
    looked_up: tuple[str, ...],
    place: int,
    spellings: frozenset[str],
    records: Records,
    before: int,
) -> tuple[int, int]:
    """Write the valid records of `typed` that are seen for the first time; how many, and how many others there are.

    These wait in `contested_<entity>` for the end of the file. `place` is the number of records of the file that came
    before, so that a record keeps its place; `before` that of the records of the table. `spellings` are those of
    Plan.mapped.
    """
    if not records.valid:
        return 0, 0
    select = plan.mapped_sql(target.entity, looked_up, spellings)
    columns, values = ", ".join(target.names), target.values
    _find_mentions(store, target, plan, place)
    if not records.twice and not (before and _is_known(store, target, plan)):
        store.engine.run(
            f"INSERT INTO {target.entity} (file_id, source, {columns}) "
            f"SELECT $file_id, $source, {values} FROM ({select})",
            {"file_id": target.file_id, "source": target.source},
        )
        return records.valid, 0
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE mapped AS {select}")
    store.engine.run(
        f"CREATE OR REPLACE TEMP TABLE known AS SELECT {target.id} FROM mapped GROUP BY ALL HAVING count(*) > 1 "
        f"UNION SELECT {target.id} FROM {target.entity} "
        f"WHERE source = $source AND {target.id} IN (SELECT {target.id} FROM mapped); "
        f"CREATE TEMP TABLE IF NOT EXISTS contested_{target.entity} AS "
        f"SELECT CAST(0 AS BIGINT) AS line, {columns} FROM {target.entity} LIMIT 0; "
        f"INSERT INTO contested_{target.entity} SELECT line + $place, {values} FROM mapped "
        f"SEMI JOIN known USING ({target.id}); "
        f"INSERT INTO {target.entity} (file_id, source, {columns}) SELECT $file_id, $source, {values} FROM mapped "
        f"ANTI JOIN known USING ({target.id})",
        {"source": target.source, "file_id": target.file_id, "place": place},
    )
    fresh = int(store.engine.rows(f"SELECT count(*) FROM mapped ANTI JOIN known USING ({target.id})")[0][0])
    return fresh, records.valid - fresh


def _is_known(store: Store, target: Target, plan: Plan) -> bool:
    """Whether some record of `typed` is there already."""
    ids = plan.field(target.entity, target.id)
    return bool(
        store.engine.rows(
            f"SELECT count(*) FROM {target.entity} "
            f"WHERE source = ? AND {target.id} IN (SELECT {target.id} FROM ({ids}))",
            [target.source],
        )[0][0]
    )


def settle(
    store: Store,
    target: Target,
    path: Path,
    as_of: datetime | None,
    updates: frozenset[str],
    additions: int,
    contests: int,
    remarks: Counter[tuple[str, str]] | None,
) -> Counts:
    """Decide between the versions of the contested records, and count what became of all.

    Only the columns the file fills are compared and replaced: a narrower export does not erase what is known.
    `remarks` are added to; None for a further table, whose records are parts of those of the first.
    Raises AccountsMixed.
    """
    entity, names = target.entity, target.names
    fates: dict[str, int] = {}
    repeats = 0
    if contests:
        # The first version of a record that comes twice in the file was new when it was read.
        additions -= (again := _call_back(store, target))
        contests += again
        ties = _decide_fates(store, target, as_of, [name for name in names if name in updates])
        if remarks is not None:
            remarks["stranger_replaced", ""] += _refuse_another_account(store, target, path, updates)
            _count_shifted(store, target, remarks)
        _write(store, entity, target.source, target.file_id, names)
        _confirm(store, target, as_of)
        if entity == "parcels":
            take_earlier_promise(store, target.source, target.file_id, target.sha256)
        fates = dict(store.engine.rows("SELECT fate, count(*) FROM incoming GROUP BY fate"))
        repeats = int(store.engine.rows("SELECT count(*) FROM batch WHERE version > 1")[0][0])
        if repeats and remarks is not None:
            remarks[VERSION_UNDECIDED, ""] += ties
            remarks["stranger_repeated", ""] += _count_strangers(store, target, updates)
    if entity == "contacts" and additions + contests:
        _write_mentions(store, target, is_contested=bool(contests), texts=not updates.isdisjoint(TEXT_COLUMNS))
    return Counts(
        records=additions + contests,
        added=additions + fates.get("added", 0),
        updated=fates.get("updated", 0),
        unchanged=fates.get("unchanged", 0),
        superseded=fates.get("superseded", 0) + repeats,
    )


def _call_back(store: Store, target: Target) -> int:
    """Move the records this file wrote and now contests to the others, before their first line; how many."""
    columns = ", ".join(target.names)
    mine = (
        f"FROM {target.entity} WHERE source = ? AND file_id = ? "
        f"AND {target.id} IN (SELECT {target.id} FROM contested_{target.entity})"
    )
    values = [target.source, target.file_id]
    count = int(store.engine.rows(f"SELECT count(*) {mine}", values)[0][0])
    if count:
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE mapped AS SELECT {columns} {mine}", values)
        store.engine.run(f"DELETE {mine}", values)
        store.engine.run(f"INSERT INTO contested_{target.entity} SELECT -1, {columns} FROM mapped")
    return count


def _decide_fates(store: Store, target: Target, as_of: datetime | None, updates: list[str]) -> int:
    """`batch` ranks the versions of a record within the file, `incoming` compares the newest with what is held.

    Returns the number of records of which nothing in the file tells the newest row.
    """
    entity, key = target.entity, KEYS[target.entity].id
    ties = rank_versions(store, entity, updates)
    if entity == "parcels":
        keep_first_promise(store, target.source, target.sha256, as_of)
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM t.{name}" for name in updates)
    columns_kept = [
        name for name in columns(entity) if name not in ("file_id", "source", *PROMISE_SEEN, *updates, *key)
    ]
    # What the file says nothing of is as it was; of a record that is new, as it comes.
    values_kept = "".join(
        f", CASE WHEN t.{key[0]} IS NULL THEN b.{name} ELSE t.{name} END AS {name}" for name in columns_kept
    )
    select = f"b.* EXCLUDE ({', '.join(columns_kept)}){values_kept}" if columns_kept else "b.*"
    older = (
        "CASE WHEN f.sha256 = ? THEN FALSE WHEN b.updated_at <> t.updated_at THEN b.updated_at < t.updated_at "
        "ELSE coalesce(CAST(? AS TIMESTAMP) < f.as_of, FALSE) END"
    )
    store.engine.run(
        f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT {select}, CASE WHEN t.{key[0]} IS NULL THEN 'added' "
        f"WHEN NOT ({differs}) THEN 'unchanged' WHEN {older} THEN 'superseded' ELSE 'updated' END AS fate "
        f"FROM batch b LEFT JOIN {entity} t ON t.source = ? AND {KEYS[entity].match('t', 'b')} "
        "LEFT JOIN files f ON f.file_id = t.file_id WHERE b.version = 1",
        [target.sha256, as_of, target.source],
    )
    return ties


def _refuse_another_account(store: Store, target: Target, path: Path, updates: frozenset[str]) -> int:
    """Refuse a file whose records have the numbers of known ones and are others; return how many pairs are otherwise.

    One reading of a text may correct another. Raises AccountsMixed.
    """
    rows = store.engine.rows(
        "SELECT count(*) FROM files WHERE sha256 = ? AND source = ? AND entity = ?",
        [target.sha256, target.source, target.entity],
    )
    if rows[0][0]:
        return 0
    pairs = f"incoming AS i JOIN {target.entity} AS t ON {KEYS[target.entity].match('t', 'i')} WHERE t.source = ?"
    comparison = compare(store, target.entity, updates, pairs, [target.source])
    if comparison.another_account:
        raise AccountsMixed(path, target.source, comparison.strangers, comparison.comparable, comparison.signs)
    return comparison.strangers


def _count_shifted(store: Store, target: Target, remarks: Counter[tuple[str, str]]) -> None:
    """Count the known records that begin whole half hours apart from before, where most do: a clock of another zone.

    A file that is read again with other options corrects itself.
    """
    begins = BEGINS[target.entity][0]
    gap = f"(epoch(i.{begins}) - epoch(t.{begins}))"
    is_shifted = f"{gap} <> 0 AND abs({gap}) <= {_ZONES_S} AND {gap} % {_HALF_HOUR_S} = 0"
    pairs_known, shifts, smallest, largest = store.engine.rows(
        f"SELECT count({gap}), count(*) FILTER (WHERE {is_shifted}), min({gap}) FILTER (WHERE {is_shifted}), "
        f"max({gap}) FILTER (WHERE {is_shifted}) FROM incoming AS i JOIN {target.entity} AS t "
        f"ON {KEYS[target.entity].match('t', 'i')} JOIN files AS f ON f.file_id = t.file_id "
        "WHERE t.source = ? AND f.sha256 <> ?",
        [target.source, target.sha256],
    )[0]
    if shifts >= _NO_CHANCE and shifts >= _SHIFT_SHARE * pairs_known:
        hours = sorted({abs(smallest) / 3600, abs(largest) / 3600})
        words = " to ".join(f"{hour:g} h" for hour in hours) + (
            " earlier" if largest < 0 else " later" if smallest > 0 else ""
        )
        remarks["clock_shifted", words] += shifts


def _count_strangers(store: Store, target: Target, updates: frozenset[str]) -> int:
    """How many versions of a record that comes several times in the file are of another record than the last one."""
    pairs = f"batch AS i JOIN batch AS t ON {KEYS[target.entity].match('t', 'i')} WHERE i.version = 1 AND t.version > 1"
    return compare(store, target.entity, updates, pairs, []).strangers


def same_elsewhere(store: Store, target: Target) -> tuple[tuple[str, int], ...]:
    """The other sources that hold records of this file, by number and by when they began, and how many.

    An order number may be written in two ways, and its time be rounded to the day.
    """
    entity, rows = target.entity, store.engine.rows
    if rows("SELECT count(DISTINCT source) FROM files WHERE entity = ?", [entity])[0][0] == 1:
        return ()
    alike = _ALIKE.get(entity, (target.id, BEGINS[entity][0]))
    same_columns = " AND ".join(f"o.{name} = m.{name}" for name in alike)
    sources = rows(
        f"SELECT o.source, count(*) FROM {entity} m JOIN {entity} o ON {same_columns} AND o.source <> m.source "
        "WHERE m.file_id = ? GROUP BY o.source ORDER BY 1",
        [target.file_id],
    )
    return tuple((source, count) for source, count in sources if count >= _NO_CHANCE)


def _write(store: Store, entity: str, source: str, file_id: int, names: list[str]) -> None:
    columns = ", ".join(names)
    store.engine.run(
        f"DELETE FROM {entity} t USING incoming i WHERE t.source = ? AND i.fate = 'updated' "
        f"AND {KEYS[entity].match('t', 'i')}",
        [source],
    )
    store.engine.run(
        f"INSERT INTO {entity} (file_id, source, {columns}) SELECT ?, ?, {columns} FROM incoming "
        "WHERE fate IN ('added', 'updated')",
        [file_id, source],
    )


def _confirm(store: Store, target: Target, as_of: datetime | None) -> None:
    """Note which records a later export found unchanged: an export from before it says nothing new of them."""
    entity = target.entity
    store.engine.run(
        f"UPDATE {entity} SET file_id = ? FROM incoming i WHERE {entity}.source = ? AND i.fate = 'unchanged' "
        f"AND {KEYS[entity].match(entity, 'i')} "
        f"AND {entity}.file_id NOT IN "
        "(SELECT file_id FROM files WHERE as_of >= coalesce(CAST(? AS TIMESTAMP), as_of) AND sha256 <> ?)",
        [target.file_id, target.source, as_of, target.sha256],
    )


def _find_mentions(store: Store, target: Target, plan: Plan, before: int) -> None:
    """Add to `mentioned` the order-number candidates in the text of the contacts of `typed`, as pseudonyms.

    So are the numbers of a reference that holds more than one, or words beside it.
    """
    if target.entity != "contacts":
        return
    table, valid = plan.tables["contacts"], plan.valid("contacts")
    key, selects = pseudonym("'order:' || number"), []
    if table.text is not None:
        selects.append(order_mentions(plan.texts("contacts")))
    if "order_ref" in table.fields:
        selects.append(reference_mentions(table.fields["contact_id"], table.fields["order_ref"], valid))
    if not selects:
        return
    distinct = " UNION ALL ".join(
        f"SELECT line, contact_id, number, bool_or(explicit) AS explicit FROM ({mentions}) GROUP BY ALL"
        for mentions in selects
    )
    store.engine.run(
        f"{_MENTION_SQL}; INSERT INTO mentioned SELECT line + {before}, contact_id, {key}, explicit FROM ({distinct})"
    )


def _write_mentions(store: Store, target: Target, *, is_contested: bool, texts: bool) -> None:
    """Remember the mentions of the contacts written, and forget those of versions whose text was replaced."""
    script = [_MENTION_SQL]
    if is_contested:
        # A version that was called back lost its line: its mentions are those of no contested line.
        place = "CASE WHEN m.line IN (SELECT line FROM contested_contacts) THEN m.line ELSE -1 END"
        script.append(
            "DELETE FROM mentioned m WHERE m.contact_id IN (SELECT contact_id FROM contested_contacts) "
            "AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.fate IN ('added', 'updated') "
            f"AND i.contact_id = m.contact_id AND i.line = {place})"
        )
    if is_contested and texts:
        script.append(
            "DELETE FROM mentions WHERE source = $source AND contact_id IN "
            "(SELECT contact_id FROM incoming WHERE fate = 'updated')"
        )
    script.append(
        "INSERT INTO mentions SELECT $source, contact_id, order_key, bool_or(explicit) FROM mentioned GROUP BY ALL"
    )
    store.engine.run("; ".join(script), {"source": target.source})


# The remark on records of which nothing in a file tells the newest row.
VERSION_UNDECIDED = "version_undecided"
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


def rank_versions(store: Store, entity: str, updates: list[str]) -> int:
    """Write `batch`: the rows of `contested_<entity>` with `version`, 1 for the newest row of each record.

    `updates` are the columns the file fills. Returns how many records have another row that nothing tells to be older
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
    return 0 if earlier != later else _count_ties(store, entity, updates)


def _progress(entity: str) -> str:
    """SQL of an ORDER BY: the older version of a record first."""
    instants = ", ".join((*(name for name in INSTANTS[entity] if name != "updated_at"), "NULL"))
    terms = ["updated_at NULLS FIRST"]
    terms += [" + ".join(f"coalesce({name}, 0)" for name in _COUNTS[entity])] if entity in _COUNTS else []
    terms += [f"greatest({instants}) NULLS FIRST"]
    results = _RESULTS.get(entity, ())
    terms += [" + ".join(f"({name} IS NOT NULL)::INTEGER" for name in results)] if results else []
    return ", ".join(terms)


def _count_ties(store: Store, entity: str, updates: list[str]) -> int:
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM t.{name}" for name in updates) or "FALSE"
    rows = store.engine.rows(
        "SELECT count(DISTINCT t.line) FROM batch AS t JOIN batch AS b "
        f"ON {KEYS[entity].match('b', 't')} AND b.progress = t.progress "
        f"WHERE t.version = 1 AND b.version > 1 AND ({differs})"
    )
    return int(rows[0][0])
