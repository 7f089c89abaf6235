"""Countries and currencies become their ISO codes (3166-1 of two letters, 4217); any other word is unknown.

A cell that people fill by hand may hold anything. Nothing but a code is stored of it; what is none is counted.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files

from kpibar.database.store import Store
from kpibar.load.counts import Tally, count_shape
from kpibar.load.plan import Plan

_SIGNS = re.compile(r"[^\w€£$¥₽₺₹₩₴₪฿]+|_+")
_BETWEEN = re.compile(r"\s*[-–—/|(),;:]\s*")
# A part of a country and a language with its country, as in US-CA and fr_FR.
_PART = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
_LOCALE = re.compile(r"[a-z]{2,3}[-_]([A-Z]{2})")
_ARTICLE = re.compile("^(?:the|la|le|les|l|il|los|las|die|der|de|het|os|as|o|a) ")
_ARTICLE_BEHIND = re.compile(r" (?:the|la|le|les)$")
# A code and a sign, in either order, and the codes that signs of several may stand beside.
_CODE_AND_SIGN = re.compile(r"(?:([A-Za-z]{3})\s*([^\w\s]|\D{1,3}?[$¥]?)|([^\w\s]|\D{1,3}?[$¥]?)\s*([A-Za-z]{3}))")
_SHARED_SIGNS = {"¥": ("JPY", "CNY"), "kr": ("SEK", "NOK", "DKK", "ISK"), "fr": ("CHF",)}
_DOLLARS = re.compile("..D|MXN|ARS|CLP|COP|UYU|DOP|CUP|BRL")
_LONGEST = 200
UNKNOWN = {"country": "country_unknown", "currency": "currency_unknown"}


def fold(text: str) -> str:
    """A name in small letters, without accents and signs."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("ø", "o").replace("ß", "ss")).casefold()
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(_SIGNS.sub(" ", bare).split())


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str]]:
    """The code of each folded name and code, of countries and currencies."""
    text = files("kpibar").joinpath("load", "codes.toml").read_text(encoding="utf-8")
    return {
        table: {name: code for code, names in entries.items() for name in (*names.split("|"), code.lower())}
        for table, entries in tomllib.loads(text).items()
    }


def country_code(text: str) -> str | None:
    """The code of a country by its name or code in any spelling, None for what is none."""
    cell = text.strip()
    if len(cell) > _LONGEST:
        return None
    countries = _tables()["countries"]
    code = _of_all(cell, countries)
    if code is None and (part := _PART.fullmatch(cell) or _LOCALE.fullmatch(cell)):
        return countries.get(part[1].lower())
    return code


def currency_code(text: str) -> str | None:
    """The code of a currency by its name, sign or code, None for what is none, or for one sign of several."""
    cell, currencies = text.strip(), _tables()["currencies"]
    if len(cell) > _LONGEST:
        return None
    return _of_all(cell, currencies) or _of_code_and_sign(cell, currencies)


def _of_code_and_sign(cell: str, currencies: dict[str, str]) -> str | None:
    """What a code names that has a sign beside it, "USD $"; None where the sign is that of another currency."""
    pair = _CODE_AND_SIGN.fullmatch(cell)
    if pair is None:
        return None
    code, sign = (pair[1] or pair[4]).upper(), fold(pair[2] or pair[3])
    is_dollar = sign == "$" and _DOLLARS.fullmatch(code) is not None
    if currencies.get(code.lower()) != code or not (
        currencies.get(sign) == code or is_dollar or code in _SHARED_SIGNS.get(sign, ())
    ):
        return None
    return code


def _of_all(cell: str, names: dict[str, str]) -> str | None:
    """What a cell names, or all its parts alike: "France (FR)"."""
    name = fold(cell)
    for variant in (name, _ARTICLE.sub("", name), _ARTICLE_BEHIND.sub("", name), fold(cell.replace(".", ""))):
        if variant in names:
            return names[variant]
    codes = {names.get(fold(part)) for part in _BETWEEN.split(cell) if part}
    return codes.pop() if len(codes) == 1 else None


CODES: dict[str, Callable[[str], str | None]] = {"country": country_code, "currency": currency_code}


def spellings_of(column: str) -> str:
    """The temporary table of what is stored for each spelling of a column's values (said, name)."""
    return f"{column}_spellings"


def find_codes(store: Store, plan: Plan, entity: str, tally: Tally) -> frozenset[str]:
    """Fill the tables of spellings of a table's countries and currencies; return the columns that need them.

    A value that is none is counted, and its shape kept.
    """
    table, columns = plan.tables[entity], set[str]()
    for column, code in CODES.items():
        if column not in table.fields or column not in table.columns:
            continue
        rows = store.engine.rows(
            f"SELECT {column}, count(*) FROM ({plan.field(entity, column)}) WHERE {column} IS NOT NULL GROUP BY 1"
        )
        changes = {cell: (name, n) for cell, n in rows if (name := code(cell)) != cell}
        if changes:
            _write(store, column, {cell: name for cell, (name, _) in changes.items()})
            columns.add(column)
        for cell, (name, n) in changes.items():
            if name is None:
                tally.remarks[UNKNOWN[column], ""] += n
                count_shape(tally, column, cell, n)
    return frozenset(columns)


def _write(store: Store, column: str, names: dict[str, str | None]) -> None:
    name_column: Iterable[str] = (name or "" for name in names.values())
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {spellings_of(column)} (said VARCHAR, name VARCHAR)")
    store.engine.append(spellings_of(column), {"said": list(names), "name": list(name_column)})
