"""Notations of people and spreadsheets that a file as a whole makes certain: decimals, zones by letters, marks."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.intake import column, held, take, take_text, write
from tests.notations import read, taken

PARIS = 'timezone = "Europe/Paris"\n'


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("amount", ["603,32", "12", "1.234,50", "12,50 €", "EUR 0,99"], ["603.32", "12", "1234.50", "12.5", "0.99"]),
        ("seconds", ["2,0", "4,5", "3", "1,234", "0,125"], [2.0, 4.5, 3.0, 1.234, 0.125]),
        ("whole", ["2,0", "3", "12,0", "1,00"], [2, 3, 12, 1]),
    ],
)  # fmt: skip
def test_a_column_that_shows_commas_alone_has_decimal_commas(
    folder: Path, kind: str, cells: list[str], expected: list[object]
) -> None:
    found = read(folder, kind, cells)
    assert [Decimal(str(value)) for value in found] == [Decimal(str(value)) for value in expected]
    codes = held(folder, "SELECT code, about, records FROM remarks WHERE code NOT IN ('no_scale', 'survey_undated')")
    assert [code for code, *_ in codes] == ["decimal_sign"]
    assert codes[0][1].startswith("a comma in ")


@pytest.mark.long
@pytest.mark.parametrize(
    "cells",
    [
        ["603,32", "12.50"],
        ["1,234", "12"],
        ["1,234", "1.5", "2,5"],
        ["1,234"] * 99 + ["12,5"],
        ["1,234", "1,234,567", "12,5", "7,25"],
    ],
)
def test_a_column_that_shows_both_signs_or_none_or_mostly_thousands_is_read_as_stated(
    folder: Path, cells: list[str]
) -> None:
    assert read(folder, "amount", cells)[0] == "rejected"
    assert column(folder, "SELECT reason FROM rejects LIMIT 1") == ["is not an amount with decimals after a point"]


@pytest.mark.long
def test_a_column_of_thousands_or_decimals_follows_the_others_of_its_file(folder: Path) -> None:
    cells: dict[str, Sequence[str]] = {"seconds": ["1,234", "1,005", "2"], "amount": ["12,50", "0,99", "3"]}
    assert taken(folder, cells).counts.added == 3
    assert column(folder, "SELECT score FROM surveys ORDER BY survey_id") == [1.234, 1.005, 2.0]
    sql = "SELECT about, records FROM remarks WHERE code = 'decimal_sign' ORDER BY about"
    assert held(folder, sql) == [('a comma in "amount"', 2), ('a comma in "seconds"', 2)]


@pytest.mark.long
@pytest.mark.parametrize(
    "cells",
    [
        {"seconds": ["1,234", "1,005", "2,117"], "amount": ["12,50", "1", "3"]},
        {"seconds": ["1,234", "1,005", "2,117"], "amount": ["12,50", "1,75", "1,234,567"]},
    ],
)
def test_a_column_of_thousands_or_decimals_does_not_follow_a_slip(folder: Path, cells: dict[str, list[str]]) -> None:
    """Once fewer cells of the other column show decimals than are in question, once that column has thousands too."""
    assert "was loaded" in str(taken(folder, dict(cells)).error)


def test_a_stated_comma_gives_way_to_points(folder: Path) -> None:
    assert read(folder, "seconds", ["2.5", "1.234", "3"], "decimal = ','") == [2.5, 1.234, 3.0]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("cells", "expected", "unticked"),
    [
        (["x", "", "X", "x"], [True, False, True, True], 2),
        (["✓", "", "-", "✓"], [True, False, False, True], 3),
        (["x", "non", "", "NON"], [True, False, None, False], 0),
        (["", "", "", ""], [None] * 4, 0),
        (["oui", "x", "", "non"], [True, "rejected", None, False], 0),
        (["x", "", "", ""], ["rejected", None, None, None], 0),
    ],
)
def test_ticks_are_yes_where_a_column_has_no_other_word_for_it(
    folder: Path, cells: list[str], expected: list[object], unticked: int
) -> None:
    """Below the cells is an empty one, which lacks a tick too."""
    taken(folder, {"flag": [*cells, ""], "amount": ["1"] * 5})
    answers = dict(held(folder, "SELECT contact_id, answered FROM contacts"))
    assert [answers.get(str(n), "rejected") for n in range(4)] == expected
    sql = "SELECT about, records FROM remarks WHERE code = 'tick_column'"
    assert held(folder, sql) == ([('"flag"', unticked)] if unticked else [])


def test_calls_with_ticks_have_their_rates(folder: Path) -> None:
    """Of 10 calls 8 are ticked as answered and 2 as abandoned."""
    rows = "".join(
        f"{n},2025-03-{n + 10} 10:00:00,phone,inbound,x,{'x' if n < 8 else ''},{'' if n < 8 else 'x'},5\n"
        for n in range(10)
    )
    take_text(folder, "contact_id,created_at,channel,direction,queued,answered,abandoned,wait_s\n" + rows)
    counted = ", ".join(f"count(*) FILTER (WHERE {which})" for which in ("answered", "NOT answered", "abandoned"))
    assert held(folder, f"SELECT {counted} FROM contacts") == [(8, 2, 2)]


@pytest.mark.long
@pytest.mark.parametrize("channel", ["email", ""])
def test_a_contact_that_is_no_call_lacks_no_tick_of_calls(folder: Path, channel: str) -> None:
    """Of 10 calls 6 are ticked as answered; beside them stand 10 other contacts, of which one is ticked as spam."""
    calls = "".join(f"{n},2025-03-{n + 10} 10:00:00,phone,x,{'x' if n < 6 else ''},,5\n" for n in range(10))
    others = "".join(f"{n},2025-03-{n} 10:00:00,{channel},,,{'' if n % 10 else 'x'},\n" for n in range(11, 21))
    take_text(folder, "contact_id,created_at,channel,queued,answered,spam,wait_s\n" + calls + others)
    counted = "count(*) FILTER (WHERE answered), count(*) FILTER (WHERE NOT answered), count(queued), count(spam)"
    assert held(folder, f"SELECT {counted} FROM contacts") == [(6, 4, 10, 20)]


@pytest.mark.long
def test_ticks_that_only_a_later_batch_has_are_yes(folder: Path) -> None:
    """The first batch is of 20,000 records or more, of a mebibyte of 21,000 lines."""
    rows = "".join(f"{n:05},2025-03-10 10:00:00,email,{17 * 'a'},{'x' if n == 21_990 else ''}\n" for n in range(22_000))
    assert take_text(folder, "contact_id,created_at,channel,subject,spam\n" + rows).counts.rejected == 0
    assert held(folder, "SELECT count(spam), min(contact_id) FILTER (WHERE spam) FROM contacts") == [(1, "21990")]


TWELVE = ["{day}/03/2025 {hour:02}:15", "2025-03-{day} {hour:02}:15:00", "{day}.03.25 {hour}:15"]


@pytest.mark.long
@pytest.mark.parametrize("form", TWELVE)
def test_a_clock_of_twelve_hours_without_its_half_days_is_said(folder: Path, form: str) -> None:
    """40 times of 20 days, at 8 to 12 and 1 to 6 o'clock."""
    hours = [8, 9, 10, 11, 12, 1, 2, 3, 5, 6]
    cells = [form.format(day=10 + n % 20, hour=hours[n % 10]) for n in range(40)]
    taken(folder, {"at": cells}, more="formats = ['%d.%m.%y %H:%M']" if "." in form else "")
    sql = "SELECT about, records FROM remarks WHERE code = 'twelve_hours'"
    assert held(folder, sql) == [('"at"', 40)]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("form", "hours"),
    [
        ("2025-03-{day} {hour:02}:15", [8, 9, 10, 11, 12]),
        ("2025-03-{day} {hour:02}:15", [8, 12, 1, 2, 3, 13]),
        ("2025-03-{day} {hour:02}:15", [8, 12, 1, 2, 3, 0]),
        ("2025-03-{day} {hour:02}:45", [6, 7, 8, 9, 10, 11, 12]),
        ("2025-03-{day} {hour:02}:15 PM", [8, 9, 10, 11, 12, 1, 2]),
        ("2025-03-{day}", [8]),
    ],
)
def test_mornings_and_whole_days_are_not_said(folder: Path, form: str, hours: list[int]) -> None:
    taken(folder, {"at": [form.format(day=10 + n % 20, hour=hours[n % len(hours)]) for n in range(40)]})
    assert held(folder, "SELECT about FROM remarks WHERE code = 'twelve_hours'") == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("zone", "cell", "utc"),
    [
        ("Europe/Paris", "2025-01-02 23:30:00 CET", "2025-01-02 22:30"),
        ("Europe/Paris", "2025-07-02 23:30:00 CEST", "2025-07-02 21:30"),
        ("UTC", "02/13/2025 11:30 PM (CET)", "2025-02-13 22:30"),
        ("Europe/Paris", "Jan 2, 2025 3:04 PM PDT", "2025-01-02 22:04"),
        ("America/New_York", "2025-01-02 10:00 EST", "2025-01-02 15:00"),
        ("Europe/London", "2025-07-02 10:00 BST", "2025-07-02 09:00"),
        ("Asia/Kolkata", "2025-07-02 10:00 IST", "2025-07-02 04:30"),
    ],
)
def test_letters_of_one_offset_behind_a_time(folder: Path, zone: str, cell: str, utc: str) -> None:
    assert [str(value)[:16] for value in read(folder, "at", [cell], zone=zone)] == [utc]


@pytest.mark.sample(1)
@pytest.mark.parametrize("cell", ["2025-01-02 10:00 EST", "2025-01-02 10:00:00 CST", "01/13/2025 10:00 AM (IST)"])
def test_letters_of_several_offsets_are_refused_with_the_option_that_settles_them(folder: Path, cell: str) -> None:
    assert read(folder, "at", [cell], zone="Europe/Paris") == ["rejected"]
    assert "--tz" in column(folder, "SELECT reason FROM rejects")[0]


HEADER = "contact_id,created_at,channel,customer\n"
# A record below all others: a line of totals at the end of a file would be a footer.
LAST = "999,2025-12-30 10:00:00,email,z@example.org\n"


def _months(lines: int, below: str) -> str:
    """Twelve months of contacts with `below` under each."""
    return "".join(
        "".join(f"{m}-{n},2025-{m:02}-{n + 1:02} 10:00:00,email,c{m}{n}@example.org\n" for n in range(lines))
        + below.format(m=m)
        for m in range(1, 13)
    )


@pytest.mark.long
@pytest.mark.parametrize("header", [HEADER, "\ufeff" + HEADER, '"' + HEADER.strip().replace(",", '","') + '"\n'])
def test_headers_of_files_put_one_behind_the_other_are_left_aside(folder: Path, header: str) -> None:
    outcome = take_text(folder, "\ufeff" + HEADER + _months(10, header))
    assert (outcome.counts.added, outcome.counts.rejected) == (120, 12)
    assert set(column(folder, "SELECT reason FROM rejects")) == {"it repeats the header"}


@pytest.mark.sample(1)
@pytest.mark.parametrize("words", ["Total mois {m},,,10", "Sous-total,,10,", "Moyenne {m},,,3.5", "Summe {m},,,"])
def test_totals_of_each_month_are_left_aside(folder: Path, words: str) -> None:
    outcome = take_text(folder, HEADER + _months(10, words + "\n") + LAST)
    assert (outcome.counts.added, outcome.counts.rejected) == (121, 12)
    assert set(column(folder, "SELECT reason FROM rejects")) == {"it is a line of a report, not a record"}


@pytest.mark.long
def test_numbers_of_a_shop_that_begin_like_totals_are_records(folder: Path) -> None:
    rows = "".join(f"TOTAL-10{n},2025-03-{n} 10:00:00,email,\n" for n in range(10, 30))
    assert take_text(folder, HEADER + rows).counts.added == 20
    path = write(folder, "undated.csv", HEADER + _months(10, "SUM-{m},,,\n") + LAST)
    assert "12 of 133 records were rejected" in str(take(folder, path)[0].error)


def test_a_file_of_totals_for_the_most_part_is_refused(folder: Path) -> None:
    path = write(folder, "export.csv", HEADER + _months(1, "Total {m},,,\nSous-total {m},,,\n") + LAST)
    assert "24 of 37 records were rejected" in str(take(folder, path)[0].error)


@pytest.mark.long
def test_numbers_with_letters_are_not_read_as_rounded(folder: Path) -> None:
    rows = "".join(f"{n:03X},2025-03-01 10:00:00,email,\n" for n in range(0x1D0, 0x1F9))
    assert take_text(folder, HEADER + rows + "12E34,2025-03-01 10:00:00,email,\n").counts.rejected == 0
    rows = "".join(f'"1,5{n}E+11",2025-03-01 10:00:00,email,\n' for n in range(3))
    assert "rounded by a spreadsheet" in str(take(folder, write(folder, "excel.csv", HEADER + rows))[0].error)


def test_records_without_date_still_count_against_the_limit(folder: Path) -> None:
    path = write(folder, "export.csv", HEADER + _months(10, "x{m},,,\n"))
    assert "12 of 132 records were rejected" in str(take(folder, path)[0].error)


@pytest.mark.parametrize(
    "begins",
    [
        "2154690123456{n}8000",
        "1546901234567{n}80",
    ],
)
def test_numbers_rounded_by_a_spreadsheet_are_refused(folder: Path, begins: str) -> None:
    rows = "".join(f"{begins.format(n=n % 3)},2025-01-1{n} 10:00:00,email\n" for n in range(8))
    error = take(folder, write(folder, "rounded.csv", f"contact_id,created_at,channel\n{rows}"))[0].error
    assert "a spreadsheet rounded them" in str(error)
    assert "numbers of 8 records" in str(error)


@pytest.mark.long
@pytest.mark.parametrize(
    "numbers",
    [
        [f"21546901234567{n:04}" for n in range(990, 1011)],
        [f"{n}000" for n in range(9)],
        [f"15469012345678{n}0" for n in range(10, 19)],
        [f"1735689{n:03}000000000" for n in range(9)],
        [f"1735689{n:03}123000000" for n in range(9)],
        [f"0000000000{n:05}0" for n in range(9)],
    ],
)
def test_long_numbers_that_end_in_a_zero_now_and_then_are_read(folder: Path, numbers: list[str]) -> None:
    rows = "".join(f"{number},2025-01-10 10:00:00,email\n" for number in numbers)
    assert take_text(folder, f"contact_id,created_at,channel\n{rows}").counts.added == len(numbers)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("first", "second", "remedy"),
    [("Lune", None, 'with --brand "Lune"'), (None, "Lune", "without --brand"), ("Lune", "Luna", 'with --brand "Lune"')],
)
def test_a_brand_that_a_second_export_lacks_is_named(
    folder: Path, first: str | None, second: str | None, remedy: str
) -> None:
    rows = "".join(f"{n},2025-03-{n + 10} 10:0{n % 10}:00,email,c{n}@example.com\n" for n in range(15))
    path, again = write(folder, "first.csv", HEADER + rows), write(folder, "second.csv", HEADER + rows + "\n")
    assert take(folder, path, brand=first)[0].error is None
    assert f"of the same account, ingest this one {remedy}; if not: " in str(take(folder, again, brand=second)[0].error)
