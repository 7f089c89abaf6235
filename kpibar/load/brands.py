"""The brands of a database: which name each spelling stands for, and which records name orders of another brand.

A brand is stored under one name, so that tables are joined on equality: the first spelling seen, or the one that the
[brands] of the settings state. Spellings are told apart once per distinct text, not per record.
"""

import json
from collections import Counter
from dataclasses import replace

from kpibar.brands import fold
from kpibar.database.schema import ENTITIES
from kpibar.database.store import Store
from kpibar.load.errors import BrandsFixed
from kpibar.load.identify import IdentifiedFile
from kpibar.load.plan import Plan
from kpibar.plausibility.brands import ORDER_REFERENCES, Names, orders_elsewhere

# The temporary table of the spellings in a batch that are not the name of their brand.
SPELLINGS = "brand_spellings"
# So many brands and spellings are listed in remarks; the others are counted.
_NAME_LIMIT = 10


def with_brand(store: Store, file: IdentifiedFile, names: Names) -> IdentifiedFile:
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
    new_names = dict(names.records)
    for key in names.records:
        name, name_of_settings = new_names[key], names.settings.get(key)
        if name_of_settings is not None and name != name_of_settings and fold(name) == key:
            _rename(store, name, name_of_settings)
            new_names = {
                spelling: name_of_settings if name_now == name else name_now for spelling, name_now in new_names.items()
            }
    for key, name in new_names.items():
        if names.settings.get(key, name) != name:
            raise BrandsFixed(key, names.settings[key], f'its records were stored as those of "{name}"')
    return replace(names, records=new_names)


def _rename(store: Store, before: str, name: str) -> None:
    """Raises BrandsFixed where one order number would then be that of two orders."""
    (twice,) = store.engine.rows(
        "SELECT count(*) FROM orders a JOIN orders b ON a.source = b.source AND a.order_ref = b.order_ref "
        "WHERE a.brand = ? AND b.brand = ?",
        [before, name],
    )[0]
    if twice:
        raise BrandsFixed(before, name, f"{twice} order number{'s exist' if twice > 1 else ' exists'} under both")
    store.engine.run("UPDATE brands SET name = ? WHERE name = ?", [name, before])
    for entity in ENTITIES:
        store.engine.run(f"UPDATE {entity} SET brand = ? WHERE brand = ?", [name, before])


def find_spellings(store: Store, plan: Plan, names: Names, brand: str | None) -> frozenset[str]:
    """Fill SPELLINGS (said, name) from the records of `typed`; return the tables that have a spelling of them.

    `brand` is the one of records that name none.
    """
    brands: dict[str, str | None] = {}
    tables = []
    for entity, table in plan.tables.items():
        if "brand" not in table.columns:
            continue
        rows = store.engine.rows(
            f"SELECT brand, count(*) FROM ({plan.field(entity, 'brand')}) WHERE brand IS NOT NULL "
            "GROUP BY brand ORDER BY min(line)"
        )
        spellings = {spelling: (names.add(spelling) or brand, count) for spelling, count in rows}
        spellings = {spelling: (name, count) for spelling, (name, count) in spellings.items() if name != spelling}
        brands |= {spelling: name for spelling, (name, _) in spellings.items()}
        if spellings:
            tables.append(entity)
        if entity == plan.main:
            names.read.update({(name or "", spelling): count for spelling, (name, count) in spellings.items()})
    if brands:
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE {SPELLINGS} (said VARCHAR, name VARCHAR)")
        store.engine.append(SPELLINGS, {"said": list(brands), "name": [name or "" for name in brands.values()]})
    return frozenset(tables)


def write_names(store: Store, names: Names) -> None:
    """Store the names that are new."""
    if names.fresh:
        store.engine.append("brands", {"folded": list(names.fresh), "name": list(names.fresh.values())})


def remarks_on_spellings(names: Names) -> Counter[tuple[str, str]]:
    """Remarks on the spellings that were read as another: how many records each brand has of them."""
    spelling_remarks: Counter[tuple[str, str]] = Counter()
    spellings: dict[str, list[str]] = {}
    for (name, spelling), count in names.read.most_common():
        spellings.setdefault(name, []).append(spelling)
        spelling_remarks[name, ""] += count
    remarks: Counter[tuple[str, str]] = Counter()
    for place, ((name, _), count) in enumerate(spelling_remarks.most_common()):
        if place >= _NAME_LIMIT:
            remarks["brand_spelling", "others"] += count
        elif not name:
            remarks["brand_nameless", ", ".join(map(_quote, spellings[name][:_NAME_LIMIT]))] += count
        else:
            ellipsis = ", ..." if len(spellings[name]) > _NAME_LIMIT else ""
            spelling_list = ", ".join(map(_quote, spellings[name][:_NAME_LIMIT])) + ellipsis
            remarks["brand_spelling", f"{_quote(name)} (written {spelling_list})"] += count
    return remarks


def remarks_on_orders(store: Store, entity: str, file_id: int) -> Counter[tuple[str, str]]:
    """Remarks on a file's records that name orders of another brand; of orders, on the records that name them."""
    remarks: Counter[tuple[str, str]] = Counter()
    if entity == "orders":
        of_file = f"p.order_key IN (SELECT order_key FROM orders WHERE file_id = {file_id})"
        pairs = [pair for table in ORDER_REFERENCES for pair in orders_elsewhere(store, table, of_file)]
    else:
        pairs = orders_elsewhere(store, entity, f"p.file_id = {file_id}")
    for pair in pairs[:_NAME_LIMIT]:
        about = f"{_quote(pair.brand)} = {_quote(pair.holder)} ({pair.rows} of {pair.references} {pair.entity})"
        remarks["order_of_other_brand", about] += pair.rows
    return remarks


def _quote(name: str) -> str:
    """A name as TOML writes it."""
    return json.dumps(name, ensure_ascii=False)
