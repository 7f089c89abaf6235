"""An export of another account is refused, whatever tells it; another export of the same account never is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kpibar.load.errors import AccountsMixed
from kpibar.load.outcome import Outcome
from tests.intake import column, held, take, take_text, write

FIRST = datetime(2025, 3, 3, 10, 0)
Cell = Callable[[int], str]


def lines(header: str, *cells: Cell | str, count: int = 40, start: int = 1) -> str:
    """A CSV of numbered records: each cell a text, or what a function makes of the number."""
    numbers = range(start, start + count)
    rows = (",".join(cell if isinstance(cell, str) else cell(number) for cell in cells) for number in numbers)
    return "\n".join((header, *rows, ""))


def name(prefix: str) -> Cell:
    return lambda number: f"{prefix}{number}"


def day(first: str, step: float = 1) -> Cell:
    """Days from the first one on."""
    return lambda number: (datetime.fromisoformat(first) + timedelta(days=step * number)).strftime("%Y-%m-%d")


def time(first: datetime = FIRST, step: float = 7, written: str = "%Y-%m-%d %H:%M:%S") -> Cell:
    """Times from the first one on, `step` hours apart."""
    return lambda number: (first + timedelta(hours=step * number)).strftime(written)


def phone(start: int) -> Cell:
    return lambda number: f"+336{start + number:08d}"


JUNE = datetime(2025, 6, 2, 10, 0)
TICKETS, ORDERS = "contact_id,created_at,channel", "order_ref,ordered_at"
PARCELS = "parcel_id,order_ref,promised_to,delivered_at"
SURVEYS, NOTICES = "survey_id,kind,score,sent_at,contact_id", "notice_id,order_ref,kind,sent_at"
GESTURES = "gesture_id,order_ref,amount,given_at"
EASIWARE = "reference;date;canal;motif_parent;motif;element_de_qualification"
SHOPIFY = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name,Phone"


def easiware(first: datetime) -> str:
    written = lines(
        EASIWARE.replace(";", ","), name("R"), time(first, written="%d/%m/%Y %H:%M"), "email", "Colis", "Retard", "x"
    )
    return written.replace(",", ";")


def shop(first: datetime, email: Cell | str, telephone: Cell | str) -> str:
    when = time(first, written="%Y-%m-%d %H:%M:%S +0100")
    return lines(SHOPIFY, name("#"), email, "paid", "", when, "1", "Lamp", telephone)


# Two accounts with the same numbers, by what tells them.
OTHERS = {
    "tickets without customer, other days": (
        lines(TICKETS, name("T"), time(), "email"),
        lines(TICKETS, name("T"), time(JUNE), "email"),
    ),
    "tickets of other days, dates only": (
        lines(TICKETS, name("T"), day("2025-03-01"), "email"),
        lines(TICKETS, name("T"), day("2025-03-02"), "email"),
    ),
    "dates only, the days before and after a change of clocks": (
        lines(TICKETS, name("T"), "2025-03-30", "email"),
        lines(TICKETS, name("T"), "2025-03-31", "email"),
    ),
    "tickets that differ only by telephone": (
        lines(f"{TICKETS},customer_phone", name("T"), time(), "phone", phone(100)),
        lines(f"{TICKETS},customer_phone", name("T"), time(), "phone", phone(900)),
    ),
    "tickets of other days and customers": (
        lines(f"{TICKETS},customer", name("T"), time(), "email", lambda n: f"c{n}@example.com"),
        lines(f"{TICKETS},customer", name("T"), time(JUNE), "email", lambda n: f"c{n}@example.org"),
    ),
    "tickets of other days and of one placeholder": (
        lines(f"{TICKETS},customer", name("T"), time(), "email", "shop@example.com"),
        lines(f"{TICKETS},customer", name("T"), time(JUNE), "email", "shop@example.com"),
    ),
    "calls of other tickets": (
        lines(f"{TICKETS},case_id", name("C"), time(), "phone", name("10")),
        lines(f"{TICKETS},case_id", name("C"), time(), "phone", name("90")),
    ),
    "easiware": (easiware(FIRST), easiware(JUNE)),
    "shops without e-mail": (shop(FIRST, "", phone(100)), shop(JUNE, "", phone(900))),
    "shops without e-mail or telephone": (shop(FIRST, "", ""), shop(JUNE, "", "")),
    "shops that opened on one day": (
        lines(f"{ORDERS},value,currency", name("#"), time(step=3), "50.00", "EUR"),
        lines(f"{ORDERS},value,currency", name("#"), time(step=3.1), "80.00", "CHF"),
    ),
    "orders without dates": (
        lines(f"{ORDERS},value,currency,country", name("#"), "", "50.00", "EUR", "FR"),
        lines(f"{ORDERS},value,currency,country", name("#"), "", "80.00", "CHF", "CH"),
    ),
    "parcels of other orders": (
        lines(PARCELS, name("P"), name("#1"), day("2025-03-01"), day("2025-03-04")),
        lines(PARCELS, name("P"), name("#9"), day("2025-03-01"), day("2025-03-01")),
    ),
    "parcels without orders, late and in time": (
        lines("parcel_id,promised_to,delivered_at", name("P"), day("2025-03-01"), day("2025-03-04")),
        lines("parcel_id,promised_to,delivered_at", name("P"), day("2025-06-01"), day("2025-06-01")),
    ),
    "parcels that never came, and others months later": (
        lines("parcel_id,promised_to,delivered_at", name("P"), day("2025-03-01"), ""),
        lines("parcel_id,promised_to,delivered_at", name("P"), day("2025-08-01"), day("2025-08-01")),
    ),
    "parcels that left on other days": (
        lines("parcel_id,promised_to,delivered_at,shipped_at", name("P"), "", day("2025-03-04"), day("2025-03-01")),
        lines("parcel_id,promised_to,delivered_at,shipped_at", name("P"), "", day("2025-06-04"), day("2025-06-01")),
    ),
    "surveys of other contacts": (
        lines(SURVEYS, name("S"), "nps", "9", time(), name("1")),
        lines(SURVEYS, name("S"), "nps", "2", time(), name("9")),
    ),
    "surveys of other days": (
        lines("survey_id,kind,score,answered_at", name("S"), "nps", "9", time()),
        lines("survey_id,kind,score,answered_at", name("S"), "nps", "2", time(JUNE)),
    ),
    "notices of other orders": (
        lines(NOTICES, name("N"), name("#1"), "delay", time()),
        lines(NOTICES, name("N"), name("#9"), "delay", time()),
    ),
    "notices of other days": (
        lines(NOTICES, name("N"), "", "delay", time()),
        lines(NOTICES, name("N"), "", "delay", time(JUNE)),
    ),
    "gestures of other orders": (
        lines(GESTURES, name("G"), name("#1"), "5.00", time()),
        lines(GESTURES, name("G"), name("#9"), "5.00", time()),
    ),
    "gestures of other days": (
        lines(GESTURES, name("G"), "", "5.00", day("2025-03-01")),
        lines(GESTURES, name("G"), "", "9.00", day("2025-06-01")),
    ),
}


def both(folder: Path, first: str, second: str) -> list[Outcome]:
    """Two files in one command."""
    paths = [write(folder, f"{place}.csv", content) for place, content in enumerate((first, second))]
    return take(folder, *paths)


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", OTHERS)
def test_another_account_is_refused(folder: Path, case: str) -> None:
    ours, theirs = both(folder, *OTHERS[case])
    assert ours.error is None
    assert isinstance(theirs.error, AccountsMixed), theirs.counts
    assert "another account" in str(theirs.error)
    assert "--brand" in str(theirs.error)


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", OTHERS)
def test_so_is_a_small_one(folder: Path, case: str) -> None:
    """Five records, all others."""
    first, second = ("".join(text.splitlines(keepends=True)[:6]) for text in OTHERS[case])
    theirs = both(folder, first, second)[1]
    assert isinstance(theirs.error, AccountsMixed), theirs.counts


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", OTHERS)
def test_each_account_with_its_brand_is_held(folder: Path, case: str) -> None:
    for place, content in enumerate(OTHERS[case]):
        outcome = take_text(folder, content, name=f"{place}.csv", brand=f"Brand {place}")
        assert outcome.counts.added == 40


def test_a_few_records_that_are_the_same_hide_nothing(folder: Path) -> None:
    """Ten of 40 tickets are known as they are, 30 began on another day."""
    ours = lines(TICKETS, name("T"), time(), "email")
    theirs = lines(TICKETS, name("T"), time(), "email", count=10)
    theirs += lines(TICKETS, name("T"), time(JUNE), "email", count=30, start=11).partition("\n")[2]
    outcome = both(folder, ours, theirs)[1]
    assert isinstance(outcome.error, AccountsMixed)
    assert "30 of 40 records" in str(outcome.error)
    assert column(folder, "SELECT count(*) FROM contacts WHERE created_on >= '2025-06-01'") == [0]


# What is said of a file that holds records of two accounts.
STRANGERS = {"stranger_replaced", "stranger_repeated"}
# What two exports of one account may differ in.
SAME = {
    "the zone": (
        lines(TICKETS, name("T"), time(written="%Y-%m-%dT%H:%M:%S+01:00"), "email"),
        lines(TICKETS, name("T"), time(written="%Y-%m-%dT%H:%M:%S-11:00"), "email"),
    ),
    "rounding to the day": (
        lines(TICKETS, name("T"), time(step=11.3), "email"),
        lines(TICKETS, name("T"), time(step=11.3, written="%Y-%m-%d"), "email"),
    ),
    "rounding to the minute": (
        lines(ORDERS, name("#"), time(step=0.77)),
        lines(ORDERS, name("#"), time(step=0.77, written="%Y-%m-%d %H:%M")),
    ),
    "rounding to the day of another zone": (
        lines(TICKETS, name("T"), time(datetime(2025, 3, 3, 0, 30), 24), "email", count=5),
        lines(TICKETS, name("T"), day("2025-03-02"), "email", count=5),
    ),
    "what became of tickets": (
        lines(f"{TICKETS},status,resolved_at", name("T"), time(), "email", "open", ""),
        lines(f"{TICKETS},status,resolved_at", name("T"), time(), "email", "solved", time(JUNE)),
    ),
    "every e-mail": (
        lines(f"{TICKETS},customer,customer_phone", name("T"), time(), "email", lambda n: f"c{n}@a.com", phone(1)),
        lines(f"{TICKETS},customer,customer_phone", name("T"), time(), "email", lambda n: f"c{n}@b.com", phone(1)),
    ),
    "the identifier of customers": (
        lines(f"{TICKETS},customer", name("T"), time(), "email", lambda n: f"c{n}@a.com"),
        lines(f"{TICKETS},customer", name("T"), time(), "email", name("customer ")),
    ),
    "a telephone of the same customer": (
        lines(f"{TICKETS},customer,customer_phone", name("T"), time(), "email", lambda n: f"c{n}@a.com", phone(1)),
        lines(f"{TICKETS},customer,customer_phone", name("T"), time(), "email", lambda n: f"c{n}@a.com", phone(900)),
    ),
    "a refund of each order": (
        lines(f"{ORDERS},value,currency,customer", name("#"), day("2025-03-01"), "50.00", "EUR", lambda n: f"{n}@a.fr"),
        lines(f"{ORDERS},value,currency,customer", name("#"), day("2025-03-01"), "12.00", "EUR", lambda n: f"{n}@b.fr"),
    ),
    "a narrower export": (
        lines(f"{ORDERS},value,currency,country", name("#"), time(), "50.00", "EUR", "FR"),
        lines(f"{ORDERS},country", name("#"), time(), "France"),
    ),
    "promises that moved": (
        lines(PARCELS, name("P"), name("#1"), day("2025-03-01"), ""),
        lines(PARCELS, name("P"), name("#1"), day("2025-04-10"), ""),
    ),
    "deliveries filled in": (
        lines(PARCELS, name("P"), name("#1"), day("2025-03-01"), ""),
        lines(PARCELS, name("P"), name("#1"), day("2025-03-01"), day("2025-03-09")),
    ),
    "parcels that left later than announced": (
        lines("parcel_id,promised_to,delivered_at,shipped_at", name("P"), "", "", day("2025-03-01")),
        lines("parcel_id,promised_to,delivered_at,shipped_at", name("P"), "", day("2025-03-09"), day("2025-03-05")),
    ),
    "carriers and promises that changed": (
        lines("parcel_id,promised_to,delivered_at,carrier", name("P"), day("2025-03-02"), day("2025-03-09"), "DPD"),
        lines("parcel_id,promised_to,delivered_at,carrier", name("P"), day("2025-03-05"), day("2025-03-09"), "GLS"),
    ),
    "channels and kinds of answered surveys": (
        lines("survey_id,kind,score,answered_at,channel", name("S"), "nps", "9", day("2025-03-09"), "email"),
        lines("survey_id,kind,score,answered_at,channel", name("S"), "csat", "5", day("2025-03-09"), "chat"),
    ),
    "how order numbers are written": (
        lines(PARCELS, name("P"), name("#100"), day("2025-03-01"), ""),
        lines(PARCELS, name("P"), name("FR-0100"), day("2025-03-01"), ""),
    ),
    "answers that came": (
        lines(SURVEYS, name("S"), "nps", "", time(), name("1")),
        lines(SURVEYS, name("S"), "nps", "9", time(), name("1")),
    ),
    "invitations sent again": (
        lines(f"{SURVEYS},answered_at", name("S"), "nps", "", day("2025-03-01"), name("1"), ""),
        lines(f"{SURVEYS},answered_at", name("S"), "nps", "9", day("2025-03-08"), name("1"), day("2025-03-10")),
    ),
    "records that are new": (
        lines(TICKETS, name("T"), time(), "email"),
        lines(TICKETS, name("T"), time(), "email", start=30),
    ),
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", SAME)
def test_another_export_of_the_same_account_is_taken(folder: Path, case: str) -> None:
    ours, later = both(folder, *SAME[case])
    assert (ours.error, later.error) == (None, None)
    assert not {remark.code for remark in later.remarks} & STRANGERS


def test_a_few_requesters_that_were_merged_refuse_nothing(folder: Path) -> None:
    """Four of 40 tickets are of another telephone now: taken, and said."""
    first = lines(f"{TICKETS},customer_phone", name("T"), time(), "email", phone(100))
    later = lines(f"{TICKETS},customer_phone", name("T"), time(), "email", lambda n: phone(100)(n if n > 4 else 44))
    outcome = both(folder, first, later)[1]
    assert outcome.error is None
    assert [(remark.code, remark.records) for remark in outcome.remarks] == [("stranger_replaced", 4)]


@pytest.mark.long
def test_a_file_of_the_account_may_be_read_again_with_other_dates(folder: Path) -> None:
    """Two overlapping exports, both read with day and month in the wrong order: each is put right in its turn."""
    header = "contact_id,created_at,channel,status"
    exports = [
        lines(header, name("T"), lambda n: f"{1 + n % 12:02d}/0{1 + n % 9}/2025 10:00", "email", status)
        for status in ("open", "solved")
    ]
    for order in ("mdy", "dmy"):
        for place, content in enumerate(exports):
            take_text(folder, content, name=f"{place}.csv", date_order=order)
    assert held(folder, "SELECT created_on::VARCHAR FROM contacts WHERE contact_id = 'T1'") == [("2025-02-02",)]


# Records of two accounts in one file: the second of each pair replaces the first, which is said.
MERGED = {
    "orders": (
        lines(f"{ORDERS},customer", name("#"), time(), lambda n: f"c{n}@a.com"),
        lines(f"{ORDERS},customer", name("#"), time(JUNE), lambda n: f"d{n}@b.com"),
    ),
    "tickets": (lines(TICKETS, name("T"), time(), "email"), lines(TICKETS, name("T"), time(JUNE), "email")),
    "parcels": OTHERS["parcels of other orders"],
}


@pytest.mark.long
@pytest.mark.parametrize("case", MERGED)
def test_numbers_of_two_accounts_in_one_file_are_told(folder: Path, case: str) -> None:
    first, second = MERGED[case]
    outcome = take_text(folder, first + second.partition("\n")[2])
    assert (outcome.counts.added, outcome.counts.superseded) == (40, 40)
    assert [(remark.code, remark.records) for remark in outcome.remarks] == [("stranger_repeated", 40)]


@pytest.mark.sample(2)
@pytest.mark.parametrize("telephones", [(phone(100), phone(900)), ("", "")])
@pytest.mark.parametrize("sort", [False, True])
def test_orders_of_two_shops_are_not_folded_into_one(
    folder: Path, telephones: tuple[Cell | str, Cell | str], sort: bool
) -> None:
    """The lines of two shops in one file, one after the other or sorted by number: three numbers are in both."""
    header, *ours = shop(FIRST, "", telephones[0]).splitlines(keepends=True)
    theirs = shop(JUNE, "", telephones[1]).splitlines(keepends=True)[1:4]
    body = sorted(ours + theirs, key=lambda line: int(line[1:].partition(",")[0])) if sort else ours + theirs
    outcome = take_text(folder, header + "".join(body))
    assert (outcome.counts.added, outcome.counts.rejected) == (37, 3)
    reasons = column(folder, "SELECT DISTINCT reason FROM rejects")
    assert reasons == ["its lines are of two records with one number: the file may hold two accounts"]


def test_the_line_items_of_an_order_are_one_order(folder: Path) -> None:
    """Lines that repeat the date and the customer, or only the number."""
    header, *ours = shop(FIRST, "a@b.com", phone(100)).splitlines(keepends=True)
    number, email, _, _, when, *_ = ours[1].split(",")
    more = [f"{number},,,,,1,Desk,\n", f"{number},{email},,,{when},1,Chair,\n"]
    outcome = take_text(folder, "".join([header, *ours[:2], *more, *ours[2:]]))
    assert (outcome.counts.added, outcome.counts.folded, outcome.counts.rejected) == (40, 2, 0)


def test_versions_of_one_record_in_one_file_are_no_strangers(folder: Path) -> None:
    first, second = SAME["what became of tickets"]
    assert not {remark.code for remark in take_text(folder, first + second.partition("\n")[2]).remarks} & STRANGERS
