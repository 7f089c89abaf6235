"""Archives, read from disk in pieces: never unpacked to a file, never trusted for the sizes they state."""

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kpibar.privacy.disclosure import find_part, show_name
from kpibar.read.errors import ArchiveUnsafe, FileDamaged, FileEncrypted, FileTooLarge, MemberNeeded, MemberUnknown

BLOCK = 1 << 20
_LARGEST_DIRECTORY = 16 << 20
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
_SYSTEM = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
_ENCRYPTION_FLAGS = 0x1 | 0x40 | 0x2000
_STORE, _DEFLATE = 0, 8


@dataclass(frozen=True)
class Caps:
    """How far a file may expand: bytes in all, bytes for each byte on disk (past `free` bytes), members, and
    bytes of a workbook, which is held in memory."""

    content_bytes: int = 2 << 30
    ratio: int = 100
    free: int = 10 << 20
    members: int = 10_000
    workbook: int = 1 << 30


USUAL = Caps()


@dataclass(frozen=True)
class Member:
    """One entry of a zip directory: name, method, packed and stated size in bytes, checksum, place on disk."""

    name: str
    method: int
    compressed_size: int
    size: int
    crc: int
    place: int
    is_encrypted: bool


class Meter:
    """Counts bytes before and after unpacking and refuses a bomb while it goes off."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self.path, self.caps = path, caps
        self.compressed_size = self.content_size = 0

    def count_compressed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The packed blocks, counted."""
        for block in blocks:
            self.compressed_size += len(block)
            yield block

    def check_pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The unpacked pieces, as long as they stay within the caps. Raises FileTooLarge."""
        for piece in pieces:
            self.content_size += len(piece)
            refuse_expansion(self.path, self.compressed_size, self.content_size, self.caps)
            yield piece


def refuse_expansion(path: Path, compressed_size: int, content_size: int, caps: Caps) -> None:
    """Raises FileTooLarge when `content_size` bytes out of `compressed_size` pass a cap."""
    if content_size > caps.content_bytes:
        raise FileTooLarge(path, f"unpacks to more than {caps.content_bytes >> 20:,} MiB")
    if content_size > caps.free and content_size > caps.ratio * compressed_size:
        raise FileTooLarge(path, f"unpacks to more than {caps.ratio} times its size")


def inflate(path: Path, blocks: Iterable[bytes], *, gzip: bool) -> Iterator[bytes]:
    """The expansion of deflated blocks, in pieces of at most 1 MiB; a gzip file may be several in a row.

    Raises FileDamaged for what is cut, altered or followed by something else.
    """
    kind, window = ("gzip archive", 31) if gzip else ("zip archive", -15)
    inflater = zlib.decompressobj(wbits=window)
    try:
        for block in blocks:
            tail = block
            while tail:
                if inflater.eof:
                    tail = tail.lstrip(b"\0") if gzip else tail  # tape blocks are padded
                    if not tail:
                        break
                    if not gzip:
                        raise FileDamaged(path, kind, "bytes follow the end of a member within it")
                    inflater = zlib.decompressobj(wbits=window)
                yield inflater.decompress(tail, BLOCK)
                tail = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise FileDamaged(path, kind, str(error).partition(": ")[2] or str(error)) from error
    if not inflater.eof:
        raise FileDamaged(path, kind, "it ends too early")


def members(path: Path, handle: IO[bytes], size: int, caps: Caps) -> tuple[Member, ...]:
    """The directory of a zip file of `size` bytes. Raises FileDamaged, FileTooLarge, ArchiveUnsafe."""
    try:
        end_record = directory(handle, size)
        if end_record.size > _LARGEST_DIRECTORY or end_record.members > caps.members:
            raise FileTooLarge(path, f"holds more than {caps.members:,} members")
        with zipfile.ZipFile(handle) as archive:
            entries = archive.infolist()
        refuse_gaps(handle, end_record, entries)
    except StructureFault as error:
        raise FileDamaged(path, "zip archive", str(error)) from error
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, NotImplementedError, EOFError) as error:
        # The library's words may quote a name.
        why = "its directory does not hold together"
        raise FileDamaged(path, "zip archive", why) from error
    for info in entries:
        if _OUTSIDE.search(info.filename) or _OUTSIDE.search(info.orig_filename):
            raise ArchiveUnsafe(path, info.filename[:80])
    return tuple(
        Member(
            info.filename,
            info.compress_type,
            info.compress_size,
            info.file_size,
            info.CRC,
            info.header_offset,
            bool(info.flag_bits & _ENCRYPTION_FLAGS),
        )
        for info in entries
        if not info.filename.endswith("/")
    )


def choose(path: Path, entries: tuple[Member, ...], name: str | None) -> Member:
    """The member called `name`, or the only one that is somebody's file.

    Raises MemberNeeded, MemberUnknown, FileDamaged for an empty archive, FileEncrypted.
    """
    candidates = [member for member in entries if not _SYSTEM.search(member.name)]
    if name is not None:
        exact = [member for member in entries if member.name == name]
        matches = exact or [member for member in candidates if member.name.rpartition("/")[2] == name]
        match = find_part(name, [member.name for member in candidates])
        matches = matches or [member for member in candidates if member.name == match]
        if not matches:
            raise MemberUnknown(path, name, [member.name for member in candidates])
        candidates = matches
    if not candidates:
        raise FileDamaged(path, "zip archive", "there is no file in it")
    if len(candidates) > 1:
        raise MemberNeeded(path, "files", [member.name for member in candidates])
    if candidates[0].is_encrypted:
        raise FileEncrypted(path)
    return candidates[0]


def unpack(path: Path, handle: IO[bytes], member: Member, caps: Caps) -> Iterator[bytes]:
    """The content of a zip member in pieces; its length and checksum must be those stated.

    Raises FileDamaged, FileTooLarge.
    """
    content = _content_place(handle, member.place)
    if content is None:
        raise FileDamaged(path, "zip archive", f"{show_name(member.name)} is not where its directory says")
    handle.seek(content)
    if member.method not in (_STORE, _DEFLATE):
        raise FileDamaged(path, "zip archive", f"{show_name(member.name)} is packed by a method kpibar does not read")
    meter = Meter(path, caps)
    compressed = meter.count_compressed(_stretch(handle, member.compressed_size))
    pieces = compressed if member.method == _STORE else inflate(path, compressed, gzip=False)
    crc = 0
    for piece in meter.check_pieces(pieces):
        crc = zlib.crc32(piece, crc)
        yield piece
    if (meter.content_size, crc) != (member.size, member.crc):
        raise FileDamaged(path, "zip archive", f"the checksum of {show_name(member.name)} is wrong")


def _stretch(handle: IO[bytes], length: int) -> Iterator[bytes]:
    """The next `length` bytes, or as many as there are."""
    remainder = length
    while remainder > 0 and (block := handle.read(min(BLOCK, remainder))):
        remainder -= len(block)
        yield block


_END, _END_64, _LOCATOR, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_END_BYTES, _END_64_BYTES, _LOCATOR_BYTES, _LOCAL_BYTES = 22, 56, 20, 30
_LONGEST_COMMENT = 65_535
_STREAM_FLAG = 0x8
_JOIN_HINT = "it may be several archives joined, of which only the last would be read"
# What a field of 16 or 32 bits holds where its value is in the larger record.
_FULL = (0xFFFF, 0xFFFFFFFF)


class StructureFault(ValueError):
    """Bytes of an archive belong to nothing, or to two things; the message says so."""


@dataclass(frozen=True)
class Directory:
    """Where the directory of an archive begins, how many bytes it takes and how many members it states."""

    start: int
    size: int
    members: int


def directory(handle: IO[bytes], size: int) -> Directory:
    """The directory that the end of an archive of `size` bytes states. Raises StructureFault."""
    base = max(0, size - _END_BYTES - _LONGEST_COMMENT)
    handle.seek(base)
    tail = handle.read(size - base)
    ends = [place for place in _places(tail) if _closes(tail, place)]
    if not ends:
        raise StructureFault(_without_end(tail))
    if len(ends) > 1:
        raise StructureFault(f"it ends in {len(ends)} ways; {_JOIN_HINT}")
    place = ends[0]
    disk, first_disk, entries_on_disk, entry_count, length, start = struct.unpack_from("<HHHHLL", tail, place + 4)
    end = base + place
    if entries_on_disk != entry_count or not {disk, first_disk} <= {0, 0xFFFF}:
        raise StructureFault("it is one part of several")
    larger = _larger(handle, tail, base, place)
    if larger is not None:
        for field, value in zip((entry_count, length, start), larger, strict=True):
            if field not in (*_FULL, value):
                raise StructureFault("its two ends state different directories")
        entry_count, length, start = larger
        end -= _LOCATOR_BYTES + _END_64_BYTES
    if end - length < 0:
        raise StructureFault("its directory is longer than the file")
    if start != end - length:
        off = end - length - start
        raise StructureFault(f"its directory is not where its end says, but {off:,} bytes on; {_JOIN_HINT}")
    return Directory(start, length, entry_count)


def _places(tail: bytes) -> list[int]:
    places, place = [], tail.find(_END)
    while place >= 0:
        places.append(place)
        place = tail.find(_END, place + 1)
    return places


def _closes(tail: bytes, place: int) -> bool:
    """Whether an end of directory ends the file, save zeros behind it."""
    if len(tail) < place + _END_BYTES:
        return False
    comment = struct.unpack_from("<H", tail, place + 20)[0]
    stop = place + _END_BYTES + comment
    return stop <= len(tail) and not tail[stop:].strip(b"\0")


def _without_end(tail: bytes) -> str:
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + _END_BYTES:
        return "its directory is missing"
    trailing_bytes = len(tail) - place - _END_BYTES - struct.unpack_from("<H", tail, place + 20)[0]
    return f"{trailing_bytes:,} bytes follow its end" if trailing_bytes > 0 else "it ends too early"


def _larger(handle: IO[bytes], tail: bytes, base: int, place: int) -> tuple[int, int, int] | None:
    """Members, bytes and place of the directory as the larger record before the end states them; None without one."""
    if place < _LOCATOR_BYTES or not tail.startswith(_LOCATOR, place - _LOCATOR_BYTES):
        return None
    at = base + place - _LOCATOR_BYTES - _END_64_BYTES
    handle.seek(max(at, 0))
    record = handle.read(_END_64_BYTES)
    if at < 0 or len(record) < _END_64_BYTES or not record.startswith(_END_64):
        raise StructureFault("the second of its two ends is missing")
    if struct.unpack_from("<Q", tail, place - _LOCATOR_BYTES + 8)[0] != at:
        raise StructureFault(f"the second of its two ends is not where the first says; {_JOIN_HINT}")
    members, length, start = struct.unpack_from("<QQQ", record, 32)
    return members, length, start


def refuse_gaps(handle: IO[bytes], end_record: Directory, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raises StructureFault where the members do not fill the file up to its directory, each byte once."""
    if len(entries) != end_record.members:
        raise StructureFault(f"its directory states {end_record.members:,} members and names {len(entries):,}")
    twice = [name for name, count in Counter(info.orig_filename for info in entries).items() if count > 1]
    if twice:
        raise StructureFault(f"{len(twice):,} names stand for several members each")
    position, last = 0, None
    for info in sorted(entries, key=lambda info: info.header_offset):
        _refuse_between(handle, position, info.header_offset, last)
        position, last = _end(handle, info), info
    _refuse_between(handle, position, end_record.start, last)


def _end(handle: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the content of a member ends."""
    content = _content_place(handle, info.header_offset)
    if content is None:
        raise StructureFault("a member is not where its directory says")
    return content + info.compress_size


def _content_place(handle: IO[bytes], member: int) -> int | None:
    """Where the content of a member begins, behind its own header; None where there is no such header."""
    if not 0 <= member < 1 << 62:
        return None
    handle.seek(member)
    header = handle.read(_LOCAL_BYTES)
    if len(header) < _LOCAL_BYTES or not header.startswith(_LOCAL):
        return None
    return int(member + _LOCAL_BYTES + sum(struct.unpack_from("<HH", header, 26)))


def _refuse_between(handle: IO[bytes], position: int, start: int, last: zipfile.ZipInfo | None) -> None:
    """Raises StructureFault for bytes between a member and what follows, its descriptor excepted."""
    if start < position:
        raise StructureFault(f"two members, or a member and the directory, share {position - start:,} bytes")
    if start == position:
        return
    if last is None:
        raise StructureFault(f"{start:,} bytes stand before its first member; {_JOIN_HINT}")
    if last.flag_bits & _STREAM_FLAG and start - position in (12, 16, 20, 24):
        handle.seek(position)
        if _is_descriptor(handle.read(start - position), last):
            return
    raise StructureFault(f"{start - position:,} bytes after a member belong to none; {_JOIN_HINT}")


def _is_descriptor(record: bytes, info: zipfile.ZipInfo) -> bool:
    """Whether bytes repeat checksum and sizes of a member, as a writer adds them that did not know them before."""
    values = record.removeprefix(_DESCRIPTOR) if len(record) in (16, 24) else record
    if len(values) not in (12, 20):
        return False
    form = "<LLL" if len(values) == 12 else "<LQQ"
    crc, compressed_size, size = struct.unpack(form, values)
    mask = 0xFFFFFFFF if len(values) == 12 else 0xFFFFFFFFFFFFFFFF
    return (crc, compressed_size, size) == (info.CRC, info.compress_size & mask, info.file_size & mask)
