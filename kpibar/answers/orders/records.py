"""The messages, surveys and gestures of an order: by its number, or by a contact tied to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kpibar.database.engine import Row
from kpibar.database.store import Store
from kpibar.load.keys import digits_of
from kpibar.values.notation import quote

# Those of the contacts whose number no other contact has.
_SINGLE_CONTACTS = (
    "SELECT contact_id FROM contacts WHERE list_contains($contacts, contact_id) GROUP BY contact_id HAVING count(*) = 1"
)


@dataclass(frozen=True)
class Notice:
    """A message that was sent about the order."""

    notice_id: str
    kind: str | None
    channel: str | None
    sent_at: datetime | None


@dataclass(frozen=True)
class Survey:
    """An invitation to rate and its answer; `by` tells whether the order's number or a contact ties it to the order."""

    survey_uid: str
    kind: str | None
    channel: str | None
    score: float | None
    scale_min: float | None
    scale_max: float | None
    sent_at: datetime | None
    answered_at: datetime | None
    by: str


@dataclass(frozen=True)
class Gesture:
    """What the customer was given."""

    gesture_id: str
    amount: float | None
    currency: str | None
    decided_by_agent: bool | None
    given_at: datetime | None


def notices_of(store: Store, key: object, number: int | None, brand: str | None) -> tuple[Notice, ...]:
    """The messages about an order."""
    rows = _rows(
        store,
        f"SELECT notice_id, kind, channel, sent_at FROM notices AS r WHERE {_of_order(number)}"
        " ORDER BY sent_at NULLS LAST, notice_id",
        key, number, brand,
    )  # fmt: skip
    return tuple(Notice(*row) for row in rows)


def surveys_of(
    store: Store, key: object, number: int | None, brand: str | None, contacts: Sequence[str]
) -> tuple[Survey, ...]:
    """The surveys of an order and of its contacts, as the model counts them: of a rating seen twice, one.

    A survey does not say of which tool its contact is: a number that several contacts have names none.
    """
    ties = _rows(
        store,
        f"SELECT source || '/' || survey_id, kind, scale_min, scale_max, coalesce({_of_order(number)}, FALSE)"
        f" FROM surveys AS r WHERE {_of_order(number)} OR r.contact_id IN ({_SINGLE_CONTACTS})",
        key, number, brand, contacts,
    )  # fmt: skip
    if not ties:
        return ()
    ties_by_uid = {uid: rest for uid, *rest in ties}
    rows = store.engine.rows(
        "SELECT survey_uid, channel, score, sent_at, answered_at FROM fact_surveys"
        f" WHERE survey_uid IN ({', '.join(map(quote, ties_by_uid))})"
        " ORDER BY coalesce(sent_at, answered_at) NULLS LAST, survey_uid"
    )
    surveys = []
    for uid, channel, score, sent_at, answered_at in rows:
        kind, low, high, by_order = ties_by_uid[uid]
        by = "order" if by_order else "contact"
        surveys.append(Survey(uid, kind, channel, score, low, high, sent_at, answered_at, by))
    return tuple(surveys)


def gestures_of(
    store: Store, key: object, number: int | None, brand: str | None, contacts: Sequence[str]
) -> tuple[Gesture, ...]:
    """The gestures for an order and for its contacts."""
    rows = _rows(
        store,
        "SELECT gesture_id, CAST(amount AS DOUBLE), currency, decided_by_agent, given_at FROM gestures AS r"
        f" WHERE {_of_order(number)} OR r.contact_id IN ({_SINGLE_CONTACTS})"
        " ORDER BY given_at NULLS LAST, gesture_id",
        key, number, brand, contacts,
    )  # fmt: skip
    return tuple(Gesture(*row) for row in rows)


def _of_order(number: int | None) -> str:
    """SQL: a record names the order by its number, or by its digits alone, and is of its brand or of none.

    Digits name an order only where they are those of no other one, and the whole number is that of none: where A-1001
    and B-1001 are known, a record of B-1001 is not of A-1001, and one of 1001 is of neither.
    """
    condition = "r.order_key = $key"
    if number is not None:
        digits = digits_of("r.order_ref", letters=True)
        alone = f"""(
            contains(r.order_ref, '{number}') AND {digits} = $number
            AND NOT EXISTS (SELECT 1 FROM fact_orders AS o WHERE o.order_key = r.order_key)
            AND (
                SELECT count(DISTINCT o.order_key) FROM fact_orders AS o
                WHERE o.order_number = $number AND (o.brand = r.brand OR o.brand IS NULL OR r.brand IS NULL)
            ) <= 1
        )"""
        condition = f"({condition} OR {alone})"
    return f"({condition} AND (r.brand = $brand OR r.brand IS NULL OR $brand IS NULL))"


def _rows(
    store: Store, sql: str, key: object, number: int | None, brand: str | None, contacts: Sequence[str] = ()
) -> list[Row]:
    return store.engine.rows(sql, {"key": key, "number": number, "brand": brand, "contacts": list(contacts)})
