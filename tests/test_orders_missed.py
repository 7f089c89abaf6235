"""Parcels whose orders are not among those loaded, and orders of which no export tells the cancellation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kpibar.measure.report import Request
from tests.support import AS_OF, fraction, ingest_tables, kpibar, report, settings


def orders(name: Callable[[int], str], count: int = 20, column: str = "cancelled_at") -> str:
    lines = "".join(f"{name(n)},2025-03-{1 + n:02} 10:00,\n" for n in range(count))
    return f"order_ref,ordered_at,{column}\n{lines}"


def parcels(name: Callable[[int], str], count: int = 20, brand: str = "") -> str:
    lines = "".join(f"P{n},{name(n)},2025-03-{5 + n:02},2025-03-{5 + n:02},{brand}\n" for n in range(count))
    return f"parcel_id,order_ref,promised_to,delivered_at,brand\n{lines}"


def notes(folder: Path, exports: dict[str, str]) -> tuple[list[tuple[str, int]], list[dict[str, object]]]:
    """The remarks of the last file on orders that are missed, and the notes of the report."""
    used = settings(folder)
    outcomes = ingest_tables(folder, exports, used, AS_OF)
    found = [(one.about, one.records) for one in outcomes[-1].remarks if one.code == "orders_missed"]
    return found, [dict(note.values) for note in report(folder, used).notes if note.code == "orders_missed"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("last", ["orders", "parcels"])
@pytest.mark.parametrize(
    ("shop", "carrier", "shapes"),
    [
        (lambda n: f"{420 + n:08}", lambda n: f"CMD-{420 + n}-1", ("99999999", "aaa-999-9")),
        (lambda n: f"W{7000 + n}", lambda n: f"ERP-{91000 + n}", ("a9999", "aaa-99999")),
        (lambda n: f"#{1000 + n}", lambda n: f"{660000 + n}", ("#9999", "999999")),
    ],
)
def test_parcels_with_other_numbers_are_told(
    folder: Path, last: str, shop: Callable[[int], str], carrier: Callable[[int], str], shapes: tuple[str, str]
) -> None:
    exports = {"orders.csv": orders(shop), "parcels.csv": parcels(carrier)}
    remarks, found = notes(folder, dict(sorted(exports.items(), reverse=last == "orders")))
    assert remarks == [(f"20; parcels write {shapes[1]}, orders {shapes[0]}", 20)]
    assert [(note["missed"], note["named"], note["parcels"], note["orders"]) for note in found] == [
        (20, 20, shapes[1], shapes[0])
    ]


@pytest.mark.long
def test_each_brand_has_a_remark_of_its_own(folder: Path) -> None:
    """Twelve parcels of each of two brands miss their orders: two remarks of 12, not one of 24 of 12."""
    lines = "".join(
        f"P{n},ERP-{91000 + n},2025-03-{5 + n % 12:02},2025-03-{5 + n % 12:02},{'Two' if n % 2 else 'One'}\n"
        for n in range(24)
    )
    carrier = f"parcel_id,order_ref,promised_to,delivered_at,brand\n{lines}"
    remarks, _ = notes(folder, {"orders.csv": orders(lambda n: f"W{7000 + n}"), "parcels.csv": carrier})
    assert remarks == [(f"12 of {brand}; parcels write aaa-99999, orders a9999", 12) for brand in ("One", "Two")]


@pytest.mark.long
@pytest.mark.parametrize(
    ("shop", "carrier"),
    [
        (lambda n: f"#{1000 + n}", lambda n: f"#{1000 + n}"),
        (lambda n: f"{420 + n:08}", lambda n: f"{420 + n}"),
        (lambda n: f"#{1000 + n}", lambda n: f"#{1000 + n}" if n % 2 else f"B2B-{n}"),
    ],
)
def test_parcels_that_find_their_orders_are_not(
    folder: Path, shop: Callable[[int], str], carrier: Callable[[int], str]
) -> None:
    """Half of them may be orders of another channel."""
    assert notes(folder, {"orders.csv": orders(shop), "parcels.csv": parcels(carrier)}) == ([], [])


@pytest.mark.long
def test_parcels_of_other_months_or_brands_are_not(folder: Path) -> None:
    """The parcels of a year may meet the orders of a month; those of a brand whose orders are not loaded meet none."""
    later = parcels(lambda n: f"L{n}").replace("2025-03", "2025-10")
    other = parcels(lambda n: f"X{n}", brand="Other").replace("\nP", "\nQ")
    branded = orders(lambda n: f"#{n}", column="brand").replace(",\n", ",Own\n")
    assert notes(folder, {"orders.csv": branded, "later.csv": later, "other.csv": other}) == ([], [])


@pytest.mark.long
def test_parcels_without_brand_are_told_in_the_report_of_a_brand(folder: Path) -> None:
    """Of the parcels with other numbers 20 have no brand, 15 are of another one, whose orders are loaded too."""
    own = orders(lambda n: f"#{n}", column="brand").replace(",\n", ",Lune\n")
    other = own.replace("#", "L").replace("Lune", "Luna")
    exports = {
        "own.csv": own,
        "other.csv": other,
        "parcels.csv": parcels(lambda n: f"ERP-{n}"),
        "others.csv": parcels(lambda n: f"ERP-9{n}", count=15, brand="Luna").replace("\nP", "\nQ"),
    }
    used = settings(folder)
    ingest_tables(folder, exports, used, AS_OF)
    found = report(folder, used, Request(brand="Lune"))
    assert [note.values["missed"] for note in found.notes if note.code == "orders_missed"] == [20]


@pytest.mark.long
@pytest.mark.parametrize("column", ["Cancelled at", "Note"])
def test_orders_without_cancellations_are_told(folder: Path, column: str) -> None:
    """A shop's export from which the column was deleted; refunded orders are judged like the others."""
    used, when = settings(folder), "2025-03-01 10:00:00 +0100"
    lines = "".join(f"#{n},c{n}@x.fr,{'refunded' if n < 5 else 'paid'},10,{when},\n" for n in range(20))
    shop = f"Name,Email,Financial Status,Total,Created at,{column}\n{lines}"
    ingest_tables(folder, {"o.csv": shop, "p.csv": parcels(lambda n: f"#{n}")}, used, AS_OF)
    found = report(folder, used)
    notes = [dict(note.values) for note in found.notes if note.code == "cancellations_unknown"]
    assert notes == ([{"source": "shopify-orders"}] if column == "Note" else [])
    assert fraction(found, "late_share") == (0, 20)


@pytest.mark.long
def test_status_lists_the_words_that_nobody_knows(folder: Path) -> None:
    lines = "".join(f"P{n},2025-03-10,{'Terminé' if n < 6 else 'Livré' if n < 9 else 'Claire'}\n" for n in range(10))
    ingest_tables(folder, {"p.csv": f"parcel_id,promised_to,status\n{lines}"}, settings(folder), AS_OF)
    shown = kpibar("status", "--db", "test.duckdb", folder=folder).stdout
    assert '"Terminé" (6), "aaaaaa" (1)' in shown
    assert "Livré" not in shown and "Claire" not in shown
