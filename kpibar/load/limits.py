"""How many records of a file may be rejected before the whole file is refused."""

import re
from dataclasses import dataclass

from kpibar.errors import LimitInvalid

# One damaged line of a small export is no reason to refuse it, though it is more than a percent.
_ALWAYS = 10
_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True)
class Limit:
    """A number of records, or a percentage of those read; `text` is how the user wrote it."""

    text: str
    value: float
    percent: bool

    def allows(self, rejected: int, records: int) -> bool:
        """Whether so many rejected records of so many read may stay away. A percentage above 0 always allows ten."""
        if not self.percent:
            return rejected <= self.value
        return 100 * rejected <= self.value * records or (self.value > 0 and rejected <= _ALWAYS)


def limit(text: str) -> Limit:
    """Read "25", "1%" or "2.5%". Raises LimitInvalid."""
    found = _LIMIT.fullmatch(text.strip())
    if not found or (found[2] and float(found[1]) > 100) or (not found[2] and "." in found[1]):
        raise LimitInvalid(text)
    return Limit(text.strip(), float(found[1]), bool(found[2]))


DEFAULT_LIMIT = limit("1%")
