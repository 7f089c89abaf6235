"""The expressions of a layout: SQL over helpers that name the unit of what they read.

What each helper makes of a cell is in `values`. `compile_expression` replaces every helper call by the alias of a typed
column, and collects the calls to compute.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kpibar.values.formula import TOKEN, excerpt, formula_with_size, refuse_marks
from kpibar.values.functions import FormulaFault, Size, Term
from kpibar.values.helpers import HELPERS
from kpibar.values.notation import TIME_HELPERS, Call

# What a helper call is called while the engine's parser reads what stands around it, and in the SQL written anew.
_LINES_FOLDED = "lines_folded"
# The function of layouts beside those of every formula: seconds(later, earlier).
SECONDS = "seconds"
_CELL, _MARK = "cell_", re.compile("\0([0-9]+)\0")
_CALL_END = re.compile(r"\s*\)")


class ExpressionError(ValueError):
    """An expression that is no formula, or calls a helper wrongly; the message says how."""


def seconds_between(later: str, earlier: str) -> str:
    """Seconds from one instant to another, as SQL."""
    return f"(epoch({later}) - epoch({earlier}))"


@dataclass(frozen=True)
class Program:
    """An expression whose helper calls became placeholders `{n}` over `calls`.

    `growth` is how many times as long as its cells all values together can be (see formula.measured).
    """

    template: str
    calls: tuple[Call, ...]
    growth: int = 0


@lru_cache(maxsize=8192)
def compile_expression(expression: str) -> Program:
    """Split an expression into a template, written anew from its syntax tree, and its helper calls.

    Raises ExpressionError.
    """
    text, calls = _with_cells(expression)
    try:
        template, growth = _template(text, calls, expression)
        inner = sum(call.growth for call in calls)
        return Program(template, calls, growth + inner + growth * inner)
    except FormulaFault as fault:
        raise ExpressionError(str(fault)) from fault


def _template(text: str, calls: Sequence[Call], source: str) -> tuple[str, int]:
    """The SQL of an expression over `cell_0`, `cell_1`, ... as a template over its calls, and its growth.

    Raises FormulaFault.
    """
    if text.strip() == f"{_CELL}0" and calls:  # most are one helper call: nothing is there for the parser to read
        return "{0}", 0

    def column(names: Sequence[str]) -> Term:
        """The place of a call that stands as a name in the text. Raises FormulaFault."""
        name = names[0]
        number = name.removeprefix(_CELL)
        if len(names) == 1 and number.isdecimal() and name == f"{_CELL}{number}" and int(number) < len(calls):
            wide = Size(2 if HELPERS[calls[int(number)].helper].type == "VARCHAR" else 0)
            return Term(f"\0{number}\0", wide)
        if names == [_LINES_FOLDED]:
            return Term(_LINES_FOLDED)
        column_name = ".".join(names)
        raise FormulaFault(
            f'"{column_name}" is no column: the name of a column stands in double quotes, a text in single quotes'
        )

    sql, growth = formula_with_size(text, column, [SECONDS], like=HELPERS, source=source)
    return _MARK.sub(r"{\1}", sql.replace("{", "{{").replace("}", "}}")), growth


@lru_cache(maxsize=8192)
def _with_cells(expression: str) -> tuple[str, tuple[Call, ...]]:
    """An expression in which `cell_0`, `cell_1`, ... stand for its helper calls, and these. Raises ExpressionError."""
    try:
        refuse_marks(expression)
    except FormulaFault as fault:
        raise ExpressionError(str(fault)) from fault
    parts: list[str] = []
    calls: list[Call] = []
    position = 0
    while position < len(expression):
        token = TOKEN.match(expression, position)
        assert token is not None
        position = token.end()
        word = token.group()
        if token.lastgroup == "word" and word.lower().startswith((_CELL, _LINES_FOLDED)):
            raise ExpressionError(f'"{word}" is no column: the name of a column stands in double quotes')
        if token.lastgroup == "word" and word.lower() == "lines" and _opens(expression, position):
            position = _close(expression, _open(expression, position), word)
            parts.append(_LINES_FOLDED)
        elif token.lastgroup == "word" and word.lower() in HELPERS and _opens(expression, position):
            call, position = _read_call(word.lower(), expression, position)
            parts.append(f" {_CELL}{len(calls)} ")
            calls.append(call)
        elif token.lastgroup == "name":
            parts.append(f" {_CELL}{len(calls)} ")
            calls.append(Call("text", _unquote(word)))
        else:
            parts.append(word)
    return "".join(parts), tuple(calls)


def _opens(expression: str, position: int) -> bool:
    return expression[position:].lstrip().startswith("(")


def _open(expression: str, position: int) -> int:
    return expression.index("(", position) + 1


def _close(expression: str, position: int, helper: str) -> int:
    end = _CALL_END.match(expression, position)
    if end is None:
        raise ExpressionError(f"{helper}(...) takes one column name in double quotes: {excerpt(expression)}")
    return end.end()


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _read_call(helper: str, expression: str, position: int) -> tuple[Call, int]:
    """Read `("Column")`, `("Column", "argument")` or `(expression over columns)` after a helper's name."""
    pattern = re.compile(r'\(\s*"((?:[^"]|"")*)"(?:\s*,\s*["\']([^"\']*)["\'])?\s*\)')
    opening = position + expression[position:].index("(")
    match = pattern.match(expression, opening)
    if match is None:
        return _read_formula(helper, expression, opening)
    if helper not in TIME_HELPERS and (helper == "enum") != (match.group(2) is not None):
        raise ExpressionError(f"{helper} is called with the wrong number of arguments: {excerpt(expression)}")
    return Call(helper, match.group(1).replace('""', '"'), match.group(2) or ""), match.end()


def _read_formula(helper: str, expression: str, opening: int) -> tuple[Call, int]:
    """Read `(expression)` after a helper's name; of enum the name of its list follows, after a comma."""
    inner, end = _within(expression, opening)
    argument = ""
    if helper == "enum":
        match = re.fullmatch(r"(.*),\s*[\"']([^\"']*)[\"']\s*", inner, re.S)
        if match is None:
            raise ExpressionError(f"enum is called with the wrong number of arguments: {excerpt(expression)}")
        inner, argument = match[1], match[2]
    calls = _with_cells(inner)[1]
    names = tuple(call.column for call in calls)
    if not names or any(call.helper != "text" or call.formula for call in calls):
        requirement = "a column name in double quotes, or an expression over such names"
        raise ExpressionError(f"{helper}(...) takes {requirement}: {excerpt(expression)}")
    program = compile_expression(inner)
    return Call(helper, names[0], argument, program.template, names, program.growth), end


def _within(expression: str, opening: int) -> tuple[str, int]:
    """What stands between a parenthesis and the one that closes it, and where that ends."""
    depth, position = 0, opening
    while position < len(expression):
        token = TOKEN.match(expression, position)
        assert token is not None
        depth += {"(": 1, ")": -1}.get(token.group(), 0) if token.lastgroup == "other" else 0
        position = token.end()
        if depth == 0:
            return expression[opening + 1 : position - 1], position
    raise ExpressionError(f"is not a single SQL expression: {excerpt(expression)}")


def columns_read(expression: str) -> list[str]:
    """The header names an expression reads, as written. Raises ExpressionError."""
    return list(dict.fromkeys(name for call in _with_cells(expression)[1] for name in call.columns))
