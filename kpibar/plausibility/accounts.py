"""Whether a file is of another account: one whose records have the numbers of known records and are others.

Two accounts of one tool number their records alike. When a record began, whose parcel it is, which telephone asked:
none of it changes from one export of an account to the next, while statuses, replies, promises and refunds do. A pair
of versions that disagree in what never changes are two records; where most pairs of a file do, it is another account's.
"""

from dataclasses import dataclass

from kpibar.database.schema import BEGINS
from kpibar.database.store import Store
from kpibar.values.timezones import local_time

_DAY, _SHORTEST_DAY = 86_400, 82_800  # seconds; when clocks change in spring, midnight follows midnight after 23 hours
# A parcel is handed over, an invitation sent again, later than was announced; never so much later.
_DELAY = 30 * _DAY
# A promise moves by days and weeks.
_OTHER_PROMISE = 90 * _DAY
# So many pairs are no slip: two that are all there are, three of a majority.
_ALL_SIGNS, _MOST_SIGNS = 2, 3

# Columns that name another record; for one record they never name two.
_OWN_COLUMNS = {
    "contacts": ("case_id",),
    "parcels": ("order_ref",),
    "surveys": ("contact_id", "order_ref"),
    "notices": ("order_ref",),
    "gestures": ("order_ref", "contact_id"),
}
# Columns that seldom change: one alone proves nothing.
_SELDOM = {
    "contacts": ("customer_key", "order_ref", "brand", "country", "channel"),
    "orders": ("customer_key", "value", "currency", "country"),
    "parcels": ("brand", "carrier", "mode", "country", "promised_to"),
    "surveys": ("customer_key", "kind", "brand", "country", "channel"),
    "notices": ("brand", "kind", "channel"),
    "gestures": ("brand", "amount", "currency"),
    # A month is a month in every account, and its amount may be corrected.
    "costs": (),
}
# What dates a record, where that is more than its beginning.
_INSTANTS = {"parcels": ("shipped_at", "delivered_at"), "surveys": ("sent_at", "answered_at")}
# So many of them must differ where no date speaks, and where the two began on one day; a currency counts twice.
_DATES_UNKNOWN, _ON_ONE_DAY = 2, 3
_REFERENCES = ("order_ref", "contact_id", "case_id")


@dataclass(frozen=True)
class Pairs:
    """Pairs of versions that have one number: how many can be told apart at all, and how many are two records.

    Of these `starts` began on another day, `names` belong to another order, contact or case, `telephones` are of
    another telephone, `unlike` differ in several of the columns that seldom change.
    """

    comparable: int
    strangers: int
    starts: int
    names: int
    telephones: int
    unlike: int

    @property
    def signs(self) -> dict[str, int]:
        """How many pairs show each sign of two records, by the words that follow the number; no zeros."""
        counts = {
            "began on another day": self.starts,
            "belong to another order, contact or case": self.names,
            "have another telephone": self.telephones,
            "differ in several of customer, value, currency, country and the like": self.unlike,
        }
        return {words: count for words, count in counts.items() if count}

    @property
    def another_account(self) -> bool:
        """Whether most are two records, so that the file is of another account."""
        threshold = _ALL_SIGNS if self.strangers == self.comparable else _MOST_SIGNS
        return self.strangers >= threshold and 2 * self.strangers > self.comparable


def compare(store: Store, entity: str, columns: frozenset[str], pairs: str, values: list[object]) -> Pairs:
    """Compare the versions `i` and `t` of `pairs`, a FROM clause with its WHERE, by the columns a file fills.

    Two versions of one person are one record, unless so many have this person that it stands for nobody.
    """
    zone = store.meta("timezone") or "UTC"
    person = _person(columns)
    select = (
        f"SELECT {_start_differs(entity, columns, zone)} AS begun, {_name_differs(entity, columns)} AS named, "
        f"{_telephone_differs(columns)} AS called, {_unlike(entity, columns)} AS unlike, {person} AS person, "
        f"{_comparable(entity, columns)} AS comparable FROM {pairs}"
    )
    flags = ", ".join(f"count(*) FILTER (WHERE {flag})" for flag in ("begun", "named", "called", "unlike"))
    stranger = "begun OR named OR called OR unlike"
    row = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE comparable OR {stranger}), count(*) FILTER (WHERE {stranger}), {flags}, "
        f"count(person) FILTER (WHERE {stranger}), count(DISTINCT person) FILTER (WHERE {stranger}) FROM ({select})",
        values,
    )[0]
    comparable, strangers, starts, names, telephones, unlike, alike, persons = map(int, row)
    same_text = alike if 2 * persons >= alike else 0
    return Pairs(comparable, strangers - same_text, starts, names, telephones, unlike)


def _is_known(column: str) -> str:
    return f"(i.{column} IS NOT NULL AND t.{column} IS NOT NULL)"


def _gap(column: str) -> str:
    return f"abs(epoch(i.{column}) - epoch(t.{column}))"


def _midnight(row: str, column: str, zone: str) -> str:
    return f"(CAST({local_time(f'{row}.{column}', zone)} AS TIME) = TIME '00:00')"


def _apart(column: str, zone: str) -> str:
    """SQL: two instants are not of one event, whatever zone they were read in or day or minute they are rounded to."""
    midnights_differ = f"{_midnight('i', column, zone)} <> {_midnight('t', column, zone)}"
    gap = _gap(column)
    threshold = f"CASE WHEN {midnights_differ} THEN {2 * _DAY} ELSE {_DAY} END"
    return f"coalesce({gap} = {_SHORTEST_DAY} OR {gap} >= {threshold}, FALSE)"


def _later(column: str, until: str) -> str:
    """SQL: an announced instant became a later one while the event it leads to had not happened."""
    delay = f"epoch({{1}}.{column}) - epoch({{0}}.{column}) BETWEEN 0 AND {_DELAY} AND {{0}}.{until} IS NULL"
    return f"coalesce(({delay.format('t', 'i')}) OR ({delay.format('i', 't')}), FALSE)"


def _start_differs(entity: str, columns: frozenset[str], zone: str) -> str:
    """SQL: the two began on another day."""
    begins = BEGINS[entity][0]
    if entity == "parcels":
        delivery_differs = _apart("delivered_at", zone) if "delivered_at" in columns else "FALSE"
        dispatch_differs = (
            f"({_apart(begins, zone)} AND NOT {_later(begins, 'delivered_at')})" if begins in columns else "FALSE"
        )
        gap = f"abs(epoch({_promise('i')}) - epoch({_promise('t')}))"
        promise_differs = f"coalesce({gap} >= {_OTHER_PROMISE}, FALSE)" if "promised_to" in columns else "FALSE"
        return f"({delivery_differs} OR {dispatch_differs} OR {promise_differs})"
    if entity == "surveys":
        answer_differs = _apart("answered_at", zone) if "answered_at" in columns else "FALSE"
        invitation_differs = (
            f"({_apart(begins, zone)} AND NOT {_later(begins, 'answered_at')})" if begins in columns else "FALSE"
        )
        return f"CASE WHEN {_is_known(begins)} THEN {invitation_differs} ELSE {answer_differs} END"
    return _apart(begins, zone) if begins in columns else "FALSE"


def _promise(row: str) -> str:
    """SQL of the last promise: a version in hand has the first one known of its number already."""
    return f"coalesce({row}.last_promised_to, {row}.promised_to)"


def _name_differs(entity: str, columns: frozenset[str]) -> str:
    """SQL: the two belong to another order, contact or case."""
    return (
        " OR ".join(f"({_differ(column)})" for column in _OWN_COLUMNS.get(entity, ()) if column in columns) or "FALSE"
    )


def _telephone_differs(columns: frozenset[str]) -> str:
    """SQL: the two are of another telephone, and of no customer who could have several."""
    if "customer_alias_key" not in columns:
        return "FALSE"
    other_alias = "coalesce(i.customer_alias_key <> t.customer_alias_key, FALSE)"
    same_customer = "coalesce(i.customer_key = t.customer_key, FALSE)" if "customer_key" in columns else "FALSE"
    return f"({other_alias} AND NOT {same_customer})"


def _unlike(entity: str, present: frozenset[str]) -> str:
    """SQL: the two differ in several columns that seldom change."""
    columns = [column for column in _SELDOM[entity] if column in present]
    if not columns:
        return "FALSE"
    weights = {"currency": _DATES_UNKNOWN}
    unlike = " + ".join(f"{weights.get(column, 1)} * CAST({_differ(column)} AS INTEGER)" for column in columns)
    dates = [_is_known(column) for column in _INSTANTS.get(entity, BEGINS[entity][:1]) if column in present]
    dates_differ = " OR ".join(dates) or "FALSE"
    return f"({unlike} >= CASE WHEN {dates_differ} THEN {_ON_ONE_DAY} ELSE {_DATES_UNKNOWN} END)"


def _differ(column: str) -> str:
    """SQL: two known values differ; a number of an order or contact by more than how it is written."""
    if column == "promised_to":
        return f"coalesce(abs(epoch({_promise('i')}) - epoch({_promise('t')})) >= {_DAY}, FALSE)"
    if column not in _REFERENCES:
        return f"coalesce(i.{column} <> t.{column}, FALSE)"
    digits = [f"ltrim(regexp_replace({row}.{column}, '[^0-9]', '', 'g'), '0')" for row in "it"]
    plain = [f"lower({row}.{column})" for row in "it"]
    return (
        f"CASE WHEN {plain[0]} = {plain[1]} THEN FALSE WHEN {digits[0]} = '' THEN {_is_known(column)} "
        f"ELSE coalesce({digits[0]} <> {digits[1]}, FALSE) END"
    )


def _person(columns: frozenset[str]) -> str:
    """SQL: the customer both are of, NULL where that is not known."""
    cases = []
    if "customer_key" in columns:
        cases.append("WHEN i.customer_key = t.customer_key THEN i.customer_key")
    if "customer_alias_key" in columns:
        cases.append("WHEN i.customer_alias_key = t.customer_alias_key THEN i.customer_alias_key")
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS UUID)"


def _comparable(entity: str, present: frozenset[str]) -> str:
    """SQL: the two could disagree in what never changes."""
    columns = (*_INSTANTS.get(entity, BEGINS[entity][:1]), *_OWN_COLUMNS.get(entity, ()), "customer_alias_key")
    conditions = [_is_known(column) for column in columns if column in present]
    return f"({' OR '.join(conditions)})" if conditions else "FALSE"
