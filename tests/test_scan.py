"""The scan and the strict reader agree: any text, in any blocks and windows, gives the records a strict reader gives.

At the end of a file a footer is none of the records, and a last record that may have been cut is rejected. The engine
then gets exactly these cells, or the file is refused.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kpibar.database.store import Store, open_store
from kpibar.layouts.layout import shelf
from kpibar.layouts.shapes import Holds, accept
from kpibar.load.errors import ProofBroken
from kpibar.load.mapping import Context
from kpibar.load.plan import Plan, make_plan
from kpibar.load.repair import Repairer
from kpibar.load.staging import stage_batch, type_batch
from kpibar.read.columns import column
from kpibar.read.lines import physical_lines
from kpibar.read.reader import Account, Batch, Reader, Sizes, join_batches, weights
from kpibar.read.records import HEADER_MOVED, Blank, Fault, Item, Record, decode, encode, judge, looks_like_footer
from kpibar.read.scan import Dialect, is_plain

# The first line of the records, as if a header and a line before it had been read.
FIRST = 3
# Four times the profile's: with --hypothesis-profile=full they are 8,000.
THOROUGH = settings(max_examples=4 * settings().max_examples, deadline=None, suppress_health_check=list(HealthCheck))
ENGINE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


# --- texts ---------------------------------------------------------------------------------------------

WORDS = (
    "", "", "a", "1", "12", "7b", "été", "2025-03-01", "01/02/2025 10:00", " x ", "-", "n/a", "Total", "20 rows", "€",
    "said: ", "\x01", "\x1a", "\u2028", "\ufeff", "' ", '" ', "''", '""', ",", ";", "\t", "|", "\\", "#", "\n", "\r\n",
    "a\nb", "\r",
)  # fmt: skip
DAMAGE = (
    '"',
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\ufffd",
    '""',
    "\n\n",
    " ",
    "20 rows\n",
    "Total,,\n",
)


@dataclass(frozen=True)
class Text:
    """A table as somebody wrote it, perhaps damaged, and how it is read: the blocks it comes in, the sizes."""

    text: str
    dialect: Dialect
    sizes: Sizes
    block: int

    @property
    def blocks(self) -> list[bytes]:
        content = self.text.encode()
        return [content[start : start + self.block] for start in range(0, len(content), self.block)]


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Tables in any dialect, with any damage."""
    delimiter, quote, width = draw(st.sampled_from(",;\t|")), draw(st.sampled_from('""\'')), draw(st.integers(1, 4))
    header = tuple(draw(st.sampled_from(["id", "date", "a", "été", ""])) for _ in range(width))
    free = frozenset(draw(st.sets(st.integers(0, width - 1), max_size=width)))
    dialect = Dialect(delimiter, quote, width, header, draw(st.booleans()), free)
    ends = draw(st.sampled_from([("\n",), ("\r\n",), ("\r",), ("\n", "\r\n"), ("\n", "\r", "\r\n")]))
    cells = st.lists(st.sampled_from(WORDS), max_size=2).map("".join)
    rows = draw(st.lists(st.one_of(st.lists(cells, min_size=width, max_size=width), st.just(list(header))), max_size=9))
    text = "".join(written(row, dialect, draw(st.booleans())) + draw(st.sampled_from(ends)) for row in rows)
    for _ in range(draw(st.integers(0, 3))):
        text = damaged(text, draw(st.integers(0, len(text))), draw(st.sampled_from(("lost", *DAMAGE))))
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    sizes = Sizes(*(draw(st.integers(1, most)) for most in (60, 4, 4, 90)))
    return Text(text, dialect, sizes, draw(st.integers(1, 70)))


def written(row: Sequence[str], dialect: Dialect, always: bool) -> str:
    """A row with the quotes that are needed, or with all."""
    special = (dialect.delimiter, dialect.quote, "\n", "\r")
    return dialect.delimiter.join(
        dialect.quote + cell.replace(dialect.quote, dialect.quote * 2) + dialect.quote
        if always or any(mark in cell for mark in special)
        else cell
        for cell in row
    )


def damaged(text: str, place: int, damage: str) -> str:
    """The text with a character lost, or with something that does not belong there."""
    return text[:place] + text[place + 1 :] if damage == "lost" else text[:place] + damage + text[place:]


# --- the two readers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a reader made of a line: its first and last physical line, its cells or the code of its fault."""

    line: int
    last_line: int
    cells: tuple[str, ...] | None
    code: str = ""


def strictly(text: str, dialect: Dialect) -> Iterator[tuple[Item, int, str]]:
    """Every item of a text, one after the other: what it is, how many lines it takes, its first line."""
    lines, place = physical_lines(text), 0
    while place < len(lines):
        judged = judge(lines, place, FIRST + place, dialect)
        yield judged.item, judged.line_count, lines[place]
        place += judged.line_count


def expected(given: Text) -> tuple[list[Seen], Account]:
    """What the strict reader says, footers left out, and the lines it accounts for."""
    items = list(strictly(given.text, given.dialect))
    account = Account(total=len(physical_lines(given.text)))
    found: list[tuple[Seen, bool]] = []
    for number, (item, used, raw) in enumerate(items):
        if isinstance(item, Blank):
            account.blank += used
            continue
        seen = _seen(item, used)
        if number == len(items) - 1 and isinstance(item, Record) and _open_ended(given, item):
            seen = replace(seen, cells=None, code="cut")
        found.append((seen, used == 1 and looks_like_footer(raw, given.dialect)))
    while found and found[-1][1]:
        account.footer += 1
        found.pop()
    for seen, _ in found:
        spans = seen.last_line - seen.line + 1
        account.records += spans if seen.cells is not None else 0
        account.damaged_records += any("\ufffd" in cell for cell in seen.cells or ())
        account.rejects += spans if seen.cells is None else 0
    moved = (item.line for item, _, _ in items if isinstance(item, Fault) and item.code == HEADER_MOVED)
    account.moved_line = next(moved, None)
    return [seen for seen, _ in found], account


def _seen(item: Item, used: int) -> Seen:
    last = item.line + used - 1
    return (
        Seen(item.line, last, tuple(item.cells))
        if isinstance(item, Record)
        else Seen(item.line, last, None, _code(item))
    )


def _code(item: Item) -> str:
    assert isinstance(item, Fault)
    return item.code


def told(seen: Seen) -> Seen:
    """A fault by its line: how it is broken may be said of the line alone, or of the lines its quote reaches."""
    return replace(seen, code="structure") if seen.code in ("width", "quoting") else seen


def _open_ended(given: Text, last: Record) -> bool:
    """Whether the last record ends with neither a line end nor the quote that closes its last cell."""
    quote = given.dialect.quote
    closed = f"{quote}{last.cells[-1].replace(quote, quote * 2)}{quote}"
    return not (last.is_wrapped or given.text.endswith(("\n", "\r", closed)))


def read(given: Text, repairer: Repairer | None = None) -> tuple[list[Batch], Account]:
    """The batches of a text and the account of its lines."""
    reader = Reader(given.dialect, FIRST, (lambda: repairer) if repairer else None, given.sizes)
    return list(reader.batches(given.blocks)), reader.account


def holding(dialect: Dialect) -> Repairer:
    """What columns could hold of which the first has numbers and the last dates or nothing."""
    first = re.compile("|[0-9]+b?").fullmatch
    last = re.compile("|2025-03-01|01/02/2025 10:00").fullmatch
    holds: list[Holds] = [accept] * dialect.width
    holds[-1] = lambda text: last(text.strip()) is not None
    holds[0] = lambda text: first(text.strip()) is not None
    return Repairer(dialect, tuple(holds), frozenset({0}), date_places=frozenset({dialect.width - 1}))


def seen_in(batches: Sequence[Batch], dialect: Dialect) -> list[Seen]:
    """What the batches hold, in the order of the lines."""
    found: list[Seen] = []
    for batch in batches:
        cells = decode(batch.text, dialect)
        spans = zip(batch.lines.tolist(), batch.last_lines.tolist(), cells, strict=True)
        found += [Seen(line, last, tuple(row)) for line, last, row in spans]
        found += [Seen(fault.line, fault.last_line, None, fault.code) for fault in batch.faults]
    return sorted(found, key=lambda one: one.line)


def table(text: str, delimiter: str = ",", width: int = 2, window: int = 40, quote: str = '"') -> Text:
    """A text to be read in small pieces."""
    return Text(text, Dialect(delimiter, quote, width, ("id", "date", "text")[:width]), Sizes(window, 2, 3, 50), 17)


@THOROUGH
@given(texts())
@example(table('1,"a\n2,b\n3,c"\n4,d\n'))
@example(table('1,"a\n2,2025-01-01\n3,c"\n4,2025-01-01\n'))
@example(table("1,a\r\n2,b\rc\n\r\n3,d\r"))
@example(table("id,date\n1,\0\n2,\ufffd\n,\n3,x\n20 rows,\n"))
@example(table("1,a\n2,été", window=1))
@example(table('b","\n","a"" ",12\n', window=1))
@example(replace(table("1,a\rb\n2,c\r3,d\n4,\re\r\r\n"), dialect=Dialect(",", '"', 2, (), line_feeds=True)))
@example(replace(table('1,"a\n\ufffd"\n2,"\ufffd\n\0"\n3,d\n'), dialect=Dialect(",", '"', 2, (), free=frozenset({1}))))
@example(table('\na",,"\n"\n', width=3, window=1))
def test_both_readers_agree(given: Text) -> None:
    batches, account = read(given)
    found = [told(one) for one in seen_in(batches, given.dialect)]
    strict, lines = expected(given)
    assert found == [told(one) for one in strict]
    assert (
        replace(account, line_wraps=0, open_ends=0, gaps=0) == lines
    )  # counted in test_wrappings.py, test_endings.py, test_reader.py
    assert account.total == account.records + account.rejects + account.blank + account.footer


@pytest.mark.long
@THOROUGH
@given(texts())
def test_batches_are_as_large_as_they_may_be_and_prove_what_they_hold(given: Text) -> None:
    batches, _ = read(given)
    for batch in batches:
        rows = list(decode(batch.text, given.dialect))
        lengths = [[len(cell.encode()) for cell in row] for row in rows]
        factors = weights(given.dialect.width)
        assert batch.check == sum(
            place * sum(length * factor for length, factor in zip(row, factors, strict=True))
            for place, row in enumerate(lengths, 1)
        )
        for place, plain in enumerate(batch.plain):
            assert not plain or all(is_plain(row[place]) for row in rows)
        assert b"\0" not in batch.text
        assert all(
            "\ufffd" not in cell or place in given.dialect.free for row in rows for place, cell in enumerate(row)
        )
    whole = join_batches(batches)
    assert whole.records == sum(batch.records for batch in batches)
    assert (numpy.diff(whole.lines) > 0).all()


@pytest.mark.long
@THOROUGH
@given(texts(), st.integers(1, 60), st.integers(1, 60), st.booleans())
def test_blocks_and_windows_make_no_difference(given: Text, block: int, window: int, repairs: bool) -> None:
    other = replace(given, block=block, sizes=replace(given.sizes, window=window))
    (batches, account), (others, same) = (
        read(text, holding(text.dialect) if repairs else None) for text in (given, other)
    )
    assert [told(one) for one in seen_in(batches, given.dialect)] == [
        told(one) for one in seen_in(others, given.dialect)
    ]
    assert account == same


def test_a_cell_may_be_larger_than_a_window() -> None:
    long = "x\n" * 300 + "y" * 5_000
    given = table(f'1,a\n2,"{long}"\n3,c\n', window=64)
    assert [one.cells for one in seen_in(read(given)[0], given.dialect)] == [("1", "a"), ("2", long), ("3", "c")]


def test_a_quote_that_never_closes_costs_one_line() -> None:
    rows = [f"{n},a\n" for n in range(5_000)]
    rows[10] = '10,"a\n'
    given = replace(table("".join(rows)), sizes=Sizes(window=512), block=1_000)
    found = seen_in(read(given)[0], given.dialect)
    assert [(one.line, one.code) for one in found if one.cells is None] == [(FIRST + 10, "quoting")]
    assert len(found) == len(rows)


# --- the engine ----------------------------------------------------------------------------------------


def staged(store: Store, batches: Sequence[Batch], dialect: Dialect) -> list[tuple[str, ...]]:
    """The cells the engine holds once it has read the batches."""
    before = 0
    for batch in batches:
        stage_batch(store, batch, dialect, before)
        before += batch.records
    columns = ", ".join(f"c{place}" for place in range(dialect.width))
    rows = store.engine.rows(f"SELECT {columns} FROM staged ORDER BY line")
    places = [line for (line,) in store.engine.rows("SELECT line FROM staged ORDER BY line")]
    store.engine.run("DROP TABLE staged")
    assert places == list(range(len(rows)))
    return rows


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("proof") / "proof.duckdb", write=True) as opened:
        yield opened


@pytest.mark.long
@ENGINE
@given(given=texts())
@example(given=table('1,"a\rb"\r\n2,"a\r\nb"\r\n3,""""\r\n4,"\x01"\r\n,x\r\n'))
def test_the_engine_gets_exactly_these_cells(store: Store, given: Text) -> None:
    batches, _ = read(given)
    cells = [one.cells for one in seen_in(batches, given.dialect) if one.cells is not None]
    assert staged(store, batches, given.dialect) == cells


DIALECT = Dialect(",", '"', 2, ("contact_id", "created_at"))


def compiled() -> Plan:
    """A plan that types an identifier and a date."""
    layout = shelf(None).get("kpibar-contacts")
    context = Context("UTC", "UTC", {}, layout.formats, layout.decimal, layout.enum, "33")
    return make_plan(layout, tuple(map(column, DIALECT.header)), context)


def batch(*rows: Sequence[str]) -> Batch:
    """A proven batch of these cells."""
    text = b"".join(encode(row, DIALECT) for row in rows)
    (found,) = Reader(DIALECT, FIRST).batches([text])
    return found


def typed(store: Store) -> list[tuple[str, bool]]:
    """The identifiers of `typed`, and whether anything is wrong with their records."""
    (alias,) = [alias for alias in ("h0", "h1") if f"AS {alias}," in compiled().typing_sql][:1]
    return store.engine.rows(f"SELECT {alias}, bad IS NOT NULL FROM typed ORDER BY rowid")


def test_what_the_engine_reads_otherwise_is_read_a_second_way(store: Store) -> None:
    """The one text that stands for no text when the engine reads a pipe is a text all the same."""
    type_batch(store, batch(["1", "2025-01-01"], ["\x01", "2025-01-01"]), DIALECT, compiled())
    assert [identifier for identifier, _ in typed(store)] == ["1", "\x01"]


@pytest.mark.parametrize("wrong", [1, -1])
def test_a_wrong_checksum_refuses_the_file(store: Store, wrong: int) -> None:
    proven = batch(["1", "2025-01-01"], ["2", "2025-01-02"])
    type_batch(store, proven, DIALECT, compiled())
    forged = replace(proven, check=proven.check + wrong)
    with pytest.raises(ProofBroken, match="a batch of 2 records"):
        type_batch(store, forged, DIALECT, compiled())
    with pytest.raises(ProofBroken):
        stage_batch(store, forged, DIALECT, 0)


@pytest.mark.parametrize(
    "text",
    [b'"1","2025-01-01"\n', b'"2","2025-01-02"\n"1","2025-01-01"\n', b'"12025-01-01",""\n"2","2025-01-02"\n'],
    ids=["lost", "changed places", "moved"],
)
def test_records_that_are_lost_or_moved_are_noticed(store: Store, text: bytes) -> None:
    proven = batch(["1", "2025-01-01"], ["22", "2025-01-02"])
    with pytest.raises(ProofBroken):
        type_batch(store, replace(proven, text=text), DIALECT, compiled())


def test_a_text_the_strict_reader_gives_back_is_the_one_it_was_given() -> None:
    row = ['a"b', "x\r\ny\rz"]
    assert list(decode(encode(row, DIALECT), DIALECT)) == [row]
    odd = ["\u2028", "\x1a"]
    assert list(decode(encode(odd, DIALECT), DIALECT)) == [odd]


def refused(*arguments: object, **more: object) -> None:
    raise PermissionError("not here")


def no_thread(*arguments: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("place", "name", "trouble"), [(os, "mkfifo", refused), (threading.Thread, "start", no_thread)]
)
def test_where_there_can_be_no_pipe_cells_are_read_the_second_way(
    store: Store, monkeypatch: pytest.MonkeyPatch, place: object, name: str, trouble: Callable[..., None]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(place, name, trouble)
        type_batch(store, batch(["1", "2025-01-01"], ["2", "2025-01-02"]), DIALECT, compiled())
    assert [identifier for identifier, _ in typed(store)] == ["1", "2"]
    assert not [path for path in store.temporary.rglob("*") if path.is_fifo()]


@pytest.mark.long
def test_a_record_longer_than_any_of_an_export_is_a_fault(store: Store) -> None:
    long = "x" * (33 << 20)
    type_batch(store, batch([long, long], ["2", "2025-01-02"]), DIALECT, compiled())
    assert typed(store) == [("2", False)]


def test_no_pipe_stays(store: Store) -> None:
    type_batch(store, batch(["1", "2025-01-01"]), DIALECT, compiled())
    assert [path for path in store.temporary.rglob("*") if path.is_fifo()] == []
