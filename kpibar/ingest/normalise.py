"""Layout + header -> the SQL that types, maps and judges every record of a file.

Two statements. `typed` reads the records as text (trimmed cells, folded by the layout's `group`) and computes every
helper call as a column, so that a value is converted once, with the first value that did not convert and what is
wrong with the record's key; it is the only table that is written on the way. `mapped` selects the canonical columns
of one table from it. Nothing here touches the database.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kpibar.config import Hours
from kpibar.ingest.batches import weights
from kpibar.ingest.clocks import clock_changes, near_change
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


# The place of a record in its batch, from 0: rows keep the order they were read in, from the first row on.
PLACE = "rowid - getvariable('first_row')"


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
class Mapped:
    """One canonical table of a file.

    `fields` are its columns and their SQL over `t`, the typed records; `where` which of these it takes, beyond those
    that are valid; `held` the columns this file can fill, `filled` adds those derived from them. What a file does not
    fill it says nothing of.
    """

    entity: str
    fields: Mapping[str, str]
    where: str
    text: str | None
    held: tuple[str, ...]
    filled: frozenset[str]
    derived: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """The SQL that turns the text of a file into canonical rows.

    `typing` reads from `{source}`; `grouped` tells that lines are folded, so that all must be there before the first
    is typed. `identities` are the typed columns that hold a customer's or agent's identifier, `unknown` those that hold
    a listed value the layout does not know, by header name, `dates` the columns that are read as dates, by header name,
    and their cells. `reasons` is what the settings say of vendors' reasons.
    """

    typing: str
    grouped: bool
    main: str
    tables: Mapping[str, Mapped]
    identities: tuple[str, ...]
    unknown: Mapping[str, str]
    dates: Mapping[str, str]
    reasons: Mapping[str, str]
    hash: str

    def typed(self, source: str, plain: Sequence[bool]) -> str:
        """The statement that types the records of a relation with the columns c0, c1, ...; `plain` as in a batch."""
        typing = self.typing
        for cell in dict.fromkeys(re.findall(r"\{(c[0-9]+)\}", typing)):
            said = f"nullif({cell}, '')" if plain[int(cell[1:])] else _said_something(cell)
            typing = typing.replace(f"{{{cell}}}", said)
        return typing.replace("{source}", source)

    def mapped(self, entity: str, looked_up: Iterable[str] = ()) -> str:
        """The statement that gives the canonical columns, `line` and `all_text` of the valid records of `typed`.

        `looked_up` are the identities whose pseudonyms stand in a table `pseudonyms_<column>` (identity, pseudonym);
        for the others they are computed.
        """
        looked = set(looked_up)
        table = self.tables[entity]
        joins = "".join(
            f"\nLEFT JOIN pseudonyms_{name} ON pseudonyms_{name}.identity = t.{name}" for name in sorted(looked)
        )
        shown = {
            name: f"pseudonyms_{name}.pseudonym" if name in looked else pseudonym(f"t.{name}")
            for name in self.identities
        }
        fields = ",\n".join(
            f"CAST({_shown(sql, shown)} AS {_type(entity, column)}) AS {column}" for column, sql in table.fields.items()
        )
        base = f"SELECT t.line, t.lines_folded, {_shown(table.text or _NO_TEXT, shown)} AS all_text,\n{fields}\n"
        base += f"FROM {self.valid(entity)} AS t{joins}"
        listed = ",\n".join(
            f"{table.derived.get(column) or (column if column in table.fields else f'CAST(NULL AS {kind})')} AS {column}"
            for column, kind in columns(entity).items()
            if column not in ("file_id", "source")
        )
        return f"SELECT line, all_text,\n{listed}\nFROM ({with_reasons(base, table, classified=True)})"

    def valid(self, entity: str) -> str:
        """The typed records that go into a table, with `line` (their place in the batch) and `lines_folded`."""
        numbered = "t.*" if self.grouped else f"{PLACE} AS line, 1 AS lines_folded, t.*"
        kept = "NOT t.dropped AND t.bad IS NULL AND t.key_fault IS NULL"
        return f"(SELECT {numbered} FROM typed AS t WHERE {kept} AND ({self.tables[entity].where}))"

    def field(self, entity: str, *names: str) -> str:
        """The statement that gives `line` and some columns that need no pseudonym of the valid records of a table."""
        table = self.tables[entity]
        fields = ", ".join(f"CAST({table.fields[name]} AS {_type(entity, name)}) AS {name}" for name in names)
        return f"SELECT line, {fields} FROM {self.valid(entity)} AS t"

    def texts(self, entity: str) -> str:
        """The statement that gives line, contact, vendor's reason and whole text of the valid contacts."""
        table = self.tables[entity]
        raw = table.fields.get("reason_raw", "CAST(NULL AS VARCHAR)")
        return (
            f"SELECT line, {table.fields['contact_id']} AS contact_id, {raw} AS reason_raw, "
            f"{table.text or _NO_TEXT} AS all_text FROM {self.valid(entity)} AS t"
        )


_NO_TEXT = "CAST(NULL AS VARCHAR)"


def _shown(sql: str, pseudonyms: Mapping[str, str]) -> str:
    """An expression with its identities replaced by their pseudonyms."""
    return re.sub(r"\bt\.(h[0-9]+)\b", lambda found: pseudonyms.get(found.group(1), found.group()), sql)


def with_reasons(base: str, table: Mapped, *, classified: bool) -> str:
    """`base` with what the vendor's reason says and, where that is nothing or 'other', what the text says.

    The answers stand in the tables `vendor_reasons` (raw, reason) and `text_reasons` (text, reason): many contacts
    share few reasons, and few texts once their numbers are left out.
    """
    if table.entity != "contacts":
        return base
    vendor = f"SELECT b.*, v.reason AS reason_by_vendor\nFROM ({base}) AS b\nLEFT JOIN vendor_reasons v ON v.raw = b.reason_raw"
    if "reason_raw" not in table.fields:
        vendor = f"SELECT b.*, CAST(NULL AS VARCHAR) AS reason_by_vendor\nFROM ({base}) AS b"
    if not classified:
        return vendor
    if table.text is None:
        return f"SELECT l.*, CAST(NULL AS VARCHAR) AS reason_by_text\nFROM ({vendor}) AS l"
    return (
        f"SELECT l.*, x.reason AS reason_by_text\nFROM ({vendor}) AS l\n"
        f"LEFT JOIN text_reasons x ON x.text = {undecided('l')}"
    )


def undecided(row: str) -> str:
    """The text that decides a contact's reason, its numbers left out; NULL where the vendor's reason says enough."""
    return (
        f"CASE WHEN coalesce({row}.reason_by_vendor, 'other') = 'other' "
        f"THEN regexp_replace({row}.all_text, '[0-9]+', '0', 'g') END"
    )


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
    names = {call: _name(call, alias, file) for call, alias in aliases.items()}
    tables = {
        entity: _mapped(layout, entity, table, wheres.get(entity), file, context, names)
        for entity, table in compiled.items()
    }
    unknown = {
        f"{alias}_new": call.column for call, alias in aliases.items() if call.helper == "enum" and file.value(call)
    }
    identities = tuple(alias for call, alias in aliases.items() if call.helper == "pii" and file.value(call))
    typing = _typed(layout, aliases, names, keep, compiled[layout.fills], file, context.reading)
    made = Plan(typing, layout.group is not None, layout.fills, tables, identities, unknown, _dates(file, aliases), context.reasons, "")
    return replace(made, hash=_fingerprint(made))


def _fingerprint(made: Plan) -> str:
    """Changes when the same bytes would be read differently: another layout, zone, reason map, opening hours."""
    told = [made.typing, *(f"{sorted(table.fields.items())}{sorted(table.derived.items())}" for table in made.tables.values())]
    rules = by_text("text") + by_vendor("raw", made.reasons)
    return hashlib.sha256("".join((*told, rules, *map(repr, made.tables.values()))).encode()).hexdigest()[:16]


def _name(call: Call, alias: str, file: _File) -> str:
    """How an expression over the typed records refers to a helper call; nothing, where the file lacks its column."""
    return f"t.{alias}" if file.value(call) else f"CAST(NULL AS {HELPERS[call.helper].type})"


def _aliases(expressions: list[Compiled]) -> dict[Call, str]:
    calls = dict.fromkeys(call for expression in expressions for call in expression.calls)
    return {call: f"h{number}" for number, call in enumerate(calls)}


def _fill(compiled: Compiled, names: Mapping[Call, str]) -> str:
    return compiled.template.format(*(names[call] for call in compiled.calls))
def _dates(file: _File, calls: Iterable[Call]) -> dict[str, str]:
    read = {call.column: file.cell(call.column) for call in calls if call.helper in _DATED}
    return {column: cell for column, cell in read.items() if cell is not None}


def _clock_change(present: Mapping[Call, str], reading: Reading) -> str:
    """Only a time near a change of clocks is read again, to see whether it had an offset of its own."""
    flags = [
        f"CASE WHEN {near_change(alias, zone)} THEN {clock_changes(zone, naive_time(f'{alias}_raw', call, reading))} END"
        for call, alias in present.items()
        if call.helper in _ZONED and (zone := reading.zone_of(call.column)) != "UTC"
    ]
    return f"coalesce({' OR '.join(flags)}, FALSE)" if flags else "FALSE"


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


def _read_cells(layout: Layout, file: _File, calls: Iterable[Call]) -> dict[str, None]:
    group = file.cell(layout.group) if layout.group else None
    return dict.fromkeys(filter(None, [group, *(file.cell(name) for call in calls for name in call.columns)]))


def _cells(layout: Layout, file: _File, calls: Iterable[Call]) -> str:
    """Trimmed cells of the columns that are read, NULL where they say nothing; one row per record.

    `checked` is the checksum of the record's text: what the reader proved must arrive.
    """
    read = _read_cells(layout, file, calls)
    trimmed = ",\n".join(f"{{{cell}}} AS {cell}" for cell in read)
    group = file.cell(layout.group) if layout.group else None
    if group is None:
        return f"SELECT {checked(len(file.names))} AS checked,\n{trimmed}\nFROM {{source}}"
    folded = "".join(f",\narg_min({cell}, line) FILTER (WHERE {cell} IS NOT NULL) AS {cell}" for cell in read)
    # A line without its group value belongs to nothing: it stays alone and is judged as a record.
    key = f"coalesce({group}, 'line ' || line)"
    rows = f"SELECT line,\n{trimmed}\nFROM {{source}}"
    return f"SELECT min(line) AS line{folded}, count(*) AS lines_folded\nFROM ({rows})\nGROUP BY {key}"


def checked(width: int) -> str:
    """SQL of the checksum of a record's cells: their bytes, weighted by column (see batches.weights)."""
    return " + ".join(f"strlen(c{place}) * {weight}" for place, weight in enumerate(weights(width)))


def _said_something(cell: str) -> str:
    """The trimmed cell, NULL where it only says that there is nothing; most cells are told by their first sign."""
    nothing = quoted("|".join(re.escape(word) for word in NOTHING))
    suspect = ", ".join(str(ord(sign)) for sign in sorted({word[0] for word in NOTHING if word} | {"N"}))
    return (
        f"CASE WHEN {cell} = '' THEN NULL WHEN ascii(trim({cell})) NOT IN ({suspect}) THEN trim({cell}) "
        f"WHEN NOT regexp_full_match(lower(trim({cell})), {nothing}) THEN trim({cell}) END"
    )


def _typed(
    layout: Layout,
    aliases: Mapping[Call, str],
    names: Mapping[Call, str],
    keep: Compiled,
    main: Mapping[str, Compiled],
    file: _File,
    reading: Reading,
) -> str:
    """Every helper call as a column, the dropped flag, the first value that did not convert, the fault of the key."""
    present = {call: alias for call, alias in aliases.items() if file.value(call)}
    conversions, judged = [], []
    shown = list(present.values())
    for call, alias in present.items():
        helper, cell = HELPERS[call.helper], file.value(call) or ""
        conversions.append(f"{_conversion(helper, call, cell, reading)} AS {alias}")
        if call.helper == "enum":
            conversions.append(f"{cell} AS {alias}_raw")
            shown.append(f"{_unlisted(alias, call, reading)} AS {alias}_new")
        elif call.helper not in _TOTAL:
            conversions.append(f"{cell} AS {alias}_raw")
            judged.append((alias, helper, file.names[file.positions[normal(call.column)]]))
    kept = ["line", "lines_folded"] if layout.group else ["checked"]
    missing = " OR ".join(f"({_fill(main[column], names)}) IS NULL" for column in KEYS[layout.fills].required)
    references = {name: f"({_fill(main[name], names)})" for name in _REFERENCES if name in main}
    fault = _key_fault(f"({_fill(main[KEYS[layout.fills].id[0]], names)})", missing, references)
    dropped = f"NOT coalesce({_fill(keep, names)}, FALSE)"
    return (
        f"SELECT {', '.join((*kept, *shown))},\n{dropped} AS dropped,\n{_verdict(judged)} AS bad,\n"
        f"{fault} AS key_fault, {_clock_change(present, reading)} AS clock_change\nFROM (SELECT {', '.join(kept)},\n"
        + ",\n".join(conversions)
        + f"\nFROM ({_cells(layout, file, aliases)})) AS t"
    )


def _conversion(helper: Helper, call: Call, cell: str, reading: Reading) -> str:
    """The typed value of a cell; of an identifier, what its pseudonym is made from."""
    if call.helper == "pii":
        return f"CASE WHEN {cell} IS NOT NULL THEN {identity(cell, reading.calling_code)} END"
    return _plausible(helper, helper.sql(cell, call, reading))


def _verdict(judged: list[tuple[str, Helper, str]]) -> str:
    """The first value of a record that is not what its column holds."""
    if not judged:
        return "CAST(NULL AS STRUCT(name VARCHAR, shape VARCHAR, reason VARCHAR))"
    reject = " ".join(
        f"WHEN {alias} IS NULL AND {_said(helper, alias + '_raw')} THEN "
        f"struct_pack(name := {quoted(name)}, shape := {shape(alias + '_raw')}, "
        f"reason := {quoted('is not ' + helper.expects)})"
        for alias, helper, name in judged
    )
    return f"CASE {reject} END"


def _unlisted(alias: str, call: Call, reading: Reading) -> str:
    """A value the layout does not list. A shifted column may put a person there: then its shape only."""
    raw = f"{alias}_raw"
    known = ", ".join(quoted(value.casefold()) for value in reading.enums[call.argument])
    shown = f"CASE WHEN regexp_matches({raw}, '@|(\\p{{N}}.*){{6}}') THEN {shape(raw)} ELSE left({raw}, 60) END"
    return f"CASE WHEN {alias} = 'other' AND lower({raw}) NOT IN ({known}) THEN {shown} END"


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
    where: Compiled | None,
    file: _File,
    context: Context,
    names: Mapping[Call, str],
) -> Mapped:
    """The canonical columns of one table over the typed records."""
    fields = {column: _fill(compiled, names) for column, compiled in table.items()}
    for column, compiled in table.items():
        if column.endswith("_key"):
            fields[column] = _key(compiled, names, context.reading.calling_code)
    fields.setdefault("brand", "NULL")
    if context.brand is not None:
        fields["brand"] = f"coalesce({fields['brand']}, {quoted(context.brand)})"
    if entity == layout.fills and layout.grain and "grain" not in fields:
        fields["grain"] = quoted(layout.grain)
    missing = " OR ".join(f"({fields[column]}) IS NULL" for column in KEYS[entity].required)
    references = {name: f"({fields[name]})" for name in _REFERENCES if name in fields}
    fault = _key_fault(f"({fields[KEYS[entity].id[0]]})", missing, references)
    taken = "TRUE" if where is None else f"coalesce({_fill(where, names)}, FALSE) AND ({fault}) IS NULL"
    return Mapped(
        entity=entity,
        fields=fields,
        where=taken,
        text=_text(fields) if entity == "contacts" else None,
        held=_held(table, file),
        filled=_filled(entity, table, file, context),
        derived=_derived(entity, set(fields), context),
    )


# "the identifier, provided that ...": whatever the condition reads, the value is the identifier.
_CONDITIONAL = re.compile(r"CASE\s+WHEN\b(?:(?!\b(?:THEN|ELSE|END)\b).)*\bTHEN\s+\{\d+\}\s+END", re.IGNORECASE | re.DOTALL)


def _key(compiled: Compiled, names: Mapping[Call, str], calling_code: str) -> str:
    """SQL of a *_key column: a pseudonym and nothing else, even where a layout forgot pii()."""
    if not any(call.helper == "pii" for call in compiled.calls):
        return pseudonym(identity(f"({_fill(compiled, names)})", calling_code))
    conditional = _CONDITIONAL.fullmatch(compiled.template.strip()) and compiled.calls[-1].helper == "pii"
    if conditional or ("'" not in compiled.template and all(call.helper == "pii" for call in compiled.calls)):
        return _fill(compiled, names)
    marked = {
        call: f"('k' || replace(CAST({name} AS VARCHAR), '-', ''))" if call.helper == "pii" else name
        for call, name in names.items()
    }
    value = f"({_fill(compiled, marked)})"
    return (
        f"CASE WHEN regexp_full_match({value}, 'k[0-9a-f]{{32}}') THEN CAST(substr({value}, 2) AS UUID) "
        f"ELSE {pseudonym(identity(value, calling_code))} END"
    )


def _key_fault(identifier: str, missing: str, references: Mapping[str, str]) -> str:
    """SQL: why a record has no identity of its own, NULL when it has one."""
    return (
        f"CASE WHEN {missing} THEN 'its identifier or its date is empty' "
        f"WHEN regexp_matches({identifier}, '(?i)^((grand |sub)?totals?\\b|[0-9]+ (rows|records|lignes)$|copyright )') "
        "THEN 'it is a line of a report, not a record' "
        f"WHEN regexp_full_match({identifier}, '[0-9]([.,][0-9]+)?E[+]?[0-9]+') "
        f"THEN 'its identifier was rounded by a spreadsheet'{_rounded(references)} END"
    )


def _rounded(references: Mapping[str, str]) -> str:
    """A reference that lost its last digits would link the record to a stranger's, or to none; 4E12 may be a number."""
    return "".join(
        f" WHEN contains({value}, 'E+') AND regexp_full_match({value}, '[0-9]([.,][0-9]+)?E[+][0-9]+') "
        f"THEN 'its {name} was rounded by a spreadsheet'"
        for name, value in references.items()
    )


def _type(entity: str, column: str) -> str:
    return columns(entity).get(column, "VARCHAR")


def _derived(entity: str, given: set[str], context: Context) -> dict[str, str]:
    """The columns ingest adds: local days, order key, reason, opening hours."""
    derived = {
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


def _text(fields: Mapping[str, str]) -> str | None:
    """All the text of a contact, None when the file has none."""
    parts = [fields[column] for column in TEXT_COLUMNS if column in fields and "t." in fields[column]]
    return f"nullif(concat_ws(' \n ', {', '.join(parts)}), '')" if parts else None


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
