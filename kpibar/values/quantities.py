"""Numbers, amounts and durations as SQL over a cell; what is read, and how, stands in numbers.sql and durations.sql.

1,234 is one and a bit or more than a thousand; which, only the layout's decimal sign tells, and where that is a point
the number is not read. 1,234.50 and 1 234,50 show both signs and say themselves.
"""

import re

from kpibar.values.macros import pattern

_IN_HOURS = re.compile(r"\b(?:h|hrs?|hours?|heures?|std|stunden|horas)\b", re.I)


def number(cell: str, decimal: str) -> str:
    """SQL of a number in a cell, NULL where it can be read in two ways or in none."""
    return f"read_number({cell}, '{decimal}')"


def whole_number(cell: str, decimal: str) -> str:
    """SQL of a whole number; decimals other than zeros are none."""
    return f"read_whole_number({cell}, '{decimal}')"


def amount(cell: str, decimal: str) -> str:
    """SQL of an amount of money: a number with or without its currency; (12.50) and 12.50- are negative."""
    return f"read_amount({cell}, '{decimal}')"


def clock(cell: str, column: str) -> str:
    """SQL of the seconds of hh:mm:ss, mm:ss or a text with units; NULL for all else, a bare number too."""
    return f"read_clock({cell}, {_form(column)})"


def duration(cell: str, column: str) -> str:
    """SQL of the seconds of a text with units, a clock, or a bare number of milliseconds."""
    return f"read_duration({cell}, {_form(column)})"


def _form(column: str) -> str:
    """The macro of the clocks in a column: where its name speaks of hours and not of mm:ss, those of three parts."""
    hours = _IN_HOURS.search(column) and "mm:ss" not in column.lower()
    return "whole_clock_form()" if hours else "clock_form()"


def number_notations(decimal: str) -> tuple[str, ...]:
    """The regular expressions of a number with plain blanks and apostrophes."""
    plain = pattern("plain_number").replace("[.]", f"[{decimal}]")
    return (plain, pattern("by_blanks"), pattern("by_commas"), pattern("by_points"))


def duration_notations() -> tuple[str, ...]:
    """The regular expressions of a duration in small letters without accents."""
    clock_form = f"[+]?{pattern('clock_form')}"
    return (clock_form, pattern("letters_form"), pattern("spoken_form"), pattern("iso_form"))
