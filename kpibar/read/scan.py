"""The proof that a stretch of text is clean: every record found by its bytes alone, many at a time.

A scan looks at the four bytes that give a CSV its structure - delimiter, quote, line feed, carriage return - and
decides, for all records of a block at once, whether each is beyond doubt: as many cells as the header has, quotes
only around whole cells, no NUL, no line of another record inside a quoted cell. What is beyond doubt may be handed
on as it is, with the length of every cell; whatever else there is goes to the strict reader (records.py), line by
line. The scan never repairs and never guesses.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Integers = NDArray[numpy.signedinteger[Any]]
    Flags = NDArray[numpy.bool_]

LINE_FEED, RETURN, BLANK = 10, 13, 32
# A record of more bytes is judged by the strict reader, which rejects it.
LONGEST_TEXT = 16 << 20
# The first bytes of what people and tools write where there is nothing: -, n/a, null, [None], #N/A, (empty), a dash,
# and any character that is a blank in Unicode.
OPENINGS = b" -nN[#(\t\n\v\f\r\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3"
# The last bytes of the blanks that are no ASCII, and the first bytes of those of two and three bytes.
_ENDINGS = bytes((*range(0x80, 0x8B), 0x9F, 0xA0, 0xAF))
_NARROW, _WIDE = 0xC2, (0xE1, 0xE3)
REPLACEMENT = "\ufffd".encode()


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text are separated and quoted, how many a record has, and the header to recognise.

    `line_feeds` tells that its lines end in a line feed, so that a carriage return alone may stand within a cell.
    The last `padding` cells of a record are empty: delimiters behind the last column of the header.
    `free` are the places of columns of which nothing or only free text is read: a sign there that an earlier program
    could not read costs no record.
    """

    delimiter: str
    quote: str
    width: int
    header: tuple[str, ...] = ()
    line_feeds: bool = False
    free: frozenset[int] = frozenset()
    padding: int = 0


@dataclass(frozen=True)
class Proof:
    """What a scan found in a block, per record, in order.

    `starts` and `ends` are byte offsets (the line end included), `lines` the number of physical lines before each
    record in the block, `doubtful` the records the strict reader must judge (each one a single physical line),
    `lengths` (records x width) the bytes of each cell without its quotes, `plain` the columns of which no cell begins
    or ends with a blank, or begins as the words for "nothing" do (see OPENINGS). The scan stopped at byte `stop`, after
    `stop_lines` physical lines: at the end of the last whole record, or, when `stuck`, before a record whose end is
    itself in doubt. `returns` tells that records end in carriage return and line feed.
    """

    starts: "Integers"
    ends: "Integers"
    lines: "Integers"
    doubtful: "Flags"
    lengths: "Integers"
    plain: "Flags"
    stop: int
    stop_lines: int
    stuck: bool
    returns: bool


@dataclass(frozen=True)
class _Marks:
    """The structural bytes of a block: where they are, what they are, how many quotes there are up to each.

    `separators` are the marks that end a cell, `record_ends` those among the separators that end a record, `line_ends`
    the marks that end a physical line.
    """

    data: Any
    at: "Integers"
    kind: Any
    quotes_until: "Integers"
    outside: "Flags"
    separators: "Integers"
    record_ends: "Integers"
    line_ends: "Integers"
    returns: bool


def scan(block: bytes, dialect: Dialect) -> Proof:
    """Prove the records of a block that starts where a record starts; an unfinished one at its end is left over."""
    import numpy

    marks = _marks(block, dialect)
    line_end = marks.separators[marks.record_ends]
    ends = marks.at[line_end] + 1
    starts = numpy.concatenate(([0], ends[:-1])).astype(numpy.int64)
    lines_until = numpy.searchsorted(marks.line_ends, line_end, side="right")
    lines = numpy.concatenate(([0], lines_until[:-1])).astype(numpy.int64)
    has_line_breaks = lines_until - lines > 1
    right = numpy.diff(marks.record_ends, prepend=-1) == dialect.width
    measures = _measure(marks, right, dialect.width)
    lengths, plain = measures.lengths, measures.plain
    doubtful = ~right | measures.hollow | _like_header(lengths, dialect.header) | (ends - starts > LONGEST_TEXT)
    if dialect.padding:
        doubtful |= lengths[:, -dialect.padding :].any(axis=1)
    odd = numpy.zeros(len(ends), dtype=numpy.bool_)
    _note(odd, ends, _oddly_quoted(marks, dialect))
    _note(doubtful, ends, _unwanted_places(block))
    _note(doubtful, ends, _lone_returns(marks))
    if has_line_breaks.any():
        doubtful |= has_line_breaks & _holds_a_record(marks, dialect.width)
    # Where a quote stands oddly, what looks like the end of the record may be inside a cell.
    stuck = numpy.flatnonzero((doubtful & has_line_breaks) | odd)
    count = int(stuck[0]) if stuck.size else len(ends)
    stop = int(ends[count - 1]) if count else 0
    stop_lines = int(lines_until[count - 1]) if count else 0
    return Proof(
        starts[:count], ends[:count], lines[:count], doubtful[:count], lengths[:count], plain,
        stop, stop_lines, bool(stuck.size), measures.returns,
    )  # fmt: skip


def _marks(block: bytes, dialect: Dialect) -> _Marks:
    """Find the structural bytes; a quote toggles between outside and inside, whatever surrounds it."""
    import numpy

    data = numpy.frombuffer(block, dtype=numpy.uint8)
    returns = b"\r" in block
    is_mark = (data == ord(dialect.delimiter)) | (data == ord(dialect.quote)) | (data == LINE_FEED)
    # Half the width, half the time: a block is far smaller than 2 GiB.
    at = numpy.flatnonzero(is_mark | (data == RETURN) if returns else is_mark).astype(numpy.int32)
    kind = data[at]
    is_quote = kind == ord(dialect.quote)
    quotes_until = numpy.cumsum(is_quote, dtype=numpy.int32)
    outside = (quotes_until & 1 == 0) & ~is_quote
    separators = numpy.flatnonzero(outside & (kind != RETURN) if returns else outside)
    record_ends = numpy.flatnonzero(kind[separators] == LINE_FEED)
    breaks = kind == LINE_FEED
    if returns:
        breaks |= (kind == RETURN) & ~_before_line_feed(data, at)
    return _Marks(data, at, kind, quotes_until, outside, separators, record_ends, numpy.flatnonzero(breaks), returns)


def _before_line_feed(data: Any, at: "Integers") -> "Flags":
    """Whether the byte after each position is a line feed; at the end of the data there is none."""
    import numpy

    next_place = numpy.minimum(at + 1, len(data) - 1)
    flags: Flags = (data[next_place] == LINE_FEED) & (at + 1 < len(data))
    return flags


def _lone_returns(marks: _Marks) -> "Integers":
    """Carriage returns outside quotes that do not belong to a line feed: other readers end a record there."""
    places = marks.at[:0]
    if marks.returns:
        places = marks.at[marks.outside & (marks.kind == RETURN) & ~_before_line_feed(marks.data, marks.at)]
    return places


@dataclass(frozen=True)
class _Lengths:
    """The bytes of every cell without its quotes (records x width; zeros for records of another width).

    `plain` and `returns` as in Proof; `hollow` are the records of which every cell may be blank.
    """

    lengths: "Integers"
    plain: "Flags"
    hollow: "Flags"
    returns: bool


def _measure(marks: _Marks, right: "Flags", width: int) -> _Lengths:
    import numpy

    lengths = numpy.zeros((len(right), width), dtype=numpy.int32)
    hollow = numpy.zeros(len(right), dtype=numpy.bool_)
    if not right.any():
        return _Lengths(lengths, numpy.ones(width, dtype=numpy.bool_), hollow, False)
    raw, first, last, has_return = _cells_of(marks, right, width)
    odd = (_among(OPENINGS)[marks.data[first]] | _ends_blank(marks.data, numpy.maximum(last, 0))).reshape(-1, width)
    table = raw.reshape(-1, width)
    has_text = table > 0
    plain = ~(odd & has_text).any(axis=0)
    lengths[right], hollow[right] = table, ~(has_text & ~odd).any(axis=1)
    return _Lengths(lengths, plain, hollow, bool(has_return.any()))


def _cells_of(marks: _Marks, right: "Flags", width: int) -> tuple["Integers", "Integers", "Integers", "Flags"]:
    """Of every cell of the records with the right width: bytes, first byte, last byte; which records end in CRLF."""
    import numpy

    separators = marks.separators[: marks.record_ends[-1] + 1]
    ends, quotes = marks.at[separators], marks.quotes_until[separators]
    raw = numpy.empty_like(ends)
    raw[0] = ends[0]
    numpy.subtract(ends[1:], ends[:-1], out=raw[1:])
    raw[1:] -= 1
    first = ends - raw
    within = numpy.flatnonzero(quotes[1:] != quotes[:-1]) + 1
    if quotes[0]:
        within = numpy.concatenate(([0], within))
    before = numpy.where(within > 0, quotes[within - 1], 0)
    raw[within] -= 1 + (quotes[within] - before) // 2
    first[within] += 1
    last = ends - 1
    last[within] -= 1
    if not right.all():
        whole = numpy.repeat(right, numpy.diff(marks.record_ends, prepend=-1))
        raw, first, last, ends = raw[whole], first[whole], last[whole], ends[whole]
    has_return = marks.data[numpy.maximum(ends[width - 1 :: width] - 1, 0)] == RETURN
    last[width - 1 :: width] -= has_return
    raw[width - 1 :: width] -= has_return
    return raw, first, last, has_return


@lru_cache(maxsize=2)
def _among(signs: bytes) -> "Flags":
    """A table of all bytes: which of them are among these."""
    import numpy

    table: Flags = numpy.zeros(256, dtype=numpy.bool_)
    table[list(signs)] = True
    return table


def _ends_blank(data: Any, last: "Integers") -> "Flags":
    """Whether a cell ends in a blank of Unicode, given its last byte; yes for a few other signs of three bytes."""
    import numpy

    tail = data[last]
    ends: Flags = tail == BLANK
    # Letters beyond ASCII are few, or the text is long: the rest is asked of these only.
    high = numpy.flatnonzero(tail >= _ENDINGS[0])
    high = high[_among(_ENDINGS)[tail[high]]]
    at = last[high]
    narrow, wide = data[at - 1] == _NARROW, data[at - 2]
    ends[high] = narrow | ((wide >= _WIDE[0]) & (wide <= _WIDE[-1]))
    return ends


def is_plain(cell: str) -> bool:
    """Whether a cell is plain in the sense of `Proof.plain`."""
    return not cell or (cell.encode()[0] not in OPENINGS and unicodedata.category(cell[-1]) != "Zs")


def _oddly_quoted(marks: _Marks, dialect: Dialect) -> "Integers":
    """Where a quote neither opens or closes a whole cell nor is doubled inside one."""
    import numpy

    data = marks.data
    quotes: Integers = marks.at[marks.kind == ord(dialect.quote)]
    if not quotes.size:
        return quotes
    opening, ends_of_quotes = quotes[0::2], quotes[1::2]
    before = data[numpy.maximum(opening - 1, 0)]
    opens = (opening == 0) | (before == ord(dialect.delimiter)) | (before == LINE_FEED)
    opens[1:] |= opening[1:] - 1 == ends_of_quotes[: len(opening) - 1]
    after = data[numpy.minimum(ends_of_quotes + 1, len(data) - 1)]
    closes = (after == ord(dialect.delimiter)) | (after == LINE_FEED)
    if marks.returns:
        closes |= (after == RETURN) & _before_line_feed(data, ends_of_quotes + 1)
    pairs = min(len(ends_of_quotes), len(opening) - 1)
    closes[:pairs] |= ends_of_quotes[:pairs] + 1 == opening[1 : pairs + 1]
    odd: Integers = numpy.concatenate((opening[~opens], ends_of_quotes[~closes]))
    return odd


def _like_header(lengths: "Integers", header: tuple[str, ...]) -> "Flags":
    """Records whose cells are as long as the header's, in any order: candidates for another header.

    Of files put one behind the other, each header begins with a byte-order mark.
    """
    import numpy

    flags: Flags = numpy.zeros(len(lengths), dtype=numpy.bool_)
    if header:
        name_lengths = numpy.array([len(name.encode()) for name in header], dtype=numpy.int64)
        total = lengths.sum(axis=1)
        for mark in (0, len("\ufeff".encode())):
            candidates = numpy.flatnonzero(total == name_lengths.sum() + mark)
            bare = lengths[candidates].copy()
            bare[:, 0] -= mark
            flags[candidates] |= (numpy.sort(bare) == numpy.sort(name_lengths)).all(axis=1)
    return flags


def _holds_a_record(marks: _Marks, width: int) -> "Flags":
    """Records in which a line after the first has as many delimiters as a whole record, quoted or not."""
    import numpy

    flags: Flags = numpy.zeros(len(marks.record_ends), dtype=numpy.bool_)
    inner = numpy.flatnonzero(~marks.outside[marks.line_ends[:-1]])
    before, after = marks.line_ends[inner], marks.line_ends[inner + 1]
    delimiters = after - before - 1 - (marks.quotes_until[after] - marks.quotes_until[before])
    whole = after[delimiters >= width - 1]
    owners = numpy.searchsorted(marks.separators[marks.record_ends], whole)
    flags[owners[owners < len(flags)]] = True
    return flags


def _unwanted_places(block: bytes) -> list[int]:
    """Where NUL and the replacement character are."""
    places = []
    for first, whole in ((b"\0", b"\0"), (REPLACEMENT[:1], REPLACEMENT)):  # one byte is found at memory speed
        position = block.find(first)
        while position >= 0:
            if block.startswith(whole, position):
                places.append(position)
            position = block.find(first, position + 1)
    return places


def _note(doubtful: "Flags", ends: "Integers", positions: Any) -> None:
    """Mark the records that hold these byte positions."""
    import numpy

    owners = numpy.searchsorted(ends, positions, side="right")
    doubtful[owners[owners < len(doubtful)]] = True
