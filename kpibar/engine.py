"""The seam under all SQL: what kpibar asks of a database engine, and the default engine, DuckDB.

Everything above this module speaks SQL through `Engine`; the model and the KPI catalogue use only the subset
that several engines answer alike, so that another engine can be put here without rewriting a definition.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Protocol

from kpibar import interrupts

Row = tuple[Any, ...]

# The engine must never reach for the network or load code it did not ship with.
_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
}


Fault = Literal["statement", "disk", "memory", "damage", "other"]
# How systems and DuckDB say it.
_SAID: dict[Fault, tuple[str, ...]] = {
    "disk": ("no space left", "file too large", "not enough space", "quota exceeded", "max_temp_directory_size"),
    "memory": ("out of memory", "bad_alloc", "bad allocation", "cannot allocate memory", "start a new thread"),
    "damage": ("corrupt", "checksum", "wal file", "could not read enough bytes", "internal error", "fatal error"),
}


class EngineError(Exception):
    """The engine refused; the message is its first line, `fault` what was to blame."""

    def __init__(self, message: str, fault: Fault = "other") -> None:
        super().__init__(message)
        self.fault = fault

    @property
    def statement(self) -> bool:
        """Whether the statement was at fault, rather than the disk, the memory or the file."""
        return self.fault == "statement"


def refusal(error: Exception) -> EngineError:
    """What an exception of DuckDB means."""
    import duckdb

    text = str(error)
    said = text.lower()
    found = next((fault for fault, words in _SAID.items() if any(word in said for word in words)), None)
    if found is None:
        at_fault = isinstance(error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError))
        found = "statement" if at_fault else "other"
    return EngineError(text.partition("\n")[0], found)


class Engine(Protocol):
    """A connection that runs SQL text."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement for its effect."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows."""

    def append(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append equally long columns of text or whole numbers to an existing table."""

    def finish(self, *, keep: bool) -> None:
        """End the transaction: commit it or roll it back. No signal cuts this short."""

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
        raise refusal(error) from error
    except MemoryError as error:
        raise EngineError("out of memory", "memory") from error


class DuckDB:
    """DuckDB on one file, offline, with times in UTC."""

    def __init__(self, path: Path, *, read_only: bool, temporary: Path | None = None) -> None:
        import duckdb

        config: dict[str, str | bool | int | float | list[str]] = dict(_OFFLINE)
        if temporary is not None:
            config["temp_directory"] = str(temporary)
        if (most := _address_space()) is not None:
            config["memory_limit"] = f"{most // 2} B"
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(str(path), read_only=read_only, config=config)
        self.run("SET TimeZone = 'UTC'")
        self.run("SET enable_progress_bar = false")
        # Exports are read by kpibar, never by the engine: no statement, not even one a user wrote into a layout
        # or a KPI, has business with another file, the network or a setting.
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement for its effect. Raises EngineError."""
        with interrupts.running(self.connection.interrupt), _refusals():
            self.connection.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows. Raises EngineError."""
        with interrupts.running(self.connection.interrupt), _refusals():
            return self.connection.execute(sql, list(parameters)).fetchall()

    def append(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append equally long columns of text or whole numbers to an existing table.

        The columns travel as NumPy arrays: row-by-row inserts are two orders of magnitude slower.
        """
        import duckdb
        import numpy

        batch = {
            name: numpy.array(values, dtype="int64" if isinstance(values[0], int) else object)
            for name, values in columns.items()
        }
        self.connection.register("kpibar_batch", batch)
        try:
            with interrupts.running(self.connection.interrupt), _refusals():
                self.connection.execute(f"INSERT INTO {table} SELECT * FROM kpibar_batch")
        finally:
            with suppress(duckdb.Error):  # a failed transaction refuses this too, and its end forgets the batch
                self.connection.unregister("kpibar_batch")

    def finish(self, *, keep: bool) -> None:
        """End the transaction: commit it or roll it back. No signal cuts this short. Raises EngineError."""
        with interrupts.running(None), _refusals():
            self.connection.execute("COMMIT" if keep else "ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        with interrupts.running(None):
            self.connection.close()


def _address_space() -> int | None:
    """The bytes this process may map, if that is limited: DuckDB must say that they are used up before it crashes."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if most == resource.RLIM_INFINITY else most
