"""The invented world behind the sample exports: two French brands, their customers, orders and parcels.

Every instant is an aware UTC datetime; the exports turn it into whatever each vendor writes.
Nothing here reads a clock: the same seed gives the same world.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
STORY_REF = "104512"
EXPORTED_AT = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
# The years that are compared; what is older or newer behaves like the nearer of them.
YEARS = (2024, 2025)
# The spans of days on which orders and questions arise. Those before 2024 lead to contacts and deliveries in its
# first weeks, so that no January is cut off from what came before it; those of 2026 are what the export saw last.
SPANS = (
    (date(2023, 11, 1), date(2023, 12, 31)),
    (date(2024, 1, 1), date(2024, 12, 31)),
    (date(2025, 1, 1), date(2025, 12, 31)),
    (date(2026, 1, 1), date(2026, 1, 14)),
)
# The mobile and the south-western numbers kept for fiction: 20,000 customers fit.
FICTION = ("3363998", "3353649")
HOUR_WEIGHTS = (1, 0.5, 0.2, 0.2, 0.2, 0.5, 1, 3, 6, 8, 9, 8, 8, 7, 7, 7, 7, 7, 7, 7, 9, 10, 7, 3)


@dataclass(frozen=True)
class Brand:
    """One shop: how it numbers its orders, what it sells and how many orders it takes a year."""

    name: str
    order_prefix: str
    first_order: int
    phone_line: str
    orders_per_year: dict[int, int]
    catalogue: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Customer:
    """A nameless customer; the number is unique over both brands."""

    number: int
    email: str
    phone: str
    country: str
    english: bool


@dataclass(frozen=True)
class Parcel:
    """One outgoing parcel and what becomes of it, after the export too; `arrives_at` is None when it is lost.

    A parcel is promised for a day, or for a slot of hours of that day.
    """

    carrier: str
    announced_at: datetime
    shipped_at: datetime
    promised_on: date
    offered_at: datetime | None
    arrives_at: datetime | None
    slot: tuple[datetime, datetime] | None = None

    @property
    def promise_end(self) -> datetime:
        """When the promise is over: at the end of the slot, else of the promised day in Paris."""
        return self.slot[1] if self.slot else midnight(self.promised_on + timedelta(days=1))

    @property
    def late(self) -> bool:
        """Delivered after the end of the promise, or never."""
        return self.arrives_at is None or self.arrives_at >= self.promise_end

    @property
    def first_offer_at(self) -> datetime | None:
        """The first delivery attempt, as far as the export knows."""
        return known(self.offered_at)

    @property
    def delivered_at(self) -> datetime | None:
        """The delivery, as far as the export knows."""
        return known(self.arrives_at)


@dataclass(frozen=True)
class Order:
    """One order with its line items (name, price, quantity) and parcels."""

    brand: Brand
    ref: str
    customer: Customer
    created_at: datetime
    lines: tuple[tuple[str, float, int], ...]
    cancelled_at: datetime | None
    parcels: tuple[Parcel, ...] = field(default=())

    @property
    def late(self) -> bool:
        """True when at least one parcel missed the promise."""
        return any(parcel.late for parcel in self.parcels)

    @property
    def promised_on(self) -> date:
        """The last day promised for the order (its first promise, never a revised one)."""
        return max(parcel.promised_on for parcel in self.parcels)

    @property
    def arrives_at(self) -> datetime | None:
        """When the last parcel arrives, after the export too; None when one never does."""
        instants = [parcel.arrives_at for parcel in self.parcels]
        found = [instant for instant in instants if instant is not None]
        return max(found) if found and len(found) == len(instants) else None

    @property
    def delivered_at(self) -> datetime | None:
        """The arrival of the last parcel, as far as the export knows."""
        return known(self.arrives_at)


MAISON_BLEUE = Brand(
    "Maison Bleue",
    "",
    98784,
    "33199001234",
    {2024: 3000, 2025: 3150},
    (
        ("Plaid", 59.0),
        ("Vase", 34.0),
        ("Bougie", 19.0),
        ("Lampe", 89.0),
        ("Nappe", 45.0),
        ("Tapis", 129.0),
        ("Bols", 42.0),
    ),
)
PETIT_PAS = Brand(
    "Petit Pas",
    "PP",
    20001,
    "33199005678",
    {2024: 2130, 2025: 2240},
    (
        ("Baskets", 49.0),
        ("Babies", 52.0),
        ("Bottines", 65.0),
        ("Sandales", 39.0),
        ("Chaussons", 25.0),
        ("Bottes", 29.0),
    ),
)
BRANDS = (MAISON_BLEUE, PETIT_PAS)

# The carrier that brings heavy goods of Maison Bleue in a slot of two hours, and its share of the orders there.
SLOT_CARRIER = "Tournée"
SLOT_SHARE = 0.027
# What becomes of a slot, in both years alike: in time, too early, later that day, another day.
SLOT_OUTCOMES = {"kept": 80, "early": 5, "later": 10, "other day": 5}
# carrier: (share of parcels, working days promised, lateness compared with the average carrier)
CARRIERS = {
    "Colissimo": (0.42, 4, 0.95),
    "Chronopost": (0.15, 2, 0.15),
    "Mondial Relay": (0.28, 5, 1.20),
    "GLS": (0.15, 4, 1.80),
}
LATE_BASE = {2024: 0.072, 2025: 0.048}
PEAK_LATENESS = 2.0


# One parcel in forty needs a second attempt, in both years alike.
SECOND_ATTEMPT = 0.025


def known(instant: datetime | None) -> datetime | None:
    """The instant when it lies before the export, else None: the export does not know it."""
    return instant if instant is not None and instant < EXPORTED_AT else None


def behaviour(day: date) -> int:
    """The year of which the planted rates hold on a day: 2024 for what is older, 2025 for what is newer."""
    return min(max(day.year, YEARS[0]), YEARS[-1])


def midnight(day: date) -> datetime:
    """The first moment of a day in Paris, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)


def stream(seed: int, name: str) -> Random:
    """An independent random stream per concern, so that one export can change without the others."""
    return Random(f"{seed}/{name}")


def local(instant: datetime) -> datetime:
    """The instant on a clock in Paris."""
    return instant.astimezone(PARIS)


def at_hour(rng: Random, day: date, hour: int) -> datetime:
    """A random second of that hour of that day in Paris, as UTC."""
    naive = datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60))
    return naive.replace(tzinfo=PARIS).astimezone(UTC)


def waking_instant(rng: Random, day: date) -> datetime:
    """A time of day at which people shop and write."""
    return at_hour(rng, day, rng.choices(range(24), HOUR_WEIGHTS)[0])


def is_peak(day: date) -> bool:
    """Black Friday to Christmas: the weeks in which carriers and agents are short."""
    return date(day.year, 11, 10) <= day <= date(day.year, 12, 31)


def add_working_days(day: date, count: int) -> date:
    """The day `count` delivery days (Monday to Saturday) later."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() != 6
    return day


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(days=k) for k in range((last - first).days + 1)]


def season(brand: Brand, day: date) -> float:
    """Relative demand of a day: sales, back to school, Black Friday, Christmas, quiet August."""
    weight = {1: 0.95, 2: 0.8, 7: 0.95, 8: 0.7, 10: 0.9, 11: 1.25, 12: 1.6}.get(day.month, 0.85)
    if day.month == 1 and 8 <= day.day <= 28:
        weight *= 1.5
    if day.month == 11 and day.day >= 21:
        weight *= 1.7
    if day.month == 12 and day.day > 20:
        weight *= 0.4
    if brand is PETIT_PAS and date(day.year, 8, 20) <= day <= date(day.year, 9, 12):
        weight *= 2.2
    return weight * (1.15 if day.weekday() in (0, 6) else 1.0)


def draw_days(rng: Random, brand: Brand, per_order: float = 1.0) -> list[date]:
    """Days of all spans drawn by season: `per_order` for each order; a part of a year has its share of the year's."""
    found: list[date] = []
    for first, last in SPANS:
        days = days_between(first, last)
        year = days_between(date(first.year, 1, 1), date(first.year, 12, 31))
        weights = [season(brand, day) for day in days]
        share = sum(weights) / sum(season(brand, day) for day in year)
        found += rng.choices(days, weights, k=round(per_order * brand.orders_per_year[behaviour(first)] * share))
    return found


def new_customer(rng: Random, number: int) -> Customer:
    """A customer at a reserved mail domain, with a number from the French ranges kept for fiction."""
    country = rng.choices(("FR", "BE", "ES"), (90, 7, 3))[0]
    phone = f"{FICTION[number % 2]}{number // 2:04d}" if rng.random() < 0.95 else ""
    english = rng.random() < (0.05 if country == "FR" else 0.4)
    return Customer(number, f"c{number}@example.com", phone, country, english)


def pick_customer(rng: Random, known: list[Customer], numbers: Iterator[int]) -> Customer:
    """A returning customer three times in ten, else a new one."""
    if known and rng.random() < 0.3:
        return rng.choice(known)
    known.append(new_customer(rng, next(numbers)))
    return known[-1]


def draw_lines(rng: Random, brand: Brand) -> tuple[tuple[str, float, int], ...]:
    """One line item mostly; twelve orders in a hundred have two or three different ones."""
    items = rng.sample(brand.catalogue, rng.choices((1, 2, 3), (88, 11, 1))[0])
    return tuple((name, price, rng.choices((1, 2), (92, 8))[0]) for name, price in items)


def late_probability(carrier: str, promised: date, created: date) -> float:
    """Chance that one parcel misses its promise."""
    base = LATE_BASE[behaviour(created)] * CARRIERS[carrier][2]
    return base * (PEAK_LATENESS if is_peak(created) or is_peak(promised) else 1.0)


def arrival(rng: Random, shipped: date, promised: date, late: bool) -> date:
    """The day of the first delivery attempt."""
    if late:
        return add_working_days(promised, 1 + min(int(rng.expovariate(1 / 2.2)), 18))
    window = max((promised - shipped).days, 1)
    early = rng.choices((0, 1, 2), (40, 40, 20))[0]
    return add_working_days(shipped, max(window - early, 1)) if window > early + 1 else promised


def draw_parcel(rng: Random, created: datetime, extra_days: int) -> Parcel:
    """One parcel from label to doorstep; half a percent are lost, one in forty needs a second attempt."""
    carrier = rng.choices(list(CARRIERS), [share for share, _, _ in CARRIERS.values()])[0]
    day = local(created).date()
    promised = add_working_days(day, CARRIERS[carrier][1])
    ship_day = add_working_days(day, 1 + extra_days)
    announced = at_hour(rng, ship_day, rng.randrange(7, 11))
    shipped = announced + timedelta(minutes=rng.randrange(180, 480))
    late = rng.random() < late_probability(carrier, promised, day)
    offer_day = min(arrival(rng, ship_day, promised, False), promised)
    if late:
        offer_day = arrival(rng, ship_day, promised, True)
    offer = max(at_hour(rng, offer_day, rng.randrange(9, 18)), shipped + timedelta(hours=14))
    delivered = at_hour(rng, add_working_days(offer_day, 1), 11) if rng.random() < SECOND_ATTEMPT else offer
    lost = rng.random() < 0.005
    return Parcel(carrier, announced, shipped, promised, None if lost else offer, None if lost else delivered)


def draw_slot_parcel(rng: Random, created: datetime) -> Parcel:
    """One parcel promised for a slot of two hours, eight working days after the order that makes the appointment."""
    promised = add_working_days(local(created).date(), 8)
    begins = midnight(promised) + timedelta(hours=rng.randrange(8, 19, 2))
    shipped = at_hour(rng, promised, 6)
    outcome = rng.choices(list(SLOT_OUTCOMES), list(SLOT_OUTCOMES.values()))[0]
    arrives = begins + timedelta(minutes=rng.randrange(5, 115))
    if outcome == "early":
        arrives = begins - timedelta(minutes=rng.randrange(5, 50))
    elif outcome == "later":
        arrives = begins + timedelta(minutes=120 + rng.randrange(5, 100))
    elif outcome == "other day":
        arrives += timedelta(days=(add_working_days(promised, rng.randrange(1, 5)) - promised).days)
    slot = (begins, begins + timedelta(hours=2))
    return Parcel(SLOT_CARRIER, created + timedelta(hours=1), shipped, promised, arrives, arrives, slot)


def draw_parcels(rng: Random, brand: Brand, created: datetime) -> tuple[Parcel, ...]:
    """The parcels of an order: one by appointment, else one or, four times in a hundred, two."""
    if brand is MAISON_BLEUE and rng.random() < SLOT_SHARE:
        return (draw_slot_parcel(rng, created),)
    count = 2 if rng.random() < 0.04 else 1
    return tuple(draw_parcel(rng, created, extra) for extra in range(count))


def draw_order(rng: Random, brand: Brand, number: int, customer: Customer, created: datetime) -> Order:
    """One order; two in a hundred are cancelled before they ship."""
    ref = f"{brand.order_prefix}{number}"
    # The order of the planted story is sent in one parcel that is promised for a day, whatever the seed.
    if ref == STORY_REF:
        return delayed(
            Order(brand, ref, customer, created, draw_lines(rng, brand), None, (draw_parcel(rng, created, 0),))
        )
    cancelled = created + timedelta(minutes=rng.randrange(20, 1200)) if rng.random() < 0.02 else None
    parcels = () if cancelled else draw_parcels(rng, brand, created)
    return Order(brand, ref, customer, created, draw_lines(rng, brand), cancelled, parcels)


def delayed(order: Order) -> Order:
    """The order of the planted story: one parcel, six days after its promise."""
    parcel = order.parcels[0]
    day = add_working_days(parcel.promised_on, 5)
    arrived = datetime(day.year, day.month, day.day, 14, 20, tzinfo=PARIS).astimezone(UTC)
    return replace(order, parcels=(replace(parcel, offered_at=arrived, arrives_at=arrived),))


def draw_orders(seed: int, brand: Brand, numbers: Iterator[int]) -> list[Order]:
    """All orders of a brand in order of creation, numbered without a gap."""
    rng = stream(seed, f"orders/{brand.name}")
    instants = sorted(waking_instant(rng, day) for day in draw_days(rng, brand))
    known_ones: list[Customer] = []
    return [
        draw_order(rng, brand, brand.first_order + k, pick_customer(rng, known_ones, numbers), instant)
        for k, instant in enumerate(instants)
    ]
