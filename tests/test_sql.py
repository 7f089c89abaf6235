"""The command `sql`: an analyst's statement is run, cannot do harm, and its result is exact in every format."""

import csv
import io
import json
import os
import pty
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from kpibar.answers.errors import StatementInvalid, StatementMissing, StatementRefused
from kpibar.answers.query import Result, result_of
from kpibar.database.store import Store, open_store
from kpibar.model.meanings import documented
from kpibar.render.answers.query import result_csv, result_json, result_text, tables_text
from tests.support import AS_OF, child, ingest_tables, kpibar, settings

DATABASE = "test.duckdb"
# Of three orders with a judged promise the second is late by 24 hours, the third by 48.
ORDERS = """
| order_ref | ordered_at          | brand |
| 90001     | 2025-03-01 09:00:00 | Anne  |
| 90002     | 2025-03-01 09:00:00 | Anne  |
| 90003     | 2025-03-02 09:00:00 | Zoé   |
"""
PARCELS = """
| parcel_id | order_ref | carrier | promised_to         | delivered_at        |
| p1        | 90001     | GLS     | 2025-03-05 12:00:00 | 2025-03-05 11:00:00 |
| p2        | 90002     | GLS     | 2025-03-05 12:00:00 | 2025-03-06 12:00:00 |
| p3        | 90003     | =cmd    | 2025-03-05 12:00:00 | 2025-03-07 12:00:00 |
"""
CONTACTS = """
| contact_id | created_at          | channel | reason_raw         |
| c1         | 2025-03-06 10:00:00 | email   | Où est ma commande |
| c2         | 2025-03-06 11:00:00 | phone   | Facture            |
"""
LATE = "SELECT order_ref, brand, carrier, lateness_s FROM fact_orders WHERE late ORDER BY order_ref"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the orders; nobody writes to it."""
    folder = tmp_path_factory.mktemp("shop")
    exports = {"orders.csv": ORDERS, "parcels.csv": PARCELS, "contacts.csv": CONTACTS}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    return folder


@pytest.fixture(scope="module")
def store(shop: Path) -> Iterator[Store]:
    """The database, open for reading."""
    with open_store(shop / DATABASE, write=False) as store:
        yield store


def sql(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return kpibar("sql", "--db", DATABASE, *arguments, folder=folder, **environment)


def printed(folder: Path, *arguments: str, **environment: str) -> str:
    ran = sql(folder, *arguments, **environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def rows(store: Store, text: str) -> list[tuple[Any, ...]]:
    with result_of(store, text) as result:
        return [row for batch in result.batches for row in batch]


def cells(store: Store, text: str) -> list[Any]:
    """The cells of the first row of a result, by its JSON."""
    with result_of(store, text) as result:
        row: list[Any] = json.loads("".join(result_json(result, None)))["rows"][0]
        return row


def csv_rows(store: Store, text: str) -> list[list[str]]:
    with result_of(store, text) as result:
        return list(csv.reader(io.StringIO("".join(result_csv(result, None)))))


def screen(store: Store, text: str, width: int | None, limit: int | None = None, lang: str = "en") -> list[str]:
    with result_of(store, text) as result:
        return "".join(result_text(result, limit, width, lang)).splitlines()


def piped(result: Result, limit: int | None) -> Iterator[str]:
    return result_text(result, limit, None, "en")


# What comes out


def test_a_statement_prints_a_table(shop: Path) -> None:
    assert printed(shop, LATE).splitlines() == [
        "order_ref  brand  carrier  lateness_s",
        "---------  -----  -------  ----------",
        "90002      Anne   GLS         86400.0",
        "90003      Zoé    =cmd       172800.0",
    ]


def test_csv_guards_spreadsheets_and_leaves_numbers_alone(shop: Path) -> None:
    assert printed(shop, LATE, "--csv") == (
        "order_ref,brand,carrier,lateness_s\n90002,Anne,GLS,86400.0\n90003,Zoé,'=cmd,172800.0\n"
    )


def test_json_has_columns_and_rows(shop: Path) -> None:
    document = json.loads(printed(shop, LATE, "--json"))
    assert document == {
        "schema": "kpibar.sql",
        "schema_version": "1.0",
        "columns": [
            {"name": "order_ref", "type": "VARCHAR"},
            {"name": "brand", "type": "VARCHAR"},
            {"name": "carrier", "type": "VARCHAR"},
            {"name": "lateness_s", "type": "DOUBLE"},
        ],
        "rows": [["90002", "Anne", "GLS", 86400.0], ["90003", "Zoé", "=cmd", 172800.0]],
        "rows_left_out": 0,
        "rows_left_out_is_exact": True,
    }


def test_a_result_without_rows_is_whole(store: Store, shop: Path) -> None:
    nothing = "SELECT order_ref FROM fact_orders WHERE FALSE"
    with result_of(store, nothing) as result:
        assert json.loads("".join(result_json(result, None)))["rows"] == []
    assert csv_rows(store, nothing) == [["order_ref"]]
    assert screen(store, nothing, 80)[-1] == "no row"
    assert screen(store, nothing, 80, lang="fr")[-1] == "aucune ligne"


@pytest.mark.parametrize(
    ("expression", "in_json", "in_csv"),
    [
        ("TIMESTAMP '2025-03-01 10:00:00'", "2025-03-01T10:00:00Z", "2025-03-01T10:00:00Z"),
        ("TIMESTAMPTZ '2025-03-01 10:00:00+02'", "2025-03-01T08:00:00Z", "2025-03-01T08:00:00Z"),
        ("DATE '2025-03-01'", "2025-03-01", "2025-03-01"),
        ("INTERVAL 14 MONTHS", "1 year 2 months", "1 year 2 months"),
        ("[TIMESTAMPTZ '2025-03-01 10:00:00+02']", "['2025-03-01 08:00:00+00']", "['2025-03-01 08:00:00+00']"),
        ("NULL", None, ""),
        ("'NaN'::DOUBLE", None, "nan"),
        ("'-inf'::DOUBLE", None, "-inf"),
        ("0.1::DOUBLE", 0.1, "0.1"),
        ("-5", -5, "-5"),
        ("TRUE", True, "true"),
        ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1, str(2**127 - 1)),
        ("UUID '00000000-0000-0000-0000-0000000000ff'", *["00000000-0000-0000-0000-0000000000ff"] * 2),
        ("[1, NULL, 'NaN'::DOUBLE]", [1.0, None, None], "[1.0, null, null]"),
        ("{'a': 1.50::DECIMAL(4, 2), 'b': DATE '2025-03-01'}", {"a": 1.5, "b": "2025-03-01"},
         '{"a": 1.50, "b": "2025-03-01"}'),
        ("MAP {'k': 1}", {"k": 1}, '{"k": 1}'),
        ("'\\xAA'::BLOB", "aa", "aa"),
        ("'=1+1'", "=1+1", "'=1+1"),
        ("'a' || chr(8238) || chr(27) || chr(10) || 'b'", "a\u202e\x1b\nb", "a\\u202e\\u001b\\nb"),
    ],
)  # fmt: skip
def test_values(store: Store, expression: str, in_json: object, in_csv: str) -> None:
    assert cells(store, f"SELECT {expression}") == [in_json]
    assert csv_rows(store, f"SELECT {expression}")[1] == [in_csv]


def test_decimals_are_exact(store: Store) -> None:
    with result_of(store, "SELECT 12345678901234567890.10::DECIMAL(30, 2) AS d") as result:
        assert "[12345678901234567890.10]" in "".join(result_json(result, None))
    assert csv_rows(store, "SELECT 12345678901234567890.10::DECIMAL(30, 2) AS d")[1] == ["12345678901234567890.10"]


def test_columns_of_one_name_keep_their_places(store: Store) -> None:
    assert csv_rows(store, "SELECT 1 AS a, 2 AS a, now() > '2020-01-01' AS \"=b\"") == [
        ["a", "a", "'=b"],
        ["1", "2", "true"],
    ]
    assert rows(store, "SELECT TIMESTAMPTZ '2025-01-01 00:00Z' AS a, 2 AS a, 3 AS a")[0][1:] == (2, 3)


def test_signs_that_nobody_sees_are_not_printed(store: Store) -> None:
    lines = screen(store, "SELECT 'a' || chr(27) || '[31m' || chr(8238) || 'b' || chr(10) || 'c' AS \"x\u202ey\"", 80)
    assert lines[0] == "xy" and lines[2] == "a[31mb c"


@pytest.mark.parametrize(
    "statement",
    [
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "FROM orders",
        "TABLE orders",
        "VALUES (1)",
        "DESCRIBE fact_orders",
        "SUMMARIZE orders",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (FORMAT json) SELECT 1",
        "SELECT 1; -- the end",
        "PIVOT fact_contacts ON channel IN ('email') USING count(*)",
    ],
)
def test_what_reads_is_run(store: Store, statement: str) -> None:
    assert rows(store, statement)


def test_a_plan_keeps_its_lines(store: Store) -> None:
    lines = screen(store, "EXPLAIN SELECT order_ref FROM orders WHERE brand = 'Anne'", 80)
    assert len(lines) > 3 and any("orders" in line for line in lines)


# How much of it


def test_a_screen_has_the_first_rows_and_says_how_many_more(store: Store) -> None:
    lines = screen(store, "FROM range(1234)", 80)
    assert lines[2:52] == [f"{number:>5}" for number in range(50)]
    assert lines[52:] == ["and 1,184 more rows: --limit N shows N of them, -o FILE.csv writes all"]
    french = screen(store, "FROM range(1234)", 80, lang="fr")
    assert french[52].startswith("et 1\u202f184 autres lignes")
    assert screen(store, "FROM range(1234)", 80, limit=1234)[-1] == " 1233"
    assert screen(store, "FROM range(50)", 80)[-1] == "   49"
    assert screen(store, "FROM range(200000)", 100)[-1].startswith("and more than 100,000 rows more")


def test_a_pipe_has_all_rows(shop: Path, store: Store) -> None:
    assert len(printed(shop, "FROM range(5001)").splitlines()) == 5003
    assert len(printed(shop, "FROM range(5001)", "--limit", "2000").splitlines()) == 2002
    assert len(printed(shop, "FROM range(5001)", "--csv", "--limit", "2001").splitlines()) == 2002
    document = json.loads(printed(shop, "FROM range(5001)", "--json", "--limit", "3"))
    assert document["rows"] == [[0], [1], [2]] and document["rows_left_out"] == 4998


def test_the_rows_of_a_long_result_are_fetched_as_they_are_written(store: Store) -> None:
    """A result of a thousand million rows: whoever kept it would find no memory."""
    endless = "SELECT i, 'text' || i FROM range(1000000000) AS t(i)"
    for write in (result_csv, result_json, piped):
        with result_of(store, endless) as result:
            assert sum(map(len, islice(write(result, None), 4))) > 10_000


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize(
    "statement",
    [
        "FROM fact_orders",
        "FROM fact_orders, range(9)",
        "SELECT contact_uid, repeat('word ', 99) FROM fact_contacts",
        "SELECT repeat('x', 300)",
        "SELECT '日本語' || repeat('日', 80), 1 FROM range(3)",
    ],
)
def test_a_table_fits_the_screen(store: Store, statement: str, width: int) -> None:
    assert max(map(cell_len, screen(store, statement, width))) <= width


def test_few_rows_of_many_columns_are_written_below_each_other(store: Store) -> None:
    lines = screen(store, "FROM fact_orders WHERE late ORDER BY order_ref", 80)
    assert "order_ref           90002" in lines and "late                true" in lines
    assert len(lines) == 2 * len(documented()["facts"][1].columns) + 1


def test_columns_that_find_no_room_are_named(store: Store) -> None:
    text = " ".join(screen(store, "FROM fact_orders, range(9)", 80))
    assert "columns without room here: 4" in text and "-o FILE.csv" in text


# What it cannot do


@pytest.mark.parametrize(
    "statement",
    [
        "COPY orders TO 'x.csv'",
        "ATTACH 'x.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA version",
        "SET threads = 1",
        "RESET threads",
        "EXPORT DATABASE 'x'",
        "CALL duckdb_tables()",
        "CHECKPOINT",
        "BEGIN",
        "DELETE FROM orders",
        "INSERT INTO meta VALUES ('a', 'b')",
        "UPDATE orders SET brand = 'x'",
        "CREATE TEMP TABLE t AS SELECT 1",
        "DROP TABLE orders",
        "EXPLAIN ANALYZE COPY orders TO 'x.csv'",
        "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "PREPARE q AS SELECT 1",
        "UPDATE EXTENSIONS",
        "PIVOT orders ON brand USING count(*)",
        "SELECT 1; SELECT 2",
        "SELECT ?",
        "SELECT $key",
        "WITH a AS (DELETE FROM orders RETURNING *) SELECT * FROM a",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "FROM query('FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM 'https://example.org/x.csv'",
    ],
)
def test_what_does_more_than_read_is_refused(store: Store, statement: str, folder: Path) -> None:
    with pytest.raises(StatementRefused):
        rows(store, statement)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN /**/ ANALYZE DELETE FROM orders",
        "SELECT getenv('HOME')",
        "SELECT * FROM store",
        "FROM statement",
        "SELECT \0",
        "SELECT '\ud800'",
        "SELECT",
        "SELECT (",
        "SELECT 1//0",
        "SELECT 'x'::INTEGER",
        "FROM enable_logging()",
        "SELECT error('jean@example.org')",
        "SELECT * FROM repeat(",
    ],
)
def test_what_does_not_run_is_said(store: Store, statement: str) -> None:
    with pytest.raises(StatementInvalid):
        rows(store, statement)


@pytest.mark.parametrize("statement", ["", " ", ";", "-- nothing", "/* nothing */"])
def test_no_statement_is_said(store: Store, statement: str) -> None:
    with pytest.raises(StatementMissing):
        rows(store, statement)


def test_a_fault_in_the_midst_of_rows_leaves_no_file(shop: Path, folder: Path) -> None:
    late_fault = "SELECT 1 // (i - 99999) FROM range(200000) AS t(i)"
    ran = kpibar("sql", late_fault, "--db", str(shop / DATABASE), "-o", "x.csv", folder=folder)
    assert ran.returncode == 2 and "Division by zero" in ran.stderr and "SET" not in ran.stderr
    assert list(folder.iterdir()) == []


def test_a_message_says_where_and_what_is_alike(store: Store) -> None:
    def words(statement: str) -> str:
        with pytest.raises(StatementInvalid) as raised:
            rows(store, statement)
        return str(raised.value)

    assert words("SELECT *\nFROM fact_contact") == (
        'the statement does not run (line 2, at "fact_contact"): there is no table "fact_contact"; '
        "did you mean fact_contacts or fact_order_contacts or contacts?"
    )
    assert 'no column "lates" in' in words("SELECT lates FROM fact_orders") and "lateness_s" in words(
        "SELECT latenes_s FROM fact_orders"
    )
    assert words("SELECT foo_bar_baz FROM orders").endswith("DESCRIBE and the name of a table list its columns")
    assert words("SELEC 1") == 'the statement does not run (line 1, at "SELEC 1"): syntax error at "SELEC"'
    assert len(words("SELECT nope" + "x" * 5000 + " FROM orders")) < 400


def test_nothing_is_written_beside_the_database(shop: Path) -> None:
    before = {path.name: path.read_bytes() for path in shop.iterdir()}
    printed(shop, "SELECT count(*) FROM fact_contacts")
    assert {path.name: path.read_bytes() for path in shop.iterdir()} == before


# Where it comes from and goes


def run_on(data: bytes, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """The command with this on standard input."""
    line = [sys.executable, "-m", "kpibar", "sql", "--db", DATABASE, *arguments]
    return subprocess.run(line, cwd=folder, input=data, capture_output=True, timeout=60, check=False)


def test_a_statement_is_read_from_standard_input_or_a_file(shop: Path, folder: Path) -> None:
    assert run_on("\ufeffSELECT 'é' AS a\n".encode(), shop, "--csv").stdout.decode() == "a\né\n"
    (folder / "q.sql").write_text("-- of the day\nSELECT 3 AS a;\n")
    assert printed(shop, "--file", str(folder / "q.sql"), "--csv") == "a\n3\n"
    assert sql(shop, "SELECT 1", "--file", str(folder / "q.sql")).returncode == 2
    assert sql(shop, "SELECT 1", "--csv", "--json").returncode == 2


def test_a_file_is_private_and_its_json_may_be_written_again(shop: Path, folder: Path) -> None:
    for name in ("x.csv", "x.json"):
        ran = sql(shop, LATE, "-o", str(folder / name))
        assert ran.returncode == 0 and ran.stdout == "" and f"written: {folder / name}" in ran.stderr
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert (folder / "x.csv").read_text().splitlines()[1] == "90002,Anne,GLS,86400.0"
    assert sql(shop, "SELECT 1", "-o", str(folder / "x.json")).returncode == 0
    assert json.loads((folder / "x.json").read_text())["rows"] == [[1]]
    assert sql(shop, "SELECT 1", "-o", str(folder / "x.csv")).returncode == 2


@contextmanager
def at_a_terminal(folder: Path, *arguments: str, width: int = 80) -> Iterator[tuple["subprocess.Popen[Any]", int]]:
    """The command at a terminal of a width, and the other end of it."""
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "kpibar", "sql", "--db", DATABASE, *arguments]
    variables = {**os.environ, "COLUMNS": str(width)}
    with child(line, cwd=folder, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=variables) as process:
        os.close(theirs)
        yield process, ours
    os.close(ours)


def read_all(number: int) -> str:
    data = b""
    while True:
        try:
            piece = os.read(number, 65536)
        except OSError:
            return data.decode().replace("\r\n", "\n")
        if not piece:
            return data.decode().replace("\r\n", "\n")
        data += piece


def test_a_terminal_without_a_statement_gets_the_tables(shop: Path) -> None:
    with at_a_terminal(shop) as (process, terminal):
        text = read_all(terminal)
        assert process.wait(30) == 0
    assert text == tables_text(80, "en")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_list_of_tables_is_whole_and_fits(lang: str) -> None:
    text = tables_text(80, lang)
    assert max(map(cell_len, text.splitlines())) <= 80
    names = [table.name for group in documented().values() for table in group]
    assert all(f"\n  {name} " in text for name in names)


def test_control_c_ends_a_long_statement(shop: Path) -> None:
    """The first rows come soon, what follows would take hours."""
    endless = "SELECT i FROM range(100000000000) AS a(i) WHERE i < 300000 OR hash(i) = 3"
    line = [sys.executable, "-m", "kpibar", "sql", "--db", DATABASE, "--csv", endless]
    with child(line, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert messages == "kpibar: interrupted; what was not finished was rolled back\n"


def test_a_database_in_use_is_named(shop: Path, folder: Path) -> None:
    copy = folder / DATABASE
    copy.write_bytes((shop / DATABASE).read_bytes())
    with open_store(copy, write=True):
        ran = kpibar("sql", "SELECT 1", "--db", str(copy), "--wait", "0", folder=folder)
    assert ran.returncode == 1 and f"{copy}: is in use by process {os.getpid()}" in ran.stderr


def test_the_tables_are_those_of_the_settings(shop: Path, folder: Path) -> None:
    """A threshold that changed since the last ingest holds, and the file stays as it was."""
    (folder / "kpibar.toml").write_text('timezone = "Europe/Paris"\n[thresholds]\nreply_target_email_s = 77\n')
    before = (shop / DATABASE).read_bytes()
    target = "SELECT reply_target_s FROM fact_contacts WHERE channel = 'email'"
    assert printed(shop, target, "--csv") == "reply_target_s\n86400\n"
    assert printed(shop, target, "--csv", "--config", str(folder / "kpibar.toml")) == "reply_target_s\n77\n"
    assert (shop / DATABASE).read_bytes() == before
