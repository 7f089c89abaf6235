"""Batches of proven records -> the table `typed`, through a pipe.

The engine reads a batch as CSV from a named pipe: nothing is copied to disk, and what is read is what was proved,
byte by byte. It must find the same number of records and the same checksum over the length and place of every cell
again; where it does not, or there can be no pipe, the batch is read a second time, cell by cell, by the strict reader.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kpibar.database.engine import EngineError
from kpibar.database.store import Store
from kpibar.load.errors import ProofBroken
from kpibar.load.plan import Plan
from kpibar.load.typed import PLACE, checksum_sql
from kpibar.read.reader import Batch
from kpibar.read.records import decode
from kpibar.read.scan import Dialect
from kpibar.values.macros import with_macros
from kpibar.values.notation import quote

# The engine would reserve sixteen times as much for every text it reads.
_LONGEST_LINE = 64 * 1024 * 1024
_PIPE = "records"
_PIPE_BYTES = 1024 * 1024
_CELLS_AT_ONCE = 1_000_000


def type_batch(store: Store, batch: Batch, dialect: Dialect, plan: Plan) -> None:
    """Fill `typed` from the records of a batch. Raises ProofBroken, EngineError."""
    if not hasattr(os, "mkfifo") or not _typed_from_pipe(store, batch, dialect, plan):
        _stage_cells(store, "staged", batch, dialect)
        store.engine.run(with_macros(f"CREATE OR REPLACE TEMP TABLE typed AS {plan.typed_sql('staged', batch.plain)}"))
        store.engine.run("DROP TABLE staged")
        _insist(store, batch, "typed", "checked")


def _typed_from_pipe(store: Store, batch: Batch, dialect: Dialect, plan: Plan) -> bool:
    """Whether the engine found again what was proved: as many records, every cell of its length and in its place."""

    def statement(source: str) -> str:
        return with_macros(f"CREATE OR REPLACE TEMP TABLE typed AS {plan.typed_sql(source, batch.plain)}")

    return _from_pipe(store, batch, dialect, statement) and _agrees(store, batch, "typed", "checked")


def _from_pipe(store: Store, batch: Batch, dialect: Dialect, statement: Callable[[str], str]) -> bool:
    """Run a statement made over the text of a batch; False where there can be no pipe, or the statement is refused.

    Whether the text or the statement itself is to blame shows when the cells are taken the second way. Raises
    EngineError for anything else, such as a full disk, and where the transaction has ended with the refusal.
    """
    try:
        with _pipe(store.temporary / _PIPE, batch.text) as path:
            store.engine.run(statement(read_csv(path, dialect)))
    except (OSError, RuntimeError):
        return False
    except EngineError as error:
        if not error.statement or not _goes_on(store):
            raise
        return False
    return True


def _goes_on(store: Store) -> bool:
    """Whether statements can still be run: within a transaction a refusal may be the end of it."""
    try:
        store.engine.run("SELECT 1")
    except EngineError:
        return False
    return True


def stage_batch(store: Store, batch: Batch, dialect: Dialect, before: int) -> None:
    """Add the text of a batch to `staged`, of which `line` is the place of a record in the file.

    `before` is the number of records that are there. Raises ProofBroken, EngineError.
    """
    width = dialect.width
    if not hasattr(os, "mkfifo") or not _staged_from_pipe(store, batch, dialect):
        _stage_cells(store, "piece", batch, dialect)
        _insist(store, batch, "piece", checksum_sql(width))
    into = "INSERT INTO staged" if before else "CREATE OR REPLACE TEMP TABLE staged AS"
    store.engine.run(f"{into} SELECT {PLACE} + {before} AS line, * FROM piece; DROP TABLE piece")


def _staged_from_pipe(store: Store, batch: Batch, dialect: Dialect) -> bool:
    """Whether the engine found again what was proved, into `piece`."""

    def statement(source: str) -> str:
        return f"CREATE OR REPLACE TEMP TABLE piece AS SELECT * FROM {source}"

    return _from_pipe(store, batch, dialect, statement) and _agrees(store, batch, "piece", checksum_sql(dialect.width))


def read_csv(path: Path, dialect: Dialect) -> str:
    """The relation of a CSV text with nothing left to guess: columns c0, c1, ..., all text, an empty cell is ''."""
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(dialect.width))
    return (
        f"read_csv({quote(str(path))}, auto_detect = false, header = false, delim = {quote(dialect.delimiter)}, "
        f"quote = {quote(dialect.quote)}, escape = {quote(dialect.quote)}, comment = '', new_line = '\\n', "
        f"nullstr = '\\x01', strict_mode = true, null_padding = false, max_line_size = {_LONGEST_LINE}, "
        f"buffer_size = {_LONGEST_LINE}, "
        f"columns = {{{columns}}})"
    )


@contextmanager
def _pipe(path: Path, text: bytes) -> Iterator[Path]:
    """A named pipe from which one reader gets `text`; it exists for that long only."""
    os.mkfifo(path, 0o600)
    try:
        with Path(os.devnull).open("rb") as spare:
            writer = threading.Thread(target=_write, args=(path, text, spare), daemon=True)
            try:
                writer.start()
                yield path
            finally:
                _release(writer, path)
    finally:
        path.unlink()


def _release(writer: threading.Thread, path: Path) -> None:
    """Let the writer end: a refused statement never became the reader it waits for."""
    while writer.is_alive():
        with suppress(OSError):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        writer.join(timeout=0.01)


def _write(path: Path, text: bytes, spare: IO[bytes]) -> None:
    """Write the text, or less where that fails: the reader must not wait for ever, and notices what it lacks."""
    try:
        pipe = path.open("wb", buffering=0)
    except OSError:  # no file can be opened any more: then one gives way
        with suppress(OSError):
            spare.close()
            os.close(os.open(path, os.O_WRONLY))
        return
    with suppress(Exception), pipe:
        _widen(pipe.fileno())
        view = memoryview(text)
        while view:
            view = view[pipe.write(view) or 0 :]


def _widen(descriptor: int) -> None:
    """Ask for a larger pipe where the system has them: fewer turns between writer and reader."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _agrees(store: Store, batch: Batch, table: str, check: str) -> bool:
    store.engine.run(f"SET VARIABLE first_row = (SELECT min(rowid) FROM {table})")
    sums = store.engine.rows(f"SELECT count(*), coalesce(sum(({check}) * ({PLACE} + 1)), 0)::HUGEINT FROM {table}")[0]
    return tuple(sums) == (batch.records, batch.check)


def _insist(store: Store, batch: Batch, table: str, check: str) -> None:
    """Raises ProofBroken."""
    if not _agrees(store, batch, table, check):
        raise ProofBroken(batch.records)


def _stage_cells(store: Store, table: str, batch: Batch, dialect: Dialect) -> None:
    """The second way: the strict reader's cells, as arrays."""
    column_list = ", ".join(f"c{place} VARCHAR" for place in range(dialect.width))
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {table} ({column_list})")
    rows: list[list[str]] = []
    for row in decode(batch.text, dialect):
        rows.append(row)
        if len(rows) * dialect.width >= _CELLS_AT_ONCE:
            _append(store, table, rows, dialect.width)
            rows = []
    _append(store, table, rows, dialect.width)


def _append(store: Store, table: str, rows: list[list[str]], width: int) -> None:
    if rows:
        cells = zip(*rows, strict=True)
        store.engine.append(table, dict(zip((f"c{place}" for place in range(width)), cells, strict=True)))
