"""Worlds whose two years follow one law, or differ by a stated change, and the verdicts of their barometers.

    python -m tests.equal_worlds --kind all --worlds 60 --jobs 2

The exports of a world hold orders, parcels, contacts and surveys. In the worlds of kind

- `equal` both years are drawn by one law, row by row;
- `weekly` the law is the same, but the rows of a week have shocks in common (the calls of a day), drawn anew for each
  week: of lateness by carrier, of the volumes of orders and contacts, of reply times, of the service of calls and of
  satisfaction;
- `changed` the shocks are there, and 2025 is worse by a third: odds of late deliveries (by half), WISMO contacts per
  order, reply and resolution times, dissatisfied answers, abandoned calls, transfers. DIRECTIONS lists the KPIs that
  change by it. Where it concerns a small part of a figure (lead_time, first_attempt, contact_rate, service_level,
  answer_rate), the change is small.

So that both years are observed alike, the exports begin two months before 2024 and end two months after 2025, under the
same law: what comes before and after New Year is there in both years, and the last contacts of 2025 have had time to be
answered, solved, rated and repeated. Nothing but the last weeks of the exports is cut by their end.

Prints the verdicts of each world, and of each kind the barometers with a false verdict, as they are and by carrier (of
rows and segments), and for each KPI how many tests there were, how many verdicts, how many p-values below .05 before
adjustment, and in how many tests 2025 is the higher one (of half of them, where nothing but chance differs). Of
`changed` it prints the share of the changes that have their verdict. Exit code 1 where more than one barometer in ten
of a kind, as it is or by carrier, holds a false verdict, or a KPI of DIRECTIONS changes to the better.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from kpibar.cli.demo import own_key
from kpibar.config import load
from kpibar.measure.report import Barometer, Change, Request
from tests.support import ingest_tables, report

START, AS_OF = datetime(2023, 11, 6), datetime(2026, 3, 2)
YEAR, CHANGE_AT = 2025, datetime(2025, 1, 1)
WEEK = timedelta(days=7)
# In UTC no hour is missing or comes twice. All else, masks too, is as a user has it without settings.
SETTINGS = 'timezone = "UTC"\n'
# Orders, and first contacts about no order, in a week.
ORDERS, OTHER_CONTACTS = 57.5, 11.0
CUSTOMERS = 6_000
# Of each carrier the share of the parcels and the share of them that come late.
CARRIERS = {
    "Colissimo": (0.35, 0.08),
    "Chronopost": (0.30, 0.12),
    "DPD": (0.20, 0.15),
    "Mondial Relay": (0.15, 0.18),
}
CHANNELS = {"email": 0.45, "phone": 0.35, "chat": 0.2}
WISMO = "Where is my order"
OF_ORDERS = {"Return": 30, "Refund": 15, "Damaged item": 15, "Complaint": 15, "Invoice": 15, "Address change": 10}
OF_NO_ORDER = {"Product question": 60, "Account": 15, "Promotion": 10, "Complaint": 15}
# The probability that an order leads to a contact that asks where it is, in time or late, and to another one.
WISMO_IN_TIME, WISMO_LATE, OTHER_MATTER = 0.10, 0.45, 0.33
FOLLOW_UP = 1 / 6
# The shares of the contacts of which the reason, the order and the customer are recorded.
RECORDING = {"reason": 0.92, "order": 0.6, "customer": 0.92}
# The share of dissatisfied answers, and of calls given up and calls answered within the service level.
DISSATISFACTION, ABANDONMENT, QUICK_ANSWERS = 0.22, 0.08, 0.75
# Standard deviations, in logits or logarithms, of what the rows of a week have in common, of calls those of a day.
SPREADS = {"lateness": 0.5, "volume": 0.3, "reply": 0.4, "service": 0.5, "satisfaction": 0.2}
# What 2025 multiplies. More orders are late, so that WISMO contacts need less than a third more for a third more.
FACTORS = {"odds": 1.5, "wismo": 1.19, "time": 4 / 3, "dissatisfaction": 4 / 3, "abandonment": 4 / 3, "transfer": 4 / 3}
# The KPIs that these factors touch and to which side. Complaints, repeats, reopenings and the stages of WISMO contacts
# change with the mix of contacts: to which side is not certain.
DIRECTIONS = dict.fromkeys(
    (
        *("late_share", "promise_unanswered", "lead_time", "lead_time_p90", "first_attempt", "slot_adherence"),
        *("contact_rate", "wismo_rate", "wismo_share"),
        *("service_level", "answer_rate", "abandon_rate"),
        *("frt_median", "frt_p90", "reply_within", "resolution_median", "resolution_p90"),
        *("transfer_rate", "csat", "nps"),
    ),
    "worse",
)
# More than this share of barometers with a false verdict is too many.
MOST_FALSE = 0.1
Value = datetime | bool | float | str | None


@dataclass(frozen=True)
class Law:
    """The standard deviations of common shocks, and the factors by which the second year differs; none where empty."""

    spreads: Mapping[str, float]
    factors: Mapping[str, float]


LAWS = {"equal": Law({}, {}), "weekly": Law(SPREADS, {}), "changed": Law(SPREADS, FACTORS)}


class World:
    """A law, the chance of one seed, and how many times larger than usual everything is."""

    def __init__(self, kind: str, seed: int, size: int) -> None:
        self.law, self.size, self.seed = LAWS[kind], size, f"{kind} {seed}"
        self.random = Random(f"equal worlds {self.seed}")
        self._shocks: dict[tuple[str, str, int], float] = {}

    def get_shock(self, subject: str, at: datetime, part: str = "") -> float:
        """What the rows of the week of an instant (calls: of its day) have in common, in logits or logarithms."""
        spread = self.law.spreads.get(subject, 0.0)
        place = subject, part, (at - START) // (timedelta(days=1) if subject == "service" else WEEK)
        if spread and place not in self._shocks:
            self._shocks[place] = Random(f"{self.seed} {place}").gauss(0, spread)
        return self._shocks.get(place, 0.0)

    def get_factor(self, subject: str, at: datetime) -> float:
        """By what a probability or a time at an instant differs from that of the first year."""
        return self.law.factors.get(subject, 1.0) if at >= CHANGE_AT else 1.0

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.random.random() < probability

    def choose(self, weights: Mapping[str, float]) -> str:
        """One of several words, by their weights."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def draw_lognormal(self, median: float, spread: float) -> float:
        """A number of a lognormal distribution."""
        return median * math.exp(self.random.gauss(0, spread))

    def draw_delay(self, mean: float) -> timedelta:
        """So many hours in the mean, of an exponential distribution."""
        return timedelta(hours=self.random.expovariate(1 / mean))

    def draw_instants(self, subject: str, mean: float) -> Iterator[datetime]:
        """The instants of a Poisson process with so many in the mean in a week, in order."""
        for week in range((AS_OF - START) // WEEK):
            monday = START + week * WEEK
            rate = self.size * mean * math.exp(self.get_shock("volume", monday, subject))
            place = self.random.expovariate(rate)
            while place < 1:
                yield monday + place * WEEK
                place += self.random.expovariate(rate)


@dataclass(frozen=True)
class Order:
    """An order, the end of the time for which it was promised, and its delivery; None: it is lost."""

    number: int
    customer: int
    at: datetime
    carrier: str
    shipped_at: datetime
    slot_begins_at: datetime | None
    due_at: datetime
    is_promised: bool
    is_late: bool
    attempts: int
    attempted_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class Contact:
    """A contact as it happened, whatever is recorded of it."""

    at: datetime
    channel: str
    reason: str
    order: Order | None
    customer: int


@dataclass(frozen=True)
class Treatment:
    """What became of a contact; None: not known, or not yet, or not of this channel."""

    status: str
    replied_at: datetime | None = None
    resolved_at: datetime | None = None
    reopens: int | None = None
    transfers: int | None = None
    is_answered: bool | None = None
    is_abandoned: bool | None = None
    wait_s: float | None = None


def shift_share(share: float, shift: float) -> float:
    """A share whose logit is shifted."""
    return 1 / (1 + math.exp(-math.log(share / (1 - share)) - shift))


def draw_order(world: World, number: int, at: datetime) -> Order:
    """An order placed at an instant, promised for a day or for two hours of it, and its delivery."""
    random = world.random
    carrier = world.choose({name: weight for name, (weight, _) in CARRIERS.items()})
    day = datetime(at.year, at.month, at.day) + timedelta(days=random.randrange(3, 7))
    begins = day + timedelta(hours=random.randrange(8, 20, 2)) if world.happens(0.3) else None
    due = begins + timedelta(hours=2) if begins else day + timedelta(days=1)
    is_promised = world.happens(0.93)
    shift = world.get_shock("lateness", due, carrier) + math.log(world.get_factor("odds", due))
    is_late = is_promised and world.happens(shift_share(CARRIERS[carrier][1], shift))
    if is_late:
        delay = world.draw_delay(40) if world.happens(0.9) else timedelta(days=4) + world.draw_delay(150)
        delivered = None if world.happens(0.04) else due + timedelta(hours=1) + delay
    elif begins is None:
        delivered = day + timedelta(hours=random.uniform(8, 20))
    else:
        delivered = begins + timedelta(hours=random.uniform(0, 2) if world.happens(0.92) else -random.uniform(0.5, 5))
    attempts = 0 if delivered is None else 2 if world.happens(0.2 if is_late else 0.07) else 1
    return Order(
        number=number,
        customer=random.randrange(CUSTOMERS * world.size),
        at=at,
        carrier=carrier,
        shipped_at=at + timedelta(hours=random.uniform(4, 20)),
        slot_begins_at=begins,
        due_at=due,
        is_promised=is_promised,
        is_late=is_late,
        attempts=attempts,
        attempted_at=delivered - timedelta(days=attempts - 1) if delivered else None,
        delivered_at=delivered,
    )


def draw_contacts(world: World, orders: Iterable[Order]) -> list[Contact]:
    """All contacts of a world, in order of time: those about orders, and those about no order."""
    contacts: list[Contact] = []
    for order in orders:
        for at, reason, probability in draw_matters(world, order):
            if world.happens(probability * math.exp(world.get_shock("volume", at, "contacts"))):
                contacts += draw_chain(world, at, reason, order, order.customer)
    for at in world.draw_instants("contacts", OTHER_CONTACTS):
        customer = world.random.randrange(CUSTOMERS * world.size)
        contacts += draw_chain(world, at, world.choose(OF_NO_ORDER), None, customer)
    return sorted(contacts, key=lambda contact: contact.at)


def draw_matters(world: World, order: Order) -> Iterator[tuple[datetime, str, float]]:
    """What an order may lead to a contact about: when, for which reason, and how probably."""
    arrived = order.delivered_at or order.due_at
    if order.is_late:
        at, probability = order.due_at + world.draw_delay(30), WISMO_LATE
    else:
        at = order.shipped_at + world.random.uniform(0, 1.15) * (arrived - order.shipped_at)
        probability = WISMO_IN_TIME
    yield at, WISMO, probability * world.get_factor("wismo", at)
    yield arrived + world.draw_delay(120), world.choose(OF_ORDERS), OTHER_MATTER


def draw_chain(world: World, at: datetime, reason: str, order: Order | None, customer: int) -> Iterator[Contact]:
    """A contact and those that follow it, each within a week of the one before."""
    channel = world.choose(CHANNELS)
    while at < AS_OF:
        yield Contact(at, channel, reason, order, customer)
        if not world.happens(FOLLOW_UP):
            break
        at += timedelta(hours=world.random.uniform(12, 150))
        channel = channel if world.happens(0.6) else world.choose(CHANNELS)
        reason = reason if world.happens(0.8) else world.choose(OF_ORDERS if order else OF_NO_ORDER)


def draw_treatment(world: World, contact: Contact) -> Treatment:
    """What becomes of a contact."""
    return draw_call(world, contact.at) if contact.channel == "phone" else draw_reply(world, contact)


def draw_call(world: World, at: datetime) -> Treatment:
    """A call that is given up, that nobody answers, or that is answered soon or late."""
    random, load_of_day = world.random, world.get_shock("service", at)
    if world.happens(shift_share(ABANDONMENT, load_of_day) * world.get_factor("abandonment", at)):
        wait = random.expovariate(1 / 60)
        return Treatment("closed", is_answered=False, is_abandoned=True, wait_s=wait)
    if world.happens(0.02):
        return Treatment("closed", is_answered=False, is_abandoned=False, wait_s=random.uniform(60, 600))
    is_quick = world.happens(shift_share(QUICK_ANSWERS, -load_of_day))
    wait = random.uniform(1, 20) if is_quick else 20 + random.expovariate(1 / 90) * math.exp(load_of_day)
    resolved = at + timedelta(minutes=random.uniform(4, 15))
    resolved += world.draw_delay(30) if world.happens(0.15) else timedelta()
    return solve(world, at, Treatment("", is_answered=True, is_abandoned=False, wait_s=wait), resolved)


def draw_reply(world: World, contact: Contact) -> Treatment:
    """A contact in writing: an e-mail is answered on the same day or on the next one, a chat in a minute or so."""
    at, pace = contact.at, math.exp(world.get_shock("reply", contact.at)) * world.get_factor("time", contact.at)
    if world.happens(0.03):
        resolved = at + timedelta(days=world.random.uniform(15, 28))
        return Treatment("solved" if resolved < AS_OF else "open", resolved_at=resolved, reopens=0, transfers=0)
    if contact.channel == "chat":
        hours = world.draw_lognormal(45 / 3600, 0.8)
    else:
        hours = world.draw_lognormal(3, 0.6) if world.happens(0.6) else world.draw_lognormal(18, 0.2)
    step = world.random.random()
    if step < (0.8 if contact.channel == "chat" else 0.5):
        further = world.draw_lognormal(0.2, 0.5)
    else:
        further = world.draw_lognormal(20, 0.5) if step < 0.9 else world.draw_lognormal(130, 0.5)
    replied = at + timedelta(hours=pace * hours)
    return solve(world, at, Treatment("", replied_at=replied), replied + timedelta(hours=pace * further), pace)


def solve(world: World, at: datetime, treatment: Treatment, resolved: datetime, pace: float = 1.0) -> Treatment:
    """The treatment of a contact that is solved, some of them after having been solved and opened again before."""
    is_reopened = world.happens(0.06)
    if is_reopened:
        resolved += pace * (timedelta(hours=6) + world.draw_delay(60))
    return replace(
        treatment,
        status="solved" if resolved < AS_OF else "open",
        resolved_at=resolved,
        reopens=int(is_reopened),
        transfers=int(world.happens(0.12 * world.get_factor("transfer", at))),
    )


def write_cell(value: Value) -> str:
    """A cell of an export: what is unknown, or later than the export, is empty."""
    if value is None or (isinstance(value, datetime) and value >= AS_OF):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return f"{value:.0f}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def write_table(header: str, rows: Iterable[Sequence[Value]]) -> str:
    """An export in CSV."""
    return "\n".join((header, *(",".join(map(write_cell, row)) for row in rows))) + "\n"


def write_parcel(order: Order) -> Sequence[Value]:
    """The line of an order in the export of the carriers."""
    promise: Sequence[Value] = (None, None)
    if order.is_promised:
        day = f"{order.due_at - timedelta(days=1):%Y-%m-%d}"
        promise = (order.slot_begins_at, order.due_at.isoformat(" ")) if order.slot_begins_at else (None, day)
    attempts = sum(at is not None and at < AS_OF for at in {order.attempted_at, order.delivered_at})
    is_lost = order.delivered_at is None and order.due_at + 2 * WEEK < AS_OF
    number = str(order.number)
    outcome = (order.attempted_at, attempts, order.delivered_at, is_lost)
    return f"P{number}", number, order.carrier, order.shipped_at, *promise, *outcome


def write_contact(world: World, number: int, contact: Contact, treatment: Treatment) -> Sequence[Value]:
    """The line of a contact in the export of the helpdesk: reason, order and customer of a part of them."""
    is_known = {column: world.happens(share) for column, share in RECORDING.items()}
    return (
        number,
        contact.at,
        contact.channel,
        f"c{contact.customer}@example.com" if is_known["customer"] else None,
        contact.order.number if contact.order and is_known["order"] else None,
        contact.reason if is_known["reason"] else None,
        treatment.status,
        treatment.replied_at,
        treatment.resolved_at,
        treatment.reopens,
        treatment.transfers,
        True if contact.channel == "phone" else None,
        treatment.is_answered,
        treatment.is_abandoned,
        treatment.wait_s,
    )


def draw_surveys(
    world: World, orders: Iterable[Order], cases: Iterable[tuple[int, Contact, Treatment]]
) -> Iterator[Sequence[Value]]:
    """The lines of the surveys: of satisfaction after contacts, of recommendation after deliveries."""
    for number, _, treatment in cases:
        if treatment.resolved_at and treatment.reopens is not None and world.happens(0.4):
            answer = draw_answer(world, "csat", treatment.resolved_at + timedelta(hours=1), 0.0)
            yield f"C{number}", "csat", 1, 5, *answer, number, None
    for order in orders:
        if order.delivered_at and world.happens(0.4):
            shift = 1.0 if order.is_late else 0.0
            answer = draw_answer(world, "nps", order.delivered_at + timedelta(days=2), shift)
            yield f"N{order.number}", "nps", 0, 10, *answer, None, order.number


def draw_answer(world: World, kind: str, sent: datetime, shift: float) -> Sequence[Value]:
    """The score of an invitation and the instants of invitation and answer; one in three is answered."""
    random, at = world.random, sent + world.draw_delay(24)
    shift += world.get_shock("satisfaction", at)
    is_dissatisfied = world.happens(shift_share(DISSATISFACTION, shift) * world.get_factor("dissatisfaction", at))
    if kind == "csat":
        score = random.choice((1, 2, 3) if is_dissatisfied else (4, 5))
    else:
        score = random.randrange(7) if is_dissatisfied else random.choice((9, 10) if world.happens(0.55) else (7, 8))
    return (score, sent, at) if world.happens(1 / 3) and at < AS_OF else (None, sent, None)


def draw_exports(world: World) -> dict[str, str]:
    """The exports of a world."""
    orders = [
        draw_order(world, 100_000 + number, at) for number, at in enumerate(world.draw_instants("orders", ORDERS))
    ]
    contacts = draw_contacts(world, orders)
    cases = [(number, contact, draw_treatment(world, contact)) for number, contact in enumerate(contacts, 1)]
    surveys = [row for row in draw_surveys(world, orders, cases) if write_cell(row[5])]
    return {
        "orders.csv": write_table(
            "order_ref,ordered_at,customer",
            ((order.number, order.at, f"c{order.customer}@example.com") for order in orders),
        ),
        "parcels.csv": write_table(
            "parcel_id,order_ref,carrier,shipped_at,promised_from,promised_to,first_attempt_at,attempts,delivered_at,"
            "lost",
            map(write_parcel, orders),
        ),
        "contacts.csv": write_table(
            "contact_id,created_at,channel,customer,order_ref,reason_raw,status,first_reply_at,resolved_at,reopens,"
            "transfers,queued,answered,abandoned,wait_s",
            (write_contact(world, *case) for case in cases),
        ),
        "surveys.csv": write_table(
            "survey_id,kind,scale_min,scale_max,score,sent_at,answered_at,contact_id,order_ref", surveys
        ),
    }


@dataclass(frozen=True)
class Statement:
    """What a barometer says of a KPI, of all carriers or of one; the verdict is empty where it is no judgement."""

    kpi: str
    carrier: str | None
    verdict: str
    p_value: float | None
    is_higher: bool

    def __str__(self) -> str:
        return f"{self.kpi}{'' if self.carrier is None else f'/{self.carrier}'} {self.verdict}"


@dataclass(frozen=True)
class Result:
    """The statements of the two barometers of a world, and the CPU time it took."""

    seed: int
    plain: tuple[Statement, ...]
    by_carrier: tuple[Statement, ...]
    cpu_s: float


def read_statements(barometer: Barometer) -> tuple[Statement, ...]:
    """What a barometer says of the changes of its KPIs, and of their segments where these are carriers."""
    changes: list[tuple[str, str | None, Change | None]] = []
    for row in barometer.rows:
        changes.append((row.kpi.id, None, row.change))
        if row.dimension == "carrier":
            changes += ((row.kpi.id, segment.key, segment.change) for segment in row.segments)
    return tuple(
        Statement(
            kpi,
            carrier,
            change.verdict if change.verdict in ("better", "worse") else "",
            change.p_value,
            change.absolute > 0,
        )
        for kpi, carrier, change in changes
        if change is not None
    )


def run_world(kind: str, seed: int, size: int) -> Result:
    """Draw a world and compute its barometers."""
    start = time.process_time()
    with tempfile.TemporaryDirectory(prefix="kpibar-equal-") as name, own_key(Path(name) / "test.duckdb"):
        folder = Path(name)
        (folder / "kpibar.toml").write_text(SETTINGS, encoding="utf-8")
        config = load(folder / "kpibar.toml")
        ingest_tables(folder, draw_exports(World(kind, seed, size)), config, AS_OF)
        plain = read_statements(report(folder, config, Request(year=YEAR)))
        by_carrier = read_statements(report(folder, config, Request(year=YEAR, by=("carrier",))))
    return Result(seed, plain, by_carrier, time.process_time() - start)


def run_worlds(kind: str, seeds: Sequence[int], size: int, jobs: int) -> Iterator[Result]:
    """The results of worlds, in order of their seeds, of so many processes."""
    parameters = [kind] * len(seeds), seeds, [size] * len(seeds)
    if jobs == 1:
        yield from map(run_world, *parameters)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(run_world, *parameters)


def select_verdicts(statements: Iterable[Statement]) -> list[Statement]:
    """The statements that are a verdict."""
    return [statement for statement in statements if statement.verdict]


def print_world(kind: str, result: Result) -> None:
    """The verdicts of a world."""
    segments = [statement for statement in select_verdicts(result.by_carrier) if statement.carrier is not None]
    texts = [", ".join(map(str, verdicts)) or "no verdict" for verdicts in (select_verdicts(result.plain), segments)]
    print(f"{kind} {result.seed:>2}: {texts[0]}; by carrier: {texts[1]} ({result.cpu_s:.1f} s)", flush=True)


def format_share(number: int, base: int) -> str:
    """A number of a base, in words and percent."""
    return f"{number} of {base} ({100 * number / base:.0f} %)" if base else "none"


def count_statements(group: Sequence[Statement]) -> str:
    """Of the statements on one KPI: tests, verdicts, low p-values, and how many changes are upwards."""
    tests = [statement for statement in group if statement.p_value is not None]
    better, worse = (sum(statement.verdict == word for statement in group) for word in ("better", "worse"))
    low = sum(statement.p_value is not None and statement.p_value < 0.05 for statement in tests)
    higher = sum(statement.is_higher for statement in tests)
    return f"{len(tests):>6} {better:>6} {worse:>6} {low:>6} {higher:>6}"


def print_kpis(kind: str, results: Sequence[Result]) -> None:
    """The counts of each KPI, of all carriers and by carrier; of changes, the share that has its verdict."""
    plain = [statement for result in results for statement in result.plain]
    segments = [statement for result in results for statement in result.by_carrier if statement.carrier is not None]
    columns = f"{'tests':>6} {'better':>6} {'worse':>6} {'p<.05':>6} {'higher':>6}"
    print(f"{'':18} {columns}  | by carrier: {columns}")
    for kpi in dict.fromkeys(statement.kpi for statement in plain if statement.p_value is not None):
        groups = [[statement for statement in source if statement.kpi == kpi] for source in (plain, segments)]
        detail = ""
        if kind == "changed" and kpi in DIRECTIONS:
            hits = sum(statement.verdict == DIRECTIONS[kpi] for statement in groups[0])
            detail = f"  {DIRECTIONS[kpi]} in {format_share(hits, len(results))}"
        print(f"{kpi:18} {count_statements(groups[0])}  |             {count_statements(groups[1])}{detail}")


def print_kind(kind: str, results: Sequence[Result]) -> bool:
    """The summary of the worlds of a kind; whether too many verdicts are false."""
    cpu = sum(result.cpu_s for result in results) / len(results)
    print(f"\n{kind}: {len(results)} worlds, {cpu:.1f} CPU seconds each")
    if kind == "changed":
        verdicts = [statement for result in results for statement in select_verdicts(result.by_carrier)]
        wrong = [item for item in verdicts if item.kpi in DIRECTIONS and item.verdict != DIRECTIONS[item.kpi]]
        print(f"verdicts to the wrong side: {len(wrong)} {', '.join(map(str, wrong))}")
        is_bad = bool(wrong)
    else:
        plain = sum(bool(select_verdicts(result.plain)) for result in results)
        by_carrier = sum(bool(select_verdicts(result.by_carrier)) for result in results)
        print(f"barometers with a false verdict: {format_share(plain, len(results))}", end="; ")
        print(f"by carrier, rows and segments: {format_share(by_carrier, len(results))}")
        is_bad = max(plain, by_carrier) > MOST_FALSE * len(results)
    print_kpis(kind, results)
    return is_bad


def main() -> int:
    """Print what the barometers of the worlds say, kind by kind."""
    parser = argparse.ArgumentParser(description="Verdicts on worlds whose years are alike, or differ as stated.")
    parser.add_argument("--worlds", type=int, default=60, help="worlds of each kind (default: 60)")
    parser.add_argument("--kind", choices=(*LAWS, "all"), default="all")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the seed of the first world (default: 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--size", type=int, default=1, help="times as many orders and contacts (default: 1)")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.worlds)
    results: dict[str, list[Result]] = {}
    for kind in LAWS if options.kind == "all" else (options.kind,):
        results[kind] = []
        for result in run_worlds(kind, seeds, options.size, options.jobs):
            print_world(kind, result)
            results[kind].append(result)
    faults = [kind for kind in results if print_kind(kind, results[kind])]
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
