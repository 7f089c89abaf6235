"""The seam under all SQL: what kpibar asks of a database engine, and the default engine, DuckDB.

Everything above this module speaks SQL through `Engine`; the model and the KPI catalogue use only the subset
that several engines answer alike, so that another engine can be put here without rewriting a definition.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]

# The engine must never reach for the network or load code it did not ship with.
_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    # What does not fit into memory is scrambled on its way to disk, under a key that dies with the process.
    "force_mbedtls_unsafe": "true",
    "temp_file_encryption": "true",
}


class EngineError(Exception):
    """The engine refused a statement; the message is its first line.

    `statement` tells that the statement was at fault, rather than the disk, the memory or the file.
    """

    def __init__(self, message: str, *, statement: bool = False) -> None:
        super().__init__(message)
        self.statement = statement


class Engine(Protocol):
    """A connection that runs SQL text."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement for its effect."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows."""

    def append(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append equally long columns of text or whole numbers to an existing table."""

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
        statement = isinstance(error, (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError))
        raise EngineError(str(error).partition("\n")[0], statement=statement) from error


class DuckDB:
    """DuckDB on one file, offline, with times in UTC."""

    def __init__(self, path: Path, *, read_only: bool, temporary: Path | None = None) -> None:
        import duckdb

        config: dict[str, str | bool | int | float | list[str]] = dict(_OFFLINE)
        if temporary is not None:
            config["temp_directory"] = str(temporary)
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(str(path), read_only=read_only, config=config)
        self.run("SET TimeZone = 'UTC'")
        self.run("SET enable_progress_bar = false")
        # Exports are read by kpibar and handed on through a pipe in the temporary folder: no statement, not even one
        # a user wrote into a layout or a KPI, has business with another file, the network or a setting.
        if temporary is not None:
            allowed = str(temporary).replace("'", "''")
            self.run(f"SET allowed_directories = ['{allowed}/']")
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement for its effect. Raises EngineError."""
        with _refusals():
            self.connection.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return all its rows. Raises EngineError."""
        with _refusals():
            return self.connection.execute(sql, list(parameters)).fetchall()

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
        self.connection.register("kpibar_batch", batch)
        try:
            with _refusals():
                self.connection.execute(f"INSERT INTO {table} SELECT * FROM kpibar_batch")
        finally:
            with suppress(duckdb.Error):  # a failed transaction refuses this too, and its end forgets the batch
                self.connection.unregister("kpibar_batch")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
