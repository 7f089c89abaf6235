"""A history that was imported into the next tool is held twice: the later file is refused, whoever comes first."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kpibar.load.errors import TwinsHeld
from kpibar.load.outcome import Outcome
from tests.intake import column, config, take, write

ZONE = 'timezone = "Europe/Paris"\n'


@dataclass(frozen=True)
class Contact:
    """A contact as two tools may know it."""

    number: int
    at: datetime
    customer: str
    channel: str = "Email"


def contacts(days: int, each: int, start: datetime, seed: int = 1, people: str = "c") -> list[Contact]:
    """So many contacts a day, at random seconds of ten hours, each of a customer of its own."""
    draw = random.Random(seed)
    times = [start + timedelta(days=n // each, seconds=draw.randrange(36_000)) for n in range(days * each)]
    return [Contact(n, time, f"{people}{n}@example.org") for n, time in enumerate(sorted(times))]


START = datetime(2025, 4, 1, 8)
OLD = contacts(30, 4, START)
NEW = [replace(one, number=1000 + one.number) for one in contacts(30, 4, datetime(2025, 5, 1, 8), 2, "n")]


def zendesk(rows: Iterable[Contact]) -> str:
    head = "Id,Status,Via,Created at,Solved at,Group stations,Requester email,Replies,Full resolution time in minutes\n"
    hour = timedelta(hours=1)
    return head + "".join(f"{one.number},Closed,Mail,{one.at},{one.at + hour},1,{one.customer},1,60\n" for one in rows)


def freshdesk(rows: Iterable[Contact], customers: bool = True) -> str:
    head = "Ticket ID,Status,Source,Created time,Resolved time,Initial response time,Email\n"
    return head + "".join(
        f"{9000 + n},Closed,{one.channel},{one.at},,,{one.customer if customers else ''}\n"
        for n, one in enumerate(rows)
    )


def moved(rows: Sequence[Contact], **shift: int) -> list[Contact]:
    return [replace(one, at=one.at + timedelta(**shift)) for one in rows]


def ingested(folder: Path, exports: dict[str, str], more: str = "") -> list[Outcome]:
    """Files in this order, into one database."""
    used = config(folder, ZONE + more)
    return take(folder, *(write(folder, name, text) for name, text in exports.items()), settings=used)


def telephones(rows: Sequence[Contact]) -> list[Contact]:
    return [replace(one, customer=f"+33612{one.number:06}") for one in rows]


CLOSED = [one for one in OLD if one.number % 3]
IMPORTS = {
    "all of it": OLD,
    "the last days only": OLD[-24:],
    "the closed tickets only": CLOSED,
    "an hour later": moved(OLD, hours=1),
    "in UTC, the clocks changed": [*moved(OLD[:60], hours=-2), *moved(OLD[60:], hours=-1)],
    "to the minute": [replace(one, at=one.at.replace(second=0)) for one in OLD],
    "rounded to the minute": [replace(one, at=(one.at + timedelta(seconds=30)).replace(second=0)) for one in OLD],
    "customers by telephone": telephones(OLD),
    "customers by telephone, two hours later": moved(telephones(OLD), hours=2),
    "without customers": [replace(one, customer="") for one in OLD],
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("history", IMPORTS)
def test_an_imported_history_is_refused(folder: Path, history: str) -> None:
    """120 tickets of the old tool in April; the new one has them, or some of them, and 120 of its own in May."""
    first, second = ingested(folder, {"z.csv": zendesk(OLD), "f.csv": freshdesk([*IMPORTS[history], *NEW])})
    assert (first.error, type(second.error)) == (None, TwinsHeld)
    said = str(second.error)
    assert f"{len(IMPORTS[history])} of {len(IMPORTS[history])} contacts of freshdesk-tickets from 2025-04" in said
    assert "are in zendesk-tickets too" in said
    assert 'match = "f.csv" and from = 2025-05-01' in said
    assert column(folder, "SELECT count(*) FROM contacts") == [120]


@pytest.mark.long
def test_whichever_comes_first(folder: Path) -> None:
    """The new tool is there before the old one: it is its file that gets a first day, and is read again."""
    exports = {"f.csv": freshdesk([*OLD, *NEW]), "z.csv": zendesk(OLD)}
    refused = ingested(folder, exports)[1].error
    assert 'match = "f.csv" and from = 2025-05-01 into kpibar.toml, ingest f.csv again' in str(refused)
    again = ingested(folder, exports, '[[files]]\nmatch = "f.csv"\nfrom = 2025-05-01\n')
    assert [outcome.error for outcome in again] == [None, None]
    assert column(folder, "SELECT count(*) FROM contacts GROUP BY source ORDER BY source") == [120, 120]


@pytest.mark.long
def test_one_of_three_sources_and_one_that_holds_two(folder: Path) -> None:
    """Two old tools, of which the new one has both histories, and a fourth that has nothing to do with them."""
    own = contacts(30, 4, START, seed=5, people="b")
    blue = "[[files]]\nmatch = 'blue*'\nbrand = 'Blue'\n"
    exports = {"z.csv": zendesk(OLD), "blue.csv": zendesk(own), "f.csv": freshdesk(sorted_by_time([*OLD, *own, *NEW]))}
    outcomes = ingested(folder, exports, blue)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), TwinsHeld]
    other = "contact_id,created_at,channel,customer\n"
    other += "".join(f"{one.number},{one.at},email,{one.customer}\n" for one in contacts(30, 4, START, 9, "d"))
    assert ingested(folder, {"own.csv": other}, blue)[0].error is None


def sorted_by_time(rows: Sequence[Contact]) -> list[Contact]:
    return sorted(rows, key=lambda one: one.at)


@pytest.mark.long
def test_it_may_be_stated_that_both_are_kept(folder: Path) -> None:
    """The statement may be of either file, and holds for later exports of both tools."""
    more = '[[files]]\nmatch = "z.csv"\ntwins = "separate"\n'
    outcomes = ingested(folder, {"z.csv": zendesk(OLD), "f.csv": freshdesk(OLD), "f2.csv": freshdesk(OLD[:60])}, more)
    assert [outcome.error for outcome in outcomes] == [None, None, None]
    separate = [remark.records for remark in outcomes[1].remarks if remark.code == "twins_separate"]
    assert (separate, column(folder, "SELECT count(*) FROM contacts")) == ([120], [240])


@pytest.mark.long
def test_helpdesks_that_share_customers_are_sound(folder: Path) -> None:
    """Every customer writes to both within the same day, eight within the same minute: loaded, and the eight said."""
    draw = random.Random(3)
    both = [replace(one, at=START + timedelta(days=one.number // 4, seconds=draw.randrange(36_000))) for one in OLD]
    copied = [*OLD[::15], *(one for one in both if one.number % 15)]
    first, second = ingested(folder, {"z.csv": zendesk(OLD), "f.csv": freshdesk(copied)})
    assert (first.error, second.error) == (None, None)
    single = [remark.records for remark in second.remarks if remark.code == "twins_single"]
    assert single and 8 <= single[0] <= 10


@pytest.mark.long
def test_days_without_times_are_no_minutes(folder: Path) -> None:
    """Every customer writes to both helpdesks within a day, and one or both of them export days only."""
    days = [replace(one, at=one.at.replace(hour=10, minute=0, second=0)) for one in OLD]
    outcomes = ingested(folder, {"z.csv": zendesk(days), "f.csv": freshdesk(days)})
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [remark.records for remark in outcomes[1].remarks if remark.code == "twins_single"] == [120]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("each", "precision"), [(300, 1), (300, 60), (3, 1)])
def test_busy_minutes_are_no_twins(folder: Path, each: int, precision: int) -> None:
    """Two helpdesks without known customers: in ten hours of 300 contacts every minute may have one in both."""

    def side(seed: int) -> list[Contact]:
        rows = contacts(8, each, START, seed)
        return [replace(one, customer="", at=one.at.replace(second=one.at.second // precision)) for one in rows]

    outcomes = ingested(folder, {"z.csv": zendesk(side(11)), "f.csv": freshdesk(side(12))})
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert not [remark for remark in outcomes[1].remarks if remark.code.startswith("twins")]


@pytest.mark.long
def test_a_ticket_that_mirrors_a_call_is_no_import(folder: Path) -> None:
    """A ticket in the second in which each call begins; but a telephony that has another's calls holds a history."""
    head = "contact_id,created_at,channel,customer_phone,answered,wait_s,talk_s\n"
    rows = [(one.number, one.at, f"+33612{one.number:06}") for one in OLD]
    calls = head + "".join(f"k{n},{at},phone,{who},true,5,60\n" for n, at, who in rows)
    tickets = freshdesk([replace(one, channel="Phone") for one in telephones(OLD)])
    brands = '[[files]]\nmatch = "later*"\nbrand = "Later"\n'
    outcomes = ingested(
        folder, {"calls.csv": calls, "f.csv": tickets, "later.csv": calls.replace("\nk", "\nm")}, brands
    )
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), TwinsHeld]
    assert "contacts of kpibar-contacts/Later" in str(outcomes[2].error)


SHOP = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name,Total,Currency\n"


def orders(rows: Iterable[Contact], prefix: str, price: int = 20) -> str:
    return SHOP + "".join(
        f"#{prefix}{one.number},{one.customer},paid,,{one.at} +0200,1,Lit,{price + one.number % 9},EUR\n"
        for one in rows
    )


@pytest.mark.long
def test_orders_and_ratings_are_imported_too(folder: Path) -> None:
    """A shop's new account with the old orders under new numbers; other amounts in the same minute are other orders."""
    more = "[[files]]\nmatch = 'new*'\nbrand = 'New'\n[[files]]\nmatch = 'apart*'\nbrand = 'Apart'\n"
    exports = {
        "old.csv": orders(OLD, "A"),
        "new.csv": orders([*OLD[40:], *NEW], "B"),
        "apart.csv": orders(OLD, "C", 50),
    }
    outcomes = ingested(folder, exports, more)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), TwinsHeld, type(None)]
    assert "80 of 80 orders of shopify-orders/New" in str(outcomes[1].error)
    head = "survey_id,kind,score,answered_at,customer\n"
    text = head + "".join(f"s{one.number},nps,{one.number % 11},{one.at},{one.customer}\n" for one in OLD)
    outcomes = ingested(folder, {"first.csv": text, "new.csv": text.replace("\ns", "\nt")}, more)
    assert (outcomes[0].error, type(outcomes[1].error)) == (None, TwinsHeld)
    assert "120 of 120 surveys of kpibar-surveys/New" in str(outcomes[1].error)


@pytest.mark.long
@pytest.mark.parametrize("size", [6, 12])
def test_a_small_history(folder: Path, size: int) -> None:
    refused = ingested(folder, {"z.csv": zendesk(OLD[:size]), "f.csv": freshdesk(OLD[:size])})[1].error
    assert isinstance(refused, TwinsHeld)
