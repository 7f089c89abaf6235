"""Which order a number names, however it is spelled: with blanks, a # or "n°", with or without letters and zeros.

Its whole text is looked for first, then the number of a parcel, then its digits alone, by the forms under which the
loading compares references (`load/keys.py`). Digits alone may be the number of one order in each brand.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from posixpath import commonprefix

from kpibar.answers.errors import OrderAmbiguous, OrderOfOtherBrand, OrderUnknown, ReferenceUnusable
from kpibar.answers.orders.parcels import orders_of_parcels
from kpibar.brands import names_by_fold
from kpibar.config import Config
from kpibar.database.store import Store
from kpibar.load.keys import digits_of, order_mentions, plain_reference, without_announcement
from kpibar.plausibility.brands import load_names
from kpibar.values.notation import quote

_LONGEST = 100
# So many like numbers are named. Of a short number one sign may be wrong, of a longer one two digits.
_NEAREST, _SHORT = 5, 6
_DIGITS, _SIGNS = "0123456789", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
_MOST_DIGITS, _MOST_SIGNS = 17, 30


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
    as_typed = " ".join(reference.split())
    forms = forms_of(store, reference)
    by_text = _orders_by_text(store, forms)
    matches = (
        by_text + _orders_of_other_brands(store, forms, by_text)
        or _orders_by_parcel(store, config, forms)
        or _orders_by_digits(store, forms)
        or _contacts_alone(store, forms, as_typed)
    )
    if not matches:
        raise OrderUnknown(as_typed, _nearest(store, forms))
    brands = tuple(sorted({match.brand for match in matches if match.brand}))
    if brand is not None:
        name = brand if brand in brands else load_names(store, names_by_fold(config.settings.brands)).of(brand)
        # An order of an unknown brand may be of any.
        matches = [m for m in matches if m.brand == name] or [m for m in matches if m.brand is None]
        if not matches:
            raise OrderOfOtherBrand(as_typed, brand, brands)
    elif len(brands) > 1:
        raise OrderAmbiguous(
            as_typed, (f"{match.reference} of {match.brand or 'no brand'}" for match in matches), brands
        )
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
    number = without_announcement("CAST($text AS VARCHAR)")
    texts = (
        f"SELECT {plain_reference('CAST($text AS VARCHAR)')} AS text, 0 AS place "
        f"UNION SELECT {plain_reference(f'({number})')}, 1 UNION SELECT number, 2 FROM ({mentions}) WHERE explicit"
    )
    rows = store.engine.rows(
        f"SELECT text, {digits_of('text', letters=True)} FROM ({texts}) WHERE text <> '' ORDER BY place, text",
        {"text": reference},
    )
    return Forms(
        tuple(dict.fromkeys(str(text) for text, _ in rows)),
        tuple(dict.fromkeys(int(digits) for _, digits in rows if digits is not None)),
    )


def with_text(forms: Forms, *, number: str = "") -> str:
    """SQL: the column `order_ref` is one of the texts; `number` is a column of its digits, without letters.

    Cheap tests come first, for there may be millions of orders: the digits, and the last sign.
    """
    ends = " OR ".join(f"ends_with(upper(order_ref), {quote(text[-1])})" for text in forms.texts)
    condition = f"({ends}) AND {plain_reference('order_ref')} IN ({quoted(forms.texts)})"
    return f"({number} IS NULL OR {_in_digits(number, forms)}) AND {condition}" if number else condition


def with_digits(forms: Forms) -> str:
    """SQL: the column `order_ref` has the digits of one of the forms, letters and zeros in front left out."""
    ends = " OR ".join(f"contains(order_ref, '{digits}')" for digits in forms.digits) or "FALSE"
    return f"(({ends}) AND {_in_digits(digits_of('order_ref', letters=True), forms)})"


def _in_digits(number: str, forms: Forms) -> str:
    return f"{number} IN ({', '.join(map(str, forms.digits)) or 'NULL'})"


def quoted(texts: Iterable[str]) -> str:
    """Texts as a list of SQL; NULL where there is none, which equals nothing."""
    return ", ".join(map(quote, texts)) or "NULL"


def _orders_by_text(store: Store, forms: Forms) -> list[Match]:
    return _matches(store, with_text(forms, number="order_number"))


def _orders_of_other_brands(store: Store, forms: Forms, of_text: Sequence[Match]) -> list[Match]:
    """The orders of brands that have no order of the text itself: their customers mean these by the same digits."""
    brands = {match.brand for match in of_text}
    if not of_text or None in brands or not forms.texts[0].isdecimal():
        return []
    return [match for match in _orders_by_digits(store, forms) if match.brand and match.brand not in brands]


def _orders_by_digits(store: Store, forms: Forms) -> list[Match]:
    # The number of a parcel's order is that of a reference without letters.
    return _matches(store, f"{_in_digits('order_number', forms)} OR (order_number IS NULL AND {with_digits(forms)})")


def _matches(store: Store, condition: str) -> list[Match]:
    rows = store.engine.rows(f"SELECT order_id, order_ref, brand FROM fact_orders WHERE {condition} ORDER BY order_id")
    return [Match(order_id, order_ref, brand) for order_id, order_ref, brand in rows]


def _orders_by_parcel(store: Store, config: Config, forms: Forms) -> list[Match]:
    """The orders of the parcels that have the number, as the model ties them together."""
    is_one = with_text(forms).replace("order_ref", "parcel_id")
    rows = store.engine.rows(f"SELECT parcel_id FROM parcels WHERE {is_one} ORDER BY parcel_id")
    if not rows:
        return []
    matches = orders_of_parcels(store, config, [parcel_id for (parcel_id,) in rows])
    return [Match(order_id, name or parcel_id, brand, parcel_id) for order_id, name, brand, parcel_id in matches]


def _contacts_alone(store: Store, forms: Forms, shown: str) -> list[Match]:
    """One match of all contacts that name the number, which no order has."""
    rows = store.engine.rows(
        "SELECT source || '/' || contact_id, order_ref, brand FROM contacts"
        f" WHERE order_ref IS NOT NULL AND (({with_text(forms)}) OR {with_digits(forms)}) ORDER BY 1"
    )
    by_brand: dict[str | None, list[Sequence[str]]] = {}
    for uid, order_ref, brand in rows:
        by_brand.setdefault(brand, []).append((uid, order_ref))
    return [
        Match(None, named[0][1] or shown, brand, contacts=tuple(uid for uid, _ in named))
        for brand, named in sorted(by_brand.items(), key=lambda item: item[0] or "")
    ]


def _nearest(store: Store, forms: Forms) -> tuple[str, ...]:
    """The known numbers that differ from it by one sign, then those of which two digits do.

    The numbers that are so like it are made and looked up: to compare it with each of a million would take minutes.
    """
    text = forms.texts[0]
    digits = re.sub("[^0-9]", "", text).lstrip("0")
    matches: dict[str, None] = {}
    near = {digits} | _edits(digits, _DIGITS) if 0 < len(digits) <= _MOST_DIGITS else set()
    texts = _edits(text, _SIGNS) if len(text) <= _MOST_SIGNS else set()
    matches |= dict.fromkeys(_known(store, near, texts, text))
    if len(matches) < _NEAREST and len(digits) >= _SHORT:
        further = {two for number_near in near for two in _edits(number_near, _DIGITS)} - near
        matches |= dict.fromkeys(_known(store, further, set(), text))
    return tuple(matches)[:_NEAREST]


def _known(store: Store, digits: Set[str], texts: Set[str], text: str) -> list[str]:
    """The numbers of orders with one of these digits or texts, those that begin like a text first."""
    rows = store.engine.rows(
        "SELECT DISTINCT order_ref FROM fact_orders WHERE order_number IN (SELECT unnest($numbers))"
        " OR upper(ltrim(order_ref, '#')) IN (SELECT unnest($texts))",
        {"numbers": [int(number_near) for number_near in digits if number_near], "texts": list(texts)},
    )
    names = [order_ref for (order_ref,) in rows if order_ref is not None]
    return sorted(names, key=lambda name: (-len(commonprefix([name.lstrip("#").upper(), text])), name))


def _edits(text: str, signs: str) -> set[str]:
    """The texts that one wrong, missing, additional or exchanged sign makes of a text."""
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    absent = {before + after[1:] for before, after in cuts if after}
    exchanged = {before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1}
    wrong = {before + sign + after[1:] for before, after in cuts if after for sign in signs}
    additional = {before + sign + after for before, after in cuts for sign in signs}
    return (absent | exchanged | wrong | additional) - {text}
