"""Cells of order references with several numbers, or words beside one: each number is looked for."""

from pathlib import Path

import pytest

from tests.support import computed, facts

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
    ],
)
def test_a_cell_of_several_numbers_finds_the_latest_order(folder: Path, cell: str, order: str) -> None:
    found = computed(folder, {"orders.csv": ORDERS, "contacts.csv": contacts(cell)})
    assert facts(folder, LINKS) == [(order,)]
    assert "orders_unmatched" not in [note.code for note in found.notes]


def test_numbers_that_no_order_has_are_counted(folder: Path) -> None:
    cells = ("FR41000", "ERP-1", "FR5 / FR6", "voir mail")
    found = computed(folder, {"orders.csv": ORDERS, "contacts.csv": contacts(*cells)})
    assert [note.values for note in found.notes if note.code == "orders_unmatched"] == [{"rows": 3, "named": 4}]
