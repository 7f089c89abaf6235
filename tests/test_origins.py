"""A canonical column has a value only where the cells it takes its value from exist: guards and fillers are none."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpibar.database.engine import DuckDB
from kpibar.layouts.expression import Program, compile_expression
from kpibar.layouts.layout import Layout, shelf
from kpibar.layouts.origins import has_value, placeholders
from kpibar.measure.report import Barometer
from kpibar.read.columns import normal
from kpibar.values.helpers import HELPERS
from kpibar.values.notation import Call
from tests.intake import held, take, take_text, write
from tests.support import AS_OF, fraction, ingest_tables, report, row, settings


def lacks(expression: str, *names: str) -> bool:
    """Whether the column has a value in a file without these columns."""
    compiled = compile_expression(expression)
    return has_value(compiled, [n for n, call in enumerate(compiled.calls) if call.column in names])


@pytest.mark.parametrize(
    ("expression", "without", "expected"),
    [
        # A guard is no value, in whatever form.
        ("""CASE WHEN coalesce(whole("R"), 1) > 0 THEN minutes("F") END""", "F", False),
        ("""CASE WHEN coalesce(whole("R"), 1) > 0 THEN minutes("F") END""", "R", True),
        ("""CASE WHEN "R" IS NULL OR whole("R") > 0 THEN minutes("F") END""", "R", True),
        ("""if(coalesce(whole("R"), 1) > 0, minutes("F"), NULL)""", "F", False),
        ("""coalesce(whole("R"), 1) > 0 AND flag("F")""", "F", False),
        ("""coalesce(whole("R"), 1) > 0 AND flag("F")""", "R", True),
        ("""NOT flag("F") AND coalesce("R", '') IN ('left')""", "R", False),
        ("""NOT (flag("F") AND "R" = 'left')""", "R", False),
        # The result branches are.
        ("""CASE WHEN "A" = 'x' THEN num("B") ELSE num("C") END""", "A", True),
        ("""CASE WHEN "A" = 'x' THEN num("B") ELSE num("C") END""", "B", True),
        ("""coalesce(num("A"), num("B"))""", "A", True),
        ("""greatest(num("A"), num("B"))""", "A", True),
        ("""least(num("A"), 10)""", "A", False),
        ("""greatest(num("A") - 1, 0)""", "A", False),
        ("""nullif(text("A"), text("B"))""", "A", False),
        ("""nullif(text("A"), text("B"))""", "B", True),
        ("""nullif(concat_ws(' > ', text("A"), text("B")), '')""", "A", True),
        ("""num("A") - coalesce(num("B"), 0)""", "B", True),
        ("""num("A") - coalesce(num("B"), 0)""", "A", False),
        ("""flag("A") OR lower("B") LIKE '%spam%'""", "A", True),
        # A flag or a word takes its value from what is compared.
        ("""lower("A") = 'inbound'""", "A", False),
        ("""lower("A") = 'inbound'""", "B", True),
        ("""coalesce(lower("A"), 'none') <> 'out'""", "A", False),
        ("""coalesce("A" = 'x', FALSE)""", "A", False),
        ("""lower("A") IS DISTINCT FROM 'x'""", "A", False),
        ("""CASE lower("A") WHEN 'a' THEN 'phone' ELSE 'email' END""", "A", False),
        ("""CASE WHEN "A" IS NOT NULL THEN 'closed' ELSE 'open' END""", "A", False),
        ("""CASE WHEN "A" IS NULL THEN 'open' ELSE 'closed' END""", "A", False),
        ("""CASE WHEN "A" = 'x' THEN 'closed' WHEN "B" IS NOT NULL THEN 'open' ELSE 'new' END""", "A", False),
        ("""CASE WHEN "A" = 'x' THEN 'closed' WHEN "B" IS NOT NULL THEN 'open' END""", "B", True),
        ("""CASE WHEN "A" = 'in' THEN coalesce("B", '') NOT IN ('late') END""", "B", False),
        # A number that fills an empty cell is no statement about a column; a text of the layout is.
        ("""coalesce(whole("A"), 0)""", "A", False),
        ("""coalesce(text("A"), '')""", "A", False),
        ("""coalesce(enum("A", "kind"), 'nps')""", "A", True),
        ("""CASE WHEN lower(coalesce("A", 'nps')) = 'nps' THEN 0 ELSE 1 END""", "A", True),
        ("""coalesce(text("A"), text("B"), 'phone')""", "B", True),
        # Nothing is read at all.
        ("'phone'", "A", True),
        ("TRUE", "A", True),
        ("lines() - 1", "A", True),
        ("NULL", "A", False),
        ("""CASE WHEN num("B") > 1 THEN NULL END""", "A", True),
    ],
)
def test_guards_and_fillers_are_no_value(expression: str, without: str, expected: bool) -> None:
    assert lacks(expression, without) is expected


# --- every built-in layout, each column left out, each canonical column ---------------------------------

# What a layout states of an export without the column, as its note says.
STATED = {("delighted-nps", "kind"), ("delighted-nps", "scale_min"), ("delighted-nps", "scale_max"),
          ("genesys-interactions-es", "channel"), ("kpibar-contacts", "grain"),
          # The scale of NPS is fixed: what kind of survey it is tells it.
          ("kpibar-surveys", "scale_min"), ("kpibar-surveys", "scale_max"),
          # Only what the agent of Intercom took part in has a state of its resolution.
          ("intercom-conversations", "bot_involved"),
          # An internal note is one, whoever made the ticket.
          ("gorgias-tickets", "direction")}  # fmt: skip
# Without the reason of a missed call nobody knows which calls reached the queue, whatever else tells of robots.
UNTOLD = {("aircall-calls", "queued", "missed call reason")}
NUMBERS, TIMES = ("0", "1", "2", "7.0"), ("2025-01-02 00:00:00", "2025-03-04 10:00:00", "2025-03-04 23:59:59.9")


def tables(layout: Layout) -> Iterator[tuple[str, str]]:
    """The canonical columns of a layout and their expressions."""
    yield from layout.select.items()
    for also in layout.also.values():
        yield from also.select.items()


def candidates(call: Call, expression: str, layout: Layout) -> list[str]:
    """Values a helper call may give, as text: those the expression speaks of, and others."""
    kind = HELPERS[call.helper].type
    if kind == "TIMESTAMP":
        return list(TIMES)
    if kind == "BOOLEAN":
        return ["TRUE", "FALSE"]
    if kind == "UUID":
        return [f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2)]
    if kind == "VARCHAR":
        words = set(layout.enum[call.argument].values()) if call.helper == "enum" else set()
        constants = re.findall(r"'((?:[^']|'')*)'", expression)
        words |= {word.strip("%").replace("''", "'") for word in constants} - {""}
        words |= {"x", "0612345678", "0712345678", "1", "4"}
        return sorted(words)
    return list(NUMBERS)


def values(engine: DuckDB, compiled: Program, expression: str, layout: Layout, absent: set[str]) -> set[object]:
    """The different values, but NULL, of an expression over many records in a file without some columns."""
    chance = random.Random(expression)
    choices = [(call, [None, *candidates(call, expression, layout)]) for call in compiled.calls]
    rows = []
    for _ in range(600):
        drawn: dict[str, str | None] = {}
        line: list[str | None] = []
        for call, options in choices:
            value = drawn.setdefault(normal(call.column) + call.helper, chance.choice(options))
            gone = any(normal(name) in absent for name in call.columns[:1])
            empty = drawn.setdefault(normal(call.column), chance.choice(["", "", "", "NULL"]))
            line.append(None if gone or empty else value)
        rows.append(line)
    # The columns as lists: that many casts of constants would be planned for a second.
    cells = ", ".join(
        f"CAST(unnest(CAST(? AS VARCHAR[])) AS {HELPERS[call.helper].type}) AS cell_{number}"
        for number, call in enumerate(compiled.calls)
    )
    sql = re.sub("(?i)CAST\\(", "TRY_CAST(", placeholders(compiled))
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = engine.rows(f"SELECT DISTINCT CAST(({sql}) AS VARCHAR) FROM (SELECT {cells})", columns)
    return {value for (value,) in found} - {None}


@pytest.mark.sample(6)
@pytest.mark.parametrize("name", shelf(None).layouts)
def test_a_column_has_a_value_where_its_cells_change_it(tmp_path: Path, name: str) -> None:
    """The oracle knows no syntax: it computes each expression over many records, with the column there and without.

    Without the column there is a value where there is more than one, or as many as with it.
    """
    layout, engine = shelf(None).layouts[name], DuckDB(tmp_path / "oracle.duckdb", read_only=False)
    wrong = []
    for column, expression in tables(layout):
        compiled = compile_expression(expression)
        names = dict.fromkeys(normal(call.column) for call in compiled.calls)
        if not names or compiled.template == "{0}":
            continue
        full = values(engine, compiled, expression, layout, set())
        for gone in [{one} for one in names] + [set(names)]:
            left = values(engine, compiled, expression, layout, gone)
            expected = bool(left) and (len(left) > 1 or len(full) == 1 or (name, column) in STATED)
            expected = expected and (name, column, *sorted(gone)) not in UNTOLD
            numbers = [n for n, call in enumerate(compiled.calls) if normal(call.column) in gone]
            if has_value(compiled, numbers) is not expected:
                wrong.append((column, gone, left, expected))
    assert wrong == []


# --- what people see ------------------------------------------------------------------------------------

ZENDESK = "Id,Created at,Solved at,Via,Status,Group stations,Replies,Reopens,Full resolution time in minutes"
TICKETS = "".join(f"{n},2025-03-03 10:00:00,2025-03-03 12:00:00,Mail,Solved,1,1,0,120\n" for n in range(40))
OWN = """
name = "desk"
fills = "contacts"
grain = "case"
detect = ["No", "Opened"]
[select]
contact_id = 'text("No")'
created_at = 'instant("Opened")'
channel = "'email'"
"""


def barometer_of(folder: Path, text: str) -> Barometer:
    config = settings(folder)
    ingest_tables(folder, {"export.csv": text}, config, AS_OF)
    return report(folder, config)


def test_an_export_without_reply_times_does_not_say_that_nobody_replied(folder: Path) -> None:
    """40 tickets with one reply each, whose time the export lacks: reply KPIs are unknown, resolution is 2 h of 40."""
    text = f"{ZENDESK}\n{TICKETS}"
    found = barometer_of(folder, text)
    for kpi in ("frt_median", "within_target", "unanswered"):
        rows = [one for one in found.rows if one.kpi.id == kpi]
        assert not rows or rows[0].now.value is None, kpi
    assert row(found, "resolution_median").now.value == 7200.0


@pytest.mark.long
@pytest.mark.parametrize(
    ("guard", "cell"),
    [
        ("""CASE WHEN coalesce(whole("Answers"), 1) > 0 THEN minutes("Reply") END""", "first_reply_s"),
        ("""if(coalesce(whole("Answers"), 1) > 0, minutes("Reply"), NULL)""", "first_reply_s"),
        ("""greatest(minutes("Reply"), 0)""", "first_reply_s"),
        ("""coalesce(whole("Moves"), 0)""", "transfers"),
        ("""CASE WHEN "Reopened" IS NULL THEN 0 ELSE whole("Reopened") END""", "reopens"),
    ],
)
def test_own_layouts_hold_only_what_the_file_has(folder: Path, guard: str, cell: str) -> None:
    """What the file cannot say is unknown in every record, and the user is told of which column it would be read."""
    write(folder, "layouts/desk.toml", f"{OWN}{cell} = '''{guard}'''\n")
    outcome = take_text(folder, "No,Opened,Answers\n1,2025-03-03 10:00:00,1\n2,2025-03-03 11:00:00,0\n")
    assert cell not in outcome.tables[0].columns
    assert held(folder, f"SELECT DISTINCT {cell} FROM contacts") == [(None,)]
    assert held(folder, f"SELECT count(*) FROM columns_held WHERE column_name = '{cell}'") == [(0,)]
    assert [column for column, _ in outcome.absent] == [cell]


@pytest.mark.long
def test_a_number_for_a_missing_column_does_not_join_the_base_of_another_source(folder: Path) -> None:
    """Transfers are known of the first source only: 1 of 2, not 1 of 4."""
    write(folder, "layouts/desk.toml", f"{OWN}transfers = 'coalesce(whole(\"Moves\"), 0)'\n")
    first = "contact_id,created_at,channel,transfers\na,2025-03-03 10:00:00,email,1\nb,2025-03-03 10:00:00,email,0\n"
    second = "No,Opened\n1,2025-03-03 10:00:00\n2,2025-03-03 11:00:00\n"
    config = settings(folder)
    ingest_tables(folder, {"first.csv": first, "second.csv": second}, config, AS_OF)
    assert fraction(report(folder, config), "transfer_rate") == (1, 2)


def test_an_export_without_ratings_feeds_no_survey(folder: Path) -> None:
    (outcome,) = take(folder, write(folder, "export.csv", f"{ZENDESK}\n{TICKETS}"))
    assert outcome.error is None
    assert held(folder, "SELECT count(*) FROM columns_held WHERE entity = 'surveys'") == [(0,)]
