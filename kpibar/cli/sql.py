"""The command `sql`: an analyst's own statement over the tables of the database, which it cannot change."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpibar.cli.console import announce, emit, emit_pieces
from kpibar.cli.errors import FormatUnknown
from kpibar.cli.options import (
    READING_WAIT,
    Color,
    ConfigOption,
    DatabaseOption,
    Format,
    JsonOption,
    LangOption,
    Palette,
    WaitOption,
    choose_language,
)

if TYPE_CHECKING:
    from kpibar.answers.query import Result

# Bytes of a statement's file; more is no statement.
_LONGEST = 1 << 20
_STDIN = "-"
_ENDINGS = {".csv": Format.csv, ".json": Format.json}


def sql(
    statement: Annotated[
        str | None, typer.Argument(help="One statement; - reads it from standard input.", show_default=False)
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the statement from this file.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Rows at most.", show_default="50 on a screen, else all")
    ] = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write here; .csv or .json.")] = None,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Run one SQL statement that reads (SELECT, DESCRIBE, EXPLAIN) over the tables a report is made of.

    DuckDB's SQL; the database, files and the network cannot be changed or reached by it. Without a statement the tables
    are listed; docs/TABLES.md has all columns and examples. Times are in UTC.

    Example: kpibar sql "SELECT carrier, count(*) FROM fact_orders WHERE due AND late AND NOT cancelled GROUP BY ALL"
    """
    from kpibar.answers.query import result_of
    from kpibar.cli.outputs import screen_of
    from kpibar.cli.targets import refuse_overwriting
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render.answers.query import tables_text

    output_format = _format(json, csv, output)
    settings = load(config)
    language = choose_language(lang, settings)
    width = screen_of(Color.never, Palette.default, to_file=output is not None).width
    text = _text(statement, file)
    if text is None:
        emit(tables_text(width, language), None)
        return
    path = settings.database_path(db)
    refuse_overwriting(output, path, settings, file, wait=wait)
    with open_current(path, settings, wait, announce) as store, result_of(store, text) as result:
        emit_pieces(_pieces(result, output_format, limit, width, language), output)


def _pieces(result: "Result", output_format: Format, limit: int | None, width: int | None, lang: str) -> Iterator[str]:
    """The result in its format, piece by piece."""
    from kpibar.render.answers.query import result_csv, result_json, result_text

    if output_format is Format.json:
        return result_json(result, limit)
    if output_format is Format.csv:
        return result_csv(result, limit)
    return result_text(result, limit, width, lang)


def _format(json: bool, csv: bool, output: Path | None) -> Format:
    """The format that is asked for, else that of the file's extension. Raises FormatUnknown."""
    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other", param_hint="--csv")
    if json or csv:
        return Format.json if json else Format.csv
    if output is None or (output.exists() and not output.is_file()):
        return Format.table
    if output.suffix.lower() not in _ENDINGS:
        raise FormatUnknown(output, _ENDINGS, "--csv or --json")
    return _ENDINGS[output.suffix.lower()]


def _text(statement: str | None, file: Path | None) -> str | None:
    """The statement; None where there is none and somebody sits before a terminal.

    Raises StatementMissing, StatementUnreadable, FileMissing.
    """
    from kpibar.answers.errors import StatementUnreadable
    from kpibar.read.errors import FileMissing

    if statement not in (None, _STDIN):
        if file is not None:
            raise typer.BadParameter("a statement and --file exclude each other", param_hint="--file")
        return statement
    if file is None:
        if statement is None and sys.stdin is not None and sys.stdin.isatty():
            return None
        return _decoded(sys.stdin.buffer.read(_LONGEST + 1) if sys.stdin is not None else b"", "standard input")
    if not file.exists():
        raise FileMissing(file)
    if not file.is_file():
        raise StatementUnreadable(file, "it is no regular file")
    try:
        with file.open("rb") as stream:
            return _decoded(stream.read(_LONGEST + 1), file)
    except OSError as error:
        raise StatementUnreadable(file, error.strerror or str(error)) from error


def _decoded(data: bytes, place: Path | str) -> str:
    """The text of a statement's bytes. Raises StatementUnreadable."""
    from kpibar.answers.errors import StatementUnreadable

    if len(data) > _LONGEST:
        raise StatementUnreadable(place, "it is longer than 1 MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementUnreadable(place, "it is not in UTF-8") from error
