"""Links between contacts and the orders they are about: which, and by what."""

from pathlib import Path

import pytest

from tests.support import AS_OF, computed, facts, fraction, ingest_tables, settings

ORDERS = """
| order_ref | ordered_at          | customer | customer_phone |
| 608428726 | 2025-03-01 10:00:00 | a@x.fr   | 01 99 00 00 01 |
| 700000001 | 2024-01-01 10:00:00 | old@x.fr |                |
| 700000002 | 2025-03-01 10:00:00 | c@x.fr   |                |
| 700000003 | 2025-03-10 10:00:00 | c@x.fr   |                |
| 700000004 | 2025-03-01 10:00:00 | d@x.fr   |                |
| M0000005  | 2025-03-01 10:00:00 |          |                |
"""
PARCELS = """
| parcel_id | order_ref | promised_to | delivered_at |
| 1         | 700000004 | 2025-05-01  |              |
"""


# Contacts that name an order, that write its number, whose customer has one: each file is the subject of a test.
REFERENCES = """
| contact_id | created_at          | channel | order_ref   |
| plain      | 2025-03-05 10:00:00 | email   | 608428726   |
| written    | 2025-03-05 10:00:00 | email   | #608 428726 |
| lower      | 2025-03-05 10:00:00 | email   | m0000005    |
| late       | 2026-01-05 10:00:00 | email   | 608428726   |
| unknown    | 2025-03-05 10:00:00 | email   | 999999999   |
"""
TEXTS = """
| contact_id | created_at          | channel | subject                | body                               |
| subject    | 2025-03-05 10:00:00 | email   | Commande n° 608428726  | Bonjour                            |
| body       | 2025-03-05 10:00:00 | email   | Bonjour                | toujours rien pour la 608428726 !  |
| prefixed   | 2025-03-05 10:00:00 | email   | Commande M0000005      |                                    |
| too_old    | 2025-03-05 10:00:00 | email   | Commande 700000001     |                                    |
| no_order   | 2025-03-05 10:00:00 | email   | Rappelez le 0199000099 |                                    |
| not_yet    | 2025-02-01 10:00:00 | email   | Commande 608428726     |                                    |
"""
CUSTOMERS = """
| contact_id  | created_at          | channel | customer |
| inside      | 2025-03-31 11:00:00 | email   | A@X.fr   |
| outside     | 2025-03-31 11:00:01 | email   | a@x.fr   |
| before      | 2025-03-01 09:59:59 | email   | a@x.fr   |
| latest      | 2025-03-11 10:00:00 | email   | c@x.fr   |
| between     | 2025-03-09 10:00:00 | email   | c@x.fr   |
| promised    | 2025-05-15 10:00:00 | email   | d@x.fr   |
| forgotten   | 2025-05-17 10:00:00 | email   | d@x.fr   |
| stranger    | 2025-03-05 10:00:00 | email   | z@x.fr   |
| anonymous   | 2025-03-05 10:00:00 | email   |          |
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of these contacts."""
    folder = tmp_path_factory.mktemp("links")
    exports = {"orders.csv": ORDERS, "parcels.csv": PARCELS, "r.csv": REFERENCES, "t.csv": TEXTS, "c.csv": CUSTOMERS}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    return folder


def links(folder: Path, contacts: str = "") -> dict[object, tuple[object, object]]:
    """The order number (without its source) of each contact, or of each of a table, and what tied it to it."""
    found = facts(folder, "SELECT contact_id, replace(order_id, 'kpibar-orders/', ''), linked_by FROM fact_contacts")
    return {contact: (order, by) for contact, order, by in found if not contacts or f"| {contact} " in contacts}


def test_by_reference(place: Path) -> None:
    assert links(place, REFERENCES) == {
        "plain": ("608428726", "reference"),
        "written": ("608428726", "reference"),
        "lower": ("M0000005", "reference"),
        "late": ("608428726", "reference"),
        "unknown": (None, "none"),
    }


def test_by_a_number_in_the_text(place: Path) -> None:
    """The number must be that of an order, and the order at most 180 days older than the contact."""
    assert links(place, TEXTS) == {
        "subject": ("608428726", "text"),
        "body": ("608428726", "text"),
        "prefixed": ("M0000005", "text"),
        "too_old": (None, "none"),
        "no_order": (None, "none"),
        "not_yet": (None, "none"),
    }


def test_by_customer_and_time(place: Path) -> None:
    """30 days after the order or 14 days after its promise; of several orders the latest.

    Days are of 24 hours: the clocks having changed, the thirty of 1 March 10:00 end on 31 March at 11:00.
    """
    assert links(place, CUSTOMERS) == {
        "inside": ("608428726", "customer"),
        "outside": (None, "none"),
        "before": (None, "none"),
        "latest": ("700000003", "customer"),
        "between": ("700000002", "customer"),
        "promised": ("700000004", "customer"),
        "forgotten": (None, "none"),
        "stranger": (None, "none"),
        "anonymous": (None, "none"),
    }


def test_the_surest_link_wins(folder: Path) -> None:
    table = """
    | contact_id | created_at          | channel | order_ref | subject            | customer |
    | all        | 2025-03-11 10:00:00 | email   | M0000005  | Commande 608428726 | c@x.fr   |
    | two        | 2025-03-11 10:00:00 | email   |           | Commande 608428726 | c@x.fr   |
    | bad_ref    | 2025-03-11 10:00:00 | email   | 999999999 |                    | c@x.fr   |
    """
    found = computed(folder, {"orders.csv": ORDERS, "contacts.csv": table})
    assert links(folder) == {
        "all": ("M0000005", "reference"),
        "two": ("608428726", "text"),
        "bad_ref": ("700000003", "customer"),
    }
    assert fraction(found, "link_coverage") == (3, 3)


CALLS = """
| line | datetime (utc)          | direction | answered | missed_call_reason | duration (total) | duration (in call) | call id | from        |
| Care | 2025-03-05 09:00:00 UTC | inbound   | Yes      |                    | 100              | 100                | call    | 33199000001 |
"""  # noqa: E501
MAILS = """
| contact_id | created_at          | channel | customer |
| mail       | 2025-03-06 10:00:00 | email   | a@x.fr   |
"""


@pytest.mark.long
def test_a_call_reaches_the_order_through_the_shops_telephone_number(folder: Path) -> None:
    """The call of one day and the e-mail of the next are one customer's: the first contact did not resolve it."""
    found = computed(folder, {"orders.csv": ORDERS, "calls.csv": CALLS, "mails.csv": MAILS})
    assert links(folder) == {"call": ("608428726", "customer"), "mail": ("608428726", "customer")}
    assert facts(folder, "SELECT count(DISTINCT person_key) FROM fact_contacts") == [(1,)]
    assert fraction(found, "fcr_window") == (0, 1)


def test_a_number_shared_by_two_customers_names_neither(folder: Path) -> None:
    family = ORDERS + "| 700000009 | 2025-03-02 10:00:00 | b@x.fr | 0199000001 |\n"
    ingest_tables(folder, {"orders.csv": family, "calls.csv": CALLS, "mails.csv": MAILS}, settings(folder), AS_OF)
    assert links(folder) == {"call": (None, "none"), "mail": ("608428726", "customer")}


@pytest.mark.long
def test_two_brands_with_the_same_order_number(folder: Path) -> None:
    """Bleue's order is the older one, Rouge's the younger; each brand's contact goes to its own."""
    bleue = "order_ref,ordered_at\n90001,2025-03-01 10:00:00\n"
    rouge = "order_ref,ordered_at\n90001,2025-03-02 10:00:00\n"
    contacts = """
    | contact_id | created_at          | channel | brand | order_ref | subject        |
    | bleue      | 2025-03-05 10:00:00 | email   | Bleue | 90001     |                |
    | rouge      | 2025-03-05 10:00:00 | email   | Rouge | 90001     |                |
    | bleue_text | 2025-03-05 10:00:00 | email   | Bleue |           | Commande 90001 |
    | verte      | 2025-03-05 10:00:00 | email   | Verte | 90001     |                |
    | unknown    | 2025-03-05 10:00:00 | email   |       | 90001     |                |
    """
    parcels = """
    | parcel_id | order_ref | brand | promised_to | delivered_at        |
    | 1         | 90001     | Bleue | 2025-03-10  | 2025-03-09 10:00:00 |
    | 2         | 90001     | Rouge | 2025-03-10  | 2025-03-19 10:00:00 |
    """
    files = '[[files]]\nmatch = "bleue-*"\nbrand = "Bleue"\n[[files]]\nmatch = "rouge-*"\nbrand = "Rouge"\n'
    exports = {"bleue-orders.csv": bleue, "rouge-orders.csv": rouge, "parcels.csv": parcels, "contacts.csv": contacts}
    found = computed(folder, exports, files)
    assert links(folder) == {
        "bleue": ("Bleue/Bleue/90001", "reference"),
        "rouge": ("Rouge/Rouge/90001", "reference"),
        "bleue_text": ("Bleue/Bleue/90001", "text"),
        "verte": (None, "none"),
        "unknown": ("Rouge/Rouge/90001", "reference"),
    }
    assert facts(folder, "SELECT brand, late FROM fact_orders ORDER BY brand") == [("Bleue", False), ("Rouge", True)]
    assert fraction(found, "late_share") == (1, 2)


@pytest.mark.long
def test_one_file_of_two_brands_keeps_both_orders(folder: Path) -> None:
    """The same number in two brands of one file is two orders, not two versions of one."""
    orders = """
    | order_ref | ordered_at          | brand |
    | 90001     | 2025-03-01 10:00:00 | Bleue |
    | 90001     | 2025-03-02 10:00:00 | Rouge |
    """
    found = computed(folder, {"orders.csv": orders})
    assert fraction(found, "orders_placed")[0] == 2


SHAPES = """
| order_ref  | ordered_at          | customer | brand |
| #CB23001   | 2025-03-01 10:00:00 | a@x.fr   | Azur  |
| #CB23002   | 2025-03-01 10:00:00 | b@x.fr   | Azur  |
| #FR23002   | 2025-03-02 10:00:00 | c@x.fr   | Azur  |
| #CB23003   | 2023-03-01 10:00:00 | a@x.fr   | Azur  |
| #CB23004   | 2025-03-01 10:00:00 | a@x.fr   | Azur  |
| #BB23004   | 2025-03-01 10:00:00 | d@x.fr   | Bleu  |
| 00004100   | 2025-03-01 10:00:00 | e@x.fr   | Azur  |
| GN4324     | 2025-03-01 10:00:00 | e@x.fr   | Azur  |
| Her2071    | 2025-03-01 10:00:00 | e@x.fr   | Azur  |
| CMD-26754  | 2025-03-01 10:00:00 | e@x.fr   | Azur  |
| 75011      | 2025-03-01 10:00:00 | f@x.fr   | Azur  |
| 612345678  | 2025-03-01 10:00:00 | f@x.fr   | Azur  |
| 20250305   | 2025-03-01 10:00:00 | f@x.fr   | Azur  |
| 12345      | 2025-03-01 10:00:00 | f@x.fr   | Azur  |
"""


@pytest.mark.long
def test_by_the_digits_of_an_order_in_the_text(folder: Path) -> None:
    """Found where one order of the 180 days before alone has them; the letters a text gives must be the order's."""
    texts = {
        "digits": ("Commande n°23001 ?", "CB23001", "text digits"),
        "lower": ("order cb23001 not received", "CB23001", "text"),
        "apart": ("Ma commande CB 23 001", "CB23001", "text"),
        "part": ("Suivi de la 23001-1 svp", "CB23001", "text digits"),
        "hyphen": ("Commande CB-23001", "CB23001", "text"),
        "several": ("Commandes 23001 et 99999, depuis le 12/03/2025", "CB23001", "text digits"),
        "two": ("Commande n°23002", None, "none"),
        "letters": ("Commande FR23001", None, "none"),
        "old": ("Commande n°23003", None, "none"),
        "brands": ("Commande n°23004", None, "none"),
        "zeros": ("Commande 4100", "00004100", "text digits"),
        "short": ("Où est GN4324 ?", "GN4324", "text"),
        "name": ("où est her2071", "Her2071", "text"),
        "no hyphen": ("Reçu CMD26754 ?", "CMD-26754", "text"),
        "polite": ("23001 Merci d'avance", "CB23001", "text digits"),
    }
    rows = "".join(f"| {name} | 2025-03-05 10:00:00 | email | {text} |\n" for name, (text, *_) in texts.items())
    contacts = f"| contact_id | created_at | channel | subject |\n{rows}"
    found = computed(folder, {"orders.csv": SHAPES, "contacts.csv": contacts})
    # Eleven of the fifteen contacts are linked.
    assert fraction(found, "link_coverage") == (11, 15)
    assert _numbers(folder) == {name: (order, by) for name, (_, order, by) in texts.items()}


def _numbers(folder: Path) -> dict[object, tuple[object, object]]:
    found = facts(
        folder,
        "SELECT c.contact_id, ltrim(o.order_ref, '#'), c.linked_by FROM fact_contacts c LEFT JOIN fact_orders o "
        "USING (order_id)",
    )
    return {contact: (order, by) for contact, order, by in found}


@pytest.mark.long
def test_digits_never_outweigh_another_customer(folder: Path) -> None:
    """A postcode, a telephone number, a day, an amount that equal an order's number; a@x.fr has an order of his own."""
    texts = {
        "postcode": ("Livrer au 75011 Paris svp", "a@x.fr", "CB23004", "customer"),
        "bare": ("75011 paris", "a@x.fr", "CB23004", "customer"),
        "telephone": ("Rappelez-moi au 0612345678", "a@x.fr", "CB23004", "customer"),
        "number": ("tel 612345678", "a@x.fr", "CB23004", "customer"),
        "day": ("reçu le 20250305", "a@x.fr", "CB23004", "customer"),
        "amount": ("remboursement de 12345 €", "a@x.fr", "CB23004", "customer"),
        "price": ("payé 12345,00", "", None, "none"),
        "town": ("75011 Paris", "", None, "none"),
        "unknown": ("toujours rien pour 12345", "", "12345", "text"),
        "equal": ("toujours rien pour 75011", "f@x.fr", "75011", "text"),
        "for another": ("Commande n° 75011 de ma mère", "a@x.fr", "75011", "text"),
        "own of two": ("Commande n°23002", "b@x.fr", "CB23002", "text digits"),
        "alone": ("12345", "a@x.fr", "12345", "text"),
    }
    rows = "".join(
        f"| {name} | 2025-03-05 10:00:00 | email | {text} | {customer} |\n"
        for name, (text, customer, *_) in texts.items()
    )
    contacts = f"| contact_id | created_at | channel | subject | customer |\n{rows}"
    found = computed(folder, {"orders.csv": SHAPES, "contacts.csv": contacts})
    # Eleven of the thirteen contacts are linked, six of them by their customer's own order.
    assert fraction(found, "link_coverage") == (11, 13)
    numbers = _numbers(folder)
    # Of the two orders of one minute the first by number is taken.
    expected = {
        name: (order and order.replace("CB23004", "CB23001") if by == "customer" else order, by)
        for name, (_, _, order, by) in texts.items()
    }
    assert numbers == expected


@pytest.mark.long
def test_by_the_digits_of_a_reference(folder: Path) -> None:
    """Zeros that a spreadsheet took from tickets and parcels: each finds its order; a promise kept is not late."""
    orders = """
    | order_ref | ordered_at          | customer |
    | 00004100  | 2025-03-01 10:00:00 | a@x.fr   |
    | 00004101  | 2025-03-01 10:00:00 | b@x.fr   |
    | #CB4102   | 2025-03-01 10:00:00 | c@x.fr   |
    | #FR4102   | 2025-03-01 10:00:00 | d@x.fr   |
    """
    contacts = """
    | contact_id | created_at          | channel | order_ref |
    | zeros      | 2025-03-05 10:00:00 | email   | 4100      |
    | exact      | 2025-03-05 10:00:00 | email   | 00004101  |
    | two        | 2025-03-05 10:00:00 | email   | 4102      |
    | old        | 2026-01-05 10:00:00 | email   | 4100      |
    """
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | p1        | 4100      | 2025-03-04  | 2025-03-04 10:00:00 |
    | p2        | 4101      | 2025-03-04  | 2025-03-05 10:00:00 |
    | p3        | 4102      | 2025-03-04  | 2025-03-05 10:00:00 |
    """
    computed(folder, {"orders.csv": orders, "contacts.csv": contacts, "parcels.csv": parcels})
    assert _numbers(folder) == {
        "zeros": ("00004100", "reference digits"),
        "exact": ("00004101", "reference"),
        "two": ("4102", "reference"),
        "old": (None, "none"),
    }
    late = facts(folder, "SELECT order_ref, late FROM fact_orders WHERE promised ORDER BY 1")
    assert late == [("00004100", False), ("00004101", True), ("4102", True)]
