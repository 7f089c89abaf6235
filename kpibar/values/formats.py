"""The `strptime` formats a layout states, as regular expressions over lower-case text without accents.

The engine's own reader knows English names only, rolls 31 February over to 2 March with an offset, and takes a 12-hour
clock without AM or PM for the morning. A pattern gives the parts of a time, which are put together to an ISO one.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# The names of months in English, French, German, Spanish, Italian, Portuguese and Dutch.
_MONTHS = (
    "january janvier januar enero gennaio janeiro januari janner",
    "february fevrier februar febrero febbraio fevereiro februari feber",
    "march mars marz marzo marco maart mrt mrz maerz",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juin juni junio giugno junho",
    "july juillet juli julio luglio julho",
    "august aout agosto augustus",
    "september septembre septiembre settembre setembro",
    "october octobre oktober octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december decembre dezember diciembre dicembre dezembro",
)
_WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday "
    "lundi mardi mercredi jeudi vendredi samedi dimanche "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lunes martes miercoles jueves viernes sabado domingo "
    "lunedi martedi mercoledi giovedi venerdi sabato domenica "
    "segunda terca quarta quinta sexta "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"
)
_SHORTEST_MONTH, _SHORTEST_DAY = 3, 2
# A short year from 69 on is one of the last century, as strptime has it.
PIVOT = 69
_ALIASES = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "X": "%H:%M:%S", "x": "%Y-%m-%d",
            "c": "%Y-%m-%d %H:%M:%S"}  # fmt: skip
_SYNONYMS = {"h": "b", "B": "b", "e": "d", "k": "H", "l": "I", "A": "a"}
# What each directive reads; a number that stands apart may have one digit.
_NUMBERS = {
    "Y": ("y", "[0-9]{4}"), "y": ("sy", "[0-9]{2}"), "m": ("m", "[0-9]{2}"), "d": ("d", "[0-9]{2}"),
    "H": ("hh", "[0-9]{2}"), "I": ("ih", "[0-9]{2}"), "M": ("mi", "[0-5][0-9]"), "S": ("ss", "[0-5][0-9]"),
    "f": ("ff", "[0-9]{1,9}"),
}  # fmt: skip
_ONE_OR_TWO = {"m": "[0-9]{1,2}", "d": "[0-9]{1,2}", "H": "[0-9]{1,2}", "I": "[0-9]{1,2}", "M": "[0-5]?[0-9]",
               "S": "[0-5]?[0-9]"}  # fmt: skip
_HALF = "([ap])[.]? ?m[.]?"
_OFFSET = "(?:(z|utc|gmt)|(?:utc|gmt)? ?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?)"
_ZONE = "(z|utc|gmt)"


class FormatFault(ValueError):
    """A format that can tell no date; the message says why."""


@dataclass(frozen=True)
class Pattern:
    """A format as a regular expression, and the names of its groups, in order.

    These are the year (`y`, of two digits `sy`), the month (`m`, by name `nm`), the day `d`, the hour (`hh`, of twelve
    `ih`), `mi`, `ss`, `ff` and `pm`, and of an offset `utc`, `sign`, `oh` and `om`.
    """

    expression: str
    names: tuple[str, ...]


@lru_cache(maxsize=1)
def month_names() -> dict[str, int]:
    """The number of every name of a month, and of its beginnings of three letters or more that are of one month."""
    numbers: dict[str, set[int]] = {}
    for number, names in enumerate(_MONTHS, 1):
        for name in names.split():
            for length in range(_SHORTEST_MONTH, len(name) + 1):
                numbers.setdefault(name[:length], set()).add(number)
    return {name: min(months) for name, months in numbers.items() if len(months) == 1}


@lru_cache(maxsize=1)
def _names_of_days() -> str:
    beginnings = {day[:length] for day in _WEEKDAYS.split() for length in range(_SHORTEST_DAY, len(day) + 1)}
    return "(?:" + "|".join(sorted(beginnings, key=lambda name: (-len(name), name))) + ")[.]?"


def _tokens(format: str) -> Iterator[tuple[str, str]]:
    """The directives of a format as ("%", letter), and the text between them as ("", text). Raises FormatFault."""
    position = 0
    for match in re.finditer(r"%(-?)(.?)", format, re.S):
        if match.start() > position:
            yield "", format[position : match.start()]
        position = match.end()
        letter = match[2]
        if not letter:
            raise FormatFault("ends with a % alone")
        if letter == "%":
            yield "", "%"
        elif letter in _ALIASES:
            yield from _tokens(_ALIASES[letter])
        else:
            yield "%", _SYNONYMS.get(letter, letter)
    if position < len(format):
        yield "", format[position:]


@lru_cache(maxsize=1024)
def pattern(format: str) -> Pattern | None:
    """The pattern of a format, None where it has a directive that only the engine reads (%j, %G, %V ...).

    Raises FormatFault for a format that can tell no date.
    """
    tokens = list(_tokens(format))
    letters = [text for kind, text in tokens if kind]
    _check(letters, format)
    if not set(letters) <= {*_NUMBERS, "b", "a", "p", "z", "Z"}:
        return None
    has_zone = "z" in letters
    expression, names = "", []
    for place, (kind, text) in enumerate(tokens):
        if not kind:
            expression += _literal(text)
            continue
        beside = [neighbour for neighbour in (place - 1, place + 1) if 0 <= neighbour < len(tokens)]
        apart = not any(tokens[neighbour][0] and tokens[neighbour][1] in _NUMBERS for neighbour in beside)
        part, groups = ("[a-z ]{1,40}", []) if text == "Z" and has_zone else _directive(text, apart)
        expression += part
        names += groups
    return Pattern(expression.strip(" "), tuple(names))


def _directive(letter: str, apart: bool) -> tuple[str, list[str]]:
    """The expression of a directive and its groups."""
    if letter in _NUMBERS:
        name, digits = _NUMBERS[letter]
        return f"({_ONE_OR_TWO.get(letter, digits) if apart else digits})", [name]
    if letter == "b":
        return "(" + "|".join(sorted(month_names(), key=lambda name: (-len(name), name))) + ")[.]?", ["nm"]
    if letter == "a":
        return _names_of_days(), []
    if letter == "p":
        return _HALF, ["pm"]
    return (_ZONE, ["utc"]) if letter == "Z" else (_OFFSET, ["utc", "sign", "oh", "om"])


def _literal(text: str) -> str:
    """A text between directives: as it is compared, runs of blanks as one, quotes around words not asked for."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("−", "-"))
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    literal = re.escape(re.sub(r"\s+", " ", bare)).replace("\\ ", " ")
    return literal.replace('"', '"?')


def _check(letters: list[str], format: str) -> None:
    """Raises FormatFault."""
    counts, has = Counter(letters), set(letters)
    twice = [letter for letter, count in counts.items() if count > 1]
    if twice:
        raise FormatFault(f"has %{twice[0]} twice")
    if not letters:
        raise FormatFault("has no directive such as %Y, %m and %d")
    week = {"G", "V"} <= has
    if not has & {"Y", "y"} and not week and not has & {"s"}:
        raise FormatFault("has no year (%Y or %y)")
    if {"Y", "y"} <= has:
        raise FormatFault("has the year twice")
    if {"m", "b"} <= has:
        raise FormatFault("has the month twice")
    if "d" in has and not has & {"m", "b"}:
        why = "%M is for minutes" if "M" in has else "%m or %b"
        raise FormatFault(f"has a day, but no month ({why})")
    if {"H", "I"} <= has:
        raise FormatFault("has the hour twice")
    if "I" in has and "p" not in has:
        raise FormatFault("has an hour of twelve (%I) without AM or PM (%p)")
    if "M" in has and not has & {"H", "I"}:
        raise FormatFault(
            "has minutes (%M), but no hour" if has & {"m", "b", "j"} else "has no month (%M is for minutes)"
        )
