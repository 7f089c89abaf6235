"""Which number of 03/04/2025 is the day: what the values of a column show, or what somebody states; never a guess.

`settle` looks at the first batch of a file and gives the notation that holds for all of it; `confirm` looks at each
later batch and refuses the file when a value fits only the other order. Both cost one query over `staged`, whose
`line` is the place of a record: `lines` gives the physical line of each place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kpibar.database.engine import Engine
from kpibar.privacy.disclosure import blank
from kpibar.read.columns import normal
from kpibar.values.errors import DateOrderAmbiguous, DateOrderMixed, DatesSwapped, YearFirst
from kpibar.values.notation import AnyNotation, Notation, quote
from kpibar.values.timestamps import SERIAL, SERIAL_EIGHTHS, SERIAL_FINE

if TYPE_CHECKING:
    from kpibar.read.scan import Integers

# Years that are no "never": 1900 and 1899 are the zero dates of databases and spreadsheets.
_LONG, _SHORT = "(199[0-9]|20[0-9]{2})([^0-9/.-]|$)", "[0-9]{2}([^0-9/.-]|$)"
_NUMBER, _DAY, _MONTH = "[0-9]{1,2}", "(1[3-9]|2[0-9]|3[01])", "(0?[1-9]|1[0-2])"
# A day of the week may stand in front.
_START = r"^([[:alpha:]]{2,10}[.]?,? +)?"
_DATE = f"{_START}{_NUMBER}[-/.]{_NUMBER}[-/.]({_LONG}|{_SHORT})"
# Dates that lie so many times closer together when read the other way were most likely written so.
_FAR_CLOSER = 4
# So many dates of either kind are no chance.
_ENOUGH_DATES = 3
# 25-01-12 is also the twelfth of January 2025: it shows nothing, and is read as stated or not at all.
_SHORT_HYPHENS = f"{_START}([0-9]{{2}})-{_NUMBER}-([0-9]{{2}})([^0-9/.-]|$)"
_DAY_FIRST, _MONTH_FIRST = (
    f"{_START}({first}[/.]{second}[/.]({_LONG}|{_SHORT})|{first}-{second}-{_LONG})"
    for first, second in ((_DAY, _MONTH), (_MONTH, _DAY))
)


# The columns of `Evidence` but the first, over what the beginnings of a column's cells show.
_EVIDENCE = """
coalesce(sum(n) FILTER (WHERE dated), 0)::BIGINT,
min(v) FILTER (WHERE dated),
min(first) FILTER (WHERE day_first),
min(first) FILTER (WHERE month_first),
count(*) FILTER (WHERE dated AND NOT known),
coalesce(sum(n) FILTER (WHERE starts_with(v, 'iso')), 0)::BIGINT,
count(*) FILTER (WHERE serial AND fine),
count(*) FILTER (WHERE serial AND NOT fine AND NOT eighths),
count(*) FILTER (WHERE short),
count(*) FILTER (WHERE short AND late),
count(*) FILTER (WHERE v = 'iso late' OR (dated AND NOT day_first AND NOT month_first))
"""


@dataclass(frozen=True)
class Evidence:
    """What the cells of a column show of their notation. A count or a line; lines are None where nothing was found.

    `example` is the first numeric date with its digits blanked; `day_first` and `month_first` are the first lines that
    fit only one order; `foreign` counts numeric dates that are not written as the layout's formats say; `unclear` those
    in ISO 8601; `short` tells how many dates are like 25-01-12, `late` how many of these would be years from now, were
    their last part the year; `in_order` counts ISO dates after the 12th of a month and numeric dates that fit both
    orders; `fine` and `coarse` count spreadsheet days with five decimals and with fewer.
    """

    column: str
    dates: int
    example: str | None
    day_first: int | None
    month_first: int | None
    foreign: int
    unclear: int
    fine: int
    coarse: int
    short: int = 0
    late: int = 0
    in_order: int = 0

    @property
    def order(self) -> str | None:
        """The only order that all values fit, None when both do. Not to be asked when none does."""
        return "dmy" if self.day_first else "mdy" if self.month_first else None


def not_iso(cells: Iterable[str]) -> list[str]:
    """SQL aggregates: whether a column has a cell that is not ISO 8601 at a glance; else it shows no order."""
    return [f"coalesce(bool_or({cell} NOT LIKE '____-__-__%' AND trim({cell}) <> ''), FALSE)" for cell in cells]


def probe(cells: Mapping[str, str], formats: Iterable[str] = (), table: str = "staged") -> str:
    """A query that gives one row for each column (name -> SQL of its untrimmed cell), to be read by `read_evidence`.

    Each different beginning of a cell is looked at once; what looks like ISO 8601 at a glance is only counted. The
    columns stand one below the other: the engine prepares every regular expression once, which is what small files
    cost.
    """
    beginnings = "\nUNION ALL ".join(_beginnings(place, cell, table) for place, cell in enumerate(cells.values()))
    names = ", ".join(f"({place}, {quote(name)})" for place, name in enumerate(cells))
    return (
        f"SELECT name, {_EVIDENCE} FROM (VALUES {names}) AS columns (place, name) "
        f"LEFT JOIN (SELECT *, {_signs(_written_as(formats))} FROM ({beginnings})) AS seen USING (place) "
        "GROUP BY place, name ORDER BY place"
    )


def _beginnings(place: int, cell: str, table: str) -> str:
    """How the cells of a column begin (`v`), how many do so (`n`), and the first of them."""
    iso = f"CASE WHEN substr({cell}, 9, 2) <= '12' THEN 'iso' ELSE 'iso late' END"
    return (
        f"SELECT {place} AS place, CASE WHEN {cell} LIKE '____-__-__%' THEN {iso} ELSE {_start(cell)} END AS v, "
        f"count(*) AS n, min(line) AS first FROM {table} GROUP BY ALL"
    )


def _written_as(formats: Iterable[str]) -> str:
    """The regular expression of the numeric dates that formats describe: sign, length of the year, kind of clock."""
    shapes = set()
    for format in formats:
        date = re.search("%-?[dem]([-/.])%-?[dem]([-/.])%([yY])", format)
        if date:
            first, two, year = re.escape(date[1]), re.escape(date[2]), 4 if date[3] == "Y" else 2
            end = ".*M" if "%p" in format else "([^0-9].*[^M]|[^0-9])?"
            shapes.add(f"{_NUMBER}{first}{_NUMBER}{two}[0-9]{{{year}}}{end}")
    return f"^({'|'.join(sorted(shapes))})$" if shapes else "^$"


def _signs(notation_sql: str) -> str:
    """What a beginning `v` shows, each regular expression asked once."""
    matches, last = "regexp_matches(v, {})".format, f"try_cast(regexp_extract(v, '{_SHORT_HYPHENS}', 3) AS INTEGER)"
    conditions = {
        "dated": matches(quote(_DATE)),
        "day_first": matches(quote(_DAY_FIRST)),
        "month_first": matches(quote(_MONTH_FIRST)),
        "known": matches(quote(notation_sql)),
        "short": matches(quote(_SHORT_HYPHENS)),
        "late": f"{last} > {(datetime.now(UTC).year + 1) % 100}",
        "serial": f"regexp_full_match(v, '{SERIAL}')",
        "fine": f"regexp_matches(v, '{SERIAL_FINE}')",
        "eighths": f"regexp_matches(v, '^[0-9]+{SERIAL_EIGHTHS}')",
    }
    return ", ".join(f"{sign} AS {name}" for name, sign in conditions.items())


def _start(cell: str) -> str:
    """What tells the notation of a date: its beginning, and whether a half of the day ends it."""
    begins = f"left(ltrim({cell}), CASE WHEN ltrim({cell}) < 'A' THEN 11 ELSE 26 END)"
    return f"{begins} || CASE WHEN right({cell}, 1) IN ('M', 'm', '.') THEN ' M' ELSE '' END"


def strange(cell: str, formats: Iterable[str]) -> str:
    """SQL: the beginning of a numeric date that is not written as the formats say, NULL for any other cell."""
    start = _start(cell)
    return (
        f"CASE WHEN NOT regexp_matches({start}, {quote(_written_as(formats))}) "
        f"AND regexp_matches({start}, {quote(_DATE)}) THEN {start} END"
    )


def read_evidence(rows: Iterable[Sequence[object]], lines: "Integers") -> tuple[Evidence, ...]:
    """The rows of `probe` as the evidence of each column."""
    evidence = [Evidence(*row) for row in rows]  # type: ignore[arg-type]
    return tuple(
        replace(
            column,
            example=column.example and blank(column.example),
            day_first=_physical(column.day_first, lines),
            month_first=_physical(column.month_first, lines),
        )
        for column in evidence
    )


def _physical(place: int | None, lines: "Integers") -> int | None:
    return None if place is None else int(lines[place])


def decide(path: Path, evidence: Sequence[Evidence], option: str | None = None, firm: bool = True) -> dict[str, str]:
    """The order of each column that shows one: "dmy" or "mdy"; "" where the values must be rejected one by one.

    What is stated holds unless the file contradicts it; when it is not `firm`, the statement of a layout's formats, it
    holds for what is written as they say. A column that fits both orders follows the others of its file if these agree:
    a tool writes all its dates alike; not so one with dates such as 25-01-12. A few such dates in a column of ISO dates
    are strangers there and get no order. Where the ISO dates are all of a 12th at most and all others of a later day, a
    spreadsheet has read what it could with day and month swapped.
    Raises DateOrderAmbiguous, DateOrderMixed, DatesSwapped, YearFirst.
    """
    with_dates = [column for column in evidence if column.dates]
    for column in with_dates:
        contradiction(path, column, option)
        if column.late and _holds(column, option, firm):
            raise YearFirst(path, column.column, column.example or "")
        if not (column.in_order or firm) and min(column.dates, column.unclear) >= _ENOUGH_DATES:
            raise DatesSwapped(path, column.column, column.example or "")
    orders_of_columns = {column.order for column in with_dates} - {None}
    common = orders_of_columns.pop() if len(orders_of_columns) == 1 else None
    decisions = {column.column: column.order or common for column in with_dates if not _holds(column, option, firm)}
    orders = {
        column.column: (decisions[column.column] if not column.short else None) or ""
        for column in with_dates
        if column.column in decisions
    }
    for column in with_dates:
        if orders.get(column.column) == "" and column.dates > column.unclear:
            raise DateOrderAmbiguous(path, column.column, column.example or "")
    return orders


def _holds(column: Evidence, option: str | None, firm: bool) -> bool:
    return option is not None and (firm or not column.foreign)


def contradiction(path: Path, column: Evidence, order: str | None) -> None:
    """Raises DateOrderMixed when a column's values do not all fit one order, or not the one that holds."""
    if (
        (column.day_first and column.month_first)
        or (order == "dmy" and column.month_first)
        or (order == "mdy" and column.day_first)
    ):
        raise DateOrderMixed(path, column.column, column.day_first, column.month_first, order)


def settle(
    engine: Engine, path: Path, cells: Mapping[str, str], notation: AnyNotation, lines: "Integers"
) -> AnyNotation:
    """The notation of a file whose first batch is `staged`. Raises DateOrderAmbiguous, DateOrderMixed, YearFirst."""
    evidence = _evidence(engine, cells, notation, lines)
    orders = decide(path, evidence, notation.stated_order, notation.date_order is not None)
    for column in evidence:
        if column.dates and column.order is None and notation.formats_decide(column.column):
            _doubt_formats(engine, path, column, cells[column.column], notation.stated_order)
    serials = {normal(column.column): column.fine > 0 for column in evidence if column.fine or column.coarse}
    return replace(notation, orders={normal(name): order for name, order in orders.items()}, serials=serials)


def _doubt_formats(engine: Engine, path: Path, column: Evidence, cell: str, order: str | None) -> None:
    """Refuse a column in which no day is beyond the 12th, and whose dates lie together only when read the other way.

    The first days of December, written with the month first, are days of all months to a layout that has the day
    first. Raises DateOrderAmbiguous.
    """
    parts = f"regexp_extract({cell}, '([0-9]{{1,2}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{2,4}})', ['a', 'b', 'y'])"
    day_first, month_first = (
        f"date_diff('day', min(make_date(y, {month}, {day})), max(make_date(y, {month}, {day})))"
        for month, day in (("b", "a"), ("a", "b"))
    )
    rows = engine.rows(
        f"SELECT count(*), {day_first}, {month_first} FROM (SELECT DISTINCT CAST(p.y AS BIGINT) AS y, "
        f"CAST(p.a AS BIGINT) AS a, CAST(p.b AS BIGINT) AS b FROM (SELECT {parts} AS p FROM staged) WHERE p.y <> '') "
        "WHERE a BETWEEN 1 AND 12 AND b BETWEEN 1 AND 12"
    )
    different, *spans = rows[0]
    in_order, swapped_span = spans if order == "dmy" else reversed(spans)
    if different >= _ENOUGH_DATES and _FAR_CLOSER * swapped_span < in_order:
        raise DateOrderAmbiguous(path, column.column, column.example or "")


def confirm(engine: Engine, path: Path, cells: Mapping[str, str], notation: Notation, lines: "Integers") -> None:
    """Refuse a later batch, now `staged`, that contradicts the notation. Raises DateOrderAmbiguous, DateOrderMixed.

    Numeric dates in a column that had none before have no order: its records are rejected one by one.
    """
    for column in _evidence(engine, cells, notation, lines):
        contradiction(path, column, notation.order(column.column))
        if column.foreign and notation.formats_decide(column.column):
            raise DateOrderAmbiguous(path, column.column, column.example or "")


def confirm_formats(engine: Engine, path: Path, strange: Mapping[str, str]) -> None:
    """Refuse a later batch, now `typed`, with a date that is not written as the formats say, which tell its order.

    `strange` are the columns of these by header name. Raises DateOrderAmbiguous.
    """
    for column, shape in strange.items():
        rows = engine.rows(f"SELECT {shape} FROM typed WHERE {shape} IS NOT NULL LIMIT 1")
        if rows:
            raise DateOrderAmbiguous(path, column, blank(rows[0][0]))


def _evidence(engine: Engine, cells: Mapping[str, str], notation: Notation, lines: "Integers") -> tuple[Evidence, ...]:
    return read_evidence(engine.rows(probe(cells, notation.formats)), lines) if cells else ()
