"""Who is meant by an e-mail address, a telephone number or a customer id, and which records are of that person.

A telephone seen with one e-mail address only is that person's (see 05_people.sql): the records of both are of one
person. A number that several share stays with the others: it is emptied in their records.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.database.schema import ENTITIES, KEYS, columns
from kpibar.database.store import Store
from kpibar.load.masks import PREFIX, short_mark
from kpibar.plausibility.brands import ORDER_REFERENCES
from kpibar.privacy.calling_codes import whole_numbers
from kpibar.removal.errors import IdentifierInvalid
from kpibar.values.helpers import identity, pseudonym

# Temporary tables: the pseudonyms of the person; of each canonical table the rows that go.
PERSON = "gone_people"
ROWS = "gone_"
# Tables whose records name a customer; the second identifier stands in some of them.
_CUSTOMER_TABLES = {"contacts": True, "orders": True, "surveys": False}
# Tables whose records name the order that a customer asks about.
_ORDER_TABLES = ("contacts", "surveys")
_FEWEST_DIGITS = 8
# Columns that number another record.
_REFERENCES = ("case_id", "merged_into", "contact_id", "order_ref")


@dataclass(frozen=True)
class Identifiers:
    """What a person is known by, as it was written."""

    emails: Sequence[str] = ()
    phones: Sequence[str] = ()
    customers: Sequence[str] = ()


@dataclass(frozen=True)
class PersonRecords:
    """How many records of a person there are.

    `by` counts what each identifier that was given is on, by what it is called. `links` are the other identifiers of
    the same person, `shares` the records of other customers in which a number of the person stands too,
    `agent_contacts` the contacts that the person answered as an agent: the identifier is emptied there. `mentions` are
    records of other customers that name an order of the person, `doubtful` those that may be of the person's order or
    of another one of the same number; both stay.
    """

    by: tuple[tuple[str, int], ...]
    links: int
    shares: int
    agent_contacts: int
    mentions: int
    doubtful: int


def normal_forms(store: Store, identifiers: Identifiers, calling_code: str) -> list[tuple[str, str]]:
    """What to call each identifier, and what its pseudonym is made of, exactly as ingest makes it.

    A telephone without + or 0 in front that can be one of the country is. Raises IdentifierInvalid.
    """
    emails = [_address(text) for text in identifiers.emails]
    phones = [_telephone(text, calling_code) for text in identifiers.phones]
    customers = [" ".join(text.split()) for text in identifiers.customers]
    if not all(customers):
        raise IdentifierInvalid("--customer", "expected an id as it stands in the exports")
    texts = [*emails, *phones, *customers]
    if not texts:
        raise IdentifierInvalid("forget", "name the person with --email, --phone or --customer")
    labels = [*_labels("e-mail address", emails), *_labels("telephone number", phones)]
    labels += _labels("customer id", customers)
    rows = store.engine.rows(
        f"SELECT {identity('v', calling_code)} FROM (SELECT unnest(?) AS v, unnest(range(?)) AS n) ORDER BY n",
        [texts, len(texts)],
    )
    return [(label, str(form)) for label, (form,) in zip(labels, rows, strict=True)]


def _labels(kind: str, texts: Sequence[str]) -> list[str]:
    """What is said of identifiers in the place of what they are: words of a run are kept in logs."""
    return [kind] if len(texts) == 1 else [f"{kind} {number}" for number in range(1, len(texts) + 1)]


def _address(text: str) -> str:
    """Raises IdentifierInvalid."""
    bracket = re.search(r"<([^<>]*)>", text)
    bare = (bracket[1] if bracket else text).strip().removeprefix("mailto:")
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", bare):
        raise IdentifierInvalid("--email", "expected an address, with an @ in it")
    return bare


def _telephone(text: str, calling_code: str) -> str:
    """Raises IdentifierInvalid."""
    bare = text.strip().removeprefix("tel:")
    digits = re.sub(r"[^0-9]", "", bare)
    if len(digits) < _FEWEST_DIGITS or not re.fullmatch(r"[+]?[0-9\s()./-]+", bare):
        raise IdentifierInvalid("--phone", "expected a number of 8 digits or more, with + or 0 in front")
    if bare[0] not in "+0" and re.fullmatch(whole_numbers(calling_code)[1], digits):
        return f"+{calling_code}{digits}"
    return bare


def find_person(store: Store, forms: Sequence[tuple[str, str]]) -> PersonRecords:
    """Fill `gone_people` and, of each canonical table, `gone_<table>` (row) with what is of the person.

    The session must have the key (see database/key.py, bind).
    """
    run = store.engine.run
    keys = f"SELECT DISTINCT {pseudonym('v')} AS key FROM (SELECT unnest($forms) AS v)"
    run(f"CREATE OR REPLACE TEMP TABLE {PERSON} AS {keys}", {"forms": [form for _, form in forms]})
    by = tuple((label, _count_key(store, form)) for label, form in forms)
    links = _add_linked(store)
    for entity in ENTITIES:
        run(f"CREATE OR REPLACE TEMP TABLE {ROWS}{entity} (row BIGINT)")
    for entity, alias_columns in _CUSTOMER_TABLES.items():
        alias = f" OR (t.customer_key IS NULL AND t.customer_alias_key IN (FROM {PERSON}))" if alias_columns else ""
        _add(store, entity, f"t.customer_key IN (FROM {PERSON}){alias}")
    for entity in ENTITIES:
        first_number, *further_numbers = numbers_of(entity)
        _add(store, entity, has_mark(store, f"t.{first_number}"))
        for name in further_numbers:
            _add(store, entity, f"{no_customer(entity)} AND {has_mark(store, f't.{name}')}")
    doubtful = _add_of_orders(store)
    _add_of_contacts(store)
    _add_of_references(store)
    _add_of_contacts(store)
    _name_orders(store)
    return PersonRecords(by, links, *_counts_of_others(store), doubtful)


def numbers_of(entity: str) -> tuple[str, ...]:
    """The columns of a table that number its records, and those of others that they are about."""
    key_column = KEYS[entity].id[0]
    return (key_column, *(name for name in _REFERENCES if name in columns(entity) and name != key_column))


def has_mark(store: Store, column: str) -> str:
    """SQL: a number has a pseudonym of the person in it, as a cell of another column held the identifier."""
    conditions = " OR ".join(f"contains({column}, '{PREFIX}{mark}')" for mark in _marks(store))
    return f"(contains({column}, '{PREFIX}') AND ({conditions or 'FALSE'}))"


def _marks(store: Store) -> list[str]:
    """The pseudonyms of the person as hexadecimal digits."""
    return [str(key).replace("-", "") for (key,) in store.engine.rows(f"FROM {PERSON} ORDER BY 1")]


def words_of(entity: str) -> tuple[str, ...]:
    """The columns of words of a table in which an identifier may stand: not its numbers, brand and source."""
    apart = {*numbers_of(entity), "order_ref", "brand", "source"}
    return tuple(name for name, type in columns(entity).items() if type == "VARCHAR" and name not in apart)


def without_short_mark(store: Store, column: str) -> str:
    """SQL: a word without the short mark of an identifier of the person; its shape stays."""
    text = column
    for mark in _marks(store):
        text = f"replace({text}, '{short_mark(mark)}', '')"
    return f"CASE WHEN contains({column}, '#') THEN {text} ELSE {column} END"


def _count_key(store: Store, form: str) -> int:
    """How many records have an identifier, as customer's or agent's."""
    key = store.engine.rows(f"SELECT {pseudonym('v')} FROM (SELECT $form::VARCHAR AS v)", {"form": form})[0][0]
    columns = {"contacts": ("customer_key", "customer_alias_key", "agent_key"),
               "orders": ("customer_key", "customer_alias_key"), "surveys": ("customer_key",)}  # fmt: skip
    return sum(
        int(store.engine.rows(f"SELECT count(*) FROM {entity} WHERE ? IN ({', '.join(names)})", [key])[0][0])
        for entity, names in columns.items()
    )


def _add_linked(store: Store) -> int:
    """Add the identifiers that belong to the same person alone; how many they are."""
    pairs = " UNION ".join(
        f"SELECT customer_key, customer_alias_key FROM {entity} WHERE customer_key <> customer_alias_key"
        for entity, alias_columns in _CUSTOMER_TABLES.items()
        if alias_columns
    )
    # A survey calls the customer of a contact by the name that its own tool has.
    pairs += (
        " UNION SELECT c.customer_key, s.customer_key FROM surveys AS s "
        "JOIN (SELECT contact_id, min(customer_key) AS customer_key FROM contacts "
        "WHERE contact_id IN (SELECT contact_id FROM surveys) GROUP BY 1 HAVING count(*) = 1) AS c "
        "ON c.contact_id = s.contact_id WHERE c.customer_key <> s.customer_key"
    )
    run, rows = store.engine.run, store.engine.rows
    run(
        "CREATE OR REPLACE TEMP TABLE sole_aliases AS SELECT customer_alias_key AS alias, min(customer_key) AS person "
        f"FROM ({pairs}) GROUP BY 1 HAVING count(*) = 1"
    )
    links = 0
    while True:
        counterparts = (
            f"SELECT person AS key FROM sole_aliases WHERE alias IN (FROM {PERSON}) "
            f"UNION SELECT alias FROM sole_aliases WHERE person IN (FROM {PERSON}) EXCEPT FROM {PERSON}"
        )
        count = int(rows(f"SELECT count(*) FROM ({counterparts})")[0][0])
        if not count:
            return links
        links += count
        run(f"INSERT INTO {PERSON} {counterparts}")


def _add(store: Store, entity: str, condition: str) -> int:
    """Add the rows `t` of a table for which a condition holds; how many are new."""
    table = f"{ROWS}{entity}"
    before = int(store.engine.rows(f"SELECT count(*) FROM {table}")[0][0])
    store.engine.run(
        f"INSERT INTO {table} SELECT t.rowid FROM {entity} AS t WHERE ({condition}) "
        f"AND t.rowid NOT IN (SELECT row FROM {table})"
    )
    return int(store.engine.rows(f"SELECT count(*) FROM {table}")[0][0]) - before


def no_customer(entity: str) -> str:
    """SQL: a row `t` says nothing of its customer."""
    if entity not in _CUSTOMER_TABLES:
        return "TRUE"
    return "t.customer_key IS NULL" + (" AND t.customer_alias_key IS NULL" if _CUSTOMER_TABLES[entity] else "")


def _name_orders(store: Store) -> None:
    """Fill `gone_names` and `kept_names` (name, number, brand) with the names of the person's and others' orders."""
    for table, side in (("gone_names", "IN"), ("kept_names", "NOT IN")):
        of = f"FROM orders AS t WHERE t.rowid {side} (SELECT row FROM {ROWS}orders)"
        of += "" if side == "IN" else f" AND NOT ({no_customer('orders')})"
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT t.order_key AS name, NULL::BIGINT AS number, t.brand {of} "
            f"UNION SELECT t.number_key, NULL, t.brand {of} UNION SELECT NULL, t.order_number, t.brand {of}"
        )


def _of_order(entity: str) -> tuple[str, str]:
    """SQL over a row `t`: it names an order of the person, for certain; and perhaps, as another order has the name."""

    def names_order(table: str, brand: str) -> str:
        """SQL: the row has a name or number that stands in a table, of a brand as `brand` says."""
        ways = [("name", "order_key")]
        ways += [("number", "order_number")] if entity in ("contacts", "parcels", "orders") else []
        conditions = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} AS n WHERE n.{name} = t.{column} AND ({brand}))" for name, column in ways
        )
        return f"({conditions})"

    same_brand = "n.brand = t.brand"
    no_other_brand = "n.brand = t.brand OR n.brand IS NULL OR t.brand IS NULL"
    certain = (
        f"({names_order('gone_names', same_brand)} AND NOT {names_order('kept_names', same_brand)}) "
        f"OR ({names_order('gone_names', no_other_brand)} AND NOT {names_order('kept_names', no_other_brand)})"
    )
    return certain, names_order("gone_names", no_other_brand)


def _add_of_orders(store: Store) -> int:
    """Add what is about the person's orders and names no other customer; how many rows may be, and stay."""
    _name_orders(store)
    _add(store, "orders", f"{no_customer('orders')} AND ({_of_order('orders')[0]})")
    _name_orders(store)
    doubtful = 0
    for entity in ORDER_REFERENCES:
        certain, perhaps = _of_order(entity)
        _add(store, entity, f"{no_customer(entity)} AND ({certain})")
        doubtful += _count(store, entity, f"{no_customer(entity)} AND {perhaps}")
    return doubtful


def _add_of_contacts(store: Store) -> None:
    """Add what belongs to a contact of the person: its calls and ticket that name no customer, surveys, gestures."""
    run = store.engine.run
    while True:
        deletions = f"SELECT row FROM {ROWS}contacts"
        run(f"CREATE OR REPLACE TEMP TABLE gone_ids AS SELECT source, contact_id, case_id FROM contacts AS t "
            f"WHERE t.rowid IN ({deletions})")  # fmt: skip
        run("CREATE OR REPLACE TEMP TABLE kept_ids AS SELECT contact_id, case_id FROM contacts AS t "
            f"WHERE t.rowid NOT IN ({deletions}) AND NOT ({no_customer('contacts')})")  # fmt: skip
        conditions = (
            "(t.source, t.merged_into) IN (SELECT source, contact_id FROM gone_ids)",
            "t.case_id IN (SELECT contact_id FROM gone_ids) AND t.case_id NOT IN (SELECT contact_id FROM kept_ids)",
            "t.contact_id IN (SELECT case_id FROM gone_ids WHERE case_id IS NOT NULL) "
            "AND t.contact_id NOT IN (SELECT case_id FROM kept_ids WHERE case_id IS NOT NULL)",
        )
        if not sum(_add(store, "contacts", f"{no_customer('contacts')} AND {condition}") for condition in conditions):
            break
    for entity in ("surveys", "gestures"):
        _add(
            store,
            entity,
            "(t.source, t.contact_id) IN (SELECT source, contact_id FROM gone_ids) OR (t.contact_id IN (SELECT "
            "contact_id FROM gone_ids) AND t.contact_id NOT IN (SELECT contact_id FROM kept_ids))",
        )


def _add_of_references(store: Store) -> None:
    """Add what names no customer and an order that contacts and surveys of the person name, and no other customer has.

    A shop may give no orders, or orders without their customers.
    """
    names = "SELECT order_key AS name, NULL::BIGINT AS number, brand FROM {0} AS t WHERE {1}"
    deletions, remainder = (
        f"t.rowid IN (SELECT row FROM {ROWS}{{0}})",
        f"t.rowid NOT IN (SELECT row FROM {ROWS}{{0}})",
    )
    for table, entities, side in (
        ("gone_names", _ORDER_TABLES, deletions),
        ("kept_names", (*_ORDER_TABLES, "orders"), remainder),
    ):
        numbers = [
            names.format(entity, f"{side.format(entity)} AND ({table == 'gone_names'} OR NOT ({no_customer(entity)}))")
            for entity in entities
        ]
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {' UNION '.join(numbers)}")
    for entity in ("orders", *ORDER_REFERENCES):
        _add(store, entity, f"{no_customer(entity)} AND ({_of_order(entity)[0]})")


def _count(store: Store, entity: str, condition: str) -> int:
    """How many rows `t` of a table stay for which a condition holds."""
    sql = f"SELECT count(*) FROM {entity} AS t WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity}) AND ({condition})"
    return int(store.engine.rows(sql)[0][0])


def _counts_of_others(store: Store) -> tuple[int, int, int]:
    """The records of others in which the person stands: as a second identifier, as the agent, by an order's number."""
    shares = sum(
        _count(store, entity, f"t.customer_alias_key IN (FROM {PERSON})")
        for entity, alias_columns in _CUSTOMER_TABLES.items()
        if alias_columns
    )
    agent_contacts = _count(store, "contacts", f"t.agent_key IN (FROM {PERSON})")
    mentions = sum(
        _count(store, entity, f"NOT ({no_customer(entity)}) AND ({_of_order(entity)[0]})")
        for entity in ("contacts", "surveys")
    )
    return shares, agent_contacts, mentions
