"""Which contacts are about the same matter, where a reason or an order is not recorded; tests/identity_worlds.py."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kpibar.load.outcome import Outcome
from kpibar.measure.report import Barometer
from tests.identity_worlds import WORLDS, score_sample, score_world
from tests.support import AS_OF, computed, facts, fraction, ingest_tables, row, settings

ORDERS = """
| order_ref | ordered_at          | customer |
| 700000001 | 2025-02-20 10:00:00 | g@x.fr   |
| 700000002 | 2025-02-25 10:00:00 | i@x.fr   |
| 700000003 | 2025-02-28 10:00:00 | i@x.fr   |
"""
CONTACTS = """
| contact_id | created_at          | channel | customer | order_ref | reason_raw |
| a1         | 2025-03-01 10:00:00 | email   | a@x.fr   |           | Retour     |
| a2         | 2025-03-03 10:00:00 | phone   | a@x.fr   |           |            |
| b1         | 2025-03-01 10:00:00 | phone   | b@x.fr   |           |            |
| b2         | 2025-03-03 10:00:00 | email   | b@x.fr   |           | Facture    |
| c1         | 2025-03-01 10:00:00 | email   | c@x.fr   |           | Retour     |
| c2         | 2025-03-02 10:00:00 | email   | c@x.fr   |           | Facture    |
| d1         | 2025-03-01 10:00:00 | email   | d@x.fr   |           | Retour     |
| d2         | 2025-03-02 10:00:00 | email   | d@x.fr   |           |            |
| d3         | 2025-03-05 10:00:00 | email   | d@x.fr   |           | Facture    |
| e1         | 2025-03-01 10:00:00 | email   | e@x.fr   |           |            |
| e2         | 2025-03-02 10:00:00 | email   | e@x.fr   |           |            |
| f1         | 2025-03-01 10:00:00 | email   | f@x.fr   |           | Retour     |
| f2         | 2025-03-08 10:00:01 | email   | f@x.fr   |           |            |
| g1         | 2025-03-01 10:00:00 | email   | g@x.fr   | 700000001 | Retour     |
| g2         | 2025-03-02 10:00:00 | email   | h@x.fr   | 700000001 | Retour     |
| i1         | 2025-03-02 10:00:00 | email   | i@x.fr   | 700000002 | Retour     |
| i2         | 2025-03-04 10:00:00 | email   | i@x.fr   |           |            |
| i3         | 2025-03-05 10:00:00 | email   | i@x.fr   | 700000003 | Retour     |
| i4         | 2025-03-20 10:00:00 | email   | i@x.fr   |           | Facture    |
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Barometer]:
    folder = tmp_path_factory.mktemp("identity")
    return folder, computed(folder, {"contacts.csv": CONTACTS, "orders.csv": ORDERS})


def test_a_follow_up_repeats_what_it_can_be_about(place: tuple[Path, Barometer]) -> None:
    """a2 has no reason, b1 gets the one of b2; c2 has another reason. d2 is nearer to d1 than to d3, which is alone.

    e1 and e2 may be about anything, but the same. f2 came a second after the week. g@ and h@ write about one order.
    i2 names none of the customer's two orders: that of i3, a day later, is nearer than that of i1, two days before.
    """
    repeats = facts(place[0], "SELECT contact_id FROM fact_contacts WHERE gap_previous_s <= 604800 ORDER BY 1")
    assert [name for (name,) in repeats] == ["a2", "b2", "d2", "e2", "g2", "i3"]
    assert fraction(place[1], "repeat_rate") == (6, 19)


def test_the_reason_a_contact_is_taken_to_have(place: tuple[Path, Barometer]) -> None:
    reasons = facts(
        place[0], "SELECT contact_id, reason, issue_reason FROM fact_contacts WHERE reason IS NULL ORDER BY 1"
    )
    assert reasons == [
        ("a2", None, "return"),
        ("b1", None, "invoice"),
        ("d2", None, "return"),
        ("e1", None, None),
        ("e2", None, None),
        ("f2", None, None),
        ("i2", None, "return"),
    ]


def test_the_order_a_contact_is_taken_to_be_about(place: tuple[Path, Barometer]) -> None:
    """i2 is about the order that i3 names. i4 comes weeks after all others: it is about the latest order."""
    orders = facts(
        place[0],
        "SELECT contact_id, right(order_id, 1), linked_by FROM fact_contacts WHERE contact_id LIKE 'i%' ORDER BY 1",
    )
    assert orders == [
        ("i1", "2", "reference"),
        ("i2", "3", "customer"),
        ("i3", "3", "reference"),
        ("i4", "3", "customer"),
    ]


def test_what_rests_on_a_supposed_reason_bounds_the_figures(folder: Path) -> None:
    """Four contacts: a2 repeats a1 if it is about the return; c2 is about something else.

    Three issues, one of a@ and two of c@: that of a@ was resolved at once if a2 is about something else.
    """
    rows = [line for line in CONTACTS.splitlines() if line[:4] in ("", "| co", "| a1", "| a2", "| c1", "| c2")]
    found = computed(folder, {"contacts.csv": "\n".join(rows)})
    assert fraction(found, "repeat_rate") == (1, 4)
    assert fraction(found, "fcr_window") == (2, 3)
    bounds = {kpi: row(found, kpi).now.bounds for kpi in ("repeat_rate", "fcr_window", "ocr")}
    assert {kpi: bound and (bound.low, bound.high) for kpi, bound in bounds.items()} == {
        "repeat_rate": (0, 1 / 4),
        "fcr_window": (2 / 3, 1),
        "ocr": (0, 0),
    }
    (note,) = row(found, "repeat_rate").notes
    assert (note.code, note.values["doubtful"]) == ("bounds_matter", 1)


REASONS = (None, "Retour", "Facture")


def journeys(count: int) -> dict[int, list[tuple[int, str | None]]]:
    """So many customers with up to five contacts: the day of each, and its reason."""
    random = Random(7)
    return {
        number: sorted(
            ((day, random.choice(REASONS)) for day in random.sample(range(20), random.randint(1, 5))),
            key=lambda contact: contact[0],
        )
        for number in range(count)
    }


def count_repeats(journey: list[tuple[int, str]]) -> int:
    """The contacts that follow another one of the same reason within seven days."""
    return sum(
        any(reason == earlier and day - before <= 7 for before, earlier in journey[:place])
        for place, (day, reason) in enumerate(journey)
    )


def test_the_bounds_hold_whatever_the_unknown_reasons_are(folder: Path) -> None:
    """Every way to fill in the reasons of a customer's contacts gives as many repeats as the bounds allow."""
    drawn = journeys(60)
    rows = "".join(
        f"{number}-{day},2025-03-{day + 1:02} 10:00:00,email,c{number}@x.fr,{reason or ''}\n"
        for number, journey in drawn.items()
        for day, reason in journey
    )
    exports = {"contacts.csv": "contact_id,created_at,channel,customer,reason_raw\n" + rows}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    found = facts(
        folder,
        "SELECT split_part(contact_id, '-', 1), count(*) FILTER (WHERE certain_gap_previous_s <= 604800), "
        "count(*) FILTER (WHERE gap_previous_s <= 604800 OR possible_gap_previous_s <= 604800) "
        "FROM fact_contacts GROUP BY 1",
    )
    least_seen = False
    for number, low, high in found:
        journey = drawn[int(number)]
        fillings = product(*([reason] if reason else ["Retour", "Facture", "other"] for _, reason in journey))
        counts = [count_repeats([(day, reason) for (day, _), reason in zip(journey, filling, strict=True)])
                  for filling in fillings]  # fmt: skip
        assert low <= min(counts), (journey, low, min(counts))
        assert max(counts) <= high, (journey, high, max(counts))
        least_seen |= low == min(counts) and high > low
    assert least_seen


def test_an_order_that_was_placed_later_is_not_what_an_earlier_contact_is_about(folder: Path) -> None:
    orders = """
    | order_ref | ordered_at          | customer |
    | 700000001 | 2025-02-20 10:00:00 | g@x.fr   |
    | 700000002 | 2025-03-03 10:00:00 | g@x.fr   |
    """
    contacts = """
    | contact_id | created_at          | channel | customer | order_ref | reason_raw |
    | g1         | 2025-03-01 10:00:00 | email   | g@x.fr   |           | Retour     |
    | g2         | 2025-03-04 10:00:00 | email   | g@x.fr   | 700000002 | Retour     |
    """
    ingest_tables(folder, {"contacts.csv": contacts, "orders.csv": orders}, settings(folder), AS_OF)
    found = facts(folder, "SELECT right(order_id, 1), gap_previous_s FROM fact_contacts ORDER BY contact_id")
    assert found == [("1", None), ("2", None)]


def test_of_two_orders_that_a_contact_names_the_surer_one_is_lent(folder: Path) -> None:
    contacts = """
    | contact_id | created_at          | channel | customer | order_ref | subject              | reason_raw |
    | i1         | 2025-03-02 10:00:00 | email   | i@x.fr   | 700000002 | et commande 700000003 | Retour     |
    | i2         | 2025-03-03 10:00:00 | email   | i@x.fr   |           |                      | Retour     |
    """
    ingest_tables(folder, {"contacts.csv": contacts, "orders.csv": ORDERS}, settings(folder), AS_OF)
    assert facts(folder, "SELECT right(order_id, 1) FROM fact_contacts ORDER BY contact_id") == [("2",), ("2",)]


def pairs(count: int, second: str) -> str:
    """So many customers who write about a return, and two days later about something else."""
    return "".join(
        f"| p{number}-1 | 2025-03-01 10:00:00 | email | p{number}@x.fr | Retour |\n"
        f"| p{number}-2 | 2025-03-03 10:00:00 | email | p{number}@x.fr | {second} |\n"
        for number in range(count)
    )


@pytest.mark.parametrize(("differ", "repeats"), [(11, 0), pytest.param(10, 1, marks=pytest.mark.long)])
def test_where_contacts_mostly_differ_an_unknown_reason_is_not_supposed(
    folder: Path, differ: int, repeats: int
) -> None:
    """Ten pairs are assumed to agree: 10 of 20 do, half of them; of 21 fewer than half."""
    head = "| contact_id | created_at | channel | customer | reason_raw |\n"
    contacts = f"{head}{pairs(differ, 'Facture')}" + pairs(1, " ").replace("p0", "last")
    found = computed(folder, {"contacts.csv": contacts})
    assert fraction(found, "repeat_rate") == (repeats, 2 * differ + 2)
    bounds = row(found, "repeat_rate").now.bounds
    assert bounds is not None
    assert (bounds.low, bounds.high) == (0, 1 / (2 * differ + 2)), "it may be a repeat, or not"


@pytest.mark.parametrize(
    ("last", "mature", "young"),
    [
        pytest.param("22/12/2025", 1, 1, id="a second contact of 16 December may come on it"),
        pytest.param("15/03/2025", 2, 0, id="given up", marks=pytest.mark.long),
    ],
)
def test_a_first_contact_is_mature_when_every_tool_of_the_brand_says_so(
    folder: Path, last: str, mature: int, young: int
) -> None:
    """The e-mails reach until 10 January, the other helpdesk until its last day: of 22 December seven days before are
    the 15th. A tool that ends long before holds nothing back."""
    contacts = """
    | contact_id | created_at          | channel | customer | reason_raw |
    | old        | 2025-12-14 10:00:00 | email   | a@x.fr   | Retour     |
    | young      | 2025-12-16 10:00:00 | email   | b@x.fr   | Retour     |
    | last       | 2026-01-10 10:00:00 | email   | c@x.fr   | Retour     |
    """
    head = "reference;date;canal;motif_parent;motif;element_de_qualification"
    easiware = f"{head}\nEW1;01/03/2025 10:00;Email;Facture;;\nEW2;{last} 10:00;Email;Facture;;\n"
    found = computed(folder, {"contacts.csv": contacts, "easiware.csv": easiware}, as_of=None)
    now = row(found, "fcr_window").now
    assert (now.denominator, now.immature) == (mature, young)


@pytest.mark.long
def test_repeats_of_the_sample(sample: tuple[Path, list[Outcome]]) -> None:
    """Two of three true repeats are seen: of the others the contact or the one before has no known customer."""
    found = score_sample(sample[0])
    assert found.contacts > 5_800
    assert found.recall > 0.68
    assert found.precision > 0.99


@pytest.mark.long
@pytest.mark.parametrize(
    ("world", "recall", "precision"),
    [("ordinary", 0.72, 0.90), ("few second matters", 0.72, 0.95), ("few repeats", 0.64, 0.58)],
)
def test_repeats_of_worlds(folder: Path, world: str, recall: float, precision: float) -> None:
    found = score_world(folder, world, WORLDS[world])
    assert found.recall > recall
    assert found.precision > precision
