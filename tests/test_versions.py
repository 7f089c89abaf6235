"""Which version of a record stays: readings of one file, promises that move, what a file says nothing of."""

from datetime import datetime
from itertools import permutations
from pathlib import Path

import pytest

from kpibar.database.store import open_store
from kpibar.load.outcome import Outcome
from kpibar.status import list_rejects
from tests.intake import DATABASE, column, held, take_text
from tests.support import computed, facts, fraction

HEADER = "contact_id,created_at,channel"
DAY = "2025-03-01 10:00:00"
ZONED = f"{HEADER}\nT1,{DAY},email\nT2,2025-03-01 11:00:00,email\n"
NUMERIC = f"{HEADER}\nT1,03/04/2025 10:00,email\nT2,04/05/2025 10:00,email\n"


def fates(outcome: Outcome) -> tuple[int, int, int, int]:
    """Added, updated, unchanged, superseded."""
    counts = outcome.counts
    return counts.added, counts.updated, counts.unchanged, counts.superseded


def created(folder: Path) -> list[str]:
    """When the contacts came, as UTC texts."""
    return column(folder, "SELECT created_at::VARCHAR FROM contacts ORDER BY contact_id")


# --- the same file, read another way -------------------------------------------------------------------


def test_a_corrected_zone_moves_instants_earlier(folder: Path) -> None:
    take_text(folder, ZONED, timezone="America/New_York")
    assert fates(take_text(folder, ZONED, timezone="Europe/Paris")) == (0, 2, 0, 0)
    assert created(folder) == ["2025-03-01 09:00:00", "2025-03-01 10:00:00"]


def test_a_corrected_order_of_dates_moves_instants_earlier(folder: Path) -> None:
    take_text(folder, NUMERIC, date_order="dmy")
    assert fates(take_text(folder, NUMERIC, date_order="mdy")) == (0, 2, 0, 0)
    assert created(folder) == ["2025-03-04 09:00:00", "2025-04-05 08:00:00"]


@pytest.mark.long
def test_a_reading_taken_back_holds_again(folder: Path) -> None:
    """Right, wrong, right: the last word holds, though its bytes and its reading are known."""
    for zone in ("Europe/Paris", "America/New_York", "Europe/Paris"):
        assert take_text(folder, ZONED, timezone=zone).same_as_before is None
    assert created(folder) == ["2025-03-01 09:00:00", "2025-03-01 10:00:00"]
    assert take_text(folder, ZONED, timezone="Europe/Paris").same_as_before is not None


@pytest.mark.long
def test_a_source_speaks_up_to_what_the_last_reading_says(folder: Path) -> None:
    take_text(folder, NUMERIC, date_order="dmy")
    take_text(folder, NUMERIC, date_order="mdy")
    assert column(folder, "SELECT as_of FROM sources") == [datetime(2025, 4, 5, 8)]
    older = f"{HEADER},queue\nT1,2025-03-04 10:00:00,email,late\n"
    assert fates(take_text(folder, older, name="b.csv", as_of=datetime(2025, 4, 6))) == (0, 1, 0, 0)


@pytest.mark.long
def test_a_corrected_reading_does_not_outlive_a_later_export(folder: Path) -> None:
    """Only what the misread file itself brought is replaced by its second reading."""
    take_text(folder, ZONED, timezone="America/New_York")
    later = f"{HEADER}\nT1,2025-03-01 08:00:00,phone\n"
    take_text(folder, later, name="b.csv", as_of=datetime(2025, 3, 9))
    assert fates(take_text(folder, ZONED, timezone="Europe/Paris")) == (0, 1, 0, 1)
    assert held(folder, "SELECT created_at::VARCHAR, channel FROM contacts ORDER BY contact_id") == [
        ("2025-03-01 07:00:00", "phone"),
        ("2025-03-01 10:00:00", "email"),
    ]


# --- promises ------------------------------------------------------------------------------------------


def promise(folder: Path, export: int, promised: int | str, updated: str = "", **options: object) -> Outcome:
    """Take an export of so-manieth January in which P1 is promised for another day of that month."""
    shown = f"2025-01-{promised:02}" if isinstance(promised, int) else promised
    text = f"parcel_id,promised_to,delivered_at,updated_at\nP1,{shown},,{updated}\nown{export}{promised}{updated},,,\n"
    return take_text(folder, text, name=f"{export}.csv", **{"as_of": datetime(2025, 1, export), **options})


def promises(folder: Path) -> tuple[str, str]:
    """The day P1 was promised for first, and the one it is promised for now."""
    return held(
        folder, "SELECT promised_on::VARCHAR, last_promised_to::DATE::VARCHAR FROM parcels WHERE parcel_id = 'P1'"
    )[0]


@pytest.mark.long
def test_the_first_promise_stays_in_any_order_of_exports(folder: Path) -> None:
    moved = {3: 10, 12: 18, 20: 25}
    for number, order in enumerate(permutations(moved)):
        for export in order:
            promise(folder / str(number), export, moved[export])
        assert promises(folder / str(number)) == ("2025-01-10", "2025-01-25"), order


@pytest.mark.long
def test_a_promise_seen_earlier_moves_when_it_was_made(folder: Path) -> None:
    """The export of the 3rd shows the promise of the 20th too: what the 12th says came in between."""
    for export, promised in ((20, 10), (3, 10), (12, 18)):
        promise(folder, export, promised)
    assert promises(folder)[0] == "2025-01-10"


@pytest.mark.long
def test_of_promises_with_an_update_time_the_earlier_update_was_first(folder: Path) -> None:
    promise(folder, 5, 15, "2025-01-04 10:00:00")
    promise(folder, 9, 12, "2025-01-02 10:00:00")
    assert promises(folder) == ("2025-01-12", "2025-01-15")


@pytest.mark.long
def test_a_misread_promise_is_replaced_by_its_second_reading(folder: Path) -> None:
    for order in ("dmy", "mdy"):
        promise(folder, 3, "01/02/2025", date_order=order)
        if order == "dmy":
            promise(folder, 20, 25)
    assert promises(folder) == ("2025-01-02", "2025-01-25")


# --- repair, and what was rejected --------------------------------------------------------------------


@pytest.mark.long
def test_to_repair_or_not_is_part_of_a_reading(folder: Path) -> None:
    damaged = f"{HEADER}\n" + "".join(f"T{n},{DAY},email\n" for n in range(30)) + f'T30,"{DAY},email\nT31,{DAY},email\n'
    assert take_text(folder, damaged, repair=False).counts.rejected == 1
    assert take_text(folder, damaged).counts.added == 1
    assert rejects(folder) == []


@pytest.mark.long
def test_only_the_rejects_of_the_last_reading_are_listed(folder: Path) -> None:
    text = f"{HEADER}\nT1,{DAY},email\nT2,never,email\n"
    for zone in ("America/New_York", "Europe/Paris"):
        take_text(folder, text, timezone=zone)
    assert rejects(folder) == [3]


def rejects(folder: Path) -> list[int]:
    """The lines `kpibar rejects` lists."""
    with open_store(folder / DATABASE, write=False) as store:
        return [reject.line for reject in list_rejects(store)]


# --- up to when a source speaks ------------------------------------------------------------------------


@pytest.mark.long
def test_a_later_instant_never_moves_a_table_back(folder: Path) -> None:
    """The second table of the file spoke up to a later instant of its own."""
    text = (
        "Ticket id,Initial channel,Creation date,First response time (s),Number of agent messages,"
        "Survey score,Survey replied date\n1,email,2025-03-02T10:00:00Z,,0,5,2025-03-20T10:00:00Z\n"
    )
    take_text(folder, text)
    take_text(folder, text, as_of=datetime(2025, 3, 5))
    assert dict(held(folder, "SELECT entity, as_of FROM sources")) == {
        "contacts": datetime(2025, 3, 5),
        "surveys": datetime(2025, 3, 20, 10),
    }


# --- what a file says nothing of -----------------------------------------------------------------------


@pytest.mark.long
def test_an_export_without_text_erases_no_mention(folder: Path) -> None:
    take_text(folder, f"{HEADER},subject\nT1,{DAY},email,order 12345\n", as_of=datetime(2025, 3, 2))
    assert len(column(folder, "SELECT order_key FROM mentions")) == 1
    narrow = f"{HEADER},queue\nT1,{DAY},email,returns\n"
    assert fates(take_text(folder, narrow, name="b.csv", as_of=datetime(2025, 3, 3))) == (0, 1, 0, 0)
    assert len(column(folder, "SELECT order_key FROM mentions")) == 1
    silent = f"{HEADER},queue,subject\nT1,{DAY},email,refunds,hello\n"
    take_text(folder, silent, name="c.csv", as_of=datetime(2025, 3, 4))
    assert column(folder, "SELECT order_key FROM mentions") == []


@pytest.mark.long
def test_a_new_record_is_the_same_whether_it_is_contested_or_not(folder: Path) -> None:
    take_text(folder, f"{HEADER}\nT1,{DAY},email\n", name="a.csv")
    take_text(folder, f"{HEADER}\nT2,{DAY},email\nT2,{DAY},email\n", name="b.csv")
    rows = held(folder, "SELECT * EXCLUDE (file_id, contact_id) FROM contacts ORDER BY contact_id")
    assert rows[0] == rows[1]


def test_a_line_without_its_order_is_no_line_of_another(folder: Path) -> None:
    """An order may be called as the place of a line that names none."""
    header = (
        "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name,Total,Currency\n"
    )
    rows = [f"{name},,paid,,2025-03-01 10:00:00 +0100,1,cup,10,EUR\n" for name in ("line 1", "", "B")]
    outcome = take_text(folder, header + "".join(rows))
    assert (outcome.counts.added, outcome.counts.folded, outcome.counts.rejected) == (2, 0, 1)


JULY = datetime(2025, 7, 1)


def test_a_narrower_export_erases_nothing(folder: Path) -> None:
    """The second export has neither order nor subject; what the first said of them stays."""
    wide = "contact_id,created_at,channel,order_ref,subject\n1,2025-03-01 10:00:00,email,77001,Where is my order?\n"
    narrow = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,chat\n"
    orders = "order_ref,ordered_at\n77001,2025-02-25 10:00:00\n"
    computed(folder, {"o.csv": orders, "wide.csv": wide})
    found = computed(folder, {"narrow.csv": narrow})
    assert fraction(found, "link_coverage") == (1, 1)
    assert fraction(found, "wismo_share") == (1, 1)
    assert facts(folder, "SELECT channel FROM fact_contacts") == [("chat",)]


@pytest.mark.long
def test_a_promise_moved_within_one_file_or_seen_in_reverse_order(folder: Path) -> None:
    """Promised for 1 March, later for 9 March, delivered on the 8th: late either way."""
    head = "parcel_id,order_ref,promised_to,delivered_at\n"
    first, last = "1,A,2025-03-01,\n", "1,A,2025-03-09,2025-03-08 10:00:00\n"
    assert fraction(computed(folder, {"both.csv": head + first + last}, as_of=JULY), "late_share") == (1, 1)
    (folder / "test.duckdb").unlink()
    computed(folder, {"new.csv": head + last}, as_of=JULY)
    assert fraction(computed(folder, {"old.csv": head + first}, as_of=datetime(2025, 3, 2)), "late_share") == (1, 1)
