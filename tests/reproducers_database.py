"""Reproducers of the errors of the database and its key; see `tests.reproducers`."""

from pathlib import Path

import duckdb

from kpibar.database import errors
from tests.intake import write
from tests.reproducers import DATABASE, Case, reproduces, run, said


@reproduces(errors.DatabaseMissing)
def no_database(folder: Path) -> Case:
    return said("report --db none.duckdb", "none.duckdb: no data yet", "kpibar ingest", "kpibar demo")


@reproduces(errors.DatabaseEmpty)
def database_without_data(folder: Path) -> Case:
    write(folder, "header.csv", "contact_id,created_at,channel\n")
    assert run(folder, "ingest", "header.csv", "--db", "empty.duckdb", "--tz", "UTC").returncode == 0
    return said("report --db empty.duckdb", "empty.duckdb: no data yet", "kpibar ingest")


@reproduces(errors.DatabaseForeign)
def text_file_as_database(folder: Path) -> Case:
    return said(
        "ingest good.csv --tz UTC --db good.csv", "good.csv: is not a kpibar database", "left untouched", "--db"
    )


@reproduces(errors.DatabaseForeign)
def empty_file_as_database(folder: Path) -> Case:
    write(folder, "zero.duckdb", "")
    return said("report --db zero.duckdb", "zero.duckdb: is not a kpibar database", "--db")


@reproduces(errors.DatabaseForeign)
def database_of_somebody_else(folder: Path) -> Case:
    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute("CREATE TABLE meta (a INTEGER)")
    return said("ingest good.csv --tz UTC --db other.duckdb", "other.duckdb: is not a kpibar database")


@reproduces(errors.DatabaseNewer)
def database_of_a_newer_kpibar(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    return said("report", f"{DATABASE}: has schema version 999", "use the kpibar that wrote it")


@reproduces(errors.DatabaseOlder)
def database_of_an_earlier_kpibar(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'")
    return said(
        "report",
        f"{DATABASE}: was written by an earlier kpibar",
        "schema version 1",
        "ingest the exports again",
        ".csv",
    )


@reproduces(errors.DatabaseUnusable)
def database_inside_a_file(folder: Path) -> Case:
    return said("ingest good.csv --tz UTC --db good.csv/x.duckdb", "good.csv/x.duckdb: cannot be used", "permissions")


@reproduces(errors.DatabaseDamaged)
def database_with_wrong_bytes(folder: Path) -> Case:
    good = (folder / DATABASE).read_bytes()
    write(folder, DATABASE, good[:12_288] + b"\xff" * (len(good) - 12_288))
    return said("report", f"{DATABASE}: is damaged", "left untouched", f"{DATABASE}.wal", "--db")


@reproduces(errors.DatabaseUnlike)
def database_that_lost_a_table(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("DROP TABLE rejects")
    return said("rejects", f"{DATABASE}: its tables are not those", "(no table rejects)", "left untouched", "--db: ")


@reproduces(errors.MigrationImpossible)
def older_database_and_a_dry_run(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("DROP TABLE migrations")
        database.execute("UPDATE meta SET value = '4' WHERE name = 'schema_version'")
    return said(
        "ingest --dry-run good.csv", f"{DATABASE}: was written by an earlier kpibar", "a dry run writes nothing"
    )
