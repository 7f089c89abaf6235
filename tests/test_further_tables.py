"""A layout may fill several tables from one file: what a further table cannot take is told, not dropped."""

from pathlib import Path
from typing import Any

from kpibar.load.errors import TooManyRejects
from kpibar.load.outcome import Outcome
from tests.intake import DATABASE, held, take, write
from tests.support import kpibar

LAYOUT = """
name = "shop-orders"
fills = "orders"
detect = ["Order", "Bought", "Tracking"]
formats = ["%Y-%m-%d"]
[select]
order_ref = 'text("Order")'
ordered_at = 'instant("Bought")'
[also.parcels]
where = '"Tracking" IS NOT NULL'
[also.parcels.select]
parcel_id = 'text("Tracking")'
order_ref = 'text("Order")'
"""
ORDERS = "Order,Bought,Tracking\nA,2025-01-02,6123450000001\nB,2025-01-03,6.12345E+15\nC,2025-01-04,\n"


def taken(folder: Path, content: str, **options: Any) -> Outcome:
    """The outcome of a file read by the layout above."""
    write(folder, "layouts/shop-orders.toml", LAYOUT)
    return take(folder, write(folder, "shop.csv", content), **options)[0]


def test_a_rounded_tracking_number_is_rejected_and_told(folder: Path) -> None:
    outcome = taken(folder, ORDERS)
    orders, parcels = (table.counts for table in outcome.tables)
    assert (orders.records, orders.added, orders.rejected) == (3, 3, 0)
    assert (parcels.records, parcels.added, parcels.rejected) == (2, 1, 1)
    assert outcome.first_rejects == ("shop.csv:3: its identifier was rounded by a spreadsheet",)
    rejects = held(folder, "SELECT entity, line, last_line, code FROM rejects JOIN files USING (file_id)")
    assert rejects == [("parcels", 3, 3, "key")]
    assert "shop.csv:3" in kpibar("rejects", "--db", DATABASE, folder=folder).stdout
    assert kpibar("rejects", "shop.csv", "-o", "fix.csv", "--db", DATABASE, folder=folder).returncode == 0
    assert (folder / "fix.csv").read_text() == "".join(ORDERS.splitlines(keepends=True)[::2])
    assert kpibar("check", "--db", DATABASE, folder=folder).returncode == 0


def test_a_table_that_loses_too_many_refuses_the_file(folder: Path) -> None:
    rows = "".join(f"A{n},2025-01-02,6.12345E+15\n" for n in range(11))
    outcome = taken(folder, ORDERS.partition("\n")[0] + "\n" + rows)
    assert isinstance(outcome.error, TooManyRejects)
    assert held(folder, "SELECT count(*) FROM orders") == [(0,)]
