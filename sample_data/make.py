"""Write the sample exports of the two invented brands: `python sample_data/make.py [--out DIR] [--seed N]`.

The same seed writes the same bytes; nothing reads a clock or the network.
"""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import count
from pathlib import Path

from contacts import Contact, draw_calls, draw_contacts, helpdesk
from desk import draw_tickets, easiware, ratings, zendesk
from phone import aircall
from shop import delighted, sendcloud, shopify
from table import Table, write
from world import BRANDS, Brand, Order, draw_orders

SEED = 20260115


def written(contacts: list[Contact], tool: str) -> list[Contact]:
    """The contacts a helpdesk keeps: everything but the calls of its brand."""
    return [c for c in contacts if c.channel != "phone" and helpdesk(c.brand) == tool]


def callers(contacts: list[Contact]) -> set[int]:
    """The numbers of the customers who ever telephone: those who left the shop their telephone number."""
    return {contact.customer.number for contact in contacts if contact.channel == "phone"}


def draw_world(seed: int) -> tuple[list[tuple[Brand, list[Order]]], list[Contact]]:
    """The orders of each brand and the contacts of both."""
    orders: list[tuple[Brand, list[Order]]] = []
    contacts: list[Contact] = []
    numbers = count(1)
    for brand in BRANDS:
        orders.append((brand, draw_orders(seed, brand, numbers)))
        contacts += draw_contacts(seed, brand, orders[-1][1], numbers)
    return orders, contacts


def build(seed: int) -> list[Table]:
    """Every sample export."""
    orders, contacts = draw_world(seed)
    both = sorted((o for _, of_brand in orders for o in of_brand), key=lambda order: order.created_at)
    tickets = draw_tickets(seed, written(contacts, "Zendesk"))
    return [
        zendesk(seed, tickets),
        ratings(seed, tickets),
        easiware(seed, written(contacts, "Easiware")),
        aircall(seed, draw_calls(seed, contacts)),
        *(shopify(seed, brand, of_brand, callers(contacts)) for brand, of_brand in orders),
        sendcloud(seed, both),
        delighted(seed, both),
    ]


def main() -> None:
    """Write all files and list them with their sizes."""
    parser = ArgumentParser(description="Write the sample exports; the same seed writes the same bytes.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = [write(table, options.out) for table in build(options.seed)]
    for path in paths:
        print(f"{path.stat().st_size:>9,}  {path.name}")
    print(f"{sum(path.stat().st_size for path in paths):>9,}  total")


if __name__ == "__main__":
    main()
