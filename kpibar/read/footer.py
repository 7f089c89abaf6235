"""Lines that wait for the next one: a broken line to be put right, and what may be the footer of a report.

What they are is decided by the lines around them, wherever the text was cut into pieces.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kpibar.read.lines import strict_cells
from kpibar.read.quotes import opens_cell
from kpibar.read.records import TORN, Blank, Fault, Footer, Item, Record, looks_like_footer
from kpibar.read.scan import Dialect

# A report has no longer footer; the lines above are what they were judged to be.
_LONGEST_FOOTER = 50
_STRUCTURE = ("width", "quoting")


@dataclass(frozen=True)
class _Pending:
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
    alone. `reading` gives the only record a line can be; with `repair`, a broken line between sound ones becomes that
    record. `group` is the place of the column by which lines are folded into a record.
    """

    def __init__(
        self,
        dialect: Dialect,
        enter: Callable[[Item, int], None],
        repairer: Callable[[], Repair] | None,
        reading: Callable[[str], list[str] | None] | None,
        group: int | None = None,
        *,
        repair: bool = True,
    ) -> None:
        self._group, self._repair = group, repair
        self._dialect, self._enter, self._make, self._reading = dialect, enter, repairer, reading
        self._made: Repair | None = None
        self._broken: _Pending | None = None
        self._footer: deque[_Pending] = deque()
        self._sound = True

    def take(self, item: Item, raw: str, lines: int) -> None:
        """The next item."""
        odd = lines == 1 and raw.count(self._dialect.quote) % 2 == 1
        sound = isinstance(item, Record) and not odd
        self._resolve(sound=sound, single=lines == 1, torn=odd and isinstance(item, Fault))
        held = _Pending(item, raw, lines, self._sound)
        self._sound = sound
        if self._reading is not None and lines == 1 and self._may_be_mended(held, odd):
            self._broken = held
        else:
            self._place(held)

    def before_records(self, *, single: bool) -> None:
        """Sound records follow, the first of them on a single line or on several; none of them waits."""
        self._resolve(sound=True, single=single)
        self._sound = True
        self._settle()

    def end(self) -> None:
        """Nothing follows: what waited for a footer is one."""
        self._resolve(sound=True, single=False)
        for held in self._footer:
            self._enter(Footer(held.item.line), 1)
        self._footer.clear()

    def is_footer(self, raw: str, cells: list[str] | None = None) -> bool:
        """Whether a line that stands below all records is none: it says so, and can be no record of this table."""
        if not looks_like_footer(raw, self._dialect):
            return False
        if self._make is None:
            return True
        self._made = self._made or self._make()
        return not self._made.may_be_record(raw.rstrip("\r\n"), cells)

    def _may_be_mended(self, held: _Pending, odd: bool) -> bool:
        broken = isinstance(held.item, Fault) and held.item.code in _STRUCTURE
        # The last line of a file that ends without a line end may have been cut: what it lacks is nowhere.
        whole = held.raw.endswith(("\n", "\r"))
        return (broken or (odd and isinstance(held.item, Record))) and whole and not self.is_footer(held.raw)

    def _resolve(self, *, sound: bool, single: bool, torn: bool = False) -> None:
        """Decide on the broken line: damage that goes over more than a line is not one mistake.

        What an open quote holds may go on in a next line that is not a record by itself, `torn` where that one has an
        odd number of quotes too.
        """
        held, self._broken = self._broken, None
        if held is None:
            return
        closed = single or held.raw.count(self._dialect.quote) % 2 == 0
        cells = self._reading(held.raw.rstrip("\r\n")) if self._reading else None
        if cells is not None and cells == strict_cells(held.raw, self._dialect):
            held = replace(held, item=Record(held.item.line, cells))
        elif cells is not None and self._repair and held.alone and sound and closed:
            held = replace(held, item=Record(held.item.line, cells, repaired=True))
        elif torn and isinstance(held.item, Record) and opens_cell(held.raw, self._dialect):
            held = replace(held, item=Fault(held.item.line, "quoting", TORN))
        self._place(held)

    def _place(self, held: _Pending) -> None:
        if isinstance(held.item, Blank):
            self._enter(held.item, held.lines)
        elif held.lines == 1 and self.is_footer(held.raw, held.item.cells if isinstance(held.item, Record) else None):
            self._footer.append(held)
            if len(self._footer) > _LONGEST_FOOTER:
                self._enter(self._footer.popleft().item, 1)
        else:
            self._settle()
            self._enter(self._grouped(held), held.lines)

    def _grouped(self, held: _Pending) -> Item:
        """A broken line with the record it is folded into: that one is not whole."""
        if self._group is None or not isinstance(held.item, Fault):
            return held.item
        cells = strict_cells(held.raw.rstrip("\r\n"), self._dialect) or held.raw.split(self._dialect.delimiter)
        said = cells[self._group].strip(f" \r\n{self._dialect.quote}") if self._group < len(cells) else ""
        return replace(held.item, group=said)

    def _settle(self) -> None:
        """What waited for a footer is what it was judged to be: records follow."""
        for held in self._footer:
            self._enter(held.item, 1)
        self._footer.clear()
