"""Zip archives whose members do not fill them, and those of ordinary writers, which do."""

import gzip
import io
import os
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from kpibar.layouts.layout import shelf
from kpibar.read.errors import FileDamaged
from kpibar.read.export import open_export
from tests.intake import write

NAMES = shelf(None).vocabulary()
CONTENT = "contact_id,created_at\n1,2025-03-01 10:00:00\n"
END = 22


class _Stream(io.RawIOBase):
    """A target that cannot be sought in: writers put descriptors behind their members."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.content += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def packed(*names: str, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"", large: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.comment = comment
        for name in names or ("a.csv",):
            with archive.open(name, "w", force_zip64=large) as member:
                member.write(CONTENT.encode())
    return out.getvalue()


def streamed(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = _Stream()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.csv", CONTENT)
        archive.writestr("__MACOSX/._a.csv", "x")
    return out.content


def without_signatures(content: bytes) -> bytes:
    """The same archive of one member with the descriptor in its older form, without signature."""
    place = content.index(b"PK\x07\x08")
    made = bytearray(content[:place] + content[place + 4 :])
    start = struct.unpack_from("<L", made, len(made) - 6)[0]
    struct.pack_into("<L", made, len(made) - 6, start - 4)
    return bytes(made)


def one_streamed() -> bytes:
    out = _Stream()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CONTENT)
    return out.content


def moved(content: bytes, more: int) -> bytes:
    """The archive as if it began so many bytes further on: its offsets fit where it then stands."""
    made = bytearray(content)
    start = struct.unpack_from("<L", made, len(made) - 6)[0]
    struct.pack_into("<L", made, len(made) - 6, start + more)
    place = start
    while made[place : place + 4] == b"PK\x01\x02":
        struct.pack_into("<L", made, place + 42, struct.unpack_from("<L", made, place + 42)[0] + more)
        place += 46 + sum(struct.unpack_from("<HHH", made, place + 28))
    return bytes(made)


def changed(content: bytes, offset: int, form: str, value: int) -> bytes:
    """The archive with another value in its end."""
    made = bytearray(content)
    struct.pack_into(form, made, len(made) - END + offset, value)
    return bytes(made)


def gapped(junk: bytes) -> bytes:
    """Two members with bytes between them, all offsets right."""
    made = packed("a.csv", ".b")
    second = made.index(b"PK\x03\x04", 4)
    out = bytearray(made[:second] + junk + made[second:])
    start = struct.unpack_from("<L", made, len(made) - 6)[0] + len(junk)
    struct.pack_into("<L", out, len(out) - 6, start)
    entry = out.index(b"PK\x01\x02", start + 4)
    struct.pack_into("<L", out, entry + 42, second + len(junk))
    return bytes(out)


def overlapping() -> bytes:
    """Two names for one stretch of bytes."""
    made = bytearray(packed("a.csv", "b.csv"))
    start = struct.unpack_from("<L", made, len(made) - 6)[0]
    second = made.index(b"PK\x01\x02", start + 4)
    struct.pack_into("<L", made, second + 42, 0)
    return bytes(made)


def fewer() -> bytes:
    """The directory leaves out the second of two members."""
    made = packed("a.csv", "b.csv")
    start = struct.unpack_from("<L", made, len(made) - 6)[0]
    second = made.index(b"PK\x01\x02", start + 4)
    end = made[-END:]
    out = made[:second] + end
    return changed(changed(changed(out, 12, "<L", second - start), 8, "<H", 1), 10, "<H", 1)


def twice() -> bytes:
    out = io.BytesIO()
    with pytest.warns(UserWarning), zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", CONTENT)
        archive.writestr("a.csv", CONTENT.replace("1,", "2,"))
    return out.getvalue()


ONE = packed()
REFUSED = {
    "two archives": (ONE + packed("b.csv"), "bytes on; it may be several archives joined"),
    "two archives, offsets right": (ONE + moved(packed("b.csv"), len(ONE)), "stand before its first member"),
    "three archives": (ONE * 3, "several archives joined"),
    "bytes behind": (ONE + b"\nmore,data\n", "11 bytes follow its end"),
    "an archive in the comment": (packed(comment=packed("b.csv")), "it ends in 2 ways"),
    "a local header before": (ONE[:40] + moved(ONE, 40), "40 bytes stand before its first member"),
    "a gap": (gapped(b"hidden"), "6 bytes after a member belong to none"),
    "a gap of a descriptor's size": (gapped(b"x" * 16), "16 bytes after a member belong to none"),
    "a gap of zeros": (gapped(b"\0" * 8), "8 bytes after a member belong to none"),
    "two members of the same bytes": (overlapping(), "share"),
    "a member that is not named": (fewer(), "after a member belong to none"),
    "a name twice": (twice(), "1 names stand for several members each"),
    "a number of members": (changed(changed(ONE, 8, "<H", 3), 10, "<H", 3), "states 3 members and names 1"),
    "a part": (changed(ONE, 4, "<H", 1), "one part of several"),
    "a directory of no size": (changed(ONE, 12, "<L", 1 << 30), "longer than the file"),
    "a directory elsewhere": (changed(ONE, 16, "<L", 3), "is not where its end says"),
    "cut": (ONE[:-8], "ends too early|directory is missing"),
}


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_bytes_that_belong_to_no_member_are_refused(folder: Path, content: bytes, why: str) -> None:
    with pytest.raises(FileDamaged, match=why):
        open_export(write(folder, "a.zip", content), NAMES)


def test_two_ends_that_differ_are_refused(folder: Path) -> None:
    """The larger record of an archive of more than 65,535 members, before the end of an ordinary one."""
    start, length = struct.unpack_from("<L", ONE, len(ONE) - 6)[0], struct.unpack_from("<L", ONE, len(ONE) - 10)[0]
    at = len(ONE) - END

    def with_record(members: int, place: int) -> bytes:
        record = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, members, members, length, start)
        return ONE[:-END] + record + b"PK\x06\x07" + struct.pack("<LQL", 0, place, 1) + ONE[-END:]

    assert len(open_export(write(folder, "fine.zip", with_record(1, at)), NAMES).columns) == 2
    for content, why in ((with_record(2, at), "state different directories"), (with_record(1, at - 1), "not where")):
        with pytest.raises(FileDamaged, match=why):
            open_export(write(folder, "odd.zip", content), NAMES)


def test_bytes_behind_the_content_of_a_member_are_refused(folder: Path) -> None:
    """The packed size takes in more than the packed content."""
    made = packed()
    start = struct.unpack_from("<L", made, len(made) - 6)[0]
    out = bytearray(made[:start] + b"hidden" + made[start:])
    struct.pack_into("<L", out, len(out) - 6, start + 6)
    for place in (18, start + 6 + 20):
        struct.pack_into("<L", out, place, struct.unpack_from("<L", out, place)[0] + 6)
    with pytest.raises(FileDamaged, match="bytes follow the end of a member"):
        open_export(write(folder, "a.zip", bytes(out)), NAMES)


SOUND = {
    "stored": packed(method=zipfile.ZIP_STORED),
    "packed": ONE,
    "with a comment": packed(comment=b"exported by a tool"),
    "padded with zeros": ONE + b"\0" * 512,
    "of a large writer": packed(large=True),
    "streamed": streamed(),
    "streamed, stored": streamed(zipfile.ZIP_STORED),
    "streamed, older": without_signatures(one_streamed()),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_ordinary_archives_are_read(folder: Path, content: bytes) -> None:
    assert len(open_export(write(folder, "a.zip", content), NAMES).columns) == 2


def test_ordinary_writers_fill_their_archives(folder: Path) -> None:
    """XlsxWriter, Info-ZIP with folders and streaming, and an archive that was added to."""
    rows = [line.split(",") for line in CONTENT.splitlines()]
    with xlsxwriter.Workbook(folder / "one.xlsx") as other:
        sheet = other.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    names = ["one.xlsx"]
    write(folder, "sub/a.csv", CONTENT)
    if shutil.which("zip"):
        subprocess.run(["zip", "-qr", "three.zip", "sub"], cwd=folder, check=True)
        with (folder / "four.zip").open("wb") as out:
            subprocess.run(["zip", "-q", "-", "sub/a.csv"], cwd=folder, stdout=out, check=True)
        names += ["three.zip", "four.zip"]
    with zipfile.ZipFile(folder / "five.zip", "w") as archive:
        archive.mkdir("sub")
        archive.writestr(".hidden", "x")
    with zipfile.ZipFile(folder / "five.zip", "a") as archive:
        archive.writestr("a.csv", CONTENT)
    for name in (*names, "five.zip"):
        assert len(open_export(folder / name, NAMES).columns) == 2, name
    joined = 2 * (folder / "one.xlsx").read_bytes()
    with pytest.raises(FileDamaged, match="several archives joined"):
        open_export(write(folder, "joined.xlsx", joined), NAMES)


def test_several_gzip_files_in_a_row_are_all_read_and_what_follows_them_is_refused(folder: Path) -> None:
    first, more = gzip.compress(CONTENT.encode()), gzip.compress(b"2,2025-03-01 10:00:00\n")
    text = b"".join(open_export(write(folder, "a.csv.gz", first + more + b"\0" * 100), NAMES).blocks())
    assert text.count(b"\n") == 2
    for rest in (b"x", b"more,data\n", first[:7], os.urandom(50)):
        with pytest.raises(FileDamaged):
            open_export(write(folder, "a.csv.gz", first + rest), NAMES)
