"""Exports that are no text -> header and rows of text: workbooks, JSON, Parquet.

Every cell becomes what a CSV export of the same table would say.
"""

import codecs
import marshal
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kpibar.database.engine import EngineError, Parquet
from kpibar.privacy.disclosure import show_line
from kpibar.read import json_records
from kpibar.read.columns import normal
from kpibar.read.dialect import KNOWN_ENOUGH, Heading, count_recognised, pick, row_heading, table_above
from kpibar.read.encoding import Decoder, utf8
from kpibar.read.errors import FileDamaged, FileEmpty, FileEncrypted, FileTooLarge, HeaderMoved, HeaderNotFound
from kpibar.read.mojibake import restore
from kpibar.read.source import Source
from kpibar.read.workbook import MOST_SHEETS, PATIENCE

Row = tuple[int, list[str]]
_TOO_LARGE = "has a sheet too large for the memory"
# The remarks on rows of a sheet that are hidden, and on those that take a value from merged cells.
HIDDEN_ROWS, MERGED_CELLS = "hidden_rows", "merged_cells"


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook and where its header stands."""

    name: str
    heading: Heading


def fit_row(cells: Sequence[str], width: int) -> list[str]:
    """As many cells as columns; more only when there is something in them."""
    last = len(cells)
    while last > width and not cells[last - 1].strip():
        last -= 1
    return [*cells[:last], *[""] * (width - last)]


# --- workbooks -----------------------------------------------------------------------------------------


def find_sheet(source: Source, vocabulary: Set[str]) -> Sheet:
    """The sheet in whose first rows most names are known.

    Raises FileEmpty, HeaderNotFound, HeaderMoved, MemberNeeded, MemberUnknown, FileDamaged, FileEncrypted,
    FileTooLarge, FileChanged.
    """
    heads = {name: [list(map(restore, row)) for row in rows] for name, rows in _answers(source)}
    headings = {name: heading for name, rows in heads.items() if (heading := row_heading(rows, vocabulary))}
    sheets_with_rows = {name for name, (_, heading) in headings.items() if _is_filled(heads[name], heading)}
    scores = {name: headings[name][0] if name in headings else 0 for name in heads}
    likely = {name: scores[name] for name in sheets_with_rows} or scores
    if not any(any(map(any, rows)) for rows in heads.values()):
        raise FileEmpty(source.path)
    name = pick(source.disk, "sheets", likely if source.part is None else scores, source.part)
    if scores[name] < KNOWN_ENOUGH:
        first = next((row for row in heads[name] if any(row)), [])
        texts = (show_line(cell, lambda name: normal(name) in vocabulary) for cell in first[:20])
        raise HeaderNotFound(source.path, ", ".join(texts)[:80])
    _, header = headings[name]
    if table_above(heads[name][: header.index], vocabulary):
        raise HeaderMoved(source.path, header.index + 1)
    return Sheet(name, header)


def _is_filled(rows: Sequence[Sequence[str]], heading: Heading) -> bool:
    return any(map(any, rows[heading.index + heading.spans :]))


def sheet_rows(source: Source, sheet: Sheet, remarks: Counter[str]) -> Iterator[Row]:
    """The rows after the header, numbered as the spreadsheet does; a value of merged cells stands in each row of them.

    Counted among the remarks are rows that are hidden, and those that take a value from merged cells. Raises what
    `find_sheet` raises of the file.
    """
    width, before = len(sheet.heading.columns), sheet.heading.index + sheet.heading.spans
    remarks.clear()
    answers = _answers(source, sheet.name)
    hidden_rows, merges = next(answers)
    rows = (row for batch in answers for row in batch)
    values, invisible = _Merges(merges, before), frozenset(hidden_rows)
    for number, cells in enumerate(islice(rows, before, None), before + 1):
        row_cells = fit_row(cells, width)
        remarks[MERGED_CELLS] += values.spread(number - 1, row_cells)
        remarks[HIDDEN_ROWS] += number - 1 in invisible and any(row_cells)
        yield number, row_cells


class _Merges:
    """The values of merged cells that go over several rows below the header."""

    def __init__(self, ranges: Iterable[tuple[int, int, int, int]], before: int) -> None:
        self._columns: dict[int, list[tuple[int, int]]] = {}
        self._values: dict[tuple[int, int], str] = {}
        for top, column, bottom, _ in ranges:
            if top >= before:
                for row in range(top, bottom + 1 if bottom > top else top):
                    self._columns.setdefault(row, []).append((column, top))

    def spread(self, row: int, cells: list[str]) -> bool:
        """Put into a row the values it shares with the rows above; whether there are any."""
        is_shared = False
        for column, top in self._columns.get(row, ()):
            if column < len(cells) and row == top:
                self._values[column, top] = cells[column]
            elif column < len(cells) and not cells[column] and self._values.get((column, top)):
                cells[column] = self._values[column, top]
                is_shared = True
        return is_shared


def _answers(source: Source, *questions: str) -> Iterator[Any]:
    """What the program that reads workbooks says (see `workbook`), until it has said all."""
    command = [sys.executable, "-P", "-m", "kpibar.read.workbook", *questions]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (
        source.whole() as handle,
        subprocess.Popen(
            command, stdin=handle, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        ) as worker,
    ):
        try:
            while (answer := _answer(source, worker)) != ["end"]:
                yield answer
        finally:
            worker.kill()


def _answer(source: Source, worker: subprocess.Popen[bytes]) -> Any:
    assert worker.stdout is not None
    try:
        answer = marshal.load(worker.stdout)
    except (EOFError, ValueError, TypeError) as error:
        late = worker.wait() == -getattr(signal, "SIGXCPU", 0)
        why = f"takes more than {PATIENCE} seconds of computing to read" if late else _TOO_LARGE
        raise FileTooLarge(source.path, why) from error
    if answer[:1] != ["error"]:
        return answer
    if answer[1] == "memory":
        raise FileTooLarge(source.path, _TOO_LARGE)
    if answer[1] == "sheets":
        raise FileTooLarge(source.path, f"has more than {MOST_SHEETS:,} sheets", "save the wanted one as CSV")
    if answer[1] == "password":
        raise FileEncrypted(source.path)
    raise FileDamaged(source.path, "workbook", answer[2])


# --- JSON ----------------------------------------------------------------------------------------------


def json_texts(source: Source, codec: Decoder) -> Iterator[str]:
    """The text of a JSON file in pieces. Raises FileChanged, FileUnreadable, FileDamaged, FileTooLarge."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with closing(source.pieces()) as pieces:
        for piece in utf8(pieces, codec):
            yield decoder.decode(piece)


def find_objects(source: Source, decoder: Decoder, vocabulary: Set[str]) -> json_records.Table:
    """The list of objects with most known names. Raises RecordsNotFound, MemberNeeded and what `json_texts` raises."""

    def choose(lists: Mapping[str, Sequence[str]]) -> str:
        scores = {name: count_recognised(map(restore, columns), vocabulary) for name, columns in lists.items()}
        return pick(source.disk, "lists", scores, source.part)

    return json_records.survey(source.path, lambda: json_texts(source, decoder), choose)


def object_rows(source: Source, decoder: Decoder, table: json_records.Table) -> Iterator[Row]:
    """The objects as rows. Raises what `json_texts` raises."""
    return json_records.rows(source.path, lambda: json_texts(source, decoder), table)


# --- Parquet -------------------------------------------------------------------------------------------


def parquet_names(source: Source) -> list[str]:
    """The columns of a Parquet file. Raises FileDamaged, FileChanged."""
    with source.whole():
        try:
            with closing(Parquet(source.disk)) as file:
                return file.names()
        except EngineError as error:
            raise _damage(source, error) from error


def parquet_rows(source: Source) -> Iterator[Row]:
    """The rows of a Parquet file, numbered from 1. Raises FileDamaged, FileTooLarge, FileChanged."""
    with source.whole():
        try:
            with closing(Parquet(source.disk)) as file:
                yield from enumerate(_cap_size(source, file.rows()), 1)
        except EngineError as error:
            raise _damage(source, error) from error


def _cap_size(source: Source, batches: Iterable[list[tuple[Any, ...]]]) -> Iterator[list[str]]:
    size = 0
    for batch in batches:
        for row in batch:
            cells = [cell or "" for cell in row]
            size += sum(map(len, cells)) + len(cells)
            yield cells
        if size > source.caps.content_bytes:
            raise FileTooLarge(source.path, f"unpacks to more than {source.caps.content_bytes >> 20:,} MiB")


def _damage(source: Source, error: EngineError) -> FileDamaged:
    """Without the engine's own words, which may quote what is in the file."""
    return FileDamaged(source.path, "Parquet file", str(error).partition(":")[0])
