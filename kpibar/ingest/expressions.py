"""The expressions of a layout: SQL over helpers that name the unit of what they read.

`secs("Wait time")` reads a column as seconds, `minutes("...")` as minutes: a bare number never becomes a
duration. Each helper is one SQL template here, so what a layout means can be read in one place. `compile_expression`
replaces every helper call by the alias of a typed column, and collects the calls to compute.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kpibar.ingest.header import normal

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>.)""",
    re.S,
)
_CALL_END = re.compile(r"\s*\)")
_ISO_DAYS = ("%Y-%m-%d",)
_ISO = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
_TIME = r"[0-9]:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_OFFSET = r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"


class ExpressionError(ValueError):
    """An expression that calls a helper wrongly; the message says how."""


@dataclass(frozen=True)
class Reading:
    """What helpers need to know of the file: the zone of a column's naive times, formats, decimal sign, enums.

    `zones` maps a normalised column name to the zone in its header; `zone` holds for the others. A bare date is
    a day in `day_zone`, the brand's: a delivery promised for a day may come until that day ends where the customer is.
    """

    zone: str
    day_zone: str
    zones: Mapping[str, str]
    formats: tuple[str, ...]
    decimal: str
    enums: Mapping[str, Mapping[str, str]]
    calling_code: str


@dataclass(frozen=True)
class Call:
    """A helper applied to a column of the file.

    `argument` is the name of an enum; for `instant`, the column that holds the time when `column` holds the date.
    """

    helper: str
    column: str
    argument: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The header names it reads."""
        return (self.column, self.argument) if self.helper == "instant" and self.argument else (self.column,)


@dataclass(frozen=True)
class Helper:
    """A helper's SQL as a function of the cell's SQL, the call and the reading; its SQL type; what it expects."""

    sql: Callable[[str, Call, Reading], str]
    type: str
    expects: str


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def in_zone(local: str, zone: str) -> str:
    """UTC instant of a local time. In the repeated hour of autumn the later instant is taken."""
    return local if zone == "UTC" else f"CAST(timezone({quoted(zone)}, {local}) AS TIMESTAMP)"


def local_time(instant: str, zone: str) -> str:
    """Local time of a UTC instant."""
    return instant if zone == "UTC" else f"timezone({quoted(zone)}, timezone('UTC', {instant}))"


def _formats(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(quoted(name) for name in names) + "]"


def _number(cell: str, reading: Reading, type: str = "DOUBLE", pattern: str = "[+-]?[0-9]*[.]?[0-9]+") -> str:
    """A number as digits and one decimal sign: a thousands sign taken for a decimal one is off by a thousand."""
    comma = reading.decimal == ","
    written = pattern.replace(".", ",") if comma else pattern
    plain = f"replace({cell}, ',', '.')" if comma else cell
    return f"CASE WHEN regexp_full_match({cell}, '{written}') THEN try_cast({plain} AS {type}) END"


def _scaled(factor: float) -> Callable[[str, Call, Reading], str]:
    return lambda cell, call, reading: f"({_number(cell, reading)}) * {factor!r}"


def _whole(cell: str, call: Call, reading: Reading) -> str:
    return f"try_cast(({_number(cell, reading, pattern='[+-]?[0-9]+([.]0+)?')}) AS INTEGER)"


def _money(cell: str, call: Call, reading: Reading) -> str:
    return _number(cell, reading, "DECIMAL(18, 2)")


def _flag(cell: str, call: Call, reading: Reading) -> str:
    return (
        f"CASE WHEN lower({cell}) IN ('true', 'yes', 'y', 'oui', 'vrai', '1', 't') THEN TRUE "
        f"WHEN lower({cell}) IN ('false', 'no', 'n', 'non', 'faux', '0', 'f') THEN FALSE END"
    )


def _clock(cell: str, call: Call, reading: Reading) -> str:
    sign = f"(CASE WHEN {cell} LIKE '-%' THEN -1.0 ELSE 1.0 END)"
    part = "CAST(split_part(ltrim({0}, '+-'), ':', {1}) AS DOUBLE)".format
    return (
        f"CASE WHEN regexp_full_match({cell}, '[+-]?[0-9]+:[0-5]?[0-9]:[0-5]?[0-9]([.][0-9]+)?') "
        f"THEN {sign} * ({part(cell, 1)} * 3600.0 + {part(cell, 2)} * 60.0 + {part(cell, 3)}) "
        f"WHEN regexp_full_match({cell}, '[+-]?[0-9]+:[0-5]?[0-9]') "
        f"THEN {sign} * ({part(cell, 1)} * 60.0 + {part(cell, 2)}) END"
    )


def _duration(cell: str, call: Call, reading: Reading) -> str:
    unit = "coalesce(try_cast(regexp_extract(lower({0}), '([0-9]+) ?{1}', 1) AS DOUBLE), 0.0)".format
    total = " + ".join(
        f"{unit(cell, name)} * {size}" for name, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    )
    return (
        f"CASE WHEN regexp_full_match({cell}, '[0-9]+') THEN CAST({cell} AS DOUBLE) / 1000.0 "
        f"WHEN {cell} LIKE '%:%' THEN {_clock(cell, call, reading)} "
        f"WHEN regexp_full_match(lower({cell}), '([0-9]+ ?d ?)?([0-9]+ ?h ?)?([0-9]+ ?m(in)? ?)?([0-9]+ ?s)?') "
        f"THEN {total} END"
    )


def _zone(call: Call, reading: Reading) -> str:
    return reading.zones.get(normal(call.column), reading.zone)


def _instant(cell: str, call: Call, reading: Reading) -> str:
    names = (*(name for name in reading.formats if "%z" not in name), *_ISO)
    naive = f"CAST(try_strptime({cell}, {_formats((*names, *_ISO_DAYS))}) AS TIMESTAMP)"
    return (
        f"CASE WHEN regexp_matches({cell}, {quoted(_TIME + _OFFSET)}) THEN {_with_offset(cell, names)} "
        f"ELSE {in_zone(naive, _zone(call, reading))} END"
    )


def _with_offset(cell: str, names: tuple[str, ...]) -> str:
    """The instant of a time with an offset, by arithmetic: the engine's %z rolls 31 February over to 2 March."""
    offset = f"replace(regexp_extract({cell}, '[+-][0-9]{{2}}(:?[0-9]{{2}})?$'), ':', '')"
    minutes = (
        f"(coalesce(try_cast(substr({offset}, 2, 2) AS INTEGER), 0) * 60"
        f" + coalesce(try_cast(substr({offset}, 4, 2) AS INTEGER), 0))"
    )
    local = f"try_strptime(regexp_replace({cell}, {quoted(_OFFSET)}, ''), {_formats(names)})"
    return f"{local} - to_minutes(CASE WHEN {offset} LIKE '-%' THEN -1 ELSE 1 END * {minutes})"


def _epoch(cell: str, call: Call, reading: Reading) -> str:
    return f"make_timestamp(CAST(({_number(cell, reading)}) * 1000000 AS BIGINT))"


def _day(cell: str, reading: Reading) -> str:
    """The date part of a cell, whatever follows it."""
    days = (re.split(r"[ T]%[HI]", name)[0] for name in reading.formats)
    date = f"regexp_replace({cell}, '[ T][0-9]{{1,2}}:.*$', '')"
    return f"CAST(CAST(try_strptime({date}, {_formats((*dict.fromkeys(days), *_ISO_DAYS))}) AS DATE) AS TIMESTAMP)"


def _day_start(cell: str, call: Call, reading: Reading) -> str:
    return in_zone(_day(cell, reading), reading.day_zone)


def _day_end(cell: str, call: Call, reading: Reading) -> str:
    following = in_zone(f"({_day(cell, reading)} + INTERVAL 1 DAY)", reading.day_zone)
    return f"({following} - INTERVAL 1 MICROSECOND)"


def _promise_end(cell: str, call: Call, reading: Reading) -> str:
    whole_day = f"(NOT regexp_matches({cell}, '[0-9]:') OR regexp_matches({cell}, '[ T]0?0:00(:00([.]0+)?)?$'))"
    return f"CASE WHEN {whole_day} THEN {_day_end(cell, call, reading)} ELSE {_instant(cell, call, reading)} END"


def _enum(cell: str, call: Call, reading: Reading) -> str:
    known = reading.enums[call.argument]
    cases = " ".join(f"WHEN {quoted(value.casefold())} THEN {quoted(canonical)}" for value, canonical in known.items())
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
    """HMAC-SHA-256 of a text under the key held in session variables (RFC 2104), cut to 128 bits.

    Of a type of its own, so that no text of an export can stand where a pseudonym should.
    """
    inner = f"unhex(sha256(getvariable('key_inner') || encode({text})))"
    return f"CAST(substr(sha256(getvariable('key_outer') || {inner}), 1, 32) AS UUID)"


def _pii(cell: str, call: Call, reading: Reading) -> str:
    return f"CASE WHEN {cell} IS NOT NULL THEN {pseudonym(identity(cell, reading.calling_code))} END"


HELPERS: Mapping[str, Helper] = {
    "text": Helper(lambda cell, call, reading: cell, "VARCHAR", "a text"),
    "num": Helper(lambda cell, call, reading: _number(cell, reading), "DOUBLE", "a number"),
    "whole": Helper(_whole, "INTEGER", "a whole number"),
    "money": Helper(_money, "DECIMAL(18, 2)", "an amount"),
    "flag": Helper(_flag, "BOOLEAN", "yes or no"),
    "secs": Helper(_scaled(1.0), "DOUBLE", "a number of seconds"),
    "minutes": Helper(_scaled(60.0), "DOUBLE", "a number of minutes"),
    "hours": Helper(_scaled(3600.0), "DOUBLE", "a number of hours"),
    "days": Helper(_scaled(86_400.0), "DOUBLE", "a number of days"),
    "ms": Helper(_scaled(0.001), "DOUBLE", "a number of milliseconds"),
    "hms": Helper(_clock, "DOUBLE", "a duration hh:mm:ss"),
    "duration": Helper(_duration, "DOUBLE", "a duration such as 19m 10s, hh:mm:ss or milliseconds"),
    "instant": Helper(_instant, "TIMESTAMP", "a date and time"),
    "epoch": Helper(_epoch, "TIMESTAMP", "a Unix time in seconds"),
    "day_start": Helper(_day_start, "TIMESTAMP", "a date"),
    "day_end": Helper(_day_end, "TIMESTAMP", "a date"),
    "promise_end": Helper(_promise_end, "TIMESTAMP", "a date, or a date and time"),
    "enum": Helper(_enum, "VARCHAR", "a listed value"),
    "pii": Helper(_pii, "UUID", "an identifier"),
}


def seconds_between(later: str, earlier: str) -> str:
    """Seconds from one instant to another, as SQL."""
    return f"(epoch({later}) - epoch({earlier}))"


@dataclass(frozen=True)
class Compiled:
    """An expression whose helper calls became placeholders `{n}` over `calls`."""

    template: str
    calls: tuple[Call, ...]


# An expression is a value of one record: it reads no table, holds no second statement and closes what it opens.
_REFUSED = frozenset(
    [
        "select",
        "from",
        "getvariable",
        "copy",
        "attach",
        "pragma",
        "set",
        "install",
        "load",
        "drop",
        "delete",
        "insert",
        "update",
    ]
)


def refuse_statements(expression: str) -> None:
    """Raises ExpressionError for SQL that is more than an expression."""
    bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", expression)
    depth = 0
    for mark in bare:
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth < 0:
            break
    words = {word.lower() for word in re.findall(r"[A-Za-z_]+", bare)}
    if depth != 0 or any(mark in bare for mark in (";", "--", "/*")) or words & _REFUSED:
        raise ExpressionError(f"is not a single SQL expression: {expression}")


def compile_expression(expression: str) -> Compiled:
    """Split an expression into a template and its helper calls. Raises ExpressionError."""
    refuse_statements(expression)
    parts: list[str] = []
    calls: list[Call] = []
    position = 0
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        assert token is not None
        position = token.end()
        word = token.group()
        if token.lastgroup == "word" and word.lower() == "lines" and _opens(expression, position):
            position = _close(expression, _open(expression, position), word)
            parts.append("lines_folded")
        elif token.lastgroup == "word" and word.lower() in HELPERS and _opens(expression, position):
            call, position = _read_call(word.lower(), expression, position)
            parts.append(f"{{{len(calls)}}}")
            calls.append(call)
        elif token.lastgroup == "name":
            parts.append(f"{{{len(calls)}}}")
            calls.append(Call("text", _unquote(word)))
        else:
            parts.append(word.replace("{", "{{").replace("}", "}}"))
    return Compiled("".join(parts), tuple(calls))


def _opens(expression: str, position: int) -> bool:
    return expression[position:].lstrip().startswith("(")


def _open(expression: str, position: int) -> int:
    return expression.index("(", position) + 1


def _close(expression: str, position: int, helper: str) -> int:
    end = _CALL_END.match(expression, position)
    if end is None:
        raise ExpressionError(f"{helper}(...) takes one column name in double quotes: {expression}")
    return end.end()


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _read_call(helper: str, expression: str, position: int) -> tuple[Call, int]:
    """Read `("Column")` or `("Column", "argument")` after a helper's name."""
    pattern = re.compile(r'\(\s*"((?:[^"]|"")*)"(?:\s*,\s*["\']([^"\']*)["\'])?\s*\)')
    found = pattern.match(expression, position + expression[position:].index("("))
    if found is None:
        raise ExpressionError(f"{helper}(...) takes a column name in double quotes: {expression}")
    if helper != "instant" and (helper == "enum") != (found.group(2) is not None):
        raise ExpressionError(f"{helper} is called with the wrong number of arguments: {expression}")
    return Call(helper, found.group(1).replace('""', '"'), found.group(2) or ""), found.end()


def columns_read(expression: str) -> list[str]:
    """The header names an expression reads, as written. Raises ExpressionError."""
    return list(dict.fromkeys(name for call in compile_expression(expression).calls for name in call.columns))
