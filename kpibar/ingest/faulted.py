"""The cells of a sheet in which a formula failed, such as #DIV/0!, by place: the library that reads workbooks says "".

Only Excel's and LibreOffice's XML formats are looked at; a sheet without such a cell is searched, not parsed.
"""

import posixpath
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

Place = tuple[int, int]
_PIECE = 1 << 20
_XLSX_SIGNS = (b't="e"', b"t='e'")
_ODS_SIGNS = (b'value-type="error"', b"value-type='error'")


def failed_cells(handle: IO[bytes], sheet: str) -> dict[Place, str]:
    """The texts of the failed cells of a sheet by row and column, both from 0; none where they cannot be found."""
    if not zipfile.is_zipfile(handle):
        return {}
    with zipfile.ZipFile(handle) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return _found(archive, "content.xml", _ODS_SIGNS, _Ods(sheet))
        member = _member(archive, sheet) if "xl/workbook.xml" in names else None
        return _found(archive, member, _XLSX_SIGNS, _Xlsx()) if member in names else {}


def _member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the part of a workbook that holds a sheet."""
    ids = {
        one.get("name"): value
        for one in _elements(archive, "xl/workbook.xml", "sheet")
        for name, value in one.items()
        if name.endswith("}id")
    }
    parts = {one.get("Id"): one.get("Target", "") for one in _elements(archive, "xl/_rels/workbook.xml.rels", "")}
    part = parts.get(ids.get(sheet, ""))
    return posixpath.normpath(posixpath.join("/xl", part)).lstrip("/") if part else None


def _elements(archive: zipfile.ZipFile, member: str, name: str) -> Iterator[ElementTree.Element]:
    if member in archive.namelist():
        found = ElementTree.fromstring(archive.read(member)).iter()
        yield from (one for one in found if one.tag.endswith("}" + name) or not name)


class _Cells(ABC):
    """What is gathered while a sheet is read: the place, and the text of the failed cell that is open."""

    def __init__(self) -> None:
        self.found: dict[Place, str] = {}
        self.place: Place | None = None
        self.listening = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.begin(name.rpartition(":")[2], {key.removeprefix("table:"): value for key, value in attributes.items()})

    @abstractmethod
    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins, its names without their prefixes."""

    def end(self, name: str) -> None:
        """An element ends."""
        self.listening = False

    def text(self, text: str) -> None:
        """Some text of the element that is open."""
        if self.listening and self.place is not None:
            self.found[self.place] = self.found.get(self.place, "") + text


class _Xlsx(_Cells):
    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """A cell of an error says so and where it is."""
        if name == "c":
            self.place = _place(attributes.get("r", "")) if attributes.get("t") == "e" else None
        self.listening = name == "v"


class _Ods(_Cells):
    def __init__(self, sheet: str) -> None:
        super().__init__()
        self._sheet, self._inside = sheet, False
        self._row, self._column, self._rows, self._columns = 0, 0, 0, 0

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Where a cell is follows from those before it, which may stand for several."""
        if name == "table":
            self._inside, self._row, self._rows = attributes.get("name") == self._sheet, 0, 0
        elif name == "table-row":
            self._row, self._rows = self._row + self._rows, int(attributes.get("number-rows-repeated", 1))
            self._column, self._columns = 0, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._column += self._columns
            self._columns = int(attributes.get("number-columns-repeated", 1))
            failed = self._inside and "error" in (
                value for key, value in attributes.items() if key.endswith("value-type")
            )
            self.place = (self._row, self._column) if failed else None
        self.listening = name == "p"


def _place(reference: str) -> Place | None:
    """B3 -> (2, 1)."""
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    if not letters.isalpha() or not letters.isascii() or not digits:
        return None
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(digits) - 1, column - 1


def _found(archive: zipfile.ZipFile, member: str, signs: tuple[bytes, ...], cells: _Cells) -> dict[Place, str]:
    if not any(_holds(archive, member, sign) for sign in signs):
        return {}
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = cells.start
    parser.EndElementHandler = cells.end
    parser.CharacterDataHandler = cells.text
    _each(archive, member, lambda piece: parser.Parse(piece, False))
    return cells.found


def _holds(archive: zipfile.ZipFile, member: str, sign: bytes) -> bool:
    rest, found = b"", False

    def look(piece: bytes) -> None:
        nonlocal rest, found
        found = found or sign in rest + piece
        rest = piece[-len(sign) :]

    _each(archive, member, look)
    return found


def _each(archive: zipfile.ZipFile, member: str, take: Callable[[bytes], object]) -> None:
    with archive.open(member) as part:
        while piece := part.read(_PIECE):
            take(piece)
