"""Run as a program: read a workbook from standard input, write its rows to standard output.

The library holds a sheet as a full rectangle, so one stray cell in the last row of the last column asks for half a
terabyte, and ends its process. That must not be the one that holds the database; here memory is limited, and whoever
started it sees why it ended.

Protocol: pickled-free `marshal` values, each a list. The name and first rows of each sheet; or, of the sheet that was
asked for, its hidden rows and the ranges of its merged cells, then its rows in lists. Ended by ["end"];
["error", cause] instead of any of them.
"""

import marshal
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from kpibar.read.workbook_marks import oddities

MEMORY = 4 << 30
# Seconds of computing; a sheet of a million rows takes one.
PATIENCE = 300
MOST_SHEETS = 1_000
HEAD = 60
_BATCH = 2_000
# Beyond it not every whole number exists as a cell's number: the digits are no longer those that were meant.
_EXACT = 2**53


def text(value: object) -> str:
    """A cell as a CSV export would write it: durations and times hh:mm:ss, dates ISO, whole numbers without ".0"."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("milliseconds" if value.microsecond else "seconds")
    return _duration(value) if isinstance(value, timedelta) else ""


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if abs(value) >= _EXACT:
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else repr(value)


def _duration(value: timedelta) -> str:
    milliseconds = round(abs(value) / timedelta(milliseconds=1))
    seconds, fraction = divmod(milliseconds, 1000)
    minutes, hours = seconds // 60 % 60, seconds // 3600
    sign = "-" if value < timedelta(0) and milliseconds else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds % 60:02d}" + (f".{fraction:03d}" if fraction else "")


def _rows(sheet: Any) -> Iterator[list[str]]:
    """The sheet's rows from the first of all, each as wide as the sheet."""
    if sheet.start is None:
        return
    for row in sheet.iter_rows():
        yield [text(cell) for cell in row]


def _with_texts(rows: Iterator[list[str]], texts: dict[tuple[int, int], str]) -> Iterator[list[str]]:
    """The rows with what stands for the results of formulas that failed, or that nobody calculated: the library leaves
    them empty, and rows of nothing else out.
    """
    places: dict[int, list[int]] = {}
    for line, column in texts:
        places.setdefault(line, []).append(column)
    last = max(places, default=-1)
    number = -1
    for number, row in enumerate(rows):
        yield _with_text(row, number, places.get(number, ()), texts)
    for beyond in range(number + 1, last + 1):
        yield _with_text([], beyond, places.get(beyond, ()), texts)


def _with_text(row: list[str], number: int, columns: Iterable[int], texts: dict[tuple[int, int], str]) -> list[str]:
    for column in columns:
        row += [""] * (column + 1 - len(row))
        # Where the writer did not know a result, what it put is none.
        row[column] = row[column] if row[column] not in ("", "0") else texts[number, column]
    return row


def _merges(sheet: Any) -> list[tuple[int, int, int, int]]:
    """The ranges of merged cells: first row and column, last row and column, from 0."""
    return [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]


def _write(out: IO[bytes], value: list[Any]) -> None:
    marshal.dump(value, out)


def _answer(out: IO[bytes], sheet_name: str | None) -> None:
    """The names and first rows of all sheets, or all rows of one."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    # The descriptor is that of the file that was looked at; its name may have passed to another one.
    with os.fdopen(os.dup(0), "rb") as handle:
        odd = oddities(handle, sheet_name) if sheet_name is not None else None
        handle.seek(0)
    book = CalamineWorkbook.from_filelike(os.fdopen(os.dup(0), "rb"))
    if sheet_name is None or odd is None:
        if len(book.sheets_metadata) > MOST_SHEETS:
            _write(out, ["error", "sheets", ""])
            return
        for meta in book.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                rows = _rows(book.get_sheet_by_name(meta.name))
                _write(out, [meta.name, [row for row, _ in zip(rows, range(HEAD), strict=False)]])
    else:
        sheet = book.get_sheet_by_name(sheet_name)
        _write(out, [sorted(odd.hidden_rows), _merges(sheet) or odd.merges])
        batch: list[list[str]] = []
        for row in _with_texts(_rows(sheet), odd.texts):
            batch.append(row)
            if len(batch) == _BATCH:
                _write(out, batch)
                batch = []
        _write(out, batch)
    _write(out, ["end"])


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    hard_limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY if hard_limit == resource.RLIM_INFINITY else min(MEMORY, hard_limit)
    with suppress(ValueError, OSError):  # some systems know the limit and refuse to set it
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard_limit))


def main() -> None:
    """Answer on standard output; whatever goes wrong is said there too."""
    _limit_resources()
    with os.fdopen(os.dup(1), "wb") as out:
        try:
            _answer(out, sys.argv[1] if len(sys.argv) > 1 else None)
        except MemoryError:
            _write(out, ["error", "memory", ""])
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:  # what the library panics with is no Exception
            cause = "password" if type(error).__name__ == "PasswordError" else "damaged"
            # The library's words may quote a cell.
            _write(out, ["error", cause, type(error).__name__])


if __name__ == "__main__":
    main()
