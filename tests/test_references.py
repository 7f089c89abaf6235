"""Cells of order references with several numbers, or words beside one: each number is looked for."""

from pathlib import Path

import pytest

from kpibar.measure.report import Request
from tests.support import computed, facts, report, settings

ORDERS = """
| order_ref | ordered_at       |
| FR41000   | 2025-03-01 10:00 |
| FR41001   | 2025-03-02 10:00 |
| FR41002   | 2025-03-03 10:00 |
"""
LINKS = (
    "SELECT o.order_ref FROM fact_contacts c LEFT JOIN fact_orders f ON f.order_id = c.order_id "
    "LEFT JOIN orders o ON o.order_key = f.order_key"
)


def contacts(*references: str) -> str:
    rows = "".join(f'{n},2025-03-10 10:00,email,"{cell}"\n' for n, cell in enumerate(references))
    return f"contact_id,created_at,channel,order_ref\n{rows}"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("cell", "order"),
    [
        ("FR41001", "FR41001"),
        ("FR41001, FR41000", "FR41001"),
        ("FR41000 / FR41001", "FR41001"),
        ("fr 41000;fr 41002", "FR41002"),
        # A number with its letters is surer than digits alone.
        ("fr 41000;41002", "FR41000"),
        ("cde FR41001", "FR41001"),
        ("Commande n° 41001", "FR41001"),
        ("#FR41001 + #FR41000", "FR41001"),
        ("FR41000 et FR41001", "FR41001"),
        ("41000\n41001", "FR41001"),
        ("FR99999, FR41000", "FR41000"),
        ("41001 du 12/03/2025, 41,00 EUR", "FR41001"),
        ("FR41001 Dupont", "FR41001"),
    ],
)
def test_a_cell_of_several_numbers_finds_the_latest_order(folder: Path, cell: str, order: str) -> None:
    found = computed(folder, {"orders.csv": ORDERS, "contacts.csv": contacts(cell)})
    assert facts(folder, LINKS) == [(order,)]
    assert "orders_unmatched" not in [note.code for note in found.notes]


@pytest.mark.long
@pytest.mark.parametrize(
    "cell",
    [
        "2025/41001",
        "12/03/2025",
        "commande du 2025-03-12 10:00",
        "2025,50 EUR",
        "2025 €, payé",
        "00123 / 2025",
        "12.03.2025 matin",
    ],
)
def test_dates_amounts_and_years_in_a_cell_are_no_numbers_of_orders(folder: Path, cell: str) -> None:
    orders = ORDERS.replace("FR41000", "2025   ").replace("FR41001", "12345  ")
    computed(folder, {"orders.csv": orders, "contacts.csv": contacts(cell)})
    assert facts(folder, LINKS) == [(None,)]


@pytest.mark.long
def test_the_numbers_of_a_brand_are_counted_in_its_report(folder: Path) -> None:
    """Of Lune one contact of two states a number that no order has, of Luna both do."""
    rows = [("1", "FR41000", "Lune"), ("2", "ERP1", "Lune"), ("3", "ERP2", "Luna"), ("4", "ERP3", "Luna")]
    text = "contact_id,created_at,channel,order_ref,brand\n"
    text += "".join(f"{number},2025-03-10 10:00,email,{cell},{brand}\n" for number, cell, brand in rows)
    orders = ORDERS.replace("ordered_at       |", "ordered_at       | brand |").replace(":00 |", ":00 | Lune |")
    computed(folder, {"orders.csv": orders, "contacts.csv": text})
    counts = {}
    for brand in ("Lune", "Luna"):
        found = report(folder, settings(folder), Request(brand=brand))
        counts[brand] = [note.values for note in found.notes if note.code == "orders_unmatched"]
    assert counts == {"Lune": [{"rows": 1, "named": 2}], "Luna": [{"rows": 2, "named": 2}]}


@pytest.mark.long
def test_numbers_that_no_order_has_are_counted(folder: Path) -> None:
    cells = ("FR41000", "ERP-1", "FR5 / FR6", "voir mail")
    found = computed(folder, {"orders.csv": ORDERS, "contacts.csv": contacts(*cells)})
    assert [note.values for note in found.notes if note.code == "orders_unmatched"] == [{"rows": 3, "named": 4}]
