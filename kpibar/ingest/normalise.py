"""Layout + header -> the SQL that types, maps and judges every record of a file.

Three steps, each one SELECT: `cells` (trimmed text, folded by the layout's `group`), `typed` (every helper call
as a column, so that a value is converted once), `mapped` (the canonical columns, and the first value that did
not convert). Nothing here touches the database.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpibar.config import Hours
from kpibar.ingest.clocks import change_days, clock_changes
from kpibar.ingest.expressions import (
    HELPERS,
    Call,
    Compiled,
    Helper,
    Reading,
    compile_expression,
    identity,
    local_time,
    pseudonym,
    quoted,
)
from kpibar.ingest.header import Column, normal
from kpibar.ingest.layouts import Layout
from kpibar.ingest.moments import naive_time
from kpibar.ingest.tables import DAYS, KEYS, TEXT_COLUMNS, columns
from kpibar.ingest.topics import by_text, by_vendor
from kpibar.ingest.values import NEVER, NOTHING

# No duration, score or amount of a contact is larger: thirty years in seconds.
_LARGEST = "1e9"
# Columns that name another record.
_REFERENCES = ("case_id", "contact_id", "order_ref", "merged_into")
# Helpers that cannot fail on a non-empty cell, those that read dates, and those that read times in a zone.
_TOTAL = ("text", "pii", "enum")
_DATED = ("instant", "day_start", "day_end", "promise_end")
_ZONED = ("instant", "promise_end")
_ORDER_NUMBER = (
    r"(?:#|n[o°º]\.? ?|commande |cde |order |bestellung |pedido )\s*([A-Z]{0,5}-?[0-9]{3,20})\b"
    r"|\b([A-Z]{0,5}-?[0-9]{5,20})\b"
)


@dataclass(frozen=True)
class Context:
    """What normalising needs beside the layout: where naive times live, the brand's zone, and the settings."""

    reading: Reading
    brand: str | None
    brand_zone: str
    reasons: Mapping[str, str]
    hours: Hours | None
    keep_text: bool


@dataclass(frozen=True)
class Plan:
    """The statements that turn the staged text of a file into canonical rows, and what they hold.

    `held` lists, per table, the canonical columns this file can fill; `filled` adds those derived from them. What a
    file does not fill it says nothing of. `enums` are the calls whose values are listed; `dates` the columns that are
    read as dates, by name, and where they are staged. `clock_changes` counts, over `typed`, the records with a time in
    the hour that is skipped or repeated when clocks change.
    """

    cells: str
    typed: str
    mapped: Mapping[str, str]
    held: Mapping[str, tuple[str, ...]]
    enums: Mapping[str, Call]
    dates: Mapping[str, str]
    clock_changes: str
    filled: Mapping[str, frozenset[str]]

    @property
    def hash(self) -> str:
        """Changes when the same bytes would be read differently: another layout, zone, reason map, opening hours."""
        return hashlib.sha256("".join((self.cells, self.typed, *self.mapped.values())).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _File:
    """The columns of the file by normalised name, as staged: c0, c1, ..."""

    positions: Mapping[str, int]
    names: tuple[str, ...]

    def cell(self, column: str) -> str | None:
        position = self.positions.get(normal(column))
        return None if position is None else f"c{position}"

    def value(self, call: Call) -> str | None:
        """SQL of what a helper reads: a cell, or a date and a time set side by side."""
        cells = [self.cell(name) for name in call.columns]
        if cells[0] is None or len(cells) == 1 or cells[1] is None:
            return cells[0]
        return f"CASE WHEN {cells[0]} IS NOT NULL THEN concat_ws(' ', {cells[0]}, {cells[1]}) END"


def plan(layout: Layout, header: tuple[Column, ...], context: Context) -> Plan:
    """Compile a layout for a file with this header."""
    positions: dict[str, int] = {}
    for position, column in enumerate(header):
        positions.setdefault(column.normal, position)
    file = _File(positions, tuple(column.name for column in header))
    selects = {layout.fills: layout.select, **{name: also.select for name, also in layout.also.items()}}
    compiled = {
        entity: {column: compile_expression(text) for column, text in select.items()}
        for entity, select in selects.items()
    }
    wheres = {name: compile_expression(also.where) for name, also in layout.also.items()}
    keep = compile_expression(layout.keep or "TRUE")
    aliases = _aliases([keep, *wheres.values(), *(one for table in compiled.values() for one in table.values())])
    mapped: dict[str, str] = {
        entity: _mapped(layout, entity, table, wheres.get(entity, keep), file, context, aliases)
        for entity, table in compiled.items()
    }
    return Plan(
        cells=_cells(layout, file, aliases),
        typed=_typed(aliases, keep, file, context.reading),
        mapped=mapped,
        held={entity: _held(table, file) for entity, table in compiled.items()},
        filled={entity: _filled(entity, table, file, context) for entity, table in compiled.items()},
        dates=_dates(file, aliases),
        clock_changes=_clock_changes(aliases, file, context.reading),
        enums={aliases[call]: call for call in aliases if call.helper == "enum" and file.cell(call.column)},
    )


def _aliases(expressions: list[Compiled]) -> dict[Call, str]:
    calls = dict.fromkeys(call for expression in expressions for call in expression.calls)
    return {call: f"h{number}" for number, call in enumerate(calls)}


def _dates(file: _File, calls: Iterable[Call]) -> dict[str, str]:
    read = {call.column: file.cell(call.column) for call in calls if call.helper in _DATED}
    return {column: cell for column, cell in read.items() if cell is not None}


def _clock_changes(aliases: Mapping[Call, str], file: _File, reading: Reading) -> str:
    """Only a time near a change of clocks is read again, to see whether it had an offset of its own."""
    flags = []
    for call, alias in aliases.items():
        if call.helper in _ZONED and file.cell(call.column) is not None:
            zone = reading.zone_of(call.column)
            local = naive_time(f"{alias}_raw", call, reading)
            flags.append(f"CASE WHEN {change_days(alias, zone)} THEN {clock_changes(zone, local)} END")
    return f"SELECT count(*) FROM typed WHERE NOT dropped AND bad IS NULL AND ({' OR '.join(flags) or 'FALSE'})"


def _fill(compiled: Compiled, aliases: Mapping[Call, str]) -> str:
    return compiled.template.format(*(aliases[call] for call in compiled.calls))


# An expression that ends in a text of its own has a value even where the file lacks its columns.
_FALLBACK = re.compile(r"coalesce\s*\(.*,\s*'[^']*'\s*\)|ELSE\s+'[^']*'\s+END", re.I | re.S)


def _read(compiled: Compiled) -> list[str]:
    return [call.column for call in compiled.calls]


def _held(table: Mapping[str, Compiled], file: _File) -> tuple[str, ...]:
    """Columns whose expression reads at least one column the file has, or has a value without any."""
    return tuple(
        column
        for column, compiled in table.items()
        if column not in TEXT_COLUMNS
        and (not compiled.calls or _FALLBACK.search(compiled.template) or any(map(file.cell, _read(compiled))))
        and compiled.template.strip().upper() != "NULL"
    )


def _filled(entity: str, table: Mapping[str, Compiled], file: _File, context: Context) -> frozenset[str]:
    texts = {name for name in TEXT_COLUMNS if name in table and any(file.cell(c.column) for c in table[name].calls)}
    filled = set(_held(table, file)) | texts | {"grain"}
    filled |= {day for day, instant in DAYS.items() if instant in filled}
    if "order_ref" in filled:
        filled.add("order_key")
    if "promised_to" in filled:
        filled.add("last_promised_to")
    if context.brand is not None:
        filled.add("brand")
    if texts or "reason_raw" in filled:
        filled |= {"reason", "reason_by"}
    if context.hours is not None:
        filled.add("in_hours")
    return frozenset(filled & set(columns(entity)))


def _cells(layout: Layout, file: _File, calls: Iterable[Call]) -> str:
    """Trimmed cells of the columns that are read, NULL where they say nothing; one row per record."""
    nothing = quoted("|".join(re.escape(word) for word in NOTHING))
    group = file.cell(layout.group) if layout.group else None
    read = dict.fromkeys(filter(None, [group, *(file.cell(name) for call in calls for name in call.columns)]))
    trimmed = "".join(
        f",\nCASE WHEN NOT regexp_full_match(lower(trim({cell})), {nothing}) THEN trim({cell}) END AS {cell}"
        for cell in read
    )
    rows = f"SELECT line{trimmed}\nFROM staged"
    if group is None:
        return f"SELECT *, 1 AS lines_folded FROM ({rows})"
    folded = "".join(f",\narg_min({cell}, line) FILTER (WHERE {cell} IS NOT NULL) AS {cell}" for cell in read)
    # A line without its group value belongs to nothing: it stays alone and is judged as a record.
    key = f"coalesce({group}, 'line ' || line)"
    return f"SELECT min(line) AS line{folded}, count(*) AS lines_folded\nFROM ({rows})\nGROUP BY {key}"


def _typed(aliases: Mapping[Call, str], keep: Compiled, file: _File, reading: Reading) -> str:
    """Every helper call as a column, the dropped flag, and the first value that did not convert."""
    conversions, judged = ["line", "lines_folded"], []
    for call, alias in aliases.items():
        helper, cell = HELPERS[call.helper], file.value(call)
        value = f"CAST(NULL AS {helper.type})" if cell is None else _plausible(helper, helper.sql(cell, call, reading))
        conversions.append(f"{value} AS {alias}")
        if cell is not None and call.helper not in _TOTAL:
            conversions.append(f"{cell} AS {alias}_raw")
            judged.append((alias, helper, file.names[file.positions[normal(call.column)]]))
    reject = " ".join(
        f"WHEN {alias} IS NULL AND {_said(helper, alias + '_raw')} THEN "
        f"struct_pack(name := {quoted(name)}, shape := {shape(alias + '_raw')}, "
        f"reason := {quoted('is not ' + helper.expects)})"
        for alias, helper, name in judged
    )
    verdict = f"CASE {reject} END" if judged else "CAST(NULL AS STRUCT(name VARCHAR, shape VARCHAR, reason VARCHAR))"
    body = ",\n".join(conversions)
    return (
        f"SELECT *, NOT coalesce({_fill(keep, aliases)}, FALSE) AS dropped, {verdict} AS bad\n"
        f"FROM (SELECT {body}\nFROM cells)"
    )


def _plausible(helper: Helper, value: str) -> str:
    """An instant no customer relationship has is none: a slip of a digit, or a tool's largest date."""
    if helper.type == "DOUBLE":
        return f"CASE WHEN abs({value}) <= {_LARGEST} THEN {value} END"
    if helper.type != "TIMESTAMP":
        return value
    return f"CASE WHEN {value} BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2100-01-01' THEN {value} END"


def _said(helper: Helper, cell: str) -> str:
    """Whether a cell says anything: it is not empty, and none of the dates by which tools write "never"."""
    never = f" AND NOT regexp_matches({cell}, {quoted(NEVER)})" if helper.type == "TIMESTAMP" else ""
    return f"{cell} IS NOT NULL{never}"


def shape(cell: str) -> str:
    """A value with its letters and digits blanked: enough to recognise the problem, nothing personal."""
    return f"regexp_replace(regexp_replace(left({cell}, 40), '\\p{{N}}', '9', 'g'), '\\p{{L}}', 'a', 'g')"


def _mapped(
    layout: Layout,
    entity: str,
    table: Mapping[str, Compiled],
    where: Compiled,
    file: _File,
    context: Context,
    aliases: Mapping[Call, str],
) -> str:
    """The canonical columns of one table, in schema order, from `typed`."""
    given = {column: _fill(compiled, aliases) for column, compiled in table.items()}
    given.setdefault("brand", "NULL")
    if context.brand is not None:
        given["brand"] = f"coalesce({given['brand']}, {quoted(context.brand)})"
    if entity == layout.fills and layout.grain and "grain" not in given:
        given["grain"] = quoted(layout.grain)
    first = ", ".join(f"CAST({sql} AS {_type(entity, column)}) AS {column}" for column, sql in given.items())
    kept = (
        "NOT dropped"
        if entity == layout.fills
        else f"NOT dropped AND bad IS NULL AND coalesce({_fill(where, aliases)}, FALSE)"
    )
    base = f"SELECT line, lines_folded, bad, {first}\nFROM typed WHERE {kept}"
    if entity == "contacts":
        base = _with_reasons(base, set(given), context)
    derived = _derived(entity, set(given), context)
    listed = ",\n".join(
        f"{derived.get(column) or (column if column in given else f'CAST(NULL AS {kind})')} AS {column}"
        for column, kind in columns(entity).items()
        if column not in ("file_id", "source")
    )
    texts = f",\n{_text(set(given))} AS all_text" if entity == "contacts" else ""
    missing = " OR ".join(f"{column} IS NULL" for column in KEYS[entity].required)
    fault = _key_fault(KEYS[entity].id[0], missing, [name for name in _REFERENCES if name in given])
    return f"SELECT line, lines_folded, bad, {fault} AS key_fault{texts},\n{listed}\nFROM ({base})"


def _key_fault(identifier: str, missing: str, references: Iterable[str]) -> str:
    """SQL: why a record has no identity of its own, NULL when it has one."""
    return (
        f"CASE WHEN {missing} THEN 'its identifier or its date is empty' "
        f"WHEN regexp_matches({identifier}, '(?i)^((grand |sub)?totals?\\b|[0-9]+ (rows|records|lignes)$|copyright )') "
        "THEN 'it is a line of a report, not a record' "
        f"WHEN regexp_full_match({identifier}, '[0-9]([.,][0-9]+)?E[+]?[0-9]+') "
        f"THEN 'its identifier was rounded by a spreadsheet'{_rounded(references)} END"
    )


def _rounded(references: Iterable[str]) -> str:
    """A reference that lost its last digits would link the record to a stranger's, or to none; 4E12 may be a number."""
    return "".join(
        f" WHEN contains({name}, 'E+') AND regexp_full_match({name}, '[0-9]([.,][0-9]+)?E[+][0-9]+') "
        f"THEN 'its {name} was rounded by a spreadsheet'"
        for name in references
    )


def _type(entity: str, column: str) -> str:
    return columns(entity).get(column, "VARCHAR")


def _derived(entity: str, given: set[str], context: Context) -> dict[str, str]:
    """The columns ingest adds: local days, order key, reason, opening hours."""
    derived = {
        column: _always_pseudonym(column, context.reading.calling_code) for column in given if column.endswith("_key")
    }
    derived |= {
        day: f"CAST({local_time(instant, context.brand_zone)} AS DATE)"
        for day, instant in DAYS.items()
        if instant in given and day in columns(entity)
    }
    if "order_ref" in given:
        derived["order_key"] = f"CASE WHEN order_ref IS NOT NULL THEN {order_key('order_ref')} END"
    if entity != "contacts":
        return derived
    derived["reason"] = "coalesce(reason_by_text, reason_by_vendor)"
    derived["reason_by"] = (
        "CASE WHEN reason_by_text IS NOT NULL THEN 'rule' "
        "WHEN reason_by_vendor IS NOT NULL THEN 'vendor' ELSE 'none' END"
    )
    if context.hours is not None:
        stated = "in_hours" if "in_hours" in given else "CAST(NULL AS BOOLEAN)"
        derived["in_hours"] = (
            f"coalesce({stated}, {open_at(local_time('created_at', context.brand_zone), context.hours)})"
        )
    if not context.keep_text:
        derived |= dict.fromkeys(TEXT_COLUMNS, "CAST(NULL AS VARCHAR)")
    return derived


def _with_reasons(base: str, given: set[str], context: Context) -> str:
    """What the vendor's reason says and, where that is nothing or 'other', the text: each rule runs once a contact."""
    raw = "reason_raw" if "reason_raw" in given else "CAST(NULL AS VARCHAR)"
    undecided = "coalesce(reason_by_vendor, 'other') = 'other'"
    return (
        f"SELECT *, CASE WHEN {undecided} THEN {by_text(_text(given))} END AS reason_by_text\n"
        f"FROM (SELECT *, {by_vendor(raw, context.reasons)} AS reason_by_vendor\nFROM ({base}))"
    )


def _always_pseudonym(column: str, calling_code: str) -> str:
    """A layout that forgot pii() leaks nothing: what is not a pseudonym yet becomes one."""
    return (
        f"CASE WHEN {column} IS NULL OR regexp_full_match({column}, 'k[0-9a-f]{{32}}') THEN {column} "
        f"ELSE {pseudonym(identity(column, calling_code))} END"
    )


def _text(given: set[str]) -> str:
    """All the text of a contact, or NULL."""
    parts = [column for column in TEXT_COLUMNS if column in given]
    return f"nullif(concat_ws(' \n ', {', '.join(parts)}), '')" if parts else "CAST(NULL AS VARCHAR)"


def order_key(reference: str) -> str:
    """SQL of the pseudonym of an order reference; case, blanks and a leading # do not count."""
    plain = f"upper(ltrim(regexp_replace({reference}, '\\s+', '', 'g'), '#'))"
    return pseudonym(f"'order:' || {plain}")


def order_mentions(text: str) -> str:
    """SQL of the list of order-number candidates in a text."""
    pattern = quoted(_ORDER_NUMBER)
    return f"list_concat(regexp_extract_all({text}, {pattern}, 1, 'i'), regexp_extract_all({text}, {pattern}, 2, 'i'))"


def open_at(local: str, hours: Hours) -> str:
    """SQL that tells whether a local time is within opening hours."""
    spans = [
        f"isodow({local}) = {weekday + 1} AND CAST({local} AS TIME) >= TIME '{opens}' "
        f"AND CAST({local} AS TIME) < TIME '{closes}'"
        for weekday in range(7)
        for opens, closes in hours.spans(weekday)
    ]
    closed = ", ".join(f"DATE '{day}'" for day in hours.closed)
    shut = f"CAST({local} AS DATE) IN ({closed})" if closed else "FALSE"
    return f"(NOT {shut} AND ({' OR '.join(f'({span})' for span in spans) or 'FALSE'}))"
