"""A workbook of Excel as bytes: sheets with legal names, cells that are numbers or texts and nothing else.

The only file that knows how xlsxwriter is told to leave texts alone. The same report gives the same bytes.
"""

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from kpibar.render.clean import clean

AUTHOR = "kpibar"
_LONGEST_TEXT = 32767
_LONGEST_NAME = 31
# Signs that XML cannot hold, or that no reader knows.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ILLEGAL = re.compile(r"[\[\]:*?/\\]+")
# Excel keeps these names for itself.
_RESERVED = frozenset({"history", "historique"})
_LARGEST_PROPERTIES = 64 << 10
# xlsxwriter would make numbers, links and formulas of texts that look like them.
_OPTIONS = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": False,
}
Looks = Mapping[str, Any]


def text_of(text: str) -> str:
    """A text that a cell can hold, without signs nobody sees."""
    return _NO_XML.sub("", clean(text))[:_LONGEST_TEXT]


def caption(text: str) -> str:
    """A text for a chart, where xlsxwriter takes one that begins with "=" for a formula."""
    return re.sub(r"^\s*(?==)", "\u00a0", text_of(text))


def sheet_name(title: str, names: set[str]) -> str:
    """A legal name for a sheet that none of `names`, which are in small letters, has; it is added to them.

    Names have 31 signs at most, none of []:*?/\\ and no apostrophe at an end.
    """
    base = " ".join(_ILLEGAL.sub(" ", text_of(title)).split()).strip("'") or "-"
    base = base if base.lower() not in _RESERVED else f"{base}."
    name, number = _cut(base, ""), 1
    while name.lower() in names:
        number += 1
        name = _cut(base, f" ({number})")
    names.add(name.lower())
    return name


def _cut(base: str, ending: str) -> str:
    """A name of at most 31 signs, as Excel counts them: a sign beyond U+FFFF is two."""
    units = (base.encode("utf-16-le"))[: 2 * (_LONGEST_NAME - len(ending))]
    return units.decode("utf-16-le", "ignore").rstrip("' ") + ending


@dataclass
class Sheet:
    """A sheet that is being written."""

    book: "Book"
    name: str
    paper: Any

    def put(self, row: int, column: int, value: str | float | date | None, **looks: Any) -> None:
        """Write a number, a day or a text; nothing where there is none."""
        style = self.book.style(looks)
        if isinstance(value, str):
            self.paper.write_string(row, column, text_of(value), style)
        elif isinstance(value, date):
            self.paper.write_datetime(row, column, datetime(value.year, value.month, value.day), style)
        elif value is not None:
            self.paper.write_number(row, column, value, style)
        elif looks:
            self.paper.write_blank(row, column, None, style)

    def span(self, top: int, left: int, bottom: int, right: int) -> str:
        """A range of cells as a formula names it, the sheet's name included."""
        from xlsxwriter.utility import quote_sheetname, xl_range_abs

        area: str = xl_range_abs(top, left, bottom, right)
        return f"={quote_sheetname(self.name)}!{area}"


@dataclass
class Book:
    """A workbook that is being written, its sheets in their order."""

    workbook: Any
    buffer: BytesIO
    names: set[str] = field(default_factory=set)
    styles: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def sheet(self, title: str) -> Sheet:
        """A new sheet, after those that are there."""
        name = sheet_name(title, self.names)
        return Sheet(self, name, self.workbook.add_worksheet(name))

    def style(self, looks: Looks) -> Any:
        """The format of cells that look so; each is made once."""
        key = tuple(sorted(looks.items()))
        if key and key not in self.styles:
            self.styles[key] = self.workbook.add_format(dict(looks))
        return self.styles.get(key)

    def close(self) -> bytes:
        """The bytes of the workbook."""
        self.workbook.close()
        return self.buffer.getvalue()


def open_book(title: str, created_at: datetime) -> Book:
    """An empty workbook. All its days of creation are `created_at`."""
    import xlsxwriter

    buffer = BytesIO()
    workbook = xlsxwriter.Workbook(buffer, _OPTIONS)
    workbook.set_properties({"title": text_of(title), "author": AUTHOR, "created": created_at.replace(tzinfo=None)})
    return Book(workbook, buffer)


def is_own_workbook(path: Path) -> bool:
    """Whether a file is a workbook as kpibar wrote it: who has saved it since has left a name or a later time in it."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("docProps/core.xml") as file:
            properties = file.read(_LARGEST_PROPERTIES).decode("utf-8", "replace")
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False
    authors = re.findall(r"<(?:dc:creator|cp:lastModifiedBy)>([^<]*)<", properties)
    times = re.findall(r"<dcterms:(?:created|modified)[^>]*>([^<]*)<", properties)
    return authors == [AUTHOR, AUTHOR] and len(times) == 2 and times[0] == times[1]
