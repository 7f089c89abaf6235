"""Worlds in which customers behave alike in two years and only what is recorded changes, and what a barometer says.

    python -m tests.recording_worlds --worlds 20

In each world a new helpdesk is set up on 1 January 2025: it records the reason, the order number and the customer of
more contacts (or of fewer). Contacts, orders and repeats are drawn alike in both years. Prints how many barometers hold
a verdict, and of which KPIs; exit code 1 where more than one in ten do.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from kpibar.measure.report import Barometer
from tests.support import computed

ORDERS, CONTACTS = 1_500, 1_000
CHANNELS = {"email": 0.7, "phone": 0.3}
REASONS = ("Where is my order", "Return", "Invoice", "Refund", "Product question")
# KPIs of how contacts are recorded, not of how customers behave.
COVERAGE = {"reason_coverage", "link_coverage", "followed_share"}
AS_OF = datetime(2026, 1, 31)


@dataclass(frozen=True)
class Recording:
    """The shares of the contacts of which the reason, the order number and the customer are recorded."""

    reason: float
    order: float
    customer: float


@dataclass(frozen=True)
class Approach:
    """A contact as it happened: its time, channel, and the numbers of what it is about."""

    at: datetime
    channel: str
    reason: str
    order: int
    customer: int


def draw_approaches(random: Random, year: int) -> Iterator[Approach]:
    """The contacts of a year: one in five is followed by another one of the same customer within a week."""
    for number in range(CONTACTS):
        order = random.randrange(ORDERS)
        at = datetime(year, 1, 1) + timedelta(seconds=random.randrange(364 * 86_400))
        channel = random.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        reason = random.choices(REASONS, (30, 25, 15, 15, 15))[0]
        first = Approach(at, channel, reason, year * 10_000 + order, year * 10_000 + order % (ORDERS - 50) + number % 2)
        yield first
        if random.random() < 0.2:
            later = at + timedelta(hours=random.randrange(12, 150))
            if later.year == year:
                yield Approach(later, channel, reason, first.order, first.customer)


def contacts_of(random: Random, year: int, recording: Recording, first: int) -> Iterator[str]:
    """The lines of the export of a year's contacts, numbered from `first` on."""
    for number, contact in enumerate(draw_approaches(random, year), first):
        reason = contact.reason if random.random() < recording.reason else ""
        order = str(contact.order) if random.random() < recording.order else ""
        customer = f"c{contact.customer}@example.com" if random.random() < recording.customer else ""
        yield f"{number},{contact.at:%Y-%m-%d %H:%M:%S},{contact.channel},{customer},{order},{reason}"


def orders_of(random: Random, year: int) -> Iterator[str]:
    """The lines of the export of a year's orders."""
    for number in range(ORDERS):
        at = datetime(year, 1, 1) + timedelta(seconds=random.randrange(364 * 86_400))
        customer = year * 10_000 + number % (ORDERS - 50)
        yield f"{year * 10_000 + number},{at:%Y-%m-%d %H:%M:%S},c{customer}@example.com"


def exports(seed: int, before: Recording, now: Recording) -> dict[str, str]:
    """The two exports of a world."""
    random = Random(seed)
    contacts = ["contact_id,created_at,channel,customer,order_ref,reason_raw"]
    contacts += contacts_of(random, 2024, before, 1)
    contacts += contacts_of(random, 2025, now, 100_000)
    orders = ["order_ref,ordered_at,customer", *orders_of(random, 2024), *orders_of(random, 2025)]
    return {"contacts.csv": "\n".join(contacts) + "\n", "orders.csv": "\n".join(orders) + "\n"}


def world(seed: int) -> tuple[Recording, Recording]:
    """How much is recorded before and after: more of all three, of one of them, or less, drawn by the seed."""
    random = Random(f"recording {seed}")
    low, high = random.uniform(0.45, 0.65), random.uniform(0.8, 0.97)
    few, many = Recording(low, low - 0.1, low), Recording(high, high - 0.1, high)
    one = (Recording(high, few.order, few.customer), Recording(few.reason, many.order, few.customer))
    choices = ((few, many), (many, few), (few, one[0]), (few, one[1]), (few, Recording(low, few.order, high)))
    return choices[seed % len(choices)]


def verdicts(found: Barometer) -> dict[str, str]:
    """The KPIs of behaviour that are said to be better or worse."""
    return {
        row.kpi.id: row.change.verdict
        for row in found.rows
        if row.change and row.change.verdict in ("better", "worse") and row.kpi.id not in COVERAGE
    }


def main() -> int:
    """Print how many barometers hold a verdict although nothing changed but the recording."""
    parser = argparse.ArgumentParser(description="Verdicts on worlds in which only the recording changes.")
    parser.add_argument("--worlds", type=int, default=20)
    options = parser.parse_args()
    kpis: Counter[str] = Counter()
    false = 0
    for seed in range(options.worlds):
        with tempfile.TemporaryDirectory() as name:
            said = verdicts(computed(Path(name), exports(seed, *world(seed)), as_of=AS_OF))
        false += bool(said)
        kpis.update(f"{kpi} {verdict}" for kpi, verdict in said.items())
        print(f"world {seed:>2}: {said or 'no verdict'}", flush=True)
    print(f"{false} of {options.worlds} barometers hold a false verdict: {dict(kpis.most_common())}")
    return int(false > options.worlds / 10)


if __name__ == "__main__":
    raise SystemExit(main())
