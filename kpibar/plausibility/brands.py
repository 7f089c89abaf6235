"""The names of the brands in a database, and the records that name orders of another brand."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from kpibar.brands import clean_name, fold, is_nameless
from kpibar.database.schema import ENTITIES, columns
from kpibar.database.store import Store

# Tables whose records name orders.
ORDER_REFERENCES = tuple(entity for entity in ENTITIES if entity != "orders" and "order_key" in columns(entity))


@dataclass
class Names:
    """The name of each folded spelling: those of kpibar.toml, of records, and `fresh` ones.

    `read` counts the records of each spelling that is not the name of its brand, by name and spelling.
    """

    settings: Mapping[str, str]
    records: Mapping[str, str]
    fresh: dict[str, str] = field(default_factory=dict)
    read: Counter[tuple[str, str]] = field(default_factory=Counter)

    def of(self, spelling: str) -> str | None:
        """The name of a brand; None for what is no name."""
        if is_nameless(spelling):
            return None
        key = fold(spelling)
        return self.settings.get(key) or self.records.get(key) or self.fresh.get(key) or clean_name(spelling)

    def add(self, spelling: str) -> str | None:
        """The name of a brand, which is remembered where its spelling is new."""
        name = self.of(spelling)
        for text in (spelling, name) if name is not None else ():
            if fold(text) not in self.records:
                self.fresh.setdefault(fold(text), name or "")
        return name


def load_names(store: Store, settings: Mapping[str, str]) -> Names:
    """The names a database and the settings (see names_by_fold) have for brands."""
    return Names(settings, dict(store.engine.rows("SELECT folded, name FROM brands")))


@dataclass(frozen=True)
class Elsewhere:
    """Records of a table and brand that name orders held under another brand only: `rows` out of `references`."""

    entity: str
    brand: str
    holder: str
    rows: int
    references: int


def orders_elsewhere(store: Store, entity: str, where: str = "TRUE") -> list[Elsewhere]:
    """The records `p` of a table that name orders held under another brand only, by both brands, most first.

    Where a table and the orders know one and the same brand, no record is looked at.
    """
    if entity not in ORDER_REFERENCES:
        return []
    rows = store.engine.rows
    brands = rows(
        "SELECT DISTINCT TRUE, brand FROM orders WHERE brand IS NOT NULL "
        f"UNION ALL SELECT DISTINCT FALSE, brand FROM {entity} WHERE brand IS NOT NULL"
    )
    order_brands = {brand for of_orders, brand in brands if of_orders}
    entity_brands = {brand for of_orders, brand in brands if not of_orders}
    if not order_brands or not entity_brands or len(order_brands | entity_brands) < 2:
        return []
    # A reference of digits is tied to the order of its brand that has them, as the model does it.
    digits = "p.order_number" if "order_number" in columns(entity) else "CAST(NULL AS BIGINT) AS order_number"
    references = f"SELECT p.brand, p.order_key, {digits} FROM {entity} AS p WHERE p.order_key IS NOT NULL AND {where}"
    # Few records name a number that another brand has: only these are looked for among the orders of their own.
    pairs = rows(
        f"WITH named AS ({references}), others AS "
        "(SELECT p.brand, p.order_key, p.order_number, min(o.brand) AS holder FROM named AS p "
        "JOIN orders AS o ON o.order_key = p.order_key AND o.brand <> p.brand GROUP BY ALL), "
        "orphans AS (SELECT others.* FROM others ANTI JOIN orders AS o "
        "ON o.order_key = others.order_key AND (o.brand = others.brand OR o.brand IS NULL) ANTI JOIN orders AS n "
        "ON n.order_number = others.order_number AND (n.brand = others.brand OR n.brand IS NULL)) "
        "SELECT p.brand, o.holder, count(*), (SELECT count(*) FROM named) FROM named AS p "
        "JOIN orphans AS o ON o.order_key = p.order_key AND o.brand = p.brand GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [Elsewhere(entity, *row) for row in pairs]
