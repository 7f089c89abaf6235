"""What may be shown of the content of a file that nobody has recognised, or of a value that belongs to nobody knows
whom: its shape, and the words that a layout lists.

Every message that quotes content goes through one of these functions.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from kpibar.privacy.personal import name_shape

LONGEST = 40
# A value on fewer records may be a person in a shifted row: its shape is kept.
NAMED_FROM = 5
# So many signs of a line are shown.
_LONGEST_LINE = 80
_MARKS = re.compile(r"([,;\t|\r\n]+)")
# The signs that stand between words; one sign in five of a text may be another.
_USUAL = " ,;|\t@._-/:'\"()"
_QUOTES = " \"'\ufeff"
_LONGEST_NAME = 120
_DIGITS_OF_A_NUMBER = 6
QUOTATION = re.compile(r"""(["'])(.*?)(\1)""", re.DOTALL)


def blank(value: str) -> str:
    """A value with its letters and digits blanked, cut to 40 characters: enough to recognise the problem.

    Whatever is no visible sign of its own, such as a control character, is a question mark.
    """
    return "".join(map(_blank_sign, value[:LONGEST]))


def _blank_sign(sign: str) -> str:
    if sign.isnumeric():
        return "9"
    if sign.isalpha():
        return "a"
    plain = sign.isascii() and sign.isprintable()
    return sign if plain or unicodedata.category(sign)[0] in "PS" else "?"


def show_value(value: str) -> str:
    """A value of a column of words that no list has; its shape where a shifted row may have brought it.

    An e-mail address or any number of six digits, of an order, a customer or a telephone: more than is certain.
    """
    return blank(value) if "@" in value or sum(map(str.isnumeric, value)) >= _DIGITS_OF_A_NUMBER else value


def show_line(line: str, is_known: Callable[[str], bool]) -> str:
    """A line with its cells blanked, save those that are names of columns some layout reads.

    Of what is hardly a text nothing is shown: the signs of a key are its bytes.
    """
    begin = line[:_LONGEST_LINE].strip()
    if 10 * sum(sign.isalnum() or sign in _USUAL for sign in begin) < 8 * len(begin):
        return f"{len(begin)} signs, hardly a text"
    parts = _MARKS.split(line[: 2 * _LONGEST_LINE].strip())
    cells = (part if place % 2 or is_known(part.strip(_QUOTES)) else _shape(part) for place, part in enumerate(parts))
    return "".join(cells).replace("\t", "\\t")[:_LONGEST_LINE]


def _shape(text: str) -> str:
    return "".join(sign if sign in _USUAL or sign in "a9" else "?" for sign in blank(text))


def show_words(message: str, is_known: Callable[[str], bool]) -> str:
    """What an engine says, with what it quotes blanked, save what is known to come from elsewhere than a file.

    A quoted cell may hold quotes itself: then all between the first and the last quote is blanked.
    """
    places = [place for place, sign in enumerate(message) if sign in "\"'"]
    if not places or (not len(places) % 2 and all(is_known(match[2]) for match in QUOTATION.finditer(message))):
        return message
    first, last = places[0] + 1, places[-1] if len(places) > 1 else len(message)
    return f"{message[:first]}{_shape(message[first:last])}{message[last:]}"


def show_name(name: str) -> str:
    """A name that somebody gave to a sheet, a member or a list, by which it is chosen; blanked where it tells a person.

    The part can then be chosen by this shape (see `part_called`).
    """
    plain = len(name) <= _LONGEST_NAME and name.isprintable()
    return name if plain and name_shape(name) == name else blank(name)


def find_part(text: str, names: Iterable[str]) -> str | None:
    """The part of that name, or the only one whose name is shown as that; None without one."""
    candidates = tuple(names)
    matches = [name for name in candidates if show_name(name) == text]
    return text if text in candidates else matches[0] if len(matches) == 1 else None
