"""Lines that wait for the next one: a broken line to be put right, and what may be the footer of a report.

What they are is decided by the lines around them, wherever the text was cut into pieces.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kpibar.read.lines import strict_cells
from kpibar.read.quotes import opens_cell
from kpibar.read.records import QUOTE_TORN, Blank, Fault, Footer, Item, Record, looks_like_footer
from kpibar.read.scan import Dialect

# A report has no longer footer; the lines above are what they were judged to be.
_LONGEST_FOOTER = 50
_STRUCTURE = ("width", "quoting")


@dataclass(frozen=True)
class _Candidate:
    """An item, the text of its first line, how many lines it takes, and whether the line before it is sound."""

    item: Item
    raw: str
    lines: int
    alone: bool = True


class Repair(Protocol):
    """What whoever asks for the records knows of their columns: whether a line can be a record, and which one."""

    def __call__(self, line: str) -> list[str] | None:
        """The record a line without its line end was meant to be; None where that is not certain."""

    def having_seen(self, lines: Sequence[str]) -> "Repair":
        """The same, having looked at some lines of the file."""

    def may_be_record(self, line: str, cells: list[str] | None) -> bool:
        """Whether a line that begins as a footer is a record all the same."""

    def is_whole(self, cell: str) -> bool:
        """Whether the last cell of the file is whole."""


class Lookahead:
    """Items in the order of their lines -> `enter`, each with the number of its lines.

    `repairer` is what the columns hold, asked for when it is needed first; without it a footer is told by its words
    alone. `read_cells` gives the only record a line can be; with `repair`, a broken line between sound ones becomes
    that record. `group` is the place of the column by which lines are folded into a record.
    """

    def __init__(
        self,
        dialect: Dialect,
        enter: Callable[[Item, int], None],
        repairer: Callable[[], Repair] | None,
        read_cells: Callable[[str], list[str] | None] | None,
        group: int | None = None,
        *,
        repair: bool = True,
    ) -> None:
        self._group, self._repair = group, repair
        self._dialect, self._enter, self._make, self._read_cells = dialect, enter, repairer, read_cells
        self._column_tests: Repair | None = None
        self._open_quote: _Candidate | None = None
        self._footer: deque[_Candidate] = deque()
        self._sound = True

    def take(self, item: Item, raw: str, lines: int) -> None:
        """The next item."""
        odd = lines == 1 and raw.count(self._dialect.quote) % 2 == 1
        sound = isinstance(item, Record) and not odd
        self._resolve(sound=sound, single=lines == 1, is_torn=odd and isinstance(item, Fault))
        candidate = _Candidate(item, raw, lines, self._sound)
        self._sound = sound
        if self._read_cells is not None and lines == 1 and self._may_be_mended(candidate, odd):
            self._open_quote = candidate
        else:
            self._place(candidate)

    def before_records(self, *, single: bool) -> None:
        """Sound records follow, the first of them on a single line or on several; none of them waits."""
        self._resolve(sound=True, single=single)
        self._sound = True
        self._settle()

    def end(self) -> None:
        """Nothing follows: what waited for a footer is one."""
        self._resolve(sound=True, single=False)
        for candidate in self._footer:
            self._enter(Footer(candidate.item.line), 1)
        self._footer.clear()

    def is_footer(self, raw: str, cells: list[str] | None = None) -> bool:
        """Whether a line that stands below all records is none: it says so, and can be no record of this table."""
        if not looks_like_footer(raw, self._dialect):
            return False
        if self._make is None:
            return True
        self._column_tests = self._column_tests or self._make()
        return not self._column_tests.may_be_record(raw.rstrip("\r\n"), cells)

    def _may_be_mended(self, candidate: _Candidate, odd: bool) -> bool:
        has_structure_fault = isinstance(candidate.item, Fault) and candidate.item.code in _STRUCTURE
        # The last line of a file that ends without a line end may have been cut: what it lacks is nowhere.
        whole = candidate.raw.endswith(("\n", "\r"))
        return (
            (has_structure_fault or (odd and isinstance(candidate.item, Record)))
            and whole
            and not self.is_footer(candidate.raw)
        )

    def _resolve(self, *, sound: bool, single: bool, is_torn: bool = False) -> None:
        """Decide on the broken line: damage that goes over more than a line is not one mistake.

        What an open quote holds may go on in a next line that is not a record by itself, `is_torn` where that one has
        an odd number of quotes too.
        """
        candidate, self._open_quote = self._open_quote, None
        if candidate is None:
            return
        is_closed = single or candidate.raw.count(self._dialect.quote) % 2 == 0
        cells = self._read_cells(candidate.raw.rstrip("\r\n")) if self._read_cells else None
        if cells is not None and cells == strict_cells(candidate.raw, self._dialect):
            candidate = replace(candidate, item=Record(candidate.item.line, cells))
        elif cells is not None and self._repair and candidate.alone and sound and is_closed:
            candidate = replace(candidate, item=Record(candidate.item.line, cells, is_repaired=True))
        elif is_torn and isinstance(candidate.item, Record) and opens_cell(candidate.raw, self._dialect):
            candidate = replace(candidate, item=Fault(candidate.item.line, "quoting", QUOTE_TORN))
        self._place(candidate)

    def _place(self, candidate: _Candidate) -> None:
        if isinstance(candidate.item, Blank):
            self._enter(candidate.item, candidate.lines)
        elif candidate.lines == 1 and self.is_footer(
            candidate.raw, candidate.item.cells if isinstance(candidate.item, Record) else None
        ):
            self._footer.append(candidate)
            if len(self._footer) > _LONGEST_FOOTER:
                self._enter(self._footer.popleft().item, 1)
        else:
            self._settle()
            self._enter(self._with_group(candidate), candidate.lines)

    def _with_group(self, candidate: _Candidate) -> Item:
        """A broken line with the record it is folded into: that one is not whole."""
        if self._group is None or not isinstance(candidate.item, Fault):
            return candidate.item
        cells = strict_cells(candidate.raw.rstrip("\r\n"), self._dialect) or candidate.raw.split(
            self._dialect.delimiter
        )
        cell = cells[self._group].strip(f" \r\n{self._dialect.quote}") if self._group < len(cells) else ""
        return replace(candidate.item, group=cell)

    def _settle(self) -> None:
        """What waited for a footer is what it was judged to be: records follow."""
        for candidate in self._footer:
            self._enter(candidate.item, 1)
        self._footer.clear()
