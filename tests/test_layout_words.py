"""Fixed and mapped words of a layout are words of their column, cells behind a guard need not be numbers, and what is
wrong with an expression is said with the entry it stands in."""

from pathlib import Path

import pytest

from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.expression import Program, compile_expression
from kpibar.layouts.guards import conditions_of_calls
from kpibar.layouts.layout import Layout, shelf
from tests.intake import config, held, take, take_text, write

DAY = "2025-03-01 10:00:00"
LAYOUT = """
name = "mine"
fills = "{table}"
detect = ["No", "When"]
[select]
{select}
{more}
"""
BASE = {
    "contacts": {"contact_id": 'text("No")', "created_at": 'instant("When")'},
    "surveys": {"survey_id": 'text("No")', "answered_at": 'instant("When")'},
    "parcels": {"parcel_id": 'text("No")', "delivered_at": 'instant("When")'},
    "notices": {"notice_id": 'text("No")', "sent_at": 'instant("When")'},
}


def layout(folder: Path, select: dict[str, str], more: str = "", table: str = "contacts") -> None:
    """Write a layout of one's own with these columns beside the key and the date."""
    lines = "\n".join(f"{column} = '''{sql} '''" for column, sql in (BASE[table] | select).items())
    write(folder, "layouts/mine.toml", LAYOUT.format(table=table, select=lines, more=more))


def refusal(folder: Path) -> str:
    """What is said of the layout when a file is read."""
    with pytest.raises(LayoutInvalid) as caught:
        take(folder, write(folder, "x.csv", f"No,When,C\n1,{DAY},a\n"))
    return str(caught.value)


# --- fixed words -----------------------------------------------------------------------------------------


FOREIGN_WORDS = [
    ("contacts", "channel", "'telephone'", '"telephone"', "self_service"),
    ("contacts", "channel", "CASE WHEN \"C\" = 'x' THEN 'phone' ELSE 'Phone' END", '"Phone"', "phone, email"),
    ("contacts", "channel", "coalesce(nullif('mail', ''), text(\"C\"))", '"mail"', "email"),
    ("contacts", "direction", "'in'", '"in"', "inbound, outbound, internal"),
    ("contacts", "status", "CASE WHEN \"C\" IS NULL THEN 'open' ELSE lower('DONE') END", '"done"', "closed"),
    ("contacts", "grain", "'ticket'", '"ticket"', "case, interaction"),
    ("surveys", "kind", "'NPS'", '"NPS"', "csat, nps"),
    ("parcels", "promise_kind", "if(\"C\" = 'x', 'slot', 'window')", '"window"', "slot, day, range"),
    ("parcels", "mode", "coalesce(\"C\", 'pickup')", '"pickup"', "home, relay"),
    ("notices", "kind", "'dispatched'", '"dispatched"', "shipped, delay"),
]


@pytest.mark.parametrize(("table", "column", "sql", "word", "allowed"), FOREIGN_WORDS)
def test_a_fixed_word_that_its_column_does_not_have_is_refused(
    folder: Path, table: str, column: str, sql: str, word: str, allowed: str
) -> None:
    layout(folder, {column: sql}, table=table)
    said = refusal(folder)
    assert "mine.toml" in said and f"[select] {column}: {word} is no {column} of {table}" in said and allowed in said


@pytest.mark.parametrize(
    ("column", "listed"),
    [("channel", "téléphone"), ("direction", "entrant"), ("status", "resolved")],
)
def test_a_mapped_word_that_its_column_does_not_have_is_refused(folder: Path, column: str, listed: str) -> None:
    layout(folder, {column: f'enum("C", "{column}")'}, f'[enum.{column}]\n"a" = "{listed}"\n')
    said = refusal(folder)
    assert f'[select] {column}: [enum.{column}] "a" = "{listed}"' in said and "expected one of" in said


def test_a_word_in_a_further_table_or_in_the_settings_is_refused_too(folder: Path) -> None:
    more = "[also.surveys]\nwhere = 'TRUE'\n[also.surveys.select]\nsurvey_id = 'text(\"No\")'\nkind = \"'stars'\"\n"
    layout(folder, {}, more)
    assert '[also.surveys.select] kind: "stars" is no kind of surveys' in refusal(folder)
    (folder / "layouts/mine.toml").unlink()
    settings = config(folder, 'timezone = "UTC"\n[layouts.kpibar-contacts]\nchannel = "\'Mail\'"\n')
    with pytest.raises(LayoutInvalid) as caught:
        take(folder, write(folder, "x.csv", f"contact_id,created_at,channel\n1,{DAY},a\n"), settings=settings)
    assert '[layouts.kpibar-contacts]: not a valid layout: [select] channel: "Mail"' in str(caught.value)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "sql",
    [
        "'phone'",
        "CASE lower(\"C\") WHEN 'telephone' THEN 'phone' WHEN 'courrier' THEN 'post' END",
        "CASE WHEN \"C\" = 'Telephone' THEN 'phone' ELSE NULL END",
        'lower(text("C"))',
        "coalesce(nullif(lower(\"C\"), 'telephone'), 'phone')",
    ],
)
def test_words_of_the_column_and_words_that_are_only_compared_are_taken(folder: Path, sql: str) -> None:
    layout(folder, {"channel": sql})
    assert take_text(folder, f"No,When,C\n1,{DAY},Telephone\n").counts.added == 1


# --- guards ----------------------------------------------------------------------------------------------


GUARDED = [
    # expression, cells, what is held ("rejected": the record is not)
    ('CASE WHEN "C" <> \'Offered\' THEN num("C") END', ["Offered", "4", "Good", ""], [None, 4, "rejected", None]),
    ("CASE \"C\" WHEN 'n/d' THEN NULL WHEN 'never' THEN -1 ELSE num(\"C\") END", ["n/d", "never", "7"], [None, -1, 7]),
    ('CASE WHEN regexp_matches("C", \'^[0-9]+$\') THEN num("C") END', ["12", "twelve", "1,5"], [12, None, None]),
    ('if("C" = \'none\', NULL, num("C"))', ["none", "3", "x"], [None, 3, "rejected"]),
    ('CASE WHEN "C" <> \'x\' AND num("C") > 2 THEN 1 ELSE 0 END', ["x", "3", "y"], [0, 1, "rejected"]),
    ('CASE WHEN num("C") > 2 THEN 1 ELSE num("C") END', ["5", "1", "x"], [1, 1, "rejected"]),
    ("num(nullif(\"C\", 'Offered'))", ["Offered", "4", "Good"], [None, 4, "rejected"]),
    ("num(regexp_extract(\"C\", '([0-9]+) of 5', 1))", ["4 of 5", "unrated", "3 of 5"], [4, None, 3]),
    ("num(replace(\"C\", '%', ''))", ["40%", "7", "much"], [40, 7, "rejected"]),
]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("sql", "cells", "expected"), GUARDED, ids=[one[0] for one in GUARDED])
def test_only_cells_that_reach_a_helper_are_judged(
    folder: Path, sql: str, cells: list[str], expected: list[object]
) -> None:
    layout(folder, {"score": sql}, table="surveys")
    rows = "".join(f'{number},{DAY},"{cell}"\n' for number, cell in enumerate(cells))
    counts = take_text(folder, f"No,When,C\n{rows}").counts
    known = dict(held(folder, "SELECT survey_id, score FROM surveys"))
    assert [known.get(str(number), "rejected") for number in range(len(cells))] == expected
    assert counts.rejected == expected.count("rejected")


def entries(one: Layout) -> list[tuple[Program, Program | None]]:
    """The expressions of a layout, each with the condition of the further table it stands in."""
    listed: list[tuple[Program, Program | None]] = []
    listed += [(compile_expression(sql), None) for sql in (one.keep, *one.select.values()) if sql]
    for also in one.also.values():
        where = compile_expression(also.where)
        listed += [(where, None), *((compile_expression(sql), where) for sql in also.select.values())]
    return listed


@pytest.mark.parametrize("built_in", shelf(None).layouts.values(), ids=lambda one: one.name)
def test_no_cell_of_a_built_in_layout_is_excused_by_the_cells_of_other_columns(built_in: Layout) -> None:
    """A cell that is not of its type is how moved cells are seen: only what it says itself may excuse it."""
    judged: set[str] = set()
    excused: set[str] = set()
    for call, conditions in conditions_of_calls(entries(built_in)).items():
        if call.helper in ("text", "pii", "enum"):
            continue
        asked = conditions or []
        own = all(
            call.column in {read.column for place, read in enumerate(compiled.calls) if f"{{{place}}}" in template}
            for template, compiled in asked
        )
        (judged if own else excused).add(call.column)
    assert excused <= judged


MOVED = [
    # names of columns, cells; the last one is not of its column's type, and a condition on another column holds it back
    ("Response ID,Person ID,Email,Sent At,Score,Responded At", "7,9,a@b.example,,,x"),
    (
        "Ticket id,Creation date,Initial channel,Closed date,Survey score,Survey replied date",
        "1,2025-03-02 09:04:47,email,,,soon",
    ),
    ("call id,datetime (utc),direction,answered,duration (total)", "c1,2025-03-02 09:04:47,inbound,No,Compte"),
    ("call id,datetime (utc),direction,answered,waiting time", "c1,2025-03-02 09:04:47,outbound,No,c0ffee"),
    (
        "call id,datetime (utc),direction,answered,missed_call_reason,time to answer",
        "c1,2025-03-02 09:04:47,inbound,No,abandoned_in_ivr,c0ffee",
    ),
    (
        "Ticket id,Creation date,Initial channel,Closed date,Number of agent messages,First response time (s)",
        "1,2025-03-02 09:04:47,email,,0,soon",
    ),
    ("Ticket id,Creation date,Initial channel,Closed date,Resolution time (s)", "1,2025-03-02 09:04:47,email,,soon"),
    (
        "Id,Created at,Status,Via,Replies,First reply time in minutes",
        "1,2025-03-02 09:04:47,open,Mail,0,soon",
    ),
    ("parcel_id,order_ref,promise_kind,promised_from,promised_to", "p1,o1,day,,soon"),
    ("parcel_id,order_ref,promise_kind,promised_from,promised_to", "p1,o1,slot,,soon"),
    ("parcel_id,order_ref,promise_kind,promised_to,promised_from", "p1,o1,day,2025-03-02,soon"),
    ("parcel_id,order_ref,promise_kind,promised_to,promised_from", "p1,o1,,,soon"),
]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("header", "row"), MOVED)
def test_a_cell_of_another_type_is_rejected_whatever_the_other_cells_say(folder: Path, header: str, row: str) -> None:
    sound = f"0{row.rpartition(',')[0]},"
    counts = take_text(folder, f"{header}\n{row}\n{sound}\n").counts
    assert (counts.added, counts.rejected) == (1, 1)


def test_a_cell_of_a_further_table_is_judged_where_the_table_takes_the_record(folder: Path) -> None:
    more = (
        "[also.surveys]\nwhere = '''\"K\" = 'rated' '''\n[also.surveys.select]\n"
        "survey_id = 'text(\"No\")'\nscore = 'num(\"C\")'\n"
    )
    layout(folder, {}, more)
    text = f"No,When,K,C\n1,{DAY},rated,5\n2,{DAY},open,later\n3,{DAY},rated,later\n"
    assert take_text(folder, text).counts.rejected == 1
    assert held(folder, "SELECT survey_id, score FROM surveys") == [("1", 5)]
    assert held(folder, "SELECT contact_id FROM contacts ORDER BY 1") == [("1",), ("2",)]


def test_a_pseudonym_may_be_taken_from_a_part_of_a_cell(folder: Path) -> None:
    layout(folder, {"customer_key": "pii(regexp_extract(\"C\", '[^ <(]+@[^ >)]+'))", "agent_key": 'pii("D")'})
    take_text(
        folder,
        f"No,When,C,D\n1,{DAY},Jean Dupont <jean@example.org>,jean@example.org\n2,{DAY},(JEAN@example.org),x\n"
        f"3,{DAY},Jean,\n",
    )
    rows = held(folder, "SELECT customer_key, agent_key FROM contacts ORDER BY contact_id")
    assert rows[0][0] == rows[1][0] == rows[0][1] and rows[0][0] is not None
    assert rows[2] == (None, None)


def test_a_column_of_an_expression_that_the_file_lacks_is_unknown(folder: Path) -> None:
    layout(folder, {"score": 'num(coalesce("A", "C"))', "scale_max": "num(nullif(\"B\", 'x'))"}, table="surveys")
    outcome = take_text(folder, f"No,When,C\n1,{DAY},4\n")
    assert held(folder, "SELECT score, scale_max FROM surveys") == [(4, None)]
    assert "score" in outcome.tables[0].columns and "scale_max" not in outcome.tables[0].columns


# --- which entry -----------------------------------------------------------------------------------------


WRONG = [
    ({"order_ref": "num(x)"}, "", "[select] order_ref: num(...) takes a column name"),
    ({"order_ref": 'enum("C", "nowhere")'}, "", "[select] order_ref: there is no [enum.nowhere]"),
    ({"order_ref": '(SELECT 1 FROM x) || "C"'}, "", "[select] order_ref: is not a single SQL expression"),
    ({"order_ref": 'upper(num(minutes("C")))'}, "", "[select] order_ref: num(...) takes a column name"),
    ({"order_ref": 'no_such_function("C")'}, "", '[select] order_ref: "no_such_function" is not a function'),
    ({"queue": 'CASE WHEN "C" = 1 THEN'}, "", "[select] queue: is not a single SQL expression (syntax error"),
    ({}, "keep = 'num(x) > 1'", "keep: num(...) takes a column name"),
]


@pytest.mark.long
@pytest.mark.parametrize(("select", "first", "said"), WRONG)
def test_a_wrong_expression_is_named_by_its_entry(folder: Path, select: dict[str, str], first: str, said: str) -> None:
    layout(folder, select)
    path = folder / "layouts/mine.toml"
    path.write_text(f"{first}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert said in refusal(folder)


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ("transfers", "\"C\" + DATE '2025-01-01'"),
        ("ring_s", 'CAST("C" AS DOUBLE)'),
        ("queue", 'year("C")'),
    ],
)
def test_sql_that_does_not_run_is_named_by_its_entry(folder: Path, column: str, sql: str) -> None:
    layout(folder, {"team": 'text("C")', column: sql})
    error = take(folder, write(folder, "x.csv", f"No,When,C\n1,{DAY},a\n"))[0].error
    assert isinstance(error, LayoutInvalid)
    assert f"x.csv: [select] {column}: " in str(error)
