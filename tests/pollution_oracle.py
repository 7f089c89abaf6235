"""The judge: what a polluted export should be read as, record by record, through the public way in.

The truth of a pollution is the clean table: sixty records whose canonical rows are known because the clean file was
ingested first. A record may be found
  exact     all its canonical rows equal the clean ones (the file the row came from aside);
  repaired  exact, though its line no longer reads as one record of the header's width;
  literal   equal to what its line says when read alone (a stray quote kept in a text, say): the file really says so;
  rejected  absent, and one of its physical lines is among the rejects; of a group, equal to the group without the
            rejected lines;
  said      the last record of a file that was cut, changed where the cut fell; the file's line says that its end is
            missing, and the last cell is of a kind that shows no cut: quoted and closed, empty, a full date and time,
            or a word of a list that other records have. Of any other last cell the same is silent. So is a record of
            which a blank line is left, where the file's line says that there are blank lines;
  altered   present and changed, while another of its lines is among the rejects: reported, but half of it was loaded;
  gone      absent because the file was cut before it. When nothing else was reported, the file is "short": a file
            that ends with a whole line does not tell that it was longer.
Anything else is SILENT: a record changed, missing or invented without a word, a crash, counts that do not add up,
or rows left behind by a file that was refused.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from kpibar.config import Config, load
from kpibar.database.ledger import Counts
from kpibar.database.store import Store
from kpibar.load.counts import LINE_BLANK, LINE_END_MISSING
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options, Outcome
from tests.pollution_exports import SAMPLES, Export, Table, Text, alone, written

OUTCOMES = ("exact", "repaired", "literal", "said", "rejected", "altered", "refused", "short", "SILENT")
_LISTED = ("Status", "Via", "canal", "direction", "status", "Survey Type")
_FULL_TIME = re.compile(r"(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4})[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?[+-]\d\d:?\d\d)?")
Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = Counter[tuple[str, Row]]


@dataclass(frozen=True)
class Pollution:
    """A polluted file and what is true of it.

    `text` knows the record each character belongs to. `truth` is the table it should be read as
    when that is not the clean one; `says` the table it literally says, allowed too; `broken` the records whose own
    line no longer reads as a record; `cut` that records without a line may be missing.
    """

    label: str
    content: bytes
    text: Text
    truth: Table | None = None
    says: Table | None = None
    broken: frozenset[int] = frozenset()
    cut: bool = False

    @cached_property
    def origins(self) -> Mapping[int, frozenset[int]]:
        """The records each physical line holds characters of."""
        return self.text.origins()


@dataclass(frozen=True)
class Verdict:
    """The outcome of a file, one of OUTCOMES, and the silent findings in words."""

    outcome: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """What the database holds after one file: the rows of every record by its identifier, the lines rejected.

    `unended` tells that the file's line says that the line end is missing behind its last record, `gaps` that it says
    that there are blank lines between its records.
    """

    error: str | None
    records: Mapping[str, Rows]
    rejects: frozenset[int]
    counts: Counts
    written: int
    unended: bool = False
    gaps: bool = False

    def unbalanced(self) -> str | None:
        """What does not add up between the ledger, the rejects and the rows."""
        counts = self.counts
        if self.error:
            stays = bool(self.written or self.rejects)
            return f"refused, yet {self.written} rows and {len(self.rejects)} rejects stay" if stays else None
        if counts.records != counts.fates_total:
            return f"the ledger read {counts.records} and accounts for {counts.fates_total}"
        if counts.added != self.written:
            return f"the ledger added {counts.added}, the table holds {self.written}"
        return f"{len(self.rejects)} rejects > {counts.rejected}" if len(self.rejects) > counts.rejected else None


def pollution(label: str, text: Text, encoding: str = "utf-8", **known: Any) -> Pollution:
    """A pollution from a text; characters the encoding lacks are a mistake of the generator."""
    return Pollution(label, text.chars.encode(encoding), text, **known)


class Crash(Exception):
    """An error that ended the reading of files, instead of being the outcome of one."""


@dataclass(frozen=True)
class Bench:
    """A database that reads one file after the other, emptied in between."""

    store: Store
    folder: Path
    config: Config = field(default_factory=lambda: load(SAMPLES / "kpibar.toml"))
    known: dict[tuple[str, Table], Read] = field(default_factory=dict)

    def read(self, export: Export, content: bytes) -> Read:
        """Ingest one file and look at what it left; nothing stays for the next."""
        path = self.folder / export.file
        path.write_bytes(content)
        outcome = self._ingest(path)
        rows = self.store.engine.rows
        records: dict[str, Rows] = {}
        for table, name in export.held:
            for key, *row in rows(f"SELECT {name}, COLUMNS(lambda c: c <> 'file_id') FROM {table}"):
                records.setdefault(key, Counter())[table, tuple(row)] += 1
        rejects = frozenset(line for (line,) in rows("SELECT line FROM rejects"))
        number = rows(f"SELECT count(*) FROM {export.held[0][0]}")[0][0]
        self._empty()
        error = str(outcome.error) if outcome.error else None
        codes = {remark.code for remark in outcome.remarks}
        said = {"unended": LINE_END_MISSING in codes, "gaps": LINE_BLANK in codes}
        return Read(error, records, rejects, outcome.counts, number, **said)

    def _ingest(self, path: Path) -> Outcome:
        """The outcome of one file. Raises Crash for any error that is not a file's own."""
        try:
            return ingest(self.store, [path], self.config, Options())[0]
        except Exception as error:
            self._empty()
            raise Crash(f"{type(error).__name__}: {error}") from error

    def _empty(self) -> None:
        tables = self.store.engine.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_name <> 'meta'"
        )
        for (table,) in tables:
            self.store.engine.run(f"DELETE FROM {table}")

    def expected(self, export: Export, table: Table) -> Mapping[str, Rows]:
        """The canonical rows of a table written cleanly."""
        if (export.name, table) not in self.known:
            content = written(table, export.delimiter).text.chars.encode("utf-8-sig")
            self.known[export.name, table] = self.read(export, content)
            assert self.known[export.name, table].error is None or table.header != export.columns
        return self.known[export.name, table].records

    def judge(self, export: Export, polluted: Pollution) -> Verdict:
        """Read a polluted file and judge it."""
        try:
            read = self.read(export, polluted.content)
        except Crash as error:
            return Verdict("SILENT", (f"crash: {error}",))
        if (wrong := read.unbalanced()) is not None:
            return Verdict("SILENT", (wrong,))
        if read.error:
            return Verdict("refused")
        return _Trial(self, export, polluted, read).verdict()


@dataclass(frozen=True)
class _Trial:
    """One file that was read, against what is true of it."""

    bench: Bench
    export: Export
    polluted: Pollution
    read: Read

    def verdict(self) -> Verdict:
        """Every identifier of the truth and of the database has a fate; the worst one is the file's."""
        truth = self.bench.expected(self.export, self._table)
        fates = {key: self._fate(key, truth.get(key)) for key in sorted({*truth, *self.read.records, *self._lines})}
        silent = tuple(f"{key}: {fate}" for key, fate in fates.items() if fate not in OUTCOMES and fate != "gone")
        if silent:
            return Verdict("SILENT", silent)
        seen = set(fates.values())
        if "gone" in seen and seen <= {"exact", "gone"}:
            return Verdict("rejected" if self.read.rejects else "short")
        worst = (name for name in ("altered", "rejected", "said", "literal", "repaired") if name in seen)
        return Verdict(next(worst, "exact"))

    def _fate(self, key: str, clean: Rows | None) -> str:
        found = self.read.records.get(key)
        rejected = self._rows_of(key) & self._rejected
        if found == clean:
            return self._exact(key, bool(rejected))
        if rejected and found is None:
            return "rejected"
        if self._says(key, found):
            return "literal"
        if rejected:
            return "rejected" if found == self._without(rejected, key) else "altered"
        if found is not None and self._end_is_said(key):
            return "said"
        if found is None and self._gap_is_said(key):
            return "said"
        if found is None:
            gone = self.polluted.cut and not self._rows_of(key) & self._present
            return "gone" if gone else f"missing (lines {self._lines_of(key)})"
        if key not in self._lines:
            return "altered" if self._fragments.get(key) else "invented: no record has this identifier"
        if self.polluted.cut and found == self._without(self._rows_of(key) - self._present, key):
            return "gone"  # the cut fell between the lines of a group
        return f"changed (lines {self._lines_of(key)}): {self._changes(found, clean)}"

    def _exact(self, key: str, rejected: bool) -> str:
        if rejected:
            return "rejected"
        return "repaired" if self._rows_of(key) & self.polluted.broken and key in self.read.records else "exact"

    @cached_property
    def _table(self) -> Table:
        return self.polluted.truth or self.export.table

    def _says(self, key: str, found: Rows | None) -> bool:
        """Whether the file literally says this; absent is literal only when no line names the identifier any more."""
        says = self.polluted.says
        if says is None or self.export.key not in says.header:
            return False
        place = says.place(self.export.key)
        named = found is not None or all(row[place].strip(" ") != key for row in says.rows)
        return named and found == self.bench.expected(self.export, says).get(key)

    def _end_is_said(self, key: str) -> bool:
        """Whether this is the last record of a cut file, the file's line says so, and its last cell shows no cut."""
        if not (self.polluted.cut and self.read.unended and self._rows_of(key) & {max(self._present)}):
            return False
        text = self.polluted.text.chars.rpartition(self.export.delimiter)[2]
        if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') % 2 == 0:
            return True
        cells = [row[-1] for row in self._table.rows]
        listed = self._table.header[-1] in _LISTED and text in cells
        return not text or listed or _FULL_TIME.fullmatch(text) is not None

    def _gap_is_said(self, key: str) -> bool:
        """Whether nothing but blank lines is left of a record, and the file's line says that there are some."""
        wanted = self._rows_of(key)
        left = [text for text, rows in self.polluted.text.lines() if rows & wanted]
        return self.read.gaps and bool(left) and not any(text.strip() for text in left)

    def _without(self, rows: frozenset[int], key: str) -> Rows | None:
        """What is left of a group when some of its lines are not read; None for a record that is one line."""
        kept = tuple(row for number, row in enumerate(self._table.rows) if number not in rows)
        if not rows or not self._rows_of(key) - rows:
            return None
        return self.bench.expected(self.export, Table(self._table.header, kept)).get(key)

    @cached_property
    def _lines(self) -> dict[str, frozenset[int]]:
        """The records of the truth by identifier."""
        place = self._table.place(self.export.key)
        found: dict[str, frozenset[int]] = {}
        for number, row in enumerate(self._table.rows):
            found[row[place].strip(" ")] = found.get(row[place].strip(" "), frozenset()) | {number}
        return found

    @cached_property
    def _fragments(self) -> dict[str, frozenset[int]]:
        """The identifiers on single lines of records of which another line is among the rejects."""
        place, width = self._table.place(self.export.key), len(self._table.header)
        found = {}
        for text, rows in self.polluted.text.lines():
            cells = alone(text.rstrip("\r\n"), self.export.delimiter, width) if rows & self._rejected else None
            if cells:
                found[cells[place].strip(" ")] = rows & self._rejected
        return found

    def _rows_of(self, key: str) -> frozenset[int]:
        return self._lines.get(key, frozenset())

    def _lines_of(self, key: str) -> str:
        wanted = self._rows_of(key)
        return ", ".join(str(line) for line, rows in self.polluted.origins.items() if rows & wanted) or "none"

    @cached_property
    def _rejected(self) -> frozenset[int]:
        """The records with a line among the rejects."""
        origins = self.polluted.origins
        return frozenset().union(*(origins.get(line, frozenset()) for line in self.read.rejects))

    @cached_property
    def _present(self) -> frozenset[int]:
        return frozenset().union(*self.polluted.origins.values())

    def _changes(self, found: Rows, clean: Rows | None) -> str:
        """The values that differ, at most three."""
        left, right = sorted((found - (clean or Counter())), key=str), sorted(((clean or Counter()) - found), key=str)
        if len(left) != 1 or len(right) != 1 or left[0][0] != right[0][0]:
            return f"{sum((clean or Counter()).values())} rows -> {sum(found.values())}"
        pairs = zip(right[0][1], left[0][1], strict=True)
        return ", ".join([f"{old!r} -> {new!r}" for old, new in pairs if old != new][:3])
