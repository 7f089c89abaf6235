"""The brands of a database: which name each spelling stands for, and which records name orders of another brand.

A brand is stored under one name, so that tables are joined on equality: the first spelling seen, or the one that the
[brands] of the settings state. Spellings are told apart once per distinct text, not per record.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kpibar.brands import clean_name, fold, is_nameless
from kpibar.database.store import ENTITIES, Store
from kpibar.load.identify import Recognised
from kpibar.load.plan import Plan
from kpibar.read.errors import BrandsFixed

# The temporary table of the spellings in a batch that are not the name of their brand.
SPELLINGS = "brand_spellings"
# So many brands and spellings are listed in remarks; the others are counted.
_LISTED = 10
# Tables whose records name orders.
REFERRING = tuple(entity for entity in ENTITIES if entity != "orders")


@dataclass
class Names:
    """The name of each folded spelling: `stated` by the settings, `stored` in the database, `fresh` of this file.

    `read` counts the records of each spelling that is not the name of its brand, by name and spelling.
    """

    stated: Mapping[str, str]
    stored: Mapping[str, str]
    fresh: dict[str, str] = field(default_factory=dict)
    read: Counter[tuple[str, str]] = field(default_factory=Counter)

    def of(self, spelling: str) -> str | None:
        """The name of a brand; None for what is no name."""
        if is_nameless(spelling):
            return None
        key = fold(spelling)
        return self.stated.get(key) or self.stored.get(key) or self.fresh.get(key) or clean_name(spelling)

    def add(self, spelling: str) -> str | None:
        """The name of a brand, which is remembered where its spelling is new."""
        name = self.of(spelling)
        for text in (spelling, name) if name is not None else ():
            if fold(text) not in self.stored:
                self.fresh.setdefault(fold(text), name or "")
        return name


@dataclass(frozen=True)
class Elsewhere:
    """Records of a table and brand that name orders held under another brand only: `rows` out of `named`."""

    entity: str
    brand: str
    other: str
    rows: int
    named: int


def load_names(store: Store, stated: Mapping[str, str]) -> Names:
    """The names a database and the settings (see names_by_fold) have for brands."""
    return Names(stated, dict(store.engine.rows("SELECT folded, name FROM brands")))


def branded(store: Store, file: Recognised, names: Names) -> Recognised:
    """A file with the name of the brand it was said to be of, and the source that brand's files had so far."""
    if file.brand is None:
        return file
    name = names.add(file.brand)
    if name is None:
        return replace(file, brand=None, source=file.layout.name)
    rows = store.engine.rows(
        "SELECT source, brand FROM files WHERE layout = ? AND brand IS NOT NULL ORDER BY file_id", [file.layout.name]
    )
    sources = [source for source, brand in rows if names.of(brand) == name]
    source = f"{file.layout.name}/{name}"
    return replace(file, brand=name, source=source if source in sources or not sources else sources[0])


def join_stored(store: Store, names: Names) -> Names:
    """Give the stored records of a brand the name the settings state for it now; return what is stored then.

    Raises BrandsFixed.
    """
    renamed = dict(names.stored)
    for key in names.stored:
        name, wanted = renamed[key], names.stated.get(key)
        if wanted is not None and name != wanted and fold(name) == key:
            _rename(store, name, wanted)
            renamed = {other: wanted if known == name else known for other, known in renamed.items()}
    for key, name in renamed.items():
        if names.stated.get(key, name) != name:
            raise BrandsFixed(key, names.stated[key], f'its records were stored as those of "{name}"')
    return replace(names, stored=renamed)


def _rename(store: Store, before: str, name: str) -> None:
    """Raises BrandsFixed where one order number would then be that of two orders."""
    (twice,) = store.engine.rows(
        "SELECT count(*) FROM orders a JOIN orders b ON a.source = b.source AND a.order_ref = b.order_ref "
        "WHERE a.brand = ? AND b.brand = ?",
        [before, name],
    )[0]
    if twice:
        raise BrandsFixed(before, name, f"{twice} order number{'s are' if twice > 1 else ' is'} held under both")
    store.engine.run("UPDATE brands SET name = ? WHERE name = ?", [name, before])
    for entity in ENTITIES:
        store.engine.run(f"UPDATE {entity} SET brand = ? WHERE brand = ?", [name, before])


def find_spellings(store: Store, compiled: Plan, names: Names, brand: str | None) -> frozenset[str]:
    """Fill SPELLINGS (said, name) from the records of `typed`; return the tables that have a spelling of them.

    `brand` is the one of records that name none.
    """
    found: dict[str, str | None] = {}
    tables = []
    for entity, table in compiled.tables.items():
        if "brand" not in table.held:
            continue
        rows = store.engine.rows(
            f"SELECT brand, count(*) FROM ({compiled.field(entity, 'brand')}) WHERE brand IS NOT NULL "
            "GROUP BY brand ORDER BY min(line)"
        )
        others = {said: (names.add(said) or brand, count) for said, count in rows}
        others = {said: (name, count) for said, (name, count) in others.items() if name != said}
        found |= {said: name for said, (name, _) in others.items()}
        if others:
            tables.append(entity)
        if entity == compiled.main:
            names.read.update({(name or "", said): count for said, (name, count) in others.items()})
    if found:
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE {SPELLINGS} (said VARCHAR, name VARCHAR)")
        store.engine.append(SPELLINGS, {"said": list(found), "name": [name or "" for name in found.values()]})
    return frozenset(tables)


def write_names(store: Store, names: Names) -> None:
    """Store the names that are new."""
    if names.fresh:
        store.engine.append("brands", {"folded": list(names.fresh), "name": list(names.fresh.values())})


def remarks_on_spellings(names: Names) -> Counter[tuple[str, str]]:
    """Remarks on the spellings that were read as another: how many records each brand has of them."""
    found: Counter[tuple[str, str]] = Counter()
    spellings: dict[str, list[str]] = {}
    for (name, said), count in names.read.most_common():
        spellings.setdefault(name, []).append(said)
        found[name, ""] += count
    remarks: Counter[tuple[str, str]] = Counter()
    for place, ((name, _), count) in enumerate(found.most_common()):
        if place >= _LISTED:
            remarks["brand_spelling", "others"] += count
        elif not name:
            remarks["brand_nameless", ", ".join(map(_quoted, spellings[name][:_LISTED]))] += count
        else:
            more = ", ..." if len(spellings[name]) > _LISTED else ""
            written = ", ".join(map(_quoted, spellings[name][:_LISTED])) + more
            remarks["brand_spelling", f"{_quoted(name)} (written {written})"] += count
    return remarks


def remarks_on_orders(store: Store, entity: str, file_id: int) -> Counter[tuple[str, str]]:
    """Remarks on a file's records that name orders of another brand; of orders, on the records that name them."""
    found: Counter[tuple[str, str]] = Counter()
    if entity == "orders":
        own = f"p.order_key IN (SELECT order_key FROM orders WHERE file_id = {file_id})"
        pairs = [one for other in REFERRING for one in orders_elsewhere(store, other, own)]
    else:
        pairs = orders_elsewhere(store, entity, f"p.file_id = {file_id}")
    for one in pairs[:_LISTED]:
        about = f"{_quoted(one.brand)} = {_quoted(one.other)} ({one.rows} of {one.named} {one.entity})"
        found["order_of_other_brand", about] += one.rows
    return found


def orders_elsewhere(store: Store, entity: str, where: str = "TRUE") -> list[Elsewhere]:
    """The records `p` of a table that name orders held under another brand only, by both brands, most first.

    Where a table and the orders know one and the same brand, no record is looked at.
    """
    rows = store.engine.rows
    known = {brand for (brand,) in rows("SELECT DISTINCT brand FROM orders WHERE brand IS NOT NULL")}
    if not known:
        return []
    own = {brand for (brand,) in rows(f"SELECT DISTINCT brand FROM {entity} WHERE brand IS NOT NULL")}
    if len(known | own) < 2 or not own:
        return []
    named = f"SELECT p.brand, p.order_key FROM {entity} AS p WHERE p.order_key IS NOT NULL AND {where}"
    found = rows(
        f"WITH named AS ({named}), orphans AS (SELECT p.* FROM named p "
        "ANTI JOIN orders o ON o.order_key = p.order_key AND o.brand = p.brand "
        "ANTI JOIN (SELECT order_key FROM orders WHERE brand IS NULL) u ON u.order_key = p.order_key "
        "WHERE p.brand IS NOT NULL) "
        "SELECT p.brand, o.brand, count(*), (SELECT count(*) FROM named) FROM orphans p "
        "JOIN (SELECT order_key, min(brand) AS brand FROM orders GROUP BY order_key) o ON o.order_key = p.order_key "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [Elsewhere(entity, *row) for row in found]


def _quoted(name: str) -> str:
    """A name as TOML writes it."""
    return json.dumps(name, ensure_ascii=False)
