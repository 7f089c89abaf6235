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
from kpibar.values.kept_text import reduced
from kpibar.values.notation import Reading, quote
from kpibar.values.sequence import Remarks, remarks_of, remarks_on_times
from kpibar.values.timezones import local_time

# The columns that say yes or no of calls alone: without a tick they say nothing of a contact that is none.
_OF_CALLS = ("queued", "answered", "abandoned", "short_abandon", "in_hours", "callback")
# The columns of which a word that is not listed is unknown, and the remark on records that have one.
_UNLISTED = {("contacts", "direction"): "direction_unlisted", ("surveys", "kind"): "kind_unlisted"}


@dataclass(frozen=True)
class Context:
    """What normalising needs beside the layout: where naive times live, the brand's zone, and the settings.

    `brands` are the names the settings state for brands, by folded spelling.
    """

    reading: Reading
    brand: str | None
    brand_zone: str
    reasons: Mapping[str, str]
    hours: Hours | None
    keep_text: bool
    brands: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """One canonical table of a file.

    `fields` are its columns and their SQL over `t`, the typed records; `meant` which of these are meant for it, beyond
    being valid; `fault` why it cannot take one of them (the main table's are faults of the record itself, told by
    `typed`); `held` the columns this file can fill, `filled` adds those derived from them. What a file
    does not fill it says nothing of. `remarks` are what is counted of the records it
    takes.
    """

    entity: str
    fields: Mapping[str, str]
    meant: str
    fault: str | None
    text: str | None
    held: tuple[str, ...]
    filled: frozenset[str]
    derived: Mapping[str, str]
    remarks: tuple[Remarks, ...]

    @property
    def where(self) -> str:
        """SQL: it takes a valid record."""
        return self.meant if self.fault is None else f"{self.meant} AND ({self.fault}) IS NULL"

    def given(self, column: str, type: str) -> str:
        """SQL of a column the layout fills, NULL of the type for one it does not."""
        return column if column in self.fields else f"CAST(NULL AS {type})"


def mapped(
    layout: Layout, entity: str, table: Mapping[str, Program], where: Program | None, cells: Cells, context: Context
) -> Mapped:
    """The canonical columns of one table over the typed records."""
    written = _fields(layout, entity, table, cells, context)
    fields = {name: without_far(name, sql) if "t." in sql else sql for name, sql in written.items()}
    meant, fault = "TRUE", None
    if where is not None:
        meant, fault = f"coalesce({cells.fill(where)}, FALSE)", key_fault(entity, fields)
    others = odd_scores(fields) | negative_durations(fields) | far_promises(written)
    others |= {
        (code, column): f"({cells.fill(table[column])}) = 'other'"
        for column in _unlisted(entity, table)
        if (code := _UNLISTED.get((entity, column)))
    }
    others |= {(code, about): f"t.{name}" for code, about, name in cells.incomplete(table.values())}
    return Mapped(
        entity=entity,
        fields=fields,
        meant=meant,
        fault=fault,
        text=_text(fields) if entity == "contacts" else None,
        held=_held(table, cells) if where is None or has_value(where, cells.absent(where)) else (),
        filled=_filled(entity, table, cells, context),
        derived=_derived(entity, set(fields), context),
        remarks=(*remarks_on_times(entity, fields, context.brand_zone), *remarks_of(others)),
    )


def _fields(
    layout: Layout, entity: str, table: Mapping[str, Program], cells: Cells, context: Context
) -> dict[str, str]:
    """SQL of the columns a layout fills, with the brand and the grain that the settings and the layout add."""
    zone = context.brand_zone
    # What only guards and fillers would say of a column is unknown; a record always has its key and its grain.
    valued = {*_held(table, cells), *KEYS[entity].mandatory, *TEXT_COLUMNS, "grain"}
    stored = {
        name: cells.fill_stored(compiled, result_calls(entity, name, compiled)) for name, compiled in table.items()
    }
    fields = {name: promise_bound(name, compiled, stored[name], zone) for name, compiled in table.items()}
    fields |= dict.fromkeys(table.keys() - valued, "NULL")
    fields |= {name: f"nullif({fields[name]}, 'other')" for name in _unlisted(entity, table)}
    if entity == "contacts" and "channel" in valued & table.keys():
        for name in _ticked(table, context.reading):
            fields[name] = f"CASE WHEN {fields[name]} OR ({fields['channel']}) = 'phone' THEN {fields[name]} END"
    for column, compiled in table.items():
        if column.endswith("_key") and column in valued:
            fields[column] = key_column(compiled, cells, context.reading.calling_code)
    fields.setdefault("brand", "NULL")
    if context.brand is not None:
        fields["brand"] = f"coalesce({fields['brand']}, {quote(context.brand)})"
    if entity == layout.fills and layout.grain and "grain" not in fields:
        fields["grain"] = quote(layout.grain)
    return fields


def _ticked(table: Mapping[str, Program], reading: Reading) -> list[str]:
    """The columns of calls of which an empty cell is read as no, as the others of the file are ticks."""
    return [
        name
        for name in _OF_CALLS
        if name in table
        and any(call.helper == "flag" and reading.ticks.get(normal(call.column)) for call in table[name].calls)
    ]


def _unlisted(entity: str, table: Mapping[str, Program]) -> list[str]:
    """The columns of which a word that the layout does not list is unknown: as "other" it would be left out unseen."""
    return [
        name
        for name, compiled in table.items()
        if (entity, name) in _UNLISTED and any(call.helper == "enum" for call in compiled.calls)
    ]


def _text(fields: Mapping[str, str]) -> str | None:
    """All the text of a contact, None when the file has none."""
    parts = [fields[column] for column in TEXT_COLUMNS if column in fields and "t." in fields[column]]
    return f"nullif(concat_ws(' \n ', {', '.join(parts)}), '')" if parts else None


def _derived(entity: str, given: set[str], context: Context) -> dict[str, str]:
    """The columns ingest adds: local days, order key, reason, opening hours."""
    derived = {
        day: f"CAST({local_time(instant, context.brand_zone)} AS DATE)"
        for day, instant in DAYS.items()
        if instant in given and day in columns(entity)
    }
    if "order_ref" in given:
        derived["order_key"] = f"CASE WHEN order_ref IS NOT NULL THEN {order_key('order_ref')} END"
        if "order_number" in columns(entity):
            derived["order_number"] = digits_of("order_ref", letters=entity == "orders")
        if entity == "orders":
            derived["number_key"] = digits_key("order_ref")
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
    if context.keep_text:
        return derived | {name: reduced(name) for name in TEXT_COLUMNS if name in given}
    derived |= dict.fromkeys(TEXT_COLUMNS, "CAST(NULL AS VARCHAR)")
    return derived


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


def _held(table: Mapping[str, Program], cells: Cells) -> tuple[str, ...]:
    """Columns whose expression has a value in this file: the cells it takes it from are there."""
    return tuple(
        column
        for column, compiled in table.items()
        if column not in TEXT_COLUMNS and has_value(compiled, cells.absent(compiled))
    )


def _filled(entity: str, table: Mapping[str, Program], cells: Cells, context: Context) -> frozenset[str]:
    texts = {name for name in TEXT_COLUMNS if name in table and any(cells.cell(c.column) for c in table[name].calls)}
    filled = set(_held(table, cells)) | texts | {"grain"}
    filled |= {day for day, instant in DAYS.items() if instant in filled}
    if "order_ref" in filled:
        filled |= {"order_key", "order_number", "number_key"}
    if "promised_to" in filled:
        filled.add("last_promised_to")
    if context.brand is not None:
        filled.add("brand")
    if texts or "reason_raw" in filled:
        filled |= {"reason", "reason_by"}
    if context.hours is not None:
        filled.add("in_hours")
    return frozenset(filled & set(columns(entity)))
