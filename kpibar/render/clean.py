"""Text from files made safe to print: a brand name must not move the cursor or hide what follows it."""

import unicodedata

# Controls, invisible formatting marks (bidirectional and zero-width ones among them) and lone surrogates.
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_BREAKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")


def clean(text: str) -> str:
    """The text without C0 and C1 controls, bidirectional controls, zero-width marks and lone surrogates.

    A line break or a tab becomes a space.
    """
    return "".join(mark for mark in text.translate(_BREAKS) if unicodedata.category(mark) not in _DROPPED)


def bare(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: what an encoding cannot print loses its accents, else becomes "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = unicodedata.normalize("NFKD", error.object[error.start : error.end])
    plain = "".join(mark for mark in letters if not unicodedata.combining(mark))
    return plain.encode("ascii", "replace").decode("ascii"), error.end
