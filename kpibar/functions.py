"""The functions, operators and types that a formula may use, and how long each makes a text.

What is not listed reads settings, variables, files or clocks, makes lists and texts of any length, or looks at other
records. A value is never much longer than the cells it is made of, so that no formula can fill the machine's memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_LONGEST_PATTERN = 5_000
_LONGEST_PADDING = 100


class FormulaFault(ValueError):
    """A text is no formula; the message says why."""


@dataclass(frozen=True)
class Size:
    """How long a value can become: `cells` times the longest cell of the record, and `signs` more."""

    cells: int = 0
    signs: int = 40

    def __add__(self, other: "Size") -> "Size":
        return Size(self.cells + other.cells, self.signs + other.signs)

    def times(self, factor: int) -> "Size":
        """So many times as long."""
        return Size(self.cells * factor, self.signs * factor)


@dataclass(frozen=True)
class Part:
    """A part of a formula: its SQL, its size, its text where that is constant, whether an operand needs parentheses."""

    sql: str
    size: Size = Size()
    text: str | None = None
    compound: bool = False

    @property
    def operand(self) -> str:
        """Its SQL beside an operator."""
        return f"({self.sql})" if self.compound else self.sql


Growth = Callable[[Sequence[Part]], Size]


def number(parts: Sequence[Part]) -> Size:
    """A number, an instant, a yes or no."""
    return Size()


def largest(parts: Sequence[Part]) -> Size:
    """One of the arguments."""
    return Size(
        max((part.size.cells for part in parts), default=0), max((part.size.signs for part in parts), default=0)
    )


def total(parts: Sequence[Part]) -> Size:
    """All arguments one after the other."""
    return sum((part.size for part in parts), Size(0, 0))


def _first(parts: Sequence[Part]) -> Size:
    return parts[0].size if parts else Size()


def _spread(parts: Sequence[Part]) -> Size:
    """A capital letter may take more bytes than a small one, and the elements of a list many more than their text."""
    return _first(parts).times(8)


def _constant(parts: Sequence[Part], place: int, default: str, what: str) -> str:
    if len(parts) <= place:
        return default
    text = parts[place].text
    if text is None:
        raise FormulaFault(f"{what} is not a text in single quotes")
    return text


def _joined(parts: Sequence[Part]) -> Size:
    between = _constant(parts, 0, "", "what concat_ws puts between its arguments")
    return total(parts[1:]) + Size(0, len(between) * len(parts))


def _listed(parts: Sequence[Part]) -> Size:
    """A list written as a text: it may have as many elements as signs."""
    between = _constant(parts, 1, "", "what stands between the elements of a list")
    return _first(parts).times(1 + len(between))


def tested(parts: Sequence[Part]) -> Size:
    """Whether a text fits a pattern."""
    if len(_constant(parts, 1, "", "a pattern")) > _LONGEST_PATTERN:
        raise FormulaFault(f"has a pattern of more than {_LONGEST_PATTERN:,} signs")
    return Size()


def _found(parts: Sequence[Part]) -> Size:
    tested(parts)
    return _first(parts)


def _every(parts: Sequence[Part]) -> Size:
    tested(parts)
    return _spread(parts)


def _replaced(parts: Sequence[Part]) -> Size:
    """Each sign may be replaced."""
    return _first(parts).times(max(1, len(_constant(parts, 2, "", "what is put in place of a text").encode())))


def _rewritten(parts: Sequence[Part]) -> Size:
    """A pattern may fit between all signs."""
    tested(parts)
    return (_first(parts) + Size(0, 1)).times(
        1 + len(_constant(parts, 2, "", "what is put in place of a text").encode())
    )


def _padded(parts: Sequence[Part]) -> Size:
    width = parts[1].sql if len(parts) > 1 else ""
    if not width.isdecimal() or len(width) > 9 or int(width) > _LONGEST_PADDING:
        raise FormulaFault(f"pads to a length that is not a number from 0 to {_LONGEST_PADDING}")
    return Size(0, 4 * int(width))


def _dated(parts: Sequence[Part]) -> Size:
    """A directive stands for ten signs at most."""
    formats = [part.text for part in parts if part.text is not None]
    if not formats:
        raise FormulaFault("the format of a date is not a text in single quotes")
    return Size(0, 10 * max(map(len, formats)))


_GROUPS: tuple[tuple[Growth, str], ...] = (
    # Texts
    (_first, "trim ltrim rtrim left right substr substring split_part reverse nullif strip_accents translate"),
    (_spread, "lower upper lcase ucase nfc_normalize"),
    (total, "concat"),
    (_joined, "concat_ws"),
    (_replaced, "replace"),
    (_padded, "lpad rpad"),
    (
        number,
        "length len strlen char_length character_length contains starts_with ends_with prefix suffix instr strpos "
        "position ascii ord unicode chr md5",
    ),
    # Patterns
    (
        tested,
        "regexp_matches regexp_full_match ~~ !~~ ~~* !~~* like_escape not_like_escape ilike_escape not_ilike_escape",
    ),
    (_found, "regexp_extract"),
    (_every, "regexp_extract_all regexp_split_to_array string_split_regex str_split_regex"),
    (_rewritten, "regexp_replace"),
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
    (_dated, "strftime"),
    # Choices
    (largest, "if ifnull greatest least"),
    # Lists
    (_spread, "string_split str_split string_to_array split"),
    (total, "list_value"),
    (_listed, "array_to_string list_to_string"),
    (_first, "list_extract list_element array_extract list_distinct list_sort list_reverse list_first list_last"),
    (number, "list_contains list_has array_contains array_has list_position array_position array_length list_unique"),
)
FUNCTIONS: Mapping[str, Growth] = {name: growth for growth, names in _GROUPS for name in names.split()} | {"||": total}
# What stands between two operands, or before one.
OPERATORS = frozenset(["+", "-", "*", "/", "//", "%", "^", "**", "@", "||", "~~", "!~~", "~~*", "!~~*"])
_TYPES = """
    VARCHAR TEXT STRING CHAR BPCHAR TINYINT SMALLINT INTEGER INT BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT
    INT1 INT2 INT4 INT8 LONG SHORT SIGNED DOUBLE FLOAT FLOAT4 FLOAT8 REAL DECIMAL NUMERIC DEC DATE TIME TIMESTAMP
    DATETIME TIMESTAMPTZ BOOLEAN BOOL LOGICAL INTERVAL
"""
TYPES = frozenset([*_TYPES.split(), "TIMESTAMP WITH TIME ZONE"])
