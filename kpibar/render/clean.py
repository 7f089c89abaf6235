"""Text from files made safe to print: a brand name must not move the cursor or hide what follows it.

On a terminal such signs are left out; in a file for machines they are written as escapes, so that nothing is lost.
"""

import json
import re
import unicodedata

# Controls, invisible formatting marks (bidirectional and zero-width ones among them) and lone surrogates.
_TO_DROP = frozenset({"Cc", "Cf", "Cs"})
_BREAKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")

# What may need an escape: anything but printable ASCII, and the line feeds between the values of a JSON text.
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")
# Controls, formatting marks, lone surrogates, line and paragraph separators, signs that are none.
_TO_ESCAPE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
# Joiners of letters and of emoji are part of how a word is written.
_JOINERS = "\u200c\u200d"
# With these, or their full-width forms, a cell begins that a spreadsheet takes for a formula or a command.
_FORMULA = "=+-@|%\t\r\n\0＝＋－＠｜％"


def clean(text: str) -> str:
    """The text without C0 and C1 controls, bidirectional controls, zero-width marks and lone surrogates.

    A line break or a tab becomes a space.
    """
    return "".join(mark for mark in text.translate(_BREAKS) if unicodedata.category(mark) not in _TO_DROP)


def json_text(value: object) -> str:
    """A value as JSON, in which signs that no reader sees are escaped; NaN is refused with ValueError."""
    document = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1, default=str)
    # Outside of texts a JSON document holds no such sign, within them an escape means the same.
    return _UNUSUAL.sub(lambda match: _escape(match[0]), document)


def csv_text(text: str) -> str:
    """A text for a cell of a CSV: unseen signs are escaped, and no spreadsheet takes it for a formula.

    A cell whose first visible sign may begin a formula gets an apostrophe in front (OWASP).
    """
    visible = "".join(sign for sign in text if not sign.isspace() and unicodedata.category(sign) not in _TO_ESCAPE)
    risky = bool(visible) and (visible[0] in _FORMULA or text.lstrip(" ")[0] in _FORMULA)
    escaped_text = _UNUSUAL.sub(lambda match: _escape(match[0], _JOINERS), text).replace("\n", "\\n")
    return "'" + escaped_text if risky else escaped_text


def _escape(sign: str, exceptions: str = "") -> str:
    """A sign as JSON escapes it, where it is one that no reader sees; a sign beyond U+FFFF is a pair of escapes."""
    if unicodedata.category(sign) not in _TO_ESCAPE or sign in exceptions:
        return sign
    return json.dumps(sign)[1:-1] if sign > "\x7f" else f"\\u{ord(sign):04x}"


def bare(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: what an encoding cannot print loses its accents, else becomes "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = unicodedata.normalize("NFKD", error.object[error.start : error.end])
    plain = "".join(mark for mark in letters if not unicodedata.combining(mark))
    return plain.encode("ascii", "replace").decode("ascii"), error.end
