"""Reproducers of the errors of taking records out of a database; see `tests.reproducers`."""

import os
from pathlib import Path

import duckdb

from kpibar.cli.errors import ConsentMissing
from kpibar.removal import errors
from tests.intake import write
from tests.reproducers import DATABASE, GOOD, Case, reproduces, run, said


@reproduces(errors.IdentifierInvalid)
def forget_nobody(folder: Path) -> Case:
    return said("forget --yes", "--email, --phone or --customer")


@reproduces(errors.IdentifierInvalid)
def forget_what_is_no_address(folder: Path) -> Case:
    return said("forget --email jean --yes", "--email", "with an @ in it")


@reproduces(errors.IdentifierInvalid)
def forget_what_is_no_telephone(folder: Path) -> Case:
    return said("forget --phone 1234 --yes", "--phone", "8 digits or more")


@reproduces(errors.AgeInvalid)
def purge_of_no_age(folder: Path) -> Case:
    return said("purge --older-than 3 --yes", '--older-than "3"', "3y, 18m, 26w or 90d")


@reproduces(errors.AgeInvalid)
def purge_of_an_age_before_all_time(folder: Path) -> Case:
    return said("purge --older-than 9999y --yes", '--older-than "9999y"')


@reproduces(errors.RotationIncomplete)
def rotation_without_a_new_database(folder: Path) -> Case:
    assert run(folder, "rotate-key").returncode == 0
    return said("rotate-key --finish", "kpibar.new.duckdb: cannot replace the old", "it is not there", "its key")


@reproduces(errors.FileUnclear)
def removal_of_a_file_nobody_ingested(folder: Path) -> Case:
    return said("remove other.csv --yes", "other.csv: is none of the files in the database", "1 = good.csv")


@reproduces(errors.FileUnclear)
def removal_by_a_name_that_two_files_have(folder: Path) -> Case:
    (folder / "more").mkdir()
    write(folder / "more", "good.csv", GOOD.replace("1,", "3,"))
    assert run(folder, "ingest", "more/good.csv", "--tz", "UTC").returncode == 0
    (folder / "good.csv").unlink()
    return said("remove good.csv --yes", "stands for several files", "1 = good.csv", "2 = good.csv")


@reproduces(ConsentMissing)
def purge_without_consent(folder: Path) -> Case:
    return said("purge --older-than 90d", "nothing was deleted", "--dry-run", "--yes")


@reproduces(errors.RewriteImpossible)
def database_with_tables_of_the_user(folder: Path) -> Case:
    with duckdb.connect(str(folder / DATABASE)) as database:
        database.execute("CREATE TABLE notes (a INTEGER)")
    return said("purge --older-than 90d --yes", "not kpibar's, notes:", "nothing was deleted")


@reproduces(errors.RewriteImpossible)
def database_with_another_name(folder: Path) -> Case:
    os.link(folder / DATABASE, folder / "copy.duckdb")
    return said("purge --older-than 90d --yes", "hard link", "nothing was deleted")
