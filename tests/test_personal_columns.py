"""Identifiers of people in columns that are for something else: pseudonym or shape, and sound numbers as they are."""

import hashlib
import re
from pathlib import Path

import pytest

from kpibar.cli.console import failure
from kpibar.config import load
from kpibar.load.codes import country_code, currency_code
from kpibar.privacy.personal import ascii_form, message_shape, name_shape, personal_parts, text_shape
from kpibar.read.errors import FileMissing
from tests.intake import column, held, take_text, write
from tests.planted import Identifiers, exports, leaks, plant, run
from tests.support import kpibar

ACCOUNTS = (
    "FR7630006000011234567890189",
    "fr76 3000 6000 0112 3456 7890 189",
    "GB29 NWBK 6016 1331 9268 19",
    "IBAN DE89370400440532013000",
    "compteFR7630006000011234567890189EUR",
    "MT84MALT011000012345MTLCAST001S",
)
ADDRESSES = (
    "jean@example.org",
    "Jean+x@EXAMPLE.ORG",
    '"jean dupont"@example.org',
    "jean@exämple.de",
    "jean@例え.jp",
    "Jean Dupont <jean@example.org>",
    "mailto:jean@x.fr",
    "jean%40x.fr",
    "jean＠example.org",
    "réf jean@x.fr",
    "jean@example.org-2025",
    "0612345678@10.0.0.1",
    "jean @ example.org",
    "jean(at)example.org",
    "jean [at] example.org",
    "jean{AT}example.org",
    "jean=40example.org",
    "jean&#64;example.org",
    "jean&#x40;example.org",
)
TELEPHONES = (
    "+33 6 12 34 56 78",
    "+33612345678",
    "00 33 6 12 34 56 78",
    "0033 612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "+33 (0)6 12 34 56 78",
    "(06) 12 34 56 78",
    "06\u00a012\u202f34 56 78",
    "06‑12‑34‑56‑78",
    "+44 20 7946 0958",
    "(415) 555-2671",
    "tel:+33612345678",
    "%2B33612345678",
    "%2b33 6 12 34 56 78",
    "+33612345678bis",
    "+３３６１２３４５６７８",
)
CARDS = (
    "4539578763621486",
    "4539 5787 6362 1486",
    "4539-5787-6362-1486",
    "4539/5787/6362/1486",
    "3782 822463 10005",
    "5555555555554444",
)
BARE = ("0612345678", "33612345678", "0033612345678", "SAV-0612345678", "Lyon/33612345678")
SOUND = (
    "2025-03-04 10:00:00",
    "01/02/2025 12",
    "01-02-2025 10:30",
    "#1001",
    "550e8400-e29b-41d4-a716-446655440000",
    "402-1234567-1234567",
    "Support FR",
    "20250304101500",
    "1733040000000",
    "FR-2024-00012345",
    "@home",
    "12 345 678",
    "Support @Lyon",
    "SAV @ Paris",
    "Autriche (AT)",
    "Retours (at) Lyon",
    "PO=40.5",
    "Team (AT) Wien.de",
    "100000001",
    "360001234567",
    "v1.2.3.4",
    "10:00-12:00",
    "0000012345",
    "4539578763621487",
    "FR7630006000011234567890188",
    "be123456-1234-1234-1234-123456789012",
    "Maison Bleue SAV",
    "24/7",
    "1052-A",
    "5f3de8937040044053201300",
)
# Numbers of services, which no person has.
SERVICES = (
    "SAV 0800 123 456",
    "0 800 123 456",
    "+33 800 123 456",
    "Tel: 0805 12 34 56",
    "08.25.12.34.56",
    "0033 892 70 12 39",
    "00800 1234 5678",
    "0800123456",
)


@pytest.mark.parametrize("numbers", [False, True])
def test_identifiers_are_told_in_any_notation_and_other_values_are_not(numbers: bool) -> None:
    for text in (*ACCOUNTS, *ADDRESSES, *TELEPHONES, *(() if numbers else (*CARDS, *BARE))):
        assert len(personal_parts(ascii_form(text), numbers=numbers)) == 1, text
    for text in (*SOUND, *((*CARDS, *BARE, "608428726", "612345678", "sms:48217555") if numbers else ())):
        assert personal_parts(ascii_form(text), numbers=numbers) == [], text


def test_the_number_of_a_service_is_nobodys_and_others_are_masked() -> None:
    for text in SERVICES:
        for numbers in (False, True):
            assert personal_parts(ascii_form(text), numbers=numbers) == [], text
    for text, code in (
        ("0845 46 46 00 00", "44"),
        ("0800 330 1000", "49"),
        ("070 12 34 56 78", "32"),
        ("09 70 80 90 10", "33"),
    ):
        assert bool(personal_parts(ascii_form(text), code)) is (code in ("32", "33")), text
    assert personal_parts("+34 900 123 456") == [] and personal_parts("+1 800 555 1234") == []
    assert (
        personal_parts("+49 89 123456 78") and personal_parts("+34 612 345 678") and personal_parts("+33 7 12 34 56 78")
    )


def test_notations_of_one_telephone_or_address_have_one_identity() -> None:
    telephones = {part.identity for text in TELEPHONES if "6" in text for part in personal_parts(ascii_form(text))}
    assert "phone:33612345678" in telephones and len(telephones) == 3
    assert {part.identity for text in ADDRESSES[:6:5] for part in personal_parts(text)} == {"email:jean@example.org"}


HEADER = "contact_id,created_at,channel,customer,case_id,order_ref,queue,team,brand,country,lang,reason_raw\n"


def _contacts(*rows: tuple[str, ...]) -> str:
    lines = [
        ",".join(
            f'"{cell.replace(chr(34), chr(34) * 2)}"'
            for cell in (row[0], "2025-03-01 10:00:00", "email", "a", *row[1:])
        )
        for row in rows
    ]
    return HEADER + "\n".join(lines) + "\n"


def test_no_notation_is_stored_in_a_column_of_words_or_of_numbers(folder: Path) -> None:
    written = (*ADDRESSES, *TELEPHONES)
    take_text(folder, _contacts(*((f"n{n}", text, text, text, "", "", "", "", "") for n, text in enumerate(written))))
    for name in ("case_id", "order_ref", "queue"):
        stored = held(folder, f"SELECT contact_id, {name} FROM contacts WHERE {name} IS NOT NULL")
        clear = {text for text in written if "réf" not in text}
        assert len(stored) == len(written) and not clear.intersection(value for _, value in stored), name
        assert not any(word in value for _, value in stored for word in ("example", "x.fr", "12345678", "12 34")), name


@pytest.mark.long
def test_a_number_stays_linked_under_a_pseudonym_and_a_word_is_blanked(folder: Path) -> None:
    """Two notations of a telephone are one order, two of an address one case; other records are as they were."""
    sound = [(f"{n}", f"c{n}", f"{700_000 + n}", "SAV", "Lyon", "Maison", "FR", "fr", "Livraison") for n in range(5, 9)]
    outcome = take_text(
        folder,
        _contacts(
            ("1", "jean@example.org", "+33 6 12 34 56 78", "jean@example.org", "0612345678", ACCOUNTS[0], "x@y.fr",
             "4539578763621486", "Retour jean@example.org"),
            ("2", "JEAN@example.org", "06.12.34.56.78", "SAV", "Lyon", "Maison", "France", "fr", "4539 5787 6362 1486"),
            ("x@y.fr", "c3", "608428726", "SAV", "Lyon", "Maison", "Deutschland", "fr", "Livraison"),
            ("4", "4539578763621486", "0612345678", "SAV", "Lyon", "Maison", "Wolkenkuckucksheim", "fr", "Livraison"),
            *sound,
        ),
    )  # fmt: skip
    rows = held(
        folder, f"SELECT {HEADER.strip().replace('created_at,channel,customer,', '')} FROM contacts ORDER BY ALL"
    )
    by_id = {row[0]: row[1:] for row in rows}
    first, second = by_id["1"], by_id["2"]
    assert first[0] == second[0] and first[0].startswith("id-") and first[1] == second[1]
    assert tuple(re.sub("#[0-9a-f]{6}$", "", word) if word else None for word in first[2:]) == (
        "aaaa@aaaaaaa.aaa", "9999999999", "aa9999999999999999999999999", None, "9999999999999999",
        "Retour aaaa@aaaaaaa.aaa",
    )  # fmt: skip
    assert second[5:] == ("FR", "fr", "9999 9999 9999 9999") and first[2][:-6] == "aaaa@aaaaaaa.aaa#"
    # Digits alone in a column of numbers are the number of a case or an order.
    assert by_id["4"][:2] == ("4539578763621486", "0612345678") and by_id["4"][5] is None
    assert [by_id[row[0]] for row in sound] == [row[1:] for row in sound]
    strange = next(name for name in by_id if name.startswith("id-"))
    assert by_id[strange][1] == "608428726" and by_id[strange][5] == "DE"
    remarks = {(remark.code, remark.about): remark.records for remark in outcome.remarks}
    assert remarks["identifier_masked", '"case_id" (e-mail address)'] == 2
    assert remarks["identifier_masked", '"order_ref" (telephone number)'] == 2
    assert remarks["country_unknown", ""] == 2
    assert ("country", "Aaaaaaaaaaaaaaaaaa".lower(), 1) in outcome.unknown


@pytest.mark.long
def test_a_column_of_telephones_is_one_and_a_column_of_numbers_in_sequence_is_none(folder: Path) -> None:
    """Ten telephones and a number as orders; orders in sequence that have the form of telephones as cases."""
    telephones = (
        "+33611223345", "0612345678", "0798765432", "0140302010", "33611223344", "0655667788", "0655667799",
        "0755667788", "0255667788", "0355667788", "48217",
    )  # fmt: skip
    rows = [
        (f"{n}", f"01000000{n:02}", telephone, "SAV", f"{612345600 + n}", "Maison", "FR", "fr", "Livraison")
        for n, telephone in enumerate(telephones)
    ]
    take_text(folder, _contacts(*rows))
    assert column(folder, "SELECT case_id FROM contacts ORDER BY contact_id::INTEGER") == [row[1] for row in rows]
    # A column of words that holds numbers is one of numbers.
    assert column(folder, "SELECT team FROM contacts ORDER BY contact_id::INTEGER") == [row[4] for row in rows]
    orders = column(folder, "SELECT order_ref FROM contacts ORDER BY contact_id::INTEGER")
    assert [order[:3] for order in orders] == ["id-"] * 10 + ["482"]


@pytest.mark.long
def test_orders_in_the_form_of_telephones_stay(folder: Path) -> None:
    """The number of a shop and that of its order: 01-12345678 is no certain form of a telephone."""
    rows = [
        (f"{n}", f"c{n}", f"0{n % 3 + 1}-{12345678 + n}", "SAV", "Lyon", "Maison", "FR", "fr", "x") for n in range(9)
    ]
    take_text(folder, _contacts(*rows))
    assert column(folder, "SELECT order_ref FROM contacts ORDER BY contact_id") == [row[2] for row in rows]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("FR", "FR"), ("fr", "FR"), ("FRA", "FR"), ("France", "FR"), ("Frankreich", "FR"), ("Francia", "FR"),
        ("Frankrijk", "FR"), ("França", "FR"), ("ÖSTERREICH", "AT"), ("Côte d’Ivoire", "CI"), ("UK", "GB"),
        ("The Netherlands", "NL"), ("France (FR)", "FR"), ("fr_FR", "FR"), ("US-CA", "US"), ("Etats-Unis", "US"),
        ("Hong Kong", "HK"), ("Macao", "MO"), ("Russian Federation", "RU"), ("Korea, Republic of", "KR"),
        ("Republic of Korea", "KR"), ("Bosnia and Herzegovina", "BA"), ("Iran, Islamic Republic of", "IR"),
        ("Ivory Coast", "CI"), ("U.K.", "GB"), ("U.A.E.", "AE"), ("Eire", "IE"), ("Guyane", "GF"), ("Palestine", "PS"),
        ("Irlande du Nord", "GB"), ("Netherlands (the)", "NL"), ("Saint Kitts and Nevis", "KN"), ("Korea", None),
        ("Venezuela (Bolivarian Republic of)", "VE"), ("Virgin Islands (U.S.)", "VI"), ("Slovak Republic", "SK"),
        ("Paris", None), ("EU", None), ("jean@x.fr", None), ("XX", None), ("0612345678", None),
    ],
)  # fmt: skip
def test_countries_become_codes_and_other_words_are_unknown(cell: str, code: str | None) -> None:
    assert country_code(cell) == code


@pytest.mark.parametrize(
    ("cell", "code"),
    [("EUR", "EUR"), ("eur", "EUR"), ("€", "EUR"), ("euros", "EUR"), ("£", "GBP"), ("US$", "USD"), ("zł", "PLN"),
     ("EUR €", "EUR"), ("USD $", "USD"), ("£ GBP", "GBP"), ("CAD$", "CAD"), ("JPY ¥", "JPY"), ("EUR $", None),
     ("978", "EUR"), ("036", "AUD"), ("₺", "TRY"), ("₽", "RUB"), ("₹", "INR"), ("zl", "PLN"), ("kr", None),
     ("USD €", None), ("999", None), ("$", None), ("jean", None), ("franc", None)],
)  # fmt: skip
def test_currencies_become_codes_and_one_sign_of_several_is_unknown(cell: str, code: str | None) -> None:
    assert currency_code(cell) == code


def test_orders_in_codes_keep_what_is_unknown(folder: Path) -> None:
    head = "order_ref,ordered_at,value,currency,country\n"
    rows = ("1,2025-03-01,5,€,France", "2,2025-03-01,5,EUR,FR", "3,2025-03-01,5,$,chez moi", "4,2025-03-01,5,,")
    outcome = take_text(folder, head + "\n".join(rows) + "\n")
    assert held(folder, "SELECT currency, country FROM orders ORDER BY order_ref") == [
        ("EUR", "FR"), ("EUR", "FR"), (None, None), (None, None),
    ]  # fmt: skip
    codes = {remark.code: remark.records for remark in outcome.remarks}
    assert (codes["country_unknown"], codes["currency_unknown"]) == (1, 1)


TEXT = (
    "Bonjour Madame Dupont, ma commande 123456 n'est pas là. +33 6 12 34 56 78 ou a.b+c@x.fr, "
    "FR76 3000 6000 0112 3456 7890 189, 4539 5787 6362 1486.\nCordialement,\nJean-Pierre Martin"
)


def test_a_kept_text_holds_no_identifier_and_no_name_of_a_greeting(folder: Path) -> None:
    head = "contact_id,created_at,channel,subject,tags,body\n"
    text = f'{head}1,2025-03-01 10:00:00,email,Où est mon colis ?,vip a@b.fr,"{TEXT}"\n'
    take_text(folder, text, keep_text=True)
    assert held(folder, "SELECT subject, tags, body FROM contacts") == [
        (
            "Où est mon colis ?",
            "vip [e-mail]",
            "Bonjour Madame [name], ma commande [number] n'est pas là. [number] ou [e-mail], [account], [number].\n"
            "Cordialement,\n[name]",
        )
    ]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("export-jean@example.org.csv", "aaaaaa-aaaa@aaaaaaa.aaa.csv"),
        ("calls_0612345678_2025.csv", "calls_9999999999_2025.csv"),
        ("a_06.12.34.56.78_b.csv", "a_99.99.99.99.99_b.csv"), ("4539578763621486.csv", "9999999999999999.csv"),
        ("contacts-2025-03-04.csv", "contacts-2025-03-04.csv"),
        ("export_20250304101500.csv", "export_20250304101500.csv"),
        ("export_06_12_34_56_78.csv", "export_99_99_99_99_99.csv"), ("+33612345678.mp3.csv", "+99999999999.mp3.csv"),
        ("33612345678.csv", "99999999999.csv"), ("4539-5787-6362-1486.csv", "9999-9999-9999-9999.csv"),
        ("FR7630006000011234567890189.csv", "AA9999999999999999999999999.csv".lower()),
        *((name, name) for name in (
            "export_05-11-24-09-15.csv", "tickets_0112202412.csv", "Extraction 03 12 24 10 30.xlsx",
            "orders_33202401311.csv", "report_300-400-5000.csv", "tickets_0112241030.csv", "orders_1710410811.csv",
            "calls_0800123456_2025.csv", "calls-2024-01-01_2024-12-31.csv", "0012-3456710.csv",
        )),
    ],
)  # fmt: skip
def test_the_name_of_a_file_holds_no_identifier(name: str, shape: str) -> None:
    assert name_shape(name) == shape
    assert message_shape("header cell jean@x.fr/anne is odd") == "header cell aaaa@a.aa/anne is odd"
    assert message_shape("/home/jean@x.fr/a.csv: odd") == "/home/jean@x.fr/a.csv: odd"
    said = failure(FileMissing(Path("/home/a") / "jean@example.org.csv"))
    assert said.startswith("kpibar: /home/a/aaaa@aaaaaaa.aaa.aaa: no such file")


def digest(name: str, folder: Path) -> str:
    """The mark of a file's content behind the shape of its name."""
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:6]


@pytest.mark.long
def test_files_whose_names_have_one_shape_are_told_apart(folder: Path) -> None:
    """Two mailboxes of one shape: each has its name in the ledger, its rule, its rejects, and goes by its name."""
    write(
        folder,
        "kpibar.toml",
        'timezone = "UTC"\n[[files]]\nmatch = "jean@example.org*.csv"\nbrand = "Maison"\nphone_tickets = "separate"\n',
    )
    write(folder, "jean@example.org.csv", "contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n2,no,email\n")
    write(folder, "anne@example.com.csv", "contact_id,created_at,channel\n3,2025-03-01 10:00:00,email\n4,ni,email\n")
    names = ("jean@example.org.csv", "anne@example.com.csv")
    assert kpibar("ingest", *names, "--db", "x.db", "--max-rejects", "90%", folder=folder).returncode == 0
    shapes = [f"aaaa@aaaaaaa.aaa#{digest(name, folder)}.csv" for name in names]
    listed = kpibar("rejects", shapes[1], "--db", "x.db", folder=folder).stdout
    assert shapes[1] in listed and shapes[0] not in listed
    listed = kpibar("rejects", names[0], "--db", "x.db", folder=folder).stdout
    assert all(shape in listed for shape in shapes)
    rules = load(folder / "kpibar.toml")
    assert rules.rule_for(shapes[0]).phone_tickets == "separate" and rules.rule_for("b.csv").phone_tickets is None
    (folder / names[0]).unlink()
    unclear = kpibar("remove", names[0], "--db", "x.db", "--yes", folder=folder)
    assert unclear.returncode and all(shape in unclear.stderr for shape in shapes)
    removed = kpibar("remove", shapes[0], "--db", "x.db", "--yes", folder=folder)
    assert removed.returncode == 0, removed.stderr
    listed = kpibar("rejects", "--db", "x.db", folder=folder).stdout
    assert shapes[1] in listed and shapes[0] not in listed


def test_the_ledger_the_source_and_the_messages_hold_no_identifier(folder: Path) -> None:
    outcome = take_text(
        folder, _contacts(("1", "", "", "", "", "", "", "", "")), "jean@example.org.csv", brand="j@x.fr"
    )
    assert (outcome.source, outcome.error) == ("kpibar-contacts/a@a.aa", None)
    assert held(folder, "SELECT name, source, brand FROM files") == [
        (f"aaaa@aaaaaaa.aaa#{digest('jean@example.org.csv', folder)}.csv", "kpibar-contacts/a@a.aa", "a@a.aa")
    ]
    assert text_shape("Équipe +33 6 12 34 56 78") == "Équipe +99 9 99 99 99 99"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("names", "words"), [(["own-parcels.csv"], "1 file: "), (["own-contacts.csv", "own-parcels.csv"], "2 files: ")]
)
def test_identifiers_planted_in_any_column_are_found_nowhere(folder: Path, names: list[str], words: str) -> None:
    """The quick subset of `python -m tests.planted`."""
    chosen = {name: rows for name, rows in exports().items() if name in names}
    texts, planted = plant(chosen, Identifiers(5), 2)
    said = run(folder, texts, (("ingest", *texts, "--max-rejects", "100%"), ("status", "--json")))
    assert words in said and "failed" not in said
    assert [one for found in leaks(planted, folder, said, set(texts)) for one in found if not one.documented] == []
