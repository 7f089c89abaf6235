"""The parcels of an order, each with its promise and what became of it, as the model judges them.

The model keeps what it knows of an order, not of each of its parcels. Here its own statement for orders runs again up
to the parcels, over the few records that may be of the order: so the two never differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kpibar.config import Config
from kpibar.database.engine import Row
from kpibar.database.store import Store
from kpibar.model.build import statements

# The first of the model's clauses that is about orders again; what stands before it is about parcels.
_AFTER_PARCELS = "\nverdicts AS ("
# The records that the clauses read, in place of the tables of the same names.
_FEW_RECORDS = """WITH parcels AS (
    SELECT * FROM main.parcels
    WHERE list_contains($parcels, parcel_id) OR order_key IN (SELECT unnest($keys)) OR list_contains($numbers, order_number)
),
orders AS (
    SELECT * FROM main.orders
    WHERE order_key IN (SELECT order_key FROM parcels)
        OR order_number IN (SELECT order_number FROM parcels WHERE order_number IS NOT NULL)
),
"""
_COLUMNS = (
    "parcel_id, carrier, mode, country, shipped_at, promised_from, promised_to, promised_on, promise_kind,"
    " last_promised_to, owed_to, owed_on, first_attempt_at, attempts, delivered_at, returned_at, went_missing, status,"
    " as_of, parcel_due, parcel_late, promise_false, arrived, undated, day_only, in_slot, in_time, slot_unknown"
)


@dataclass(frozen=True)
class Parcel:
    """A parcel as the model judges it; instants are in UTC.

    `owed_to` is the end of its promise, or of the latest one of its order where it has none. `due`: the promise can be
    judged; `late`: it was broken. `undated`: delivered, and nobody knows when. `day_only`: the day of its delivery is
    known, not the time. `promise_false`: the promise ends before the order was placed.
    """

    parcel_id: str
    carrier: str | None
    mode: str | None
    country: str | None
    shipped_at: datetime | None
    promised_from: datetime | None
    promised_to: datetime | None
    promised_on: object
    promise_kind: str | None
    last_promised_to: datetime | None
    owed_to: datetime | None
    owed_on: object
    first_attempt_at: datetime | None
    attempts: int | None
    delivered_at: datetime | None
    returned_at: datetime | None
    lost: bool
    status: str | None
    as_of: datetime | None
    due: bool
    late: bool
    promise_false: bool
    arrived: bool
    undated: bool
    day_only: bool
    in_slot: bool
    in_time: bool
    slot_unknown: bool

    @property
    def late_s(self) -> float | None:
        """How long after the end of its promise it came, or had not come when the carrier's export was taken."""
        until = self.delivered_at or self.as_of
        if not self.late or until is None or self.owed_to is None:
            return None
        return (until - self.owed_to).total_seconds()


def parcels_of(
    store: Store, config: Config, order_id: str, key: object, number: int | None, parcels: Sequence[str]
) -> tuple[Parcel, ...]:
    """The parcels of an order, in the order in which they left.

    `key` and `number` are those of the order, `parcels` the numbers of parcels that are known to be of it.
    """
    rows = _rows(
        store, config,
        f"SELECT {_COLUMNS} FROM judgements WHERE order_id = $order"
        " ORDER BY coalesce(shipped_at, promised_from, promised_to, delivered_at) NULLS LAST, parcel_id",
        keys=[key] if key is not None else [], numbers=[number] if number is not None else [], parcels=parcels,
        order=order_id,
    )  # fmt: skip
    return tuple(Parcel(*row) for row in rows)


def orders_of_parcels(store: Store, config: Config, parcels: Sequence[str]) -> list[Row]:
    """The order of each parcel: order_id, order_ref, brand and the parcel's number.

    Of a label that was cancelled there is none.
    """
    chosen = "SELECT order_key, order_number FROM parcels WHERE list_contains($parcels, parcel_id)"
    related = store.engine.rows(chosen, {"parcels": list(parcels)})
    rows = _rows(
        store, config,
        "SELECT order_id, parcel_id FROM judgements WHERE list_contains($parcels, parcel_id) ORDER BY order_id, parcel_id",
        keys=[key for key, _ in related if key is not None],
        numbers=[number for _, number in related if number is not None], parcels=parcels,
    )  # fmt: skip
    ids = {order_id: parcel_id for order_id, parcel_id in rows}
    names = store.engine.rows(
        "SELECT order_id, order_ref, brand FROM fact_orders WHERE list_contains($ids, order_id) ORDER BY order_id",
        {"ids": list(ids)},
    )
    return [(order_id, order_ref, brand, ids[order_id]) for order_id, order_ref, brand in names]


def _rows(store: Store, config: Config, select: str, **parameters: object) -> list[Row]:
    """The rows of a statement on the parcels as the model judges them."""
    settings = config.settings
    model = next(sql for step, sql in statements(store, settings.thresholds, settings.files) if step.table == "fact_orders")
    clauses, mark, _ = model.partition(_AFTER_PARCELS)
    _, begin, clauses = clauses.partition("WITH ")
    assert mark and begin, "the statement for orders has clauses for parcels"
    lists = {name: list(value) if isinstance(value, (list, tuple)) else value for name, value in parameters.items()}
    return store.engine.rows(f"{_FEW_RECORDS}{clauses}\nlast_clause AS (SELECT 1 AS one)\n{select}", lists)
