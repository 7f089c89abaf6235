"""The seam under all SQL: what kpibar asks of a database engine, and the default engine, DuckDB.

Everything above this module speaks SQL through `Engine`; the model and the KPI catalogue use only the subset
that several engines answer alike, so that another engine can be put here without rewriting a definition.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from kpibar.database import signals

Row = tuple[Any, ...]
# The values of the marks `?` of a statement in order, or of its marks `$name` by name.
Parameters = Sequence[object] | Mapping[str, object]

# The engine must never reach for the network or load code it did not ship with.
_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    # What does not fit into memory is scrambled on its way to disk, under a key that dies with the process.
    "force_mbedtls_unsafe": "true",
    "temp_file_encryption": "true",
    "allowed_configs": "[temp_file_encryption]",  # see DuckDB.in_the_clear
    # Threads that wait for far-away files: each would reserve memory for nothing.
    "async_threads": "0",
}
# What the engine may work on while it writes. With it all a process on two cores that took in ten million contacts
# stayed below 1.5 GB; a Parquet file being read comes on top.
_MOST_MEMORY = 1 << 30
# And while it reads, for a report: what does not fit goes to the temporary folder.
_MOST_TO_READ = 2 << 30
# Of a limited address space, exports need so much, and every thread of the engine.
_LEAST_SPACE = 512 << 20
# The statements of this process by their text, those asked for last at the end: a parse takes a millisecond a kilobyte,
# on every connection anew. A parsed statement takes forty times the memory of its text, so few are kept.
_CACHE: dict[str, tuple[Any, ...]] = {}
_CACHE_TEXT = 500_000
# So many rows of a query are in memory at a time when they are fetched one batch after the other.
_BATCH = 2_000

Fault = Literal["statement", "access", "disk", "memory", "damage", "time", "other"]
# How systems and DuckDB say it.
_FAULT_WORDS: dict[Fault, tuple[str, ...]] = {
    "disk": ("no space left", "file too large", "not enough space", "quota exceeded", "max_temp_directory_size"),
    "memory": ("out of memory", "bad_alloc", "bad allocation", "cannot allocate memory", "start a new thread"),
    "damage": ("corrupt", "checksum", "wal file", "could not read enough bytes", "internal error", "fatal error"),
}


class EngineError(Exception):
    """The engine refused; the message is its first line, `fault` what was to blame.

    `details` are its further lines: names that are like the one it does not know, and the place in the statement.
    `lines` are the first and last physical line of what was being read of a file.
    """

    def __init__(self, message: str, fault: Fault = "other", details: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.details = details
        self.lines: tuple[int, int] | None = None

    @property
    def statement(self) -> bool:
        """Whether the statement was at fault, rather than the disk, the memory or the file."""
        return self.fault == "statement"


def _refusal(error: Exception) -> EngineError:
    """What an exception of DuckDB means."""
    import duckdb

    text = str(error)
    message, _, details = text.partition("\n")
    # Their messages quote the statement and the data, whatever words stand in them.
    of_statements = (
        duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException,
        duckdb.OutOfRangeException,
    )  # fmt: skip
    if isinstance(error, of_statements):
        return EngineError(message, "statement", details)
    if isinstance(error, duckdb.PermissionException):
        return EngineError(message, "access", details)
    words_lower = text.lower()
    fault_of_text = next(
        (fault for fault, words in _FAULT_WORDS.items() if any(word in words_lower for word in words)), None
    )
    if fault_of_text is None:
        at_fault = isinstance(error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError))
        fault_of_text = "statement" if at_fault else "other"
    return EngineError(message, fault_of_text, details)


@dataclass(frozen=True)
class Statement:
    """A statement of a text: its own text, its kind by the engine's parser ("SELECT"), whether it has parameters."""

    text: str
    kind: str
    has_parameters: bool


@dataclass(frozen=True)
class Stream:
    """The columns of a query, each a name and a type, and its rows in batches, fetched as they are asked for."""

    columns: tuple[tuple[str, str], ...]
    batches: Iterator[list[Row]]


class Engine(Protocol):
    """A connection that runs SQL text."""

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement for its effect, or several in order, which take parameters by name."""

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a query and return all its rows."""

    def arrays(self, sql: str) -> Mapping[str, Any]:
        """Run a query and return its columns as NumPy arrays, by name."""

    def statements(self, sql: str) -> tuple[Statement, ...]:
        """The statements of a text, none of which is run."""

    def stream(self, sql: str) -> Stream:
        """Run a query whose rows are fetched as they are asked for, before anything else runs."""

    def conceal(self, secrets: Mapping[str, bytes]) -> None:
        """Give `$name` of statements these values; no statement but one that holds the name can read them."""

    def limit_time(self, seconds: float) -> AbstractContextManager[None]:
        """A stretch in which a statement that takes longer is stopped: an EngineError whose fault is "time"."""

    def append(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append equally long columns of text or whole numbers to an existing table."""

    def finish(self, *, keep: bool) -> None:
        """End the transaction: commit it or roll it back. No signal cuts this short."""

    def in_the_clear(self) -> AbstractContextManager[None]:
        """A stretch in which only what the database holds is worked on: its temporary files need no scrambling.

        Enter it outside a transaction; the temporary tables there were are gone.
        """

    def attach(self, path: Path, name: str) -> None:
        """Open another database under a name, in the folder that was allowed for it."""

    def detach(self, name: str) -> None:
        """Close a database that was attached; all that was written is in its file then."""

    def close(self) -> None:
        """Close the connection."""


@contextmanager
def _refusals() -> Iterator[None]:
    """What DuckDB raises, as EngineError; an interrupt, which it reports in its own ways, as KeyboardInterrupt."""
    import duckdb

    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupt" not in str(error).lower():
            raise
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        raise _refusal(error) from error
    except MemoryError as error:
        raise EngineError("out of memory", "memory") from error


class Parquet:
    """A Parquet file as text, read by an engine of its own that can open nothing else and is closed after it.

    Raises EngineError, also on opening: the message begins with the kind of error, what follows may quote the data.
    """

    def __init__(self, path: Path) -> None:
        full = str(path.resolve())
        # Its name is that of one file, never a pattern.
        self._pattern = "".join(f"[{char}]" if char in "*?[" else char for char in full)
        config: dict[str, str | bool | int | float | list[str]] = dict(_OFFLINE)
        paths = ", ".join("'" + place.replace("'", "''") + "'" for place in (full, self._pattern))
        with signals.stop_on_signal(None), _refusals():
            import duckdb

            self._connection = duckdb.connect(config=config | {"memory_limit": "2GB", "temp_directory": ""})
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute("SET enable_progress_bar = false")
            self._connection.execute(f"SET allowed_paths = [{paths}]")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute("SET lock_configuration = true")

    def names(self) -> list[str]:
        """The columns as the file calls them; the engine would give the second of two equal names another one."""
        with _refusals():
            schema = self._connection.execute(
                "SELECT name, coalesce(num_children, 0) FROM parquet_schema(?)", [self._pattern]
            ).fetchall()
        names, at = [], 1
        while at < len(schema):
            names.append(str(schema[at][0]))
            inside = 1
            while inside and at < len(schema):
                inside += schema[at][1] - 1
                at += 1
        return names

    def rows(self, size: int = 10_000) -> Iterator[list[Row]]:
        """Batches of rows; every cell is text or None."""
        source = "read_parquet(?, hive_partitioning = false, union_by_name = false, binary_as_string = true)"
        with _refusals():
            columns = self._connection.execute(f"DESCRIBE SELECT * FROM {source}", [self._pattern]).fetchall()
            select = ", ".join(_as_text('"' + name.replace('"', '""') + '"', kind) for name, kind, *_ in columns)
            self._connection.execute(f"SELECT {select} FROM {source}", [self._pattern])
            while batch := self._connection.fetchmany(size):
                yield batch

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _as_text(column: str, kind: str) -> str:
    """SQL of a cell's text: instants in UTC with their zone; whole numbers without a point while they are exact."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({column} AT TIME ZONE 'UTC' AS VARCHAR) || 'Z'"
    if kind not in ("DOUBLE", "FLOAT"):
        return f"CAST({column} AS VARCHAR)"
    return (
        f"CASE WHEN NOT isfinite({column}) THEN NULL "
        f"WHEN abs({column}) >= 9007199254740992 THEN format('{{:.14E}}', CAST({column} AS DOUBLE)) "
        f"WHEN {column} = trunc({column}) THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({column} AS VARCHAR) END"
    )


class DuckDB:
    """DuckDB on one file, offline, with times in UTC. Raises EngineError, also on opening."""

    def __init__(
        self, path: Path, *, read_only: bool, temporary: Path | None = None, beside: Path | None = None
    ) -> None:
        """`beside` is a folder in which another database may be attached."""
        space = _address_space()
        config: dict[str, str | bool | int | float | list[str]] = dict(_OFFLINE)
        if temporary is not None:
            config["temp_directory"] = str(temporary)
        if space is not None:
            config["threads"] = str(max(1, min(os.cpu_count() or 1, space // _LEAST_SPACE)))
        # A signal waits for it: raised within the loading of the library, it would end the process without words.
        with signals.stop_on_signal(None), _refusals():
            import duckdb

            self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
                os.fsencode(path).decode("utf-8"), read_only=read_only, config=config
            )
        self._secrets: Mapping[str, bytes] = {}
        self._seconds: float | None = None
        self._has_stream = False
        self._configure(space, _MOST_TO_READ if read_only else _MOST_MEMORY, temporary, beside)

    def _configure(self, space: int | None, share: int, *folders: Path | None) -> None:
        """Set what holds for all statements, the folders in which files may be opened too, and lock it."""
        # A list of more than five values would become a join of its own, for every cell that is compared with one.
        settings = ["TimeZone = 'UTC'", "enable_progress_bar = false", "disabled_optimizers = 'in_clause'"]
        settings += self._memory_limit(space, share)
        # Exports are read by kpibar and handed on through a pipe in the temporary folder: no statement has business
        # with another file, the network or a setting (a layout or KPI that is more than an expression is refused).
        paths = [str(folder).replace("'", "''") for folder in folders if folder is not None]
        if paths:
            directories = ", ".join(f"'{path}/'" for path in paths)
            settings.append(f"allowed_directories = [{directories}]")
        settings += ["enable_external_access = false", "lock_configuration = true"]
        with self._interruptible():
            self.connection.execute("; ".join(f"SET {setting}" for setting in settings))

    def _memory_limit(self, space: int | None, share: int) -> list[str]:
        """The setting that lowers the engine's memory, which depends on the machine, to half the space and `share`."""
        limits = [limit for limit in (space // 2 if space is not None else None, share) if limit is not None]
        with suppress(EngineError):  # a machine of which it does not know the memory
            limits += self.rows("SELECT parse_formatted_bytes(current_setting('memory_limit'))")[0]
        return [f"memory_limit = '{min(limits)} B'"] if limits else []

    def _parse(self, sql: str) -> tuple[Any, ...]:
        """The statements of a text. Files of one layout bring the same long ones."""
        statements = _CACHE.pop(sql, None)
        if statements is None:
            statements = tuple(self.connection.extract_statements(sql))
            size = len(sql) + sum(map(len, _CACHE))
            for text in list(_CACHE):
                if size <= _CACHE_TEXT:
                    break
                size -= len(text)
                _CACHE.pop(text, None)
        _CACHE[sql] = statements
        return statements

    def conceal(self, secrets: Mapping[str, bytes]) -> None:
        """Give `$name` of statements these values; no statement but one that holds the name can read them."""
        self._secrets = dict(secrets)

    def _bind(self, statement: Any, parameters: Parameters) -> Any:
        """The parameters that a statement names, and the secrets."""
        names = statement.named_parameters
        secrets = {name: value for name, value in self._secrets.items() if name in names}
        if isinstance(parameters, Mapping):
            return {name: value for name, value in parameters.items() if name in names} | secrets
        if secrets and parameters:
            raise TypeError("a statement with secrets takes its parameters by name")
        return secrets or list(parameters)

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement for its effect, or several in order, which take parameters by name. Raises EngineError."""
        with self._interruptible():
            for statement in self._parse(sql):
                self.connection.execute(statement, self._bind(statement, parameters))

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a query and return all its rows. Raises EngineError."""
        with self._interruptible():
            (statement,) = self._parse(sql)
            return self.connection.execute(statement, self._bind(statement, parameters)).fetchall()

    def arrays(self, sql: str) -> Mapping[str, Any]:
        """Run a query and return its columns as NumPy arrays, by name. Raises EngineError."""
        with self._interruptible():
            (statement,) = self._parse(sql)
            return dict(self.connection.execute(statement, self._bind(statement, ())).fetchnumpy())

    def statements(self, sql: str) -> tuple[Statement, ...]:
        """The statements of a text, none of which is run. Raises EngineError."""
        try:
            with _refusals():
                return tuple(
                    Statement(one.query, one.type.name, bool(one.named_parameters)) for one in self._parse(sql)
                )
        except ValueError:  # a kind that the library has no word for
            return (Statement(sql, "OTHER", False),)

    def stream(self, sql: str) -> Stream:
        """Run a query whose rows are fetched as they are asked for, before anything else runs. Raises EngineError."""
        with self._interruptible():
            (statement,) = self._parse(sql)
            self._has_stream = True
            self.connection.execute(statement)
            columns = tuple((str(name), str(kind)) for name, kind, *_ in self.connection.description or ())
        return Stream(columns, self._batches())

    def _batches(self) -> Iterator[list[Row]]:
        """The rows of the query that runs. Raises EngineError.

        They are fetched beside the main thread: signals reach it only while it does not wait within the engine.
        """
        with ThreadPoolExecutor(1) as helper:
            while True:
                with self._interruptible():
                    batch: list[Row] = helper.submit(self.connection.fetchmany, _BATCH).result()
                if not batch:
                    self._has_stream = False
                    return
                yield batch

    @contextmanager
    def limit_time(self, seconds: float) -> Iterator[None]:
        """A stretch in which a statement that takes longer is stopped: an EngineError whose fault is "time"."""
        before, self._seconds = self._seconds, seconds
        try:
            yield
        finally:
            self._seconds = before

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """A statement runs, which a signal or the end of its time stops. Raises EngineError."""
        if self._seconds is None:
            with signals.stop_on_signal(self.connection.interrupt), _refusals():
                yield
            return
        seconds, stop_event = self._seconds, threading.Event()

        def end() -> None:
            stop_event.set()
            self.connection.interrupt()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            with signals.stop_on_signal(self.connection.interrupt), _refusals():
                yield
        except KeyboardInterrupt as error:
            if not stop_event.is_set():
                raise
            raise EngineError(f"took longer than {seconds:g} seconds", "time") from error
        finally:
            timer.cancel()

    def append(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append equally long columns of text or whole numbers to an existing table.

        The columns travel as NumPy arrays: row-by-row inserts are two orders of magnitude slower.
        """
        import duckdb
        import numpy

        batch = {
            name: numpy.array(values, dtype="int64" if isinstance(values[0], (int, numpy.integer)) else object)
            for name, values in columns.items()
        }
        try:
            with signals.stop_on_signal(self.connection.interrupt), _refusals():
                self.connection.register("kpibar_batch", batch)
                self.connection.execute(f"INSERT INTO {table} SELECT * FROM kpibar_batch")
        finally:
            # A failed transaction refuses this too, and its end forgets the batch.
            with signals.stop_on_signal(None), suppress(duckdb.Error):
                self.connection.unregister("kpibar_batch")

    def finish(self, *, keep: bool) -> None:
        """End the transaction: commit it or roll it back. No signal cuts this short. Raises EngineError."""
        with signals.stop_on_signal(None), _refusals():
            self.connection.execute("COMMIT" if keep else "ROLLBACK")

    @contextmanager
    def in_the_clear(self) -> Iterator[None]:
        """A stretch in which only what the database holds is worked on: its temporary files need no scrambling.

        Scrambling doubles what a large sort costs, and the database holds the same in the clear. Enter it outside a
        transaction; the temporary tables there were are gone. Where a scrambled file is still there, the engine
        refuses to change its ways, and goes on as before. Raises EngineError.
        """
        tables = self.rows("SELECT table_name FROM duckdb_tables() WHERE temporary")
        if tables:
            self.run("; ".join(f'DROP TABLE temp."{table}"' for (table,) in tables))
        try:
            self.run("SET temp_file_encryption = false")
        except EngineError:
            yield
            return
        try:
            yield
        except BaseException:
            with suppress(EngineError):
                self.run("SET temp_file_encryption = true")
            raise
        self.run("SET temp_file_encryption = true")

    def attach(self, path: Path, name: str) -> None:
        """Open another database under a name, in the folder that was allowed for it. Raises EngineError."""
        literal = os.fsencode(path).decode("utf-8").replace("'", "''")
        self.run(f"ATTACH '{literal}' AS {name}")

    def detach(self, name: str) -> None:
        """Close a database that was attached; all that was written is in its file then. Raises EngineError."""
        self.run(f"DETACH {name}")

    def close(self) -> None:
        """Close the connection."""
        with signals.stop_on_signal(None):
            if self._has_stream:  # else the end of a query of which no more is wanted would be waited for
                self.connection.interrupt()
            self.connection.close()


class Parser:
    """DuckDB's own parser, in a memory that can open nothing. Raises EngineError, also on opening."""

    def __init__(self) -> None:
        config: dict[str, str | bool | int | float | list[str]] = dict(_OFFLINE)
        config |= {"memory_limit": "64MB", "temp_directory": "", "threads": "1"}
        with signals.stop_on_signal(None), _refusals():
            import duckdb

            self._connection = duckdb.connect(config=config)
            for setting in ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true"):
                self._connection.execute(f"SET {setting}")

    def tree(self, sql: str) -> str:
        """The syntax tree of a SELECT statement, as JSON; the same with "error": true where it does not parse."""
        return str(self._value("SELECT json_serialize_sql(?)", sql))

    def text(self, tree: str) -> str:
        """The SQL of a syntax tree."""
        return str(self._value("SELECT json_deserialize_sql(?)", tree))

    def value(self, sql: str) -> object:
        """The value of a SELECT statement that reads nothing."""
        return self._value(sql)

    def _value(self, sql: str, *parameters: str) -> object:
        with signals.stop_on_signal(None), _refusals():
            row = self._connection.execute(sql, list(parameters)).fetchone()
        return row[0] if row else None


def room_for_exports() -> bool:
    """Whether this process may map what reading exports takes; with less, libraries end it in words of their own."""
    space = _address_space()
    return space is None or space >= _LEAST_SPACE


def _address_space() -> int | None:
    """The bytes this process may map, if that is limited: DuckDB must say that they are used up before it crashes."""
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit
