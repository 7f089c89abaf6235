"""The days of which a file's records are wanted: outside of them they are left aside, counted and said."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kpibar.checks import check
from kpibar.config import Thresholds
from kpibar.database.store import open_store
from kpibar.errors import ConfigInvalid
from kpibar.load.outcome import Outcome, limit
from kpibar.render.summary import equation, remark_text
from tests.intake import DATABASE, column, config, held, take, write

ZONE = 'timezone = "Europe/Paris"\n'
DAYS = ("2025-05-30", "2025-05-31", "2025-06-01", "2025-06-02")


def rule(**stated: str) -> str:
    """A [[files]] rule for all files."""
    return ZONE + '[[files]]\nmatch = "*"\n' + "".join(f"{name} = {value}\n" for name, value in stated.items())


FROM, UNTIL = {"from": "2025-06-01"}, {"until": "2025-05-31"}
# One record on each of DAYS, of the tables that are dated by one instant or by the first that is known.
TABLES = {
    "contacts": "contact_id,created_at,channel\n" + "".join(f"{n},{d} 12:00:00,email\n" for n, d in enumerate(DAYS)),
    "orders": "order_ref,ordered_at\n" + "".join(f"{n},{day}\n" for n, day in enumerate(DAYS)),
    "parcels": "parcel_id,promised_to,delivered_at\n"
    + "".join(f"{n},{day},2025-06-03\n" for n, day in enumerate(DAYS)),
    "surveys": "survey_id,kind,score,answered_at\n" + "".join(f"{n},nps,9,{day} 23:00\n" for n, day in enumerate(DAYS)),
    "notices": "notice_id,order_ref,kind,sent_at\n"
    + "".join(f"{n},A,delay,{day} 08:00\n" for n, day in enumerate(DAYS)),
    "gestures": "gesture_id,amount,given_at\n" + "".join(f"{n},5.00,{day}\n" for n, day in enumerate(DAYS)),
}
IDS = {"contacts": "contact_id", "orders": "order_ref", "parcels": "parcel_id", "surveys": "survey_id"}
IDS |= {"notices": "notice_id", "gestures": "gesture_id"}


def taken(folder: Path, toml: str, text: str, name: str = "export.csv", **options: Any) -> Outcome:
    """Ingest one file under these settings; its error is raised."""
    outcome = take(folder, write(folder, name, text), settings=config(folder, toml), **options)[0]
    if outcome.error:
        raise outcome.error
    with open_store(folder / DATABASE, write=False) as store:
        assert [one for one in check(store, Thresholds()) if not one.note] == []
    return outcome


def remarks(outcome: Outcome) -> dict[str, int]:
    return {remark.code: remark.records for remark in outcome.remarks}


@pytest.mark.sample(1)
@pytest.mark.parametrize("table", TABLES)
def test_both_ends_are_days_that_count(folder: Path, table: str) -> None:
    """Of 30 and 31 May, 1 and 2 June: from 1 June two are loaded, until 31 May the other two."""
    after = taken(folder, rule(**FROM), TABLES[table], "new.csv")
    assert equation(after.counts) == "4 read = 2 added + 0 updated + 0 unchanged + 0 rejected + 2 dropped"
    assert column(folder, f"SELECT {IDS[table]} FROM {table} ORDER BY 1") == ["2", "3"]
    assert remarks(after)["period_outside"] == 2
    (folder / DATABASE).unlink()
    before = taken(folder, rule(**UNTIL), TABLES[table], "old.csv")
    assert (before.counts.added, before.counts.dropped) == (2, 2)
    assert column(folder, f"SELECT {IDS[table]} FROM {table} ORDER BY 1") == ["0", "1"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        ("2025-05-31T21:59:59Z", False),
        ("2025-05-31T22:00:00Z", True),
        ("2025-06-01 00:00:00", True),
        ("2025-05-31 23:59:59", False),
        ("2025-06-01T00:30:00+03:00", False),
    ],
)
def test_a_day_is_one_of_the_brands_zone(folder: Path, written: str, loaded: bool) -> None:
    """1 June begins in Paris at 22:00 UTC of the day before."""
    text = f"contact_id,created_at,channel\n1,{written},email\n2,2025-06-10 10:00:00,email\n"
    assert taken(folder, rule(**FROM), text).counts.added == 1 + loaded


SHOP = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name\n"


@pytest.mark.long
def test_line_items_and_further_tables_are_left_aside_with_their_record(folder: Path) -> None:
    """Two orders of two lines each; three tickets with a rating each, of which one is of June."""
    lines = [f"#{n},a@b.fr,paid,,2025-0{month}-10 10:00:00 +0200,1,Lit\n" * 2 for n, month in ((1, 5), (2, 6))]
    shop = taken(folder, rule(**FROM), SHOP + "".join(lines), "shop.csv")
    assert (shop.counts.records, shop.counts.folded, shop.counts.added, shop.counts.dropped) == (4, 2, 1, 1)
    head = "Id,Created at,Solved at,Via,Group stations,Full resolution time in minutes,Satisfaction Score\n"
    days = [f"2025-0{month}-10" for month in (4, 5, 6)]
    rows = "".join(f"{n},{day} 10:00:00,{day} 12:00:00,Mail,1,120,Good\n" for n, day in enumerate(days))
    tickets = taken(folder, rule(**FROM), head + rows, "tickets.csv")
    assert [table.counts.added for table in tickets.tables] == [1, 1]
    assert held(folder, "SELECT survey_id FROM surveys") == [("ticket:2",)]


@pytest.mark.long
def test_what_has_no_day_is_loaded_and_said(folder: Path) -> None:
    text = "survey_id,kind,score,answered_at\n1,nps,9,2025-05-01\n2,nps,9,\n3,nps,9,2025-07-01\n"
    outcome = taken(folder, rule(**FROM), text)
    assert (outcome.counts.added, remarks(outcome)) == (
        2,
        {"period_outside": 1, "period_undated": 1, "survey_undated": 1},
    )


@pytest.mark.long
def test_a_broken_record_outside_is_left_aside_and_one_without_a_day_rejected(folder: Path) -> None:
    """Of four records one is loaded, two are of May, one of them with a wait that is no number; one has no date."""
    rows = "1,2025-05-01,email,x\n2,2025-05-02,email,3\n3,never,email,3\n4,2025-06-03,email,3\n"
    outcome = taken(folder, rule(**FROM), "contact_id,created_at,channel,wait_s\n" + rows, max_rejects=limit("100%"))
    assert (outcome.counts.added, outcome.counts.dropped, outcome.counts.rejected) == (1, 2, 1)


def test_all_may_be_outside(folder: Path) -> None:
    outcome = taken(folder, rule(**{"from": "2026-01-01"}), TABLES["contacts"])
    assert (outcome.counts.added, outcome.counts.dropped, remarks(outcome)) == (0, 4, {"period_outside": 4})
    assert remark_text(outcome.remarks[0]).startswith("4 records are outside of the days that [[files]] states (from =")


@pytest.mark.long
def test_a_period_that_comes_later_takes_out_what_it_excludes(folder: Path) -> None:
    """All four are loaded; then only two are wanted; then all again, and at last one."""
    assert taken(folder, ZONE, TABLES["contacts"]).counts.added == 4
    less = taken(folder, rule(**FROM), TABLES["contacts"])
    assert (less.counts.removed, less.counts.unchanged, less.counts.dropped) == (2, 2, 2)
    assert remarks(less) == {"period_outside": 2, "period_removed": 2}
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["2", "3"]
    again = taken(folder, rule(**FROM), TABLES["contacts"])
    assert again.same_as_before is not None
    more = taken(folder, ZONE, TABLES["contacts"])
    assert (more.counts.added, more.counts.unchanged) == (2, 2)
    last = taken(folder, rule(**FROM, until="2025-06-01"), TABLES["contacts"])
    assert (last.counts.removed, column(folder, "SELECT contact_id FROM contacts")) == (3, ["2"])


@pytest.mark.long
def test_what_another_file_brought_again_stays(folder: Path) -> None:
    """Record 1 of May is in a second, newer export too, which states no days."""
    taken(folder, ZONE, TABLES["contacts"], "a.csv")
    newer = "contact_id,created_at,channel\n1,2025-05-31 12:00:00,phone\n9,2025-07-01 12:00:00,email\n"
    taken(folder, ZONE, newer, "b.csv")
    only = ZONE + '[[files]]\nmatch = "a*"\nfrom = 2025-06-01\n'
    assert taken(folder, only, TABLES["contacts"], "a.csv").counts.removed == 1
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["1", "2", "3", "9"]


@pytest.mark.long
@pytest.mark.parametrize("table", ["contacts", "parcels", "surveys"])
def test_what_an_older_file_holds_too_comes_back_with_it(folder: Path, table: str) -> None:
    """All four records are in both files, the newer one last; then of the newer only June is wanted.

    Read again, the older one brings the two of May back, once.
    """
    text, older, later = TABLES[table], "a-2025-07-01.csv", "b-2025-08-01.csv"
    taken(folder, ZONE, text, older)
    newer = text + text.splitlines()[-1].replace("3,", "7,", 1) + "\n"
    assert taken(folder, ZONE, newer, later).counts.added == 1
    only = ZONE + '[[files]]\nmatch = "b*"\nfrom = 2025-06-01\n'
    removed = taken(folder, only, newer, later)
    assert removed.counts.removed == 2
    assert any("ingest those exports again" in remark_text(remark) for remark in removed.remarks)
    again = taken(folder, only, text, older)
    assert (again.counts.added, again.counts.updated) == (2, 0)
    assert column(folder, f"SELECT {IDS[table]} FROM {table} ORDER BY 1") == ["0", "1", "2", "3", "7"]
    assert taken(folder, only, text, older).same_as_before is not None


@pytest.mark.long
def test_later_rules_complete_earlier_ones(folder: Path) -> None:
    both = ZONE + '[[files]]\nmatch = "*"\nfrom = 2025-05-31\n[[files]]\nmatch = "export*"\nuntil = 2025-06-01\n'
    assert Counter(remarks(taken(folder, both, TABLES["contacts"]))) == Counter(period_outside=2)
    crossed = both.replace("2025-05-31", "2025-07-01")
    with pytest.raises(ConfigInvalid, match=r"\[\[files\]\] for export.csv: from = 2025-07-01 is after"):
        taken(folder, crossed, TABLES["contacts"].replace("email", "chat"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("from = 2025-06-01\nuntil = 2025-05-31", "from = 2025-06-01 is after until = 2025-05-31"),
        ("from = 2025", "2025 is not a day such as 2025-06-01"),
        ("until = true", "True is not a day"),
        ('from = "1 June 2025"', "1 June 2025 is not a day"),
        ("until = 2025-05-31T12:00:00", "is not a day"),
        ("untill = 2025-05-31", 'untill" is not a setting; did you mean until'),
        ("form = 2025-05-31", 'form" is not a setting; did you mean from'),
        (
            "first = 2025-05-31",
            'first" is not a setting; expected one of match, brand, layout, timezone, .*from, until',
        ),
    ],
)
def test_settings_that_are_no_days_are_refused(folder: Path, lines: str, words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        config(folder, f'[[files]]\nmatch = "*"\n{lines}\n')


@pytest.mark.long
def test_a_day_may_be_a_text(folder: Path) -> None:
    assert taken(folder, rule(**{"from": '"2025-06-01"'}), TABLES["contacts"]).counts.added == 2
