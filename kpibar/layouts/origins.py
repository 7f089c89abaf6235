"""Where the value of an expression comes from, in a file that lacks some of the columns it reads.

A column that is absent reads as NULL. `has_value` follows this through the syntax tree of the expression: a canonical
column has a value when some result of its expression is taken from a cell of the file. Guards are no results: the
condition of a CASE, the other side of a comparison, a number that coalesce() puts in the place of an empty cell. A
CASE over fixed words takes its value from the cells its conditions compare; so does a flag.

A text that coalesce() gives for a column that is absent, `coalesce(enum("Type", "kind"), 'nps')`, is a statement of
the layout and a value. Any other constant that only stands there because a column is absent is none: not a number
(`coalesce(whole("Transfers"), 0)`), not an ELSE whose conditions could not be asked, not a flag, not an empty text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kpibar.layouts.expression import Program
from kpibar.values.syntax import Node, SyntaxFault, tree, value

# By whom a constant is given: the layout alone, its text in place of an absent column, or the absence itself.
_AUTHORS = ("layout", "statement", "absence")
_NAME = "cell_"
# What passes over the arguments that are NULL.
_SKIPS_NULL = frozenset(["concat", "concat_ws", "greatest", "least", "list_value", "struct_pack", "row"])
_NULL: Node = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "literal": {"kind": "NULL_LITERAL", "text": ""}}


@dataclass(frozen=True)
class Origin:
    """What a part of an expression can be: taken from a cell, always NULL, or a constant and by whom it is given.

    `node` is the constant's tree without absent cells, None where it cannot be computed.
    """

    kind: Literal["cell", "null", "constant"]
    author: str = "layout"
    node: Node | None = None


_CELL, _UNKNOWN = Origin("cell"), Origin("constant", "absence")
_NO_CELL = Origin("null", "absence", _NULL)


def placeholders(program: Program) -> str:
    """The expression as SQL over one name for each of its helper calls: cell_0, cell_1, ..."""
    return program.template.format(*(f"{_NAME}{number}" for number in range(len(program.calls))))


def place(node: Node) -> int | None:
    """The number of the helper call a node names, None for any other node."""
    names = node.get("column_names", ())
    number = names[0].removeprefix(_NAME) if len(names) == 1 and names[0].startswith(_NAME) else ""
    return int(number) if number.isdecimal() else None


def has_value(program: Program, absent: Iterable[int]) -> bool:
    """Whether an expression has a value in a file that lacks the columns of these of its helper calls, by number."""
    absent_calls = frozenset(absent)
    if program.template.strip().upper() == "NULL":
        return False
    if not absent_calls:
        return True
    return _has_value(placeholders(program), absent_calls)


@lru_cache(maxsize=8192)
def _has_value(expression: str, absent: frozenset[int]) -> bool:
    try:
        node = tree(expression)
    except SyntaxFault:  # refused in words of its own where the layout is read
        return True
    origin = _Reduction(absent).origin(node)
    if origin.kind != "constant":
        return origin.kind == "cell"
    return origin.author == "layout" or (origin.author == "statement" and not isinstance(_compute(origin), bool | None))


def _compute(origin: Origin) -> object:
    """The value of a constant, None where it has none or cannot be computed."""
    if origin.node is None:
        return None
    try:
        return value(origin.node)
    except SyntaxFault:
        return None


def _author(origins: Iterable[Origin]) -> str:
    return max((origin.author for origin in origins), key=_AUTHORS.index, default="layout")


def _null(origins: Iterable[Origin]) -> Origin:
    """NULL, by whoever gives it: a NULL that the layout wrote is no absence."""
    return Origin("null", _author(origin for origin in origins if origin.kind == "null"), _NULL)


@dataclass(frozen=True)
class _Reduction:
    """An expression read with some of its cells absent."""

    absent: frozenset[int]

    def origin(self, node: Node) -> Origin:
        """What a node can be."""
        match node["class"]:
            case "COLUMN_REF":
                return self._cell(node)
            case "CONSTANT":
                null = node["literal"]["kind"] == "NULL_LITERAL"
                return Origin("null" if null else "constant", "layout", node)
            case "CASE":
                checks = [(check["when_expr"], check["then_expr"]) for check in node["case_checks"]]
                return self._case(checks, node["else_expr"])
            case "CONJUNCTION":
                return self._conjunction(node)
            case "COMPARISON":
                return self._comparison(node)
            case "OPERATOR":
                return self._operator(node)
            case "FUNCTION":
                return self._function(node)
            case "CAST" | "COLLATE":
                return self._rebuilt(node, "child", self.origin(node["child"]))
            case "BETWEEN":
                parts = [self.origin(node[part]) for part in ("input", "lower", "upper")]
                nodes = dict(zip(("input", "lower", "upper"), (part.node for part in parts), strict=True))
                return self._strict(parts, {**node, **nodes})
            case _:
                return Origin("constant", "layout")

    def _cell(self, node: Node) -> Origin:
        number = place(node)
        if number is not None:
            return _NO_CELL if number in self.absent else _CELL
        # How many lines were folded is told by the file; any other name is a variable of a lambda.
        return _CELL if node["column_names"] == ["lines_folded"] else Origin("constant", "layout")

    def _rebuilt(self, node: Node, part: str, child: Origin) -> Origin:
        if child.kind != "constant":
            return child
        return Origin("constant", child.author, None if child.node is None else {**node, part: child.node})

    def _strict(self, parts: Sequence[Origin], node: Node) -> Origin:
        """What is NULL where one of its parts is, else taken from cells where one of its parts is."""
        if any(part.kind == "null" for part in parts):
            return _null(parts)
        if any(part.kind == "cell" for part in parts):
            return _CELL
        return self._constant(parts, node)

    def _constant(self, parts: Sequence[Origin], node: Node) -> Origin:
        is_constant = all(part.node is not None for part in parts)
        return Origin("constant", _author(parts), node if is_constant else None)

    def _comparison(self, node: Node) -> Origin:
        parts = [self.origin(node["left"]), self.origin(node["right"])]
        rebuilt = {**node, "left": parts[0].node, "right": parts[1].node}
        if "DISTINCT" not in node["type"]:
            return self._strict(parts, rebuilt)
        if all(part.kind == "cell" or part.author == "layout" for part in parts):
            return _CELL if any(part.kind == "cell" for part in parts) else self._constant(parts, rebuilt)
        return _UNKNOWN if any(part.kind == "cell" for part in parts) else self._constant(parts, rebuilt)

    def _operator(self, node: Node) -> Origin:
        parts = [self.origin(child) for child in node["children"]]
        rebuilt = {**node, "children": [part.node for part in parts]}
        if node["type"] == "OPERATOR_COALESCE":
            return self._coalesce(parts)
        if node["type"] in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
            return parts[0] if parts[0].kind == "cell" else self._constant(parts, rebuilt)
        if node["type"] == "COMPARE_IN" and parts[0].kind != "null":
            parts_with_value = [part for part in parts if part.kind != "null"]
            return _CELL if any(part.kind == "cell" for part in parts_with_value) else self._constant(parts, rebuilt)
        return self._strict(parts, rebuilt)

    def _coalesce(self, parts: Sequence[Origin]) -> Origin:
        parts_with_value = [part for part in parts if part.kind != "null"]
        if not parts_with_value or any(part.kind == "cell" for part in parts_with_value):
            return _CELL if parts_with_value else _null(parts)
        first = parts_with_value[0]
        before = _author(parts[: parts.index(first)])
        if before == "absence":
            literal = first.node["literal"] if first.node and first.node["class"] == "CONSTANT" else {}
            before = "statement" if literal.get("kind") == "STRING" and literal["text"].strip() else "absence"
        return Origin("constant", max(before, first.author, key=_AUTHORS.index), first.node)

    def _function(self, node: Node) -> Origin:
        name, arguments = node["function_name"], [part["expression"] for part in node["arguments"]]
        if name == "if" and len(arguments) == 3:
            return self._case([(arguments[0], arguments[1])], arguments[2])
        parts = [self.origin(argument) for argument in arguments]
        parameters = [{**old, "expression": part.node} for old, part in zip(node["arguments"], parts, strict=True)]
        rebuilt = {**node, "arguments": parameters}
        if name == "nullif":
            return parts[0] if parts[0].kind != "constant" else self._constant(parts, rebuilt)
        if name not in _SKIPS_NULL:
            return self._strict(parts, rebuilt)
        if any(part.kind == "cell" for part in parts):
            return _CELL
        if name in ("greatest", "least") and all(part.kind == "null" for part in parts):
            return _null(parts)
        return self._constant(parts, rebuilt)

    def _conjunction(self, node: Node) -> Origin:
        """AND and OR: a constant that decides nothing is a guard; of AND with an absent part only FALSE could come."""
        is_or = node["type"] == "CONJUNCTION_OR"
        parts = [self.origin(child) for child in node["children"]]
        decisive = [part for part in parts if part.kind == "constant" and _compute(part) is is_or]
        if decisive:
            return Origin("constant", _author(decisive), decisive[0].node)
        cells = any(part.kind == "cell" for part in parts)
        nulls = [part for part in parts if part.kind == "null" or (part.kind == "constant" and _compute(part) is None)]
        if nulls and not (is_or and cells):
            return Origin("null", _author(nulls), _NULL)
        return _CELL if cells else Origin("constant", _author(parts), parts[0].node)

    def _case(self, checks: Sequence[tuple[Node, Node]], alternative: Node) -> Origin:
        """The results that can be reached; a fixed one counts unless an absent cell is why it is reached."""
        results: list[Origin] = []
        by_cells, reached_by = False, "layout"
        for condition, result in checks:
            test, value = self.origin(condition), self.origin(result)
            if test.kind == "cell":
                by_cells = True
                results.append(_given_by(value, reached_by))
            elif test.kind == "constant" and _compute(test) is True:
                results.append(_given_by(value, max(reached_by, test.author, key=_AUTHORS.index)))
                break
            # To skip what only an absent cell could have given is what coalesce() does.
            elif not (value.kind == "null" and value.author == "absence"):
                reached_by = max(reached_by, test.author, key=_AUTHORS.index)
        else:
            results.append(_given_by(self.origin(alternative), reached_by))
        return _join(results, by_cells)


def _given_by(result: Origin, author: str) -> Origin:
    """A fixed result is given by whoever chose it."""
    if result.kind != "constant":
        return result
    return Origin("constant", max(result.author, author, key=_AUTHORS.index), result.node)


def _join(results: Sequence[Origin], by_cells: bool) -> Origin:
    """What a CASE can be, from the results it can reach; `by_cells`: the cells of a record choose among them."""
    if any(result.kind == "cell" for result in results):
        return _CELL
    constants = [result for result in results if result.kind == "constant"]
    if not constants:
        return _null(results)
    if not by_cells:
        return constants[0]
    return _UNKNOWN if _author(constants) == "absence" else _CELL
