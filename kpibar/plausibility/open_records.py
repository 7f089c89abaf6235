"""Files of which no ticket is open or no parcel under way, up to their last day: perhaps they were filtered.

Of such an export the tickets nobody answered and the parcels that never came are missing: its shares are too good.
"""

from collections.abc import Mapping

from kpibar.database.store import Store

# So many records of which none is open, the last of them begun so many days before the export ends at most. Of fewer,
# a shop that answers everybody closes them all.
ENOUGH, LAST_DAYS = 100, 7
# Of each table: the instant that begins a record, its day, which records are judged, and which of these are open.
OUTCOMES = {
    "contacts": (
        "created_at",
        "created_on",
        "coalesce(channel, '') <> 'phone' AND coalesce(grain, 'case') = 'case'",
        "coalesce(status, '') NOT IN ('solved', 'closed')",
    ),
    "parcels": (
        "coalesce(shipped_at, promised_to)",
        "coalesce(promised_on, delivered_on)",
        "TRUE",
        "delivered_at IS NULL",
    ),
}


def files_without_open_records(store: Store, entity: str, file_id: int | None = None) -> Mapping[int, int]:
    """The files of a table (or one of them) of which no record is open up to their last day, and their records.

    A file that says of no record whether it is open is none of them.
    """
    begins, _, outcome, open_ones = OUTCOMES[entity]
    of_file = "" if file_id is None else f" AND t.file_id = {file_id}"
    rows = store.engine.rows(
        f"SELECT t.file_id, count(*) FROM (SELECT file_id, {begins} AS begins_at, {open_ones} AS is_open FROM {entity} "
        f"WHERE {outcome}) AS t JOIN files AS f ON f.file_id = t.file_id WHERE f.entity = '{entity}'{of_file} "
        f"GROUP BY t.file_id HAVING count(*) >= {ENOUGH} AND sum(CASE WHEN is_open THEN 1 ELSE 0 END) = 0 "
        f"AND max(begins_at) >= max(f.as_of) - INTERVAL '{LAST_DAYS}' DAY ORDER BY 1"
    )
    return {int(file): int(records) for file, records in rows}
