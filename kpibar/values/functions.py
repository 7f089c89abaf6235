"""The functions, operators and types that a formula may use, and how long each makes a text.

What is not listed reads settings, variables, files or clocks, makes lists and texts of any length, or looks at other
records. A value is never much longer than the cells it is made of, so that no formula can fill the machine's memory.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

_LONGEST_PATTERN = 5_000
_LONGEST_PADDING = 100
# The elements of a list take 16 bytes each beside their signs: a list is of a shorter text than a text may be.
MOST_LIST_CELLS = 64
# A group of the pattern in what replaces it; one step of a simple pattern, and how often it fits.
_GROUP = re.compile(r"\\[0-9]")
_ATOM = re.compile(
    r"(?P<sign>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\\[])*\]|\\[dDsSwW\W_]|[^\\\[\](){}|*+?^$])(?P<times>[*?+]|\{[0-9,]+\})?\??"
    r"|[\^$|]"
)


class FormulaFault(ValueError):
    """A text is no formula; the message says why."""


@dataclass(frozen=True)
class Chain:
    """Calls of replace around each other: the size before the first, the largest factor, the signs that were put in."""

    base: "Size"
    factor: int
    signs: frozenset[str]


@dataclass(frozen=True)
class Size:
    """How long a value can become: `cells` times the longest cell of the record, and `signs` more.

    `is_list` says that it is a list, `form` which change of each sign is counted already, `chain` which replacements.
    """

    cells: int = 0
    signs: int = 40
    is_list: bool = False
    form: str = ""
    chain: Chain | None = None

    def __add__(self, addend: "Size") -> "Size":
        return Size(self.cells + addend.cells, self.signs + addend.signs)

    def times(self, factor: int) -> "Size":
        """So many times as long."""
        return Size(self.cells * factor, self.signs * factor)


@dataclass(frozen=True)
class Term:
    """A part of a formula: its SQL, its size, its text where that is constant, whether an operand needs parentheses."""

    sql: str
    size: Size = Size()
    text: str | None = None
    compound: bool = False

    @property
    def operand(self) -> str:
        """Its SQL beside an operator."""
        return f"({self.sql})" if self.compound else self.sql


Growth = Callable[[Sequence[Term]], Size]


def number(parts: Sequence[Term]) -> Size:
    """A number, an instant, a yes or no."""
    return Size()


def largest(parts: Sequence[Term]) -> Size:
    """One of the arguments."""
    sizes = [part.size for part in parts]
    return Size(
        max((size.cells for size in sizes), default=0),
        max((size.signs for size in sizes), default=0),
        any(size.is_list for size in sizes),
    )


def total(parts: Sequence[Term]) -> Size:
    """All arguments one after the other."""
    size = sum((part.size for part in parts), Size(0, 0))
    return replace(size, is_list=any(part.size.is_list for part in parts))


def _first(parts: Sequence[Term]) -> Size:
    return parts[0].size if parts else Size()


def element(parts: Sequence[Term]) -> Size:
    """One element of a list."""
    return replace(_first(parts), is_list=False)


def as_text(size: Size) -> Size:
    """A value as a text: a list puts commas, spaces and quotes between its elements."""
    return size.times(8) if size.is_list else size + Size()


def _change(form: str, factor: int) -> Growth:
    """Each sign may take so many times as many bytes, however often the same is done again."""

    def growth(parts: Sequence[Term]) -> Size:
        first = _first(parts)
        return first if first.form == form else replace(first.times(factor), form=form)

    return growth


def _list(parts: Sequence[Term]) -> Size:
    """A list of the parts of a text: its elements take more room than the text, see `MOST_LIST_CELLS`."""
    return replace(_first(parts).times(1), is_list=True)


def _list_of(parts: Sequence[Term]) -> Size:
    return replace(total(parts), is_list=True)


def _split(parts: Sequence[Term]) -> Size:
    pattern_test(parts)
    return _list(parts)


def _constant(parts: Sequence[Term], place: int, default: str, role: str) -> str:
    if len(parts) <= place:
        return default
    text = parts[place].text
    if text is None:
        raise FormulaFault(f"{role} is not a text in single quotes")
    return text


def _join(parts: Sequence[Term]) -> Size:
    between = _constant(parts, 0, "", "what concat_ws puts between its arguments")
    sizes = [part.size.times(8 + len(between)) if part.size.is_list else part.size for part in parts[1:]]
    return sum(sizes, Size(0, len(between.encode()) * len(parts)))


def _list_text(parts: Sequence[Term]) -> Size:
    """A list written as a text: it may have as many elements as signs."""
    between = _constant(parts, 1, "", "what stands between the elements of a list")
    return _first(parts).times(1 + len(between.encode()))


def pattern_test(parts: Sequence[Term]) -> Size:
    """Whether a text fits a pattern."""
    if len(_constant(parts, 1, "", "a pattern")) > _LONGEST_PATTERN:
        raise FormulaFault(f"has a pattern of more than {_LONGEST_PATTERN:,} signs")
    return Size()


def _match(parts: Sequence[Term]) -> Size:
    pattern_test(parts)
    return _first(parts)


def _replacement(parts: Sequence[Term]) -> Size:
    """Each part may be replaced; what replaces it is replaced again only where it shares signs with the next one."""
    text, old = _first(parts), parts[1].text if len(parts) > 1 and parts[1].text else ""
    new = _constant(parts, 2, "", "what is put in place of a text")
    factor = max(1, -(-len(new.encode()) // max(1, len(old.encode()))))
    chain = Chain(text, factor, frozenset(new))
    if text.chain is not None and old and not text.chain.signs.intersection(old):
        chain = Chain(text.chain.base, max(factor, text.chain.factor), text.chain.signs.union(new))
    return replace(chain.base.times(chain.factor), chain=chain)


def _rewrite(parts: Sequence[Term]) -> Size:
    """A pattern may fit once, or with the option g in many places: between all signs where it fits an empty text."""
    pattern_test(parts)
    new = _constant(parts, 2, "", "what is put in place of a text")
    groups, text = len(_GROUP.findall(new)), _first(parts)
    length = len(_GROUP.sub("", new).encode())
    if len(parts) <= 3 or "g" not in (parts[3].text or "g"):
        return text.times(1 + groups) + Size(0, length)
    if _consumes(parts[1].text or ""):
        return text.times(max(1, groups + length))
    return (text + Size(0, 1)).times(max(1, groups) + length)


def _consumes(pattern: str) -> bool:
    """Whether a pattern is so simple that it certainly fits no empty text."""
    steps = list(_ATOM.finditer(pattern))
    if "".join(step.group() for step in steps) != pattern:
        return False
    branches = [False]
    for step in steps:
        if step.group() == "|":
            branches.append(False)
        elif step["sign"] and (step["times"] or "+")[0] == "+":
            branches[-1] = True
    return all(branches)


def _translation(parts: Sequence[Term]) -> Size:
    """Each sign becomes one of others, of at most four bytes."""
    new = parts[2].text if len(parts) > 2 else None
    if new is not None and new.isascii():
        return _first(parts).times(1)
    return _change("signs", 4)(parts)


def _padding(parts: Sequence[Term]) -> Size:
    width = parts[1].sql if len(parts) > 1 else ""
    if not width.isdecimal() or len(width) > 9 or int(width) > _LONGEST_PADDING:
        raise FormulaFault(f"pads to a length that is not a number from 0 to {_LONGEST_PADDING}")
    return Size(0, 4 * int(width))


def _date_text(parts: Sequence[Term]) -> Size:
    """A directive stands for ten signs at most."""
    formats = [part.text for part in parts if part.text is not None]
    if not formats:
        raise FormulaFault("the format of a date is not a text in single quotes")
    return Size(0, 10 * max(map(len, formats)))


_GROUPS: tuple[tuple[Growth, str], ...] = (
    # Texts
    (_first, "trim ltrim rtrim left right substr substring split_part reverse nullif"),
    (_change("case", 2), "lower upper lcase ucase"),
    (_change("accents", 2), "strip_accents"),
    (_change("normal", 3), "nfc_normalize"),
    (_translation, "translate"),
    (total, "concat"),
    (_join, "concat_ws"),
    (_replacement, "replace"),
    (_padding, "lpad rpad"),
    (
        number,
        "length len strlen char_length character_length contains starts_with ends_with prefix suffix instr strpos "
        "position ascii ord unicode chr md5",
    ),
    # Patterns
    (
        pattern_test,
        "regexp_matches regexp_full_match ~~ !~~ ~~* !~~* like_escape not_like_escape ilike_escape not_ilike_escape",
    ),
    (_match, "regexp_extract"),
    (_split, "regexp_extract_all regexp_split_to_array string_split_regex str_split_regex"),
    (_rewrite, "regexp_replace"),
    # Numbers
    (
        number,
        "+ - * / // % ^ ** @ abs ceil ceiling floor round trunc sign sqrt cbrt ln log log2 log10 exp pow power mod "
        "fmod isnan isinf isfinite even gcd lcm",
    ),
    # Dates and times
    (
        number,
        "date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add epoch epoch_ms epoch_us "
        "epoch_ns make_date make_time make_timestamp to_years to_months to_weeks to_days to_hours to_minutes "
        "to_seconds to_milliseconds to_microseconds to_timestamp timezone year month day hour minute second "
        "millisecond quarter week weekofyear dayofmonth dayofweek dayofyear weekday isodow isoyear yearweek last_day "
        "dayname monthname date strptime try_strptime time_bucket",
    ),
    (_date_text, "strftime"),
    # Choices
    (largest, "if greatest least"),
    # Lists
    (_list, "string_split str_split string_to_array split"),
    (_list_of, "list_value"),
    (_list_text, "array_to_string"),
    (element, "list_extract list_element array_extract list_first list_last"),
    (_first, "list_distinct list_sort list_reverse"),
    (number, "list_contains list_has array_contains array_has list_position array_position array_length list_unique"),
)
FUNCTIONS: Mapping[str, Growth] = {name: growth for growth, names in _GROUPS for name in names.split()} | {"||": total}
# How many arguments each takes, where that is not one; None is any number of them.
_COUNTS: tuple[tuple[int, int | None, str], ...] = (
    (0, None, "list_value"),
    (1, None, "concat greatest least"),
    (2, None, "concat_ws"),
    (1, 2, "trim ltrim rtrim round trunc log array_length timezone"),
    (1, 3, "list_sort make_date"),
    (1, 6, "make_timestamp"),
    (
        2,
        2,
        "left right nullif contains starts_with ends_with prefix suffix instr strpos position pow power mod fmod gcd "
        "lcm date_part datepart date_trunc datetrunc date_add strptime try_strptime strftime string_split str_split "
        "string_to_array split array_to_string list_extract list_element array_extract list_contains list_has "
        "array_contains array_has list_position array_position",
    ),
    (
        2,
        3,
        "substr substring regexp_matches regexp_full_match regexp_split_to_array string_split_regex str_split_regex",
    ),
    (2, 3, "time_bucket"),
    (2, 4, "regexp_extract regexp_extract_all"),
    (
        3,
        3,
        "split_part translate replace lpad rpad like_escape not_like_escape ilike_escape not_ilike_escape date_diff "
        "datediff date_sub datesub make_time if",
    ),
    (3, 4, "regexp_replace"),
)
COUNTS: Mapping[str, tuple[int, int | None]] = dict.fromkeys(FUNCTIONS, (1, 1)) | {
    name: (minimum, maximum) for minimum, maximum, names in _COUNTS for name in names.split()
}
# Functions that the engine writes as expressions in which an argument stands twice.
REPEATERS = frozenset(["nullif", "split_part", "fmod", "array_to_string"])
# How the engine calls a function that its own parser gives another name.
NAMES: Mapping[str, str] = {"position": "strpos"}
# What stands between two operands, or before one.
OPERATORS = frozenset(["+", "-", "*", "/", "//", "%", "^", "**", "@", "||", "~~", "!~~", "~~*", "!~~*"])
_TYPES = """
    VARCHAR TEXT STRING CHAR BPCHAR TINYINT SMALLINT INTEGER INT BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT
    INT1 INT2 INT4 INT8 LONG SHORT SIGNED DOUBLE FLOAT FLOAT4 FLOAT8 REAL DECIMAL NUMERIC DEC DATE TIME TIMESTAMP
    DATETIME TIMESTAMPTZ BOOLEAN BOOL LOGICAL INTERVAL
"""
TYPES = frozenset([*_TYPES.split(), "TIMESTAMP WITH TIME ZONE"])
