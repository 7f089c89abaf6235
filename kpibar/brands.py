"""One brand, however it is spelled: case, accents, ligatures, blanks, apostrophes and "&" tell no two brands apart."""

import unicodedata
from collections.abc import Mapping

# Letters that no decomposition gives: they are written with and without.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d"})
_AND = frozenset({"&", "et", "and", "und"})
# Signs that belong to a name: Canal+ is not Canal.
_KEPT_SIGNS = "&+#%@"
_MARKS = "®™©℠"
_ACCENTS = range(0x300, 0x370)


def clean_name(spelling: str) -> str:
    """A brand's name as it is shown: composed letters, single blanks, nothing invisible. "" where nothing is left."""
    visible = (sign for sign in unicodedata.normalize("NFC", spelling) if unicodedata.category(sign) != "Cf")
    return " ".join("".join(visible).split())


def fold(spelling: str) -> str:
    """What two spellings of one brand have in common: "L'Œuf & Cie." and "l’oeuf et cie" are both "loeuf&cie".

    A name of signs alone is only trimmed; "" where there is none.
    """
    bare = "".join(" " if sign in _MARKS else sign for sign in clean_name(spelling))
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", bare).casefold()).translate(_LETTERS)
    signs = []
    for sign in plain:
        if sign in _KEPT_SIGNS:
            signs.append(" & " if sign == "&" else sign)
        elif unicodedata.category(sign)[0] in "LNM" and ord(sign) not in _ACCENTS:
            signs.append(sign)
        elif unicodedata.category(sign)[0] in "ZC" or sign in "-_/.,;:|–—":
            signs.append(" ")
    words = "".join(signs).split()
    inner = "".join("&" if word in _AND and 0 < place < len(words) - 1 else word for place, word in enumerate(words))
    return inner or clean_name(spelling)


def is_nameless(spelling: str) -> bool:
    """Whether a spelling is no name: nothing that can be seen, or the question marks of a brand nobody knew."""
    return not clean_name(spelling).strip("? ")


def names_by_fold(aliases: Mapping[str, str]) -> dict[str, str]:
    """The name for each folded spelling that the settings speak of: of the aliases, and of the names they stand for.

    Of two spellings of one name the first is shown. Raises ValueError for an alias of two names, or of none.
    """
    targets: dict[str, str] = {}
    names: dict[str, str] = {}
    for alias, name in aliases.items():
        if is_nameless(alias) or is_nameless(name):
            raise ValueError(f'"{alias}" = "{name}": both must be names of brands')
        if targets.setdefault(fold(alias), fold(name)) != fold(name):
            raise ValueError(f'"{alias}" stands for two brands')
        names.setdefault(fold(name), clean_name(name))
    spellings = {}
    for alias in [*targets, *names]:
        name, steps = alias, 0
        while targets.get(name, name) != name:
            name, steps = targets[name], steps + 1
            if steps > len(targets):
                raise ValueError(f'"{names[name]}" is replaced by itself through other lines')
        spellings[alias] = names[name]
    return spellings
