"""The model and the statements of every KPI on DuckDB and on Apache Spark, compared cell by cell.

    python -m tests.conformance            both databases, every statement: minutes
    python -m tests.conformance --quick    the exports made for it, KPIs in total and by brand

Needs the extra `conformance` (pyspark) and Java 17 or newer. Two databases are made: of the sample exports and of those
of `conformance_exports.py`. The canonical tables are copied to Spark; there the model's files run as they stand in
`kpibar/model`, each on what Spark made of the files before it. Then reports are made on DuckDB (the year in total, by
each dimension, of one brand), and each statement they asked of a fact table runs on Spark too. Whole numbers, texts,
times and flags must be equal; doubles to 1e-9 of their size, for a sum is added up in another order.

Exit code 0: no difference. 1: differences, or a KPI that no statement counts. 77: it did NOT run.
"""

import logging
import math
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from kpibar.cli.demo import own_key, sample_files, sample_folder
from kpibar.config import Config, load
from kpibar.database.engine import Engine, Parameters, Row
from kpibar.database.store import Store, open_store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.measure.barometer import barometer
from kpibar.measure.report import BY, Request
from kpibar.model.build import build, statements
from tests.conformance_exports import SETTINGS, exports

NOT_RUN = 77
# Two doubles that differ by less than this share of their size are equal.
TOLERANCE = 1e-9
_FEW = 3
_SPARK = {
    # A run of minutes: what the machine code of the last stage of compilation would gain takes longer to make.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "2g",
    "spark.log.level": "OFF",
    # Tables are small: to compile and replan each statement would take longer than to run it.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


# Spark has no type for a UUID: its text sorts alike. A time without a zone is one of UTC.
_SPARK_TYPES = {"UUID": "STRING", "VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ", "HUGEINT": "BIGINT"}


class SparkMissing(Exception):
    """Spark cannot run here; the message says why."""


@dataclass
class Comparison:
    """What was compared of one table or statement: its rows, cells, and what differs."""

    name: str
    rows: int = 0
    cells: int = 0
    differences: int = 0
    nearly_equal: int = 0
    largest: float = 0.0
    examples: list[str] = field(default_factory=list)

    def note(self, text: str, cells: int = 1) -> None:
        """Count a difference; the first few are shown."""
        self.differences += cells
        if len(self.examples) < _FEW:
            self.examples.append(text)


@dataclass(frozen=True)
class Result:
    """The comparisons of one database, and the KPIs whose statements are among them."""

    name: str
    tables: Sequence[Comparison]
    reports: Sequence[Comparison]
    kpis: frozenset[str]
    uncounted: frozenset[str]
    seconds: float

    @property
    def differences(self) -> int:
        """The cells that differ, of tables and statements."""
        return sum(comparison.differences for comparison in (*self.tables, *self.reports))


class Recorder:
    """An engine that keeps what statements over fact tables returned."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.results: dict[str, list[Row]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a query and return all its rows."""
        rows = self._engine.rows(sql, parameters)
        if re.search(r"\bfact_\w+", sql) and not parameters:
            self.results[sql] = rows
        return rows

    def arrays(self, sql: str) -> Mapping[str, Any]:
        """Run a query and return its columns as NumPy arrays, by name; what is kept are its rows."""
        self.rows(sql)
        return self._engine.arrays(sql)


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """A Spark of this machine, in a process beside this one. Raises SparkMissing."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkMissing("pyspark is not installed (pip install 'kpibar[conformance]')") from error
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise SparkMissing("there is no Java: Spark 4 needs Java 17 or newer")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    builder = SparkSession.builder.master("local[2]").config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    for name, value in _SPARK.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise SparkMissing(f"Spark does not start: {_first_line(error)}") from error
    try:
        yield session
    finally:
        session.stop()


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def sample_database(folder: Path) -> tuple[Path, Config]:
    """The sample exports, ingested."""
    config = load(sample_folder() / "kpibar.toml")
    return _database(folder, sample_files(), config), config


def made_database(folder: Path) -> tuple[Path, Config]:
    """The exports made for this comparison, ingested."""
    settings = folder / "kpibar.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    for name, text in exports().items():
        (folder / name).write_text(text, encoding="utf-8")
    config = load(settings)
    return _database(folder, sorted(folder.glob("*.csv")), config), config


def _database(folder: Path, files: Sequence[Path], config: Config) -> Path:
    path = folder / "conformance.duckdb"
    with open_store(path, write=True) as store:
        for outcome in ingest(store, files, config, Options()):
            if outcome.error:
                raise outcome.error
        build(store, config.settings.thresholds, config.settings.files)
    return path


def compare_database(spark: Any, name: str, path: Path, config: Config, dimensions: Sequence[str] = BY) -> Result:
    """Run the model and the statements of reports on both engines and compare what they return."""
    begin = time.monotonic()
    with open_store(path, write=False) as store:
        tables = _compare_model(spark, store, config)
        results = _report_results(store, config, dimensions)
    reports = [_compare_statement(spark, sql, rows) for sql, rows in results.items()]
    kpis = catalogue(config.settings).kpis
    counted = frozenset(kpi.id for kpi in kpis if all(_is_counted(part, results) for part in _parts(kpi, kpis)))
    uncounted = frozenset(kpi.id for kpi in kpis) - counted
    return Result(name, tables, reports, counted, uncounted, time.monotonic() - begin)


def _parts(kpi: Kpi, kpis: Sequence[Kpi]) -> list[Kpi]:
    """The KPIs with rows of their own that make one, and the counts of its notes."""
    return [other for other in kpis if other.id in kpi.operands] or [kpi, *kpi.note_counts()]


def _is_counted(kpi: Kpi, results: Mapping[str, object]) -> bool:
    """Whether a statement returned the parts of a KPI, or its value where it is no sum."""
    if kpi.additive:
        return any(f"AS {kpi.id}__base" in sql for sql in results)
    over = f"coalesce({kpi.hit}, FALSE) AS is_over" if kpi.spec.times and "hit" in kpi.spec.entries else ""
    name = "duration" if kpi.is_stock else "number"
    return any(f"({kpi.value}) * 1.0e0 AS {name}" in sql and f"({kpi.where})" in sql and over in sql for sql in results)


def _compare_model(spark: Any, store: Store, config: Config) -> list[Comparison]:
    """Fill Spark's canonical and fact tables, and compare each fact table as soon as it is made."""
    texts = statements(store, config.settings.thresholds, config.settings.files)
    _copy_canonical(spark, store, " ".join(sql for _, sql in texts))
    comparisons = []
    for step, sql in texts:
        columns = [str(name) for name, _ in _columns(store, step.table)]
        rows = store.engine.rows(f"SELECT {', '.join(columns)} FROM {step.table}")
        comparison = Comparison(step.table)
        try:
            frame = spark.sql(sql).localCheckpoint()
            _compare_columns(comparison, columns, frame.columns)
            compare_rows(comparison, columns, rows, [tuple(row) for row in frame.collect()])
        except Exception as error:
            comparison.note(f"Spark refuses it: {_first_line(error)}", len(rows) * len(columns) or 1)
            frame = _copy(spark, store, step.table)
        frame.createOrReplaceTempView(step.table)
        comparisons.append(comparison)
    return comparisons


def _columns(store: Store, table: str) -> list[Row]:
    return store.engine.rows(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = 'main' AND table_name = '{table}' ORDER BY ordinal_position"
    )


def _copy_canonical(spark: Any, store: Store, sql: str) -> None:
    """Give Spark the tables and views that the model reads and does not make."""
    names = store.engine.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_name NOT LIKE 'fact%'"
    )
    for (name,) in names:
        if re.search(rf"\b{name}\b", sql):
            _copy(spark, store, name).createOrReplaceTempView(name)


def _copy(spark: Any, store: Store, table: str) -> Any:
    """A table of the database as one of Spark."""
    columns = _columns(store, table)
    schema = ", ".join(f"{name} {_SPARK_TYPES.get(kind, kind)}" for name, kind in columns)
    rows = store.engine.rows(f"SELECT {', '.join(str(name) for name, _ in columns)} FROM {table}")
    return spark.createDataFrame([tuple(map(_plain, row)) for row in rows], schema).localCheckpoint()


def _report_results(store: Store, config: Config, dimensions: Sequence[str]) -> dict[str, list[Row]]:
    """What the statements of reports over fact tables returned, by their SQL."""
    recorder = Recorder(store.engine)
    watched = replace(store, engine=cast(Engine, recorder))
    every = tuple(kpi.id for kpi in catalogue(config.settings).kpis)
    # A report by a dimension asks for the totals too.
    for dimension in dimensions:
        report = barometer(watched, config, Request(year=2025, by=(dimension,), kpis=every))
    if len(dimensions) > 1:
        barometer(watched, config, Request(year=2025, brand=report.brands[0], kpis=every))
    return recorder.results


def _compare_statement(spark: Any, sql: str, rows: list[Row]) -> Comparison:
    comparison = Comparison(" ".join(sql.split())[:100])
    try:
        frame = spark.sql(sql)
        compare_rows(comparison, frame.columns, rows, [tuple(row) for row in frame.collect()])
    except Exception as error:
        comparison.note(f"Spark refuses it: {_first_line(error)}")
    return comparison


def _compare_columns(comparison: Comparison, columns: Sequence[str], others: Sequence[str]) -> None:
    if list(columns) != list(others):
        comparison.note(f"columns {set(columns) ^ set(others) or 'in another order'}")


def compare_rows(comparison: Comparison, columns: Sequence[str], left: list[Row], right: list[Row]) -> None:
    """Compare two sets of rows: both sorted, by what is no double first."""
    comparison.rows = len(left)
    if len(left) != len(right):
        comparison.note(f"{len(left)} rows on DuckDB, {len(right)} on Spark", abs(len(left) - len(right)))
        return
    doubles = {place for row in left for place, value in enumerate(row) if isinstance(value, float)}

    def rank(row: Row) -> tuple[tuple[str, ...], tuple[float, ...]]:
        exact = tuple(f"{value is None}{_plain(value)}" for place, value in enumerate(row) if place not in doubles)
        return exact, tuple(-math.inf if row[place] is None else float(row[place]) for place in sorted(doubles))

    for mine, spark_row in zip(sorted(left, key=rank), sorted(right, key=rank), strict=True):
        for column, value, other in zip(columns, mine, spark_row, strict=True):
            comparison.cells += 1
            _compare_cells(comparison, column, value, other)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


def _compare_cells(comparison: Comparison, column: str, value: object, other: object) -> None:
    value = _plain(value)
    if isinstance(value, float) and isinstance(other, float):
        if value == other:
            return
        distance = abs(value - other) / max(abs(value), abs(other))
        if distance <= TOLERANCE:
            comparison.nearly_equal += 1
            comparison.largest = max(comparison.largest, distance)
            return
    elif value == other and _family(value) is _family(other):
        return
    comparison.note(f"{column}: {value!r} on DuckDB, {other!r} on Spark")


def _family(value: object) -> type:
    """The type a value is of: a whole number is one whatever its width, and a flag is none."""
    families = (bool, int, float, Decimal, str, datetime, date, type(None))
    return next(family for family in families if isinstance(value, family))


def _line(label: str, comparisons: Sequence[Comparison]) -> str:
    rows, cells = (sum(getattr(one, name) for one in comparisons) for name in ("rows", "cells"))
    nearly, differences = (sum(getattr(one, name) for one in comparisons) for name in ("nearly_equal", "differences"))
    return f"  {label:<34}{len(comparisons):>6}{rows:>9,}{cells:>11,}{nearly:>9,}{differences:>12,}"


def page(results: Sequence[Result], version: str) -> str:
    """What was compared, as a table, and the first differences of each table and statement."""
    lines = [f"DuckDB and Spark {version}: the same SQL, cell by cell", ""]
    lines.append(f"  {'':<34}{'number':>6}{'rows':>9}{'cells':>11}{'nearly':>9}{'differences':>12}")
    for result in results:
        lines += ["", f"{result.name} ({result.seconds:.0f} s, {len(result.kpis)} KPIs)"]
        lines += [_line(table.name, [table]) for table in result.tables]
        lines += [_line("fact tables", result.tables), _line("statements of reports", result.reports)]
        for comparison in (*result.tables, *result.reports):
            lines += [f"  ! {comparison.name}: {example}" for example in comparison.examples]
        lines += [f"  ! no statement counts {name}" for name in sorted(result.uncounted)]
    every = [comparison for result in results for comparison in (*result.tables, *result.reports)]
    model, kpis = sum(len(result.tables) for result in results), {name for result in results for name in result.kpis}
    cells = sum(comparison.cells for comparison in every)
    nearly = max(comparison.largest for comparison in every)
    return "\n".join(
        (
            *lines,
            "",
            f"{model} statements of the model, a table each; {len(every) - model} statements of {len(kpis)} KPIs; "
            f"{cells:,} cells compared, {_differences(results)} differences",
            f"nearly: doubles that are added up in another order, {nearly:.1e} of their size apart at most",
            "",
        )
    )


def _differences(results: Sequence[Result]) -> int:
    return sum(result.differences for result in results)


def compare(folder: Path, *, everything: bool = True) -> tuple[list[Result], str]:
    """Compare both databases; else the made one alone, and its KPIs in total and by brand. Raises SparkMissing."""
    with own_key(folder / "conformance"), spark_session(folder) as spark:
        databases = {"made exports": made_database} | ({"sample exports": sample_database} if everything else {})
        results = []
        for name, database in databases.items():
            place = folder / name.split()[0]
            place.mkdir()
            dimensions = BY if everything else ("brand",)
            results.append(compare_database(spark, name, *database(place), dimensions))
        return results, str(spark.version)


def main() -> int:
    """Compare, print, and say by the exit code what came of it."""
    begin, everything = time.monotonic(), "--quick" not in sys.argv[1:]
    try:
        with tempfile.TemporaryDirectory(prefix="kpibar-conformance-") as name:
            results, version = compare(Path(name), everything=everything)
    except SparkMissing as error:
        sys.stderr.write(f"NOT RUN: SQL conformance was NOT checked: {error}\n")
        return NOT_RUN
    sys.stdout.write(page(results, version) + f"{time.monotonic() - begin:.0f} s\n")
    return 1 if _differences(results) or any(result.uncounted for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
