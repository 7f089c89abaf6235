"""What a workbook says of a sheet beside its values: cells whose formula failed or was never calculated, hidden rows.

The library that reads workbooks says "" of such cells. Only Excel's and LibreOffice's XML formats are looked at; a
sheet without formulas, failures and hidden rows is searched, not parsed.
"""

import posixpath
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

Place = tuple[int, int]
_PIECE = 1 << 20
_LONGEST_SIGN = 32
# No spreadsheet program has a longer cell; the text goes on in pieces, each of which would copy what there is.
_LONGEST_TEXT = 1 << 16
# So many rows that one element hides are counted: the rest of a sheet is empty.
_MOST_HIDDEN = 100_000
# What stands for the result of a formula that nobody calculated.
NO_RESULT = "#UNCALCULATED!"
_XLSX_SIGNS = (b't="e"', b"t='e'", b"<f", b":f>", b":f ", b'hidden="1"', b'hidden="true"')
_ODS_SIGNS = (b'value-type="error"', b"value-type='error'", b":formula=", b":visibility=", b"rows-spanned=")


@dataclass(frozen=True)
class Oddities:
    """What a sheet has beside values, counted from 0: hidden rows, the texts of failed and uncalculated cells, and for
    LibreOffice, of which the library does not say them, the ranges of merged cells: first and last row and column.
    """

    texts: dict[Place, str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


def oddities(handle: IO[bytes], sheet: str) -> Oddities:
    """The oddities of a sheet; none where they cannot be found."""
    if not zipfile.is_zipfile(handle):
        return Oddities()
    with zipfile.ZipFile(handle) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return _read(archive, "content.xml", _ODS_SIGNS, _Ods(sheet))
        member = _member(archive, sheet) if "xl/workbook.xml" in names else None
        if member not in names:
            return Oddities()
        return _read(archive, member, _XLSX_SIGNS, _Xlsx(_is_recalculated(archive)))


def _is_recalculated(archive: zipfile.ZipFile) -> bool:
    """Whether a workbook is to be calculated when it is opened: its writer did not know the results and put 0."""
    settings = _elements(archive, "xl/workbook.xml", "calcPr")
    return any(setting.get("fullCalcOnLoad") in ("1", "true") for setting in settings)


def _member(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the part of a workbook that holds a sheet."""
    ids = {
        entry.get("name"): value
        for entry in _elements(archive, "xl/workbook.xml", "sheet")
        for name, value in entry.items()
        if name.endswith("}id")
    }
    parts = {entry.get("Id"): entry.get("Target", "") for entry in _elements(archive, "xl/_rels/workbook.xml.rels", "")}
    part = parts.get(ids.get(sheet, ""))
    return posixpath.normpath(posixpath.join("/xl", part)).lstrip("/") if part else None


def _elements(archive: zipfile.ZipFile, member: str, name: str) -> Iterator[ElementTree.Element]:
    if member in archive.namelist():
        elements = ElementTree.fromstring(archive.read(member)).iter()
        yield from (element for element in elements if element.tag.endswith("}" + name) or not name)


class _Cells(ABC):
    """What is gathered while a sheet is read: the oddities, and the place and text of the cell that is open."""

    def __init__(self) -> None:
        self.oddities = Oddities()
        self.place: Place = (0, 0)
        self.value = ""
        self.in_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.begin(name.rpartition(":")[2], {key.removeprefix("table:"): value for key, value in attributes.items()})

    @abstractmethod
    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins, its names without their prefixes."""

    def end(self, name: str) -> None:
        """An element ends."""
        self.in_text = False
        self.finish(name.rpartition(":")[2])

    @abstractmethod
    def finish(self, name: str) -> None:
        """An element ends, its name without prefix."""

    def text(self, text: str) -> None:
        """Some text of the element that is open."""
        if self.in_text and len(self.value) <= _LONGEST_TEXT:
            self.value += text


class _Xlsx(_Cells):
    def __init__(self, recalculates: bool) -> None:
        super().__init__()
        self._recalculates, self._row, self._kind, self._formula = recalculates, -1, "", False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """A cell says of what kind it is, and most say where."""
        if name == "row":
            self._row = int(attributes["r"]) - 1 if attributes.get("r", "").isdigit() else self._row + 1
            self.place = (self._row, -1)
            if attributes.get("hidden") in ("1", "true"):
                self.oddities.hidden_rows.add(self._row)
        elif name == "c":
            self.place = _place(attributes.get("r", "")) or (self._row, self.place[1] + 1)
            self._kind, self._formula, self.value = attributes.get("t", "n"), False, ""
        elif name == "f":
            self._formula = True
        self.in_text = name in ("v", "t")

    def finish(self, name: str) -> None:
        """A cell of an error holds its text; one with a formula, and neither result nor text, was never calculated."""
        if name == "c" and self._kind == "e":
            self.oddities.texts[self.place] = self.value
        elif name == "c" and self._formula and self._lacks_result():
            self.oddities.texts[self.place] = NO_RESULT

    def _lacks_result(self) -> bool:
        """A result that is an empty text says that it is a text."""
        is_assumed = self._recalculates and self._kind == "n" and self.value == "0"
        return is_assumed or (not self.value and self._kind != "str")


class _Ods(_Cells):
    def __init__(self, sheet: str) -> None:
        super().__init__()
        self._sheet, self._inside, self._has_error, self._formula = sheet, False, False, False
        self._row, self._column, self._rows, self._columns = 0, 0, 0, 0

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """Where a cell is follows from those before it, which may stand for several."""
        if name == "table":
            self._inside, self._row, self._rows = attributes.get("name") == self._sheet, 0, 0
        elif name == "table-row":
            self._row, self._rows = self._row + self._rows, int(attributes.get("number-rows-repeated", 1))
            self._column, self._columns = 0, 0
            if self._inside and attributes.get("visibility", "visible") != "visible":
                self.oddities.hidden_rows.update(range(self._row, self._row + min(self._rows, _MOST_HIDDEN)))
        elif name in ("table-cell", "covered-table-cell"):
            self._column += self._columns
            self._columns = int(attributes.get("number-columns-repeated", 1))
            kinds = [value for key, value in attributes.items() if key.endswith("value-type")]
            self._has_error, self._formula = "error" in kinds, "formula" in attributes and not kinds
            self.place, self.value = (self._row, self._column), ""
            deep, wide = (int(attributes.get(f"number-{axis}-spanned", 1)) for axis in ("rows", "columns"))
            if self._inside and deep > 1:
                last = (self._row + deep - 1, self._column + wide - 1)
                self.oddities.merges.append((self._row, self._column, *last))
        self.in_text = name == "p"

    def finish(self, name: str) -> None:
        """A failed cell holds its text; one with a formula, and neither kind nor text, was never calculated."""
        if self._inside and name == "table-cell":
            if self._has_error:
                self.oddities.texts[self.place] = self.value
            elif self._formula and not self.value:
                self.oddities.texts[self.place] = NO_RESULT


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


def _read(archive: zipfile.ZipFile, member: str, signs: tuple[bytes, ...], cells: _Cells) -> Oddities:
    if not _holds(archive, member, signs):
        return Oddities()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = cells.start
    parser.EndElementHandler = cells.end
    parser.CharacterDataHandler = cells.text
    _feed(archive, member, lambda piece: parser.Parse(piece, False))
    return cells.oddities


def _holds(archive: zipfile.ZipFile, member: str, signs: tuple[bytes, ...]) -> bool:
    """Whether one of some signs is in a part of a workbook."""
    tail, holds = b"", False

    def look(piece: bytes) -> None:
        """Look for the signs in a piece, and where it meets the one before."""
        nonlocal tail, holds
        holds = holds or any(sign in tail + piece for sign in signs)
        tail = piece[-_LONGEST_SIGN:]

    _feed(archive, member, look)
    return holds


def _feed(archive: zipfile.ZipFile, member: str, take: Callable[[bytes], object]) -> None:
    with archive.open(member) as part:
        while piece := part.read(_PIECE):
            take(piece)
