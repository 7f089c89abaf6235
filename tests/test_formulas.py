"""Ordinary expressions of layouts pass and run, every listed function too; those that could fill the memory do not."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from kpibar.database.engine import DuckDB
from kpibar.errors import KpibarError
from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.expression import compile_expression
from kpibar.layouts.layout import parse
from kpibar.values.functions import COUNTS, FUNCTIONS, OPERATORS
from kpibar.values.helpers import HELPERS
from tests.intake import take_text, write

ORDINARY = (
    # Texts
    'upper(trim(lower("X")))',
    'lower(upper(lower(upper(lower(trim("X"))))))',
    """lower(concat("A",' ',"B",' ',"C",' ',"D",' ',"E"))""",
    """upper(concat_ws(' / ', trim("A"), trim("B"), trim("C"), trim("D"), trim("E"), trim("F")))""",
    """"First" || ' ' || upper("Last") || ' (' || lower("Team") || ')'""",
    """replace(replace("Team", 'FR', 'France'), 'DE', 'Germany')""",
    """replace(replace(replace(replace(replace("T", 'FR', 'France'), 'DE', 'Germany'), 'ES', 'Spain'),
       'IT', 'Italy'), 'UK', 'United Kingdom')""",
    """replace(replace(replace("X", '&', ' and '), '@', ' at '), '+', ' plus ')""",
    """replace(replace(replace(replace(replace("X", '&amp;', '&'), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#39;',
       '’')""",
    """replace(replace(replace(replace(replace(replace("X", 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'œ', 'oe'),
       'æ', 'ae')""",
    """replace(replace(replace(replace("X", ' ', '%20'), '&', '%26'), '?', '%3F'), '#', '%23')""",
    """trim(replace(lower("Queue"), '_', ' '))""",
    """replace("Name", "Brand", '')""",
    """translate(lower("X"), 'àâäéèêëîïôöùûüç', 'aaaeeeeiioouuuc')""",
    'strip_accents(lower(trim("X")))',
    'nfc_normalize(upper(strip_accents("X")))',
    """ltrim("Order No", '0#')""",
    """lpad("Order No", 10, '0')""",
    """substr("Ref", 1, 3) || '-' || right("Ref", 4)""",
    """substring("Ref" FROM 2 FOR 3)""",
    """trim(BOTH '"' FROM "X")""",
    """split_part(split_part("Path", '/', 2), '?', 1)""",
    """coalesce(nullif(trim("A"), ''), nullif(trim("B"), ''), 'none')""",
    """nullif(nullif(nullif(nullif("X", '-'), 'n/a'), 'N/A'), 'null')""",
    """ifnull("A", "B")""",
    """CASE WHEN position('@' IN "From") > 0 THEN 'email' ELSE 'phone' END""",
    """left("X", instr("X", ':') - 1)""",
    """CASE WHEN length(trim("X")) > 0 AND starts_with(lower("X"), 'vip') THEN 'VIP' END""",
    # Choices
    """CASE lower(trim("Status")) WHEN 'open' THEN 'new' WHEN 'closed' THEN 'done' ELSE 'other' END""",
    """CASE WHEN "Line" IN ('A1', 'A2') THEN 'Alpha' WHEN "Line" LIKE 'B%' THEN 'Beta' ELSE 'Other' END""",
    """CASE WHEN "Team" ILIKE '%support%' AND NOT "Team" ILIKE '%test%' THEN 'Support' END""",
    """CASE """ + " ".join(f"WHEN \"Code\" = '{n}' THEN 'Reason {n}'" for n in range(300)) + """ ELSE 'Other' END""",
    """CASE """ + " ".join(f"WHEN split_part(\"T\", ' ', 1) = '{n}' THEN '{n}'" for n in range(200)) + """ END""",
    """if("A" IS NULL OR "A" = '', 'unknown', "A")""",
    """greatest("A", "B")""",
    """coalesce("A", "B", "C", "D")""",
    # Patterns
    """regexp_replace(lower("S"), '[^a-z]+', '<sep>', 'g')""",
    """regexp_replace("S", '\\s+', ' ', 'g')""",
    """trim(regexp_replace(regexp_replace(regexp_replace(lower("S"), '<[^>]*>', ' ', 'g'), '&[a-z]+;', ' ', 'g'),
       '\\s+', ' ', 'g'))""",
    "regexp_replace(" * 10 + '"S"' + """, '[^\\w\\s]', ' ', 'g')""" * 10,
    """regexp_replace("Subject", '^(RE|FW|TR): *', '')""",
    """regexp_replace("Name", '^(\\w+), *(\\w+)$', '\\2 \\1')""",
    """regexp_replace("Tel", '[^0-9+]', '', 'g')""",
    """regexp_extract("Subject", 'order ([0-9]+)', 1)""",
    """upper(regexp_extract(lower("Subject"), '[a-z]{2}-[0-9]{4,}'))""",
    """regexp_matches(lower("Subject"), 'refund|rembours')""",
    """"Subject" SIMILAR TO '.*[0-9]{6}.*'""",
    """regexp_full_match("Code", '[A-Z]{3}', 'i')""",
    # Lists of tags
    """list_contains(string_split(lower("Tags"), ','), 'vip')""",
    """list_contains(string_split(replace(lower("Tags"), ' ', ''), ','), 'vip')""",
    """string_split("Path", '/')[2]""",
    """trim(string_split(lower("Tags"), ';')[1])""",
    """array_to_string(list_sort(list_distinct(string_split(lower("Tags"), ','))), ', ')""",
    """len(string_split("Tags", ',')) > 3""",
    """list_extract(regexp_split_to_array("Tags", '[,;] *'), 1)""",
    """len(regexp_extract_all("Text", '[0-9]+'))""",
    """list_contains(['a', 'b'], lower("X"))""",
    # Numbers
    """CAST(replace("Price", ',', '.') AS DECIMAL(10,2)) * 100""",
    """TRY_CAST(regexp_replace("Price", '[^0-9.]', '', 'g') AS DOUBLE)""",
    """round(num("Score") / 2, 1)""",
    """CASE WHEN num("Score") BETWEEN 0 AND 10 THEN num("Score") END""",
    """coalesce(num("A"), 0) + coalesce(num("B"), 0) - abs(num("C"))""",
    """whole("A") % 2 = 0""",
    """"Count"::INTEGER + 1""",
    """floor(num("A") / 60) || ' min'""",
    # Dates and durations
    """strftime(instant("Opened"), '%Y-%m')""",
    """CAST(try_strptime("Day", '%d/%m/%Y') AS DATE)""",
    """date_diff('day', instant("Opened"), instant("Closed"))""",
    """extract(hour FROM instant("Opened")) BETWEEN 8 AND 18""",
    """instant("Opened") + INTERVAL 2 DAYS""",
    """date_trunc('month', instant("Opened"))""",
    """dayname(instant("Opened")) IN ('Saturday', 'Sunday')""",
    """date_part('epoch', instant("Closed") - instant("Opened"))""",
    """instant("Opened") >= TIMESTAMP '2024-01-01 00:00:00'""",
    """make_date(CAST("Y" AS INTEGER), CAST("M" AS INTEGER), 1)""",
)
# What could fill the memory, or make the engine plan for hours.
BOMBS = (
    "replace(" * 20 + '"X"' + ", 'a', 'aa')" * 20,
    "replace(" * 20 + '"X"' + ", 'ab', 'abab')" * 20,
    "replace(replace(" * 6 + '"X"' + ", 'a', 'bbbb'), 'b', 'aaaa')" * 6,
    "replace(" * 3 + '"X"' + ", '', '" + "a" * 99 + "')" * 3,
    "regexp_replace(" * 20 + '"X"' + ", '', 'a', 'g')" * 20,
    "regexp_replace(" * 20 + '"X"' + ", '(.)', '\\1\\1', 'g')" * 20,
    "regexp_replace(" * 20 + '"X"' + ", '.+', '\\0\\0')" * 20,
    "regexp_replace(" * 20 + '"X"' + ", '[ab]|', 'b', 'g')" * 20,
    "regexp_replace(" * 20 + '"X"' + ", 'a*', 'b', \"Options\")" * 20,
    """repeat("X", 100000000)""",
    """lpad("X", 2000000000, ' ')""",
    """rpad("X", CAST("N" AS INTEGER), ' ')""",
    "array_to_string(string_split(" * 12 + '"X"' + ", ''), ', ')" * 12,
    "CAST(string_split(" * 12 + '"X"' + ", '') AS VARCHAR)" * 12,
    "string_split(" + "regexp_replace(" * 6 + '"X"' + ", '', ',', 'g')" * 6 + ", ',')[1]",
    "nullif(" * 14 + '"X"' + ", 'x')" * 14,
    "split_part(" * 12 + '"X"' + ", ',', 1)" * 12,
)
# How the functions are called that do not take texts alone.
CALLS = """
left("X", 1) right("X", 1) substr("X", 1, 2) substring("X", 1) split_part("X", ',', 1) chr(65)
lpad("X", 5, ' ') rpad("X", 5, ' ') translate("X", 'a', 'b') replace("X", 'a', 'b') regexp_replace("X", 'a', 'b')
concat_ws(',', "X") epoch("X") to_hours(whole("X")) to_minutes(whole("X"))
like_escape("X", 'a', '!') not_like_escape("X", 'a', '!') ilike_escape("X", 'a', '!') not_ilike_escape("X", 'a', '!')
position('a' IN "X") nullif("X", 'a') if("X" = 'a', 'b', 'c') string_split_regex("X", 'a') str_split_regex("X", 'a')
array_to_string(string_split("X", ','), ',') list_extract(["X"], 1) list_element(["X"], 1) array_extract(["X"], 1)
list_distinct(["X"]) list_sort(["X"]) list_reverse(["X"]) list_first(["X"]) list_last(["X"]) list_unique(["X"])
list_contains(["X"], 'a') list_has(["X"], 'a') array_contains(["X"], 'a') array_has(["X"], 'a')
list_position(["X"], 'a') array_position(["X"], 'a') array_length(["X"])
date_part('day', instant("X")) datepart('day', instant("X")) date_trunc('day', instant("X"))
datetrunc('day', instant("X")) date_diff('day', instant("X"), instant("X"))
datediff('day', instant("X"), instant("X")) date_sub('day', instant("X"), instant("X"))
datesub('day', instant("X"), instant("X")) date_add(instant("X"), INTERVAL 1 DAY) make_date(2024, 1, 1)
make_time(1, 2, 3) make_timestamp(2024, 1, 1, 1, 1, 1) timezone('UTC', instant("X"))
strptime("X", '%Y') try_strptime("X", '%Y') strftime(instant("X"), '%Y') time_bucket(INTERVAL 1 DAY, instant("X"))
epoch_ms(whole("X")) to_years(whole("X")) to_months(whole("X")) to_weeks(whole("X")) to_days(whole("X"))
to_milliseconds(num("X")) to_microseconds(whole("X")) gcd(whole("X"), 2) lcm(whole("X"), 2)
"""
DATES = """
epoch epoch_us epoch_ns year month day hour minute second millisecond quarter week weekofyear dayofmonth dayofweek
dayofyear weekday isodow isoyear yearweek last_day dayname monthname date
"""
NUMBERS = """
abs ceil ceiling floor round trunc sign sqrt cbrt ln log log2 log10 exp pow power mod fmod isnan isinf isfinite even
to_seconds to_timestamp
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    return DuckDB(tmp_path_factory.mktemp("formulas") / "formulas.duckdb", read_only=False)


def layout(expression: str) -> bytes:
    """A layout with this expression for the brand."""
    return f"""name = "own"\nfills = "contacts"\ndetect = ["contact_id", "X"]\nzone = "UTC"\n[select]
contact_id = 'text("contact_id")'\ncreated_at = 'instant("created_at")'\nbrand = '''\n{expression}\n'''
""".encode()


def refusals(expressions: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The expressions that the check of a layout refuses, and what it says."""
    for expression in expressions:
        try:
            parse(Path("own.toml"), layout(expression))
        except LayoutInvalid as error:
            yield expression[:200], str(error)


def over_cells(expression: str) -> str:
    """The SQL that is written for an expression, over empty cells."""
    compiled = compile_expression(expression)
    return compiled.template.format(*(f"CAST(NULL AS {HELPERS[call.helper].type})" for call in compiled.calls))


def example(name: str, calls: dict[str, str]) -> str:
    """A call of a function."""
    if name in calls:
        return calls[name]
    numeric = name in NUMBERS.split()
    cell = 'instant("X")' if name in DATES.split() else 'num("X")' if numeric else '"X"'
    more = ["2" if numeric else "'a'"] * (COUNTS[name][0] - 1)
    return f"{name}({', '.join([cell, *more])})"


def test_ordinary_expressions_pass_and_run(engine: DuckDB) -> None:
    assert len(ORDINARY) >= 50
    assert list(refusals(ORDINARY)) == []
    for expression in ORDINARY:
        engine.rows(f"SELECT {over_cells(expression)}")


def test_expressions_that_could_fill_the_memory_are_refused() -> None:
    refused = dict(refusals(BOMBS))
    assert [bomb for bomb in BOMBS if bomb[:200] not in refused] == []
    assert all("Traceback" not in text and len(text) < 600 for text in refused.values())


def test_every_listed_function_runs_as_it_is_written(engine: DuckDB) -> None:
    calls = {call.partition("(")[0]: call for call in _calls(CALLS)}
    examples = [example(name, calls) for name in sorted(FUNCTIONS.keys() - OPERATORS)]
    engine.rows(f"SELECT {', '.join(map(over_cells, examples))}")


def _calls(text: str) -> Iterator[str]:
    """The calls of a text, with blanks between them."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == ")" and depth == 0:
            yield text[start : place + 1].strip()
            start = place + 1


def test_the_numbers_of_arguments_are_those_of_the_engine(engine: DuckDB) -> None:
    """The engine lists, for each form of a function, its parameters and whether more may follow."""
    listed = engine.rows(
        "SELECT function_name, min(len(parameters)), CASE WHEN bool_or(varargs IS NOT NULL) THEN NULL "
        "ELSE max(len(parameters)) END FROM duckdb_functions() GROUP BY 1"
    )
    known = {name: (least, most) for name, least, most in listed}
    assert {name: count for name, count in COUNTS.items() if name in known and name not in OPERATORS} == {
        name: known[name] for name in COUNTS if name in known and name not in OPERATORS
    }


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("""if("X" = 'a', 'b')""", "if with 2 arguments; it takes 3"),
        ("""regexp_replace("X", 'a')""", "regexp_replace with 2 arguments; it takes 3 to 4"),
        ("""concat_ws(',')""", "concat_ws with 1 arguments; it takes 2 or more"),
        ("""list_to_string(["X"], ',')""", "did you mean"),
    ],
)
def test_a_call_that_cannot_run_is_refused_where_it_is_read(call: str, words: str) -> None:
    assert words in dict(refusals([call]))[call]


def test_a_layout_that_takes_too_long_is_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "layouts/own.toml", layout('upper("X")').decode())
    monkeypatch.setattr("kpibar.load.ingest._SECONDS", 0.0001)
    with pytest.raises(KpibarError, match="took longer than"):
        take_text(folder, "contact_id,created_at,X\n1,2025-03-01 10:00:00,x\n")
