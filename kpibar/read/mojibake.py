"""UTF-8 that was read as a code page and written as UTF-8 again: `dÃ©jÃ\xa0` is `déjà`.

Two or three signs that stand for one letter are put back where no text means them: `Ã©`, `â€™`, `√©`, `├®`. Signs that
a text may mean, such as the capital and the dots of `AMANHÃ…`, are put back only on a line that has others, and no
letter beyond ASCII that is sound. What was encoded three times is put back twice.
"""

import re
from dataclasses import dataclass
from functools import cache

# The code pages as which UTF-8 is taken, with the signs of the first byte of letters and marks in each.
_PAGES = {
    "cp1252": "\u00c2\u00c3\u00c4\u00c5\u00c6\u00c8\u00cb\u00cc\u00ce\u00cf\u00d0\u00d1\u00e2\u00e3\u00ef\u00f0",
    "mac-roman": "\u00ac\u221a\u0192\u2248\u201a\u00d4",
    "cp850": "\u252c\u251c\u2500\u253c\u00d4\u00b4",
    "cp437": "\u252c\u251c\u0393\u2229",
    "cp1250": "\u0102\u0139",
}
# Marks that stand after a capital at the end of a word, and those of them that never stand before another letter.
_CLOSING_SIGNS = frozenset("…”’»–—\u00a0‘›“„•‹‚«\u00ad·ˆ˜")
_NEVER_BEFORE_LETTERS = frozenset("‚„‹•ˆ˜›”–‘“")
_BOX = re.compile("[\u2500-\u259f]")
_MATHEMATICAL = frozenset("π±≥≤≠∂∫∑∏∞µΩ")
_ALONE = re.compile('(?<![A-Z\u00c0-\u00de])\u00c3(?:  | (?! )|(?=[,;\t"]|$))')
_ASCII = bytes(range(128))
_CONTINUATIONS = (
    rb"(?:\xc2[\x80-\xbf]|\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]|\xc6\x92|\xcb[\x86\x9c]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac"
    rb"|\xe2\x84\xa2)"
)
# What is looked for first, in bytes: how all such signs begin, and hardly any others.
_SIGNS = re.compile(
    rb"\xc3[\x82-\x86\x88\x8b\x8c\x8e-\x91]" + _CONTINUATIONS
    + rb"|\xc3[\xa2\xa3\xaf\xb0]" + _CONTINUATIONS + _CONTINUATIONS
    + rb"|\xe2\x88\x9a[\xc2-\xe2]|\xc2\xac[\xc2-\xe2]|\xe2\x89\x88[\xc2-\xe2]|\xc6\x92[\xc2-\xe2]|\xc3\x94[\xc2\xc3]"
    rb"|\xe2\x80\x9a\xc3[\x84\x87]|\xe2\x94[\x9c\xac\xbc][\xc2-\xe2]|\xce\x93\xc3[\x87\xa9]|\xc4[\x82\xb9][\xc2-\xe2]"
)  # fmt: skip
# The same by their first sign, with what follows where that sign alone is common: quicker than one look for all.
_BEGINNINGS = {
    **{
        sign: (sign.encode(),)
        for sign in "\u00c2\u00c3\u00c4\u00c5\u00c6\u00c8\u00cb\u00cc\u00ce\u00cf\u00d0\u00d1\u00d4"
    },
    **{
        sign: tuple(sign.encode() + after for after in (b"\xc2", b"\xc5", b"\xc6", b"\xcb", b"\xe2")) for sign in "âãïð"
    },
    **{sign: (sign.encode() + b"\xc3",) for sign in "\u201a\u0393"},
    **{sign: (sign.encode(),) for sign in "\u221a\u00ac\u2248\u0192\u251c\u252c\u2500\u253c\u0102\u0139"},
}
_CUT = 12


@dataclass(frozen=True)
class _Page:
    """A code page: the byte of each sign, and what one letter of UTF-8 looks like in it."""

    bytes: dict[str, int]
    letter: re.Pattern[str]


@cache
def _page(name: str) -> _Page:
    signs = {bytes([byte]).decode(name, "ignore"): byte for byte in range(0x80, 0x100)}
    signs.pop("", None)
    if name == "cp1252":  # and Latin-1, of which it is the larger part
        signs |= {chr(byte): byte for byte in range(0x80, 0xA0)}
    later = "".join(re.escape(sign) for sign, byte in signs.items() if byte < 0xC0)
    begins = dict.fromkeys((2, 3, 4), "")
    for sign in _PAGES[name]:
        byte = signs.get(sign, 0)
        size = 2 if 0xC2 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4
        begins[size] += re.escape(sign) if byte >= 0xC2 else ""
    # The first half of another code page's sign begins no letter here.
    apart = "(?!(?<=\u201a)\u00c4)" if name == "cp1252" else ""
    parts = (f"{apart}[{first}][{later}]{{{size - 1}}}" for size, first in begins.items() if first)
    return _Page(signs, re.compile("|".join(parts)))


def may_hold_mojibake(piece: bytes, before: bytes = b"") -> bool:
    """Whether a piece of UTF-8 may hold such signs, given the end of the piece before: a quick look."""
    if piece.isascii() and before.isascii():
        return False
    return any(map(_has_signs, (before[-_CUT:] + piece[:_CUT], piece)))


def _has_signs(text: bytes) -> bool:
    strange = text.translate(None, _ASCII)
    signs = _BEGINNINGS.keys() & set(strange.decode("utf-8", "ignore"))
    if not any(first_sign in strange for sign in signs for first_sign in _BEGINNINGS[sign]):
        return False
    return bool(_SIGNS.search(strange) and _SIGNS.search(text))


def restore(text: str, *, wholly: bool = False) -> str:
    """A line or a cell as it was meant; the text itself where it is sound. `dÃ©jÃ\xa0 livrÃ©` gives `déjà livré`.

    `wholly` tells that nothing beyond ASCII is sound in the file it is of: then every such sign is put back.
    """
    if text.isascii():
        return text
    for _ in range(3):
        put_back = _once(text, wholly)
        if put_back == text:
            break
        text = put_back
    return text


def _once(text: str, wholly: bool) -> str:
    for name in _PAGES:
        page = _page(name)
        matches = [(match, letter) for match in page.letter.finditer(text) if (letter := _letter(match[0], page, name))]
        if not matches:
            continue
        certain = [_is_certain(text, matches, number, name) for number in range(len(matches))]
        if any(certain) or wholly:
            whole = wholly or all(certain) or not _has_others(text, [match.span() for match, _ in matches])
            text = _replace(text, [pair for pair, sure in zip(matches, certain, strict=True) if sure or whole])
            text = _ALONE.sub(_small_a, text) if name == "cp1252" and whole else text
    return text


def is_sound(text: str) -> bool:
    """Whether a text has letters beyond ASCII that are no such signs."""
    spans = [match.span() for name in _PAGES for match in _page(name).letter.finditer(text)]
    return not text.isascii() and _has_others(text, spans)


def _small_a(match: re.Match[str]) -> str:
    """The sign of `à` whose second half, a hard blank, became a blank or was lost at the end of a cell."""
    return "à " if " " in match[0] else "à"


def _letter(signs: str, page: _Page, name: str) -> str:
    """What signs stand for; "" where that is nothing that people write."""
    try:
        letter = bytes(page.bytes[sign] for sign in signs).decode("utf-8")
    except UnicodeDecodeError:
        return ""
    code = ord(letter)
    if len(signs) == 2:
        common = 0xA0 <= code < 0x180 or 0x300 <= code < 0x370 or 0x384 <= code < 0x482
        return letter if common or letter in "ƒˆ˜șȘțȚ" else ""
    is_sign = 0x2010 <= code < 0x2070 or 0x20A0 <= code < 0x20C0 or 0x2100 <= code < 0x2200 or 0x2500 <= code < 0x27C0
    return letter if is_sign or code in (0xFEFF, 0xFE0F, 0x2B50) or code > 0x1F000 or 0x3000 <= code < 0x4000 else ""


def _is_certain(text: str, matches: list[tuple[re.Match[str], str]], number: int, name: str) -> bool:
    """Whether no text means these signs where they stand."""
    match = matches[number][0]
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    last = match[0][-1]
    touches = any(
        0 <= neighbour < len(matches) and match.span()[side] == matches[neighbour][0].span()[1 - side]
        for side, neighbour in ((0, number - 1), (1, number + 1))
    )
    if len(match[0]) > 2:
        return match[0][0] not in "\u00e3" or touches
    if name == "cp1250":
        return before.islower() or not (last in "şŞ" or last in _CLOSING_SIGNS)
    if name == "mac-roman":
        return match[0][0] == "¬" or last not in _MATHEMATICAL or before.isalpha() or after.isalpha()
    if name in ("cp850", "cp437"):
        return not _BOX.match(last) or before.isalpha() or after.isalpha() or match[0][0] == "\u252c"
    if match[0][0] in "\u00c6\u00c8\u00cb\u00cc\u00ce\u00cf\u00d0\u00d1":
        return touches or before.islower()
    if last not in _CLOSING_SIGNS or before.islower() or touches:
        return True
    if _has_others(_word_around(text, match), []):
        return False
    begins = not before.isalpha() and (match[0][0] in "\u00c2\u00c3" or after.islower())
    return begins or (last in _NEVER_BEFORE_LETTERS and after.isalpha())


def _word_around(text: str, match: re.Match[str]) -> str:
    """The letters directly before and after signs."""
    start, stop = match.span()
    while start and text[start - 1].isalpha():
        start -= 1
    while stop < len(text) and text[stop].isalpha():
        stop += 1
    return text[start : match.start()] + text[match.end() : stop]


def _has_others(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether a text has letters beyond ASCII beside those in the spans."""
    inside = {at for start, stop in spans for at in range(start, stop)}
    return any(char > "\x7f" and char.isalpha() and at not in inside for at, char in enumerate(text) if char != "Ã")


def _replace(text: str, matches: list[tuple[re.Match[str], str]]) -> str:
    parts, at = [], 0
    for match, letter in matches:
        parts += [text[at : match.start()], letter]
        at = match.end()
    return "".join([*parts, text[at:]])
