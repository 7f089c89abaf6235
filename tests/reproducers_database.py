"""Reproducers of the errors of the database and its key; see `tests.reproducers`."""

from pathlib import Path

import duckdb

from kpibar import errors_database
from tests.intake import write
from tests.reproducers import DATABASE, Case, reproduces, run, said


@reproduces(errors_database.DatabaseMissing)
def no_database(folder: Path) -> Case:
    return said("report --db none.duckdb", "none.duckdb: no data yet", "kpibar ingest", "kpibar demo")


@reproduces(errors_database.DatabaseEmpty)
def database_without_data(folder: Path) -> Case:
    write(folder, "header.csv", "contact_id,created_at,channel\n")
    assert run(folder, "ingest", "header.csv", "--db", "empty.duckdb", "--tz", "UTC").returncode == 0
    return said("report --db empty.duckdb", "empty.duckdb: no data yet", "kpibar ingest")


@reproduces(errors_database.DatabaseForeign)
def text_file_as_database(folder: Path) -> Case:
    return said(
        "ingest good.csv --tz UTC --db good.csv", "good.csv: is not a kpibar database", "left untouched", "--db"
    )


@reproduces(errors_database.DatabaseForeign)
def empty_file_as_database(folder: Path) -> Case:
    write(folder, "zero.duckdb", "")
    return said("report --db zero.duckdb", "zero.duckdb: is not a kpibar database", "--db")


@reproduces(errors_database.DatabaseForeign)
def database_of_somebody_else(folder: Path) -> Case:
    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute("CREATE TABLE meta (a INTEGER)")
    return said("ingest good.csv --tz UTC --db other.duckdb", "other.duckdb: is not a kpibar database")


@reproduces(errors_database.DatabaseNewer)
def database_of_a_newer_kpibar(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    return said("report", f"{DATABASE}: has schema version 999", "use the kpibar that wrote it")


@reproduces(errors_database.DatabaseOlder)
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


@reproduces(errors_database.DatabaseUnusable)
def database_inside_a_file(folder: Path) -> Case:
    return said("ingest good.csv --tz UTC --db good.csv/x.duckdb", "good.csv/x.duckdb: cannot be used", "permissions")


@reproduces(errors_database.DatabaseDamaged)
def database_with_wrong_bytes(folder: Path) -> Case:
    good = (folder / DATABASE).read_bytes()
    write(folder, DATABASE, good[:12_288] + b"\xff" * (len(good) - 12_288))
    return said("report", f"{DATABASE}: is damaged", "left untouched", f"{DATABASE}.wal", "--db")


@reproduces(errors_database.DatabaseUnlike)
def database_that_lost_a_table(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("DROP TABLE rejects")
    return said("rejects", f"{DATABASE}: its tables are not those", "(no table rejects)", "left untouched", "--db: ")


@reproduces(errors_database.MigrationImpossible)
def older_database_and_a_dry_run(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("DROP TABLE migrations")
        database.execute("UPDATE meta SET value = '4' WHERE name = 'schema_version'")
    return said(
        "ingest --dry-run good.csv", f"{DATABASE}: was written by an earlier kpibar", "a dry run writes nothing"
    )
