"""Reproducers of the errors of statements; see `tests.reproducers`."""

from pathlib import Path

from kpibar.answers import errors
from kpibar.cli.errors import FormatUnknown, OutputOverwrites
from kpibar.read.errors import FileMissing
from tests.intake import write
from tests.reproducers import Case, reproduces, said


def asked(statement: str, *words: str) -> Case:
    """A statement on the command line."""
    return Case(("sql", statement), words)


@reproduces(errors.StatementMissing)
def nothing_asked(folder: Path) -> Case:
    return said("sql", "there is no statement", "SELECT count(*) FROM fact_orders", "--file")


@reproduces(errors.StatementMissing)
def a_comment_asked(folder: Path) -> Case:
    return asked("/* later */ ;", "there is no statement")


@reproduces(errors.StatementUnreadable)
def a_statement_in_latin_1(folder: Path) -> Case:
    write(folder, "q.sql", "SELECT 'é'".encode("latin-1"))
    return said("sql --file q.sql", "q.sql: holds no statement that can be read (it is not in UTF-8)", "UTF-8")


@reproduces(errors.StatementUnreadable)
def a_folder_as_statement(folder: Path) -> Case:
    return said("sql --file .", ".: holds no statement that can be read (it is no regular file)")


@reproduces(FileMissing)
def a_file_of_a_statement_that_is_not_there(folder: Path) -> Case:
    return said("sql --file nope.sql", "nope.sql: no such file", "check the name")


@reproduces(errors.StatementRefused)
def a_copy(folder: Path) -> Case:
    return asked("COPY contacts TO 'x.csv'", "it is of the kind COPY", "SELECT")


@reproduces(errors.StatementRefused)
def two_statements(folder: Path) -> Case:
    return asked("SELECT 1; DROP TABLE contacts", "2 statements stand in it")


@reproduces(errors.StatementInvalid)
def a_table_nobody_knows(folder: Path) -> Case:
    return asked("SELECT *\nFROM fact_order", 'line 2, at "fact_order"', 'no table "fact_order"', "fact_orders")


@reproduces(errors.StatementInvalid)
def a_column_nobody_knows(folder: Path) -> Case:
    return asked("SELECT createdat FROM contacts", 'there is no column "createdat"', "did you mean created_at")


@reproduces(errors.StatementInvalid)
def a_hostile_statement(folder: Path) -> Case:
    return asked("SELECT \x1b[31mFROM\u202e contacts", "the statement does not run")


@reproduces(FormatUnknown)
def a_result_as_workbook(folder: Path) -> Case:
    return Case(("sql", "SELECT 1", "-o", "x.xlsx"), ("x.xlsx: its extension names no format", ".csv", "--csv"))


@reproduces(OutputOverwrites)
def a_result_over_an_export(folder: Path) -> Case:
    return Case(("sql", "SELECT 1", "-o", "good.csv"), ("good.csv: is ", "does not overwrite"))
