"""The expressions of a layout: SQL over helpers that name the unit of what they read.

What each helper makes of a cell is in `values`. `compile_expression` replaces every helper call by the alias of a typed
column, and collects the calls to compute.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from kpibar.ingest.clocks import in_zone, local_time
from kpibar.ingest.reading import TIMED, Call, Helper, Reading, quoted
from kpibar.ingest.values import HELPERS, identity, pseudonym

__all__ = [
    "HELPERS", "Call", "Compiled", "ExpressionError", "Helper", "Reading", "columns_read", "compile_expression",
    "identity", "in_zone", "local_time", "pseudonym", "quoted", "refuse_statements", "seconds_between",
]  # fmt: skip

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>.)""",
    re.S,
)
_CALL_END = re.compile(r"\s*\)")


class ExpressionError(ValueError):
    """An expression that calls a helper wrongly; the message says how."""


def seconds_between(later: str, earlier: str) -> str:
    """Seconds from one instant to another, as SQL."""
    return f"(epoch({later}) - epoch({earlier}))"


@dataclass(frozen=True)
class Compiled:
    """An expression whose helper calls became placeholders `{n}` over `calls`."""

    template: str
    calls: tuple[Call, ...]


# An expression is a value of one record: it reads no table, holds no second statement and closes what it opens.
_REFUSED = frozenset(
    [
        "select",
        "from",
        "getvariable",
        "copy",
        "attach",
        "pragma",
        "set",
        "install",
        "load",
        "drop",
        "delete",
        "insert",
        "update",
    ]
)


def refuse_statements(expression: str) -> None:
    """Raises ExpressionError for SQL that is more than an expression."""
    bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", expression)
    depth = 0
    for mark in bare:
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth < 0:
            break
    compared = re.sub(r"\bis\s+(not\s+)?distinct\s+from\b", "=", bare, flags=re.I)
    words = {word.lower() for word in re.findall(r"[A-Za-z_]+", compared)}
    if depth != 0 or any(mark in bare for mark in (";", "--", "/*")) or words & _REFUSED:
        raise ExpressionError(f"is not a single SQL expression: {expression}")


@lru_cache(maxsize=8192)
def compile_expression(expression: str) -> Compiled:
    """Split an expression into a template and its helper calls. Raises ExpressionError."""
    refuse_statements(expression)
    parts: list[str] = []
    calls: list[Call] = []
    position = 0
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        assert token is not None
        position = token.end()
        word = token.group()
        if token.lastgroup == "word" and word.lower() == "lines" and _opens(expression, position):
            position = _close(expression, _open(expression, position), word)
            parts.append("lines_folded")
        elif token.lastgroup == "word" and word.lower() in HELPERS and _opens(expression, position):
            call, position = _read_call(word.lower(), expression, position)
            parts.append(f"{{{len(calls)}}}")
            calls.append(call)
        elif token.lastgroup == "name":
            parts.append(f"{{{len(calls)}}}")
            calls.append(Call("text", _unquote(word)))
        else:
            parts.append(word.replace("{", "{{").replace("}", "}}"))
    return Compiled("".join(parts), tuple(calls))


def _opens(expression: str, position: int) -> bool:
    return expression[position:].lstrip().startswith("(")


def _open(expression: str, position: int) -> int:
    return expression.index("(", position) + 1


def _close(expression: str, position: int, helper: str) -> int:
    end = _CALL_END.match(expression, position)
    if end is None:
        raise ExpressionError(f"{helper}(...) takes one column name in double quotes: {expression}")
    return end.end()


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _read_call(helper: str, expression: str, position: int) -> tuple[Call, int]:
    """Read `("Column")`, `("Column", "argument")` or `(expression over columns)` after a helper's name."""
    pattern = re.compile(r'\(\s*"((?:[^"]|"")*)"(?:\s*,\s*["\']([^"\']*)["\'])?\s*\)')
    opening = position + expression[position:].index("(")
    found = pattern.match(expression, opening)
    if found is None:
        return _read_formula(helper, expression, opening)
    if helper not in TIMED and (helper == "enum") != (found.group(2) is not None):
        raise ExpressionError(f"{helper} is called with the wrong number of arguments: {expression}")
    return Call(helper, found.group(1).replace('""', '"'), found.group(2) or ""), found.end()


def _read_formula(helper: str, expression: str, opening: int) -> tuple[Call, int]:
    """Read `(expression)` after a helper's name; of enum the name of its list follows, after a comma."""
    inner, end = _within(expression, opening)
    argument = ""
    if helper == "enum":
        named = re.fullmatch(r"(.*),\s*[\"']([^\"']*)[\"']\s*", inner, re.S)
        if named is None:
            raise ExpressionError(f"enum is called with the wrong number of arguments: {expression}")
        inner, argument = named[1], named[2]
    formula = compile_expression(inner)
    names = tuple(call.column for call in formula.calls)
    if not names or any(call.helper != "text" or call.formula for call in formula.calls):
        raise ExpressionError(
            f"{helper}(...) takes a column name in double quotes, or an expression over such names: {expression}"
        )
    return Call(helper, names[0], argument, formula.template.strip(), names), end


def _within(expression: str, opening: int) -> tuple[str, int]:
    """What stands between a parenthesis and the one that closes it, and where that ends."""
    depth, position = 0, opening
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        assert token is not None
        depth += {"(": 1, ")": -1}.get(token.group(), 0) if token.lastgroup == "other" else 0
        position = token.end()
        if depth == 0:
            return expression[opening + 1 : position - 1], position
    raise ExpressionError(f"is not a single SQL expression: {expression}")


def columns_read(expression: str) -> list[str]:
    """The header names an expression reads, as written. Raises ExpressionError."""
    return list(dict.fromkeys(name for call in compile_expression(expression).calls for name in call.columns))
