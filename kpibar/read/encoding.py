"""The encoding of a text, found by a ladder and then held to: every byte must fit it.

The ladder: what the user says; a byte-order mark; UTF-16 by its zero bytes; strict UTF-8; else the Western code page
whose letters look most like Western text. Bytes that contradict the rest are refused, never replaced; so is a text that
is more likely in a code page of other languages. UTF-8 that was encoded twice is put right (mojibake.py).
"""

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from kpibar.read.alphabets import WESTERN, CodePage, code_page, words_beyond_ascii
from kpibar.read.errors import EncodingContradicted, EncodingForeign, EncodingMisfit, EncodingUnknown
from kpibar.read.lines import streamed_lines
from kpibar.read.mojibake import is_sound, may_hold_mojibake, restore

Pieces = Callable[[], Iterable[bytes]]
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ASCII = bytes(range(128))
_FREQUENT = "éèêëàâäçîïôöùûüÉÈÀÇœŒñáíóúß’‘“”«»–—€…°\u00a0"
# By their first byte, which is rare in a code page and quickly looked for.
_LETTERS = {
    lead: re.compile(b"|".join(re.escape(char.encode()) for char in chars))
    for lead, chars in groupby(sorted(set(_FREQUENT)), key=lambda char: char.encode()[:1])
}
# Damaged UTF-8 is told by so many bytes of a text.
_ENOUGH = 200_000
# In so many bytes zeros that stand at every other place alone are no accident.
_ENOUGH_TO_TELL = 200
_UTF8 = ("utf-8", "utf-8-sig")
_LINES_AT_ONCE = 10_000
# Codecs of Python that are no encodings of a file.
_NO_ENCODINGS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7"}


@dataclass(frozen=True)
class Decoder:
    """How a text is read: its encoding, and how many of its lines hold UTF-8 that was encoded twice.

    `all_mojibake` tells that nothing beyond ASCII is otherwise.
    """

    encoding: str
    mojibake_lines: int = 0
    all_mojibake: bool = False


@dataclass(frozen=True)
class Misfit:
    """Bytes that do not fit an encoding: how many bytes stand before them."""

    offset: int


def codec_of(encoding: str) -> str:
    """The name as given, provided it is that of a text encoding. Raises EncodingUnknown."""
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise EncodingUnknown(encoding) from error
    if codec.name.replace("_", "-") in _NO_ENCODINGS or codec.incrementaldecoder is None:
        raise EncodingUnknown(encoding)
    return encoding


def find_decoder(path: Path, head: bytes, first: Iterable[bytes], again: Pieces, name: str | None) -> Decoder:
    """How a text is read, whose bytes all fit the encoding.

    `head` is how it begins, `first` its bytes (read to the end, whatever they are), `again` gives them once more.
    Raises EncodingMisfit, EncodingContradicted, EncodingForeign, EncodingUnknown.
    """
    codec_name = codec_of(name) if name else codec_of_mark(head)
    plain = codec_name is None or codec_name in _UTF8
    signs = _MojibakeWatch(first)
    misfit = fits(signs if plain else first, codec_name or "utf-8")
    if misfit is None:
        if name and not codecs.lookup(name).name.startswith("utf") and _shows_utf8(again):
            raise EncodingContradicted(path, name)
        if not plain:
            signs.has_signs = not name and any(
                may_hold_mojibake(piece) for piece in utf8(again(), Decoder(codec_name or ""))
            )
        return (
            _count_mojibake(Decoder(codec_name or "utf-8"), again)
            if signs.has_signs
            else Decoder(codec_name or "utf-8")
        )
    if codec_name is None and (page := _page(again)) is not None:
        if not page.western:
            raise EncodingForeign(path, page.encoding)
        misfit = fits(again(), page.encoding)
        if misfit is None:
            return Decoder(page.encoding)
        codec_name = page.encoding
    codec_name = codec_name or "utf-8"
    line = _line(again(), codec_name, misfit.offset)
    raise EncodingMisfit(path, line, misfit.offset + 1, codec_name)


class _MojibakeWatch:
    """The pieces of a text in UTF-8, and once they have been read, whether some may have been encoded twice."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.has_signs = False

    def __iter__(self) -> Iterator[bytes]:
        before = b""
        for piece in self._pieces:
            self.has_signs = self.has_signs or may_hold_mojibake(piece, before)
            before = piece[-16:]
            yield piece


def _count_mojibake(choice: Decoder, again: Pieces) -> Decoder:
    """The same, with the number of lines in which UTF-8 was encoded twice."""
    certain = sound = doubtful = 0
    for line in streamed_lines(_texts(utf8(again(), choice))):
        if not line.isascii():
            differs = restore(line) != line
            certain += differs
            sound += not differs and is_sound(line)
            doubtful += not differs and restore(line, wholly=True) != line
    entire = certain > 0 and sound == 0
    return Decoder(choice.encoding, certain + doubtful * entire, entire)


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in pieces:
        yield decoder.decode(piece)


def _shows_utf8(again: Pieces) -> bool:
    """Whether a text has letters beyond ASCII, all of them as UTF-8 writes them: by chance that never happens."""
    return not all(piece.isascii() for piece in again()) and fits(again(), "utf-8") is None


def codec_of_mark(head: bytes) -> str | None:
    """The encoding the first bytes tell by a mark or by the zero bytes of UTF-16."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    low, high = head[1::2].count(0), head[0::2].count(0)
    if len(head) >= 4 and max(low, high) > len(head) * 0.35:
        return "utf-16-le" if low > high else "utf-16-be"
    # Letters of other scripts have no zero byte, but blanks, digits and delimiters do.
    if len(head) >= _ENOUGH_TO_TELL and max(low, high) > len(head) * 0.08 and min(low, high) == 0:
        encoding = "utf-16-le" if low else "utf-16-be"
        # Zero bytes beside control characters are those of a program, not of a text.
        signs = head.decode(encoding, "ignore")
        return None if any(sign < " " and sign not in "\t\r\n" for sign in signs) else encoding
    return None


def fits(pieces: Iterable[bytes], encoding: str) -> Misfit | None:
    """The first bytes that are not of the encoding, or None; the pieces are read to the end in any case."""
    decoder = codecs.getincrementaldecoder(encoding)()
    plain = encoding in _UTF8
    invalid = _undefined_bytes(encoding)
    before, misfit = 0, None
    for piece in pieces:
        skip = plain and piece.isascii() and not decoder.getstate()[0]
        skip = skip or (invalid is not None and not any(byte in piece for byte in invalid))
        if misfit is None and not skip:
            misfit = _misfit(decoder, piece, before, final=False)
        before += len(piece)
    return misfit or _misfit(decoder, b"", before, final=True)


def _undefined_bytes(encoding: str) -> bytes | None:
    """The few bytes that mean nothing in a Western code page: looking for them is quicker than decoding."""
    if encoding not in WESTERN:
        return None
    return bytes(byte for byte in range(256) if bytes([byte]).decode(encoding, "replace") == "\ufffd")


def _misfit(decoder: codecs.IncrementalDecoder, piece: bytes, before: int, *, final: bool) -> Misfit | None:
    pending_bytes = len(decoder.getstate()[0])
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        return Misfit(before - pending_bytes + error.start)
    except UnicodeError:  # a byte-order mark that must be there is not
        return Misfit(before - pending_bytes)
    return None


def _page(again: Pieces) -> CodePage | None:
    """The code page whose letters the text looks most like; None for damaged UTF-8.

    In a code page accents hardly ever look like UTF-8. A text in which some do was put together from two, and either
    reading would damage it.
    """
    return None if _is_damaged(again()) else code_page(words_beyond_ascii(again()))


def _is_damaged(pieces: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    odd = whole = faults = 0
    end = b""
    for piece in pieces:
        seam, end = end + piece[:2], piece[-2:]
        if any(letters.search(seam) or (lead in piece and letters.search(piece)) for lead, letters in _LETTERS.items()):
            return True
        if odd < _ENOUGH:
            strange = len(piece.translate(None, _ASCII))
            odd += strange
            text = decoder.decode(piece)
            faults += text.count("\ufffd")
            whole += len(text) - (len(piece) - strange)
    return whole > 2 * faults


def _line(pieces: Iterable[bytes], encoding: str, offset: int) -> int:
    """The physical line, counted from 1, on which the byte after the first `offset` ones stands."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    line, remainder = 1, offset
    for piece in pieces:
        line += ends.decode(decoder.decode(piece[:remainder])).count("\n")
        remainder -= len(piece)
        if remainder <= 0:
            break
    return line


def utf8(pieces: Iterable[bytes], choice: Decoder) -> Iterator[bytes]:
    """A text whose bytes fit its encoding, as UTF-8 without byte-order mark; a piece may end inside a character.

    Raises UnicodeDecodeError.
    """
    blocks = pieces if choice.encoding in _UTF8 else _recode(pieces, choice.encoding)
    start = True
    for piece in _restore_pieces(blocks, choice.all_mojibake) if choice.mojibake_lines else blocks:
        bare = piece.removeprefix(codecs.BOM_UTF8) if start else piece
        start = start and not piece
        if bare:
            yield bare


def _recode(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    is_western = encoding in WESTERN
    for piece in pieces:
        yield piece if is_western and piece.isascii() else decoder.decode(piece).encode("utf-8")
    yield decoder.decode(b"", True).encode("utf-8")


def _restore_pieces(pieces: Iterable[bytes], wholly: bool) -> Iterator[bytes]:
    """A text of which what was encoded twice is put right, line by line."""
    lines: list[str] = []
    size = 0
    for line in streamed_lines(_texts(pieces)):
        lines.append(restore(line, wholly=wholly).removeprefix("" if size or lines else "\ufeff"))
        if len(lines) == _LINES_AT_ONCE:
            yield "".join(lines).encode("utf-8")
            lines, size = [], 1
    yield "".join(lines).encode("utf-8")
