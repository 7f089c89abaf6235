"""The parcels of an order, each with its promise and what became of it, as the model judges them.

The model keeps what it knows of an order, not of each of its parcels. Here its own statement for orders runs again up
to the parcels, over the few records that may be of the order: so the two never differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kpibar.config import Config
from kpibar.database.engine import Row
from kpibar.database.store import Store
from kpibar.model.build import statements
from kpibar.values.notation import quote

# The first of the model's clauses that is about orders again; what stands before it is about parcels.
_AFTER_PARCELS = "\nverdicts AS ("
# The records that the clauses read, in place of the tables of the same names.
_FEW_RECORDS = """WITH parcels AS MATERIALIZED (SELECT * FROM main.parcels WHERE {condition}),
orders AS MATERIALIZED (
    SELECT * FROM main.orders
    WHERE order_key IN (SELECT order_key FROM parcels)
        OR order_number IN (SELECT order_number FROM parcels WHERE order_number IS NOT NULL)
),
"""
_COLUMNS = (
    "parcel_id, carrier, mode, country, shipped_at, promised_from, promised_to, promised_on, promise_kind,"
    " last_promised_to, owed_to, owed_on, first_attempt_at, attempts, delivered_at, returned_at, went_missing, status,"
    " as_of, parcel_due, parcel_late, promise_false, arrived, undated, coalesce(day_only, FALSE), in_slot,"
    " in_time, slot_unknown"
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
        store, config, _condition([key], [number], parcels),
        f"SELECT {_COLUMNS} FROM judgements WHERE order_id = $order"
        " ORDER BY coalesce(shipped_at, promised_from, promised_to, delivered_at) NULLS LAST, parcel_id",
        {"order": order_id},
    )  # fmt: skip
    return tuple(Parcel(*row) for row in rows)


def orders_of_parcels(store: Store, config: Config, parcels: Sequence[str]) -> list[Row]:
    """The order of each parcel: order_id, order_ref, brand and the parcel's number.

    Of a label that was cancelled there is none.
    """
    is_one = f"parcel_id IN ({_list(parcels)})"
    related = store.engine.rows(f"SELECT order_key, order_number FROM parcels WHERE {is_one}")
    rows = _rows(
        store, config, _condition([key for key, _ in related], [number for _, number in related], parcels),
        f"SELECT order_id, parcel_id FROM judgements WHERE {is_one} ORDER BY order_id, parcel_id",
    )  # fmt: skip
    ids: dict[str, str] = dict(rows)
    names = store.engine.rows(
        f"SELECT order_id, order_ref, brand FROM fact_orders WHERE order_id IN ({_list(ids)}) ORDER BY order_id"
    )
    return [(order_id, order_ref, brand, ids[order_id]) for order_id, order_ref, brand in names]


def _condition(keys: Iterable[object], numbers: Iterable[int | None], parcels: Iterable[str]) -> str:
    """SQL of the parcels that may be of an order, in words that the engine finds them by quickly."""
    ways = [f"order_key = CAST('{key}' AS UUID)" for key in dict.fromkeys(keys) if key is not None]
    ways += [f"order_number = {number}" for number in dict.fromkeys(numbers) if number is not None]
    return " OR ".join([*ways, f"parcel_id IN ({_list(parcels)})"])


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(quote, texts)) or "NULL"


def _rows(
    store: Store, config: Config, condition: str, select: str, parameters: Mapping[str, object] | None = None
) -> list[Row]:
    """The rows of a statement on the parcels of a condition, as the model judges them."""
    settings = config.settings
    model = next(
        sql for step, sql in statements(store, settings.thresholds, settings.files) if step.table == "fact_orders"
    )
    clauses, mark, _ = model.partition(_AFTER_PARCELS)
    _, begin, clauses = clauses.partition("WITH ")
    assert mark and begin, "the statement for orders has clauses for parcels"
    head = _FEW_RECORDS.format(condition=condition)
    return store.engine.rows(f"{head}{clauses}\nlast_clause AS (SELECT 1 AS one)\n{select}", parameters or {})
