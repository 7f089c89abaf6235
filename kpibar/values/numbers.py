"""Numbers and amounts: digits with one decimal sign, and thousands separators where nothing else can be meant.

1,234 is one and a bit or more than a thousand; which, only the layout's decimal sign tells, and where that is a point
the number is not read. 1,234.50 and 1 234,50 show both signs and say themselves.
"""

from kpibar.values.notation import let

_GROUP = "[+-]?[1-9][0-9]{0,2}"
# Groups of three set apart by blanks or apostrophes, commas, points; a second group or a decimal sign settles it.
_BLANKS = f"{_GROUP}(( [0-9]{{3}})+|('[0-9]{{3}})+)([.,][0-9]+)?"
_COMMAS = f"{_GROUP}((,[0-9]{{3}})+[.][0-9]+|(,[0-9]{{3}}){{2,}})"
_POINTS = f"{_GROUP}(([.][0-9]{{3}})+,[0-9]+|([.][0-9]{{3}}){{2,}})"
_CURRENCY = (
    r"(\p{Sc}|EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|MAD|TND|DZD|XOF|XAF|XPF|BRL|MXN|"
    r"INR|KRW|SGD|HKD|ZAR|AED|SAR|ILS|Fr[.]|kr[.]?|zł|Kč|Ft|lei)"
)
# Digits, with or without decimals, by what is read: `.` stands for the decimal sign.
_DECIMALS = {
    "DOUBLE": "[+-]?[0-9]*[.]?[0-9]+",
    # Three decimals of an amount may be thousands; no cent is lost on two.
    "DECIMAL(18, 2)": "[+-]?([0-9]+|[0-9]*[.]([0-9]{1,2}|[0-9]{4,}))",
    "INTEGER": "[+-]?[0-9]+([.](0{1,2}|0{4,}))?",
}


def notations(decimal: str) -> tuple[str, ...]:
    """The regular expressions of a number with plain blanks and apostrophes."""
    return (_plain(decimal, "DOUBLE"), _BLANKS, _COMMAS, _POINTS)


def number(cell: str, decimal: str, type: str = "DOUBLE") -> str:
    """SQL of a number in a cell, NULL where it can be read in two ways or in none."""
    return (
        f"CASE WHEN regexp_full_match({cell}, '{_plain(decimal, type)}') THEN {_cast(cell, decimal, type)} "
        f"WHEN {cell} IS NOT NULL THEN {let(_tidy(cell), 'n', _as_number('n', decimal, type))} END"
    )


def whole_number(cell: str, decimal: str) -> str:
    """SQL of a whole number; decimals other than zeros are none."""
    pattern, value = _plain(decimal, "INTEGER"), number(cell, decimal)
    whole = let(value, "w", "CASE WHEN w = floor(w) THEN try_cast(w AS INTEGER) END")
    digits = f"regexp_full_match({cell}, '[+-]?[0-9]*[.,]?[0-9]+')"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{pattern}') THEN try_cast({_cast(cell, decimal, 'DOUBLE')} AS INTEGER) "
        f"WHEN NOT {digits} THEN {whole} END"
    )


def amount(cell: str, decimal: str) -> str:
    """SQL of an amount of money: a number with or without its currency; (12.50) and 12.50- are negative."""
    type = "DECIMAL(18, 2)"
    money = let(
        _tidy(cell),
        "a",
        f"CASE WHEN regexp_full_match(a, '{_amount_pattern()}') THEN {_without_sign(type, decimal)} END",
    )
    return (
        f"CASE WHEN regexp_full_match({cell}, '{_plain(decimal, type)}') THEN {_cast(cell, decimal, type)} "
        f"WHEN {cell} IS NOT NULL THEN {money} END"
    )


def _amount_pattern() -> str:
    """One sign at most: before or after the currency, or after the amount; or parentheses."""
    money, digits = f"({_CURRENCY} ?)?", "[0-9.,][0-9 .,'']*"
    after = f"( ?{_CURRENCY})?"
    return (
        f"[+-]? ?{money}{digits}{after}|{money}[+-] ?{digits}{after}|{money}{digits}-{after}|{money}{digits}{after}-"
        f"|[(]{money}{digits}{after}[)]"
    )


def _without_sign(type: str, decimal: str) -> str:
    digits = "trim(regexp_extract(a, '[0-9.,][0-9 .,'']*'))"
    negative = "(contains(a, '-') OR starts_with(a, '('))"
    return f"{let(digits, 'n', _as_number('n', decimal, type))} * CASE WHEN {negative} THEN -1 ELSE 1 END"


def _plain(decimal: str, type: str) -> str:
    pattern = _DECIMALS[type]
    return pattern.replace(".", ",") if decimal == "," else pattern


def _cast(cell: str, decimal: str, type: str) -> str:
    return f"try_cast({_with_point(cell) if decimal == ',' else cell} AS {type})"


def _with_point(text: str) -> str:
    return f"replace({text}, ',', '.')"


def _tidy(cell: str) -> str:
    """Plain blanks, apostrophes and minus signs, none of them around the number."""
    plain = f"replace(replace({cell}, '−', '-'), '’', '''')"
    return rf"trim(regexp_replace({plain}, '[\s\x{{a0}}\x{{202f}}\x{{2009}}]', ' ', 'g'))"


def _as_number(text: str, decimal: str, type: str) -> str:
    """SQL of a number with thousands separators, or a plain one."""
    bare = f"replace(replace({text}, ' ', ''), '''', '')"
    blanks, commas, points = (pattern.replace("'", "''") for pattern in (_BLANKS, _COMMAS, _POINTS))
    without_points = f"replace({text}, '.', '')"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_plain(decimal, type)}') THEN {_cast(text, decimal, type)} "
        f"WHEN regexp_full_match({text}, '{blanks}') THEN try_cast({_with_point(bare)} AS {type}) "
        f"WHEN regexp_full_match({text}, '{commas}') THEN try_cast(replace({text}, ',', '') AS {type}) "
        f"WHEN regexp_full_match({text}, '{points}') "
        f"THEN try_cast({_with_point(without_points)} AS {type}) END"
    )
