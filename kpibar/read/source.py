"""A file -> what its bytes are, and what is in it, unpacked and in pieces.

The bytes decide, never the name. Only regular files are opened, nothing is unpacked to disk, nothing is held whole,
and a file that changes between the first byte read and the last is refused.
"""

import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Literal, Protocol

from kpibar.database.key_files import is_copy_of_key, is_key_name, is_key_place, key_form
from kpibar.errors import KpibarError
from kpibar.read.archive import BLOCK, USUAL, Caps, Member, Meter, choose, inflate, members, refuse_expansion, unpack
from kpibar.read.errors import (
    ArchiveNested,
    FileChanged,
    FileIsDirectory,
    FileMissing,
    FileNotRegular,
    FileNotText,
    FileUnreadable,
    KeyMaterial,
    MemberUnknown,
)

Kind = Literal["text", "json", "sheet", "parquet"]
HEAD = 4096
_BINARY_MARKS = (
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
)
_COMPRESSIONS = (
    (b"PK\x03\x04", "zip", "an archive or a workbook"),
    (b"PK\x05\x06", "zip", "an archive"),
    (b"\x1f\x8b\x08", "gzip", "another archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet", "an old Excel workbook (.xls)"),
    (b"PAR1", "parquet", "a Parquet file"),
)
_PAGE = re.compile(rb"(<!doctype\s+html|<html|<head|<meta|<table|<body|<style)\b|mime-version:", re.I)
_XML = re.compile(rb"<\?xml\b", re.I)
_JSON = re.compile(rb'(\{\s*("([^"\\]|\\.)*("\s*:|$)|\}|$)|\[\s*([{\[\]]|$))')


class Digest(Protocol):
    """A running hash."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""


@dataclass(frozen=True)
class Source:
    """An opened and recognised file.

    `path` is how the user named it, `disk` the file, `size` its bytes on disk, `kind` what its content is, `member` the
    file in an archive that is read, `part` the sheet or list that was asked for, `head` the content's first bytes,
    `stamp` what must not change while it is read. `alone` tells that nobody had to choose among several.
    """

    path: Path
    disk: Path
    size: int
    stamp: tuple[int, ...]
    compression: Literal["plain", "gzip", "zip"]
    kind: Kind
    member: str | None = None
    part: str | None = None
    alone: bool = True
    head: bytes = field(default=b"", repr=False)
    entry: Member | None = None
    caps: Caps = USUAL

    def pieces(self, digest: Digest | None = None) -> Generator[bytes, None, None]:
        """The content, read from disk anew, in pieces of about 1 MiB; `digest` takes in the bytes on disk.

        Raises FileChanged, FileUnreadable, FileDamaged, FileTooLarge.
        """
        with open_file(self.disk) as handle:
            _refuse_changed(self.path, handle, self.stamp)
            if self.entry is not None:
                for block in self._blocks(handle, digest) if digest else ():
                    del block
                yield from unpack(self.path, handle, self.entry, self.caps)
            elif self.compression == "gzip":
                meter = Meter(self.path, self.caps)
                blocks = meter.count_compressed(self._blocks(handle, digest))
                yield from meter.check_pieces(inflate(self.path, blocks, gzip=True))
            else:
                yield from self._blocks(handle, digest)
            _refuse_changed(self.path, handle, self.stamp)

    def _blocks(self, handle: IO[bytes], digest: Digest | None) -> Iterator[bytes]:
        """The bytes on disk; as many as the system said there are."""
        read = 0
        while block := _read(self.path, handle):
            read += len(block)
            if digest is not None:
                digest.update(block)
            yield block
        if read != self.size:
            raise FileChanged(self.path)

    @contextmanager
    def whole(self) -> Iterator[IO[bytes]]:
        """The file itself, for a reader that jumps about in it. Raises FileChanged, also on leaving."""
        with open_file(self.disk) as handle:
            _refuse_changed(self.path, handle, self.stamp)
            yield handle
            _refuse_changed(self.path, handle, self.stamp)


def open_source(path: Path, caps: Caps = USUAL) -> Source:
    """Find out what a file is; `archive.zip:member.csv` names one of several members, `book.xlsx:sheet` a sheet.

    Raises FileMissing, FileIsDirectory, FileNotRegular, FileUnreadable, FileNotText for what is no export,
    FileTooLarge, FileDamaged, FileEncrypted, ArchiveUnsafe, ArchiveNested, KeyMaterial, MemberNeeded, MemberUnknown.
    """
    disk, member = locate(path)
    with open_file(disk) as handle:
        status = os.fstat(handle.fileno())
        plain = Source(path, disk, status.st_size, _stamp(status), "plain", "text", caps=caps)
        head = _read(path, handle)[:HEAD]
        _refuse_keys(path, disk, head, status.st_size)
        compression = next((kind for magic, kind, _ in _COMPRESSIONS if head.startswith(magic)), None)
        if compression == "zip":
            return _open_member(plain, handle, member)
    if compression == "sheet":
        return replace(plain, kind="sheet", part=member, alone=member is None)
    source = replace(plain, head=head, kind=_text_kind(path, head)) if compression is None else plain
    if source.kind == "json":
        return replace(source, part=member, alone=member is None)
    if member is not None:
        raise MemberUnknown(path, member, [disk.name])
    if compression == "parquet":
        return replace(plain, kind="parquet")
    if compression == "gzip":
        return _content(replace(plain, compression="gzip"))
    return source


def _refuse_keys(path: Path, disk: Path, head: bytes, size: int) -> None:
    """Raises KeyMaterial."""
    form = key_form(head, size)
    for is_key, key_kind in (
        (is_key_name(disk), "by its name"),
        (form is not None, form or ""),
        (is_key_place(disk), "by its place"),
        (is_copy_of_key(disk, size), "a copy of the key"),
    ):
        if is_key:
            raise KeyMaterial(path, key_kind)


def locate(path: Path) -> tuple[Path, str | None]:
    """The file on disk, and what is named after a colon when there is no file of the whole name."""
    text = str(path)
    place = text.rfind(":")
    if not path.exists():
        while place > 0:
            if Path(text[:place]).is_file():
                return Path(text[:place]), text[place + 1 :]
            place = text.rfind(":", 0, place)
    return path, None


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """A regular file, open for reading, unbuffered; what is none is refused without waiting for it."""
    with open_regular(path) as handle:
        yield handle


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file. Raises FileMissing, FileIsDirectory, FileNotRegular, FileUnreadable."""
    try:
        _refuse_irregular(path, path.stat().st_mode)
        # Between the two looks at it the file may have become a pipe, which must not be waited for.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise FileMissing(path) from error
    except (OSError, ValueError) as error:
        raise FileUnreadable(path, getattr(error, "strerror", None) or str(error)) from error
    handle = os.fdopen(number, "rb", buffering=0)
    try:
        _refuse_irregular(path, os.fstat(number).st_mode)
    except KpibarError:
        handle.close()
        raise
    return handle


def _refuse_irregular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise FileIsDirectory(path)
    if not stat.S_ISREG(mode):
        raise FileNotRegular(path)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _refuse_changed(path: Path, handle: IO[bytes], stamp: tuple[int, ...]) -> None:
    if _stamp(os.fstat(handle.fileno())) != stamp:
        raise FileChanged(path)


def _read(path: Path, handle: IO[bytes]) -> bytes:
    try:
        return handle.read(BLOCK)
    except OSError as error:
        raise FileUnreadable(path, error.strerror or str(error)) from error


def _open_member(plain: Source, handle: IO[bytes], member_name: str | None) -> Source:
    """A workbook, whose parts are looked at before a library unpacks it, or a member of an archive."""
    path, caps = plain.path, plain.caps
    entries = members(path, handle, plain.size, caps)
    names = {member.name for member in entries}
    if names & {"xl/workbook.xml", "xl/workbook.bin"} or {"content.xml", "META-INF/manifest.xml"} <= names:
        content_size = sum(member.size for member in entries)
        refuse_expansion(path, plain.size, content_size, replace(caps, content_bytes=caps.workbook))
        return replace(plain, kind="sheet", part=member_name, alone=member_name is None)
    if "[Content_Types].xml" in names:
        raise FileNotText(path, "a text document or a presentation")
    member = choose(path, entries, member_name)
    alone = member_name is None
    return _content(replace(plain, compression="zip", member=member.name, alone=alone, entry=member))


def _content(archive: Source) -> Source:
    """An archive's content, recognised by its first bytes. Raises ArchiveNested, FileNotText."""
    head = b""
    with closing(archive.pieces()) as pieces:
        for piece in pieces:
            head += piece
            if len(head) >= HEAD:
                break
    form = key_form(head[:HEAD], len(head))
    if form is not None or (archive.member is not None and is_key_name(Path(archive.member))):
        raise KeyMaterial(archive.path, form or "by its name")
    inner = next((kind for magic, _, kind in _COMPRESSIONS if head.startswith(magic)), None)
    if inner is not None:
        raise ArchiveNested(archive.path, inner)
    return replace(archive, head=head[:HEAD], kind=_text_kind(archive.path, head[:HEAD]))


def _text_kind(path: Path, head: bytes) -> Kind:
    """Text or JSON. Raises FileNotText for web pages and known binary files."""
    for magic, looks_like in _BINARY_MARKS:
        if head.startswith(magic):
            raise FileNotText(path, looks_like)
    # Enough of UTF-16 to see its ASCII.
    begins = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    begins = begins.replace(b"\0", b"").lstrip()
    if _PAGE.match(begins) or _XML.match(begins):
        raise FileNotText(path, "a web page or XML, whatever its name says")
    return "json" if _JSON.match(begins) else "text"
