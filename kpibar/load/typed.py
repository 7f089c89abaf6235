"""The table `typed`: the records of a batch with every helper call as a column, and what is wrong with each.

The only table that is written on the way from text to canonical columns: a value is converted once. Nothing here
touches the database.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from kpibar.database.schema import BEGINS, LISTED_ONLY
from kpibar.layouts.bindings import Cells
from kpibar.layouts.expression import Program, compile_expression
from kpibar.layouts.layout import Layout
from kpibar.load.identifiers import person_of
from kpibar.load.keys import identity_fault, is_failed
from kpibar.read.columns import normal
from kpibar.read.reader import weights
from kpibar.values.date_order import strange
from kpibar.values.helpers import EMPTY_WORDS, HELPERS, NEVER
from kpibar.values.macros import calls_macros
from kpibar.values.notation import Call, Helper, Notation, quote
from kpibar.values.timestamps import naive_time
from kpibar.values.timezones import AMBIGUOUS, clock_changes, near_change

# Helpers that cannot fail on a non-empty cell.
TOTAL = ("text", "pii", "enum")
# No duration, score or amount of a contact is larger: thirty years in seconds.
_LARGEST = "1e9"
# SQL of so many signs costs more to prepare for each of several columns than to make lists of these.
_LONG_SQL = 300


def convert(
    rows: str, columns_kept: Sequence[str], cells: Cells, notation: Notation, direct: Collection[str] | None = None
) -> str:
    """The statement over trimmed cells that gives the typed columns, and `<column>_raw` of those that can fail.

    `columns_kept` is what else is taken from `rows`. For few rows `direct` are the typed columns of which every cell
    has one of its direct forms: all else that is long is left out or written once, as it costs more to prepare than to
    run.
    """
    alike = _alike(cells, notation, direct or ())
    lists = {} if direct is None else _lists(cells, notation)
    rows = _with_forms(rows, cells, notation)
    layer = [*_read_together(cells, alike), *_read_in_lists(lists)]
    rows = _select(["*", *layer], rows) if layer else rows
    places = {
        (sql, name): f"list_{number}[{place}]"
        for number, (sql, names) in enumerate(lists.items())
        for place, name in enumerate(names, 1)
    }
    conversions = _conversions(cells, notation, _together(alike), direct or (), places)
    return _select([_plausible_values(cells)], _select([*columns_kept, *conversions], rows))


def _with_forms(rows: str, cells: Cells, notation: Notation) -> str:
    for columns in (_casts(cells), _forms(cells, notation)):
        rows = _select(["*", *columns], rows)
    return rows


def form_columns(cells: Cells) -> tuple[str, ...]:
    """The typed columns whose cells may have a direct form."""
    return tuple(alias for call, alias in cells.present().items() if HELPERS[call.helper].direct)


def other_forms(layout: Layout, cells: Cells, notation: Notation) -> str:
    """The query over `{source}`: for each of `form_columns`, whether a cell of it has none of its direct forms.

    The SQL that reads all other notations is long: to prepare it costs more than to read a small file.
    """
    flags = (f"coalesce(bool_or({alias}_form = 0), FALSE)" for alias in form_columns(cells))
    return _select(flags, _with_forms(_trim(layout, cells), cells, notation))


def _select(columns: Iterable[str], rows: str) -> str:
    return f"SELECT {', '.join(columns)}\nFROM ({rows})"


def _casts(cells: Cells) -> list[str]:
    """What the engine itself makes of the cells of which that may be the value."""
    return [
        f"try_cast({cells.value(call)} AS {direct.type}) AS {alias}_cast"
        for call, alias in cells.present().items()
        if (direct := HELPERS[call.helper].direct) is not None
    ]


def _forms(cells: Cells, notation: Notation) -> list[str]:
    """Which of its direct forms a cell has, by number; 0 where it has none of them."""
    columns = []
    for call, alias in cells.present().items():
        if (direct := HELPERS[call.helper].direct) is not None:
            cell, forms = cells.value(call), direct.forms(f"{alias}_cast", call, notation)
            cases = " ".join(f"WHEN {text} = {cell} THEN {number}" for number, text in enumerate(forms, 1))
            columns.append(f"CASE {cases} WHEN {cell} IS NOT NULL THEN 0 END AS {alias}_form")
    return columns


# Columns read by one and the same SQL over `cell`, by that SQL.
_Alike = Mapping[str, list[tuple[Call, str]]]


def _alike(cells: Cells, notation: Notation, direct: Collection[str]) -> _Alike:
    """The columns read by one and the same SQL, where this is long and they are not all read directly."""
    groups: dict[str, list[tuple[Call, str]]] = {}
    for call, alias in cells.present().items():
        if call.helper not in TOTAL and alias not in direct:
            groups.setdefault(HELPERS[call.helper].sql("cell", call, notation), []).append((call, alias))
    return {sql: read for sql, read in groups.items() if len(read) > 1 and ("regexp_" in sql or calls_macros(sql))}


def _together(alike: _Alike) -> dict[str, str]:
    """Where the value of a column stands that is read together with others, by typed column."""
    return {
        alias: f"together_{number}[{place}]"
        for number, read in enumerate(alike.values())
        for place, (_, alias) in enumerate(read, 1)
    }


def _read_together(cells: Cells, alike: _Alike) -> list[str]:
    """The columns read by the same SQL, one list for each: the engine prepares it once, which costs what it is long."""
    columns = []
    for number, (sql, read) in enumerate(alike.items()):
        values = [
            f"CASE WHEN {alias}_form = 0 THEN {cells.value(call)} END"
            if HELPERS[call.helper].direct
            else str(cells.value(call))
            for call, alias in read
        ]
        any_value = f"coalesce({', '.join(values)}) IS NOT NULL"
        columns.append(
            f"CASE WHEN {any_value} THEN list_transform([{', '.join(values)}], lambda cell: {sql}) END "
            f"AS together_{number}"
        )
    return columns


def _lists(cells: Cells, notation: Notation) -> dict[str, list[str]]:
    """The long SQL over `cell` that several values are made by, and the columns these are made of."""
    lists: dict[str, list[str]] = {}
    for call, alias in cells.present().items():
        direct = HELPERS[call.helper].direct
        if call.helper == "pii":
            lists.setdefault(person_of("cell", notation.calling_code), []).append(cells.value(call) or "")
        elif direct is not None:
            for sql in direct.forms("cell", call, notation).values():
                lists.setdefault(sql, []).append(f"{alias}_cast")
    return {sql: names for sql, names in lists.items() if len(names) > 1 and len(sql) > _LONG_SQL}


def _read_in_lists(lists: Mapping[str, Sequence[str]]) -> list[str]:
    """The lists of the values that are made by the same SQL."""
    return [
        f"list_transform([{', '.join(names)}], lambda cell: {sql}) AS list_{number}"
        for number, (sql, names) in enumerate(lists.items())
    ]


# SQL by its text over `cell` and the column it is to be over, and where its value stands.
_Places = Mapping[tuple[str, str], str]


def _conversions(
    cells: Cells, notation: Notation, together: Mapping[str, str], direct: Collection[str], places: _Places
) -> list[str]:
    """The typed columns, and beside those that can fail the text they were made from."""
    columns = []
    for call, alias in cells.present().items():
        cell = cells.value(call) or ""
        long = "" if alias in direct else together.get(alias) or HELPERS[call.helper].sql(cell, call, notation)
        columns.append(f"{_conversion(cell, call, alias, long, notation, places)} AS {alias}")
        if call.helper == "enum" or call.helper not in TOTAL:
            columns.append(f"{cell} AS {alias}_raw")
    return columns


def _conversion(cell: str, call: Call, alias: str, long: str, notation: Notation, places: _Places) -> str:
    """The typed value of a cell, `long` where it has no direct form; of identifiers, what its pseudonym is made of.

    `long` is empty where every cell has a direct form.
    """
    direct = HELPERS[call.helper].direct
    if call.helper == "pii":
        person = places.get((person_of("cell", notation.calling_code), cell)) or person_of(cell, notation.calling_code)
        return f"CASE WHEN {cell} IS NOT NULL THEN {person} END"
    if direct is None:
        return long
    cast = f"{alias}_cast"
    forms = [
        places.get((sql, cast), value)
        for sql, value in zip(
            direct.forms("cell", call, notation).values(), direct.forms(cast, call, notation).values(), strict=True
        )
    ]
    short = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(forms, 1))
    return f"CASE {alias}_form {short}{f' WHEN 0 THEN {long}' if long else ''} END"


def _plausible_values(cells: Cells) -> str:
    """The typed columns without the values no customer relationship has."""
    values = [
        f"{value} AS {alias}" for call, alias in cells.present().items() if (value := _within_limits(call, alias))
    ]
    return "*" if not values else f"* REPLACE ({', '.join(values)})"


def _within_limits(call: Call, value: str) -> str | None:
    """An instant far away is none: a slip of a digit, or a tool's largest date."""
    type = HELPERS[call.helper].type
    if type == "DOUBLE":
        return f"CASE WHEN abs({value}) <= {_LARGEST} THEN {value} END"
    if type == "TIMESTAMP":
        return f"CASE WHEN {value} BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2100-01-01' THEN {value} END"
    return None


# Helpers that read dates, and those that read times in a zone.
_DATE_HELPERS = ("instant", "day_start", "day_end", "promise_start", "promise_end")
_ZONE_HELPERS = ("instant", "promise_start", "promise_end")
_SEVERAL_ZONES = "ends in letters that several time zones use: state the zone with --tz, as in --tz America/Chicago"
# Helpers of plain numbers: where one does not fit, the decimal sign is told; of a duration, the unit.
_DECIMAL = ("num", "money")
# Helpers that read a decimal sign.
_NUMERIC = ("num", "whole", "money", "secs", "minutes", "hours", "days", "ms")
_GIVEN_TWICE = (
    "CASE WHEN given_twice THEN 'its lines come twice: the file may hold the same table again, or was sorted so that "
    "the lines of a record are apart: export it anew, or sort it by that number' END"
)
_TWO_RECORDS = (
    "CASE WHEN two_records THEN 'its lines are of two records with one number: the file may hold two accounts' END"
)
_INCOMPLETE = "CASE WHEN incomplete THEN 'another line of this record is broken, so the whole record is rejected' END"
# The table of the records of which a line is broken.
BROKEN_GROUPS = "broken_groups"
# What stands for the relation that records are read from.
_SOURCE = "source"
# Columns that are alike on all the lines of a record that have them.
_DAY_WRITTEN = 10  # signs of a date before its time of day
_OF_ONE_RECORD = ("customer_key", "customer_alias_key", "value")
# The engine reads a sum as sums within sums, and only a thousand of them: a long one is a sum of such sums.
_TERMS = 200
# A row that fills less than one in so many of the columns that are read says next to nothing, where that is two.
_SHARE, _FEWEST = 3, 2
# So many cells of a record - its name, its date - may stand on each of its lines.
_REPEATS = 2
# The place of a record in its batch, from 0: rows keep the order they were read in, from the first row on.
PLACE = "rowid - getvariable('first_row')"


def typing_sql(
    layout: Layout,
    cells: Cells,
    keep: Program,
    fault: str,
    notation: Notation,
    guards: Mapping[Call, str],
    direct: Collection[str] | None = None,
) -> str:
    """The statement over `{source}`: every helper call as a column, and what is to be said of the record.

    `dropped` tells that the layout leaves it aside, `bad` the first value that did not convert, `key_fault` the
    fault of its key, `<column>_near` the text of a time close to a change of clocks, `<column>_strange` a date that is
    not written as the layout's formats say, where these alone tell the order of day and month. `words` are the cells of
    a record that did not convert, in the order of `source_columns`, where the value that did not is one without digits.

    `guards` are the conditions under which calls are read, which need not be what is expected otherwise. `direct` are
    those of `convert`.
    """
    columns_kept = ["line", "lines_folded", "given_twice", "two_records", "incomplete"] if layout.group else ["checked"]
    unknown_words = [
        f"{_unknown_word(alias, call, notation)} AS {alias}_new" for call, alias in unlisted(layout, cells).items()
    ]
    near = [
        f"CASE WHEN {near_change(alias, zone)} THEN {alias}_raw END AS {alias}_near"
        for alias, _, zone in _zone_columns(cells, notation)
    ]
    strange_ones = strange_dates(cells, notation)
    halves = cells.halves()
    masks = [f"CAST(NULL AS VARCHAR) AS {name}" for name in cells.masks.values()]
    column_list = ", ".join(
        (*columns_kept, *cells.present().values(), *masks, *unknown_words, *near, *strange_ones.values(), *halves)
    )
    strange_cells = [
        f"{strange(cells.cell(column) or '', notation.formats)} AS {alias}" for column, alias in strange_ones.items()
    ]
    strange_cells += [f"{sql} AS {name}" for name, sql in halves.items()]
    group_faults = [_INCOMPLETE, _TWO_RECORDS, _GIVEN_TWICE] if layout.group else []
    faults = [fault, identity_fault(cells), _stranger(cells), *group_faults]
    rows = convert(_trim(layout, cells), [*columns_kept, *strange_cells], cells, notation, direct)
    return (
        f"SELECT {column_list}, dropped, bad, key_fault,\n{_words(cells)} AS words\n"
        f"FROM (SELECT *, NOT coalesce({cells.fill(keep)}, FALSE) AS dropped,\n"
        f"{_verdict(layout, cells, notation, guards, direct or ())} AS bad,\n"
        f"coalesce({', '.join(faults)}) AS key_fault\n"
        f"FROM ({rows}) AS t)"
    )


def _stranger(cells: Cells) -> str:
    """SQL: what is wrong with a row of which next to nothing is filled, and no date, though the file has some.

    A report's summary padded to the width of the table above it looks like that, where a record needs no date.
    """
    columns = {cells.excerpt(call): alias for call, alias in cells.present().items()}
    date_columns = [alias for call, alias in cells.present().items() if call.helper in _DATE_HELPERS]
    if not date_columns or len(columns) < _FEWEST * _SHARE:
        return "NULL"
    fill_count = " + ".join(f"({alias} IS NOT NULL)::INTEGER" for alias in columns.values())
    threshold = len(columns) // _SHARE
    return (
        f"CASE WHEN coalesce({', '.join(date_columns)}) IS NULL AND {fill_count} <= {threshold} "
        "THEN 'it has no date and next to nothing else: a line of another table, not a record' END"
    )


def dates(cells: Cells) -> dict[str, str]:
    """The columns that are read as dates, by header name, and their cells."""
    read = {
        call.column: cells.value(call) if call.formula else cells.cell(call.column)
        for call in cells.aliases
        if call.helper in _DATE_HELPERS
    }
    return {column: cell for column, cell in read.items() if cell is not None}


def numbers(cells: Cells) -> dict[str, str]:
    """The columns that are read as numbers with a decimal sign, by header name, and their cells."""
    return _plain_cells(cells, _NUMERIC)


def flags(cells: Cells) -> dict[str, str]:
    """The columns that are read as yes or no, by header name, and their cells."""
    return _plain_cells(cells, ("flag",))


def _plain_cells(cells: Cells, helpers: Sequence[str]) -> dict[str, str]:
    """The columns that some helpers read as they are, by header name, and their cells."""
    read = {
        call.column: cells.cell(call.column) for call in cells.aliases if call.helper in helpers and not call.formula
    }
    return {column: cell for column, cell in read.items() if cell is not None}


def strange_dates(cells: Cells, notation: Notation) -> dict[str, str]:
    """The columns whose order of day and month the layout's formats tell, by header name, and what is strange there."""
    date_columns = {call: alias for call, alias in cells.present().items() if call.helper in _DATE_HELPERS}
    return {
        call.column: f"{alias}_strange" for call, alias in date_columns.items() if notation.formats_decide(call.column)
    }


def source_columns(cells: Cells) -> dict[str, str]:
    """The columns that are read alone, by normalised header name, and where their text stands as it was written."""
    return {
        normal(call.column): alias if call.helper == "text" else f"{alias}_raw"
        for call, alias in cells.present().items()
        if len(call.columns) == 1 and not call.formula and call.helper != "pii"
    }


def _words(cells: Cells) -> str:
    column_list = ", ".join(source_columns(cells).values())
    return f"CASE WHEN bad IS NOT NULL AND NOT regexp_matches(bad.value, '\\p{{N}}') THEN [{column_list}] END"


def _read(layout: Layout, cells: Cells) -> dict[str, None]:
    group = cells.cell(layout.group) if layout.group else None
    columns = [name for call in cells.aliases for name in call.columns]
    return dict.fromkeys(filter(None, [group, *map(cells.cell, columns)]))


def _trim(layout: Layout, cells: Cells) -> str:
    """Trimmed cells of the columns that are read, NULL where they say nothing; one row per record.

    `checked` is the checksum of the record's text: what the reader proved must arrive.
    """
    read = _read(layout, cells)
    columns = ",\n".join(f"{{{cell}}} AS {cell}" for cell in read)
    group = cells.cell(layout.group) if layout.group else None
    if group is None:
        return f"SELECT {checksum_sql(len(cells.names))} AS checked,\n{columns}\nFROM {{source}}"
    first_values = "".join(f",\narg_min({cell}, line) FILTER (WHERE {cell} IS NOT NULL) AS {cell}" for cell in read)
    # A line without its group value belongs to nothing: it stays alone and is judged as a record.
    key = f"{group}, CASE WHEN {group} IS NULL OR {is_failed(group)} THEN line END"
    rows = f"SELECT line,\n{columns}\nFROM {{source}}"
    # The same lines again, or another version of them, after those of other records: to fold them would count them
    # twice. What belongs to the record stands on one of its lines only, or on all of them alike.
    fill_count = " + ".join(f"({cell} IS NOT NULL)::INTEGER" for cell in read)
    again = f"count(*) > count(DISTINCT hash({', '.join(read)}))"
    whole = f"count(*) FILTER (WHERE {fill_count} > {max(_REPEATS, len(read) // 2)}) > 1"
    twice = f"max(line) - min(line) >= count(*) AND ({again} OR {whole})"
    is_broken = f"coalesce(bool_or({group} IN (SELECT name FROM {BROKEN_GROUPS})), FALSE) AS incomplete"
    two = f"{_two_records(layout, cells)} AS two_records"
    counts = f"count(*) AS lines_folded, {twice} AS given_twice, {two}, {is_broken}"
    return f"SELECT min(line) AS line{first_values}, {counts}\nFROM ({rows})\nGROUP BY {key}"


def _two_records(layout: Layout, cells: Cells) -> str:
    """SQL: the lines of a group began at two instants and are of two customers or amounts, as no record's are.

    Orders of two days are two orders whatever they have in common.
    """
    begins, end = (
        [
            cell
            for name in names
            for call in compile_expression(layout.select.get(name, "NULL")).calls
            if (cell := cells.cell(call.column))
        ]
        for names in ((BEGINS[layout.fills][0],), _OF_ONE_RECORD)
    )
    if not begins:
        return "FALSE"
    differ = [f"coalesce(min({cell}) <> max({cell}), FALSE)" for cell in dict.fromkeys(end)]
    if layout.fills == "orders":
        day = f"left({begins[0]}, {_DAY_WRITTEN})"
        differ.append(f"coalesce(min({day}) <> max({day}), FALSE)")
    return f"(coalesce(min({begins[0]}) <> max({begins[0]}), FALSE) AND ({' OR '.join(differ) or 'FALSE'}))"


def checksum_sql(width: int) -> str:
    """SQL of the checksum of a record's cells: their bytes, weighted by column (see reader.weights)."""
    terms = [f"strlen(c{place}) * {weight}" for place, weight in enumerate(weights(width))]
    sums = [" + ".join(terms[start : start + _TERMS]) for start in range(0, width, _TERMS)]
    return sums[0] if len(sums) == 1 else " + ".join(f"({term})" for term in sums)


def source_sql(template: str, plain: Sequence[bool], source: str) -> str:
    """The statement over a source with what is taken from each cell: of a plain column (see scan.Proof) the cell.

    What stands in strings, the names of columns and the words of a layout, stays as it is.
    """

    def cell_sql(match: re.Match[str]) -> str:
        """The SQL in the place of a cell or of the source; what stands in quotes stays."""
        name = match[1]
        if not name or name == _SOURCE:
            return source if name else match[0]
        return f"nullif({name}, '')" if plain[int(name[1:])] else _said_something(name)

    return re.sub(rf"'[^']*'|\{{(c[0-9]+|{_SOURCE})\}}", cell_sql, template)


def _said_something(cell: str) -> str:
    """The trimmed cell, NULL where it only says that there is nothing; most cells are told by their first sign."""
    empty_words = quote("|".join(re.escape(word) for word in EMPTY_WORDS))
    # 0 is what the engine says of a text without any sign.
    suspect = ", ".join(str(ord(sign)) for sign in sorted({word[0] for word in EMPTY_WORDS if word} | {"N", "\0"}))
    return (
        f"CASE WHEN {cell} = '' THEN NULL WHEN ascii(trim({cell})) NOT IN ({suspect}) THEN trim({cell}) "
        f"WHEN NOT regexp_full_match(lower(trim({cell})), {empty_words}) THEN trim({cell}) END"
    )


def unlisted(layout: Layout, cells: Cells) -> dict[Call, str]:
    """The typed columns of listed values of which one that the layout does not list is loaded as "other", and told."""
    return {} if layout.fills in LISTED_ONLY else cells.present("enum")


def _verdict(
    layout: Layout, cells: Cells, notation: Notation, guards: Mapping[Call, str], direct: Collection[str]
) -> str:
    """The first value of a record that is not what its column holds."""
    columns = [(alias, call) for call, alias in cells.present().items() if call.helper not in TOTAL]
    listed = _not_listed(cells, notation) if layout.fills in LISTED_ONLY else []
    if not columns and not listed:
        return "CAST(NULL AS STRUCT(name VARCHAR, value VARCHAR, reason VARCHAR))"
    always = " ".join(
        f"WHEN {_misfit(alias, call)} THEN {_said_bad(alias, call, cells, notation, direct)}"
        for alias, call in columns
        if call not in guards
    )
    # A condition is only asked where a value did not convert.
    conditions = [
        f"CASE WHEN {_misfit(alias, call)} THEN CASE WHEN {guards[call]} "
        f"THEN {_said_bad(alias, call, cells, notation, direct)} END END"
        for alias, call in columns
        if call in guards
    ]
    verdicts = [*([f"CASE {always} END"] if always else []), *conditions, *listed]
    return f"coalesce({', '.join(verdicts)})" if len(verdicts) > 1 else verdicts[0]


def _not_listed(cells: Cells, notation: Notation) -> list[str]:
    """What is said of the values that a layout does not list."""
    verdicts = []
    for call, alias in cells.present("enum").items():
        words = ", ".join(dict.fromkeys(notation.enums[call.argument].values()))
        verdicts.append(
            f"CASE WHEN {_unknown_word(alias, call, notation)} IS NOT NULL THEN struct_pack(name := "
            f"{quote(cells.excerpt(call))}, value := {alias}_raw, reason := {quote(f'is none of {words}')}) END"
        )
    return verdicts


def _misfit(alias: str, call: Call) -> str:
    return f"{alias} IS NULL AND {_cell_text(HELPERS[call.helper], alias + '_raw')}"


def _said_bad(alias: str, call: Call, cells: Cells, notation: Notation, direct: Collection[str]) -> str:
    reason = quote("is not " + _expectation(call, notation))
    if call.helper in _ZONE_HELPERS and alias not in direct:  # no direct form ends in letters
        ambiguous_zone = rf"(?i)[0-9] ?([ap]m ?)?[(]?({'|'.join(AMBIGUOUS)})[)]?$"
        zone_letters = quote(_SEVERAL_ZONES)
        reason = f"CASE WHEN regexp_matches({alias}_raw, '{ambiguous_zone}') THEN {zone_letters} ELSE {reason} END"
    return f"struct_pack(name := {quote(cells.excerpt(call))}, value := {alias}_raw, reason := {reason})"


def _expectation(call: Call, notation: Notation) -> str:
    """What a column holds, in words; the decimal sign is what most often differs from what the layout states."""
    sign = "comma" if notation.decimal_of(call) == "," else "point"
    return HELPERS[call.helper].expects + (f" with decimals after a {sign}" if call.helper in _DECIMAL else "")


def _unknown_word(alias: str, call: Call, notation: Notation) -> str:
    """A value the layout does not list."""
    raw = f"{alias}_raw"
    words = ", ".join(quote(value.casefold()) for value in notation.enums[call.argument])
    return f"CASE WHEN {alias} = 'other' AND lower({raw}) NOT IN ({words}) THEN left({raw}, 60) END"


def _cell_text(helper: Helper, cell: str) -> str:
    """Whether a cell says anything: it is not empty, and none of the dates by which tools write "never"."""
    never = f" AND NOT regexp_matches({cell}, {quote(NEVER)})" if helper.type == "TIMESTAMP" else ""
    return f"{cell} IS NOT NULL{never}"


def _zone_columns(cells: Cells, notation: Notation) -> list[tuple[str, Call, str]]:
    """The typed columns that hold times of a zone whose clocks change, their calls and zones."""
    return [
        (alias, call, zone)
        for call, alias in cells.present().items()
        if call.helper in _ZONE_HELPERS and (zone := notation.zone_of(call.column)) != "UTC"
    ]


def clock_change(cells: Cells, notation: Notation) -> tuple[str, str]:
    """SQL over `typed`: whether a record has a time near a change of clocks; the query for how many have one in the
    hour that is skipped or repeated then.

    For the second a time is read again, to see whether it had an offset of its own: asked only where the first holds of
    any.
    """
    flags = [
        f"({alias}_near IS NOT NULL AND {clock_changes(zone, naive_time(f'{alias}_near', call, notation))})"
        for alias, call, zone in _zone_columns(cells, notation)
    ]
    near = " OR ".join(f"{alias}_near IS NOT NULL" for alias, _, _ in _zone_columns(cells, notation))
    if not flags:
        return "FALSE", "SELECT 0"
    close = f"NOT dropped AND bad IS NULL AND ({near})"
    return close, f"SELECT count(*) FROM (SELECT * FROM typed WHERE {close}) WHERE {' OR '.join(flags)}"
