"""Take records out of a database for good: those of a person (`forget`), those older than a day (`purge`).

What is taken out is an entry of the ledger: the records held are still what the files added less what was removed. The
database is written anew (see rewrite.py), as a DELETE leaves the bytes in its file.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from kpibar.config import Config
from kpibar.database.errors import KeyMissing
from kpibar.database.key import bind, key_path, load_key
from kpibar.database.ledger import PURGED_BEFORE, Counts, Entry, next_file_id, write_entry
from kpibar.database.schema import BEGINS, ENTITIES, INSTANTS, KEYS, columns
from kpibar.database.store import Store
from kpibar.load.forgotten import NUMBERED_TABLES, record_key
from kpibar.removal.errors import AgeInvalid
from kpibar.removal.people import (
    PERSON,
    ROWS,
    Identifiers,
    PersonRecords,
    find_person,
    has_mark,
    normal_forms,
    numbers_of,
    without_short_mark,
    words_of,
)
from kpibar.removal.rewrite import rewrite
from kpibar.values.timezones import local_time

_AGE = re.compile(r"([1-9][0-9]{0,3})\s*([ymwd])", re.IGNORECASE)


@dataclass(frozen=True)
class Removal:
    """So many records of a source go out of a table."""

    entity: str
    source: str
    records: int


@dataclass(frozen=True)
class Erasure:
    """What is to be taken out, and under which name the ledger says so. `before`: only a purge has that day."""

    name: str
    kind: str
    removals: tuple[Removal, ...]
    person: PersonRecords | None = None
    before: date | None = None

    @property
    def records(self) -> int:
        """All records that go."""
        return sum(removal.records for removal in self.removals)


def plan_forgetting(store: Store, identifiers: Identifiers, config: Config) -> Erasure:
    """Find everything that is of a person. Raises IdentifierInvalid, KeyMissing, KeyUnusable."""
    forms = normal_forms(store, identifiers, config.settings.country_calling_code)
    key = load_key(key_path(config.settings.project), create=False)
    if store.meta("key_id") is None:  # without one nothing was ever ingested, and none is bound to it here
        raise KeyMissing(key.path)
    bind(store, key)
    person = find_person(store, forms)
    return Erasure("forget", "forget", _removals(store), person)


def plan_purge(store: Store, age: str, today: date | None = None) -> Erasure:
    """Find every record that began before a day so long ago, in the zone of the brand. Raises AgeInvalid.

    A record without that date goes by the newest instant known of it, else by that of its export.
    """
    before = first_day(age, today or datetime.now(UTC).date())
    zone = store.meta("timezone") or "UTC"
    for entity in ENTITIES:
        begins = ", ".join(f"t.{name}" for name in BEGINS[entity])
        instants = ", ".join(f"t.{name}" for name in INSTANTS[entity])
        instant = f"coalesce({begins}, greatest({instants}, NULL), f.as_of, f.ingested_at)"
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE {ROWS}{entity} AS SELECT t.rowid AS row FROM {entity} AS t "
            f"LEFT JOIN files AS f ON f.file_id = t.file_id WHERE CAST({local_time(instant, zone)} AS DATE) < ?",
            [before],
        )
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {PERSON} (key UUID)")
    return Erasure(f"purge before {before}", "purge", _removals(store), before=before)


def first_day(age: str, today: date) -> date:
    """The first day that is not older than an age such as 3y, 18m, 26w or 90d. Raises AgeInvalid."""
    match = _AGE.fullmatch(age.strip())
    if match is None:
        raise AgeInvalid(age)
    count, unit = int(match[1]), match[2].lower()
    try:
        if unit in "wd":
            return today - timedelta(days=count * (7 if unit == "w" else 1))
        months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError) as error:
        raise AgeInvalid(age) from error


def _removals(store: Store) -> tuple[Removal, ...]:
    removals = []
    for entity in ENTITIES:
        rows = store.engine.rows(
            f"SELECT source, count(*) FROM {entity} AS t WHERE t.rowid IN (SELECT row FROM {ROWS}{entity}) "
            "GROUP BY source ORDER BY source"
        )
        removals += [Removal(entity, source, count) for source, count in rows]
    return tuple(removals)


def erase(store: Store, erasure: Erasure, config: Config) -> None:
    """Write the database anew without what was planned on it; it must have been opened with `rewritten`.

    Raises RewriteImpossible, RewriteShort.
    """
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    selects = {entity: _select_kept(store, entity) for entity in ENTITIES}
    selects["mentions"] = (
        "SELECT m.* FROM mentions AS m ANTI JOIN (SELECT source, contact_id FROM contacts AS t WHERE t.rowid IN "
        f"(SELECT row FROM {ROWS}contacts)) AS gone ON gone.source = m.source AND gone.contact_id = m.contact_id"
    )
    if erasure.kind == "forget":
        selects["forgotten"] = _forget_statement(now)

    def finish(new: Store) -> None:
        """Enter what was erased in the ledger of the new file, and from which day on records are taken."""
        zone = new.meta("timezone") or "UTC"
        for removal in erasure.removals:
            write_entry(new, _entry(next_file_id(new), erasure, removal), zone)
        if erasure.before is not None:
            earlier = new.meta(PURGED_BEFORE) or ""
            new.remember(PURGED_BEFORE, max(earlier, erasure.before.isoformat()))

    rewrite(store, selects, config, finish)


def _select_kept(store: Store, entity: str) -> str:
    """The query for the rows of a table that stay, without the person's identifiers in records of others."""
    key_columns = {"contacts": ("customer_alias_key", "agent_key"), "orders": ("customer_alias_key",)}.get(entity, ())
    column_list = ", ".join(
        f"CASE WHEN {name} IN (FROM {PERSON}) THEN NULL ELSE {name} END AS {name}" for name in key_columns
    )
    column_list = ", ".join(filter(None, (column_list, *_without_marks(store, entity))))
    replacement = f" REPLACE ({column_list})" if column_list else ""
    return f"SELECT *{replacement} FROM {entity} AS t WHERE t.rowid NOT IN (SELECT row FROM {ROWS}{entity})"


def _without_marks(store: Store, entity: str) -> list[str]:
    """SQL of the numbers and words of other records without what they hold of the person's pseudonyms."""
    replacements = []
    for name in numbers_of(entity)[1:]:
        dependents = ("order_ref", "order_key", "order_number") if name == "order_ref" else (name,)
        replacements += [
            f"CASE WHEN {has_mark(store, name)} THEN NULL ELSE {column} END AS {column}"
            for column in dependents
            if column in columns(entity)
        ]
    replacements += [f"{without_short_mark(store, name)} AS {name}" for name in words_of(entity)]
    return replacements


def _forget_statement(now: datetime) -> str:
    """The query for the pseudonyms of all who were forgotten, this person among them."""
    rows_to_delete = "FROM {0} AS t WHERE t.rowid IN (SELECT row FROM " + ROWS + "{0})"
    orders, contacts = rows_to_delete.format("orders"), rows_to_delete.format("contacts")
    fresh = (
        f"SELECT key, 'person' AS kind, NULL::VARCHAR AS scope FROM {PERSON} "
        f"UNION SELECT t.order_key, 'order', t.brand {orders} AND t.order_key IS NOT NULL "
        f"UNION SELECT t.number_key, 'order', t.brand {orders} AND t.number_key IS NOT NULL "
        f"UNION SELECT t.order_key, 'order', t.brand {contacts} AND t.order_key IS NOT NULL "
        f"UNION SELECT {record_key('contact', 't.contact_id')}, 'contact', t.source {contacts}"
    )
    for entity in NUMBERED_TABLES:
        key = record_key(entity, f"t.{KEYS[entity].id[0]}")
        fresh += f" UNION SELECT {key}, '{entity}', t.source {rows_to_delete.format(entity)}"
    return (
        f"SELECT key, kind, scope, max(forgotten_at) AS forgotten_at FROM (FROM forgotten UNION ALL "
        f"SELECT *, TIMESTAMP '{now}' FROM ({fresh})) GROUP BY key, kind, scope"
    )


def _entry(file_id: int, erasure: Erasure, removal: Removal) -> Entry:
    """The ledger entry of what was taken out of one source's table: of no file, so that it has no bytes."""
    return Entry(
        file_id, "", erasure.name, 0, erasure.kind, removal.source, removal.entity, None, "", "", "", None,
        Counts(removed=removal.records),
    )  # fmt: skip
