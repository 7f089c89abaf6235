"""The SQL macros by which cells become values: they stand in the files `*.sql` of this room.

`with_macros` puts those that a statement calls in front of it: a file whose cells need none pays for none.
"""

import re
from functools import lru_cache
from importlib.resources import files

_DEFINITION = re.compile(r"^CREATE OR REPLACE TEMP MACRO (\w+)\(.*?;$", re.M | re.S)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_TEXTS = re.compile(rf"{_TEXT.pattern}(?:\s*\|\|\s*{_TEXT.pattern})*")


@lru_cache(maxsize=1)
def definitions() -> dict[str, str]:
    """The statement of each macro, in the order in which they can run."""
    folder = files("kpibar").joinpath("values")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    texts = (folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    return {match[1]: match[0].removesuffix(";") for text in texts for match in _DEFINITION.finditer(text)}


@lru_cache(maxsize=1)
def _call() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(definitions())})\(")


def calls_macros(sql: str) -> bool:
    """Whether a statement calls a macro."""
    return _call().search(sql) is not None


def with_macros(sql: str) -> str:
    """A statement after those that make the macros it calls, and the macros that these call."""
    names, texts = set[str](), [sql]
    while texts:
        fresh = set(_call().findall(texts.pop())) - names
        names |= fresh
        texts += (definitions()[name] for name in fresh)
    return ";\n".join([*(text for name, text in definitions().items() if name in names), sql])


def pattern(macro: str) -> str:
    """The regular expression that a macro stands for: its text, or the texts that are put one after the other."""
    text = _TEXTS.search(definitions()[macro])
    assert text is not None
    return "".join(part.replace("''", "'") for part in _TEXT.findall(text[0]))
