"""The names of an export's columns: how they are compared, and the time zone some of them carry."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from kpibar.privacy.personal import text_shape

_ZONE = re.compile(r"(?<!\s)\s*+\(((?i:UTC|GMT)|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\)$")
_SPACES = re.compile(r"[\s_]+")


@dataclass(frozen=True)
class Column:
    """One header cell: its bytes, its name, as compared, and the zone in its trailing parentheses, if any."""

    header: str
    name: str
    normal: str
    zone: str | None


def column(name: str) -> Column:
    """Read a header cell."""
    zone = _ZONE.search(name.strip())
    return Column(
        name, text_shape(name.strip().lstrip("\ufeff")), normal(name), _zone_name(zone.group(1)) if zone else None
    )


def _zone_name(text: str) -> str:
    return "UTC" if text.upper() in ("UTC", "GMT") else text


@lru_cache(maxsize=8192)
def normal(name: str) -> str:
    """The form under which header names are compared.

    Accents, case, byte-order mark, typographic apostrophes, underscores or runs of spaces and a trailing time zone do
    not count.
    """
    if name.isascii():
        return " ".join(_ZONE.sub("", name.strip()).replace("_", " ").split()).casefold()
    plain = _ZONE.sub("", name.replace("\ufeff", "").replace("’", "'").strip())
    letters = unicodedata.normalize("NFKD", plain)
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return _SPACES.sub(" ", bare).strip().casefold()
