"""Parcels that name orders which are not among those that are loaded: often two ways to write the same numbers."""

from dataclasses import dataclass

from kpibar.database.store import Store
from kpibar.privacy.disclosure import blank

# The remark on parcels whose orders are not among those loaded.
ORDERS_MISSED = "orders_missed"
# Of fewer parcels, or orders, nothing is said; so it is where half of the orders are there.
_ENOUGH, _SHARE = 10, 0.5
# A parcel leaves within so many days of its order.
_DAYS = 60


# Of one brand are an order and a parcel of which one has no brand. The parcels are those of the days of the orders.
_QUERY = """
WITH shop AS (
    SELECT brand, count(*) AS orders, min(ordered_at) AS first, max(ordered_at) AS last, min(order_ref) AS order_ref
    FROM orders GROUP BY brand
), brands AS (
    SELECT p.brand, min(s.first) AS first, max(s.last) AS last, min(s.order_ref) AS order_ref
    FROM (SELECT DISTINCT brand FROM parcels WHERE {own}) AS p
    JOIN shop AS s ON s.brand = p.brand OR s.brand IS NULL OR p.brand IS NULL
    GROUP BY p.brand HAVING sum(s.orders) >= {enough}
), named AS (
    SELECT p.brand, p.order_ref, p.order_key, p.order_number, b.order_ref AS example
    FROM parcels AS p JOIN brands AS b ON b.brand IS NOT DISTINCT FROM p.brand
    WHERE {own} AND p.order_key IS NOT NULL AND coalesce(
        coalesce(p.shipped_at, p.delivered_at, p.promised_to) BETWEEN b.first AND b.last + INTERVAL {days} DAY, TRUE)
), counts AS (
    SELECT brand, count(*) AS named, min(example) AS example FROM named GROUP BY brand HAVING count(*) >= {enough}
), absent AS (
    SELECT p.brand, count(*) AS missed, min(p.order_ref) AS order_ref FROM named AS p
    ANTI JOIN orders AS o ON o.order_key = p.order_key AND {alike}
    ANTI JOIN orders AS o ON o.order_number = p.order_number AND {alike}
    GROUP BY p.brand
)
SELECT c.brand, a.missed, c.named, a.order_ref, c.example
FROM counts AS c JOIN absent AS a ON a.brand IS NOT DISTINCT FROM c.brand
WHERE a.missed > {found} * c.named ORDER BY 1 NULLS FIRST
"""
_ALIKE = "(o.brand = p.brand OR o.brand IS NULL OR p.brand IS NULL)"


@dataclass(frozen=True)
class AbsentOrders:
    """Parcels of a brand (None: of any) that name an order: `references`, of which `absent` name none that is loaded.

    `parcels` and `orders` are the shapes of a number as each of the two tables has it.
    """

    brand: str | None
    absent: int
    references: int
    parcels: str
    orders: str


def orders_missed(store: Store, file_id: int | None = None) -> tuple[AbsentOrders, ...]:
    """The brands of which most parcels name an order that is not loaded, though orders of these days are.

    `file_id` is the file of the parcels, None for those of all files.
    """
    if not all(store.engine.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in ("orders", "parcels")):
        return ()
    of_file = "TRUE" if file_id is None else f"file_id = {file_id}"
    query = _QUERY.format(own=of_file, enough=_ENOUGH, found=_SHARE, days=_DAYS, alike=_ALIKE)
    return tuple(
        AbsentOrders(brand, int(absent), int(references), blank(parcel), blank(order))
        for brand, absent, references, parcel, order in store.engine.rows(query)
    )
