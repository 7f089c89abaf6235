"""The fixed words of an expression: what a layout writes into a column that has words of its own."""

from collections.abc import Iterator, Mapping

from kpibar.database.schema import WORDS
from kpibar.layouts.expression import ExpressionError, Program
from kpibar.layouts.origins import place, placeholders
from kpibar.values.syntax import Node, SyntaxFault, tree, value, walk

# What enum() makes of a value that is not listed.
_FALLBACK = "other"


def refuse_words(entity: str, column: str, program: Program, enums: Mapping[str, Mapping[str, str]]) -> None:
    """Raises ExpressionError for a fixed or mapped word that is none of the column's."""
    words = WORDS.get((entity, column))
    if words is None:
        return
    word_list = f"expected one of {', '.join(words)}"
    for node in _results(program):
        number = place(node) if node["class"] == "COLUMN_REF" else None
        if number is None:
            word = _constant(node)
            if word is not None and str(word) not in words:
                raise ExpressionError(f'"{word}" is no {column} of {entity}; {word_list}')
        elif program.calls[number].helper == "enum":
            name = program.calls[number].argument
            for text, word in enums.get(name, {}).items():
                if word not in (*words, _FALLBACK):
                    raise ExpressionError(
                        f'[enum.{name}] "{text}" = "{word}": "{word}" is no {column} of {entity}; {word_list}'
                    )


def _results(program: Program) -> Iterator[Node]:
    try:
        node = tree(placeholders(program))
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
        arguments_kept = {"nullif": arguments[:1], "if": arguments[1:]}
        parts = arguments_kept.get(node["function_name"], arguments)
    else:
        yield node
        return
    for part in parts:
        yield from leaves(part)


def _constant(node: Node) -> object:
    """The value of a node that reads no cell, None for any other."""
    if node["class"] == "CONSTANT" and node["literal"]["kind"] == "STRING":
        return str(node["literal"]["text"])
    if node["class"] == "COLUMN_REF" or any(part["class"] == "COLUMN_REF" for part in walk(node)):
        return None
    try:
        return value(node)
    except SyntaxFault:
        return None
