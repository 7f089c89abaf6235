"""The fixed words of an expression: what a layout writes into a column that has words of its own."""

from collections.abc import Iterator, Mapping

from kpibar.database.schema import WORDS
from kpibar.layouts.expression import Compiled, ExpressionError
from kpibar.layouts.origins import place, placeholders
from kpibar.values.syntax import Node, SyntaxFault, tree, value, walk

# What enum() makes of a value that is not listed.
_UNLISTED = "other"


def refuse_words(entity: str, column: str, compiled: Compiled, enums: Mapping[str, Mapping[str, str]]) -> None:
    """Raises ExpressionError for a fixed or mapped word that is none of the column's."""
    allowed = WORDS.get((entity, column))
    if allowed is None:
        return
    expected = f"expected one of {', '.join(allowed)}"
    for node in _results(compiled):
        number = place(node) if node["class"] == "COLUMN_REF" else None
        if number is None:
            word = _fixed(node)
            if word is not None and str(word) not in allowed:
                raise ExpressionError(f'"{word}" is no {column} of {entity}; {expected}')
        elif compiled.calls[number].helper == "enum":
            name = compiled.calls[number].argument
            for written, word in enums.get(name, {}).items():
                if word not in (*allowed, _UNLISTED):
                    raise ExpressionError(
                        f'[enum.{name}] "{written}" = "{word}": "{word}" is no {column} of {entity}; {expected}'
                    )


def _results(compiled: Compiled) -> Iterator[Node]:
    try:
        node = tree(placeholders(compiled))
    except SyntaxFault:  # refused in words of its own when it runs
        return
    yield from leaves(node)


def leaves(node: Node) -> Iterator[Node]:
    """The nodes that a value can come from: not what is only asked on the way."""
    if node["class"] == "CASE":
        parts = [*(check["then_expr"] for check in node["case_checks"]), node["else_expr"]]
    elif node["class"] == "OPERATOR" and node["type"] == "OPERATOR_COALESCE":
        parts = list(node["children"])
    elif node["class"] in ("CAST", "COLLATE"):
        parts = [node["child"]]
    elif node["class"] == "FUNCTION" and node["function_name"] in ("nullif", "if", "ifnull", "greatest", "least"):
        arguments = [part["expression"] for part in node["arguments"]]
        kept = {"nullif": arguments[:1], "if": arguments[1:]}
        parts = kept.get(node["function_name"], arguments)
    else:
        yield node
        return
    for part in parts:
        yield from leaves(part)


def _fixed(node: Node) -> object:
    """The value of a node that reads no cell, None for any other."""
    if node["class"] == "CONSTANT" and node["literal"]["kind"] == "STRING":
        return str(node["literal"]["text"])
    if node["class"] == "COLUMN_REF" or any(part["class"] == "COLUMN_REF" for part in walk(node)):
        return None
    try:
        return value(node)
    except SyntaxFault:
        return None
