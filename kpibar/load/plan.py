"""Layout + header -> the SQL that types, maps and judges every record of a file.

Two statements. `typed` reads the records as text and converts every value once, into the only table that is written
on the way; `mapped` selects the canonical columns of one table from it. Nothing here touches the database.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kpibar.database.key import KEY_NAMES
from kpibar.database.schema import BEGINS, TEXT_COLUMNS, columns
from kpibar.layouts.bindings import Cells, cells_of
from kpibar.layouts.expression import Program, compile_expression
from kpibar.layouts.guards import conditions_of_calls
from kpibar.layouts.layout import Layout
from kpibar.load.identifiers import Identifier, identifiers
from kpibar.load.keys import key_fault
from kpibar.load.mapping import Context, MappedTable, map_table
from kpibar.load.masks import RULES, Text, text_columns
from kpibar.load.promises import promise_read
from kpibar.load.typed import (
    PLACE,
    clock_change,
    dates,
    flags,
    form_columns,
    numbers,
    other_forms,
    source_columns,
    source_sql,
    strange_dates,
    typing_sql,
    unlisted,
)
from kpibar.read.columns import Column, normal
from kpibar.topics.reasons import recorded_reasons
from kpibar.topics.rules import by_text
from kpibar.values.helpers import pseudonym
from kpibar.values.macros import with_macros
from kpibar.values.notation import Call

# What unknown words of recorded reasons are kept under.
REASONS = "reason_raw"
# Columns of text that people write: a letter of it that is lost changes no figure that is not counted as unknown.
_FREE_TEXT = (*TEXT_COLUMNS, REASONS)
# A typed column, and the strings, in which none is meant.
_OUTSIDE_STRINGS = re.compile(r"'[^']*'|\bt\.(h[0-9]+)\b")
_NO_TEXT = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Plan:
    """The SQL that turns the text of a file into canonical rows.

    `typing_sql` reads from `{source}`, and so does what `retype` gives for few rows and the typed columns of which
    every cell has a direct form; `forms` asks of each of the columns `form_columns` whether a cell has none.
    `has_groups` tells that lines are folded, so that all must be there before the first is typed. `identities` are the
    typed columns that hold a customer's or agent's identifier, `identifiers` all that identify a person or record,
    `text_columns` those of texts that are stored, `unknown` those that hold a listed value the layout does not know, by
    header name, `dates`, `numbers` and `flags` the columns that are read as such, by header name, and their cells,
    `strange` those whose order the formats tell, and the typed columns of what is not written so, `source_columns` the
    names of the columns whose text stands in `words` of `typed`, in that order. `clock_changes` are the condition of a
    time near a change of clocks, and the query that counts those in the hour skipped or repeated. `reasons` is what the
    settings say of vendors' reasons, `free` are the places of the file's columns of which nothing or only free text is
    read.
    """

    typing_sql: str
    retype: Callable[[Collection[str]], str]
    forms: str
    form_columns: tuple[str, ...]
    has_groups: bool
    main: str
    tables: Mapping[str, MappedTable]
    identities: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    text_columns: tuple[Text, ...]
    unknown: Mapping[str, str]
    dates: Mapping[str, str]
    numbers: Mapping[str, str]
    flags: Mapping[str, str]
    strange: Mapping[str, str]
    source_columns: tuple[str, ...]
    clock_changes: tuple[str, str]
    reasons: Mapping[str, str]
    free: frozenset[int]
    hash: str

    def typed_sql(self, source: str, plain: Sequence[bool], direct: Collection[str] | None = None) -> str:
        """The statement that types the records of a relation with the columns c0, c1, ...; `plain` as in a batch.

        For few rows `direct` are the typed columns of which every cell has a direct form.
        """
        return source_sql(self.typing_sql if direct is None else self.retype(direct), plain, source)

    def other_forms(self, source: str, plain: Sequence[bool]) -> str:
        """The query that says of each of the columns `form_columns` whether a cell has no direct form."""
        return source_sql(self.forms, plain, source)

    def mapped_sql(self, entity: str, looked_up: Iterable[str] = (), spellings: Iterable[str] = ()) -> str:
        """The statement that gives the canonical columns, `line` and `all_text` of the valid records of `typed`.

        `looked_up` are the identities whose pseudonyms stand in a table `pseudonyms_<column>` (identity, pseudonym);
        for the others they are computed. `spellings` are the columns of which a table `<column>_spellings` (said, name)
        has the name of what is written otherwise, "" for what is none.
        """
        lookups = set(looked_up)
        table = self.tables[entity]
        joins = "".join(
            f"\nLEFT JOIN pseudonyms_{name} ON pseudonyms_{name}.identity = t.{name}" for name in sorted(lookups)
        )
        columns_shown = {
            name: f"pseudonyms_{name}.pseudonym" if name in lookups else pseudonym(f"t.{name}")
            for name in self.identities
        }
        fields = ",\n".join(
            f"CAST({_with_pseudonyms(sql, columns_shown)} AS {_type(entity, column)}) AS {column}"
            for column, sql in table.fields.items()
        )
        text = _with_pseudonyms(table.text or _NO_TEXT, columns_shown)
        base = f"SELECT t.line, t.lines_folded, {text} AS all_text,\n{fields}\n"
        base += f"FROM {self.valid(entity)} AS t{joins}"
        for name in sorted(spellings):
            value = f"CASE WHEN s.said IS NULL THEN r.{name} ELSE nullif(s.name, '') END AS {name}"
            base = (
                f"SELECT r.* REPLACE ({value})\nFROM ({base}) AS r\nLEFT JOIN {name}_spellings s ON s.said = r.{name}"
            )
        column_list = ",\n".join(
            f"{table.computed_columns.get(column) or table.value(column, kind)} AS {column}"
            for column, kind in columns(entity).items()
            if column not in ("file_id", "source")
        )
        return f"SELECT line, all_text,\n{column_list}\nFROM ({with_reasons(base, table, has_classes=True)})"

    def valid(self, entity: str) -> str:
        """The typed records that go into a table, with `line` (their place in the batch) and `lines_folded`."""
        columns = "t.*" if self.has_groups else f"{PLACE} AS line, 1 AS lines_folded, t.*"
        is_loaded = "NOT t.dropped AND t.bad IS NULL AND t.key_fault IS NULL"
        return f"(SELECT {columns} FROM typed AS t WHERE {is_loaded} AND ({self.tables[entity].where}))"

    def meaning_sql(self, entity: str, *names: str) -> str:
        """The valid records that are meant for a table, with `line`, some columns that need no pseudonym, and `fault`.

        `fault` says why the table cannot take a record, NULL where it can.
        """
        table = self.tables[entity]
        place = "t.line" if self.has_groups else PLACE
        is_loaded = "NOT t.dropped AND t.bad IS NULL AND t.key_fault IS NULL"
        fields = "".join(f", CAST({table.fields[name]} AS {_type(entity, name)}) AS {name}" for name in names)
        columns = f"t.*{fields}, {place} AS place, {table.fault or 'CAST(NULL AS VARCHAR)'} AS fault"
        return f"(SELECT {columns} FROM typed AS t WHERE {is_loaded} AND ({table.meaning_sql}))"

    def reference_sql(self, *names: str) -> str:
        """The statement that gives `place`, `begins` and some columns of the records of the main table not dropped.

        `place` is that of a record in `typed`; a column the file has nothing for is NULL.
        """
        table = self.tables[self.main]
        pseudonyms = {name: pseudonym(f"t.{name}") for name in self.identities}
        columns = [
            (name, _with_pseudonyms(table.fields[name], pseudonyms) if name in table.fields else "NULL")
            for name in names
        ]
        column_list = "".join(f", CAST({sql} AS {_type(self.main, name)}) AS {name}" for name, sql in columns)
        begins = [f"CAST(({table.fields[name]}) AS TIMESTAMP)" for name in BEGINS[self.main] if name in table.fields]
        place = "t.line" if self.has_groups else PLACE
        start = f"CAST(coalesce({', '.join((*begins, 'NULL'))}, NULL) AS TIMESTAMP)"
        return f"SELECT {place} AS place, {start} AS begins{column_list} FROM typed AS t WHERE NOT t.dropped"

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


def _type(entity: str, column: str) -> str:
    return columns(entity).get(column, "VARCHAR")


def _with_pseudonyms(sql: str, pseudonyms: Mapping[str, str]) -> str:
    """An expression with its identities replaced by their pseudonyms."""
    return _OUTSIDE_STRINGS.sub(lambda match: pseudonyms.get(match[1] or "", match[0]), sql)


def with_reasons(base: str, table: MappedTable, *, has_classes: bool) -> str:
    """`base` with what the recorded reason says and, where that is unknown, what the text says.

    The answers stand in the tables `vendor_reasons` and `text_reasons` (said, reason): many contacts share few reasons,
    and few texts once their numbers are left out.
    """
    if table.entity != "contacts":
        return base
    from_clause = f"FROM ({base}) AS b\nLEFT JOIN vendor_reasons v ON v.said = b.reason_raw"
    vendor = f"SELECT b.*, v.reason AS reason_by_vendor\n{from_clause}"
    if "reason_raw" not in table.fields:
        vendor = f"SELECT b.*, CAST(NULL AS VARCHAR) AS reason_by_vendor\nFROM ({base}) AS b"
    if not has_classes:
        return vendor
    if table.text is None:
        return f"SELECT l.*, CAST(NULL AS VARCHAR) AS reason_by_text\nFROM ({vendor}) AS l"
    return (
        f"SELECT l.*, x.reason AS reason_by_text\nFROM ({vendor}) AS l\n"
        f"LEFT JOIN text_reasons x ON x.said = {undecided_reason('l')}"
    )


def undecided_reason(row: str) -> str:
    """The text that decides a contact's reason, its numbers left out; NULL where the recorded reason is known."""
    return f"CASE WHEN {row}.reason_by_vendor IS NULL THEN regexp_replace({row}.all_text, '[0-9]+', '0', 'g') END"


def make_plan(layout: Layout, header: tuple[Column, ...], context: Context) -> Plan:
    """Compile a layout for a file with this header."""
    selects = {layout.fills: layout.select, **{name: also.select for name, also in layout.also.items()}}
    programs: dict[str, dict[str, Program]] = {
        entity: {column: promise_read(column, compile_expression(text)) for column, text in select.items()}
        for entity, select in selects.items()
    }
    wheres: dict[str, Program] = {name: compile_expression(also.where) for name, also in layout.also.items()}
    keep = compile_expression(layout.keep or "TRUE")
    all_programs = [keep, *wheres.values(), *(program for table in programs.values() for program in table.values())]
    cells = cells_of(header, all_programs, has_times=layout.fills == "contacts")
    texts = text_columns(programs, (keep, *wheres.values()), cells)
    cells = replace(cells, masks={call: text.target for call, text in texts.items() if text.target != text.alias})
    tables: dict[str, MappedTable] = {
        entity: map_table(layout, entity, table, wheres.get(entity), cells, context)
        for entity, table in programs.items()
    }
    fault = key_fault(layout.fills, {name: cells.fill(program) for name, program in programs[layout.fills].items()})
    retype = partial(typing_sql, layout, cells, keep, fault, context, _guard_conditions(cells, programs, wheres, keep))
    file_plan = Plan(
        typing_sql=retype(),
        retype=retype,
        forms=other_forms(layout, cells, context),
        form_columns=form_columns(cells),
        has_groups=layout.group is not None,
        main=layout.fills,
        tables=tables,
        identities=tuple(cells.present("pii").values()),
        identifiers=identifiers(layout.fills, programs, cells),
        text_columns=tuple(texts.values()),
        unknown={f"{alias}_new": call.column for call, alias in unlisted(layout, cells).items()},
        dates=dates(cells),
        numbers=numbers(cells),
        flags=flags(cells),
        strange=strange_dates(cells, context),
        source_columns=tuple(source_columns(cells)),
        clock_changes=clock_change(cells, context),
        reasons=context.reasons,
        free=_free_columns(layout, cells, [keep, *wheres.values()], programs.values()),
        hash="",
    )
    names = context.brands if any("brand" in table.updates for table in tables.values()) else {}
    return replace(file_plan, hash=_fingerprint(file_plan, names))


def _free_columns(
    layout: Layout, cells: Cells, conditions: Iterable[Program], tables: Iterable[Mapping[str, Program]]
) -> frozenset[int]:
    """The places of the columns of a file of which nothing or only free text is read."""
    fields = [field_sql for table in tables for column, field_sql in table.items() if column not in _FREE_TEXT]
    read = {normal(name) for field_sql in (*conditions, *fields) for call in field_sql.calls for name in call.columns}
    read |= {normal(layout.group)} if layout.group else set()
    return frozenset(range(len(cells.names))) - {place for name, place in cells.positions.items() if name in read}


def _guard_conditions(
    cells: Cells, tables: Mapping[str, Mapping[str, Program]], wheres: Mapping[str, Program], keep: Program
) -> dict[Call, str]:
    """SQL of the condition under which each call is read that is not read of every record."""
    entries: list[tuple[Program, Program | None]] = [(keep, None), *((where, None) for where in wheres.values())]
    entries += [(program, wheres.get(entity)) for entity, table in tables.items() for program in table.values()]
    guard_sql = {}
    for call, conditions in conditions_of_calls(entries).items():
        if conditions:
            condition_sql = [
                cells.fill(Program(template, guard_program.calls)) for template, guard_program in conditions
            ]
            guard_sql[call] = "(" + " OR ".join(dict.fromkeys(condition_sql)) + ")"
    return guard_sql


def _fingerprint(file_plan: Plan, brands: Mapping[str, str]) -> str:
    """Changes when the same bytes would be read differently: another layout, zone, reason map, opening hours, brand."""
    rules = by_text("text") + recorded_reasons("raw", file_plan.reasons)
    parts = (
        RULES,
        with_macros(file_plan.typing_sql),
        rules,
        *map(_table_parts, file_plan.tables.values()),
        *(map(str, sorted(brands.items()))),
    )
    text = re.sub("|".join(KEY_NAMES), "key", "".join(parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _table_parts(table: MappedTable) -> str:
    """A set has no order of its own: sorted, it is told alike in every run."""
    fields, computed_columns = sorted(table.fields.items()), sorted(table.computed_columns.items())
    return f"{table.entity}{fields}{table.where}{table.text}{table.columns}{sorted(table.updates)}{computed_columns}"
