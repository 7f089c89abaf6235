"""Identifiers that spreadsheets and mail programs changed: put right where that is certain, else rejected."""

from collections import Counter
from pathlib import Path

import pytest

from kpibar.load.errors import TooManyRejects
from kpibar.load.outcome import limit
from tests.intake import column, held, take, take_text, write

HEADER = "contact_id,created_at,channel,customer,customer_phone,order_ref,agent\n"


def _contacts(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def _row(number: str, customer: str = "", phone: str = "", order: str = "", agent: str = "") -> str:
    cells = [number, "2025-03-01 10:00:00", "email", customer, phone, order, agent]
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def _remarks(folder: Path) -> set[tuple[str, str, int]]:
    return {(code, about, int(n)) for code, about, n in held(folder, "SELECT code, about, records FROM remarks")}


# --- one reading is certain ----------------------------------------------------------------------------

CHANGED = (
    "'{}", '="{}"', "={}", '=HYPERLINK("https://example.org/t/{0}","{0}")',
    '=LIEN_HYPERTEXTE("https://example.org/t/{0}";"{0}")', '"{}"', "\ufeff{}", "{}\u200b", "\u202a{}\u202c", "\u00ad{}",
)  # fmt: skip
DECIMALS = ("{}.0", "{},0", "{}.00")


@pytest.mark.long
def test_a_number_is_the_same_record_in_the_form_of_a_spreadsheet(folder: Path) -> None:
    """Ten tickets, exported again through spreadsheets: ten tickets and ten order references."""
    numbers = [f"4821{n}" for n in range(10)]
    paths = [write(folder, "january.csv", _contacts(*(_row(n, f"c{n}@example.org", order=n) for n in numbers)))]
    for place, forms in enumerate((CHANGED, *((form,) * 10 for form in DECIMALS))):
        cells = [form.format(n) for form, n in zip(forms, numbers, strict=True)]
        rows = [_row(cell, f"c{n}@example.org", order=cell) for n, cell in zip(numbers, cells, strict=True)]
        paths.append(write(folder, f"again-{place}.csv", _contacts(*rows)))
    for outcome in take(folder, *paths)[1:]:
        assert (outcome.counts.added, outcome.counts.unchanged, outcome.counts.rejected) == (0, 10, 0), outcome.path
        remarks = Counter[str]()
        for remark in outcome.remarks:
            remarks[remark.about.split(" ")[0]] += remark.records
        assert remarks == {"contact_id": 10, "order_ref": 10}, outcome.path
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == numbers
    assert column(folder, "SELECT order_ref FROM contacts ORDER BY 1") == numbers


PEOPLE = (
    "jean@example.org", "JEAN@Example.ORG", "Jean Dupont (jean@example.org)", '"Jean Dupont" <jean@example.org>',
    "Jean <jean@example.org>", "<jean@example.org>", "mailto:jean@example.org", "jean@example.org;",
    "jean@example.org (Jean Dupont)", "'jean@example.org'", '="jean@example.org"', "jean@example.org\u200b",
    '=HYPERLINK("mailto:jean@example.org","jean@example.org")', "Jean@example.org <jean@example.org>",
)  # fmt: skip


def test_an_address_is_one_customer_whatever_stands_around_it(folder: Path) -> None:
    others = ("o'jean@example.org", "jean@example.com", "jean@example.org, paul@example.org", "xjean@example.org")
    take_text(folder, _contacts(*(_row(f"t{n}", person) for n, person in enumerate((*PEOPLE, *others)))))
    counts = dict(held(folder, "SELECT customer_key, count(*) FROM contacts GROUP BY 1"))
    assert sorted(counts.values()) == [1, 1, 1, 1, len(PEOPLE)]
    remarks = {about: n for code, about, n in _remarks(folder) if code in ("identifier_restored", "identifier_alike")}
    assert remarks["customer (a name around an e-mail address)"] == 8
    assert sum(remarks.values()) == len(PEOPLE) - 2


TELEPHONES = (
    "0612345678", "612345678", "+33 6 12 34 56 78", "0033612345678", "33612345678", "06 12 34 56 78", "612345678.0",
    "'0612345678", "\u202a+33612345678\u202c", '="0612345678"', "06.12.34.56.78", "33612345678.0",
)  # fmt: skip


def test_a_telephone_is_one_customer_with_and_without_its_first_0(folder: Path) -> None:
    rows = [_row(f"t{n}", phone=phone) for n, phone in enumerate((*TELEPHONES, "+32 612 34 56 78", "61234567"))]
    outcome = take_text(folder, _contacts(*rows))
    counts = dict(held(folder, "SELECT customer_alias_key, count(*) FROM contacts GROUP BY 1"))
    assert sorted(counts.values()) == [1, 1, len(TELEPHONES)]
    assert ("customer_phone (telephone numbers without their first 0)", 2) in {
        (remark.about, remark.records) for remark in outcome.remarks
    }


@pytest.mark.long
def test_nine_digits_are_a_telephone_only_where_the_column_is_one(folder: Path) -> None:
    """Customers by number: 612345678 is no telephone, though another column has 0612345678."""
    take_text(
        folder,
        _contacts(_row("t1", "612345678", "0612345678"), _row("t2", "A-77", "0712345678"), _row("t3", "123456789")),
    )
    keys = held(folder, "SELECT customer_key, customer_alias_key FROM contacts ORDER BY contact_id")
    assert keys[0][0] not in {alias for _, alias in keys}
    assert len({key for key, _ in keys}) == 3


@pytest.mark.long
def test_thousands_are_set_apart_in_the_whole_column_or_the_record_is_rejected(folder: Path) -> None:
    rows = [_row(f"t{n}", order=order) for n, order in enumerate(("48 217", "48 218", "917", "1 048 219"))]
    take_text(folder, _contacts(*rows), name="whole.csv")
    assert column(folder, "SELECT order_ref FROM contacts ORDER BY contact_id") == ["48217", "48218", "917", "1048219"]
    mixed = [_row(f"u{n}", order=order) for n, order in enumerate(("48,217", "48218", "48219", "C-1"))]
    outcome = take_text(folder, _contacts(*mixed), name="mixed.csv", max_rejects=limit("50%"))
    assert (outcome.counts.added, outcome.counts.rejected) == (3, 1)
    assert 'column "order_ref" is a number with other characters in it' in outcome.first_rejects[0]


@pytest.mark.long
def test_identifiers_of_their_own_form_stay_as_they_are(folder: Path) -> None:
    """Versions, lists, names: 1.0 beside 1.5 is no number that became one; agents with an apostrophe keep it."""
    rows = [
        _row("1.0", "'t Hart", order="CB-22.0", agent="Hélène 't Hart"),
        _row("1.5", "Jean Paul", order="#1001", agent="O'Brien"),
        _row("2.0", "ID-7.0", order="2024.117", agent="Renée"),
    ]
    outcome = take_text(folder, _contacts(*rows))
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["1.0", "1.5", "2.0"]
    assert column(folder, "SELECT order_ref FROM contacts ORDER BY contact_id") == ["CB-22.0", "#1001", "2024.117"]
    assert column(folder, "SELECT count(DISTINCT customer_key) + count(DISTINCT agent_key) FROM contacts") == [6]
    assert not outcome.remarks


@pytest.mark.long
def test_zeros_in_front_are_those_of_the_files_before(folder: Path) -> None:
    """Tickets of January with their zeros, of February without, and the other way round; numbers of one width stay."""
    padded, bare = [f"0000{n}" for n in range(4100, 4110)], [f"{n}" for n in range(4100, 4115)]
    take_text(folder, _contacts(*map(_row, padded)), name="january.csv", brand="A")
    outcome = take_text(folder, _contacts(*map(_row, bare)), name="february.csv", brand="A")
    assert (outcome.counts.added, outcome.counts.unchanged) == (5, 10)
    assert ("contact_id (zeros in front)", 15) in {(remark.about, remark.records) for remark in outcome.remarks}
    take_text(folder, _contacts(*map(_row, bare[1:])), name="bare.csv", brand="B")
    outcome = take_text(folder, _contacts(*map(_row, padded[1:])), name="padded.csv", brand="B")
    assert (outcome.counts.added, outcome.counts.unchanged) == (0, 9)
    take_text(folder, _contacts(*map(_row, ("12345678", "23456789"))), name="one.csv", brand="C")
    take_text(folder, _contacts(*map(_row, ("01234567", "45678901"))), name="two.csv", brand="C")
    assert column(folder, "SELECT min(contact_id) FROM contacts WHERE brand = 'C'") == ["01234567"]


@pytest.mark.long
@pytest.mark.parametrize(("first", "second"), [("", "#"), ("#", ""), ("CB", "#CB")])
def test_a_sign_in_front_is_that_of_the_files_before(folder: Path, first: str, second: str) -> None:
    """Ten orders and tickets, then the last five of them and five more with another sign: fifteen, and five known."""
    before, after = [f"{first}{n}" for n in range(1030, 1040)], [f"{second}{n}" for n in range(1035, 1045)]
    for file, numbers, kept in (("january", before, 0), ("february", after, 5)):
        outcome = take_text(folder, _contacts(*map(_row, numbers)), name=f"tickets-{file}.csv")
        assert (outcome.counts.added, outcome.counts.unchanged) == (10 - kept, kept)
        rows = "".join(f"{number},2025-03-01 10:00:00\n" for number in numbers)
        outcome = take_text(folder, "order_ref,ordered_at\n" + rows, name=f"orders-{file}.csv")
        assert (outcome.counts.added, outcome.counts.unchanged) == (10 - kept, kept)
    assert ("identifier_alike", "order_ref (# in front)", 10) in {
        (remark.code, remark.about, remark.records) for remark in outcome.remarks
    }
    assert column(folder, "SELECT DISTINCT starts_with(order_ref, '#') FROM orders") == [first.startswith("#")]


@pytest.mark.long
def test_numbers_of_both_signs_in_one_file_stay(folder: Path) -> None:
    """#7 and 7 of one file are two tickets, after a file of one sign too."""
    take_text(folder, _contacts(*map(_row, ("1", "2"))), name="one.csv")
    take_text(folder, _contacts(*map(_row, ("#7", "7"))), name="two.csv")
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["#7", "1", "2", "7"]


@pytest.mark.long
@pytest.mark.parametrize(("asked", "order", "parcel"), [("#1036", "1036", "#1036"), ("1036", "#1036", "1036")])
def test_references_to_orders_join_with_and_without_sign(folder: Path, asked: str, order: str, parcel: str) -> None:
    take_text(folder, _contacts(_row("1", order=asked)), name="tickets.csv")
    take_text(folder, f"order_ref,ordered_at\n{order},2025-02-20 10:00:00\n", name="orders.csv")
    head = "parcel_id,order_ref,promised_to,delivered_at\n"
    take_text(folder, head + f"P1,{parcel},2025-02-25,2025-02-24 10:00:00\n", name="parcels.csv")
    keys = "SELECT order_key FROM {} UNION ALL ".format
    sql = keys("contacts") + keys("orders") + "SELECT order_key FROM parcels"
    assert len(set(column(folder, sql))) == 1


def test_a_failed_order_name_rejects_every_line(folder: Path) -> None:
    """Lines of orders whose name is an error are no order of many lines: each is rejected."""
    head = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name\n"
    names = ["#1001", "#1001", "#REF!", "#REF!", "#REF!"]
    lines = [f"{name},a@x.fr,paid,fulfilled,2025-03-0{n + 1} 10:00:00 +0100,1,Vase\n" for n, name in enumerate(names)]
    lines[1] = "#1001,,,,,1,Vase\n"
    outcome = take_text(folder, head + "".join(lines), max_rejects=limit("90%"))
    assert (outcome.counts.added, outcome.counts.folded, outcome.counts.rejected) == (1, 1, 3)
    assert column(folder, "SELECT line FROM rejects ORDER BY 1") == [4, 5, 6]


# --- no reading is certain: rejected, with line and reason ------------------------------------------------

ERRORS = (
    "#NOM?", "#NAME?", "#VALEUR!", "#WERT!", "#BEZUG!", "#REF!", "#DIV/0!", "#¿NOMBRE?", "#¡VALOR!", "#¡REF!",
    "#NOME?", "#VALORE!", "#RIF!", "#NAAM?", "#WAARDE!", "#VERW!", "#DEEL/0!", "#VALOR!", "#NÚM!", "#####", "#ERROR!",
    "4,8217E+04", "6,08E+08", "=A2&B2",
)  # fmt: skip


@pytest.mark.long
def test_an_error_of_a_spreadsheet_is_no_identifier(folder: Path) -> None:
    sound = [_row(f"t{n}", f"c{n}@example.org") for n in range(3)]
    broken = [
        _row(**{"number": f"{place}{n}", place: error})
        for place in ("number", "customer", "phone", "order", "agent")
        for n, error in enumerate(ERRORS)
    ]
    outcome = take_text(folder, _contacts(*sound, *broken), max_rejects=limit("99%"))
    assert (outcome.counts.added, outcome.counts.rejected) == (3, 5 * len(ERRORS))
    assert column(folder, "SELECT line FROM rejects ORDER BY 1") == list(range(5, 5 + 5 * len(ERRORS)))
    assert all("spreadsheet" in reason for reason in column(folder, "SELECT reason FROM rejects"))


@pytest.mark.long
def test_a_search_that_failed_says_that_nothing_is_there(folder: Path) -> None:
    """#N/A, in German, Spanish, Dutch and Danish: no customer is named, as in an empty cell."""
    rows = [_row(f"t{n}", word) for n, word in enumerate(("#N/A", "#NV", "#N/D", "#N/B", "#I/T", ""))]
    outcome = take_text(folder, _contacts(*rows))
    assert outcome.counts.added == 6
    assert column(folder, "SELECT count(customer_key) FROM contacts") == [0]


def test_a_column_of_errors_refuses_the_file(folder: Path) -> None:
    rows = [_row(f"t{n}", "#NOM?" if n % 2 else f"c{n}@example.org") for n in range(30)]
    outcome = take(folder, write(folder, "half.csv", _contacts(*rows)))[0]
    assert isinstance(outcome.error, TooManyRejects)


@pytest.mark.long
def test_two_writings_of_one_number_in_a_file_are_not_merged(folder: Path) -> None:
    rows = [_row("48217"), _row("48217.0"), _row("48218.0"), _row("'48219"), _row('="48219"')]
    outcome = take_text(folder, _contacts(*rows), max_rejects=limit("99%"))
    assert (outcome.counts.added, outcome.counts.rejected) == (2, 3)
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["48217", "48218"]
    assert column(folder, "SELECT line FROM rejects ORDER BY 1") == [3, 5, 6]
    assert all("written in two ways" in reason for reason in column(folder, "SELECT reason FROM rejects"))


# --- nobody ------------------------------------------------------------------------------------------------

NOBODY = (
    "anonymous", "Anonyme", "UNKNOWN", "inconnu", "n/a", "noreply@shop.example", "no-reply@shop.example",
    "ne-pas-repondre@shop.example", "test@test", "test@test.com", "-", "?", "guest", "Invité", "unbekannt",
    "MAILER-DAEMON@mx.example.org", "sansmail@shop.example", "xxx@xxx.xx",
    "Client divers", "client web", "CLIENT COMPTOIR", "pas d'email", "Pas de mail", "walk-in", "Laufkundschaft",
    "aucun@aucun.com", "Aucune@gmail.com", "toto@toto.fr", "azerty@azerty.com",
)  # fmt: skip


def test_a_word_for_nobody_is_no_customer(folder: Path) -> None:
    """Each word on two contacts: none of them is a customer who came back; people with like names are."""
    people = (
        "nora@example.org", "marie.test@example.org", "Guestin", "anonta@example.org", "noreplya", "Clientele SA",
        "dupont@dupont.fr", "toto@example.org", "Client Diverse Ltd", "walker@example.org", "aucuneau@example.org",
    )  # fmt: skip
    rows = [_row(f"t{n}", person) for n, person in enumerate((*NOBODY, *NOBODY, *people))]
    take_text(folder, _contacts(*rows))
    assert column(folder, "SELECT count(*) FROM contacts WHERE customer_key IS NULL") == [2 * len(NOBODY)]
    assert column(folder, "SELECT count(DISTINCT customer_key) FROM contacts") == [len(people)]
    # n/a and - say themselves that nothing is there.
    assert ("identifier_nobody", "customer", 2 * len(NOBODY) - 4) in _remarks(folder)


@pytest.mark.long
def test_a_number_for_nobody_is_no_customer_where_several_have_it(folder: Path) -> None:
    numbers = ("0000000000", "00 00 00 00 00", "+33000000000", "0600000000", "9999999999", "0")
    rows = [_row(f"{number}-{n}", phone=number) for number in numbers for n in range(3)]
    rows += [_row(f"s{n}", phone=phone) for n, phone in enumerate(("0612345678", "0612345678", "0", "0140000000"))]
    take_text(folder, _contacts(*rows).replace("0-0,", "z0,"))
    assert column(folder, "SELECT count(DISTINCT customer_alias_key) FROM contacts") == [2]


@pytest.mark.sample(1)
@pytest.mark.parametrize("sign", [" ", "\u202f", "'", "’"])
def test_thousands_set_apart_by_blanks_are_one_customer_with_those_that_are_not(folder: Path, sign: str) -> None:
    """12345 came once with its thousands set apart, beside customers of up to six digits."""
    people = (f"12{sign}345", "12345", "7", "123456", f"123{sign}456")
    take_text(folder, _contacts(*(_row(f"t{n}", person) for n, person in enumerate(people))))
    assert column(folder, "SELECT count(DISTINCT customer_key) FROM contacts") == [3]
    assert ("identifier_restored", "customer (thousands set apart)", 2) in _remarks(folder)


@pytest.mark.long
@pytest.mark.parametrize("person", ["12,345", "12.345", "AB 345"])
def test_another_sign_beside_plain_numbers_stays(folder: Path, person: str) -> None:
    people = (person, "12345", "7")
    take_text(folder, _contacts(*(_row(f"t{n}", f'"{one}"') for n, one in enumerate(people))))
    assert column(folder, "SELECT count(DISTINCT customer_key) FROM contacts") == [3]


def test_a_number_or_address_with_a_pattern_is_somebody_s(folder: Path) -> None:
    """Three contacts each of the first customer of a shop, of companies' telephones, of Nora A. and Nil André."""
    numbers = ("10000000", "100000000", "23456789", "0140000000", "+33 1 40 00 00 00", "1000000000")
    people = (*numbers, "na@example.org", "n.a@example.org")
    nobody = ("600000000", "33600000000", "+33600000000", "06 00 00 00 00", "123456789", "0123456789", "1234567890")
    rows = [_row(f"{place}-{n}", person) for place, person in enumerate((*people, *nobody)) for n in range(3)]
    take_text(folder, _contacts(*rows))
    unknown = column(folder, "SELECT contact_id FROM contacts WHERE customer_key IS NULL")
    assert {int(name.split("-")[0]) for name in unknown} == set(range(len(people), len(people) + len(nobody)))
    # The two ways to write 01 40 00 00 00 are one customer.
    assert column(folder, "SELECT count(DISTINCT customer_key) FROM contacts") == [len(people) - 1]


@pytest.mark.long
def test_a_word_for_no_order_is_no_order_and_no_record(folder: Path) -> None:
    text = "parcel_id,order_ref,promised_to,delivered_at\n"
    text += (
        "".join(f"p{n},inconnu,2025-03-0{n},2025-03-0{n}\n" for n in range(1, 5))
        + "unknown,c9,2025-03-09,2025-03-09\n" * 2
    )
    outcome = take_text(folder, text, max_rejects=limit("50%"))
    assert (outcome.counts.added, outcome.counts.rejected) == (4, 2)
    assert column(folder, "SELECT count(order_ref) FROM parcels") == [0]
    assert "a placeholder, not an identifier" in outcome.first_rejects[0]
