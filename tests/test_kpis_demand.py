"""Demand KPIs: each input table stands in its test, each expected fraction is counted by hand."""

from pathlib import Path

import pytest

from kpibar.measure.report import Barometer
from tests.support import computed, facts, fraction, row

# Paris is UTC+1 in winter: n1 was written on 31 December 2024 at 23:30 local time, n2 on 1 January at 00:30.
CONTACTS = """
| contact_id | created_at           | channel | direction | spam | merged_into | automated |
| n1         | 2024-12-31T22:30:00Z | email   | inbound   | no   |             | no        |
| n2         | 2024-12-31T23:30:00Z | email   | inbound   | no   |             | no        |
| n3         | 2025-12-31 23:30:00  | chat    | inbound   | no   |             | no        |
| n4         | 2026-01-01 00:30:00  | email   | inbound   | no   |             | no        |
| unknown    | 2025-06-01 10:00:00  | phone   |           |      |             |           |
| spam       | 2025-06-01 10:00:00  | email   | inbound   | yes  |             | no        |
| merged     | 2025-06-01 10:00:00  | email   | inbound   | no   | n2          | no        |
| outbound   | 2025-06-01 10:00:00  | email   | outbound  | no   |             | no        |
| internal   | 2025-06-01 10:00:00  | email   | internal  | no   |             | no        |
| automated  | 2025-06-01 10:00:00  | email   | inbound   | no   |             | yes       |
"""
ORDERS = """
| order_ref | ordered_at           | cancelled_at        |
| 90001     | 2024-12-31T22:30:00Z |                     |
| 90002     | 2024-12-31T23:30:00Z |                     |
| 90003     | 2025-12-31T22:30:00Z |                     |
| 90004     | 2025-03-01 10:00:00  | 2025-03-02 10:00:00 |
| 90005     | 2025-03-01 10:00:00  |                     |
| 90006     | 2025-12-31T23:30:00Z |                     |
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    return computed(tmp_path_factory.mktemp("demand"), {"contacts.csv": CONTACTS, "orders.csv": ORDERS})


def test_contacts_are_inbound_human_unmerged_and_dated_in_the_brands_zone(found: Barometer) -> None:
    assert found.edition.year == 2025
    assert row(found, "contacts").now.value == 3, "n2, n3 and unknown (nobody says it is not inbound)"
    assert row(found, "contacts").before.value == 1, "n1, 31 December 23:30 in Paris"


def test_orders_placed_and_contact_rate(found: Barometer) -> None:
    assert row(found, "orders_placed").now.value == 4, "90002 to 90005, the cancelled one included"
    assert row(found, "orders_placed").before.value == 1, "90001"
    assert fraction(found, "contact_rate") == (3, 4)
    assert row(found, "contact_rate").now.value == 0.75


@pytest.mark.long
def test_year_end_in_paris_is_the_same_in_summer_time_offsets(folder: Path) -> None:
    """A period edge at UTC+2: 30 June 22:30 UTC is 1 July 00:30 in Paris, and belongs to July."""
    table = """
    | contact_id | created_at           | channel |
    | 1          | 2025-06-30T21:30:00Z | email   |
    | 2          | 2025-06-30T22:30:00Z | email   |
    """
    found = computed(folder, {"contacts.csv": table})
    months = {month.month: measure.value for month, measure in row(found, "contacts").series}
    assert (months[6], months[7]) == (1, 1)


REASONS = """
| contact_id | created_at          | channel | reason_raw         | body                                    |
| w1         | 2025-03-01 10:00:00 | email   | Où est ma commande |                                         |
| w2         | 2025-03-01 10:00:00 | chat    | Where is my order? |                                         |
| w3         | 2025-03-01 10:00:00 | email   |                    | Je n'ai toujours pas reçu ma commande   |
| w4         | 2025-03-01 10:00:00 | phone   | Retard de livraison |                                        |
| c1         | 2025-03-01 10:00:00 | email   | Réclamation        |                                         |
| i1         | 2025-03-01 10:00:00 | email   | Facture            |                                         |
| o1         | 2025-03-01 10:00:00 | email   | Zorglub            |                                         |
| none1      | 2025-03-01 10:00:00 | phone   |                    |                                         |
| none2      | 2025-03-01 10:00:00 | chat    | non qualifié       |                                         |
| none3      | 2025-03-01 10:00:00 | chat    | -                  |                                         |
"""


@pytest.mark.long
def test_reasons(folder: Path) -> None:
    """Ten contacts, six with a known reason (Zorglub is a word that nobody knows), four of them WISMO."""
    found = computed(folder, {"contacts.csv": REASONS, "orders.csv": ORDERS})
    assert fraction(found, "reason_coverage") == (6, 10)
    assert fraction(found, "wismo_share") == (4, 6), "w1 to w4, out of those with a known reason"
    assert fraction(found, "complaint_share") == (1, 6), "c1: a late parcel (w4) stays WISMO"
    assert fraction(found, "wismo_rate") == (4, 4), "four WISMO contacts, four orders placed in 2025"
    by = dict(facts(folder, "SELECT contact_id, reason_by FROM fact_contacts"))
    assert (by["w1"], by["w3"], by["none2"]) == ("vendor", "rule", "none")


@pytest.mark.long
def test_channel_mix(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": REASONS})
    parts = {part.key: (part.now.numerator, part.now.denominator) for part in row(found, "channel_mix").segments}
    assert parts == {"email": (5, 10), "chat": (3, 10), "phone": (2, 10)}
    assert row(found, "channel_mix").now.denominator == 10


@pytest.mark.long
def test_an_unknown_channel_is_not_a_channel(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel |
    | 1          | 2025-03-01 10:00:00 | email   |
    | 2          | 2025-03-01 10:00:00 |         |
    """
    mix = row(computed(folder, {"contacts.csv": table}), "channel_mix")
    assert [(part.key, part.now.numerator, part.now.denominator) for part in mix.segments] == [("email", 1, 1)]


# Promised for 10 March between 16:00 and 18:00 (90005), not at all (90004).
PARCELS = """
| parcel_id | order_ref | promised_from       | promised_to         | delivered_at        |
| p1        | 90005     | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 | 2025-03-12 09:00:00 |
| p2        | 90004     |                     |                     | 2025-03-12 09:00:00 |
"""
WISMO = """
| contact_id | created_at          | channel | order_ref | reason_raw         |
| before     | 2025-03-09 10:00:00 | email   | 90005     | Où est ma commande |
| at_end     | 2025-03-10 18:00:00 | email   | 90005     | Où est ma commande |
| after      | 2025-03-10 18:00:01 | phone   | 90005     | Où est ma commande |
| brought    | 2025-03-12 09:00:00 | phone   | 90005     | Où est ma commande |
| invoice    | 2025-03-09 10:00:00 | email   | 90005     | Facture            |
| no_promise | 2025-03-09 10:00:00 | email   | 90004     | Où est ma commande |
| unlinked   | 2025-03-09 10:00:00 | email   |           | Où est ma commande |
"""


def test_wismo_before_and_after_the_promise_and_the_delivery(folder: Path) -> None:
    found = computed(folder, {"orders.csv": ORDERS, "parcels.csv": PARCELS, "contacts.csv": WISMO})
    assert fraction(found, "wismo_early") == (2, 4), "before and at_end, out of the linked WISMO with a promise"
    assert fraction(found, "wismo_late") == (1, 4), "after"
    assert fraction(found, "wismo_delivered") == (1, 4), "brought, at the second of the delivery"
    assert fraction(found, "link_coverage") == (6, 7), "all but unlinked"


@pytest.mark.long
def test_wismo_of_which_nobody_knows_whether_the_parcel_had_come(folder: Path) -> None:
    """90005 was delivered on the day of the contact, at a time that is not recorded; 90004 may have come since the
    carrier's export, whose last record is of 8 March."""
    parcels = """
    | parcel_id | order_ref | promised_to         | delivered_at        | status     |
    | p1        | 90005     | 2025-03-07 18:00:00 | 2025-03-07          | delivered  |
    | p2        | 90004     | 2025-03-10 18:00:00 |                     | in transit |
    | p3        | 90003     | 2025-03-10 18:00:00 | 2025-03-08 10:00:00 | delivered  |
    """
    contacts = """
    | contact_id | created_at          | channel | order_ref | reason_raw         |
    | same_day   | 2025-03-07 08:00:00 | email   | 90005     | Où est ma commande |
    | day_after  | 2025-03-08 08:00:00 | email   | 90005     | Où est ma commande |
    | since      | 2025-03-20 12:00:00 | email   | 90004     | Où est ma commande |
    """
    exports = {"orders.csv": ORDERS, "parcels.csv": parcels, "contacts.csv": contacts}
    found = computed(folder, exports, as_of=None)
    parts = {name: fraction(found, f"wismo_{name}") for name in ("early", "late", "delivered")}
    assert parts == {"early": (0, 1), "late": (0, 1), "delivered": (1, 1)}


def test_wismo_about_what_came_before_its_promise_ended_is_not_early(folder: Path) -> None:
    """90005 was delivered at 9 on the day of its promise, 90001 on an unknown day: of that nobody knows which it is."""
    parcels = """
    | parcel_id | order_ref | promised_to         | delivered_at        | status    |
    | p1        | 90005     | 2025-03-10 18:00:00 | 2025-03-10 09:00:00 | delivered |
    | p2        | 90001     | 2025-03-10 18:00:00 |                     | delivered |
    """
    contacts = """
    | contact_id | created_at          | channel | order_ref | reason_raw         |
    | early      | 2025-03-10 08:00:00 | email   | 90005     | Où est ma commande |
    | noon       | 2025-03-10 12:00:00 | email   | 90005     | Où est ma commande |
    | nobody     | 2025-03-10 12:00:00 | email   | 90001     | Où est ma commande |
    """
    found = computed(folder, {"orders.csv": ORDERS, "parcels.csv": parcels, "contacts.csv": contacts})
    parts = {name: fraction(found, f"wismo_{name}") for name in ("early", "late", "delivered")}
    assert parts == {"early": (1, 2), "late": (0, 2), "delivered": (1, 2)}
    assert [note.code for note in row(found, "wismo_late").notes] == ["bounds_promise", "delivery_unknown"]


@pytest.mark.long
def test_a_ticket_that_mirrors_a_chat_counts_once(folder: Path) -> None:
    """The layout below reads chats as interactions that name their ticket: ticket 7 is the same episode."""
    chats = """
    name = "house-chats"
    title = "House chats"
    fills = "contacts"
    grain = "interaction"
    status = "verified"
    detect = ["chat", "ticket", "started"]
    zone = "account"
    [select]
    contact_id = 'text("chat")'
    case_id = 'text("ticket")'
    channel = "'chat'"
    created_at = 'instant("started")'
    """
    (folder / "layouts").mkdir()
    (folder / "layouts" / "house-chats.toml").write_text(chats, encoding="utf-8")
    tickets = """
    | contact_id | created_at          | channel |
    | 7          | 2025-03-01 10:01:00 | chat    |
    | 8          | 2025-03-01 10:01:00 | email   |
    """
    interactions = """
    | chat | ticket | started             |
    | c1   | 7      | 2025-03-01 10:00:00 |
    """
    found = computed(folder, {"contacts.csv": tickets, "chats.csv": interactions})
    assert row(found, "contacts").now.value == 2, "the chat and ticket 8"
