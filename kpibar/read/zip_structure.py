"""Whether the members of a zip archive fill it from its first byte to its directory.

A reader that trusts the last directory alone reads the last of several archives joined into one file, and says nothing
of the others. Here each byte belongs to a member, the directory, or the end of the file; whatever is left is told.
"""

import struct
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

_END, _END_64, _LOCATOR, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_END_BYTES, _END_64_BYTES, _LOCATOR_BYTES, _LOCAL_BYTES = 22, 56, 20, 30
_LONGEST_COMMENT = 65_535
_STREAMED = 0x8
_SEVERAL = "it may be several archives joined, of which only the last would be read"
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
        raise StructureFault(f"it ends in {len(ends)} ways; {_SEVERAL}")
    place = ends[0]
    disk, first_disk, here, stated, length, start = struct.unpack_from("<HHHHLL", tail, place + 4)
    end = base + place
    if here != stated or not {disk, first_disk} <= {0, 0xFFFF}:
        raise StructureFault("it is one part of several")
    larger = _larger(handle, tail, base, place)
    if larger is not None:
        for field, value in zip((stated, length, start), larger, strict=True):
            if field not in (*_FULL, value):
                raise StructureFault("its two ends state different directories")
        stated, length, start = larger
        end -= _LOCATOR_BYTES + _END_64_BYTES
    if end - length < 0:
        raise StructureFault("its directory is longer than the file")
    if start != end - length:
        off = end - length - start
        raise StructureFault(f"its directory is not where its end says, but {off:,} bytes on; {_SEVERAL}")
    return Directory(start, length, stated)


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
    more = len(tail) - place - _END_BYTES - struct.unpack_from("<H", tail, place + 20)[0]
    return f"{more:,} bytes follow its end" if more > 0 else "it ends too early"


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
        raise StructureFault(f"the second of its two ends is not where the first says; {_SEVERAL}")
    members, length, start = struct.unpack_from("<QQQ", record, 32)
    return members, length, start


def refuse_gaps(handle: IO[bytes], found: Directory, listed: Sequence[zipfile.ZipInfo]) -> None:
    """Raises StructureFault where the members do not fill the file up to its directory, each byte once."""
    if len(listed) != found.members:
        raise StructureFault(f"its directory states {found.members:,} members and names {len(listed):,}")
    twice = [name for name, count in Counter(info.orig_filename for info in listed).items() if count > 1]
    if twice:
        raise StructureFault(f"{len(twice):,} names stand for several members each")
    reached, last = 0, None
    for info in sorted(listed, key=lambda info: info.header_offset):
        _refuse_between(handle, reached, info.header_offset, last)
        reached, last = _end(handle, info), info
    _refuse_between(handle, reached, found.start, last)


def _end(handle: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Where the content of a member ends."""
    handle.seek(info.header_offset)
    header = handle.read(_LOCAL_BYTES)
    if len(header) < _LOCAL_BYTES or not header.startswith(_LOCAL):
        raise StructureFault("a member is not where its directory says")
    name, extra = struct.unpack_from("<HH", header, 26)
    return int(info.header_offset + _LOCAL_BYTES + name + extra + info.compress_size)


def _refuse_between(handle: IO[bytes], reached: int, start: int, last: zipfile.ZipInfo | None) -> None:
    """Raises StructureFault for bytes between a member and what follows, its descriptor excepted."""
    if start < reached:
        raise StructureFault(f"two members, or a member and the directory, share {reached - start:,} bytes")
    if start == reached:
        return
    if last is None:
        raise StructureFault(f"{start:,} bytes stand before its first member; {_SEVERAL}")
    if last.flag_bits & _STREAMED and start - reached in (12, 16, 20, 24):
        handle.seek(reached)
        if _is_descriptor(handle.read(start - reached), last):
            return
    raise StructureFault(f"{start - reached:,} bytes after a member belong to none; {_SEVERAL}")


def _is_descriptor(record: bytes, info: zipfile.ZipInfo) -> bool:
    """Whether bytes repeat checksum and sizes of a member, as a writer adds them that did not know them before."""
    values = record.removeprefix(_DESCRIPTOR) if len(record) in (16, 24) else record
    if len(values) not in (12, 20):
        return False
    form = "<LLL" if len(values) == 12 else "<LQQ"
    crc, packed, size = struct.unpack(form, values)
    mask = 0xFFFFFFFF if len(values) == 12 else 0xFFFFFFFFFFFFFFFF
    return (crc, packed, size) == (info.CRC, info.compress_size & mask, info.file_size & mask)
