"""The helpers of a layout's expressions: each unit, instant, flag and pseudonym, on a one-column table."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kpibar.database.engine import DuckDB
from kpibar.database.key import padded_keys
from kpibar.errors import ZoneUnknown
from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.expression import ExpressionError, columns_read, compile_expression, seconds_between
from kpibar.layouts.layout import parse
from kpibar.values.helpers import HELPERS
from kpibar.values.macros import definitions, pattern, with_macros
from kpibar.values.notation import Call, Notation
from tests.intake import column, held, take, take_text, write

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    opened = DuckDB(tmp_path_factory.mktemp("cells") / "cells.duckdb", read_only=False)
    opened.conceal(padded_keys(SECRET))
    return opened


def value(
    engine: DuckDB,
    helper: str,
    cell: str | None,
    *,
    zone: str = "Europe/Paris",
    zones: Mapping[str, str] | None = None,
    formats: tuple[str, ...] = (),
    decimal: str = ".",
    argument: str = "",
) -> Any:
    """What a helper makes of one cell; None means NULL, which rejects a cell that is not empty."""
    enums = {"channel": {"Mail": "email", "Téléphone": "phone"}}
    reading = Notation(zone, "Europe/Paris", zones or {}, formats, decimal, enums, "33")
    sql = HELPERS[helper].sql("c", Call(helper, "C", argument), reading)
    script = with_macros(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT {sql} AS v FROM (SELECT $cell::VARCHAR AS c)")
    engine.run(script, {"cell": cell})
    return engine.rows(f"SELECT CAST(v AS {HELPERS[helper].type}) FROM cells")[0][0]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("helper", [name for name in HELPERS if name != "enum"])
def test_an_empty_cell_is_unknown_for_every_helper(engine: DuckDB, helper: str) -> None:
    assert value(engine, helper, None) is None


@pytest.mark.sample(60)
@pytest.mark.parametrize("helper", [name for name in HELPERS if name not in ("text", "pii", "enum")])
@pytest.mark.parametrize("cell", ["abc", "12abc", "1 2", "2025-02-30x", "--5", "１２", "1e5", "nan", "inf", "0x10"])
def test_what_a_helper_cannot_read_is_never_guessed(engine: DuckDB, helper: str, cell: str) -> None:
    assert value(engine, helper, cell) is None


# --- numbers and durations -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("helper", "cell", "expected"),
    [
        ("num", "12", 12.0),
        ("num", "-0.5", -0.5),
        ("num", ".5", 0.5),
        ("num", "+3", 3.0),
        ("whole", "12", 12),
        ("whole", "12.0", 12),
        ("whole", "-3", -3),
        ("whole", "12.5", None),
        ("whole", "99999999999", None),
        ("money", "1234.50", Decimal("1234.50")),
        ("money", "-0.05", Decimal("-0.05")),
        ("secs", "90", 90.0),
        ("minutes", "1.5", 90.0),
        ("hours", "2", 7200.0),
        ("days", "0.5", 43_200.0),
        ("ms", "1500", 1.5),
    ],
)
def test_numbers_and_units(engine: DuckDB, helper: str, cell: str, expected: object) -> None:
    assert value(engine, helper, cell) == expected


@pytest.mark.parametrize(
    ("helper", "cell", "expected"),
    [
        ("num", "1,5", 1.5),
        ("minutes", "1,5", 90.0),
        ("money", "12,30", Decimal("12.30")),
        ("whole", "12,0", 12),
        ("num", "12", 12.0),
    ],
)
def test_a_decimal_comma(engine: DuckDB, helper: str, cell: str, expected: object) -> None:
    assert value(engine, helper, cell, decimal=",") == expected
    if "," in cell:
        assert value(engine, helper, cell) is None, "a comma is no number where the decimal sign is a point"


@pytest.mark.parametrize("helper", ["num", "money", "secs"])
def test_thousands_are_not_taken_for_decimals(engine: DuckDB, helper: str) -> None:
    """1.234 is one thousand and more where the decimal sign is a comma; 1,234 where it is a point."""
    assert value(engine, helper, "1.234", decimal=",") is None
    assert value(engine, helper, "1,234") is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("01:02:03", 3723.0),
        ("0:00:00", 0.0),
        ("30:00:00", 108_000.0),
        ("123:45:06", 445_506.0),
        ("02:03", 123.0),
        ("90:00", 5400.0),
        ("-00:00:30", -30.0),
        ("-01:00", -60.0),
        ("00:00:01.5", 1.5),
        ("00:60:00", None),
        ("00:00:60", None),
        ("1:2:3:4", None),
        ("15", None),
    ],
)
def test_hms(engine: DuckDB, cell: str, expected: float | None) -> None:
    assert value(engine, "hms", cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("19m 10s", 1150.0),
        ("1h 2m 3s", 3723.0),
        ("1d 1h", 90_000.0),
        ("45s", 45.0),
        ("5 min", 300.0),
        ("2H 30M", 9000.0),
        ("1150000", 1150.0),
        ("0", 0.0),
        ("00:19:10", 1150.0),
        ("19 apples", None),
        ("10s 5m", None),
    ],
)
def test_duration_is_text_a_clock_or_milliseconds(engine: DuckDB, cell: str, expected: float | None) -> None:
    assert value(engine, "duration", cell) == expected


# --- instants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-04-05 21:06:21 +0400", "2026-04-05 17:06:21"),
        ("2026-04-05T21:06:21+04:00", "2026-04-05 17:06:21"),
        ("2026-04-05T21:06:21+04", "2026-04-05 17:06:21"),
        ("2026-04-05T21:06:21-03:30", "2026-04-06 00:36:21"),
        ("2026-04-05T21:06:21Z", "2026-04-05 21:06:21"),
        ("2026-04-05T21:06Z", "2026-04-05 21:06:00"),
        ("2026-04-05 21:06:21 UTC", "2026-04-05 21:06:21"),
        ("2026-04-05T21:06:21.250Z", "2026-04-05 21:06:21.250"),
        ("2026-04-05 21:06:21.5", "2026-04-05 19:06:21.5"),
        ("2026-04-05 21:06:21", "2026-04-05 19:06:21"),
        ("2026-01-05 21:06", "2026-01-05 20:06:00"),
        ("2026-01-05", "2026-01-04 23:00:00"),
        ("2028-02-29 12:00:00", "2028-02-29 11:00:00"),
    ],
)
def test_instants_in_iso_8601_are_always_read(engine: DuckDB, cell: str, expected: str) -> None:
    assert value(engine, "instant", cell) == at(expected)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-02-31T08:00:00Z",
        "2024-02-31T08:00:00",
        "2024-02-31 08:00:00 +0100",
        "2025-02-29 08:00:00",
        "31/13/2025",
        "31/13/2025 08:00",
        "2025-01-01 24:00:00",
        "2025-01-01 25:00:00Z",
        "2025-01-01 08:61:00",
        "0",
        "2025",
    ],
)
def test_impossible_instants_are_not_rolled_over(engine: DuckDB, cell: str) -> None:
    assert value(engine, "instant", cell, formats=("%d/%m/%Y", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S %z")) is None


def test_stated_formats_are_tried_in_order_and_with_an_offset(engine: DuckDB) -> None:
    french = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
    assert value(engine, "instant", "03/02/2025 10:00", formats=french) == at("2025-02-03 09:00:00")
    assert value(engine, "instant", "03/02/2025 10:00:30", formats=french) == at("2025-02-03 09:00:30")
    assert value(engine, "instant", "03/02/2025 10:00 +0500", formats=french) == at("2025-02-03 05:00:00")
    assert value(engine, "instant", "6/23/25 07:05 PM", formats=("%m/%d/%y %I:%M %p",)) == at("2025-06-23 17:05:00")


def test_the_zone_of_the_header_wins_over_the_layouts_and_an_offset_over_both(engine: DuckDB) -> None:
    zones = {"c": "America/New_York"}
    assert value(engine, "instant", "2025-01-01 12:00:00", zones=zones) == at("2025-01-01 17:00:00")
    assert value(engine, "instant", "2025-01-01T12:00:00+01:00", zones=zones) == at("2025-01-01 11:00:00")
    assert value(engine, "instant", "2025-01-01 12:00:00", zone="UTC") == at("2025-01-01 12:00:00")


def test_the_zone_of_a_header_is_read_whatever_its_spelling(folder: Path) -> None:
    """Noon in New York in winter is 17:00 UTC; the second column follows the settings: noon in Paris is 11:00."""
    take_text(
        folder,
        "contact_id,Created_At (America/New_York),channel,resolved_at\n"
        "1,2025-01-01 12:00:00,email,2025-01-02 12:00:00\n",
    )
    assert held(folder, "SELECT created_at, resolved_at FROM contacts") == [
        (at("2025-01-01 17:00"), at("2025-01-02 11:00"))
    ]


def test_a_zone_nobody_knows_in_a_header_is_an_error_in_words(folder: Path) -> None:
    path = write(folder, "x.csv", "contact_id,created_at (Mars/Base),channel\n1,2025-01-01 12:00:00,email\n")
    error = take(folder, path)[0].error
    assert isinstance(error, ZoneUnknown)
    assert 'column "created_at": "aaaa/aaaa" is not a time zone' in str(error)


def test_the_spring_gap_moves_on_and_the_autumn_fold_takes_the_later_instant(engine: DuckDB) -> None:
    """Paris, 29 March 2026: 02:30 does not exist, read as 03:30 summer time. 25 October: 02:30 happens twice."""
    assert value(engine, "instant", "2026-03-29 02:30:00") == at("2026-03-29 01:30:00")
    assert value(engine, "instant", "2026-10-25 02:30:00") == at("2026-10-25 01:30:00")
    assert value(engine, "instant", "2026-10-25T02:30:00+02:00") == at("2026-10-25 00:30:00")


def test_epoch_is_unix_seconds(engine: DuckDB) -> None:
    assert value(engine, "epoch", "1735732800") == at("2025-01-01 12:00:00")
    assert value(engine, "epoch", "1735732800.5") == at("2025-01-01 12:00:00.5")
    assert value(engine, "epoch", "-1") == at("1969-12-31 23:59:59")


def test_days_start_and_end_in_the_brands_zone(engine: DuckDB) -> None:
    """2 August in Paris runs from 1 August 22:00 UTC to 2 August 21:59:59.999999, whatever the layout's zone."""
    for cell in ("2025-08-02", "2025-08-02 16:30:00", "2025-08-02T09:00:00Z"):
        assert value(engine, "day_start", cell, zone="UTC") == at("2025-08-01 22:00:00")
        assert value(engine, "day_end", cell, zone="UTC") == at("2025-08-02 21:59:59.999999")
    assert value(engine, "day_end", "02/08/2025 10:00", formats=("%d/%m/%Y %H:%M",)) == at("2025-08-02 21:59:59.999999")
    assert value(engine, "day_end", "2025-02-30") is None


def test_the_day_of_a_clock_change_has_23_or_25_hours(engine: DuckDB) -> None:
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        span = value(engine, "day_end", day) - value(engine, "day_start", day)
        assert round(span.total_seconds()) == hours * 3600


def test_a_promise_of_a_day_ends_with_it_and_one_of_an_hour_then(engine: DuckDB) -> None:
    end = at("2025-08-02 21:59:59.999999")
    for cell in ("2025-08-02", "2025-08-02 00:00:00", "2025-08-02T00:00", "2025-08-02 00:00:00.000"):
        assert value(engine, "promise_end", cell) == end
    assert value(engine, "promise_end", "2025-08-02 18:00:00") == at("2025-08-02 16:00:00")
    assert value(engine, "promise_end", "2025-08-02T18:00:00Z") == at("2025-08-02 18:00:00")
    assert value(engine, "promise_end", "2025-08-32") is None


# --- flags, enums, text --------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["true", "TRUE", "Yes", "y", "Oui", "VRAI", "1", "t"])
def test_flags_that_say_yes(engine: DuckDB, cell: str) -> None:
    assert value(engine, "flag", cell) is True


@pytest.mark.parametrize("cell", ["false", "False", "No", "n", "NON", "faux", "0", "f"])
def test_flags_that_say_no(engine: DuckDB, cell: str) -> None:
    assert value(engine, "flag", cell) is False


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("mail", "email"), ("MAIL", "email"), ("TÉLÉPHONE", "phone"), ("fax", "other"), (None, None)],
)
def test_enum_knows_its_values_whatever_their_case(engine: DuckDB, cell: str | None, expected: str | None) -> None:
    assert value(engine, "enum", cell, argument="channel") == expected


@pytest.mark.long
def test_unknown_values_become_other_and_are_counted(folder: Path) -> None:
    channels = [*["fax"] * 6, *["telex"] * 5, "Somebody Else", "EMAIL", ""]
    rows = "".join(f"{n:02},2025-01-01,{channel}\n" for n, channel in enumerate(channels))
    outcome = take_text(folder, "contact_id,created_at,channel\n" + rows)
    # What few records have may be a person in a shifted row.
    assert outcome.unknown == (("channel", "fax", 6), ("channel", "telex", 5), ("channel", "aaaaaaaa aaaa", 1))
    assert held(folder, "SELECT column_name, value, n FROM unknown_values ORDER BY n DESC") == list(outcome.unknown)
    assert column(folder, "SELECT channel FROM contacts ORDER BY contact_id") == [*["other"] * 12, "email", None]


# --- pseudonyms ----------------------------------------------------------------------------------------


def mac(text: str, secret: bytes = SECRET) -> UUID:
    return UUID(hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:32])


@pytest.mark.parametrize(
    ("cell", "normalised"),
    [
        ("+33 6 12 34 56 78", "phone:33612345678"),
        ("0612345678", "phone:33612345678"),
        ("06.12.34.56.78", "phone:33612345678"),
        ("33612345678", "phone:33612345678"),
        ("0033612345678", "phone:33612345678"),
        ("+33 (0)6 12 34 56 78", "phone:33612345678"),
        ("06\u00a012\u00a034\u202f56\u202f78", "phone:33612345678"),
        ("tel:+33612345678", "phone:33612345678"),
        ("+32 470 12 34 56", "phone:32470123456"),
        ("Marie@Example.COM", "email:marie@example.com"),
        ("marie@example.com", "email:marie@example.com"),
        ("C-1042", "id:C-1042"),
        ("été", "id:été"),
    ],
)
def test_a_pseudonym_is_the_hmac_of_the_normalised_identifier(engine: DuckDB, cell: str, normalised: str) -> None:
    assert value(engine, "pii", cell) == mac(normalised)


def test_a_key_longer_than_a_block_is_hashed_first(tmp_path: Path) -> None:
    secret, engine = bytes(100), DuckDB(tmp_path / "cells.duckdb", read_only=False)
    engine.conceal(padded_keys(secret))
    assert value(engine, "pii", "a@b.fr") == mac("email:a@b.fr", secret)


# --- the expression language ---------------------------------------------------------------------------


def test_helpers_and_bare_columns_are_found_outside_strings() -> None:
    compiled = compile_expression('CASE WHEN "A b" = \'num("X")\' THEN num("Say ""hi""") END')
    assert compiled.calls == (Call("text", "A b"), Call("num", 'Say "hi"'))
    assert compiled.template == """CASE WHEN {0} = 'num("X")' THEN {1} END"""
    assert columns_read("""coalesce("B", text("A"), text("B"))""") == ["B", "A"]


def test_braces_in_sql_survive() -> None:
    assert compile_expression("""regexp_matches("A", '[0-9]{3}')""").template.format("h0") == (
        "regexp_matches(h0, '[0-9]{3}')"
    )


@pytest.mark.parametrize("wrong", ["num('A')", "num(A)", 'num("A", "B")', 'enum("A")', 'num("A"', "lines(1)"])
def test_a_helper_called_wrongly_is_refused(wrong: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(wrong)


def test_an_enum_that_is_not_there_is_refused() -> None:
    text = (
        'name = "x"\nfills = "orders"\ndetect = ["A"]\n[select]\norder_ref = \'text("A")\'\n'
        'country = \'enum("B", "nowhere")\'\n'
    )
    with pytest.raises(LayoutInvalid, match="nowhere"):
        parse(Path("x.toml"), text.encode())


def test_seconds_between_two_instants(engine: DuckDB) -> None:
    sql = f"SELECT {seconds_between('b', 'a')} FROM (SELECT TIMESTAMP '2025-01-01' AS a, TIMESTAMP '2025-01-03' AS b)"
    assert engine.rows(sql) == [(172_800.0,)]


def test_a_statement_brings_the_macros_it_calls_and_no_others() -> None:
    """In an order in which each finds those it calls itself."""
    assert with_macros("SELECT 1") == "SELECT 1"
    names = re.findall(r"TEMP MACRO (\w+)", with_macros("SELECT read_number(c0, ',')"))
    assert names == ["plain_number", "by_blanks", "by_commas", "by_points", "tidy", "pointed", "read_number"]
    called = {name for text in definitions().values() for name in re.findall(r"\b(\w+)\(", text.partition(" AS")[2])}
    entries = {"read_number", "read_whole_number", "read_amount", "read_clock", "read_duration"}
    assert set(definitions()) == (called & set(definitions())) | entries | {"whole_clock_form", "clock_form"}


def test_the_patterns_of_macros_are_those_that_the_engine_gets(engine: DuckDB) -> None:
    for name in ("by_blanks", "by_commas", "by_points", "clock_form", "letters_form", "iso_form", "spoken_form"):
        engine.run(with_macros(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT {name}() AS v"))
        assert engine.rows("SELECT v FROM cells") == [(pattern(name),)]
