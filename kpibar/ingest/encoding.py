"""The encoding of a text, found by a ladder and then held to: every byte must fit it.

The ladder: what the user says; a byte-order mark; UTF-16 by its zero bytes; strict UTF-8; else the Western code page
whose letters look most like Western text. Bytes that contradict the rest are refused, never replaced.
"""

import codecs
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from kpibar.errors_files import EncodingContradicted, EncodingMisfit, EncodingUnknown

Pieces = Callable[[], Iterable[bytes]]
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = ("cp1252", "iso8859-15", "mac-roman")
_ASCII = bytes(range(128))
_FREQUENT = frozenset("éèêëàâäçîïôöùûüÉÈÀÇœŒñáíóúß’‘“”«»–—€…°\u00a0")
# By their first byte, which is rare in a code page and quickly looked for.
_LETTERS = {
    lead: re.compile(b"|".join(re.escape(char.encode()) for char in chars))
    for lead, chars in groupby(sorted(_FREQUENT), key=lambda char: char.encode()[:1])
}
# A code page is told by so many of its bytes.
_ENOUGH = 200_000
# Codecs of Python that are no encodings of a file.
_NO_ENCODINGS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7"}


@dataclass(frozen=True)
class Misfit:
    """Bytes that do not fit an encoding: how many bytes stand before them, and they in hexadecimal."""

    offset: int
    shown: str


def known(encoding: str) -> str:
    """The name as given, provided it is that of a text encoding. Raises EncodingUnknown."""
    try:
        found = codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise EncodingUnknown(encoding) from error
    if found.name.replace("_", "-") in _NO_ENCODINGS or found.incrementaldecoder is None:
        raise EncodingUnknown(encoding)
    return encoding


def settled(path: Path, head: bytes, first: Iterable[bytes], again: Pieces, wanted: str | None) -> str:
    """The encoding of a text, whose bytes all fit it.

    `head` is how it begins, `first` its bytes (read to the end, whatever they are), `again` gives them once more.
    Raises EncodingMisfit, EncodingContradicted, EncodingUnknown.
    """
    stated = known(wanted) if wanted else marked(head)
    misfit = fits(first, stated or "utf-8")
    if misfit is None:
        if wanted and not codecs.lookup(wanted).name.startswith("utf") and _shows_utf8(again):
            raise EncodingContradicted(path, wanted)
        return stated or "utf-8"
    if stated is None:
        best = western(again())
        if best is not None:
            misfit = fits(again(), best)
            if misfit is None:
                return best
        stated = best or "utf-8"
    line = _line(again(), stated, misfit.offset)
    raise EncodingMisfit(path, line, misfit.offset + 1, misfit.shown, stated)


def _shows_utf8(again: Pieces) -> bool:
    """Whether a text has letters beyond ASCII, all of them as UTF-8 writes them: by chance that never happens."""
    return not all(piece.isascii() for piece in again()) and fits(again(), "utf-8") is None


def marked(head: bytes) -> str | None:
    """The encoding the first bytes tell by a mark or by the zero bytes of UTF-16."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) >= 4 and head[1::2].count(0) > len(head) * 0.35:
        return "utf-16-le"
    if len(head) >= 4 and head[0::2].count(0) > len(head) * 0.35:
        return "utf-16-be"
    return None


def fits(pieces: Iterable[bytes], encoding: str) -> Misfit | None:
    """The first bytes that are not of the encoding, or None; the pieces are read to the end in any case."""
    decoder = codecs.getincrementaldecoder(encoding)()
    plain = encoding in ("utf-8", "utf-8-sig")
    undefined = _undefined(encoding)
    before, misfit = 0, None
    for piece in pieces:
        skipped = plain and piece.isascii() and not decoder.getstate()[0]
        skipped = skipped or (undefined is not None and not any(byte in piece for byte in undefined))
        if misfit is None and not skipped:
            misfit = _misfit(decoder, piece, before, final=False)
        before += len(piece)
    return misfit or _misfit(decoder, b"", before, final=True)


def _undefined(encoding: str) -> bytes | None:
    """The few bytes that mean nothing in a Western code page: looking for them is quicker than decoding."""
    if encoding not in _WESTERN:
        return None
    return bytes(byte for byte in range(256) if bytes([byte]).decode(encoding, "replace") == "\ufffd")


def _misfit(decoder: codecs.IncrementalDecoder, piece: bytes, before: int, *, final: bool) -> Misfit | None:
    waiting = len(decoder.getstate()[0])
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        offending = error.object[error.start : error.start + 2]
        return Misfit(before - waiting + error.start, offending.hex(" "))
    except UnicodeError:  # a byte-order mark that must be there is not
        return Misfit(before - waiting, piece[:2].hex(" "))
    return None


def western(pieces: Iterable[bytes]) -> str | None:
    """The code page under which the non-ASCII bytes look most like Western letters; None for damaged UTF-8.

    In a code page accents hardly ever look like UTF-8. A text in which some do was put together from two, and either
    reading would damage it.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    odd: Counter[int] = Counter()
    whole = broken = 0
    end = b""
    for piece in pieces:
        seam, end = end + piece[:2], piece[-2:]
        if any(letters.search(seam) or (lead in piece and letters.search(piece)) for lead, letters in _LETTERS.items()):
            return None
        if odd.total() < _ENOUGH:
            strange = piece.translate(None, _ASCII)
            odd.update(strange)
            text = decoder.decode(piece)
            broken += text.count("\ufffd")
            whole += len(text) - (len(piece) - len(strange))
    if whole > 2 * broken:
        return None
    return max(_WESTERN, key=lambda encoding: _likelihood(odd, encoding))


def _likelihood(odd: Counter[int], encoding: str) -> int:
    return sum(count * _plausibility(bytes([byte]), encoding) for byte, count in odd.items())


def _plausibility(byte: bytes, encoding: str) -> int:
    """How likely a character is in Western business text: frequent letters and marks, letters, the rest."""
    char = byte.decode(encoding, errors="replace")
    if char in _FREQUENT:
        return 3
    return 1 if unicodedata.category(char) in ("Ll", "Lu") else -2


def _line(pieces: Iterable[bytes], encoding: str, offset: int) -> int:
    """The physical line, counted from 1, on which the byte after the first `offset` ones stands."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    line, left = 1, offset
    for piece in pieces:
        line += ends.decode(decoder.decode(piece[:left])).count("\n")
        left -= len(piece)
        if left <= 0:
            break
    return line


def utf8(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """A text whose bytes fit its encoding, as UTF-8 without byte-order mark; a piece may end inside a character.

    Raises UnicodeDecodeError.
    """
    start = True
    for piece in pieces if encoding in ("utf-8", "utf-8-sig") else _recoded(pieces, encoding):
        bare = piece.removeprefix(codecs.BOM_UTF8) if start else piece
        start = start and not piece
        if bare:
            yield bare


def _recoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    same = encoding in _WESTERN
    for piece in pieces:
        yield piece if same and piece.isascii() else decoder.decode(piece).encode("utf-8")
    yield decoder.decode(b"", True).encode("utf-8")
