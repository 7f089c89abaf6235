"""When an expression reads a cell at all: behind which conditions of CASE, IF, AND and OR a helper call stands.

A cell that is never read need not be what its helper expects: in `CASE WHEN "s" <> 'Offered' THEN num("s") END` the
word `Offered` is no fault.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from kpibar.layouts.expression import Program
from kpibar.layouts.origins import place, placeholders
from kpibar.values.notation import Call
from kpibar.values.syntax import Node, SyntaxFault, children, sql, tree, walk

# A cell, and the strings, in which none is meant.
_CELL = re.compile(r"'[^']*'|\bcell_([0-9]+)\b")


@lru_cache(maxsize=8192)
def guards(program: Program) -> tuple[str | None, ...]:
    """For each helper call of an expression the condition under which it is read, None where that is always.

    The condition is a template over the same calls as the expression's own.
    """
    try:
        node = tree(placeholders(program))
    except SyntaxFault:  # refused in words of its own when it runs
        return (None,) * len(program.calls)
    paths: dict[int, list[tuple[str, ...]]] = {}
    _follow(node, (), paths)
    return tuple(_disjunction(paths.get(number, [()])) for number in range(len(program.calls)))


def conditions_of_calls(
    entries: Iterable[tuple[Program, Program | None]],
) -> dict[Call, list[tuple[str, Program]] | None]:
    """The conditions under which each call is read, with the expression whose calls they are over; None: always.

    Each entry is an expression, and the condition of the table it belongs to.
    """
    paths: dict[Call, list[tuple[str, Program]] | None] = {}
    for program, where in entries:
        for call, guard in zip(program.calls, guards(program), strict=True):
            conditions = [(guard, program)] if guard is not None else []
            if not conditions and where is not None:
                conditions = [(f"(({where.template}) IS TRUE)", where)]
            before = paths.get(call, [])
            paths[call] = before + conditions if before is not None and conditions else None
    return paths


def _follow(node: Node, path: tuple[str, ...], paths: dict[int, list[tuple[str, ...]]]) -> None:
    """Note the conditions on the way to every cell below a node."""
    number = place(node) if node["class"] == "COLUMN_REF" else None
    if number is not None:
        paths.setdefault(number, []).append(path)
        return
    steps = _steps(node)
    if steps is None:
        for child in children(node):
            _follow(child, path, paths)
        return
    for child, conditions in steps:
        _follow(child, path + conditions, paths)


def _steps(node: Node) -> list[tuple[Node, tuple[str, ...]]] | None:
    """The parts of a node that are only read under conditions, with these; None for any other node."""
    if node["class"] == "CASE":
        checks = [(check["when_expr"], check["then_expr"]) for check in node["case_checks"]]
        return _branches(checks, node["else_expr"])
    if node["class"] == "FUNCTION" and node["function_name"] == "if" and len(node["arguments"]) == 3:
        condition, result, alternative = (part["expression"] for part in node["arguments"])
        return _branches([(condition, result)], alternative)
    if node["class"] == "CONJUNCTION":
        ends = "TRUE" if node["type"] == "CONJUNCTION_OR" else "FALSE"
        before: tuple[str, ...] = ()
        steps = []
        for child in node["children"]:
            steps.append((child, before))
            before += _holds(child, f"IS NOT {ends}")
        return steps
    return None


def _branches(checks: Sequence[tuple[Node, Node]], alternative: Node) -> list[tuple[Node, tuple[str, ...]]]:
    before: tuple[str, ...] = ()
    steps: list[tuple[Node, tuple[str, ...]]] = []
    for condition, result in checks:
        steps += [(condition, before), (result, before + _holds(condition, "IS TRUE"))]
        before += _holds(condition, "IS NOT TRUE")
    return [*steps, (alternative, before)]


def _holds(node: Node, verdict: str) -> tuple[str, ...]:
    """A condition over cells; nothing where it cannot be asked of the typed cells alone."""
    names = [part["column_names"] for part in walk(node) if part["class"] == "COLUMN_REF"]
    if any(len(name) != 1 or not name[0].startswith("cell_") for name in names):
        return ()
    try:
        text = sql(node).replace("{", "{{").replace("}", "}}")
    except SyntaxFault:
        return ()
    condition = _CELL.sub(lambda match: f"{{{match[1]}}}" if match[1] else match[0], text)
    return (f"(({condition}) {verdict})",)


def _disjunction(paths: Sequence[tuple[str, ...]]) -> str | None:
    if not all(paths):
        return None
    return " OR ".join(f"({' AND '.join(path)})" for path in dict.fromkeys(paths))
