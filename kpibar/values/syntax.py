"""The syntax tree of an expression, by the engine's own parser: nodes are dicts with "class" and "type".

A node of the tree is what `json_serialize_sql` gives; `sql` writes it again, `value` computes one that reads nothing.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from kpibar.database.engine import EngineError, Parser

Node = Mapping[str, Any]

_SELECT = "SELECT "


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser()


@lru_cache(maxsize=1)
def _frame() -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(_parser().tree("SELECT NULL"))
    return frame


class SyntaxFault(ValueError):
    """A text is not one SQL expression; the message is the parser's."""


@lru_cache(maxsize=8192)
def tree(expression: str) -> Node:
    """The syntax tree of one SQL expression. Raises SyntaxFault for a text that is none, or more than one."""
    try:
        document = json.loads(_parser().tree(_SELECT + expression))
    except EngineError as error:
        raise SyntaxFault("it takes more memory than it may have") from error
    if document.get("error"):
        raise SyntaxFault(str(document.get("error_message", "does not parse")).partition("\n")[0])
    select = document["statements"][0]["node"] if len(document["statements"]) == 1 else {}
    empty = _frame()["statements"][0]["node"]
    is_plain = all(select.get(part) == empty[part] for part in empty if part not in ("select_list", "from_table"))
    if not is_plain or select["from_table"]["type"] != "EMPTY" or len(select["select_list"]) != 1:
        raise SyntaxFault("more than one, or a whole query")
    node: Node = select["select_list"][0]
    return node


def sql(node: Node) -> str:
    """The SQL of a node."""
    whole = json.loads(json.dumps(_frame()))
    whole["statements"][0]["node"]["select_list"] = [node]
    return _parser().text(json.dumps(whole)).removeprefix(_SELECT)


def value(node: Node) -> object:
    """The value of a node that reads no cell. Raises SyntaxFault where it cannot be computed."""
    try:
        return _parser().value(_SELECT + sql(node))
    except EngineError as error:
        raise SyntaxFault(str(error)) from error


def can_read(format: str) -> bool:
    """Whether the engine knows a `strptime` format."""
    literal = "'" + format.replace("'", "''") + "'"
    try:
        _parser().value(f"{_SELECT}try_strptime('', {literal})")
    except EngineError:
        return False
    return True


def children(node: Node) -> Iterator[Node]:
    """The nodes directly within a node, in the order they are written."""
    for part in node.values():
        for item in part if isinstance(part, list) else [part]:
            if isinstance(item, dict):
                yield from [item] if "class" in item else children(item)


def walk(node: Node) -> Iterator[Node]:
    """A node and all nodes within it."""
    yield node
    for child in children(node):
        yield from walk(child)
