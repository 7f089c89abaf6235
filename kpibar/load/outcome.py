"""What the user said of the files to ingest, and what became of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kpibar.database.ledger import Counts, Lines
from kpibar.errors import KpibarError
from kpibar.load.errors import LimitInvalid

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
    match = _LIMIT.fullmatch(text.strip())
    if not match or (match[2] and float(match[1]) > 100) or (not match[2] and "." in match[1]):
        raise LimitInvalid(text)
    return Limit(text.strip(), float(match[1]), bool(match[2]))


DEFAULT_LIMIT = limit("1%")


# Told while a file is read: its path, the bytes so far and in all, the records and the rejects so far.
Watch = Callable[[Path, int, int, int, int], None]


@dataclass(frozen=True)
class Options:
    """What the user said of the files: layout, zone of naive times, date order, brand, instant they speak up to.

    `as_of` is a UTC instant, or a text as a user writes it (see `as_of_instant`). `repair` allows a damaged record
    to be read where only one reading fits; a file with more rejects than `max_rejects` is refused.
    """

    layout: str | None = None
    timezone: str | None = None
    brand: str | None = None
    as_of: datetime | str | None = None
    dry_run: bool = False
    keep_text: bool = False
    date_order: str | None = None
    encoding: str | None = None
    repair: bool = True
    max_rejects: Limit = DEFAULT_LIMIT

    @property
    def instant(self) -> datetime | None:
        """The stated instant, once `as_of` has been read from the user's words."""
        return self.as_of if isinstance(self.as_of, datetime) else None


@dataclass(frozen=True)
class LoadedTable:
    """One table filled from one file, and the canonical columns the file could fill."""

    entity: str
    counts: Counts
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """What a user should know of a file although it was loaded: `render/remarks.toml` has a sentence for each `code`.

    `about` is the column or value concerned ("" where there is none), `records` how many records are.
    """

    code: str
    about: str
    records: int


@dataclass(frozen=True)
class Reject:
    """One record or line that was not loaded. `shape` is the value with its letters and digits blanked."""

    file: str
    line: int
    column: str | None
    shape: str | None
    code: str
    reason: str

    def __str__(self) -> str:
        """File, line, column, what was found and what is wrong with it."""
        if self.column is None:
            return f"{self.file}:{self.line}: {self.reason}"
        return f'{self.file}:{self.line}: column "{self.column}": "{self.shape}" {self.reason}'


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `error` is set when nothing of it was loaded.

    `uncertain` counts records with a time that is skipped or repeated when clocks change, `repaired_lines` are those of
    broken records that were put right. `same_as_before` tells when the same bytes were ingested, `new_as_of` up to when
    they are now said to speak. `other_sources` are those of the same layout that belong to a brand where this file has
    none, or to none where it has one: they may be the same tool. `same_elsewhere` are sources that hold records of this
    file, and how many. `absent` are canonical columns that the user's own layout or settings read from columns this
    file lacks, and the name of one of these. `remarks` are everything else a user should know. `own_reasons` tells that
    the settings name reasons already. `rejects` are the first few of what was not loaded.
    """

    path: Path
    layout: str = ""
    source: str = ""
    encoding: str = ""
    delimiter: str = ""
    tables: tuple[LoadedTable, ...] = ()
    lines: Lines = field(default_factory=Lines)
    unknown: tuple[tuple[str, str, int], ...] = ()
    rejects: tuple[Reject, ...] = ()
    uncertain: int = 0
    repaired_lines: tuple[int, ...] = ()
    other_sources: tuple[str, ...] = ()
    same_elsewhere: tuple[tuple[str, int], ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Remark, ...] = ()
    own_reasons: bool = False
    same_as_before: datetime | None = None
    new_as_of: datetime | None = None
    error: KpibarError | None = field(default=None, compare=False)

    @property
    def counts(self) -> Counts:
        """The counts of the file's main table."""
        return self.tables[0].counts if self.tables else Counts()

    @property
    def first_rejects(self) -> tuple[str, ...]:
        """The first rejects in words."""
        return tuple(map(str, self.rejects))
