"""An analyst's own question: one SQL statement that reads, run over the tables of the database.

The connection cannot write the database, nor reach files, the network or a setting (`kpibar.database.engine`); what is
no single statement that reads is refused by the kind DuckDB's own parser gives it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

from kpibar.answers.errors import StatementInvalid, StatementMissing, StatementRefused
from kpibar.database.engine import Engine, EngineError, Row, Statement
from kpibar.database.store import Store
from kpibar.model.meanings import documented

# So long the engine may work on the next rows, and so long a statement is at most.
_SECONDS = 600.0
MOST_SIGNS = 200_000
# So much of the statement is quoted where it does not run, and so much of what the engine says of it.
_EXCERPT = 40
_MOST_WORDS = 300
_DESCRIBE = "; DESCRIBE and the name of a table list its columns"
# Statements that describe: comments may stand before them.
_DESCRIBES = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:DESCRIBE|DESC|SHOW|SUMMARIZE)\b", re.IGNORECASE | re.DOTALL
)
_PLAN = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\([\w\s,]*\)\s*)?", re.IGNORECASE)
_ZONED = "TIMESTAMP WITH TIME ZONE"
# What the library hands on neither exactly nor without another library; the engine writes it as text.
_AS_TEXT = re.compile(r"INTERVAL|WITH TIME ZONE|TIMESTAMPTZ|_NS\b")
_ABSENT_TABLE = re.compile(r"Table with name (.+?) does not exist")
_ABSENT_COLUMN = re.compile(r'Referenced column "(.+?)" not found|does not have a column named "(.+?)"')
_ABSENT_FUNCTION = re.compile(r'Function with name "?(.+?)"? (?:does not exist|is not in the catalog)')
_SYNTAX = re.compile(r'syntax error at or near "(.+)"|syntax error at end of input')
_NAMES = re.compile(r"^(?:Candidate bindings|Did you mean)[: ]*(.*)$", re.MULTILINE)
_PLACE = re.compile(r"^(LINE (\d+): )(.*)\n( *)\^", re.MULTILINE)


@dataclass(frozen=True)
class Column:
    """A column of a result: its name and its type, as DuckDB calls it."""

    name: str
    type: str


@dataclass(frozen=True)
class Result:
    """What a statement brings: its columns, and its rows in batches, which can be walked once.

    `is_plan` tells that it is the plan of a statement (EXPLAIN), a text of several lines; `description` that it
    describes tables, and is read whole.
    """

    columns: tuple[Column, ...]
    batches: Iterator[list[Row]]
    is_plan: bool = False
    description: bool = False


@contextmanager
def result_of(store: Store, text: str) -> Iterator[Result]:
    """The result of a statement; its rows are fetched while it is open.

    Raises StatementMissing, StatementRefused, StatementInvalid, these while rows are walked as well.
    """
    with store.engine.limit_time(_SECONDS):
        with _faults(store.engine):
            statement = _one_that_reads(store.engine, text)
            stream = store.engine.stream(statement.text)
            if any(_AS_TEXT.search(kind) for _, kind in stream.columns):
                types, stream = stream.columns, store.engine.stream(_in_utc(statement, stream.columns))
            else:
                types = stream.columns
        columns = tuple(Column(name, kind.strip('"')) for name, kind in types)
        yield Result(
            columns,
            _walk(store.engine, stream.batches),
            statement.kind == "EXPLAIN",
            _DESCRIBES.match(statement.text) is not None,
        )


def _walk(engine: Engine, batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """The batches. Raises StatementInvalid where the engine stops before the end."""
    with _faults(engine):
        yield from batches


def _one_that_reads(engine: Engine, text: str) -> Statement:
    """The statement of a text. Raises StatementMissing, StatementRefused, StatementInvalid, EngineError."""
    if len(text) > MOST_SIGNS:
        raise StatementRefused(f"it has {len(text):,} signs, {MOST_SIGNS:,} at most are read")
    if any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in text):
        raise StatementInvalid("it holds signs that are no text")
    statements = engine.statements(text)
    if not statements:
        raise StatementMissing
    if len(statements) > 1:
        raise StatementRefused(f"{len(statements)} statements stand in it")
    (statement,) = statements
    _refuse_other_kinds(engine, statement)
    if statement.has_parameters:
        raise StatementRefused("it has a parameter (? or $name): write the value in its place")
    return statement


def _refuse_other_kinds(engine: Engine, statement: Statement) -> None:
    """Raises StatementRefused for a statement that is none of those that read, and for the plan of one."""
    if statement.kind == "MULTI":
        raise StatementRefused("a PIVOT names its values here: PIVOT … ON channel IN ('phone', 'email') …")
    kinds = [statement.kind]
    if statement.kind == "EXPLAIN":  # with ANALYZE it runs what it explains
        kinds = [inner.kind for inner in engine.statements(_PLAN.sub("", statement.text, count=1))]
    if kinds != ["SELECT"]:
        name = (kinds[0] if kinds else statement.kind).replace("_", " ")
        raise StatementRefused("it does not read, or does more" if name == "OTHER" else f"it is of the kind {name}")


def _in_utc(statement: Statement, columns: tuple[tuple[str, str], ...]) -> str:
    """The statement with instants that have a zone in UTC, and with what has no other form as text."""
    names = [f"c{place}" for place in range(len(columns))]
    cells = [_cell(name, kind) for name, (_, kind) in zip(names, columns, strict=True)]
    return f"SELECT {', '.join(cells)} FROM (\n{statement.text.rstrip().rstrip(';')}\n) AS r({', '.join(names)})"


def _cell(name: str, kind: str) -> str:
    if kind == _ZONED:
        return f"{name} AT TIME ZONE 'UTC'"
    return f"CAST({name} AS VARCHAR)" if _AS_TEXT.search(kind) else name


@contextmanager
def _faults(engine: Engine) -> Iterator[None]:
    """Raises StatementInvalid for what the engine says of a statement; EngineError for what is not its fault."""
    try:
        yield
    except EngineError as error:
        if error.fault == "access":
            raise StatementRefused(
                "it reads a file or an address, and only the tables of the database are read"
            ) from error
        if error.fault == "time":
            advice = "; ask for less, by a narrower WHERE"
            raise StatementInvalid(f"it took longer than {_SECONDS / 60:g} minutes", advice=advice) from error
        if not error.statement:
            raise
        if "read-only mode" in str(error):
            raise StatementRefused("it would change the database") from error
        raise _invalid(error, _tables(engine)) from error


def _tables(engine: Engine) -> list[str]:
    """The names of all tables and views."""
    sql = "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    return sorted(str(name) for (name,) in engine.rows(sql))


def _readable() -> list[str]:
    """The names of the tables that are meant for reading."""
    return [table.name for group in documented().values() for table in group]


def _invalid(error: EngineError, tables: list[str]) -> StatementInvalid:
    """What is wrong with a statement, in words: what the engine does not know, where it stands, and what is like it."""
    text = str(error)
    names = re.findall(r'"([^"]+)"', " ".join(_NAMES.findall(error.details)))
    why, advice = _words(text), ""
    if absent := _ABSENT_TABLE.search(text):
        name = absent[1].strip('"')
        why, advice = f'there is no table "{_short(name)}"', _closest(name, _readable()) or _closest(name, tables)
    elif absent := _ABSENT_COLUMN.search(text):
        name = absent[1] or absent[2]
        why, advice = (
            f'there is no column "{_short(name)}" in the tables after FROM',
            _closest(name, names) or _DESCRIBE,
        )
    elif absent := _ABSENT_FUNCTION.search(text):
        why, advice = f'there is no function "{_short(absent[1])}"', _closest(absent[1], names)
    elif syntax := _SYNTAX.search(text):
        why = f'syntax error at "{_short(syntax[1])}"' if syntax[1] else "it ends too early"
    return StatementInvalid(why, _place(error.details), advice)


def _words(text: str) -> str:
    """What the engine says, without the kind of error in front and the settings it would change, which are locked."""
    bare = re.sub(r"^(?:[A-Z][\w ]*?)?Error: ", "", text)
    bare = re.sub(r"[,.]? (?:or|Use) SET .*$", "", bare).rstrip(" .!")
    return bare if len(bare) <= _MOST_WORDS else f"{bare[:_MOST_WORDS]} ..."


def _place(details: str) -> str:
    """Where in the statement it is: `line 2, at "foo FROM orders"`; nothing where the engine does not say."""
    match = _PLACE.search(details)
    if match is None:
        return ""
    rest = match[3][max(0, len(match[4]) - len(match[1])) :].strip()
    return f'line {match[2]}, at "{_short(rest)}"' if rest else f"line {match[2]}, at its end"


def _short(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}..."


def _closest(name: str, names: list[str]) -> str:
    """A hint at the names most like one that is none of them; "" without one."""
    like = get_close_matches(name[:100].lower(), list(dict.fromkeys(names)), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(like)}?" if like else ""
