"""Workbooks written for the tests: xlsx by a library, ods and xls by hand, each with one sheet after an empty one."""

import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import xlsxwriter

Cell = str | int | float | bool | datetime | None
Rows = Sequence[Sequence[Cell]]


def xlsx(rows: Rows, name: str = "Data", **more: Rows) -> bytes:
    """A workbook whose first sheet says nothing, then one of that name and those of further names."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_numbers": False}) as book:
        book.add_worksheet("Read me").write(0, 0, "Exported by the support desk")
        for title, table in ({name: rows} | more).items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(table):
                for place, cell in enumerate(row):
                    sheet.write(number, place, cell)
    return out.getvalue()


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3"><office:body><office:spreadsheet>
<table:table table:name="Data">{}</table:table></office:spreadsheet></office:body></office:document-content>"""


def ods(rows: Rows) -> bytes:
    """A spreadsheet of LibreOffice's kind."""
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    return ods_of(ODS.format(lines))


def ods_of(content: str) -> bytes:
    """A spreadsheet with this content.xml."""
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return out.getvalue()


def _ods_cell(cell: Cell) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, bool):
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
    if isinstance(cell, datetime):
        return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"/>'
    if isinstance(cell, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    text = f"<text:p>{escape(cell)}</text:p>"
    return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'


# --- xls: BIFF8 records in a compound file -------------------------------------------------------------

_FREE, _CHAIN_END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_DAYS_BEFORE_1970 = 25_569


def xls(rows: Rows) -> bytes:
    """A workbook of Excel 97: dates are numbers with a date format, as there."""
    bound = _record(0x85, bytes(4) + b"\0\0" + b"\4\0Data")
    # Format 22 is a date with a time, format 0 is plain.
    formats = b"".join(_record(0xE0, struct.pack("<HHHH", 0, code, 0, 0) + bytes(12)) for code in (0, 22))
    start = len(_begin(5)) + len(bound) + len(formats) + 4
    bound = _record(0x85, struct.pack("<L", start) + b"\0\0" + b"\4\0Data")
    cells = b"".join(_xls_cell(y, x, cell) for y, row in enumerate(rows) for x, cell in enumerate(row))
    size = _record(0x200, struct.pack("<LLHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    return _compound(_begin(5) + bound + formats + _record(0x0A) + _begin(0x10) + size + cells + _record(0x0A))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _begin(kind: int) -> bytes:
    return _record(0x809, struct.pack("<HHHHLL", 0x600, kind, 0, 0, 0, 0))


def _xls_cell(row: int, column: int, cell: Cell) -> bytes:
    if cell is None:
        return b""
    if isinstance(cell, bool):
        return _record(0x205, struct.pack("<HHHBB", row, column, 0, cell, 0))
    if isinstance(cell, datetime):
        days = (cell - datetime(1970, 1, 1)).total_seconds() / 86_400 + _DAYS_BEFORE_1970
        return _record(0x203, struct.pack("<HHHd", row, column, 1, days))
    if isinstance(cell, int | float):
        return _record(0x203, struct.pack("<HHHd", row, column, 0, cell))
    return _record(0x204, struct.pack("<HHHHB", row, column, 0, len(cell), 1) + cell.encode("utf-16-le"))


def _compound(stream: bytes) -> bytes:
    """One stream called Workbook: header, its sectors, a directory, an allocation table, of 512 bytes each."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512
    table = [*range(1, count), _CHAIN_END, _CHAIN_END, _FAT]
    directory = _entry("Root Entry", 5, 1, _CHAIN_END, 0) + _entry("Workbook", 2, _FREE, 0, len(stream)) + bytes(256)
    header = struct.pack(
        "<8s16xHHHHH6xLLLLLLLLL", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, count, 0, 4096, _CHAIN_END, 0, _CHAIN_END, 0,
    )  # fmt: skip
    header += struct.pack("<109L", count + 1, *[_FREE] * 108)
    allocation = struct.pack("<128L", *table, *[_FREE] * (128 - len(table)))
    return header + stream + directory + allocation


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBLLL36xLQ", coded, len(coded), kind, 1, _FREE, _FREE, child, start, size)
