"""Worlds in which it is known which contacts are about the same matter, and how many repeats kpibar sees.

    python -m tests.identity_worlds [WORLD ...]

A matter is what a customer contacts the service about: one order or none, one reason. In some worlds many customers
have a second matter within a week, in others few; reasons, order numbers and customers are recorded of a part of the
contacts. A repeat is a contact that follows another one of the same matter within seven days. Prints for each world,
and for the sample exports, how many repeats are true, the share of them that is seen (recall), and the share of those
seen that is true (precision).
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from kpibar.cli.demo import own_key, sample_folder
from tests.support import facts, ingest_tables, settings
from tests.truth import ingest_sample

REASONS = ("Where is my order", "Return", "Invoice", "Refund", "Product question")
OF_ORDERS, OF_NO_ORDER = (35, 20, 10, 15, 20), (0, 0, 20, 10, 70)
CHANNELS = {"email": 0.45, "phone": 0.35, "chat": 0.2}
# The share of the contacts of a channel of which the reason is recorded.
RECORDED = {"email": 0.75, "phone": 0.35, "chat": 0.6}
START, LAST, AS_OF = datetime(2025, 1, 1), datetime(2025, 12, 31), datetime(2026, 1, 31)
DAY_S, WEEK_S = 86_400, 7 * 86_400
Matters = Mapping[str, Hashable]


@dataclass(frozen=True)
class World:
    """How customers behave and what is recorded of it.

    `repeat` is the probability that a first contact is followed by another one, `second_matter` that the customer has
    another matter within a week; of the contacts, `reason` scales how many have a reason, `order` is the share that
    names its order, `customer` the share whose customer is known.
    """

    matters: int = 3_000
    repeat: float = 0.3
    second_matter: float = 0.06
    reason: float = 1.0
    order: float = 0.45
    customer: float = 0.8


WORLDS: Mapping[str, World] = {
    "ordinary": World(),
    "few second matters": World(second_matter=0.02),
    "many second matters": World(second_matter=0.15),
    "reasons recorded": World(reason=1.25),
    "few reasons": World(reason=0.6),
    "few order numbers": World(order=0.15),
    "few repeats": World(repeat=0.08, second_matter=0.15),
}


@dataclass(frozen=True)
class Approach:
    """A contact as it happened."""

    at: datetime
    matter: int
    channel: str
    reason: str
    order: int | None
    customer: int


@dataclass(frozen=True)
class Score:
    """Contacts, those that truly repeat another one, those seen as repeats, and those that are both."""

    contacts: int
    true: int
    seen: int
    both: int

    @property
    def recall(self) -> float:
        """The share of the true repeats that is seen."""
        return self.both / self.true

    @property
    def precision(self) -> float:
        """The share of the repeats seen that is true."""
        return self.both / self.seen


def draw_channel(random: Random) -> str:
    """A channel."""
    return random.choices(list(CHANNELS), list(CHANNELS.values()))[0]


def draw_orders(random: Random, world: World) -> list[tuple[datetime, int]]:
    """The instant and the customer of each order, in order of time."""
    customers, count = 7 * world.matters // 3, 21 * world.matters // 10
    return sorted((START + timedelta(seconds=random.randrange(364 * DAY_S)), customer_of(random, customers))
                  for _ in range(count))  # fmt: skip


def customer_of(random: Random, customers: int) -> int:
    """The number of a customer; some order and write more often."""
    return int(customers * random.random() ** 1.15)


class Diary:
    """The contacts of a year, as matters arise."""

    def __init__(self, random: Random, world: World) -> None:
        self.random, self.world = random, world
        self.approaches: list[Approach] = []
        self.matters = 0

    def add_matter(self, customer: int, order: int | None, reason: str, at: datetime) -> None:
        """The contacts of a matter: the first, and others within days, less and less probably."""
        random, again, channel = self.random, self.world.repeat, draw_channel(self.random)
        self.matters += 1
        while at < LAST:
            self.approaches.append(Approach(at, self.matters, channel, reason, order, customer))
            if random.random() > again:
                break
            again *= 0.7
            at += timedelta(seconds=3_600 + min(random.expovariate(1 / (1.8 * DAY_S)), 9 * DAY_S))
            channel = draw_channel(random) if random.random() < 0.4 else channel


def draw_approaches(random: Random, world: World, orders: Sequence[tuple[datetime, int]]) -> list[Approach]:
    """The contacts of a year, in order of time."""
    diary, fresh = Diary(random, world), random.sample(range(len(orders)), len(orders))
    of_customer: dict[int, list[int]] = defaultdict(list)
    for number, (_, customer) in enumerate(orders):
        of_customer[customer].append(number)
    for _ in range(world.matters):
        order: int | None = fresh.pop() if random.random() < 0.75 else None
        if order is None:
            customer, at = customer_of(random, 7 * world.matters // 3), draw_instant(random)
        else:
            customer = orders[order][1]
            at = orders[order][0] + timedelta(seconds=DAY_S + random.expovariate(1 / (5 * DAY_S)))
        reason = random.choices(REASONS, OF_NO_ORDER if order is None else OF_ORDERS)[0]
        diary.add_matter(customer, order, reason, at)
        if random.random() < world.second_matter:
            later = at + timedelta(seconds=random.randrange(WEEK_S))
            second = draw_second(random, orders, of_customer[customer], order, later)
            others = [other for other in REASONS if other != reason] if second == order else list(REASONS)
            diary.add_matter(customer, second, random.choice(others), later)
    return sorted(diary.approaches, key=lambda approach: approach.at)


def draw_instant(random: Random) -> datetime:
    """An instant of the year."""
    return START + timedelta(seconds=random.randrange(364 * DAY_S))


def draw_second(
    random: Random, orders: Sequence[tuple[datetime, int]], own: Sequence[int], first: int | None, at: datetime
) -> int | None:
    """The order of a second matter: the same one, another recent one of the customer, or none."""
    if first is not None and random.random() < 0.4:
        return first
    recent = [number for number in own if number != first and timedelta() < at - orders[number][0] < timedelta(days=60)]
    return recent[-1] if recent and random.random() < 0.7 else None


def lines_of(random: Random, world: World, approaches: Sequence[Approach]) -> Iterator[str]:
    """The lines of the export of the contacts, numbered from 1 on."""
    for number, one in enumerate(approaches, 1):
        reason = one.reason if random.random() > 0.04 else random.choice(REASONS)
        reason = reason if random.random() < RECORDED[one.channel] * world.reason else ""
        order = str(500_000 + one.order) if one.order is not None and random.random() < world.order else ""
        customer = f"c{one.customer}@example.com"
        if random.random() > world.customer:
            customer = f"+336{random.randrange(10**8):08d}" if random.random() < 0.5 else ""
        yield f"{number},{one.at:%Y-%m-%d %H:%M:%S},{one.channel},{customer},{order},{reason}"


def exports(seed: int | str, world: World) -> tuple[dict[str, str], Matters]:
    """The two exports of a world, and the matter of each contact by its id."""
    random = Random(f"identity {seed}")
    orders = draw_orders(random, world)
    approaches = draw_approaches(random, world, orders)
    contacts = ["contact_id,created_at,channel,customer,order_ref,reason_raw", *lines_of(random, world, approaches)]
    placed = ["order_ref,ordered_at,customer"]
    for number, (at, customer) in enumerate(orders, 500_000):
        placed.append(f"{number},{at:%Y-%m-%d %H:%M:%S},c{customer}@example.com")
    files = {"contacts.csv": "\n".join(contacts) + "\n", "orders.csv": "\n".join(placed) + "\n"}
    return files, {str(number): one.matter for number, one in enumerate(approaches, 1)}


def score(rows: Sequence[tuple[datetime, Hashable, bool]]) -> Score:
    """The score of contacts: when each was made, its matter, and whether it is seen as a repeat."""
    last: dict[Hashable, datetime] = {}
    true = seen = both = 0
    for at, matter, repeat in sorted(rows, key=lambda row: row[0]):
        follows = matter in last and (at - last[matter]).total_seconds() <= WEEK_S
        last[matter] = at
        true, seen, both = true + follows, seen + repeat, both + (follows and repeat)
    return Score(len(rows), true, seen, both)


SEEN = f"coalesce(gap_previous_s <= {WEEK_S}, FALSE)"


def score_world(folder: Path, seed: int | str, world: World) -> Score:
    """What kpibar sees of a world. Writes into the folder."""
    files, matters = exports(seed, world)
    ingest_tables(folder, files, settings(folder), AS_OF)
    rows = facts(folder, f"SELECT created_at, contact_id, {SEEN} FROM fact_contacts WHERE counted")
    return score([(at, matters[contact], repeat) for at, contact, repeat in rows])


def score_sample(folder: Path) -> Score:
    """What kpibar sees of the sample exports, whose database is folder/test.duckdb."""
    matters = sample_matters()
    rows = facts(folder, f"SELECT created_at, channel, {SEEN} FROM fact_contacts WHERE counted")
    known = [(at, matters[at, channel], repeat) for at, channel, repeat in rows if (at, channel) in matters]
    return score(known)


def sample_matters() -> dict[tuple[datetime, str], Hashable]:
    """The matter of each sample contact by its instant and channel, as its generator drew it; none of one of two."""
    sys.path.insert(0, str(sample_folder()))
    try:
        from make import SEED, draw_world
        from truth import approaches
    finally:
        sys.path.remove(str(sample_folder()))
    matters: dict[tuple[datetime, str], set[Hashable]] = defaultdict(set)
    for one in approaches(draw_world(SEED)[1]):
        # The conversations of one helpdesk are exported to the minute.
        exact = one.created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        channel = {"form": "web"}.get(one.contact.channel, one.contact.channel)
        for at in {exact, exact.replace(second=0)}:
            matters[at, channel].add(one.issue)
    return {key: next(iter(found)) for key, found in matters.items() if len(found) == 1}


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description="How many repeats kpibar sees, where the true ones are known.")
    parser.add_argument("worlds", nargs="*", help=f"of {', '.join(WORLDS)}, sample; by default all")
    names = parser.parse_args().worlds or ["sample", *WORLDS]
    print(f"{'world':20} {'contacts':>8} {'true':>6} {'seen':>6} {'recall':>7} {'precision':>9}")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="kpibar-identity-") as place:
            folder = Path(place)
            with own_key(folder / "test.duckdb"):
                if name == "sample":
                    ingest_sample(sample_folder(), folder)
                    found = score_sample(folder)
                else:
                    found = score_world(folder, name, WORLDS[name])
        counts = f"{found.contacts:>8} {found.true:>6} {found.seen:>6}"
        print(f"{name:20} {counts} {found.recall:>7.3f} {found.precision:>9.3f}", flush=True)


if __name__ == "__main__":
    main()
