"""What a layout's helpers read: each is one SQL template, so that what a layout means can be read in one place.

`secs("Wait time")` reads a column as seconds, `minutes("...")` as minutes: a bare number never becomes a duration.
A value that can be read in two ways is not read.
"""

from collections.abc import Callable, Mapping

from kpibar.database.key import KEY_NAMES
from kpibar.read.columns import normal
from kpibar.values import timestamps
from kpibar.values.notation import Call, Direct, Helper, Notation, quote
from kpibar.values.quantities import amount, clock, duration, number, whole_number
from kpibar.values.timezones import in_zone

# What people and tools write into a cell to say that there is nothing in it, in small letters.
EMPTY_WORDS = (
    "", "-", "--", "---", "—", "–", "n/a", "#n/a", "#nv", "#n/d", "#n/b", "#i/t", "null", "nan", "[none]", "[null]",
    "[deleted]", "[no associated user]", "(empty)", "(none)", "(null)", "(blank)", "(vide)",
)  # fmt: skip
# The zero dates of .NET, SQL Server, MySQL and spreadsheets, and the last dates by which others write "never".
NEVER = (
    "^(0001-01-01|1900-01-0[01]|1899-12-3[01]|0000-00-00|00/00/0000|01/01/0001|0?[01]/0?1/1900|0?1/0/1900|30/12/1899"
    "|12/30/1899|[29]999-12-31|31[/.]12[/.][29]999|12/31/[29]999)([ T]|$)"
)


# Words for yes and no, and signs that mark a yes where a column holds nothing else for it, in small letters.
YES = ("true", "yes", "y", "oui", "vrai", "1", "t")
NO = ("false", "no", "n", "non", "faux", "0", "f")
TICKS = ("x", "✓", "✔", "☑")


def _scale(factor: float) -> Callable[[str, Call, Notation], str]:
    return lambda cell, call, notation: f"({number(cell, notation.decimal_of(call))}) * {factor!r}"


def _flag(cell: str, call: Call, notation: Notation) -> str:
    empty = None if call.formula else notation.ticks.get(normal(call.column))
    yes = YES if empty is None else (*YES, *TICKS)
    null_case = f" WHEN {cell} IS NULL THEN FALSE" if empty else ""
    return (
        f"CASE WHEN lower({cell}) IN ({', '.join(map(quote, yes))}) THEN TRUE "
        f"WHEN lower({cell}) IN ({', '.join(map(quote, NO))}) THEN FALSE{null_case} END"
    )


def _epoch(cell: str, call: Call, notation: Notation) -> str:
    """Seconds beyond the plausible are none: the engine has no instant for them, and says so with an error."""
    seconds = number(cell, notation.decimal_of(call))
    return f"make_timestamp(CAST(CASE WHEN abs({seconds}) < 1e11 THEN ({seconds}) * 1000000 END AS BIGINT))"


def first_instant(day: str, zone: str) -> str:
    """SQL of the UTC instant at which a day of the brand begins; `day` is SQL of its first moment or of its date."""
    return in_zone(f"CAST({day} AS TIMESTAMP)", zone)


def last_instant(day: str, zone: str) -> str:
    """SQL of the UTC instant at which a day of the brand ends."""
    return f"({in_zone(f'({day} + INTERVAL 1 DAY)', zone)} - INTERVAL 1 MICROSECOND)"


def _day_start(cell: str, call: Call, notation: Notation) -> str:
    return first_instant(timestamps.day(cell, call, notation), notation.day_zone)


def _day_end(cell: str, call: Call, notation: Notation) -> str:
    return last_instant(timestamps.day(cell, call, notation), notation.day_zone)


def _promise_start(cell: str, call: Call, notation: Notation) -> str:
    return timestamps.promise(cell, call, notation, lambda day: first_instant(day, notation.day_zone))


def _promise_end(cell: str, call: Call, notation: Notation) -> str:
    return timestamps.promise(cell, call, notation, lambda day: last_instant(day, notation.day_zone))


def _bare_date(to_instant: Callable[[str, str], str]) -> Direct:
    """A date in ISO 8601 and nothing else: the day as it is written."""
    return Direct(
        "DATE", lambda value, call, notation: {f"CAST({value} AS VARCHAR)": to_instant(value, notation.day_zone)}
    )


def _month(cell: str, call: Call, notation: Notation) -> str:
    return timestamps.month(cell, notation.date_order)


def _enum(cell: str, call: Call, notation: Notation) -> str:
    words = notation.enums[call.argument]
    cases = " ".join(f"WHEN {quote(value.casefold())} THEN {quote(canonical)}" for value, canonical in words.items())
    return f"CASE WHEN {cell} IS NULL THEN NULL ELSE CASE lower({cell}) {cases} ELSE 'other' END END"


def identity(cell: str, calling_code: str) -> str:
    """The normalised, domain-separated form of a customer identifier: e-mail, telephone (E.164) or other id."""
    phone = r"'[+]?[0-9\s\x{a0}\x{202f}()./-]{8,24}'"
    international = f"regexp_replace({cell}, '^((?:tel:)?(?:[+]|00)[0-9]+[^0-9]*)[(]0[)]', '\\1')"  # +33 (0)6 ...
    digits = f"regexp_replace({international}, '[^0-9]', '', 'g')"
    return (
        f"CASE WHEN contains({cell}, '@') THEN 'email:' || lower({cell}) "
        f"WHEN NOT regexp_full_match(replace({cell}, 'tel:', ''), {phone}) THEN 'id:' || {cell} "
        f"WHEN starts_with({digits}, '00') THEN 'phone:' || substr({digits}, 3) "
        f"WHEN starts_with({digits}, '0') THEN 'phone:{calling_code}' || substr({digits}, 2) "
        f"ELSE 'phone:' || {digits} END"
    )


def pseudonym(text: str) -> str:
    """HMAC-SHA-256 of a text under the key (RFC 2104), cut to 128 bits.

    Of a type of its own, so that no text of an export can stand where a pseudonym should. The padded keys are
    parameters of the statement, under names that are new in each run: an expression can neither list nor guess them.
    """
    inner = f"unhex(sha256(${KEY_NAMES[0]} || encode({text})))"
    return f"CAST(substr(sha256(${KEY_NAMES[1]} || {inner}), 1, 32) AS UUID)"


def _pii(cell: str, call: Call, notation: Notation) -> str:
    return f"CASE WHEN {cell} IS NOT NULL THEN {pseudonym(identity(cell, notation.calling_code))} END"


def _whole(factor: str = "") -> Direct:
    """A whole number without thousands separators, whatever the decimal sign."""
    type = "DOUBLE" if factor else "INTEGER"
    return Direct(
        "INTEGER",
        lambda value, call, notation: {f"CAST({value} AS VARCHAR)": f"CAST({value} AS {type}){factor}"},
    )


def _duration(factor: float, unit: str) -> Helper:
    return Helper(_scale(factor), "DOUBLE", f"a number of {unit}", _whole(f" * {factor!r}"))


HELPERS: Mapping[str, Helper] = {
    "text": Helper(lambda cell, call, notation: cell, "VARCHAR", "a text"),
    "num": Helper(
        lambda cell, call, notation: number(cell, notation.decimal_of(call)), "DOUBLE", "a number", _whole(" * 1.0")
    ),
    "whole": Helper(
        lambda cell, call, notation: whole_number(cell, notation.decimal_of(call)),
        "INTEGER",
        "a whole number",
        _whole(),
    ),
    "money": Helper(
        lambda cell, call, notation: amount(cell, notation.decimal_of(call)), "DECIMAL(18, 2)", "an amount"
    ),
    "flag": Helper(_flag, "BOOLEAN", "yes or no"),
    "secs": _duration(1.0, "seconds"),
    "minutes": _duration(60.0, "minutes"),
    "hours": _duration(3600.0, "hours"),
    "days": _duration(86_400.0, "days"),
    "ms": _duration(0.001, "milliseconds"),
    "hms": Helper(lambda cell, call, notation: clock(cell, call.column), "DOUBLE", "a duration hh:mm:ss"),
    "duration": Helper(
        lambda cell, call, notation: duration(cell, call.column),
        "DOUBLE",
        "a duration such as 19m 10s, hh:mm:ss or milliseconds",
    ),
    "instant": Helper(
        timestamps.instant,
        "TIMESTAMP",
        "a date and time, 1990 to 2099",
        Direct("TIMESTAMP", timestamps.written_instants),
    ),
    "epoch": Helper(_epoch, "TIMESTAMP", "a Unix time in seconds, 1990 to 2099"),
    "day_start": Helper(_day_start, "TIMESTAMP", "a date, 1990 to 2099", _bare_date(first_instant)),
    "day_end": Helper(_day_end, "TIMESTAMP", "a date, 1990 to 2099", _bare_date(last_instant)),
    "promise_start": Helper(
        _promise_start, "TIMESTAMP", "a date, or a date and time, 1990 to 2099", _bare_date(first_instant)
    ),
    "promise_end": Helper(
        _promise_end, "TIMESTAMP", "a date, or a date and time, 1990 to 2099", _bare_date(last_instant)
    ),
    "year_month": Helper(_month, "VARCHAR", "a month such as 2025-03, 03/2025 or its first day, 1990 to 2099"),
    "enum": Helper(_enum, "VARCHAR", "a listed value"),
    "pii": Helper(_pii, "UUID", "an identifier"),
}
