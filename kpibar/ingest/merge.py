"""Merge the typed records of a file into a canonical table: the newest version of each record stays.

A record is identified by (source, record id). The newer version wins: by the record's own `updated_at` when both
versions have one and they differ, else by the instant up to which their exports speak, else the one ingested last.
A record belongs to the latest file that confirmed it.
"""

from datetime import UTC, datetime

from kpibar.ingest.expressions import pseudonym
from kpibar.ingest.ledger import Counts
from kpibar.ingest.normalise import order_mentions
from kpibar.ingest.tables import HAPPENED, KEYS, TEXT_COLUMNS, columns
from kpibar.store import Store


def newest(store: Store, entity: str) -> datetime | None:
    """The newest instant at which something happened in `mapped`, never later than now."""
    held = ", ".join(HAPPENED[entity])
    rows = store.engine.rows(f"SELECT max(greatest({held})) FROM mapped WHERE bad IS NULL")
    found: datetime | None = rows[0][0]
    return min(found, datetime.now(UTC).replace(tzinfo=None)) if found else None


def merge(
    store: Store, entity: str, source: str, file_id: int, as_of: datetime | None, filled: frozenset[str]
) -> Counts:
    """Write the valid records of `mapped`; count those added, updated, unchanged and superseded.

    Only the columns the file fills are compared and replaced: a narrower export does not erase what is known.
    """
    names = [column for column in columns(entity) if column not in ("file_id", "source")]
    _decide_fates(store, entity, source, as_of, [name for name in names if name in filled])
    _write(store, entity, source, file_id, names)
    _confirm(store, entity, source, file_id, as_of)
    if entity == "parcels":
        _take_earlier_promise(store, source)
    if filled & set(TEXT_COLUMNS):
        _write_mentions(store, source)
    fates: dict[str, int] = dict(store.engine.rows("SELECT fate, count(*) FROM incoming GROUP BY fate"))
    valid, repeated = store.engine.rows("SELECT count(*), count(*) FILTER (WHERE version > 1) FROM batch")[0]
    return Counts(
        records=valid,
        added=fates.get("added", 0),
        updated=fates.get("updated", 0),
        unchanged=fates.get("unchanged", 0),
        superseded=fates.get("superseded", 0) + repeated,
    )


def _decide_fates(store: Store, entity: str, source: str, as_of: datetime | None, filled: list[str]) -> None:
    """`batch` ranks the versions of a record within the file, `incoming` compares the best with what is held."""
    key = KEYS[entity].id
    store.engine.run(
        "CREATE OR REPLACE TEMP TABLE batch AS SELECT *, row_number() OVER "
        f"(PARTITION BY {', '.join(key)} ORDER BY updated_at DESC NULLS LAST, line DESC) AS version "
        "FROM mapped WHERE bad IS NULL AND key_fault IS NULL"
    )
    if entity == "parcels":
        _keep_first_promise(store, source, as_of)
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM t.{name}" for name in filled)
    kept = [name for name in columns(entity) if name not in ("file_id", "source", *filled, *key)]
    known = "b.*" if not kept else f"b.* EXCLUDE ({', '.join(kept)}), {', '.join(f't.{name}' for name in kept)}"
    older = (
        "CASE WHEN b.updated_at <> t.updated_at THEN b.updated_at < t.updated_at "
        "ELSE coalesce(CAST(? AS TIMESTAMP) < f.as_of, FALSE) END"
    )
    store.engine.run(
        f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT {known}, CASE WHEN t.{key[0]} IS NULL THEN 'added' "
        f"WHEN NOT ({differs}) THEN 'unchanged' WHEN {older} THEN 'superseded' ELSE 'updated' END AS fate "
        f"FROM batch b LEFT JOIN {entity} t ON t.source = ? AND {_same('t', 'b', key)} "
        "LEFT JOIN files f ON f.file_id = t.file_id WHERE b.version = 1",
        [as_of, source],
    )


def _same(one: str, other: str, key: tuple[str, ...]) -> str:
    """SQL: two rows are versions of one record. The first column is never NULL, so that it can be joined by hash."""
    rest = "".join(f" AND {one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in key[1:])
    return f"{one}.{key[0]} = {other}.{key[0]}{rest}"


_PROMISE = ("promised_from", "promised_to", "promised_on", "promise_kind")


def _keep_first_promise(store: Store, source: str, as_of: datetime | None) -> None:
    """A later version may carry a moved promise: the first one known stays, the new one becomes the last one.

    First among the versions in the file, then against the one held, unless that comes from a later export.
    """
    taken = ", ".join(f"{name} = first.{name}" for name in _PROMISE)
    moved = "last_promised_to = coalesce(batch.last_promised_to, batch.promised_to)"
    store.engine.run(
        f"UPDATE batch SET {taken}, {moved} FROM (SELECT *, row_number() OVER (PARTITION BY parcel_id "
        "ORDER BY version DESC) AS age FROM batch WHERE promised_to IS NOT NULL) AS first "
        "WHERE first.age = 1 AND first.parcel_id = batch.parcel_id AND batch.version = 1 "
        "AND first.promised_to IS DISTINCT FROM batch.promised_to"
    )
    store.engine.run(
        f"UPDATE batch SET {taken}, {moved} FROM parcels AS first JOIN files f ON f.file_id = first.file_id "
        "WHERE first.source = ? AND first.parcel_id = batch.parcel_id AND first.promised_to IS NOT NULL "
        "AND first.promised_to IS DISTINCT FROM batch.promised_to "
        "AND NOT coalesce(CAST(? AS TIMESTAMP) < f.as_of, FALSE)",
        [source, as_of],
    )


def _take_earlier_promise(store: Store, source: str) -> None:
    """An older export ingested late overwrites nothing, but the promise it shows was made first."""
    taken = ", ".join(f"{name} = i.{name}" for name in _PROMISE)
    store.engine.run(
        f"UPDATE parcels SET {taken}, last_promised_to = coalesce(parcels.last_promised_to, parcels.promised_to) "
        "FROM incoming i WHERE i.fate = 'superseded' AND parcels.source = ? AND parcels.parcel_id = i.parcel_id "
        "AND i.promised_to IS NOT NULL AND i.promised_to IS DISTINCT FROM parcels.promised_to",
        [source],
    )


def _write(store: Store, entity: str, source: str, file_id: int, names: list[str]) -> None:
    listed = ", ".join(names)
    store.engine.run(
        f"DELETE FROM {entity} t USING incoming i WHERE t.source = ? AND i.fate = 'updated' "
        f"AND {_same('t', 'i', KEYS[entity].id)}",
        [source],
    )
    store.engine.run(
        f"INSERT INTO {entity} (file_id, source, {listed}) SELECT ?, ?, {listed} FROM incoming "
        "WHERE fate IN ('added', 'updated')",
        [file_id, source],
    )


def _confirm(store: Store, entity: str, source: str, file_id: int, as_of: datetime | None) -> None:
    """Note which records a later export found unchanged: an export from before it says nothing new of them."""
    store.engine.run(
        f"UPDATE {entity} SET file_id = ? FROM incoming i WHERE {entity}.source = ? AND i.fate = 'unchanged' "
        f"AND {_same(entity, 'i', KEYS[entity].id)} "
        f"AND {entity}.file_id NOT IN (SELECT file_id FROM files WHERE as_of >= coalesce(CAST(? AS TIMESTAMP), as_of))",
        [file_id, source, as_of],
    )


def _write_mentions(store: Store, source: str) -> None:
    """Remember, as pseudonyms, the order-number candidates in the text of the contacts just written."""
    store.engine.run(
        "DELETE FROM mentions WHERE source = ? AND contact_id IN "
        "(SELECT contact_id FROM incoming WHERE fate = 'updated')",
        [source],
    )
    key = pseudonym("'order:' || upper(number)")
    store.engine.run(
        f"INSERT INTO mentions SELECT DISTINCT ?, contact_id, {key} FROM (SELECT contact_id, "
        f"unnest({order_mentions('all_text')}) AS number FROM incoming WHERE fate IN ('added', 'updated') "
        "AND all_text IS NOT NULL) WHERE number <> ''",
        [source],
    )
