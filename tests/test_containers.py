"""Whatever an export is packed in, the same rows; and what is packed to do harm, does none."""

import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpibar.errors import KpibarError
from kpibar.layouts.layout import shelf
from kpibar.read.archive import Caps
from kpibar.read.errors import (
    ArchiveNested,
    ArchiveUnsafe,
    FileChanged,
    FileDamaged,
    FileEmpty,
    FileIsDirectory,
    FileNotRegular,
    FileNotText,
    FileTooLarge,
    MemberNeeded,
    MemberUnknown,
)
from kpibar.read.export import Export, open_export
from kpibar.read.records import Record
from kpibar.read.source import open_source
from tests.intake import column, held, records, take, take_text, write
from tests.workbooks import xlsx

VOCABULARY = shelf(None).vocabulary()
CSV = b"contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n2,2025-03-01 11:00:00,phone\n"
IDS = ["1", "2"]
LONG = CSV.splitlines(keepends=True)[0] + b"".join(b"%d,2025-03-01 10:00:00,email\n" % n for n in range(300_000))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            # Without a date of its own a member has that of now, and a test would be named after it.
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def opened(folder: Path, content: bytes, name: str = "export", member: str = "") -> Export:
    path = write(folder, name, content)
    return open_export(Path(f"{path}:{member}") if member else path, VOCABULARY)


def ids(export: Export) -> list[str]:
    return [item.cells[0] for item in records(export) if isinstance(item, Record)]


# --- what the bytes are --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        gzip.compress(CSV),
        gzip.compress(CSV[:40]) + gzip.compress(CSV[40:]),
        gzip.compress(CSV) + bytes(512),
        zipped(("calls.csv", CSV)),
        zipped(("calls.csv", CSV), method=zipfile.ZIP_STORED),
        zipped(("export/", b""), ("export/calls.csv", CSV), ("__MACOSX/._calls.csv", b"\0\5"), (".DS_Store", b"x")),
    ],
    ids=["plain", "gzip", "gzip in two", "gzip padded", "zip", "zip stored", "zip of a Mac"],
)
@pytest.mark.parametrize("name", ["export.csv", "export.xlsx", "export"])
def test_the_bytes_and_not_the_name_decide(folder: Path, content: bytes, name: str) -> None:
    export = opened(folder, content, name)
    assert ids(export) == IDS
    assert export.size == len(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("a.csv", content))], ids=["gzip", "zip"])
def test_a_packed_text_climbs_the_same_ladder(folder: Path, pack: object, encoding: str) -> None:
    assert callable(pack)
    export = opened(folder, pack(f"{CSV.decode()}3,2025-03-01 10:00:00,Téléphone\n".encode(encoding)))
    assert export.encoding == encoding
    assert ids(export) == [*IDS, "3"]


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"%PDF-1.7\n%", "PDF"),
        (b"<html><table><tr><td>contact_id</td></tr></table></html>", "web page"),
        (b"\xef\xbb\xbf  <!DOCTYPE HTML>\n<table>", "web page"),
        ("<html>".encode("utf-16"), "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "web page or XML"),
        (b"MIME-Version: 1.0\r\n", "web page"),
        (b"SQLite format 3\0", "SQLite"),
        (b"BZh91AY", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x89PNG\r\n", "picture"),
        (zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), "text document"),
    ],
)
@pytest.mark.parametrize("name", ["export.csv", "export.xls"])
def test_what_is_no_export_is_refused_by_its_name(folder: Path, content: bytes, looks_like: str, name: str) -> None:
    with pytest.raises(FileNotText, match=looks_like):
        opened(folder, content, name)


def test_an_empty_member_is_an_empty_file(folder: Path) -> None:
    for content in (gzip.compress(b""), zipped(("a.csv", b""))):
        with pytest.raises(FileEmpty):
            opened(folder, content)


@pytest.mark.parametrize(
    "inner",
    [gzip.compress(CSV), zipped(("a.csv", CSV)), xlsx([["a"]]), b"PAR1xxxxPAR1"],
    ids=["gz", "zip", "xlsx", "parquet"],
)
def test_what_is_packed_twice_is_refused_with_advice(folder: Path, inner: bytes) -> None:
    for content in (gzip.compress(inner), zipped(("inner", inner))):
        with pytest.raises(ArchiveNested, match="take it out"):
            opened(folder, content)


# --- one of several members ----------------------------------------------------------------------------


def _message(folder: Path, content: bytes) -> str:
    with pytest.raises(MemberNeeded) as found:
        opened(folder, content)
    return str(found.value)


def test_one_of_several_members_is_named_after_a_colon(folder: Path) -> None:
    other = CSV.replace(b"1,", b"9,", 1)
    content = zipped(("2024/calls.csv", CSV), ("mails.csv", other))
    with pytest.raises(MemberNeeded, match=r"holds 2 files: 2024/calls\.csv, mails\.csv"):
        opened(folder, content)
    assert f'kpibar ingest "{folder}' in _message(folder, content)
    many = zipped(*((f"{n}.csv", CSV) for n in range(40)))
    assert "and 28 more" in _message(folder, many) and "kpibar ingest" not in _message(folder, many)
    assert ids(opened(folder, content, member="2024/calls.csv")) == IDS
    assert ids(opened(folder, content, member="calls.csv")) == IDS
    assert ids(opened(folder, content, member="mails.csv")) == ["9", "2"]
    with pytest.raises(MemberUnknown, match=r"did you mean mails\.csv"):
        opened(folder, content, member="mail.csv")


def test_two_members_of_one_archive_are_two_files(folder: Path) -> None:
    """The second is not taken for the first because the archive is the same."""
    path = write(folder, "year.zip", zipped(("a.csv", CSV), ("b.csv", CSV.replace(b"\n1,", b"\n9,"))))
    first, second = take(folder, Path(f"{path}:a.csv"), Path(f"{path}:b.csv"))
    again = take(folder, Path(f"{path}:a.csv"))[0]
    assert (first.counts.added, second.counts.added) == (2, 1)
    assert again.same_as_before is not None
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["1", "2", "9"]


def test_a_colon_in_a_name_is_no_member(folder: Path) -> None:
    assert ids(opened(folder, CSV, "10:30.csv")) == IDS
    with pytest.raises(MemberUnknown):
        opened(folder, CSV, "export.csv", member="sheet")


# --- not a regular file --------------------------------------------------------------------------------


def test_pipes_devices_and_folders_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path in (folder / "pipe", Path("/dev/zero"), Path("/dev/tty")):
        with pytest.raises(FileNotRegular):
            open_source(path)
    with pytest.raises(FileIsDirectory):
        open_source(folder)


def test_a_link_to_a_device_is_what_it_leads_to(folder: Path) -> None:
    (folder / "link.csv").symlink_to("/dev/zero")
    with pytest.raises(FileNotRegular):
        open_source(folder / "link.csv")


@pytest.mark.long
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda content: zipped(("a.csv", content))])
def test_a_file_that_changes_while_it_is_read_is_refused(folder: Path, pack: object) -> None:
    assert callable(pack)
    export = opened(folder, pack(LONG))
    blocks = export.blocks()
    assert next(blocks)
    with (folder / "export").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(FileChanged):
        list(blocks)
    with pytest.raises(FileChanged):
        next(export.blocks())


def test_a_file_that_is_replaced_between_two_readings_is_refused(folder: Path) -> None:
    export = opened(folder, CSV)
    write(folder, "new", CSV.replace(b"email", b"phone")).replace(folder / "export")
    with pytest.raises(FileChanged):
        list(export.blocks())


# --- archives made to do harm --------------------------------------------------------------------------


@pytest.mark.long
def test_a_gzip_bomb_is_stopped_while_it_unpacks(folder: Path) -> None:
    """A thousand to one: 200 kB that would be 200 MiB. It ends at a hundred times its size, or soon after 10 MB."""
    squeezer = zlib.compressobj(9, wbits=31)
    bomb = squeezer.compress(CSV) + b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(200))
    with pytest.raises(FileTooLarge, match="more than 100 times"):
        opened(folder, bomb + squeezer.flush())


def test_a_zip_bomb_is_stopped_whatever_size_it_states(folder: Path) -> None:
    bomb = zipped(("a.csv", CSV + bytes(30 << 20)))
    with pytest.raises(FileTooLarge):
        opened(folder, bomb)
    lying = bytearray(bomb)
    struct.pack_into("<L", lying, lying.index(b"PK\x01\x02") + 24, len(CSV))
    with pytest.raises(FileTooLarge):
        opened(folder, bytes(lying))


@pytest.mark.long
@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("a.csv", content))], ids=["gzip", "zip"])
def test_the_expanded_size_has_a_limit_of_its_own(folder: Path, pack: object) -> None:
    assert callable(pack)
    path = write(folder, "a.csv.gz", pack(LONG))
    assert sum(map(len, open_source(path).pieces())) == len(LONG)
    with pytest.raises(FileTooLarge, match="more than 4 MiB"):
        list(open_source(path, Caps(content_bytes=4 << 20)).pieces())


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(folder: Path) -> None:
    bomb = zipped(("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", bytes(60 << 20)))
    with pytest.raises(FileTooLarge, match="more than 100 times"):
        opened(folder, bomb)


def test_an_archive_of_too_many_members_is_refused(folder: Path) -> None:
    content = zipped(*((f"{number}.csv", b"") for number in range(10_001)), method=zipfile.ZIP_STORED)
    with pytest.raises(FileTooLarge, match="more than 10,000 members"):
        opened(folder, content)


@pytest.mark.parametrize(
    "name", ["../a.csv", "/etc/a.csv", "a/../../b.csv", "..\\a.csv", "\\\\host\\a.csv", "C:\\a.csv", "C:a.csv", ".."]
)
def test_a_member_that_reaches_out_of_the_archive_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ArchiveUnsafe):
        opened(folder, zipped((name, CSV), ("good.csv", CSV)), member="good.csv")


def test_a_name_with_two_dots_inside_reaches_nowhere(folder: Path) -> None:
    assert ids(opened(folder, zipped(("calls..2025.csv", CSV)))) == IDS


def flips(content: bytes, step: int = 1) -> Iterator[bytes]:
    """The content with one byte turned over, for every step-th byte."""
    for place in range(0, len(content), step):
        yield content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("a.csv", content))], ids=["gzip", "zip"])
def test_an_archive_cut_or_altered_at_any_byte_gives_all_its_rows_or_none(folder: Path, pack: object) -> None:
    assert callable(pack)
    whole = pack(CSV)
    for content in (*(whole[:length] for length in range(len(whole))), *flips(whole), whole + b"garbage"):
        try:
            export = opened(folder, content)
            read = ids(export)
        except KpibarError:
            continue
        assert read == IDS


def test_a_wrong_checksum_is_told(folder: Path) -> None:
    altered = zipped(("a.csv", CSV), method=zipfile.ZIP_STORED).replace(b"email", b"phone")
    with pytest.raises(FileDamaged, match="checksum"):
        opened(folder, altered)
    squeezed = bytearray(gzip.compress(CSV))
    squeezed[-8] ^= 1
    with pytest.raises(FileDamaged):
        opened(folder, bytes(squeezed))


def test_a_method_nobody_reads_is_told(folder: Path) -> None:
    with pytest.raises(FileDamaged, match="method"):
        opened(folder, zipped(("a.csv", CSV), method=zipfile.ZIP_LZMA))


def test_an_archive_is_never_unpacked_to_disk(folder: Path) -> None:
    take_text(folder, zipped(("a.csv", CSV)), name="year.zip")
    assert held(folder, "SELECT name, encoding FROM files") == [("year.zip", "utf-8")]
    assert {path.name for path in folder.iterdir()} <= {
        "year.zip", "kpibar.toml", "test.duckdb", "test.duckdb.last",
    }  # fmt: skip
