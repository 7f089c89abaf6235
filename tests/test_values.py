"""What one cell means: notations of tools and spreadsheets, from a file to the database; read one way or rejected."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpibar.config import valid_zone
from kpibar.database.engine import DuckDB
from kpibar.errors import ZoneUnknown
from kpibar.layouts.layout import shelf
from kpibar.load.mapping import Context
from kpibar.load.plan import make_plan
from kpibar.read.columns import column as header_column
from kpibar.values.macros import with_macros
from kpibar.values.timezones import clock_changes, in_zone
from tests.intake import column, held, take_text
from tests.notations import read

REJECTED = "rejected"
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- tables of notations -------------------------------------------------------------------------------

# In Europe/Paris, as UTC; in January it is an hour less, in summer two.
TIMES = {
    "12 janv. 2025": "2025-01-11 23:00",
    "Jan 12, 2025 15:04": "2025-01-12 14:04",
    "12 January 2025": "2025-01-11 23:00",
    "Jan 12, 2025 at 3:04 PM": "2025-01-12 14:04",
    "12 déc. 2025": "2025-12-11 23:00",
    "1er août 2025": "2025-07-31 22:00",
    "lundi 13 janvier 2025 à 14h05": "2025-01-13 13:05",
    "15-MAI-2025": "2025-05-14 22:00",
    "Thu, 27 Oct 2016 14:51:34": "2016-10-27 12:51:34",
    "12/Jan/25 3:04 PM": "2025-01-12 14:04",
    "03/13/2025 3:05 PM": "2025-03-13 14:05",
    "3/13/2025 3:05:10 p.m.": "2025-03-13 14:05:10",
    "3/13/25 12:00 AM": "2025-03-12 23:00",
    "3-13-25 12:00 pm": "2025-03-13 11:00",
    "3.13.2025": "2025-03-12 23:00",
    "2025-01-05T10:00:00.123456789Z": "2025-01-05 10:00:00.123456",
    "2025-01-05 10:00:00,5": "2025-01-05 09:00:00.500",
    "2025-01-05 10:00 Europe/Paris": "2025-01-05 09:00",
    "2025-01-05T10:00:00+01:00[Europe/Paris]": "2025-01-05 09:00",
    "2025-01-05 10:00:00 -0330": "2025-01-05 13:30",
    "2025-01-05 10:00 GMT+2": "2025-01-05 08:00",
    "2025-01-05 10:00 (UTC+2)": "2025-01-05 08:00",
    "2025-01-05 10:00 UTC": "2025-01-05 10:00",
    "20250112T101500Z": "2025-01-12 10:15",
    "20250112": "2025-01-11 23:00",
    "2025-W03-1": "2025-01-12 23:00",
    "2025/1/5": "2025-01-04 23:00",
    "2025.01.05 9:00": "2025-01-05 08:00",
    "2025-01-05 12:30 AM": "2025-01-04 23:30",
    "\u00a02025-01-05\u202f10:00": "2025-01-05 09:00",
    "45678": "2025-01-20 23:00",
    "45678.39583": "2025-01-21 08:30",
    "45678,4": "2025-01-21 08:36",
    "45678.3958333333": "2025-01-21 08:30",
}
NO_TIMES = (
    "31/13/2025", "29 Feb 2025", "30 février 2025", "2025-02-29", "2025-01-05 24:00", "2025-01-05 10:60", "2025-W60-1",
    "2025-01-05 13:00 PM", "2025-01-05 0:30 AM", "2025-01-05 10:00 EST", "2025-01-05 10:00-12:00", "12 smarch 2025",
    "2025-01-05 10:00:00+15:00", "2025-03-1\x0b 10:00:00", "2025-1", "2025", "1", "19999", "80001.5", "12-13-14-15",
    "2025-01-05 10:00 America/New_York", "2025-01-05 soon", "13h05", "٢٠٢٥-٠١-٠٥", "0.5", "-45678", "12 May",
)  # fmt: skip
NEVER = (
    "1900-01-01",
    "1900-01-01 00:00:00",
    "0000-00-00",
    "0000-00-00 00:00:00",
    "30/12/1899",
    "00/00/0000",
    "1/1/1900",
)


def test_times_are_read_in_every_notation_or_not_at_all(folder: Path) -> None:
    cells = [*TIMES, *NO_TIMES, *NEVER]
    expected = [*map(at, TIMES.values()), *[REJECTED] * len(NO_TIMES), *[None] * len(NEVER)]
    assert dict(zip(cells, read(folder, "at", cells, zone="Europe/Paris"), strict=True)) == dict(
        zip(cells, expected, strict=True)
    )


AMOUNTS = {
    "12.50": "12.50", "1,234.56": "1234.56", "1.234,56": "1234.56", "€ 12.50": "12.50", "12.50 EUR": "12.50",
    "(12.50)": "-12.50", "12.50-": "-12.50", "-€12.50": "-12.50", "€-12.50": "-12.50", "($1,234.00)": "-1234.00",
    "1 234,50": "1234.50", "1 234.50": "1234.50", "1'234.50": "1234.50", "1’234.50": "1234.50",
    "1\u202f234,50\u00a0€": "1234.50", "1 234 567": "1234567", "1.234.567": "1234567", "− 5": "-5", "12.5000": "12.50",
    "12.50 zł": "12.50",
}  # fmt: skip
NO_AMOUNTS = ("1,234", "1.234", "12,50", "12 %", "-12.50-", "(-12.50)", "12.50 apples", "12 34", "1,23,456.5", "EUR",
              "€", "1.2.3", "1e3", "12.50 €.", "0x10", "nan")  # fmt: skip


@pytest.mark.long
def test_amounts_show_their_own_signs_or_are_rejected(folder: Path) -> None:
    cells = [*AMOUNTS, *NO_AMOUNTS]
    found = dict(zip(cells, read(folder, "amount", cells), strict=True))
    assert found == {
        **{cell: Decimal(v) for cell, v in AMOUNTS.items()},
        **dict.fromkeys(NO_AMOUNTS, REJECTED),
        "nan": REJECTED,
    }


@pytest.mark.long
def test_a_decimal_comma_that_is_stated(folder: Path) -> None:
    cells = ["12,5", "1.234,5", "1 234,5", "1,234", "1.234", "1,234.5"]
    assert read(folder, "seconds", cells, "decimal = ','") == [12.5, 1234.5, 1234.5, 1.234, REJECTED, 1234.5]
    assert read(folder, "amount", cells, "decimal = ','")[3] == REJECTED, "an amount of three decimals may be thousands"


@pytest.mark.long
def test_numbers_and_whole_numbers(folder: Path) -> None:
    cells = [
        "12",
        "1.234",
        "1,234",
        "1 234",
        "1\u202f234.5",
        "1,234.5",
        "12,5",
        "12 %",
        "−3",
        "1 23",
        "1e5",
        "Infinity",
    ]
    assert read(folder, "seconds", cells) == [
        12.0, 1.234, REJECTED, 1234.0, 1234.5, 1234.5, REJECTED, REJECTED, -3.0, REJECTED, REJECTED, REJECTED,
    ]  # fmt: skip
    cells = ["12", "12.0", "12.000", "1 234", "1,234", "1.234", "12.5", "1,234,567", "99999999999"]
    assert read(folder, "whole", cells) == [
        12, 12, REJECTED, 1234, REJECTED, REJECTED, REJECTED, 1_234_567, REJECTED,
    ]  # fmt: skip


SPANS = {
    "19m 10s": 1150, "1 h 05": 3900, "1h05m": 3900, "1:05:09": 3909, "01:05": 65, "1d 2h": 93_600, "2H 30M": 9000,
    "1 j 2 h 3 min 4 s": 93_784, "PT1H5M": 3900, "P1DT2H": 93_600, "PT1.5S": 1.5, "-PT30S": -30, "-1h 2m": -3720,
    "1.5s": 1.5, "2 hours, 3 minutes and 4 seconds": 7384, "1 heure et 2 minutes": 3720, "1 day 02:03:04": 93_784,
    "3 mn": 180, "75:00:00": 270_000, "-00:00:30": -30, "+1:00:00": 3600, "00:00:01.25": 1.25, "90:00": 5400,
}  # fmt: skip
NO_SPANS = ("P1M", "P1Y", "1 month", "10s 5m", "19 apples", "1h 5", "00:60", "0:00:60", "1:2:3:4", "p", "PT", "P", "h",
            "12:00:00 AM", "1,500 s", "--5", "1.5", "5m 5m", "1h-2m")  # fmt: skip


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["clock", "spoken"])
def test_durations_name_their_units(folder: Path, name: str) -> None:
    cells = [*SPANS, *NO_SPANS]
    assert dict(zip(cells, read(folder, name, cells), strict=True)) == {**SPANS, **dict.fromkeys(NO_SPANS, REJECTED)}
    assert read(folder, name, ["1150000"]) == [REJECTED if name == "clock" else 1150.0]


def test_flags_in_two_languages(folder: Path) -> None:
    cells = ["oui", "NON", "vrai", "Faux", "yes", "n", "1", "0", "x", "maybe", "2"]
    assert read(folder, "flag", cells) == [True, False] * 4 + [REJECTED] * 3


NOTHING = [
    "",
    "-",
    "--",
    "—",
    "–",
    "N/A",
    "#N/A",
    "null",
    "NULL",
    "NaN",
    "[None]",
    "[null]",
    "(empty)",
    "(blank)",
    " - ",
]


@pytest.mark.long
@pytest.mark.parametrize("name", ["at", "amount", "seconds", "whole", "spoken", "flag"])
def test_what_says_nothing_is_no_value(folder: Path, name: str) -> None:
    assert set(read(folder, name, NOTHING)) <= {None, REJECTED if name == "amount" else None}


# --- round trips: the same value or a reject -----------------------------------------------------------

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2049, 12, 31)).map(lambda t: t.replace(microsecond=0))
STYLES: dict[str, Callable[[datetime], str]] = {
    "iso": lambda t: t.isoformat(" "),
    "z": lambda t: t.isoformat() + "Z",
    "offset": lambda t: t.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=-7, minutes=-30))).isoformat(),
    "month": lambda t: t.strftime("%d %b %Y %H:%M:%S"),
    "us month": lambda t: t.strftime("%B %-d, %Y %-I:%M:%S %p"),
    "jira": lambda t: t.strftime("%d/%b/%y %I:%M:%S %p"),
    "basic": lambda t: t.strftime("%Y%m%dT%H%M%SZ"),
    "slashes": lambda t: t.strftime("%Y/%m/%d %I:%M:%S %p"),
    "serial": lambda t: f"{(t - datetime(1899, 12, 30)) / timedelta(days=1):.5f}",
    "long serial": lambda t: repr((t - datetime(1899, 12, 30)) / timedelta(days=1)),
    "fr": lambda t: format_datetime(t, "d MMMM yyyy 'à' HH:mm:ss", locale="fr"),
    "fr short": lambda t: format_datetime(t, "EEE d MMM yyyy HH:mm:ss", locale="fr"),
    "en medium": lambda t: format_datetime(t, "medium", locale="en_US"),
    "en full": lambda t: format_datetime(t, "EEEE, MMMM d, y 'at' h:mm:ss a", locale="en_US"),
}


@pytest.mark.long
@SLOW
@given(times=st.lists(INSTANTS, min_size=15, max_size=40))
def test_an_instant_in_any_notation_is_itself(folder: Path, times: list[datetime]) -> None:
    written = [(time, style(time)) for time in times for style in STYLES.values()]
    assert read(folder, "at", [cell for _, cell in written]) == [time for time, _ in written]


@pytest.mark.long
@SLOW
@given(
    times=st.lists(INSTANTS, min_size=5, max_size=30),
    order=st.sampled_from(["dmy", "mdy"]),
    clock=st.sampled_from(["%H:%M:%S", "%I:%M:%S %p"]),
    sign=st.sampled_from("/.-"),
)
def test_numeric_dates_in_a_stated_order_are_themselves(
    folder: Path, times: list[datetime], order: str, clock: str, sign: str
) -> None:
    day = {"dmy": f"%d{sign}%m{sign}%Y ", "mdy": f"%m{sign}%d{sign}%Y "}[order]
    assert read(folder, "at", [time.strftime(day + clock) for time in times], date_order=order) == times


@pytest.mark.long
@SLOW
@given(values=st.lists(st.decimals(-9_999_999, 9_999_999, places=2), min_size=10, max_size=60))
def test_an_amount_of_any_locale_is_itself_or_rejected(folder: Path, values: list[Decimal]) -> None:
    """A comma that could mean thousands is rejected; where a locale shows both signs, the amount is read."""
    locales = ["en_US", "fr_FR", "de_DE", "de_CH", "en_GB"]
    written = [(v, write(v, where)) for v in values for where in locales for write in (_decimal, _currency)]
    found = read(folder, "amount", [cell for _, cell in written])
    for (value, cell), one in zip(written, found, strict=True):
        assert one in (value, REJECTED), cell
        assert one == value or abs(value) < 1000, f"{cell} shows both signs"


def _decimal(value: Decimal, locale: str) -> str:
    return format_decimal(value, "#,##0.00", locale=locale)


def _currency(value: Decimal, locale: str) -> str:
    return format_currency(value, "EUR", locale=locale)


@pytest.mark.long
@SLOW
@given(spans=st.lists(st.integers(0, 400_000), min_size=10, max_size=60))
def test_a_duration_in_any_notation_is_itself(folder: Path, spans: list[int]) -> None:
    written = [(span, text) for span in spans for text in _spoken(span)]
    assert read(folder, "spoken", [text for _, text in written]) == [span for span, _ in written]


def _spoken(span: int) -> list[str]:
    days, hours, minutes, seconds = span // 86_400, span // 3600 % 24, span // 60 % 60, span % 60
    clock = f"{span // 3600}:{minutes:02}:{seconds:02}"
    return [
        clock, f"-{clock}".replace("-", ""), f"{days}d {hours}h {minutes}m {seconds}s",
        f"{days} j {hours} h {minutes} min {seconds} s", f"P{days}DT{hours}H{minutes}M{seconds}S",
        f"{days} days, {hours} hours, {minutes} minutes and {seconds} seconds", f"{span // 60}m{seconds}s",
    ]  # fmt: skip


@pytest.mark.long
@SLOW
@given(seed=st.integers(0, 10**9))
def test_a_damaged_time_is_rejected_or_says_what_it_shows(folder: Path, seed: int) -> None:
    """One character of an ISO time changed or inserted: what is read has the digits that stand there."""
    chance, cells = random.Random(seed), []
    for _ in range(150):
        whole, place = "2025-03-15 14:25:36", chance.randrange(19)
        sign = chance.choice("0123456789 -:/.T,+\t\x0b\u00a0Zé５")
        cells.append(whole[:place] + sign + whole[place + chance.randrange(2) :])
    for cell, found in zip(cells, read(folder, "at", cells), strict=True):
        if found not in (REJECTED, None) and not re.search(":.*[+-]", cell):
            shown = [int(part) for part in re.findall("[0-9]+", re.sub("(:[0-9]+:[0-9]+)[.,].*", r"\1", cell))]
            told = [found.year, found.month, found.day, found.hour, found.minute, found.second]
            assert shown == told[: len(shown)] and not any(told[len(shown) :]), cell


# --- zones and clock changes ---------------------------------------------------------------------------


@pytest.mark.long
def test_times_skipped_or_repeated_are_told_apart_from_all_others(folder: Path) -> None:
    engine = DuckDB(folder / "clocks.duckdb", read_only=False)
    for zone in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Tokyo", "UTC"):
        start = datetime(2024, 1, 1)
        times = [start + timedelta(minutes=30 * n) for n in range(2 * 24 * 366)]
        sql = f"SELECT {clock_changes(zone, 'l')} FROM (SELECT unnest(?::TIMESTAMP[]) AS l)"
        found = [flag for (flag,) in engine.rows(sql, [times])]
        assert found == [_changing(time, zone) for time in times], zone


def _changing(local: datetime, zone: str) -> bool:
    early, late = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    return early != late


@pytest.mark.long
def test_a_year_of_local_times_agrees_with_the_calendar(folder: Path) -> None:
    engine = DuckDB(folder / "clocks.duckdb", read_only=False)
    for zone in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"):
        times = [datetime(2025, 1, 1) + timedelta(minutes=47 * n) for n in range(11_000)]
        sure = [time for time in times if not _changing(time, zone)]
        sql = f"SELECT {in_zone('l', zone)} FROM (SELECT unnest(?::TIMESTAMP[]) AS l)"
        expected = [time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for time in sure]
        assert [found for (found,) in engine.rows(sql, [sure])] == expected, zone


def test_the_engine_knows_every_zone_that_is_accepted(folder: Path) -> None:
    engine = DuckDB(folder / "clocks.duckdb", read_only=False)
    known = {name for (name,) in engine.rows("SELECT name FROM pg_timezone_names()")}
    accepted = set()
    for name in available_timezones() | known | {"localtime", "posix/Europe/Paris", "right/UTC", "posixrules"}:
        try:
            accepted.add(valid_zone(name))
        except ZoneUnknown:
            assert name not in available_timezones() or name == "localtime" or name not in known
    assert accepted <= known
    assert {"Europe/Paris", "UTC", "America/New_York"} <= accepted


# --- references ----------------------------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("damaged", ["1.03E+13", "1,03E+13", "1E+20"])
@pytest.mark.parametrize("name", ["order_ref", "case_id"])
def test_a_reference_rounded_by_a_spreadsheet_rejects_its_record(folder: Path, name: str, damaged: str) -> None:
    text = f'contact_id,created_at,channel,{name}\n1,2025-01-01,email,"{damaged}"\n2,2025-01-01,email,4E12\n'
    outcome = take_text(folder, text)
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 1)
    assert "rounded by a spreadsheet" in outcome.first_rejects[0]
    assert column(folder, f"SELECT {name} FROM contacts") == ["4E12"]
    assert held(folder, "SELECT line FROM rejects") == [(2,)]


@pytest.mark.long
def test_a_files_times_in_the_hour_of_a_clock_change_are_counted(folder: Path) -> None:
    """Three naive times in such an hour; an offset settles it, and so does the hour before or after."""
    cells = [
        "2025-03-30 02:30:00", "2025-10-26 02:30", "26/10/2025 02:59:59", "2025-10-26T02:30:00+02:00",
        "2025-10-26T00:30:00Z", "2025-03-30 03:30:00", "2025-10-26 03:00:00", "2025-06-01 02:30:00", "", "x",
    ]  # fmt: skip
    engine, layout = DuckDB(folder / "typed.duckdb", read_only=False), shelf(None).get("kpibar-contacts")
    context = Context("Europe/Paris", "Europe/Paris", {}, (), ".", layout.enum, "33", "dmy")
    header = tuple(header_column(name) for name in ("contact_id", "created_at", "resolved_at"))
    made = make_plan(layout, header, context)
    engine.run("CREATE TABLE staged (line BIGINT, c0 VARCHAR, c1 VARCHAR, c2 VARCHAR)")
    lines = list(range(len(cells)))
    engine.append("staged", {"line": lines, "c0": [str(n) for n in lines], "c1": ["2025-06-01"] * 10, "c2": cells})
    for plain, direct in product(([True, True, False], [False] * 3), (None, ())):
        engine.run(with_macros(f"CREATE OR REPLACE TABLE typed AS {made.typed_sql('staged', plain, direct)}"))
        near, uncertain = made.clock_changes
        assert engine.rows(f"SELECT count(*) FROM typed WHERE {near}")[0][0] >= 3
        assert engine.rows(uncertain) == [(3,)]


def test_few_rows_are_typed_like_many(folder: Path) -> None:
    """The short statement for few rows gives what the long one gives, of cells with direct forms and without."""
    engine, layout = DuckDB(folder / "typed.duckdb", read_only=False), shelf(None).get("kpibar-contacts")
    context = Context("Europe/Paris", "Europe/Paris", {}, (), ".", layout.enum, "33", "dmy")
    names = ("contact_id", "created_at", "resolved_at", "closed_at", "agent_replies", "customer_key", "agent_key")
    made = make_plan(layout, tuple(map(header_column, names)), context)
    engine.run(f"CREATE TABLE staged (line BIGINT, {', '.join(f'c{place} VARCHAR' for place in range(len(names)))})")
    rows = [
        (
            "1",
            "2025-03-30 02:30:00",
            "2025-10-26T00:30:00Z",
            "0001-01-01",
            "12",
            "jo@example.org",
            "noreply@example.org",
        ),
        ("2", "2025-06-01 02:30:00", "2125-06-01 02:30:00", "2025-06-01 02:30", "", "06 12 34 56 78", "a-1"),
        ("3", "2025-06-02 12:30:00", "", "x", "007", "", "unknown"),
    ]
    columns = {f"c{place}": list(cells) for place, cells in enumerate(zip(*rows, strict=True))}
    engine.append("staged", {"line": [1, 2, 3], **columns})
    plain = [False] * len(names)
    other = engine.rows(made.other_forms("staged", plain))[0]
    direct = {name for name, odd in zip(made.form_columns, other, strict=True) if not odd}
    assert len(direct) == 2 and len(made.form_columns) == 4  # created_at and resolved_at have no other form
    many, few = made.typed_sql("staged", plain), made.typed_sql("staged", plain, direct)
    assert len(few) < len(many)
    engine.run(with_macros(f"CREATE TABLE many AS {many}; CREATE TABLE few AS {few}"))
    assert engine.rows("SELECT * FROM many") == engine.rows("SELECT * FROM few")
