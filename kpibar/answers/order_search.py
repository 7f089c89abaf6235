"""Which order a number names, however it is spelled: with blanks, a # or "n°", with or without letters and zeros.

Its whole text is looked for first, then the number of a parcel, then its digits alone, by the forms under which the
loading compares references (`load/keys.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.answers.errors import OrderAmbiguous, OrderOfOtherBrand, OrderUnknown, ReferenceUnusable
from kpibar.answers.order_parcels import orders_of_parcels
from kpibar.brands import names_by_fold
from kpibar.config import Config
from kpibar.database.store import Store
from kpibar.load.keys import digits_of, order_mentions, plain_reference
from kpibar.plausibility.brands import load_names

_LONGEST = 100
_NEAREST = 5
# So many signs of a number may be wrong for it to be suggested; of a short one, one.
_WRONG_SIGNS, _SHORT = 2, 6


@dataclass(frozen=True)
class Forms:
    """A number as it may be written: its texts as they are compared, and its digits."""

    texts: tuple[str, ...]
    digits: tuple[int, ...]


@dataclass(frozen=True)
class Match:
    """An order that a number names; by a parcel's number where `parcel_id` is one.

    Without `order_id` no order has the number, and `contacts` name it (their contact_uid).
    """

    order_id: str | None
    reference: str
    brand: str | None
    parcel_id: str | None = None
    contacts: tuple[str, ...] = ()


def find_orders(store: Store, config: Config, reference: str, brand: str | None = None) -> tuple[Match, ...]:
    """The orders that a number names, of one brand or all; several only where a brand does not tell them apart.

    Raises ReferenceUnusable, OrderUnknown, OrderAmbiguous, OrderOfOtherBrand.
    """
    shown = " ".join(reference.split())
    forms = forms_of(store, reference)
    matches = (
        _orders_by_text(store, forms)
        or _orders_by_parcel(store, config, forms)
        or _orders_by_digits(store, forms)
        or _contacts_alone(store, forms, shown)
    )
    if not matches:
        raise OrderUnknown(shown, _nearest(store, forms))
    brands = tuple(sorted({match.brand for match in matches if match.brand}))
    if brand is not None:
        name = brand if brand in brands else load_names(store, names_by_fold(config.settings.brands)).of(brand)
        # An order of an unknown brand may be of any.
        matches = [m for m in matches if m.brand == name] or [m for m in matches if m.brand is None]
        if not matches:
            raise OrderOfOtherBrand(shown, brand, brands)
    elif len(brands) > 1:
        raise OrderAmbiguous(shown, (f"{match.reference} of {match.brand or 'no brand'}" for match in matches), brands)
    return tuple(matches)


def forms_of(store: Store, reference: str) -> Forms:
    """The forms of what a user gives for the number of an order. Raises ReferenceUnusable."""
    bare = "".join(reference.split())
    if not bare.strip("#°"):
        raise ReferenceUnusable("it is empty")
    if len(reference) > _LONGEST:
        raise ReferenceUnusable(f"it has {len(reference)} signs, {_LONGEST} at most are expected")
    try:
        reference.encode()
    except UnicodeEncodeError:
        raise ReferenceUnusable("it holds bytes that are no text") from None
    if not re.search(r"\w", bare):
        raise ReferenceUnusable("it has neither a letter nor a digit")
    mentions = order_mentions("SELECT 0 AS line, '' AS contact_id, CAST($text AS VARCHAR) AS all_text")
    texts = (
        f"SELECT {plain_reference('CAST($text AS VARCHAR)')} AS text, 0 AS place "
        f"UNION SELECT number, 1 FROM ({mentions}) WHERE explicit"
    )
    rows = store.engine.rows(
        f"SELECT text, {digits_of('text', letters=True)} FROM ({texts}) ORDER BY place, text", {"text": reference}
    )
    return Forms(
        tuple(dict.fromkeys(str(text) for text, _ in rows)),
        tuple(dict.fromkeys(int(digits) for _, digits in rows if digits is not None)),
    )


def with_number(forms: Forms, *, letters: bool = True) -> str:
    """SQL: the column `order_ref` of a table has one of the forms, of which `$texts` and `$digits` are parameters.

    Digits are compared without letters and zeros in front; only what ends in them is looked at closely.
    """
    text = f"list_contains($texts, {plain_reference('order_ref')})"
    if not forms.digits:
        return f"({text})"
    ends = " OR ".join(f"contains(order_ref, '{digits}')" for digits in forms.digits)
    return f"({text} OR (({ends}) AND list_contains($digits, {digits_of('order_ref', letters=letters)})))"


def parameters(forms: Forms) -> dict[str, object]:
    """The parameters of `with_number`."""
    return {"texts": list(forms.texts), "digits": list(forms.digits)}


def _orders_by_text(store: Store, forms: Forms) -> list[Match]:
    return _matches(store, f"list_contains($texts, {plain_reference('order_ref')})", forms)


def _orders_by_digits(store: Store, forms: Forms) -> list[Match]:
    if not forms.digits:
        return []
    return _matches(
        store, f"(list_contains($digits, order_number) OR (order_number IS NULL AND {with_number(forms)}))", forms
    )


def _matches(store: Store, condition: str, forms: Forms) -> list[Match]:
    rows = store.engine.rows(
        f"SELECT order_id, order_ref, brand FROM fact_orders WHERE {condition} ORDER BY order_id", parameters(forms)
    )
    return [Match(order_id, order_ref, brand) for order_id, order_ref, brand in rows]


def _orders_by_parcel(store: Store, config: Config, forms: Forms) -> list[Match]:
    """The orders of the parcels that have the number, as the model ties them together."""
    rows = store.engine.rows(
        f"SELECT parcel_id FROM parcels WHERE list_contains($texts, {plain_reference('parcel_id')}) ORDER BY parcel_id",
        parameters(forms),
    )
    if not rows:
        return []
    found = orders_of_parcels(store, config, [parcel_id for (parcel_id,) in rows])
    return [Match(order_id, order_ref or parcel_id, brand, parcel_id) for order_id, order_ref, brand, parcel_id in found]


def _contacts_alone(store: Store, forms: Forms, shown: str) -> list[Match]:
    """One match of all contacts that name the number, which no order has."""
    rows = store.engine.rows(
        f"SELECT source || '/' || contact_id, order_ref, brand FROM contacts WHERE {with_number(forms)} ORDER BY 1",
        parameters(forms),
    )
    by_brand: dict[str | None, list[Sequence[str]]] = {}
    for uid, order_ref, brand in rows:
        by_brand.setdefault(brand, []).append((uid, order_ref))
    return [
        Match(None, named[0][1] or shown, brand, contacts=tuple(uid for uid, _ in named))
        for brand, named in sorted(by_brand.items(), key=lambda item: item[0] or "")
    ]


def _nearest(store: Store, forms: Forms) -> tuple[str, ...]:
    """The known numbers that differ from it by a sign or two."""
    text = forms.texts[0]
    most = _WRONG_SIGNS if len(text) >= _SHORT else 1
    rows = store.engine.rows(
        "SELECT order_ref FROM (SELECT order_ref, upper(ltrim(order_ref, '#')) AS plain FROM fact_orders"
        " WHERE length(order_ref) BETWEEN $least AND $greatest) AS numbers"
        " WHERE damerau_levenshtein(plain, $text) <= $most"
        " GROUP BY order_ref, plain ORDER BY damerau_levenshtein(plain, $text), plain LIMIT $limit",
        {"text": text, "most": most, "least": len(text) - most, "greatest": len(text) + most + 1, "limit": _NEAREST},
    )
    return tuple(order_ref for (order_ref,) in rows)
