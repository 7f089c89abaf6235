"""Writes kpibar/ingest/codes.toml: the names of countries and currencies in the languages of exports, from CLDR.

python -m docs.codes
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from babel import Locale
from babel.core import get_global

from kpibar.ingest.codes import fold

LANGUAGES = ("en", "fr", "es", "de", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs")
# What CLDR calls a territory, and ISO 3166 does not.
_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
_MORE_COUNTRIES = {
    "GB": ("uk", "great britain", "grande bretagne", "england", "angleterre", "scotland", "wales", "northern ireland"),
    "GR": ("el",),
    "NL": ("holland", "hollande", "pays bas", "holanda", "olanda"),
    "US": ("usa", "u s a", "u s", "united states of america", "etats unis d amerique", "eeuu"),
    "CZ": ("czech republic", "republique tcheque", "tschechische republik", "republica checa", "repubblica ceca"),
    "FR": ("france metropolitaine", "metropolitan france", "france continentale"),
    "RE": ("ile de la reunion",),
    "TR": ("turkey",),
}
_MORE_CURRENCIES = {
    "EUR": ("€", "euro", "euros"),
    "GBP": ("£", "pound", "pounds", "livre sterling", "pound sterling"),
    "USD": ("us$", "us dollar", "us dollars", "dollar americain", "dollars americains", "dolar americano"),
    "CHF": ("fr.", "sfr", "franc suisse", "francs suisses"),
    "PLN": ("zł",),
    "CZK": ("kč",),
    "BRL": ("r$",),
    "CAD": ("ca$", "c$"),
    "AUD": ("a$",),
}


def countries() -> dict[str, list[str]]:
    """The folded names of each country, by its code of two letters."""
    locales = [Locale(language) for language in LANGUAGES]
    codes = sorted(set(map(str, locales[0].territories)) - _NO_COUNTRIES)
    codes = [code for code in codes if re.fullmatch("[A-Z]{2}", code)]
    found = {code: [str(locale.territories.get(code, "")) for locale in locales] for code in codes}
    for alias, targets in get_global("territory_aliases").items():
        if len(targets) == 1 and targets[0] in found and re.fullmatch("[A-Z]{3}|[0-9]{3}", alias):
            found[targets[0]].append(alias)
    return _unambiguous({code: [*names, *_MORE_COUNTRIES.get(code, ())] for code, names in found.items()})


def currencies() -> dict[str, list[str]]:
    """The folded names of each currency in use since 1999, by its code of three letters."""
    locales = [Locale(language) for language in LANGUAGES]
    used = {
        code
        for entries in get_global("territory_currencies").values()
        for code, _, end, tender in entries
        if tender and (end is None or end[0] >= 1999)
    }
    found = {}
    for code in sorted(used):
        names = [locale.currencies.get(code, "") for locale in locales]
        names += [
            str(name) for locale in locales for name in (locale._data["currency_names_plural"].get(code) or {}).values()
        ]
        found[code] = [*names, *_MORE_CURRENCIES.get(code, ())]
    return _unambiguous(found)


def _unambiguous(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Folded names, those left out that two codes have."""
    folded = {code: dict.fromkeys(filter(None, map(fold, listed))) for code, listed in names.items()}
    counts: dict[str, int] = {}
    for listed in folded.values():
        for name in listed:
            counts[name] = counts.get(name, 0) + 1
    return {code: [name for name in listed if counts[name] == 1] for code, listed in folded.items()}


def _lines(table: str, names: dict[str, list[str]]) -> Iterable[str]:
    yield f"[{table}]"
    for code, listed in names.items():
        # One text is read ten times faster than a list, and no folded name has an apostrophe.
        yield f"{code} = '{'|'.join(listed)}'"


def main() -> None:
    """Write the file."""
    head = (
        "# Written by `python -m docs.codes`: names of countries (ISO 3166-1) and currencies (ISO 4217), folded, in\n"
        "# the languages of exports. Data: Unicode CLDR (Unicode License v3).\n"
    )
    path = Path(__file__).resolve().parent.parent / "kpibar" / "ingest" / "codes.toml"
    path.write_text(
        head + "\n".join((*_lines("countries", countries()), "", *_lines("currencies", currencies()))) + "\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{path}: written\n")


if __name__ == "__main__":
    main()
