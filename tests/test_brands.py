"""One brand, however it is spelled: one name in every table, source, order and report, and two brands stay two."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kpibar.brands import clean_name, fold, names_by_fold
from kpibar.errors import ConfigInvalid
from kpibar.load.errors import BrandsFixed
from kpibar.load.outcome import Outcome
from kpibar.measure.report import Request
from kpibar.render.summary import remark_text
from tests.intake import column, config, held, take, take_text, write
from tests.support import SETTINGS, facts, fraction, ingest_tables, kpibar, report, settings

AS_OF = datetime(2026, 2, 15)

# Spellings of one brand.
ALIKE = [
    ("Cœur", "Coeur"),
    ("Cœur", "COEUR"),
    ("Maison Bleue", "maison  bleue"),
    ("Maison Bleue", "Maison\u00a0Bleue "),
    ("Maison Bleue", "Maison-Bleue"),
    ("Café Léa", "Cafe\u0301 LEA"),
    ("L’Atelier", "L'Atelier"),
    ("Dupont & Fils", "Dupont et Fils"),
    ("Dupont&Fils", "DUPONT AND FILS."),
    ("Straße", "STRASSE"),
    ("Læsø", "laeso"),
    ("Yahoo!", "Yahoo"),
    ("H&M®", "h & m"),
    ("Petit\u200bPas", "PetitPas"),
]
APART = [("Canal", "Canal+"), ("Maison 1", "Maison 2"), ("Bleu", "Bleue"), ("C&A", "CA"), ("ガ", "カ")]


@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_spellings_of_one_brand_fold_alike(name: str, other: str) -> None:
    assert fold(name) == fold(other)


@pytest.mark.parametrize(("name", "other"), APART)
def test_two_brands_fold_apart(name: str, other: str) -> None:
    assert fold(name) != fold(other)


def orders(brand: str, count: int = 40, start: int = 1) -> str:
    rows = "".join(f'#{n},2025-03-01 10:00:00,"{brand}",c{n}@example.com\n' for n in range(start, start + count))
    return "order_ref,ordered_at,brand,customer\n" + rows


def parcels(brand: str, count: int = 40, late: int = 10) -> str:
    """Parcels promised for the 4th; the first `late` of them come on the 6th."""
    rows = "".join(
        f'P{n},#{n},2025-03-04,2025-03-0{6 if n <= late else 3} 12:00:00,"{brand}"\n' for n in range(1, count + 1)
    )
    return "parcel_id,order_ref,promised_to,delivered_at,brand\n" + rows


def linked(folder: Path) -> tuple[int, int]:
    """Orders, and how many of them have both a day they were placed on and a promise."""
    found = held(
        folder, "SELECT count(*), count(*) FILTER (WHERE ordered_on IS NOT NULL AND promised) FROM fact_orders"
    )
    return found[0][0], found[0][1]


@pytest.mark.sample(1)
@pytest.mark.parametrize("order", [("orders", "parcels"), ("parcels", "orders")])
@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_parcels_find_the_orders_of_their_brand(folder: Path, name: str, other: str, order: tuple[str, str]) -> None:
    """40 orders and their parcels, the brand spelled in two ways: 10 of 40 late, under the spelling seen first."""
    exports = {"orders": orders(name), "parcels": parcels(other)}
    used = settings(folder)
    ingest_tables(folder, {f"{part}.csv": exports[part] for part in order}, used, AS_OF)
    found = report(folder, used, Request(by=("brand",)))
    assert linked(folder) == (40, 40)
    assert fraction(found, "late_share") == (10, 40)
    assert found.brands == (clean_name(name if order[0] == "orders" else other),)
    assert fraction(report(folder, used, Request(brand=f" {other.upper()} ")), "late_share") == (10, 40)
    assert found.notes == ()


def brands(folder: Path, *tables: str) -> set[str | None]:
    return {brand for table in tables for brand in column(folder, f"SELECT DISTINCT brand FROM {table}")}


TABLES = {
    "contacts": "contact_id,created_at,channel,brand\n1,2025-03-01 10:00:00,email,{}\n",
    "orders": "order_ref,ordered_at,brand\n1,2025-03-01 10:00:00,{}\n",
    "parcels": "parcel_id,promised_to,delivered_at,brand\n1,2025-03-04,2025-03-03,{}\n",
    "surveys": "survey_id,kind,score,brand\n1,nps,9,{}\n",
    "notices": "notice_id,order_ref,kind,sent_at,brand\n1,1,delay,2025-03-01,{}\n",
    "gestures": "gesture_id,amount,given_at,brand\n1,5.00,2025-03-01,{}\n",
    "costs": "month,channel,amount,currency,brand\n2025-03,phone,5.00,EUR,{}\n",
}


def test_every_table_has_the_first_spelling(folder: Path) -> None:
    spellings = ["Cœur", "COEUR", "coeur ", "Cœur\u00a0", "CŒUR", "Coeur.", "cœur"]
    named = zip(TABLES.items(), spellings, strict=True)
    paths = [write(folder, f"{table}.csv", text.format(spelling)) for (table, text), spelling in named]
    assert [outcome.error for outcome in take(folder, *paths)] == [None] * len(TABLES)
    assert brands(folder, *TABLES) == {"Cœur"}
    later = TABLES["contacts"].replace("\n1,", "\n2,").format("COEUR")
    outcome = take_text(folder, later, name="later.csv")
    assert brands(folder, *TABLES) == {"Cœur"}
    assert [(remark.code, remark.about, remark.records) for remark in outcome.remarks] == [
        ("brand_spelling", '"Cœur" (written "COEUR")', 1)
    ]


def test_spellings_within_one_file_have_the_first_of_its_lines(folder: Path) -> None:
    rows = [f"{n},2025-03-01 10:00:00,email,{brand}\n" for n, brand in enumerate(("Zoé", "ZOE", "zoé", "Anne", ""))]
    outcome = take_text(folder, "contact_id,created_at,channel,brand\n" + "".join(rows))
    assert column(folder, "SELECT brand FROM contacts ORDER BY contact_id") == ["Zoé", "Zoé", "Zoé", "Anne", None]
    assert "2 records" in remark_text(outcome.remarks[0])


@pytest.mark.long
@pytest.mark.parametrize("way", ["flag", "rule", "setting"])
def test_a_brand_stated_in_two_spellings_is_one_source(folder: Path, way: str) -> None:
    """The second export of the same 40 tickets changes nothing and begins no source of its own."""
    header, rows = "contact_id,created_at,channel\n", [f"T{n},2025-03-01 10:00:00,email\n" for n in range(40)]
    for place, brand in enumerate(("Maison Bleue", "MAISON BLEUE ")):
        stated = {
            "flag": "",
            "rule": f'[[files]]\nmatch = "*.csv"\nbrand = "{brand}"\n',
            "setting": f'brand = "{brand}"\n',
        }[way]
        used = config(folder, f'timezone = "Europe/Paris"\n{stated}')
        path = write(folder, f"{place}.csv", header + "".join(rows[place:]))
        outcome = take(folder, path, settings=used, **({"brand": brand} if way == "flag" else {}))[0]
        assert outcome.error is None
        assert outcome.source == "kpibar-contacts/Maison Bleue"
    assert (outcome.counts.added, outcome.counts.unchanged) == (0, 39)
    again = take(folder, path, settings=used, **({"brand": "maison bleue"} if way == "flag" else {}))[0]
    assert again.same_as_before is not None


@pytest.mark.long
def test_an_order_in_two_spellings_is_one_order(folder: Path) -> None:
    take_text(folder, orders("Cœur"), name="1.csv")
    later = take_text(folder, orders("COEUR", 41), name="2.csv")
    assert (later.counts.added, later.counts.updated, later.counts.unchanged) == (1, 0, 40)


@pytest.mark.long
def test_no_brand_is_no_brand(folder: Path) -> None:
    """A brand of question marks is unknown, as is an empty one; it takes the brand the file was said to be of."""
    rows = [f"{n},2025-03-01 10:00:00,email,{brand}\n" for n, brand in enumerate(("?", "", "??", "Anne"))]
    text = "contact_id,created_at,channel,brand\n" + "".join(rows)
    outcome = take_text(folder, text)
    assert column(folder, "SELECT brand FROM contacts ORDER BY contact_id") == [None, None, None, "Anne"]
    assert [(remark.code, remark.records) for remark in outcome.remarks] == [("brand_nameless", 2)]
    take_text(folder, text + "\n", name="b.csv", brand="Zoé")
    named = "SELECT brand FROM contacts WHERE source = 'kpibar-contacts/Zoé' ORDER BY contact_id"
    assert column(folder, named) == ["Zoé", "Zoé", "Zoé", "Anne"]
    assert take_text(folder, TABLES["notices"].format(""), brand=" ").source == "kpibar-notices"


ALIAS = '[brands]\n"maison bleue sas" = "Maison Bleue"\n'


@pytest.mark.long
@pytest.mark.parametrize("spelling", ["Maison Bleue SAS", "MAISON BLEUE S.A.S.", "maison bleue sas "])
def test_an_alias_is_a_spelling(folder: Path, spelling: str) -> None:
    used = settings(folder, ALIAS)
    ingest_tables(folder, {"o.csv": orders("Maison Bleue"), "p.csv": parcels(spelling)}, used, AS_OF)
    assert linked(folder) == (40, 40)
    found = report(folder, used, Request(brand=spelling))
    assert (found.brands, fraction(found, "late_share")) == (("Maison Bleue",), (10, 40))


def alias_after(folder: Path, first: str, second: str, **stated: Any) -> tuple[Outcome, Outcome]:
    """Orders and parcels ingested without the alias, then the parcels again with it."""
    write(folder, "o.csv", first)
    path = write(folder, "p.csv", second)
    take(folder, folder / "o.csv")
    before = take(folder, path, **stated)[0]
    used = config(folder, f'timezone = "Europe/Paris"\n{ALIAS}')
    return before, take(folder, path, settings=used, **stated)[0]


def test_an_alias_may_come_later(folder: Path) -> None:
    """The parcels are read again, in their own source, and find their orders."""
    before, after = alias_after(folder, orders("Maison Bleue"), parcels("Maison Bleue SAS"))
    assert [remark.code for remark in before.remarks] == ["order_of_other_brand"]
    assert '"Maison Bleue SAS" = "Maison Bleue" (40 of 40 parcels)' in remark_text(before.remarks[0])
    assert (after.error, after.same_as_before, after.counts.unchanged) == (None, None, 40)
    assert [remark.code for remark in after.remarks] == ["brand_spelling"]
    assert brands(folder, "orders", "parcels") == {"Maison Bleue"}


@pytest.mark.long
def test_an_alias_of_a_stated_brand_may_come_later(folder: Path) -> None:
    unnamed = parcels("").replace('""', "")
    before, after = alias_after(folder, orders("Maison Bleue"), unnamed, brand="Maison Bleue SAS")
    assert before.source == after.source == "kpibar-parcels/Maison Bleue SAS"
    assert (after.counts.unchanged, column(folder, "SELECT count(*) FROM parcels")) == (40, [40])
    assert brands(folder, "parcels") == {"Maison Bleue"}


@pytest.mark.long
def test_orders_of_two_brands_with_one_number_are_not_joined_later(folder: Path) -> None:
    text = orders("Maison Bleue") + orders("Maison Bleue SAS", 3).partition("\n")[2]
    after = alias_after(folder, text, parcels("Maison Bleue"))[1]
    assert isinstance(after.error, BrandsFixed)
    assert "3 order numbers" in str(after.error)


@pytest.mark.long
def test_a_brand_that_was_joined_is_not_taken_apart(folder: Path) -> None:
    alias_after(folder, orders("Maison Bleue"), parcels("Maison Bleue SAS"))
    used = config(folder, 'timezone = "Europe/Paris"\n[brands]\n"Maison Bleue SAS" = "Other"\n')
    again = take(folder, folder / "p.csv", settings=used)[0]
    assert isinstance(again.error, BrandsFixed)
    assert 'those of "Maison Bleue"' in str(again.error)


@pytest.mark.long
def test_an_alias_states_how_a_brand_is_shown(folder: Path) -> None:
    used = settings(folder, '[brands]\n"MB" = "Maison Bleue"\n"COEUR" = "Cœur"\n')
    ingest_tables(folder, {"o.csv": orders("COEUR"), "p.csv": parcels("mb")}, used, AS_OF)
    assert brands(folder, "orders", "parcels") == {"Cœur", "Maison Bleue"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('"a" = "B"\n"A" = "C"\n', "stands for two brands"),
        ('"a" = "b"\n"b" = "a"\n', "is replaced by itself"),
        ('"a" = " "\n', "must be names"),
    ],
)
def test_aliases_that_say_nothing_are_refused(folder: Path, lines: str, words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        config(folder, f"[brands]\n{lines}")


def test_aliases_of_aliases_have_one_name() -> None:
    found = names_by_fold({"MBS": "Maison Bleue SAS", "maison bleue sas": "Maison Bleue"})
    assert set(found.values()) == {"Maison Bleue"}


# A table whose four records of brand B name the orders of brand A.
REFERRING = {
    "contacts": "contact_id,created_at,channel,order_ref,brand\n",
    "parcels": "parcel_id,promised_to,delivered_at,order_ref,brand\n",
    "surveys": "survey_id,kind,score,answered_at,order_ref,brand\n",
    "notices": "notice_id,kind,sent_at,order_ref,brand\n",
    "gestures": "gesture_id,amount,given_at,order_ref,brand\n",
}
CELLS = {
    "contacts": "2025-03-01 10:00:00,email",
    "parcels": "2025-03-04,2025-03-03",
    "surveys": "nps,9,2025-03-01",
    "notices": "delay,2025-03-01",
    "gestures": "5.00,2025-03-01",
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("last", ["orders", "others"])
@pytest.mark.parametrize("table", REFERRING)
def test_orders_of_another_brand_are_told(folder: Path, table: str, last: str) -> None:
    """Of 6 records 4 name orders of brand A as those of B; one names an order of B, one has no brand."""
    rows = "".join(f"{n},{CELLS[table]},#{n},{'A' if n == 5 else '' if n == 6 else 'B'}\n" for n in range(1, 7))
    exports = {"others.csv": REFERRING[table] + rows, "orders.csv": orders("A", 10)}
    exports["contacts.csv"] = "contact_id,created_at,channel\nx,2025-03-01 10:00:00,email\n"
    used = settings(folder)
    outcomes = ingest_tables(folder, dict(sorted(exports.items(), reverse=last == "orders")), used, AS_OF)
    assert [(remark.code, remark.about, remark.records) for outcome in outcomes for remark in outcome.remarks] == [
        ("order_of_other_brand", f'"B" = "A" (4 of 6 {table})', 4)
    ]
    notes = [note for note in report(folder, used).notes if note.code == "order_of_other_brand"]
    assert [note.values for note in notes] == [{"table": table, "brand": "B", "other": "A", "rows": 4, "named": 6}]


@pytest.mark.long
def test_the_report_of_a_brand_names_its_orders_elsewhere_among_many_brands(folder: Path) -> None:
    """Of 14 brands whose contacts name orders of A ten are named in the report; in its own each is."""
    rows = "".join(f"{n},{CELLS['contacts']},#{n % 10 + 1},B{n // 3:02}\n" for n in range(42))
    used = settings(folder)
    ingest_tables(folder, {"o.csv": orders("A", 10), "c.csv": REFERRING["contacts"] + rows}, used, AS_OF)
    named = [note.values["brand"] for note in report(folder, used).notes if note.code == "order_of_other_brand"]
    assert len(named) == 10
    for brand in ("B00", "B13"):
        notes = report(folder, used, Request(brand=brand)).notes
        assert [note.values["brand"] for note in notes if note.code == "order_of_other_brand"] == [brand]


@pytest.mark.long
def test_the_same_number_in_both_brands_is_nothing_to_tell(folder: Path) -> None:
    used = settings(folder)
    both = orders("A", 10) + orders("B", 10).partition("\n")[2]
    outcomes = ingest_tables(folder, {"o.csv": both, "p.csv": parcels("B", 10)}, used, AS_OF)
    assert outcomes[1].remarks == ()
    assert report(folder, used).notes == ()


def test_an_order_of_the_same_digits_in_its_own_brand_is_nothing_to_tell(folder: Path) -> None:
    """Contact k6 of Y names 1036: X has #1036, and Y has 0001036, to which k6 is linked by its digits."""
    used = settings(folder)
    orders_of_both = (
        "order_ref,customer,ordered_at,brand\n"
        "#1036,a@example.org,2025-07-01 09:00:00,X\n0001036,b@example.org,2025-07-01 10:00:00,Y\n"
    )
    contacts = (
        "contact_id,customer,order_ref,channel,brand,created_at\n"
        "k5,a@example.org,1036,email,X,2025-07-03 10:00:00\nk6,b@example.org,1036,email,Y,2025-07-03 10:00:00\n"
    )
    outcomes = ingest_tables(folder, {"contacts.csv": contacts, "orders.csv": orders_of_both}, used)
    assert not [remark for outcome in outcomes for remark in outcome.remarks if remark.code == "order_of_other_brand"]
    assert not [note for note in report(folder, used).notes if note.code == "order_of_other_brand"]
    linked = facts(folder, "SELECT contact_id, order_id, linked_by FROM fact_contacts ORDER BY 1")
    assert linked[1] == ("k6", "kpibar-orders/Y/0001036", "reference digits")


@pytest.mark.long
def test_the_report_tells_of_orders_of_another_brand_in_both_languages(folder: Path) -> None:
    write(folder, "kpibar.toml", SETTINGS)
    write(folder, "o.csv", orders("Maison Bleue"))
    write(folder, "p.csv", parcels("MB Paris"))
    kpibar("ingest", "o.csv", "p.csv", "--db", "t.db", folder=folder)
    said = kpibar("report", "--db", "t.db", folder=folder).stdout.replace("\n", " ")
    assert "40 of 40 parcels" in said
    assert "Maison Bleue only" in said
    assert "40 des 40 colis" in kpibar("report", "--db", "t.db", "--lang", "fr", folder=folder).stdout
