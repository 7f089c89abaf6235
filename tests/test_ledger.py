"""The ledger: every physical line has a class, every record a fate, and no entry can be lost or altered unseen."""

from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.database.errors import LedgerBroken
from kpibar.database.ledger import CHAIN_COLUMNS, Counts, Entry, Lines, count_rows, next_link, prove_tables, write_entry
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import catalogue
from kpibar.render.summary import outcome_lines
from tests.intake import DATABASE, held, take_text
from tests.support import kpibar

HEADER = "contact_id,created_at,channel,queue\n"
DAY = "2025-03-01 10:00:00"


def entry(counts: Counts, lines: Lines) -> Entry:
    return Entry(
        1, "0" * 64, "x.csv", 10, "kpibar-contacts", "kpibar-contacts", "contacts", None, "utf-8", ",", "r", None,
        counts, lines,
    )  # fmt: skip


def test_every_line_has_a_class(folder: Path) -> None:
    text = f'exported today\n\n{HEADER}1,{DAY},email,"two\nlines"\n\n2,{DAY},email\n3,never,email,"a\nb"\n{HEADER}'
    outcome = take_text(folder, text)
    assert outcome.lines == Lines(total=10, preamble=2, header=1, blank=1, records=4, rejected=2)
    assert outcome.lines.fates_total == outcome.lines.total
    assert (outcome.counts.records, outcome.counts.added, outcome.counts.rejected) == (4, 1, 3)
    rejects = held(folder, "SELECT line, last_line, code FROM rejects ORDER BY line")
    assert rejects == [(7, 7, "width"), (8, 9, "value"), (10, 10, "header")]


def test_the_ledger_holds_size_and_lines(folder: Path) -> None:
    text = f"{HEADER}1,{DAY},email,é\n"
    take_text(folder, text)
    classes = "lines, preamble, header, blank, footer, record_lines, rejected_lines"
    assert held(folder, f"SELECT size, {classes} FROM files") == [(len(text.encode()), 2, 0, 1, 0, 0, 1, 0)]


def test_a_second_table_of_a_file_has_no_lines_of_its_own(folder: Path) -> None:
    header = "Id,Created at,Solved at,Via,Group stations,Satisfaction Score,Full resolution time in minutes\n"
    take_text(folder, header + "1,2025-03-01 10:00:00,2025-03-01 16:00:00,Mail,1,Good,360\n")
    assert held(folder, "SELECT entity, lines FROM files ORDER BY file_id") == [("contacts", 2), ("surveys", 0)]


@pytest.mark.parametrize(
    ("counts", "lines", "said"),
    [
        (Counts(records=3, added=2), Lines(), "3 records were read but 2 accounted for"),
        (Counts(records=1, added=1), Lines(total=3, header=1, records=1), "3 lines were read but 2 accounted for"),
    ],
)
def test_counts_that_do_not_add_up_leave_nothing(folder: Path, counts: Counts, lines: Lines, said: str) -> None:
    with open_store(folder / DATABASE, write=True) as store:
        with pytest.raises(LedgerBroken, match=said), store.transaction():
            write_entry(store, entry(counts, lines), "UTC")
        assert store.engine.rows("SELECT * FROM files") == []


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(records=1, added=1), "1 new records of contacts were read but 0 accounted for"),
        (Counts(records=1, rejected=1), "1 rejects were read but 0 accounted for"),
    ],
)
def test_what_an_entry_claims_must_be_in_the_tables(folder: Path, counts: Counts, said: str) -> None:
    with open_store(folder / DATABASE, write=True) as store, pytest.raises(LedgerBroken, match=said):
        prove_tables(store, entry(counts, Lines()), count_rows(store, "contacts"))


@pytest.mark.long
def test_each_entry_seals_the_one_before(folder: Path) -> None:
    for name in ("a", "b", "c"):
        take_text(folder, f"{HEADER}{name},{DAY},email,\n", name=f"{name}.csv")
    previous = ""
    for *values, chain in held(folder, f"SELECT {', '.join(CHAIN_COLUMNS)}, chain FROM files ORDER BY file_id"):
        previous = next_link(previous, values)
        assert chain == previous


@pytest.mark.long
def test_lines_below_the_records_are_counted_and_said(folder: Path) -> None:
    text = f"{HEADER}1,{DAY},email,SAV\nGrand Totals (1 records)\n\n© 2025 Example\n"
    outcome = take_text(folder, text)
    assert outcome.lines == Lines(total=5, header=1, blank=1, footer=2, records=1)
    assert "  left out: 2 lines below the records (totals, notes of the report)" in outcome_lines(
        outcome, catalogue(Settings()), False
    )
    outcome = take_text(folder, f"{HEADER}2,{DAY},email,SAV\nGrand Totals (1 records)\n", name="one.csv")
    assert any("left out: 1 line below" in line for line in outcome_lines(outcome, catalogue(Settings()), False))


CONTACTS = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n"


@pytest.mark.sample(1)
@pytest.mark.parametrize("command", [("check",), ("ingest", "more.csv")])
@pytest.mark.parametrize("seal", ["[" * 4_000, '{"a":' * 700, "[1, 2]", "null"])
def test_a_seal_that_is_none_says_nothing(folder: Path, command: tuple[str, ...], seal: str) -> None:
    take_text(folder, CONTACTS)
    (folder / "more.csv").write_text(CONTACTS.replace("1,", "2,", 1))
    (folder / f"{DATABASE}.last").write_text(seal)
    done = kpibar(*command, "--db", DATABASE, folder=folder)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_an_export_speaks_up_to_the_records_that_its_layout_leaves_aside(folder: Path) -> None:
    """The offer of 3 March was never made, so it is no invitation; the export was taken after it all the same. What is
    to come says nothing."""
    header = "id,ticket_id,requester_id,score,reason,comment,created_at,updated_at\n"
    first, second, third = (
        f"{number},7,8,{score},,,{day}T10:00:00Z,{day}T10:00:00Z\n"
        for number, score, day in (
            (1, "good", "2025-03-01"),
            (2, "unoffered", "2025-03-03"),
            (3, "unoffered", "2096-01-01"),
        )
    )
    take_text(folder, header + first + second + third, name="satisfaction.csv")
    assert held(folder, "SELECT records, dropped, CAST(as_of AS STRING) FROM files") == [(3, 2, "2025-03-03 10:00:00")]
