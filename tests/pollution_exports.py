"""Six exports cut to sixty records, and a text whose every character knows the record it came from."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"
ROWS = 60
NOBODY = -1  # the owner of characters that belong to no record: header, preamble, footer
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CLASSES = {
    "date": re.compile(r"\d{4}-\d\d-\d\d.*|\d\d/\d\d/\d{4}.*"),
    "number": re.compile(r"\d+([.]\d+)?"),
    "clock": re.compile(r"\d+:\d\d:\d\d"),
}
Piece: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Table:
    """What an export says: the names of its columns and its records."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def with_row(self, number: int, cells: Iterable[str]) -> "Table":
        """The table with one record replaced."""
        return Table(self.header, (*self.rows[:number], tuple(cells), *self.rows[number + 1 :]))

    def place(self, column: str) -> int:
        """Where a column stands."""
        return self.header.index(column)


@dataclass(frozen=True)
class Export:
    """One vendor's export: how it is written, which columns identify, type and speak.

    `typed` tells what the cells of a column are when they are not empty: a date, a number or a clock (hh:mm:ss).
    `spoken` is a column whose text is kept word for word, so that a misread accent shows. `zone` is where times
    without an offset live. `held` lists the canonical tables and the column that names the record there.
    """

    name: str
    file: str
    delimiter: str
    encoding: str
    key: str
    spoken: str
    zone: str
    columns: tuple[str, ...]
    typed: Mapping[str, str]
    held: tuple[tuple[str, str], ...]

    @property
    def table(self) -> Table:
        """The sixty clean records."""
        return _cut(self.name)


def _typed(**columns: str) -> dict[str, str]:
    return {name: kind for kind, names in columns.items() for name in names.split("|")}


_CONTACTS = (("contacts", "contact_id"), ("surveys", "contact_id"), ("mentions", "contact_id"))
EXPORTS = {
    export.name: export
    for export in (
        Export(
            "zendesk", "maison-bleue-zendesk-tickets.csv", ",", "utf-8", "Id", "Contact reason [list]", "Europe/Paris",
            ("Id", "Requester email", "Assignee", "Subject", "Status", "Via", "Created at", "Updated at", "Solved at",
             "Group stations", "Replies", "First reply time in minutes", "Full resolution time in minutes",
             "Order number [txt]", "Contact reason [list]"),
            _typed(date="Created at|Updated at|Solved at", number="Group stations|Replies|First reply time in minutes|"
                   "Full resolution time in minutes"),
            _CONTACTS,
        ),
        Export(
            "easiware", "petit-pas-easiware.csv", ";", "cp1252", "reference", "motif", "Europe/Paris",
            ("reference", "date", "canal", "motif_parent", "motif", "element_de_qualification"),
            _typed(date="date"), _CONTACTS,
        ),
        Export(
            "aircall", "aircall-calls.csv", ",", "utf-8", "call id", "line", "UTC",
            ("line", "datetime (utc)", "direction", "from", "answered", "missed_call_reason", "user",
             "duration (total)", "duration (in call)", "tags", "call id", "waiting time", "time to answer",
             "time in ivr"),
            _typed(date="datetime (utc)", number="duration (total)|duration (in call)",
                   clock="waiting time|time to answer|time in ivr"),
            _CONTACTS,
        ),
        Export(
            "shopify", "maison-bleue-shopify-orders.csv", ",", "utf-8", "Name", "Shipping Country", "Europe/Paris",
            ("Name", "Email", "Financial Status", "Fulfillment Status", "Currency", "Total", "Created at",
             "Lineitem quantity", "Lineitem name", "Note Attributes", "Cancelled at", "Shipping Country"),
            _typed(date="Created at|Cancelled at", number="Total"), (("orders", "order_ref"),),
        ),
        Export(
            "sendcloud", "sendcloud-parcels.csv", ",", "utf-8", "parcel_id", "carrier_name", "UTC",
            ("parcel_id", "direction", "carrier_name", "to_address_country_code", "order_number", "shipped_at",
             "first_offer_at", "delivered_at", "expected_delivery_date", "status", "brand_name"),
            _typed(date="shipped_at|first_offer_at|delivered_at|expected_delivery_date"), (("parcels", "parcel_id"),),
        ),
        Export(
            "delighted", "nps-delighted.csv", ",", "utf-8", "Response ID", "Brand", "UTC",
            ("Response ID", "Person ID", "Email", "Sent At", "Responded At", "Score", "Comment", "Survey Type",
             "Order Number", "Brand"),
            _typed(date="Sent At|Responded At", number="Score"), (("surveys", "survey_id"),),
        ),
    )
}  # fmt: skip


@lru_cache
def _cut(name: str) -> Table:
    """The sixty consecutive records with the most quoted cells, line breaks and accents in them."""
    export = EXPORTS[name]
    text = (SAMPLES / export.file).read_bytes().decode(export.encoding)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=export.delimiter)
    places = [header.index(column) for column in export.columns]
    kept = [tuple(row[place] for place in places) for row in rows if len(row) == len(header)]
    kept = [row for row in kept if row[places.index(header.index(export.key))] and fits(export, export.columns, row)]
    kept = [row for row in kept if _has_days(export, row)]
    rich = [30 * any(set(cell) & set(',"\n') for cell in row) + (not "".join(row).isascii()) for row in kept]
    begin = max(range(len(kept) - ROWS), key=lambda at: sum(rich[at : at + ROWS]))
    return Table(export.columns, tuple(kept[begin : begin + ROWS]))


def _has_days(export: Export, row: Sequence[str]) -> bool:
    """Whether every date of a record is a day of the calendar: the sample has some that are none."""
    cells = (value for name, value in zip(export.columns, row, strict=True) if export.typed.get(name) == "date")
    for value in filter(None, cells):
        first, month, last = (int(number) for number in re.findall("[0-9]+", value)[:3])
        year, day = (first, last) if first > 31 else (last, first)
        try:
            date(year, month, day)
        except ValueError:
            return False
    return True


def fits(export: Export, header: Iterable[str], row: Iterable[str]) -> bool:
    """Whether every filled cell of a typed column is of its type."""
    typed = ((export.typed.get(name), value) for name, value in zip(header, row, strict=True))
    return all(_CLASSES[kind].fullmatch(value) for kind, value in typed if kind and value)


@dataclass(frozen=True)
class Text:
    """Characters and, for each, the record it came from: damage moves characters, and their owner moves along."""

    chars: str
    owners: tuple[int, ...]

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> "Text":
        """Pieces of text, each with its owner, set one after the other."""
        known, owners = list(pieces), list[int]()
        for text, owner in known:
            owners += [owner] * len(text)
        return cls("".join(text for text, _ in known), tuple(owners))

    def replace(self, start: int, stop: int, chars: str) -> "Text":
        """New characters in place of others; they belong to the record whose place they take."""
        beside = self.owners[min(start, len(self.owners) - 1)]
        owners = (*self.owners[:start], *([beside] * len(chars)), *self.owners[stop:])
        return Text(self.chars[:start] + chars + self.chars[stop:], owners)

    def lines(self) -> Iterator[tuple[str, frozenset[int]]]:
        """Each physical line with the records it holds characters of."""
        for found in _LINE.finditer(self.chars):
            yield found.group(), frozenset(self.owners[found.start() : found.end()]) - {NOBODY}

    def of_owner(self, owner: int) -> str:
        """The characters of one record, without the line end."""
        return "".join(char for char, of in zip(self.chars, self.owners, strict=True) if of == owner).rstrip("\r\n")

    def origins(self) -> dict[int, frozenset[int]]:
        """The records each physical line holds characters of; lines count from 1."""
        return {number: owners for number, (_, owners) in enumerate(self.lines(), start=1)}


@dataclass(frozen=True)
class Written:
    """A table as a text; `spans` holds the start and the stop of each cell, quotes included, per record."""

    text: Text
    spans: tuple[tuple[tuple[int, int], ...], ...]


def cell(value: str, delimiter: str, quote: str = '"') -> str:
    """A cell as RFC 4180 writes it: in quotes only where it must be."""
    if not set(value) & {delimiter, quote, "\r", "\n"}:
        return value
    return quote + value.replace(quote, quote * 2) + quote


def line(cells: Iterable[str], delimiter: str, end: str = "\n", quote: str = '"') -> str:
    """A record as one line."""
    return delimiter.join(cell(value, delimiter, quote) for value in cells) + end


def pieces(table: Table, delimiter: str, end: str = "\n", quote: str = '"') -> list[Piece]:
    """The lines of a table with their owners, the header first."""
    body = [(line(row, delimiter, end, quote), number) for number, row in enumerate(table.rows)]
    return [(line(table.header, delimiter, end, quote), NOBODY), *body]


@lru_cache(maxsize=16)
def written(table: Table, delimiter: str) -> Written:
    """The table as a clean text, and where each cell stands in it."""
    at = len(line(table.header, delimiter))
    spans = []
    for row in table.rows:
        record = []
        for value in row:
            stop = at + len(cell(value, delimiter))
            record.append((at, stop))
            at = stop + 1
        spans.append(tuple(record))
    return Written(Text.of(pieces(table, delimiter)), tuple(spans))


def alone(record: str, delimiter: str, width: int) -> tuple[str, ...] | None:
    """The cells of a record read on its own, None when it is not one record of that width."""
    try:
        found = list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return tuple(found[0]) if len(found) == 1 and len(found[0]) == width else None
