"""The canonical columns of a table over the typed records: what the layout fills, and what ingest adds to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kpibar.config import Hours
from kpibar.database.schema import DAYS, KEYS, TEXT_COLUMNS, columns
from kpibar.layouts.bindings import Cells
from kpibar.layouts.expression import Program
from kpibar.layouts.layout import Layout
from kpibar.layouts.origins import has_value
from kpibar.load.keys import digits_key, digits_of, key_column, key_fault, negative_durations, odd_scores, order_key
from kpibar.load.masks import result_calls
from kpibar.load.promises import far_promises, promise_bound, without_far
from kpibar.read.columns import normal
from kpibar.values.helpers import first_instant
from kpibar.values.kept_text import reduce_text
from kpibar.values.notation import Notation, quote
from kpibar.values.sequence import Remarks, remarks_of, remarks_on_times
from kpibar.values.timezones import local_time

# The columns that say yes or no of calls alone: without a tick they say nothing of a contact that is none.
_OF_CALLS = ("queued", "answered", "abandoned", "short_abandon", "in_hours", "callback")
# The columns of which a word that is not listed is unknown, and the remark on records that have one.
_UNLISTED_REMARKS = {("contacts", "direction"): "direction_unlisted", ("surveys", "kind"): "kind_unlisted"}


@dataclass(frozen=True)
class Context(Notation):
    """How a file is written, and what is stated for it beside the layout: the brand of records that name none, reasons.

    `day_zone` is the brand's. `brands` are the names the settings state for brands, by folded spelling.
    """

    brand: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    hours: Hours | None = None
    keep_text: bool = False
    brands: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MappedTable:
    """One canonical table of a file.

    `fields` are its columns and their SQL over `t`, the typed records; `meaning_sql` which of these are meant for it,
    beyond being valid; `fault` why it cannot take one of them (the main table's are faults of the record itself, told
    by `typed`); `columns` the columns this file can fill, `updates` adds those derived from them. What a file does not
    fill it says nothing of. `remarks` are what is counted of the records it takes.
    """

    entity: str
    fields: Mapping[str, str]
    meaning_sql: str
    fault: str | None
    text: str | None
    columns: tuple[str, ...]
    updates: frozenset[str]
    computed_columns: Mapping[str, str]
    remarks: tuple[Remarks, ...]

    @property
    def where(self) -> str:
        """SQL: it takes a valid record."""
        return self.meaning_sql if self.fault is None else f"{self.meaning_sql} AND ({self.fault}) IS NULL"

    def value(self, column: str, type: str) -> str:
        """SQL of a column the layout fills, NULL of the type for one it does not."""
        return column if column in self.fields else f"CAST(NULL AS {type})"


def map_table(
    layout: Layout, entity: str, table: Mapping[str, Program], where: Program | None, cells: Cells, context: Context
) -> MappedTable:
    """The canonical columns of one table over the typed records."""
    columns = _fields(layout, entity, table, cells, context)
    fields = {name: without_far(name, sql) if "t." in sql else sql for name, sql in columns.items()}
    condition, fault = "TRUE", None
    if where is not None:
        condition, fault = f"coalesce({cells.fill(where)}, FALSE)", key_fault(entity, fields)
    odd_values = odd_scores(fields) | negative_durations(fields) | far_promises(columns)
    odd_values |= {
        (code, column): f"({cells.fill(table[column])}) = 'other'"
        for column in _enum_columns(entity, table)
        if (code := _UNLISTED_REMARKS.get((entity, column)))
    }
    odd_values |= {(code, about): f"t.{name}" for code, about, name in cells.incomplete(table.values())}
    return MappedTable(
        entity=entity,
        fields=fields,
        meaning_sql=condition,
        fault=fault,
        text=_text(fields) if entity == "contacts" else None,
        columns=_columns_with_cells(table, cells) if where is None or has_value(where, cells.absent(where)) else (),
        updates=_columns_to_update(entity, table, cells, context),
        computed_columns=_computed_columns(entity, set(fields), context),
        remarks=(*remarks_on_times(entity, fields, context.day_zone), *remarks_of(odd_values)),
    )


def _fields(
    layout: Layout, entity: str, table: Mapping[str, Program], cells: Cells, context: Context
) -> dict[str, str]:
    """SQL of the columns a layout fills, with the brand and the grain that the settings and the layout add."""
    zone = context.day_zone
    # What only guards and fillers would say of a column is unknown; a record always has its key and its grain.
    with_value = {*_columns_with_cells(table, cells), *KEYS[entity].mandatory, *TEXT_COLUMNS, "grain"}
    columns = {name: cells.fill_stored(program, result_calls(entity, name, program)) for name, program in table.items()}
    fields = {name: promise_bound(name, program, columns[name], zone) for name, program in table.items()}
    fields |= dict.fromkeys(table.keys() - with_value, "NULL")
    fields |= {name: f"nullif({fields[name]}, 'other')" for name in _enum_columns(entity, table)}
    if entity == "contacts" and "channel" in with_value & table.keys():
        for name in _tick_columns(table, context):
            fields[name] = f"CASE WHEN {fields[name]} OR ({fields['channel']}) = 'phone' THEN {fields[name]} END"
    for column, program in table.items():
        if column.endswith("_key") and column in with_value:
            fields[column] = key_column(program, cells, context.calling_code)
    fields.setdefault("brand", "NULL")
    if context.brand is not None:
        fields["brand"] = f"coalesce({fields['brand']}, {quote(context.brand)})"
    if entity == layout.fills and layout.grain and "grain" not in fields:
        fields["grain"] = quote(layout.grain)
    if entity == "costs":
        fields["begins_at"] = first_instant(f"try_cast(({fields['month']}) || '-01' AS DATE)", zone)
    return fields


def _tick_columns(table: Mapping[str, Program], notation: Notation) -> list[str]:
    """The columns of calls of which an empty cell is read as no, as the others of the file are ticks."""
    return [
        name
        for name in _OF_CALLS
        if name in table
        and any(call.helper == "flag" and notation.ticks.get(normal(call.column)) for call in table[name].calls)
    ]


def _enum_columns(entity: str, table: Mapping[str, Program]) -> list[str]:
    """The columns of which a word that the layout does not list is unknown: as "other" it would be left out unseen."""
    return [
        name
        for name, program in table.items()
        if (entity, name) in _UNLISTED_REMARKS and any(call.helper == "enum" for call in program.calls)
    ]


def _text(fields: Mapping[str, str]) -> str | None:
    """All the text of a contact, None when the file has none."""
    parts = [fields[column] for column in TEXT_COLUMNS if column in fields and "t." in fields[column]]
    return f"nullif(concat_ws(' \n ', {', '.join(parts)}), '')" if parts else None


def _computed_columns(entity: str, present: set[str], context: Context) -> dict[str, str]:
    """The columns ingest adds: local days, order key, reason, opening hours."""
    expressions = {
        day: f"CAST({local_time(instant, context.day_zone)} AS DATE)"
        for day, instant in DAYS.items()
        if instant in present and day in columns(entity)
    }
    if "order_ref" in present:
        expressions["order_key"] = f"CASE WHEN order_ref IS NOT NULL THEN {order_key('order_ref')} END"
        if "order_number" in columns(entity):
            expressions["order_number"] = digits_of("order_ref", letters=entity == "orders")
        if entity == "orders":
            expressions["number_key"] = digits_key("order_ref")
    if entity != "contacts":
        return expressions
    expressions["reason"] = "coalesce(reason_by_text, reason_by_vendor)"
    expressions["reason_by"] = (
        "CASE WHEN reason_by_text IS NOT NULL THEN 'rule' "
        "WHEN reason_by_vendor IS NOT NULL THEN 'vendor' ELSE 'none' END"
    )
    if context.hours is not None:
        in_hours_column = "in_hours" if "in_hours" in present else "CAST(NULL AS BOOLEAN)"
        expressions["in_hours"] = (
            f"coalesce({in_hours_column}, {open_at(local_time('created_at', context.day_zone), context.hours)})"
        )
    if context.keep_text:
        return expressions | {name: reduce_text(name) for name in TEXT_COLUMNS if name in present}
    expressions |= dict.fromkeys(TEXT_COLUMNS, "CAST(NULL AS VARCHAR)")
    return expressions


def open_at(local: str, hours: Hours) -> str:
    """SQL that tells whether a local time is within opening hours."""
    spans = [
        f"isodow({local}) = {weekday + 1} AND CAST({local} AS TIME) >= TIME '{opens}' "
        f"AND CAST({local} AS TIME) < TIME '{closes}'"
        for weekday in range(7)
        for opens, closes in hours.spans(weekday)
    ]
    closing_days = ", ".join(f"DATE '{day}'" for day in hours.closed)
    is_closed = f"CAST({local} AS DATE) IN ({closing_days})" if closing_days else "FALSE"
    return f"(NOT {is_closed} AND ({' OR '.join(f'({span})' for span in spans) or 'FALSE'}))"


def _columns_with_cells(table: Mapping[str, Program], cells: Cells) -> tuple[str, ...]:
    """Columns whose expression has a value in this file: the cells it takes it from are there."""
    return tuple(
        column
        for column, program in table.items()
        if column not in TEXT_COLUMNS and has_value(program, cells.absent(program))
    )


def _columns_to_update(entity: str, table: Mapping[str, Program], cells: Cells, context: Context) -> frozenset[str]:
    texts = {name for name in TEXT_COLUMNS if name in table and any(cells.cell(c.column) for c in table[name].calls)}
    names = set(_columns_with_cells(table, cells)) | texts | {"grain"}
    if entity == "costs":
        names.add("begins_at")
    names |= {day for day, instant in DAYS.items() if instant in names}
    if "order_ref" in names:
        names |= {"order_key", "order_number", "number_key"}
    if "promised_to" in names:
        names.add("last_promised_to")
    if context.brand is not None:
        names.add("brand")
    if texts or "reason_raw" in names:
        names |= {"reason", "reason_by"}
    if context.hours is not None:
        names.add("in_hours")
    return frozenset(names & set(columns(entity)))
