"""What too many records of one file have in common to be what it seems.

One customer who is a web form, replies that a machine sent at once, promises that were set to the day of delivery, and
rows that were copied under other numbers. No figure is changed: nothing in the file proves it, so it is said.
"""

from collections.abc import MutableMapping

from kpibar.database.store import Store

# So many of the first records are looked at: a large file costs no more than a middling one.
_SAMPLE = 200_000
# Of fewer records nothing is said. One customer in ten contacts, one copy in twenty records are no chance then.
ENOUGH, _SHARE, _COPY_SHARE = 50, 0.1, 0.05
# A person needs longer to read a message and to answer it.
_AT_ONCE_S = 30
# Of the promises so many must be the day of delivery.
_ON_TIME_SHARE = 0.99

_CUSTOMERS = f"""
SELECT max(contacts), sum(contacts) FROM (
    SELECT count(*) AS contacts FROM (
        SELECT customer_key FROM contacts WHERE file_id = ? AND customer_key IS NOT NULL LIMIT {_SAMPLE}
    ) AS sample GROUP BY customer_key
) AS customer
"""
_REPLIES = f"""
SELECT count(*) FILTER (WHERE seconds BETWEEN 0 AND {_AT_ONCE_S}), count(*) FROM (
    SELECT coalesce(first_reply_s, epoch(coalesce(first_human_reply_at, first_reply_at)) - epoch(created_at)) AS seconds
    FROM contacts WHERE file_id = ? AND coalesce(channel, '') NOT IN ('phone', 'chat') LIMIT {_SAMPLE}
) AS reply WHERE seconds IS NOT NULL
"""
_PROMISES = f"""
SELECT count(*) FILTER (WHERE promised_on = delivered_on), count(*) FROM (
    SELECT promised_on, delivered_on FROM parcels
    WHERE file_id = ? AND promised_on IS NOT NULL AND delivered_on IS NOT NULL LIMIT {_SAMPLE}
) AS parcel
"""
# What is the same in two rows that are one, beside the customer: when they began and what they are about. Parts of one
# call, and messages of one case, may begin in one minute; so may the invitations that nobody answered.
_OUTCOMES = {
    "contacts": (
        "created_at",
        "channel, order_key",
        "coalesce(grain, 'case') = 'case' AND channel IS DISTINCT FROM 'phone'",
    ),
    "orders": ("ordered_at", "value", "TRUE"),
    "surveys": ("coalesce(answered_at, sent_at)", "kind, score", "score IS NOT NULL"),
}


def count_uniform(store: Store, entity: str, file_id: int, remarks: MutableMapping[tuple[str, str], int]) -> None:
    """Add to `remarks` what too many records of a file have in common."""

    def counts(query: str) -> tuple[int, int]:
        part, total = store.engine.rows(query, [file_id])[0]
        return int(part or 0), int(total or 0)

    if entity == "contacts":
        largest, customers = counts(_CUSTOMERS)
        if customers >= ENOUGH and largest > _SHARE * customers:
            remarks["customer_shared", f"{100 * largest / customers:.0f}"] += largest
        at_once, replies = counts(_REPLIES)
        if replies >= ENOUGH and 2 * at_once > replies:
            remarks["reply_at_once", f"{_AT_ONCE_S}"] += at_once
    if entity == "parcels":
        on_time, promises = counts(_PROMISES)
        if promises >= ENOUGH and on_time >= _ON_TIME_SHARE * promises:
            remarks["promise_is_delivery", ""] += on_time
    if entity in _OUTCOMES:
        copies, records = counts(_copies(entity))
        if records >= ENOUGH and copies > _COPY_SHARE * records:
            remarks["row_copied", ""] += copies


def _copies(entity: str) -> str:
    """The query for the rows that repeat another one but for its number, and for the rows that could.

    Times that are a day or an hour repeat by themselves: they are left out.
    """
    begins, about, outcome = _OUTCOMES[entity]
    return f"""
    SELECT sum(rows - 1), sum(rows) FROM (
        SELECT count(*) AS rows FROM (
            SELECT customer_key, {begins} AS begins_at, {about} FROM {entity} WHERE file_id = ? AND {outcome}
            LIMIT {_SAMPLE}
        ) AS sample
        WHERE customer_key IS NOT NULL AND extract(minute FROM begins_at) + extract(second FROM begins_at) > 0
        GROUP BY customer_key, begins_at, {about}
    ) AS record
    """
