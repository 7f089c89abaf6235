"""Write the sample exports of the two invented brands, and the true values behind them.

    python sample_data/make.py [--out DIR] [--seed N]

The same seed writes the same bytes; nothing reads a clock or the network.
"""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import count
from pathlib import Path

from contacts import Contact, draw_calls, draw_contacts, helpdesk
from helpdesk import draw_tickets, easiware, ratings, zendesk
from phone import aircall
from shop import appointments, delighted, draw_invitations, sendcloud, shopify
from table import Table, write
from truth import Figures, World, find_truth, write_truth
from world import BRANDS, Brand, Order, draw_orders

SEED = 20260115


def written(contacts: list[Contact], tool: str) -> list[Contact]:
    """The contacts a helpdesk keeps: everything but the calls of its brand."""
    return [c for c in contacts if c.channel != "phone" and helpdesk(c.brand) == tool]


def callers(contacts: list[Contact]) -> set[int]:
    """The numbers of the customers who ever telephone: those who left the shop their telephone number."""
    return {contact.customer.number for contact in contacts if contact.channel == "phone"}


def draw_world(seed: int) -> tuple[list[tuple[Brand, list[Order]]], World]:
    """The orders of each brand, and all that happens to them and to both brands' customers."""
    orders: list[tuple[Brand, list[Order]]] = []
    contacts: list[Contact] = []
    numbers = count(1)
    for brand in BRANDS:
        orders.append((brand, draw_orders(seed, brand, numbers)))
        contacts += draw_contacts(seed, brand, orders[-1][1], numbers)
    both = sorted((order for _, of_brand in orders for order in of_brand), key=lambda order: order.created_at)
    tickets = draw_tickets(seed, written(contacts, "Zendesk"))
    conversations = written(contacts, "Easiware")
    calls, invitations = draw_calls(seed, contacts), draw_invitations(seed, both)
    return orders, World(both, contacts, tickets, conversations, calls, invitations)


def build(seed: int) -> tuple[list[Table], dict[str, Figures]]:
    """Every sample export, and the true values."""
    orders, world = draw_world(seed)
    tables = [
        zendesk(seed, world.tickets),
        ratings(seed, world.tickets),
        easiware(seed, world.conversations),
        aircall(seed, world.calls),
        *(shopify(seed, brand, of_brand, callers(world.contacts)) for brand, of_brand in orders),
        sendcloud(seed, world.orders),
        appointments(world.orders),
        delighted(world.invitations),
    ]
    return tables, find_truth(world)


def main() -> None:
    """Write all files and list them with their sizes."""
    parser = ArgumentParser(description="Write the sample exports; the same seed writes the same bytes.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tables, values = build(options.seed)
    paths = [*(write(table, options.out) for table in tables), write_truth(values, options.out)]
    for path in paths:
        print(f"{path.stat().st_size:>9,}  {path.name}")
    print(f"{sum(path.stat().st_size for path in paths):>9,}  total")


if __name__ == "__main__":
    main()
