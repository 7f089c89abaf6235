"""Durations as clocks and as numbers with their units, in English, French and ISO 8601."""

import re

from kpibar.values.notation import let, quote

# Hours may pass 24; the parts below may not pass 59.
_CLOCK = "-?[0-9]+:[0-5]?[0-9](:[0-5]?[0-9]([.][0-9]+)?)?"
_WHOLE_CLOCK = "-?[0-9]+:[0-5]?[0-9]:[0-5]?[0-9]([.][0-9]+)?"
_IN_HOURS = re.compile(r"\b(?:h|hrs?|hours?|heures?|std|stunden|horas)\b", re.I)
# What the engine's own INTERVAL reads alike: 1d 2h 3m 4s.
_LETTERS = "([0-9]+d ?)?([0-9]+h ?)?([0-9]+m ?)?([0-9]+s)?"
_UNITS = (
    "([0-9]+) ?(?:days?|d|jours?|j)",
    "([0-9]+) ?(?:hours?|hrs?|heures?|h)",
    "([0-9]+) ?(?:minutes?|mins?|mn|m)",
    "([0-9]+(?:[.][0-9]+|,[0-9]{1,2}|,[0-9]{4,})?) ?(?:seconds?|secondes?|secs?|s)",
)
# The groups of the two notations below, by unit and the seconds of one.
_WORD_GROUPS = ("sign", "d", "h", "m", "s", "h_short", "m_short", "h_clock", "m_clock", "s_clock")
_ISO = ("sign", "d", "h", "m", "s")
_SIZES = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def _words_pattern() -> str:
    """1 day 2 hours 3 min 4 s, each part optional; minutes after an hour need no unit: 1 h 05."""
    days, hours, minutes, seconds = _UNITS
    separator = "[.]?,? ?(?:and |et )?"
    return (
        f"([+-])?(?:{days}{separator})?(?:(?:{hours}{separator})?(?:{minutes}{separator})?(?:{seconds}[.]?)?"
        f"|([0-9]+) ?h ?([0-5][0-9])|([0-9]+):([0-5][0-9]):([0-5][0-9]))"
    )


def _iso() -> str:
    """PnDTnHnMnS; a month before the T has no length."""
    return "([+-])?p(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:[.,][0-9]+)?)s)?)?"


def notations() -> tuple[str, ...]:
    """The regular expressions of a duration in small letters without accents."""
    return (f"[+]?{_CLOCK}", _LETTERS, _words_pattern(), _iso())


def clock(cell: str, column: str) -> str:
    """SQL of the seconds of hh:mm:ss, mm:ss or a text with units; NULL for all else, a bare number too.

    In a column whose name speaks of hours and not of mm:ss, 1:30 may be an hour and a half, and is not read.
    """
    hours = _IN_HOURS.search(column) and "mm:ss" not in column.lower()
    form = _WHOLE_CLOCK if hours else _CLOCK
    seconds = f"epoch(try_cast(ltrim({cell}, '+') AS INTERVAL))"
    short = f"strlen({cell}) - strlen(replace({cell}, ':', '')) = 1"
    return (
        f"CASE WHEN regexp_full_match({cell}, '[+]?{form}') THEN {seconds} / CASE WHEN {short} THEN 60 ELSE 1 END "
        f"WHEN regexp_full_match({cell}, '{_LETTERS}') THEN epoch(try_cast({cell} AS INTERVAL)) "
        f"WHEN {cell} IS NOT NULL THEN {_from_words(cell)} END"
    )


def duration(cell: str, column: str) -> str:
    """SQL of the seconds of a text with units, a clock, or a bare number of milliseconds."""
    return (
        f"CASE WHEN regexp_full_match({cell}, '-?[0-9]+') THEN CAST({cell} AS DOUBLE) / 1000.0 "
        f"ELSE {clock(cell, column)} END"
    )


def _from_words(cell: str) -> str:
    plain = f"replace(strip_accents(lower({cell})), '−', '-')"
    tidy = rf"trim(regexp_replace({plain}, '[\s\x{{a0}}\x{{202f}}\x{{2009}}]+', ' ', 'g'))"
    iso, words = _match(_iso(), _ISO), _match(_words_pattern(), _WORD_GROUPS)
    return let(tidy, "x", f"CASE WHEN contains(x, 'p') THEN {iso} ELSE {words} END")


def _match(pattern: str, groups: tuple[str, ...]) -> str:
    """SQL of the seconds of the parts that a pattern finds in `x`; NULL when it finds none."""
    parts = f"regexp_extract(x, {quote(f'^(?:{pattern})$')}, [{', '.join(map(quote, groups))}])"
    by_unit = {unit: " || ".join(f"w.{group}" for group in groups if group.split("_")[0] == unit) for unit in _SIZES}
    total = " + ".join(
        f"coalesce(try_cast(replace({by_unit[unit]}, ',', '.') AS DOUBLE), 0.0) * {size}"
        for unit, size in _SIZES.items()
    )
    any_part = " || ".join(by_unit.values())
    total_with_sign = f"CASE w.sign WHEN '-' THEN -1.0 ELSE 1.0 END * ({total})"
    return let(parts, "w", f"CASE WHEN {any_part} <> '' THEN {total_with_sign} END")
