"""Who was forgotten is not taken in again, nor what was purged: an old export does not bring it back.

What begins after that day is taken in as before: who comes back is a new customer.
"""

from dataclasses import dataclass
from datetime import date

from kpibar.database.ledger import PURGED_BEFORE
from kpibar.database.schema import KEYS, columns
from kpibar.database.store import Store
from kpibar.load.keys import order_key
from kpibar.load.masks import PREFIX
from kpibar.load.plan import Plan
from kpibar.load.typed import PLACE
from kpibar.plausibility.brands import Names
from kpibar.values.helpers import pseudonym
from kpibar.values.timezones import local_time

# The name under which `meta` says that texts were emptied which can still be read in the database's file.
EMPTIED_TEXTS = "emptied_texts"
# The remarks on records that are left aside, and on identifiers of such a person in records of others.
FORGOTTEN_LEFT_OUT, FORGOTTEN_EMPTIED, PURGED_LEFT_OUT = "forgotten_left_out", "forgotten_emptied", "purged_left_out"
_PEOPLE = ("customer_key", "customer_alias_key")
# Tables whose records are known by their own numbers again, whomever they name.
NUMBERED_TABLES = ("parcels", "surveys", "notices", "gestures")
_CONTACTS = ("contact_id", "case_id", "merged_into")


@dataclass(frozen=True)
class ForgottenRegister:
    """What a database is not to take in again: records of some persons, and those that began before a day."""

    people: bool = False
    before: date | None = None

    def __bool__(self) -> bool:
        return self.people or self.before is not None


def load_forgotten(store: Store) -> ForgottenRegister:
    """What was forgotten and purged so far; nothing, in most databases."""
    people, day = store.engine.rows(
        "SELECT EXISTS (SELECT 1 FROM forgotten), (SELECT value FROM meta WHERE name = ?)", [PURGED_BEFORE]
    )[0]
    return ForgottenRegister(people, date.fromisoformat(day) if day else None)


def note_emptied_texts(store: Store, source: str) -> None:
    """Note that contacts of a source gave up what they held, where an earlier file of it kept texts."""
    if store.engine.rows("SELECT 1 FROM files WHERE source = ? AND keep_text LIMIT 1", [source]):
        store.remember(EMPTIED_TEXTS, "yes")


def record_key(kind: str, number: str) -> str:
    """SQL of the pseudonym of a record's number."""
    return pseudonym(f"'{kind}:' || {number}")


def leave_out(
    store: Store, plan: Plan, register: ForgottenRegister, source: str, names: Names, zone: str
) -> dict[str, int]:
    """Drop the records of `typed` that are not to be taken in again; how many, by the code of a remark.

    `zone` is the brand's.
    """
    counts: dict[str, int] = {}
    if register.before is not None:
        day = f"CAST({local_time('begins', zone)} AS DATE)"
        old = f"SELECT place FROM ({plan.reference_sql()}) WHERE {day} < DATE '{register.before}'"
        counts[PURGED_LEFT_OUT] = _drop(store, plan, old)
    if register.people:
        _collect(store, plan, source, names)
        counts[FORGOTTEN_LEFT_OUT] = _drop(store, plan, "SELECT place FROM forgotten_places")
        counts[FORGOTTEN_EMPTIED] = sum(_empty(store, plan, pseudonym(f"t.{name}"), name) for name in plan.identities)
        counts[FORGOTTEN_EMPTIED] += sum(
            _empty(store, plan, _mark(text.target), text.target, text.alias) for text in plan.text_columns
        )
        store.engine.run("DROP TABLE forgotten_places")
    return counts


def _place(plan: Plan) -> str:
    return "line" if plan.has_groups else PLACE


def _drop(store: Store, plan: Plan, places: str) -> int:
    condition = f"NOT dropped AND {_place(plan)} IN ({places})"
    count = int(store.engine.rows(f"SELECT count(*) FROM typed WHERE {condition}")[0][0])
    if count:
        store.engine.run(f"UPDATE typed SET dropped = TRUE WHERE {condition}")
    return count


def _collect(store: Store, plan: Plan, source: str, names: Names) -> None:
    """Fill `forgotten_places` (place) with the records of those who were forgotten."""
    main = columns(plan.main)
    people = [name for name in _PEOPLE if name in main]
    references = [name for name in _CONTACTS if name in main]
    texts = [name for name in ("order_ref", "brand", *references) if name in main]
    records = f"({plan.reference_sql(*people, *texts)})"
    store.engine.run("CREATE OR REPLACE TEMP TABLE forgotten_places (place BIGINT)")
    is_person = "FALSE"
    if people:
        is_person = f"f.key = coalesce({', '.join(f't.{name}' for name in people)}, NULL)"
    before = "(t.begins IS NULL OR t.begins <= f.forgotten_at)"
    store.engine.run(
        f"INSERT INTO forgotten_places SELECT t.place FROM {records} AS t JOIN forgotten AS f ON {is_person} "
        f"WHERE f.kind = 'person' AND {before}"
    )
    nameless = " AND ".join(f"t.{name} IS NULL" for name in people) or "TRUE"
    for name in references:
        is_named = "FALSE" if name == "contact_id" and plan.main == "contacts" else (
            f"NOT EXISTS (SELECT 1 FROM contacts AS c WHERE c.contact_id = t.{name})"
        )  # fmt: skip
        store.engine.run(
            f"INSERT INTO forgotten_places SELECT t.place FROM {records} AS t JOIN forgotten AS f "
            f"ON f.key = CASE WHEN {nameless} AND t.{name} IS NOT NULL THEN {record_key('contact', f't.{name}')} END "
            f"WHERE f.kind = 'contact' AND {before} AND (f.scope = $source OR {is_named})",
            {"source": source},
        )
    for name in set(texts) - {"brand"}:
        store.engine.run(
            f"INSERT INTO forgotten_places SELECT t.place FROM {records} AS t JOIN forgotten AS f "
            f"ON f.key = {_mark(name)} "
            f"WHERE f.kind = 'person' AND {before} AND {'TRUE' if name == KEYS[plan.main].id[0] else nameless}"
        )
    if plan.main in NUMBERED_TABLES:
        number = KEYS[plan.main].id[0]
        store.engine.run(
            f"INSERT INTO forgotten_places SELECT t.place FROM ({plan.reference_sql(number)}) AS t JOIN forgotten AS f "
            f"ON f.key = {record_key(plan.main, f't.{number}')} "
            f"WHERE f.kind = '{plan.main}' AND f.scope = $source AND {before}",
            {"source": source},
        )
    if "order_ref" in main:
        _collect_of_orders(store, records, nameless, before, names)


def _collect_of_orders(store: Store, records: str, nameless: str, before: str, names: Names) -> None:
    """Add the records that name an order of those who were forgotten, unless another order has that name."""
    key = f"CASE WHEN {nameless} AND t.order_ref IS NOT NULL THEN {order_key('t.order_ref')} END"
    rows = store.engine.rows(
        f"SELECT t.place, t.brand, f.scope, list(o.brand) FILTER (WHERE o.order_key IS NOT NULL) FROM {records} AS t "
        f"JOIN forgotten AS f ON f.key = {key} LEFT JOIN orders AS o ON o.order_key = f.key "
        f"WHERE f.kind = 'order' AND {before} GROUP BY 1, 2, 3"
    )
    places = []
    for place, spelling, scope, rivals in rows:
        brand = names.of(spelling) if spelling is not None else None
        alike = [rival for rival in rivals or () if rival is None or brand is None or rival == brand]
        if not alike and (brand is None or scope is None or brand == scope):
            places.append(int(place))
    if places:
        store.engine.append("forgotten_places", {"place": places})


def _mark(name: str) -> str:
    """SQL of the pseudonym of a person that a number has in it (see masks.py)."""
    mark = f"regexp_extract(t.{name}, '{PREFIX}([0-9a-f]{{32}})', 1)"
    return f"CASE WHEN contains(t.{name}, '{PREFIX}') THEN try_cast({mark} AS UUID) END"


def _empty(store: Store, plan: Plan, key: str, name: str, *dependents: str) -> int:
    """Empty an identifier of one who was forgotten where it stands in a record of another; how many records."""
    records = plan.reference_sql()
    of = records.replace("SELECT ", f"SELECT {key} AS key, ", 1)
    places = (
        f"SELECT t.place FROM ({of} AND t.{name} IS NOT NULL) AS t JOIN forgotten AS f ON f.key = t.key "
        "WHERE f.kind = 'person' AND (t.begins IS NULL OR t.begins <= f.forgotten_at)"
    )
    condition = f"{_place(plan)} IN ({places})"
    count = int(store.engine.rows(f"SELECT count(*) FROM typed WHERE {condition}")[0][0])
    if count:
        assignments = ", ".join(f"{column} = NULL" for column in dict.fromkeys((name, *dependents)))
        store.engine.run(f"UPDATE typed SET {assignments} WHERE {condition}")
    return count
