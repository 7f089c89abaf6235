"""What the tests of reading share: take files into folder/test.duckdb and ask the database what it holds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kpibar.config import Config, load
from kpibar.database.store import open_store
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options, Outcome
from kpibar.read.export import Export
from kpibar.read.lines import physical_lines
from kpibar.read.records import Item, each_record, judge_cells
from kpibar.read.scan import Dialect

DATABASE = "test.duckdb"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file exactly as given (text as UTF-8, line ends untouched)."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def config(folder: Path, toml: str = 'timezone = "Europe/Paris"\n') -> Config:
    """Settings from a kpibar.toml written into the folder."""
    return load(write(folder, "kpibar.toml", toml))


def take(folder: Path, *paths: Path, settings: Config | None = None, **options: Any) -> list[Outcome]:
    """Ingest files into the folder's database; the outcomes carry their errors."""
    used = settings if settings is not None else config(folder)
    with open_store(folder / DATABASE, write=True) as store:
        return ingest(store, paths, used, Options(**options))


def take_text(folder: Path, content: str | bytes, name: str = "export.csv", **options: Any) -> Outcome:
    """Ingest one file that must load; its error is raised."""
    outcome = take(folder, write(folder, name, content), **options)[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome


def held(folder: Path, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Rows of a query on the folder's database."""
    with open_store(folder / DATABASE, write=False) as store:
        return store.engine.rows(sql, parameters)


def column(folder: Path, sql: str) -> list[Any]:
    """The first column of a query on the folder's database."""
    return [row[0] for row in held(folder, sql)]


def dialect(export: Export) -> Dialect:
    """How the records of an export are written."""
    names = tuple(column.header for column in export.columns)
    return Dialect(export.delimiter or ",", export.quote or '"', len(names), names)


def records(export: Export) -> Iterator[Item]:
    """What every line of an export is when the strict reader judges them one by one."""
    if export.kind != "text":
        for line, cells in export.rows():
            yield judge_cells(cells, line, dialect(export))
        return
    lines = physical_lines(b"".join(export.blocks()).decode())
    for item, _, _ in each_record(lines, export.first_line, dialect(export)):
        yield item
