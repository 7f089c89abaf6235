"""Reading TOML that somebody else may have written: refused in words before it can cost much.

Settings and layouts are small files. One that is not, or whose keys have thousands of parts, would take the parser
gigabytes and minutes.
"""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

MOST_BYTES = 1 << 20
# Parts of keys between points, `a.b.c`: of one line, and of a whole file.
_MOST_IN_A_LINE, _MOST_PARTS = 50, 50_000
_STRINGS = re.compile(
    r'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"{3,5}+'
    r"|'''[^']*+(?:'(?!'')[^']*+)*+'{3,5}+"
    r'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
    r"|'[^'\n]*+'|#[^\n]*+",
    re.S,
)


class TomlFault(ValueError):
    """A text is no TOML, or too large; the message says why and quotes nothing of it."""


def read_toml(path: Path) -> bytes:
    """The bytes of a settings file. Raises TomlFault for one that is too large or no regular file, OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TomlFault("is not a regular file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TomlFault(f"is larger than {MOST_BYTES >> 10:,} KiB, the most that settings and layouts have")
    return content


def parse_toml(content: bytes) -> dict[str, Any]:
    """The tables of a TOML text. Raises TomlFault."""
    if len(content) > MOST_BYTES:
        raise TomlFault(f"is larger than {MOST_BYTES >> 10:,} KiB, the most that settings and layouts have")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TomlFault(f"is not valid TOML: line {line} is not UTF-8") from None
    _refuse_long_keys(text)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlFault("is not valid TOML: it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise TomlFault(f"is not valid TOML: {_without_signs(str(error))}") from None
    except ValueError:
        # A number of thousands of digits, or a date that is none.
        raise TomlFault("is not valid TOML: it holds a number or a date that cannot be read") from None


def _without_signs(message: str) -> str:
    """What the parser says, without the sign it met: it may be one of another file than was meant."""
    return re.sub(r"(haracter) (?:'.*?'|\".*?\") \(at", r"\1 (at", message, flags=re.S)


def _refuse_long_keys(text: str) -> None:
    """Raises TomlFault."""
    bare = _STRINGS.sub("", text)
    if bare.count(".") <= _MOST_IN_A_LINE:
        return
    parts = [line.count(".") for line in bare.split("\n")]
    longest = max(parts)
    if longest > _MOST_IN_A_LINE:
        raise TomlFault(
            f"line {parts.index(longest) + 1} has a key of more than {_MOST_IN_A_LINE} parts between points"
        )
    if sum(parts) > _MOST_PARTS:
        raise TomlFault(f"has more than {_MOST_PARTS:,} points in keys and numbers")
