"""Formulas: the SQL expressions of layouts and of own KPIs, checked and written anew.

A layout or kpibar.toml of somebody else is hostile input. A formula is one expression over the columns of one record,
of the functions, operators and types that are listed. The engine's own parser reads it, and the SQL that runs is
written from the syntax tree: a text that the check did not see cannot run.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from kpibar.values.functions import (
    COUNTS,
    FUNCTIONS,
    MOST_LIST_CELLS,
    NAMES,
    OPERATORS,
    REPEATERS,
    TYPES,
    FormulaFault,
    Size,
    Term,
    as_text,
    element,
    largest,
    total,
)
from kpibar.values.syntax import Node, SyntaxFault, tree

# The words of a formula; strings and quoted names are whole, whatever stands in them.
TOKEN = re.compile(
    r"""(?P<string>'[^']*(?:''[^']*)*')|(?P<name>"[^"]*(?:""[^"]*)*")|(?P<word>[^\W\d]\w*)|(?P<number>[0-9][\w.]*)"""
    r"""|(?P<space>\s+)|(?P<mark>--|/\*|\*/|[;$?\\`#'"])|(?P<other>.)""",
    re.S,
)
_MOST_SIGNS = 20_000
_DEEPEST = 100
_EXCERPT_LENGTH = 160
# A value may be so many times as long as the longest cell of its record, and so many signs more.
_MOST_CELLS, _MOST_SIGNS_MORE = 1_000, 100_000
# A helper's text in small letters counts as four cells: so long is usual. All others together take so many cells.
_USUAL_CELLS, _MOST_GROWTH = 4, 500
# The engine takes seconds to plan some hundred copies of an argument; the number doubles with each call around another.
_MOST_COPIES = 500
# The parser repeats what a CASE compares for each of its WHEN: so many words at most.
_MOST_COPIED_WORDS = 10_000
_NUMBER = re.compile(r"(-?)([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What makes of a text in single quotes another one: E'\\x41', X'41'.
_PREFIXES = frozenset("bejnrux")
_NOT_SINGLE = "is not a single SQL expression"
_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
_REFUSALS = {
    "SUBQUERY": "holds a query, and an expression reads one record only",
    "STAR": "holds * or COLUMNS(); name the columns",
    "WINDOW": "looks at other records (OVER)",
    "PARAMETER": "holds a parameter",
    "LAMBDA": "holds a lambda",
    "COLLATE": "holds COLLATE; compare lower(...) instead",
    "DEFAULT": "holds DEFAULT",
}
# What may stand in a node beside what is written; anything else must be empty.
_PLACES = frozenset(["class", "type", "query_location", "query_location_length", "alias"])
_CALL = frozenset(["function_name", "is_operator", "arguments", "qualified_name", "order_bys"])
_TYPE = frozenset(["type_name", "qualified_name", "children"])

Columns = Callable[[Sequence[str]], Term]


def excerpt(text: str) -> str:
    """A formula as messages show it: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_LENGTH else f"{line[:_EXCERPT_LENGTH]} ..."


def refuse_marks(text: str) -> None:
    """Raises FormulaFault for a text that is too long, or in which this and the engine's parser may read other words.

    Comments, a second statement, strings other than '...', parentheses that do not close.
    """
    if len(text) > _MOST_SIGNS:
        raise FormulaFault(f"has {len(text):,} signs; an expression has {_MOST_SIGNS:,} at most")
    if _CONTROL.search(text):
        raise FormulaFault("holds a control character")
    open_ones: list[str] = []
    before = ""
    for token in TOKEN.finditer(text):
        kind, word = token.lastgroup, token.group()
        has_prefix = kind == "string" and before in _PREFIXES
        if kind == "mark" or has_prefix or _closes_wrongly(word, open_ones):
            raise FormulaFault(f"{_NOT_SINGLE}: {excerpt(text)}")
        if len(open_ones) > _DEEPEST:
            raise FormulaFault(f"is nested more than {_DEEPEST} deep: {excerpt(text)}")
        before = word.lower()
    if open_ones:
        raise FormulaFault(f"{_NOT_SINGLE}: {excerpt(text)}")
    if _copied_words(text) > _MOST_COPIED_WORDS:
        raise FormulaFault(f"compares too long an expression with too many WHEN, or nests them: {excerpt(text)}")


def _copied_words(text: str) -> int:
    """How many words the parser makes of those between CASE and its first WHEN: it copies them for each WHEN."""
    # Of each CASE that is open, the words before its first WHEN, and whether that came.
    cases: list[tuple[int, bool]] = []
    copies = 0
    for token in TOKEN.finditer(text):
        if token.lastgroup == "space":
            continue
        word = token.group().lower() if token.lastgroup == "word" else ""
        words = 1
        if word == "when" and cases:
            words += cases[-1][0]
            copies += cases[-1][0]
            cases[-1] = cases[-1][0], True
        elif word == "end" and cases:
            cases.pop()
        # What is copied within the words of an outer CASE is copied with them again.
        cases = [(count if is_condition else count + words, is_condition) for count, is_condition in cases]
        if word == "case":
            cases.append((0, False))
        if copies > _MOST_COPIED_WORDS or len(cases) > _DEEPEST:
            return _MOST_COPIED_WORDS + 1
    return copies


def _closes_wrongly(mark: str, open_ones: list[str]) -> bool:
    """Note a parenthesis that opens or closes; whether it closes another one, or none."""
    if mark in ("(", "[", "{"):
        open_ones.append(mark)
        return False
    opening = {")": "(", "]": "[", "}": "{"}.get(mark)
    return opening is not None and (not open_ones or open_ones.pop() != opening)


def formula(
    text: str, columns: Columns, functions: Iterable[str] = (), *, like: Iterable[str] = (), source: str = ""
) -> str:
    """The SQL of a formula, as `formula_with_size` gives it. Raises FormulaFault."""
    return formula_with_size(text, columns, functions, like=like, source=source)[0]


def formula_with_size(
    text: str, columns: Columns, functions: Iterable[str] = (), *, like: Iterable[str] = (), source: str = ""
) -> tuple[str, int]:
    """The SQL of a formula, written anew, and its growth.

    That is how many times as long as its cells all values together can be that are computed on the way, those that are
    no longer than cells excepted. `columns` gives the SQL of a column it names; `functions` are further functions.

    `like` are other words its author may have meant by a function, `source` is the formula as written: the message ends
    with it. Raises FormulaFault.
    """
    source_excerpt = excerpt(source or text)
    refuse_marks(text)
    try:
        node = tree(text)
        writer = _Writer(columns, frozenset(functions), like)
        part = writer.write(node)
    except SyntaxFault as fault:
        raise FormulaFault(f"{_NOT_SINGLE} ({fault}): {source_excerpt}") from fault
    except RecursionError as error:
        raise FormulaFault(f"is nested more than {_DEEPEST} deep: {source_excerpt}") from error
    except FormulaFault as fault:
        raise FormulaFault(f"{fault}: {source_excerpt}") from fault
    if writer.growth > _MOST_GROWTH:
        raise FormulaFault(
            f"makes texts that together are over {_MOST_GROWTH} times as long as its cells: {source_excerpt}"
        )
    return part.sql, writer.growth


class _Writer:
    """Writes the nodes of one formula."""

    def __init__(self, columns: Columns, functions: frozenset[str], like: Iterable[str]) -> None:
        self._columns, self._functions, self._like, self._depth, self._copies = columns, functions, like, 0, 0
        self.growth = 0

    def write(self, node: Node) -> Term:
        """The SQL of a node. Raises FormulaFault."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaFault(f"is nested more than {_DEEPEST} deep")
        part = self._term(node)
        self._depth -= 1
        self.growth += max(0, part.size.cells - _USUAL_CELLS)
        if part.size.cells > _MOST_CELLS or part.size.signs > _MOST_SIGNS_MORE:
            raise FormulaFault(f"can make a text more than {_MOST_CELLS:,} times as long as its cells")
        if part.size.is_list and part.size.cells > MOST_LIST_CELLS:
            raise FormulaFault(f"splits a text that can be more than {MOST_LIST_CELLS} times as long as its cells")
        return part

    def _term(self, node: Node) -> Term:
        kind = node["class"]
        if node.get("alias"):
            raise FormulaFault(f"gives a name ({node['alias']}), which an expression cannot have")
        match kind:
            case "COLUMN_REF":
                _refuse_more(node, {"column_names"})
                return self._columns(node["column_names"])
            case "CONSTANT":
                _refuse_more(node, {"literal"})
                return _constant(node["literal"])
            case "CASE":
                return self._case(node)
            case "CONJUNCTION":
                _refuse_more(node, {"children"})
                word = " OR " if node["type"] == "CONJUNCTION_OR" else " AND "
                return _condition(word.join(self.write(child).operand for child in node["children"]))
            case "COMPARISON" if node["type"] in _COMPARISONS:
                _refuse_more(node, {"left", "right"})
                left, right = self.write(node["left"]), self.write(node["right"])
                return _condition(f"{left.operand} {_COMPARISONS[node['type']]} {right.operand}")
            case "BETWEEN":
                _refuse_more(node, {"input", "lower", "upper"})
                operand, lower, upper = (self.write(node[name]).operand for name in ("input", "lower", "upper"))
                return _condition(f"{operand} BETWEEN {lower} AND {upper}")
            case "CAST":
                return self._cast(node)
            case "OPERATOR":
                return self._operator(node)
            case "FUNCTION":
                return self._function(node)
        raise FormulaFault(f"{_NOT_SINGLE}: it {_REFUSALS[kind]}" if kind in _REFUSALS else _NOT_SINGLE)

    def _case(self, node: Node) -> Term:
        _refuse_more(node, {"case_checks", "else_expr"})
        checks = [(self.write(check["when_expr"]), self.write(check["then_expr"])) for check in node["case_checks"]]
        alternative = self.write(node["else_expr"])
        cases = " ".join(f"WHEN {condition.sql} THEN {result.sql}" for condition, result in checks)
        default = "" if alternative.sql == "NULL" else f" ELSE {alternative.sql}"
        return Term(f"CASE {cases}{default} END", largest([*(result for _, result in checks), alternative]))

    def _cast(self, node: Node) -> Term:
        _refuse_more(node, {"child", "try_cast", "type_expr"})
        child, word = self.write(node["child"]), "TRY_CAST" if node["try_cast"] else "CAST"
        return Term(f"{word}({child.sql} AS {_type(node['type_expr'])})", as_text(child.size))

    def _operator(self, node: Node) -> Term:
        _refuse_more(node, {"children"})
        parts = [self.write(child) for child in node["children"]]
        operands = [part.operand for part in parts]
        match node["type"]:
            case "OPERATOR_COALESCE":
                return Term(f"coalesce({', '.join(part.sql for part in parts)})", largest(parts))
            case "OPERATOR_NOT":
                return _condition(f"NOT {operands[0]}")
            case "OPERATOR_IS_NULL":
                return _condition(f"{operands[0]} IS NULL")
            case "OPERATOR_IS_NOT_NULL":
                return _condition(f"{operands[0]} IS NOT NULL")
            case "COMPARE_IN":
                return _condition(f"{operands[0]} IN ({', '.join(part.sql for part in parts[1:])})")
            case "ARRAY_EXTRACT":
                return Term(f"{operands[0]}[{parts[1].sql}]", element(parts))
            case "ARRAY_SLICE" if len(parts) == 3:
                return Term(f"{operands[0]}[{parts[1].sql}:{parts[2].sql}]", parts[0].size)
            case "OPERATOR_TRY":
                return Term(f"TRY({parts[0].sql})", parts[0].size)
        raise FormulaFault(_NOT_SINGLE)

    def _function(self, node: Node) -> Term:
        name = str(node["function_name"])
        names = FUNCTIONS.keys() | self._functions
        if name not in names:
            raise FormulaFault(_unknown_function(name, [*names, *self._like]))
        _refuse_more(node, _CALL)
        with_names = [argument for argument in node["arguments"] if argument["name"]]
        if len(node["qualified_name"]["path"]) != 1 or node["order_bys"]["orders"] or with_names:
            raise FormulaFault(f'calls "{name}" in a way that an expression may not')
        before = self._copies
        parts = [self.write(argument["expression"]) for argument in node["arguments"]]
        if name in REPEATERS:
            self._copies += 1 + self._copies - before
        if self._copies > _MOST_COPIES:
            raise FormulaFault(
                f"nests {', '.join(sorted(REPEATERS))} too deeply, or has more than {_MOST_COPIES} of them"
            )
        _refuse_count(name, len(parts))
        size = FUNCTIONS.get(name, total)(parts)
        if name not in OPERATORS:
            return Term(f"{NAMES.get(name, name)}({', '.join(part.sql for part in parts)})", size)
        if len(parts) == 1:
            return Term(f"{name} {parts[0].operand}", size, compound=True)
        return Term(f"{parts[0].operand} {name} {parts[1].operand}", size, compound=True)


def _condition(sql: str) -> Term:
    return Term(sql, compound=True)


def _constant(literal: Node) -> Term:
    kind, text = literal["kind"], str(literal.get("text", ""))
    if kind == "NULL_LITERAL":
        return Term("NULL")
    if kind == "BOOLEAN":
        return Term("TRUE" if text == "true" else "FALSE")
    if kind == "STRING" and not _CONTROL.search(text):
        return Term("'" + text.replace("'", "''") + "'", Size(0, len(text.encode())), text)
    if kind in ("INTEGER", "NUMERIC") and _NUMBER.fullmatch(text):
        return Term(f"({text})" if text.startswith("-") else text)
    raise FormulaFault("holds a constant that is neither a text, a number, a yes or no, nor NULL")


def _type(node: Node) -> str:
    name = str(node.get("type_name", "")).upper()
    sizes = [child.get("literal", {}).get("text", "") for child in node.get("children", [])]
    plain = node["class"] == "TYPE" and len(node["qualified_name"]["path"]) == 1
    if name not in TYPES or not plain or len(sizes) > 2 or not all(map(re.compile("[0-9]{1,3}").fullmatch, sizes)):
        raise FormulaFault(f'"{name}" is not a type that an expression may use')
    _refuse_more(node, _TYPE)
    return name + (f"({', '.join(sizes)})" if sizes else "")


def _refuse_more(node: Node, entries: Iterable[str]) -> None:
    """Raises FormulaFault for a node with more than what is written of it, such as FILTER or DISTINCT."""
    surplus = {name for name, value in node.items() if value and name not in _PLACES} - set(entries)
    if surplus:
        raise FormulaFault(f"{_NOT_SINGLE} ({', '.join(sorted(surplus))})")


def _refuse_count(name: str, count: int) -> None:
    """Raises FormulaFault for a function with too few or too many arguments."""
    minimum, maximum = COUNTS.get(name, (0, None))
    if name in OPERATORS or (minimum <= count and (maximum is None or count <= maximum)):
        return
    numbers = (
        f"{minimum}"
        if minimum == maximum
        else f"{minimum} to {maximum}"
        if maximum is not None
        else f"{minimum} or more"
    )
    raise FormulaFault(f"calls {name} with {count} arguments; it takes {numbers}")


def _unknown_function(name: str, names: Iterable[str]) -> str:
    hint = closest(name, (candidate for candidate in names if candidate[0].isalpha()))
    return f'"{excerpt(name)}" is not a function that an expression may use{hint}'


def closest(name: str, names: Iterable[str]) -> str:
    """A hint at the names most like one that is none of them; "" without one."""
    like = get_close_matches(name[:_EXCERPT_LENGTH], list(names), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(like)}?" if like else ""
