"""Archives, read from disk in pieces: never unpacked to a file, never trusted for the sizes they state."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kpibar.privacy.disclosure import part_called, shown_name
from kpibar.read.errors import ArchiveUnsafe, FileDamaged, FileEncrypted, FileTooLarge, MemberNeeded, MemberUnknown
from kpibar.read.zip_structure import StructureFault, directory, refuse_gaps

BLOCK = 1 << 20
_LARGEST_DIRECTORY = 16 << 20
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
_SYSTEM = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True)
class Caps:
    """How far a file may expand: bytes in all, bytes for each byte on disk (past `free` bytes), members, and
    bytes of a workbook, which is held in memory."""

    expanded: int = 2 << 30
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
    packed: int
    size: int
    crc: int
    place: int
    encrypted: bool


class Meter:
    """Counts bytes before and after unpacking and refuses a bomb while it goes off."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self.path, self.caps = path, caps
        self.packed = self.unpacked = 0

    def fed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The packed blocks, counted."""
        for block in blocks:
            self.packed += len(block)
            yield block

    def checked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The unpacked pieces, as long as they stay within the caps. Raises FileTooLarge."""
        for piece in pieces:
            self.unpacked += len(piece)
            refuse_expansion(self.path, self.packed, self.unpacked, self.caps)
            yield piece


def refuse_expansion(path: Path, packed: int, unpacked: int, caps: Caps) -> None:
    """Raises FileTooLarge when `unpacked` bytes out of `packed` pass a cap."""
    if unpacked > caps.expanded:
        raise FileTooLarge(path, f"unpacks to more than {caps.expanded >> 20:,} MiB")
    if unpacked > caps.free and unpacked > caps.ratio * packed:
        raise FileTooLarge(path, f"unpacks to more than {caps.ratio} times its size")


def inflate(path: Path, packed: Iterable[bytes], *, gzip: bool) -> Iterator[bytes]:
    """The expansion of deflated blocks, in pieces of at most 1 MiB; a gzip file may be several in a row.

    Raises FileDamaged for what is cut, altered or followed by something else.
    """
    what, window = ("gzip archive", 31) if gzip else ("zip archive", -15)
    inflater = zlib.decompressobj(wbits=window)
    try:
        for block in packed:
            rest = block
            while rest:
                if inflater.eof:
                    rest = rest.lstrip(b"\0") if gzip else rest  # tape blocks are padded
                    if not rest:
                        break
                    if not gzip:
                        raise FileDamaged(path, what, "bytes follow the end of a member within it")
                    inflater = zlib.decompressobj(wbits=window)
                yield inflater.decompress(rest, BLOCK)
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise FileDamaged(path, what, str(error).partition(": ")[2] or str(error)) from error
    if not inflater.eof:
        raise FileDamaged(path, what, "it ends too early")


def members(path: Path, handle: IO[bytes], size: int, caps: Caps) -> tuple[Member, ...]:
    """The directory of a zip file of `size` bytes. Raises FileDamaged, FileTooLarge, ArchiveUnsafe."""
    try:
        found = directory(handle, size)
        if found.size > _LARGEST_DIRECTORY or found.members > caps.members:
            raise FileTooLarge(path, f"holds more than {caps.members:,} members")
        with zipfile.ZipFile(handle) as archive:
            listed = archive.infolist()
        refuse_gaps(handle, found, listed)
    except StructureFault as error:
        raise FileDamaged(path, "zip archive", str(error)) from error
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, NotImplementedError, EOFError) as error:
        # The library's words may quote a name.
        why = "its directory does not hold together"
        raise FileDamaged(path, "zip archive", why) from error
    for info in listed:
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
            bool(info.flag_bits & _ENCRYPTED),
        )
        for info in listed
        if not info.filename.endswith("/")
    )


def choose(path: Path, listed: tuple[Member, ...], wanted: str | None) -> Member:
    """The member called `wanted`, or the only one that is somebody's file.

    Raises MemberNeeded, MemberUnknown, FileDamaged for an empty archive, FileEncrypted.
    """
    candidates = [member for member in listed if not _SYSTEM.search(member.name)]
    if wanted is not None:
        exact = [member for member in listed if member.name == wanted]
        found = exact or [member for member in candidates if member.name.rpartition("/")[2] == wanted]
        shown = part_called(wanted, [member.name for member in candidates])
        found = found or [member for member in candidates if member.name == shown]
        if not found:
            raise MemberUnknown(path, wanted, [member.name for member in candidates])
        candidates = found
    if not candidates:
        raise FileDamaged(path, "zip archive", "there is no file in it")
    if len(candidates) > 1:
        raise MemberNeeded(path, "files", [member.name for member in candidates])
    if candidates[0].encrypted:
        raise FileEncrypted(path)
    return candidates[0]


def unpack(path: Path, handle: IO[bytes], member: Member, caps: Caps) -> Iterator[bytes]:
    """The content of a zip member in pieces; its length and checksum must be those stated.

    Raises FileDamaged, FileTooLarge.
    """
    reachable = 0 <= member.place < 1 << 62
    handle.seek(member.place if reachable else 0)
    header = handle.read(30) if reachable else b""
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise FileDamaged(path, "zip archive", f"{shown_name(member.name)} is not where its directory says")
    handle.seek(sum(struct.unpack_from("<HH", header, 26)), 1)
    if member.method not in (_STORED, _DEFLATED):
        raise FileDamaged(path, "zip archive", f"{shown_name(member.name)} is packed by a method kpibar does not read")
    meter = Meter(path, caps)
    packed = meter.fed(_stretch(handle, member.packed))
    pieces = packed if member.method == _STORED else inflate(path, packed, gzip=False)
    crc = 0
    for piece in meter.checked(pieces):
        crc = zlib.crc32(piece, crc)
        yield piece
    if (meter.unpacked, crc) != (member.size, member.crc):
        raise FileDamaged(path, "zip archive", f"the checksum of {shown_name(member.name)} is wrong")


def _stretch(handle: IO[bytes], length: int) -> Iterator[bytes]:
    """The next `length` bytes, or as many as there are."""
    left = length
    while left > 0 and (block := handle.read(min(BLOCK, left))):
        left -= len(block)
        yield block
