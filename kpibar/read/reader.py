"""A text, block by block -> batches of proven records, and an account of every physical line.

The scan (scan.py) takes what is beyond doubt, a strict reader (records.py) judges the rest. Both give the same
answer; the first is many times faster. A batch carries the bytes the engine will read, the physical line of each
record, and a checksum over the length and place of every cell, which the engine must find again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kpibar.read.errors import FileDamaged
from kpibar.read.footer import Lookahead, Repair
from kpibar.read.lines import physical_lines
from kpibar.read.quotes import is_closed
from kpibar.read.records import (
    HEADER_MOVED,
    LONG,
    LONGEST_RECORD,
    Blank,
    Fault,
    Item,
    Judgement,
    Record,
    each_record,
    encode,
    judge,
    judge_cells,
    too_long,
)
from kpibar.read.scan import LONGEST_TEXT, REPLACEMENT, Dialect, Proof, is_plain, scan

if TYPE_CHECKING:
    from kpibar.read.scan import Integers

# So much text is scanned at least, and so many records are read strictly at most, before the other way is tried again.
_LEAST_WINDOW, _MOST_PATIENCE = 8 * 1024, 1_024
# A longer line is no line of an export; one whose first end is further is read strictly, for a scan takes much memory.
_LONGEST_LINE, _LONGEST_SCAN = 64 << 20, 4 << 20
# So many bytes may be looked at, and so many times the bytes that were read: each line of a hostile text asks for more.
_FREE_EFFORT, _MOST_EFFORT = 64 << 20, 64
# So many repaired lines are named.
_LINE_LIMIT = 1_000


@dataclass(frozen=True)
class Sizes:
    """How much is taken at once: bytes of text looked at together, and the records and bytes after which a batch ends.

    The first batch is small: it settles what holds for the whole file. Of records that are so long that a vector of the
    engine would take more than `vector` bytes, a batch has no more. A longer record than `record` is rejected.
    """

    window: int = 256 * 1024
    first: int = 20_000
    records: int = 400_000
    bytes: int = 96 * 1024 * 1024
    vector: int = 96 * 1024 * 1024
    record: int = LONGEST_TEXT


USUAL = Sizes()
# So many records the engine works on at once.
_VECTOR = 2_048
# Of a layout whose values are more than so many times as long as its cells, the engine makes so many bytes at once.
_MOST_USUAL, _MOST_GROWN = 50, 400 << 20


def sizes_for(growth: int) -> Sizes:
    """How much is taken at once where the values of a record can be so many times as long as its cells."""
    if growth <= _MOST_USUAL:
        return USUAL
    limit = _MOST_GROWN // growth
    return replace(USUAL, vector=limit, record=min(USUAL.record, max(USUAL.window, limit)))


def weights(width: int) -> list[int]:
    """The factor of each column in the checksum: distinct, so that cells that changed places are noticed."""
    return [2 * place + 3 for place in range(width)]


@dataclass
class Account:
    """Physical lines of the records' part of a file by what they are; `total` is counted apart from the others.

    `repairs` are among the records; `repaired_lines` are the first lines of the first of them. `line_wraps` counts the
    records of which the whole line stood in quotes, `damaged_records` those that hold U+FFFD in free text, `open_ends`
    those taken although the file ends without a line end behind them. `gaps` are the blank lines that stand before the
    last record. `moved_line` is the line of a second header with the columns in another order, from which on nothing
    can be believed.
    """

    total: int = 0
    records: int = 0
    rejects: int = 0
    blank: int = 0
    footer: int = 0
    repairs: int = 0
    repaired_lines: list[int] = field(default_factory=list)
    line_wraps: int = 0
    damaged_records: int = 0
    open_ends: int = 0
    gaps: int = 0
    moved_line: int | None = None


@dataclass(frozen=True)
class Batch:
    """Proven records as CSV text with line feeds, and the faults among them.

    `lines` and `last_lines` are the physical lines each record begins and ends on, `check` the checksum, `plain` the
    columns in which no cell needs a second look (see scan.Proof).
    """

    text: bytes
    lines: "Integers"
    last_lines: "Integers"
    check: int
    plain: tuple[bool, ...]
    faults: tuple[Fault, ...]

    @property
    def records(self) -> int:
        """How many records the text holds."""
        return len(self.lines)


def join_batches(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    return Batch(
        b"".join(batch.text for batch in batches),
        _concatenate([batch.lines for batch in batches]),
        _concatenate([batch.last_lines for batch in batches]),
        sum(batch.check for batch in batches),
        tuple(map(all, zip(*(batch.plain for batch in batches), strict=True))),
        tuple(fault for batch in batches for fault in batch.faults),
    )


@dataclass
class _BatchBuilder:
    """A batch being filled."""

    width: int
    most_records: int
    most_bytes: int
    vector: int
    pieces: list[bytes] = field(default_factory=list)
    lines: "list[Integers]" = field(default_factory=list)
    last_lines: "list[Integers]" = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    check: int = 0
    records: int = 0
    size: int = 0
    odd: set[int] = field(default_factory=set)

    def add(
        self, text: bytes, lines: "Integers", last_lines: "Integers", lengths: "Integers", odd: Iterable[int]
    ) -> None:
        """Add records: their text, the first and last line of each, the bytes of each cell, columns not plain."""
        import numpy

        ordinals = numpy.arange(self.records + 1, self.records + 1 + len(lines), dtype=numpy.int64)
        self.check += int(lengths.astype(numpy.int64) @ numpy.array(weights(self.width)) @ ordinals)
        self.odd.update(odd)
        self.pieces.append(text)
        self.lines.append(lines)
        self.last_lines.append(last_lines)
        self.records += len(lines)
        self.size += len(text)

    def full(self) -> bool:
        """Whether it should be handed on."""
        long = self.size >= self.vector and self.size * _VECTOR > self.records * self.vector
        return long or self.records >= self.most_records or self.size >= self.most_bytes

    def finish(self) -> Batch:
        """The batch."""
        plain = tuple(place not in self.odd for place in range(self.width))
        return Batch(
            b"".join(self.pieces),
            _concatenate(self.lines),
            _concatenate(self.last_lines),
            self.check,
            plain,
            tuple(self.faults),
        )


def _concatenate(pieces: "list[Integers]") -> "Integers":
    import numpy

    return numpy.concatenate(pieces) if pieces else numpy.zeros(0, dtype=numpy.int64)


class Reader:
    """Reads one text; iterate over `batches` once, then ask `account`.

    `line` is the physical line of the first byte. There is always at least one batch, be it empty. `repairer` is asked
    for when the first broken line comes, and shown the beginning of the file; without it, or without `repair`, broken
    lines are rejected. `group` is the place of the column by which lines are folded into one record. `path` is named
    where no records can be told apart (FileDamaged).
    """

    def __init__(
        self,
        dialect: Dialect,
        line: int,
        repairer: Callable[[], Repair] | None = None,
        sizes: Sizes = USUAL,
        *,
        repair: bool = True,
        group: int | None = None,
        path: Path = Path("text"),
    ) -> None:
        self.path = path
        self.dialect = dialect
        self.line = line
        self.sizes = sizes
        self._repairer = repairer
        self._repair: Repair | None = None
        self._first_view = b""
        self.account = Account()
        self._builder = _BatchBuilder(dialect.width, sizes.first, sizes.bytes, sizes.vector)
        only = self._only_reading if repairer else None
        self._lookahead = Lookahead(dialect, self._enter, repairer, only, group, repair=repair)
        self._patience = 1
        self._effort = self._consumption = self._largest = 0

    def batches(self, blocks: Iterable[bytes]) -> Iterator[Batch]:
        """The records of UTF-8 text given in blocks of any size."""
        buffer, source, final = b"", iter(blocks), False
        window = self.sizes.window
        while True:
            if len(buffer) < window and not final:
                block = next(source, None)
                final = block is None
                buffer += self._count_lines(block or b"", final, buffer)
                continue
            if not buffer:
                break
            consumption = self._read(buffer, window, final)
            self._consumption += consumption
            buffer = buffer[consumption:] if consumption else buffer
            window = self._next_window(window, consumption)
            if self._builder.full():
                yield self._hand_over()
        self._lookahead.end()
        yield self._hand_over()

    def _next_window(self, window: int, consumption: int) -> int:
        """How much to look at next: more where no record ends in it, less where scans soon get stuck."""
        if not consumption:
            return 2 * window
        usual = self.sizes.window
        return max(window // 2, min(_LEAST_WINDOW, usual)) if consumption < window // 4 else min(2 * window, usual)

    def rows(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[Batch]:
        """The records of a table that comes as cells: a sheet, JSON objects."""
        for line, cells in rows:
            self.account.total += 1
            item = judge_cells(cells, line, self.dialect)
            self._lookahead.take(item, self.dialect.delimiter.join(cells), 1)
            if self._builder.full():
                yield self._hand_over()
        self._lookahead.end()
        yield self._hand_over()

    def _hand_over(self) -> Batch:
        batch = self._builder.finish()
        self._builder = _BatchBuilder(self.dialect.width, self.sizes.records, self.sizes.bytes, self.sizes.vector)
        return batch

    def _count_lines(self, block: bytes, final: bool, before: bytes) -> bytes:
        """Count the line ends of a block as it arrives; the last line may have none."""
        import numpy

        if before.endswith(b"\r") and block.startswith(b"\n"):
            self.account.total -= 1
        self.account.total += int(numpy.count_nonzero(numpy.frombuffer(block, dtype=numpy.uint8) == 10))
        if b"\r" in block:
            self.account.total += block.count(b"\r") - block.count(b"\r\n")
        if final and before and not before.endswith((b"\n", b"\r")):
            self.account.total += 1
        return block

    def _only_reading(self, line: str) -> list[str] | None:
        """The only record that a line can be."""
        repair = self._repair_with_lines()
        return repair(line) if repair else None

    def _repair_with_lines(self) -> Repair | None:
        """What the columns hold, as the beginning of the file shows it too."""
        if self._repair is None and self._repairer is not None:
            # The last line may have been cut where the beginning ends.
            first_lines = physical_lines(self._first_view.decode(errors="ignore"))[:-1]
            self._repair = self._repairer().having_seen(first_lines)
        return self._repair

    def _read(self, buffer: bytes, window: int, final: bool) -> int:
        """Read what the first `window` bytes hold; how many bytes that was, 0 when more must be seen first."""
        view = buffer[:window]
        self._first_view = self._first_view or view
        whole = final and len(view) == len(buffer)
        if view.endswith(b"\r") and not whole:
            view = view[:-1]  # it may belong to a line feed
        end = _first_end(view)
        if end < 0 and not whole:
            if len(view) > _LONGEST_LINE:
                raise FileDamaged(self.path, "text", f"line {self.line:,} has no end within {_LONGEST_LINE >> 20} MiB")
            return 0
        self._largest = max(self._largest, len(view))
        self._refuse_effort(len(view))
        if end > _LONGEST_SCAN:  # a scan takes twenty times the memory of its text
            return self._strictly(view, whole)
        proof = scan(view, self.dialect)
        self._accept(view, proof)
        tail = view[proof.stop :]
        # No scan proves a line that ends in a carriage return alone; where lines do, a line feed stands within a cell.
        by_returns = b"\r" in tail and not (self.dialect.line_feeds and b"\n" in tail)
        long = tail.count(b"\n") > LONGEST_RECORD or by_returns
        if proof.stuck or (tail and whole) or (not proof.stop and long):
            consumption = self._strictly(tail, whole)
            # Where the scan proves little, more is read strictly before it is asked again.
            helpful = len(proof.starts) > self._patience
            self._patience = 1 if helpful else min(2 * self._patience, _MOST_PATIENCE)
            return proof.stop + consumption
        if proof.stop:
            self._patience = 1
        return proof.stop

    def _refuse_effort(self, effort: int) -> None:
        """Count bytes looked at. Raises FileDamaged where they are so many times those that were taken."""
        self._effort += effort
        if self._effort > _FREE_EFFORT + _MOST_EFFORT * self._consumption + 4 * self._largest:
            why = f"quotes before and in line {self.line:,} open and do not close: its records cannot be separated"
            raise FileDamaged(self.path, "text", why)

    def _accept(self, view: bytes, proof: Proof) -> None:
        """Take the proven records as they are, have the doubtful lines judged, in order."""
        import numpy

        begin = 0
        doubtful = proof.doubtful | (proof.ends - proof.starts > self.sizes.record)
        for place in (*numpy.flatnonzero(doubtful), len(doubtful)):
            self._take_run(view, proof, begin, int(place))
            if place < len(doubtful):
                lines = physical_lines(view[proof.starts[place] : proof.ends[place]].decode())
                for item, raw, line_count in each_record(lines, self.line + int(proof.lines[place]), self.dialect):
                    self._lookahead.take(item, raw, line_count)
            begin = int(place) + 1
        self.line += proof.stop_lines

    def _take_run(self, view: bytes, proof: Proof, begin: int, end: int) -> None:
        """Take the records [begin, end), all proven; the last of them may be lines of a footer."""
        sure = end
        while sure > begin and self._footer_at(view, proof, sure - 1):
            sure -= 1
        if sure > begin:
            self._lookahead.before_records(single=_lines_of(proof, begin) == 1)
            self._take_records(view, proof, begin, sure)
        for place in range(sure, end):
            lines = physical_lines(view[proof.starts[place] : proof.ends[place]].decode())
            for item, raw, line_count in each_record(lines, self.line + int(proof.lines[place]), self.dialect):
                self._lookahead.take(item, raw, line_count)

    def _footer_at(self, view: bytes, proof: Proof, place: int) -> bool:
        """Whether a proven record is a single line that may belong to a footer."""
        if _lines_of(proof, place) > 1:
            return False
        return self._lookahead.is_footer(view[proof.starts[place] : proof.ends[place]].decode())

    def _take_records(self, view: bytes, proof: Proof, begin: int, end: int) -> None:
        """Take the records [begin, end) as they are."""
        import numpy

        first, last = int(proof.starts[begin]), int(proof.ends[end - 1])
        text = view[first:last]
        if proof.returns:
            text = _without_returns(text, proof.ends[begin:end] - first)
        lines = self.line + proof.lines[begin:end]
        after = self.line + (int(proof.lines[end]) if end < len(proof.lines) else proof.stop_lines)
        last_lines = numpy.append(lines[1:], after) - 1
        self._builder.add(text, lines, last_lines, proof.lengths[begin:end], numpy.flatnonzero(~proof.plain).tolist())
        self.account.records += int((last_lines - lines + 1).sum())
        self.account.gaps = self.account.blank

    def _strictly(self, view: bytes, final: bool) -> int:
        """Judge the first records of a view; the bytes they took, 0 when the end of the first is not in view."""
        cut = len(view) if final else max(view.rfind(b"\n"), view.rfind(b"\r")) + 1
        lines = physical_lines(view[:cut].decode())
        first = 0
        for _ in range(self._patience):
            if first == len(lines):
                break
            judgement = judge(lines, first, self.line, self.dialect)
            self._refuse_effort(judgement.read * cut // len(lines))
            if not final and (judgement.needs_lines or first + judgement.line_count == len(lines)):
                break
            item = self._whole(judgement, "".join(lines[first : first + judgement.line_count]))
            self._lookahead.take(item, lines[first], judgement.line_count)
            self.line += judgement.line_count
            first += judgement.line_count
        return len("".join(lines[:first]).encode())

    def _whole(self, judgement: Judgement, text: str) -> Item:
        """What a text was judged to be, unless the file ends within its record."""
        item = judgement.item
        if not isinstance(item, Record) or text.endswith(("\n", "\r")):
            return item
        repair = None if text.count(self.dialect.quote) % 2 else self._repair_with_lines()
        if item.is_wrapped or is_closed(text, self.dialect) or (repair and repair.is_whole(item.cells[-1])):
            return replace(item, is_unended=True)
        reason = "the file ends within it, without a line end: it may have been cut"
        return Fault(item.line, "cut", reason, judgement.line_count)

    def _enter(self, item: Item, lines: int) -> None:
        import numpy

        text = encode(item.cells, self.dialect) if isinstance(item, Record) else b""
        if isinstance(item, Record) and len(text) > self.sizes.record:
            usual = self.sizes.record == LONGEST_TEXT
            item = Fault(item.line, "length", LONG if usual else too_long(self.sizes.record), lines)
        if isinstance(item, Record):
            lengths = numpy.array([[len(cell.encode()) for cell in item.cells]], dtype=numpy.int64)
            line = numpy.array([item.line], dtype=numpy.int64)
            odd = [place for place, cell in enumerate(item.cells) if not is_plain(cell)]
            self._builder.add(text, line, line + lines - 1, lengths, odd)
            self.account.records += lines
            self.account.gaps = self.account.blank
            self.account.line_wraps += item.is_wrapped
            self.account.damaged_records += REPLACEMENT in text
            self.account.open_ends += item.is_unended
            if item.is_repaired:
                self.account.repairs += 1
                self.account.repaired_lines += [item.line] if self.account.repairs <= _LINE_LIMIT else []
        elif isinstance(item, Blank):
            self.account.blank += lines
        elif isinstance(item, Fault):
            self._builder.faults.append(item)
            if item.code == HEADER_MOVED and self.account.moved_line is None:
                self.account.moved_line = item.line
            self.account.rejects += lines
        else:
            self.account.footer += lines


def _first_end(view: bytes) -> int:
    """Where the first line of a text ends, -1 where it does not."""
    feed = view.find(b"\n")
    back = view.find(b"\r", 0, feed if feed >= 0 else len(view))
    return back if back >= 0 else feed


def _lines_of(proof: Proof, place: int) -> int:
    """How many physical lines a record takes."""
    after = proof.lines[place + 1] if place + 1 < len(proof.lines) else proof.stop_lines
    return int(after - proof.lines[place])


def _without_returns(text: bytes, ends: "Integers") -> bytes:
    """Records that end in a line feed alone, whatever their cells hold."""
    import numpy

    data = numpy.frombuffer(text, dtype=numpy.uint8)
    places = ends[ends >= 2] - 2
    keep = numpy.ones(len(data), dtype=numpy.bool_)
    keep[places[data[places] == 13]] = False
    return data[keep].tobytes()
