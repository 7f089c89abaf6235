"""Dates and times as people and tools write them: one grammar, in which a value has one meaning or none.

A cell in ISO 8601 is read directly; so is a numeric date whose order is known. All others go through one
regular expression whose parts are put together to an ISO time. The engine's own readers are not asked to guess: they
take 24:00 for the next day, a blank for a digit, and %z rolls 31 February over to 2 March.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kpibar.read.columns import normal
from kpibar.values.formats import PIVOT, Pattern, month_names, pattern
from kpibar.values.notation import Call, Notation, let, order_of, quote
from kpibar.values.timezones import in_zone, local_time, offsets

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO = f"{_ISO_DAY}([ T]{_CLOCK}(:[0-5][0-9]([.][0-9]{{1,9}})?)?Z?)?"
# With an offset, of fixed width up to the seconds.
_ISO_OFFSET = f"{_ISO_DAY}[ T]{_CLOCK}:[0-5][0-9] ?[+-](0[0-9]|1[0-4]):?[0-5][0-9]"
# 10:00-12:00 after a date is a slot as well as a time with an offset.
_SLOT = "^[^T]* ?[0-9]{1,2}:[0-9]{2} ?[-–—] ?[0-9]{1,2}:[0-9]{2}$"
_NUMERIC = {"dmy": "%d/%m", "mdy": "%m/%d"}
# 25-03-14 is read only where the place of its year is stated, 3-14-25 shows it.
_LONG_YEAR, _ANY_YEAR = "(?:[/.]([0-5][0-9])|[/.-]([0-9]{4}))", "[/.-](?:([0-5][0-9])|([0-9]{4}))"
_NUMERIC_CLOCK = "( (([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|(0?[1-9]|1[0-2]):[0-5][0-9](:[0-5][0-9])? [AP]M))?"
# A spreadsheet's days since 1899-12-30: from 1954 to 2119.
SERIAL = "[2-7][0-9]{4}([.,][0-9]+)?"
# Five decimals tell the second; the halves, quarters and eighths of a day need fewer.
SERIAL_FINE, SERIAL_EIGHTHS = "[.,][0-9]{5,}$", "([.,](0+|50*|[27]50*|(12|37|62|87)50*))?$"
_MONTHS = {
    "jan": 1, "fev": 2, "feb": 2, "mar": 3, "apr": 4, "avr": 4, "mai": 5, "may": 5, "juin": 6, "jun": 6, "juil": 7,
    "jul": 7, "aou": 8, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = (
    "jan(?:v(?:ier)?|uary)?|fev(?:r(?:ier)?)?|feb(?:ruary)?|mar(?:ch|s)?|apr(?:il)?|avr(?:il)?|mai|may|june?|juin|"
    "july?|juil(?:let)?|aug(?:ust)?|aout|sept?(?:embre|ember)?|oct(?:obre|ober)?|nov(?:embre|ember)?|dec(?:embre|ember)?"
)
_WEEKDAY = (
    "(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?|"
    "(?:lun|mar|mer|mercre|jeu|ven|vendre)(?:di)?|sam(?:edi)?|dim(?:anche)?"
)
# The groups of `_grammar`, in order: the date in seven notations, the time in two, the offset.
_PARTS = (
    "y", "m", "d", "wy", "ww", "wd", "cy", "cm", "cd", "a", "b", "n", "l", "q", "r", "s", "e", "f", "g", "i", "j", "k",
    "hh", "mi", "ss", "ff", "pm", "ch", "cn", "cs", "utc", "abbr", "sign", "oh", "om",
)  # fmt: skip
_SAMPLE = datetime(2025, 11, 23, 15, 4, 5, 678901, tzinfo=UTC)


def _year_at_end(notation: Notation) -> str:
    """The regular expression of the sign before a year at the end and the year, in a group of its own by its length."""
    return _ANY_YEAR if notation.short_hyphens else _LONG_YEAR


def _numeric_shape(notation: Notation) -> str:
    return f"[0-9]{{1,2}}[/.-][0-9]{{1,2}}{_year_at_end(notation)}{_NUMERIC_CLOCK}"


def _grammar(zone: str, year_at_end: str = _LONG_YEAR) -> str:
    """The regular expression of a lower-case time without accents, with a group for each of `_PARTS`.

    The name of the zone that holds anyway may follow the time, or the letters of an offset that is certain (CEST).
    """
    day_or_month, two, year = "([0-9]{1,2})", "([0-9]{2})", "([0-9]{4})"
    hour, sixty = "([01]?[0-9]|2[0-3])", "([0-5][0-9])"
    date = "|".join([
        f"{year}[-/.]{day_or_month}[-/.]{day_or_month}",
        f"{year}-?w{two}-?([1-7])",
        f"{year}{two}{two}",
        f"{day_or_month}[-/.]{day_or_month}{year_at_end}",
        f"([0-9])-{day_or_month}-([0-5][0-9])",
        f"{day_or_month}(?:st|nd|rd|th|er)?[-/. ]*({_MONTH})[.]?[-/, ]*([0-9]{{4}}|[0-5][0-9])",
        f"({_MONTH})[. ]*{day_or_month}(?:st|nd|rd|th)?,? {year}",
    ])  # fmt: skip
    clock = f"{hour}(?::| ?h ?){sixty}(?::{sixty}(?:[.,]([0-9]{{1,9}}))?)?(?: ?([ap])[.]? ?m[.]?)?"
    offset = rf"[(]?(?:utc|gmt)? ?([+-]){day_or_month}(?::?{sixty})?[)]?(?:\[[a-z0-9_/+-]+\])?"
    suffix = (
        rf"(?: ?(?:(z|utc|gmt)|[(]?({'|'.join(offsets(zone))})[)]?|{offset}|[\[(]?{re.escape(zone.lower())}[\])]?))?"
    )
    time = f"(?:(?:t|,? (?:at |a )?){clock}|t([01][0-9]|2[0-3]){sixty}{sixty}?){suffix}"
    return f"(?:(?:{_WEEKDAY})[.]?,? )?(?:{date})(?:{time})?"


def notations(column: str, notation: Notation) -> tuple[str, ...]:
    """The regular expressions of the times a column may hold, plain or in small letters without accents."""
    grammar = _grammar(notation.zone_of(column), _year_at_end(notation))
    return (_ISO, _ISO_OFFSET, _numeric_shape(notation), SERIAL, grammar)


def more_formats(column: str, notation: Notation) -> list[str]:
    """The `strptime` formats in which it may hold others."""
    return _beyond(notation, notation.order(column))


@dataclass(frozen=True)
class _Target:
    """What becomes of a local time, as SQL: without an offset, in UTC, and with an offset (an INTERVAL)."""

    naive: Callable[[str], str]
    universal: Callable[[str], str]
    shift: Callable[[str, str], str]


def instant(cell: str, call: Call, notation: Notation) -> str:
    """SQL of the UTC instant of a cell: by its own offset, else in the column's zone; NULL if it is no such time."""

    def universal(instant: str) -> str:
        return f"{{'local': CAST(NULL AS TIMESTAMP), 'instant': {instant}}}"

    def local(time: str) -> str:
        return f"{{'local': {time}, 'instant': CAST(NULL AS TIMESTAMP)}}"

    target = _Target(local, universal, lambda local, by: universal(f"({local} - {by})"))
    in_zone_sql = in_zone("t.local", notation.zone_of(call.column))
    return let(_read(cell, call.column, notation, target), "t", f"coalesce(t.instant, {in_zone_sql})")


def written_instants(value: str, call: Call, notation: Notation) -> dict[str, str]:
    """How a TIMESTAMP may be written (SQL of the text), and the UTC instant that is meant then."""
    text = f"CAST({value} AS VARCHAR)"
    return {text: in_zone(value, notation.zone_of(call.column)), f"replace({text}, ' ', 'T') || 'Z'": value}


def naive_time(cell: str, call: Call, notation: Notation) -> str:
    """SQL of the local time of a cell that has no offset of its own; NULL for all others."""
    target = _Target(lambda local: local, lambda local: "CAST(NULL AS TIMESTAMP)", lambda local, by: "NULL")
    return _read(cell, call.column, notation, target)


def day(cell: str, call: Call, notation: Notation) -> str:
    """SQL of the first moment of the day a cell means, as a local time of the brand.

    A bare date, and the first or last minute of a day of the cell's own zone, mean that day as it is written; any other
    time means the day on which it is where the brand is.
    """
    local_day = f"CASE WHEN {_on_the_edge('m.local')} THEN m.local ELSE {_brand_time(call, notation)} END"
    return let(_moment(cell, call, notation), "m", f"date_trunc('day', {local_day})")


def month(cell: str, date_order: str | None) -> str:
    """SQL of the month a cell means, as 2025-03; NULL for all else.

    A month stands for itself or as its first day; another day says that the record is of a day or a week. 03/01/2025 is
    a first day by an order of day and month that is stated, and by no other.

    Example: 2025-03, 2025-03-01, 03/2025 and mars 2025 are one month.
    """
    number, year = "(0?[1-9]|1[0-2])", "(199[0-9]|20[0-9]{2})"
    midnight = "(?:[t ]00:00(?::00(?:[.]0+)?)?)?"
    # The form, and which of its groups are the year and the month.
    forms = [(f"{year}[-/.]{number}(?:[-/.]0?1{midnight})?", 1, 2), (f"{number}[-/.]{year}", 2, 1)]
    if date_order is not None:
        day_first = f"0?1[-/.]{number}" if date_order == "dmy" else f"{number}[-/.]0?1"
        forms.append((f"{day_first}[-/.]{year}", 2, 1))
    cases = [_month_case(form, of_year, f"regexp_extract(m, '^{form}$', {place})") for form, of_year, place in forms]
    named = f"([a-z]+)[. -]*{year}"
    cases.append(_month_case(named, 2, let(f"regexp_extract(m, '^{named}$', 1)", "n", _number_of_month("n"))))
    return let(_tidy(cell), "m", f"CASE {' '.join(cases)} END")


def _month_case(form: str, of_year: int, number: str) -> str:
    """A branch of a CASE over a tidy cell `m`; `number` is SQL of the number of the month."""
    return (
        f"WHEN regexp_full_match(m, '{form}') "
        f"THEN regexp_extract(m, '^{form}$', {of_year}) || '-' || lpad({number}, 2, '0')"
    )


def promise(cell: str, call: Call, notation: Notation, whole_day: Callable[[str], str]) -> str:
    """SQL of the UTC instant that a promise in a cell begins or ends with.

    At midnight of the cell's own zone, or of the brand's, it is the promise of a day, as tools write days that have no
    type for them; so it is at the last minute of a day of the cell's own zone. `whole_day` gives the instant for a day.
    """
    whole = whole_day("date_trunc('day', m.local)")
    local = let(
        _brand_time(call, notation),
        "b",
        f"CASE WHEN {at_midnight('b')} THEN {whole_day('b')} ELSE {_utc(call, notation)} END",
    )
    return let(_moment(cell, call, notation), "m", f"CASE WHEN {_on_the_edge('m.local')} THEN {whole} ELSE {local} END")


def at_midnight(time: str) -> str:
    """SQL BOOLEAN: the time is the first moment of a day."""
    return f"date_trunc('day', {time}) = {time}"


def _on_the_edge(time: str) -> str:
    """SQL BOOLEAN: the time is the first moment of a day, or in its last minute."""
    return f"({at_midnight(time)} OR (hour({time}) = 23 AND minute({time}) = 59))"


def _moment(cell: str, call: Call, notation: Notation) -> str:
    """SQL of a STRUCT: `local`, the time as it is written, and `utc`, its instant where it has an offset of its own."""

    def structure(local: str, utc: str) -> str:
        return f"{{'local': {local}, 'utc': {utc}}}"

    target = _Target(
        lambda local: structure(local, "CAST(NULL AS TIMESTAMP)"),
        lambda instant: structure(instant, instant),
        lambda local, by: structure(local, f"({local} - {by})"),
    )
    return _read(cell, call.column, notation, target)


def _utc(call: Call, notation: Notation) -> str:
    """SQL of the UTC instant of a moment `m`."""
    return f"CASE WHEN m.utc IS NULL THEN {in_zone('m.local', notation.zone_of(call.column))} ELSE m.utc END"


def _brand_time(call: Call, notation: Notation) -> str:
    """SQL of the local time of a moment `m` where the brand is."""
    if notation.zone_of(call.column) != notation.day_zone:
        return local_time(_utc(call, notation), notation.day_zone)
    return f"CASE WHEN m.utc IS NULL THEN m.local ELSE {local_time('m.utc', notation.day_zone)} END"


def _read(cell: str, column: str, notation: Notation, target: _Target) -> str:
    """SQL that finds the notation of a cell and tells its time; the frequent notations come first."""
    plain, order = f"try_cast({cell} AS TIMESTAMP)", notation.order(column)
    offset = let(f"right(replace({cell}, ':', ''), 5)", "o", _interval("o[1]", "o[2:3]", "o[4:5]"))
    grammar = quote(f"^(?:{_grammar(notation.zone_of(column), _year_at_end(notation))})$")
    parts = f"regexp_extract({_tidy(cell)}, {grammar}, {_names()})"
    from_parts = let(parts, "p", _from_parts(order, target, offsets(notation.zone_of(column))))
    first, later = _by_formats(cell, notation, order, target)
    usual = f"try_strptime({cell}, '%Y-%m-%d %H:%M:%S')"
    return (
        f"CASE {first}WHEN CAST({usual} AS VARCHAR) = {cell} THEN {target.naive(usual)} "
        f"WHEN regexp_full_match({cell}, '{_ISO}') "
        f"THEN CASE WHEN ends_with({cell}, 'Z') THEN {target.universal(plain)} ELSE {target.naive(plain)} END "
        f"WHEN regexp_full_match({cell}, '{_ISO_OFFSET}') "
        f"THEN {target.shift(f'try_cast(left({cell}, 19) AS TIMESTAMP)', offset)} "
        f"{_numeric(cell, order, notation, target)}"
        f"WHEN regexp_full_match({cell}, '{SERIAL}') THEN {target.naive(_serial(cell, column, notation))} "
        f"{later}WHEN NOT regexp_matches({cell}, '{_SLOT}') THEN {from_parts} END"
    )


def _numeric(cell: str, order: str | None, notation: Notation, target: _Target) -> str:
    """31/12/2025 23:59:59 and 12-31-25 11:59 PM where the order is known: by the engine's reader, its format chosen."""
    if order not in _NUMERIC:
        return ""
    short = f"regexp_matches({cell}, '[/.-][0-9]{{2}}( |$)')"
    date = f"CASE WHEN contains({cell}, '/') THEN {cell} ELSE replace(replace({cell}, '.', '/'), '-', '/') END"
    local = (
        f"CASE WHEN {short} THEN {_by_clock(cell, date, _NUMERIC[order] + '/%y')} "
        f"ELSE {_by_clock(cell, date, _NUMERIC[order] + '/%Y')} END"
    )
    return f"WHEN regexp_full_match({cell}, '{_numeric_shape(notation)}') THEN {target.naive(local)} "


def _by_clock(cell: str, text: str, date: str) -> str:
    """SQL of the time in a text whose date has a format, by the clock that follows it."""
    cases = " ".join(
        f"WHEN {shape} THEN CAST(try_strptime({text}, '{date}{clock}') AS TIMESTAMP)"
        for shape, clock in (
            (f"NOT contains({cell}, ':')", ""),
            (f"{cell} LIKE '%:__:__'", " %H:%M:%S"),
            (f"{cell} LIKE '%:__'", " %H:%M"),
            (f"{cell} LIKE '%:__:__ _M'", " %I:%M:%S %p"),
            (f"{cell} LIKE '%:__ _M'", " %I:%M %p"),
        )
    )
    return f"CASE {cases} END"


def _interval(sign: str, hours: str, minutes: str) -> str:
    """SQL of the INTERVAL of an offset, NULL beyond 14 hours."""
    hour_count = f"try_cast({hours} AS INTEGER)"
    total = f"({hour_count} * 60 + coalesce(try_cast({minutes} AS INTEGER), 0))"
    return f"to_minutes(CASE WHEN {hour_count} <= 14 THEN CASE {sign} WHEN '-' THEN -1 ELSE 1 END * {total} END)"


def _tidy(cell: str) -> str:
    """Small letters without accents, plain blanks, a plain minus."""
    plain = f"replace(strip_accents(lower({cell})), '−', '-')"
    return rf"trim(regexp_replace({plain}, '[\s\x{{a0}}\x{{202f}}\x{{2009}}]+', ' ', 'g'))"


def _names() -> str:
    return "[" + ", ".join(map(quote, _PARTS)) + "]"


def _from_parts(order: str | None, target: _Target, letters: Mapping[str, int]) -> str:
    """SQL over the parts `p` of a time; each part is an empty text unless its notation was found."""
    local = f"try_cast({_date(order)} || ' ' || {_time()} AS TIMESTAMP)"
    shifted_sql = target.shift("l", _interval("p.sign", "p.oh", "p.om"))
    minutes = " ".join(f"WHEN '{abbreviation}' THEN {offset}" for abbreviation, offset in letters.items())
    by_letters = target.shift("l", f"to_minutes(CASE p.abbr {minutes} END)")
    year_sql = (
        f"CASE WHEN p.utc <> '' THEN {target.universal('l')} WHEN p.sign <> '' THEN {shifted_sql} "
        f"WHEN p.abbr <> '' THEN {by_letters} ELSE {target.naive('l')} END"
    )
    return let(local, "l", year_sql)


def _date(order: str | None) -> str:
    """SQL of year-month-day; what no notation fills stays empty, and is then no date."""
    first, second = ("p.b || p.r", "p.a || p.q") if order == "dmy" else ("p.a || p.q", "p.b || p.r")
    numeric = order in _NUMERIC
    month = f"p.m || p.cm || {f'{first} || ' if numeric else ''}{_month('p.f || p.i')}"
    day = f"p.d || p.cd || {f'{second} || ' if numeric else ''}p.e || p.j"
    year = let(
        "p.y || p.cy || p.n || p.l || p.s || p.g || p.k", "x", "CASE WHEN strlen(x) = 2 THEN '20' || x ELSE x END"
    )
    week = "strftime(try_strptime(p.wy || '-' || p.ww || '-' || p.wd, '%G-%V-%u'), '%Y-%m-%d')"
    return f"CASE WHEN p.wy <> '' THEN {week} ELSE {year} || '-' || {month} || '-' || {day} END"


def _month(name: str) -> str:
    cases = " ".join(f"WHEN starts_with(x, '{begins}') THEN '{number}'" for begins, number in _MONTHS.items())
    return let(name, "x", f"CASE WHEN x = '' THEN '' {cases} END")


def _time() -> str:
    """SQL of the time of day. At noon it is 12 pm, at midnight 12 am; 0 and 13 are on no such clock."""
    half = "CAST(p.hh AS INTEGER) % 12 + CASE p.pm WHEN 'p' THEN 12 ELSE 0 END"
    hour = (
        "CASE WHEN p.pm = '' THEN coalesce(nullif(p.hh || p.ch, ''), '0') "
        f"WHEN CAST(p.hh AS INTEGER) BETWEEN 1 AND 12 THEN CAST({half} AS VARCHAR) END"
    )
    tail = " || ':' || ".join(f"coalesce(nullif({part}, ''), '00')" for part in ("p.mi || p.cn", "p.ss || p.cs"))
    return f"{hour} || ':' || {tail} || CASE WHEN p.ff = '' THEN '' ELSE '.' || left(p.ff, 6) END"


def _serial(cell: str, column: str, notation: Notation) -> str:
    """SQL of the local time of a spreadsheet's day, rounded to what its decimals tell: a second, a millisecond.

    Fewer than five decimals tell minutes at best, unless the column shows that zeros were left out at the end.
    """
    seconds = f"(CAST(replace({cell}, ',', '.') AS DOUBLE) * 86400)"
    exact = f"regexp_matches({cell}, '[.,][0-9]{{8,}}$')"
    micros = f"CAST(CASE WHEN {exact} THEN round({seconds}, 3) ELSE round({seconds}) END * 1000000 AS BIGINT)"
    is_known = notation.serials.get(normal(column))
    whole = "^[0-9]+([.,]0+)?$" if is_known is False else f"^[0-9]+{SERIAL_EIGHTHS}"
    is_serial = "TRUE" if is_known else f"regexp_matches({cell}, '{SERIAL_FINE}|{whole}')"
    return f"CASE WHEN {is_serial} THEN TIMESTAMP '1899-12-30' + to_microseconds({micros}) END"


def _beyond(notation: Notation, order: str | None) -> list[str]:
    """The layout's formats that the grammar does not cover and that do not contradict the order."""
    grammar = re.compile(_grammar(notation.zone))
    short_year_first = any(order_of(name) == "ymd" for name in notation.formats)
    formats = [name for name in notation.formats if order is None or order_of(name) in (None, "ymd", order)]
    return [name for name in formats if short_year_first or _day_second(name) or not _covers(grammar, name)]


def _day_second(format: str) -> bool:
    """Whether a format has the day between year and month, where the grammar would read a month."""
    return re.search("%-?[YyGF].*%-?[de].*%-?[mbB]", format) is not None


def _covers(grammar: re.Pattern[str], format: str) -> bool:
    try:
        return grammar.fullmatch(_SAMPLE.strftime(format).lower()) is not None
    except ValueError:
        return False


def _by_formats(cell: str, notation: Notation, order: str | None, target: _Target) -> tuple[str, str]:
    """The branches of a CASE for the formats that the layout states and the grammar does not cover.

    Before all others come those with the day between year and month, which would be read otherwise.
    """
    formats = _beyond(notation, order)
    early = [name for name in formats if _day_second(name)]
    first = "".join(_by_format(cell, name, target) for name in early)
    return first, "".join(_by_format(cell, name, target) for name in formats if name not in early)


def _by_format(cell: str, format: str, target: _Target) -> str:
    """A branch of a CASE: the time of a cell that is written in a format."""
    form = pattern(format)
    if form is None:
        time = f"CAST(try_strptime({cell}, {quote(format)}) AS TIMESTAMP)"
        return f"WHEN {time} IS NOT NULL THEN {target.naive(time)} "
    expression, names = quote(f"^(?:{form.expression})$"), ", ".join(map(quote, form.names))
    parts = f"regexp_extract({_tidy(cell)}, {expression}, [{names}])"
    return f"WHEN regexp_matches({_tidy(cell)}, {expression}) THEN {let(parts, 'p', _from_pattern(form, target))} "


def _from_pattern(form: Pattern, target: _Target) -> str:
    """SQL over the parts `p` of a time by a pattern; NULL where they are no time, such as 31 February."""
    part = {name: f"p.{name}" for name in form.names}
    year = part.get("y") or f"(CASE WHEN p.sy >= '{PIVOT}' THEN '19' ELSE '20' END || p.sy)"
    month = part.get("m") or (_named_month() if "nm" in part else "'1'")
    hour = part.get("hh", "'0'")
    if "ih" in part or ("pm" in part and "hh" in part):
        hour = _half_day(part.get("ih", hour), strict="ih" in part)
    time = " || ':' || ".join([hour, part.get("mi", "'00'"), part.get("ss", "'00'")])
    fraction = f" || '.' || left({part['ff']}, 6)" if "ff" in part else ""
    date = " || '-' || ".join([year, month, part.get("d", "'1'")])
    local = f"try_cast({date} || ' ' || {time}{fraction} AS TIMESTAMP)"
    cases = [f"WHEN p.utc <> '' THEN {target.universal('l')}"] if "utc" in part else []
    if "sign" in part:
        cases.append(f"WHEN p.sign <> '' THEN {target.shift('l', _interval('p.sign', 'p.oh', 'p.om'))}")
    return let(local, "l", f"CASE {' '.join(cases)} ELSE {target.naive('l')} END" if cases else target.naive("l"))


def _half_day(hour: str, *, strict: bool) -> str:
    """SQL of the hour that a clock of twelve shows; where 24 were stated, 13 and more are taken as they are."""
    number = f"CAST({hour} AS INTEGER)"
    half = f"CAST({number} % 12 + CASE p.pm WHEN 'p' THEN 12 ELSE 0 END AS VARCHAR)"
    beyond = "" if strict else f" WHEN {number} = 0 OR {number} > 12 THEN {hour}"
    return f"CASE WHEN {number} BETWEEN 1 AND 12 THEN {half}{beyond} END"


def _named_month() -> str:
    return _number_of_month("p.nm")


def _number_of_month(name: str) -> str:
    """SQL of the number of a month by its name."""
    numbers: dict[int, list[str]] = {}
    for word, number in month_names().items():
        numbers.setdefault(number, []).append(quote(word))
    cases = " ".join(f"WHEN {name} IN ({', '.join(words)}) THEN '{number}'" for number, words in numbers.items())
    return f"CASE {cases} END"
