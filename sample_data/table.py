"""A table of text cells, the dirty rows planted in it, and how it is written to a file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

Row = list[str]


@dataclass(frozen=True)
class Table:
    """One export file: header and rows of text, with the vendor's delimiter, encoding and line end."""

    name: str
    header: Row
    rows: list[Row]
    delimiter: str = ","
    encoding: str = "utf-8"
    newline: str = "\n"


@dataclass(frozen=True)
class Dirt:
    """One spoilt row: a copy of row `like` with cells replaced, or cut after `keep` cells."""

    like: int
    cells: dict[str, str]
    keep: int | None = None


def columns(text: str, delimiter: str = ",") -> Row:
    """The column names of a header line."""
    return text.split(delimiter)


def spoil(table: Table, planted: tuple[Dirt, ...], blank_after: int) -> Table:
    """The table with the spoilt rows placed after the rows they imitate, and one blank line."""
    inserts: dict[int, list[Row]] = {blank_after: [[]]}
    for dirt in planted:
        row = list(table.rows[dirt.like])
        for column, value in dirt.cells.items():
            row[table.header.index(column)] = value
        inserts.setdefault(dirt.like, []).append(row[: dirt.keep])
    rows: list[Row] = []
    for number, good in enumerate(table.rows):
        rows.append(good)
        rows += inserts.get(number, [])
    return replace(table, rows=rows)


def write(table: Table, folder: Path) -> Path:
    """Write the table byte for byte as the vendor would; returns the path."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=table.delimiter, lineterminator=table.newline)
    writer.writerow(table.header)
    writer.writerows(table.rows)
    path = folder / table.name
    path.write_bytes(text.getvalue().encode(table.encoding))
    return path
