"""Exports of an invented shop that reach what the sample exports are too plain for: legs, tickets of calls, parcels.

Every column of kpibar's own tables is filled now and then, by chance with a fixed seed; two brands use the same order
numbers, an order has up to three parcels, a call up to four legs, times have parts of a second.
"""

import csv
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

Record = Mapping[str, object]
BRANDS = ("Nord", "Sud")
CARRIERS = ("Colissimo", "DPD", "")
STATUSES = ("Delivered", "in transit", "Retour à l'expéditeur", "lost", "zugestellt", "label cancelled", "???", "", "")
# A kind that no built-in KPI has.
SETTINGS = """
timezone = "Europe/Paris"
[reporting]
min_base = 1
small_base = 1
[[files]]
match = "*-sud.csv"
brand = "Sud"
[[files]]
match = "calls-nord.csv"
phone_tickets = "separate"
[kpis.wait_90]
title = { en = "Wait, nine of ten" }
kind = "quantile"
quantile = 0.9
from = "contacts"
date = "created_on"
where = "counted AND wait_s IS NOT NULL"
value = "wait_s"
unit = "seconds"
"""


def exports(orders: int = 400, seed: int = 13) -> dict[str, str]:
    """The text of each export by the name of its file."""
    chance = random.Random(seed)
    purchases = [_order(chance, number) for number in range(orders)]
    tables: dict[str, Sequence[Record]] = {
        "orders.csv": purchases,
        "parcels.csv": [row for order in purchases for row in _parcels(chance, order)],
        "parcels-sud.csv": [row for order in purchases[::5] for row in _parcels(chance, order, "s")],
    }
    for brand in BRANDS:
        calls, tickets = _calls_and_tickets(chance, purchases, brand)
        tables |= {f"calls-{brand.lower()}.csv": calls, f"tickets-{brand.lower()}.csv": tickets}
    contacts = [f"t{brand}{n}" for brand in BRANDS for n in range(orders // 2)]
    tables |= {"surveys.csv": list(_surveys(chance, contacts, 20)), "few-sud.csv": list(_surveys(chance, contacts, 5))}
    return {name: _text(rows) for name, rows in tables.items()}


def _text(rows: Sequence[Record]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _moment(chance: random.Random, begin: datetime | None = None, hours: float = 17_000) -> datetime:
    """A time within so many hours of another (of the first day of 2024), often with a part of a second."""
    start = begin or datetime(2024, 1, 1)
    time = start + timedelta(seconds=chance.randrange(max(1, int(hours * 3600))))
    return time + timedelta(milliseconds=chance.choice((0, 0, 250, 999)))


def _maybe(chance: random.Random, value: object, share: float = 0.5) -> object:
    return value if chance.random() < share else ""


def _person(chance: random.Random, number: int) -> tuple[str, str]:
    """The e-mail of a customer, and now and then a telephone number: the same for those of a family."""
    place = number % 90
    return f"c{place}@example.org", f"+336{max(place, 20):08d}" if chance.random() < 0.5 else ""


def _order(chance: random.Random, number: int) -> dict[str, object]:
    time = _moment(chance)
    customer, phone = _person(chance, chance.randrange(400))
    return {
        "order_ref": f"{chance.choice(('', '#', 'NO-'))}{chance.choice(('', '00'))}{1_000_000 + number // 2}",
        "ordered_at": time.isoformat(),
        "cancelled_at": _maybe(chance, _moment(chance, time, 90).isoformat(), 0.1),
        "customer": _maybe(chance, customer, 0.9),
        "customer_phone": phone,
        "value": f"{chance.randrange(9000) / 100}",
        "currency": "EUR",
        "brand": BRANDS[number % 2] if number % 7 else "",
        "country": chance.choice(("FR", "BE", "")),
    }


def _parcels(chance: random.Random, order: Record, mark: str = "") -> Iterator[Record]:
    begin = datetime.fromisoformat(str(order["ordered_at"]))
    for place in range(chance.choice((0, 1, 1, 1, 2, 3))):
        sent = _moment(chance, begin, 60)
        promise = _moment(chance, sent, 90).replace(minute=0, second=0, microsecond=0)
        kind = chance.choice(("slot", "day", "range", ""))
        delivery = _moment(chance, promise, 60) - timedelta(hours=chance.choice((0, 30, 400)))
        attempt = delivery - timedelta(hours=chance.choice((2, 26)))
        bare = chance.random() < 0.2
        digits = str(order["order_ref"]).lstrip("#NO-0")
        yield {
            "parcel_id": f"p{mark}{digits}-{order['brand']}-{place}",
            "order_ref": chance.choice((order["order_ref"], order["order_ref"], digits, "")),
            "brand": "Sud" if mark else chance.choice((order["brand"], "")),
            "carrier": chance.choice(CARRIERS),
            "mode": chance.choice(("home", "relay", "")),
            "country": order["country"],
            "shipped_at": sent.isoformat() if sent < attempt - timedelta(days=1) else "",
            "promised_from": (promise - timedelta(hours=2)).isoformat() if kind == "slot" else "",
            "promised_to": (promise.date() if kind == "day" else promise.isoformat()) if kind else "",
            "promise_kind": kind,
            "first_attempt_at": "" if bare else _maybe(chance, attempt.isoformat(), 0.4),
            "attempts": chance.choice(("", "", 1, 2)),
            "delivered_at": _maybe(chance, delivery.date() if bare else delivery.isoformat(), 0.7),
            "returned_at": _maybe(chance, _moment(chance, delivery, 99).isoformat(), 0.05),
            "lost": chance.choice(("", "", "", "yes", "no")),
            "status": chance.choice(STATUSES),
            "complete": chance.choice(("", "", "yes", "no")),
            "updated_at": _moment(chance, delivery + timedelta(days=9), 9).isoformat(),
        }


def _contact(chance: random.Random, name: str, time: datetime, order: Record, number: int) -> dict[str, object]:
    """What calls and tickets have in common."""
    customer, phone = _person(chance, number)
    return {
        "contact_id": name,
        "case_id": "",
        "created_at": time.isoformat(),
        "channel": "phone",
        "direction": chance.choice(("inbound", "inbound", "inbound", "", "outbound")),
        "customer": _maybe(chance, customer, 0.8),
        "customer_phone": phone,
        "order_ref": _maybe(chance, chance.choice((order["order_ref"], str(order["order_ref"]).lstrip("#NO-0"))), 0.3),
        "brand": _maybe(chance, order["brand"]),
        "country": chance.choice(("FR", "BE", "")),
        "lang": chance.choice(("fr", "en", "")),
        "team": chance.choice(("day", "night", "")),
        "queue": chance.choice(("first", "second", "")),
        "reason_raw": chance.choice(("where is my order", "complaint", "return", "", "")),
        "transfers": chance.choice(("", 0, 1)),
        "spam": chance.choice(("", "", "no", "no", "yes")),
        "automated": chance.choice(("", "", "", "no", "yes")),
        "merged_into": _maybe(chance, "elsewhere", 0.03),
    }


def _leg(chance: random.Random, call: dict[str, object], time: datetime) -> tuple[dict[str, object], datetime]:
    """One leg of a call, and when it ends."""
    wait, talk = chance.randrange(90) + chance.choice((0, 0.5)), chance.randrange(400)
    answered = chance.random() < 0.7
    end = time + timedelta(seconds=wait + (talk if answered else 0))
    leg = {
        **call,
        "created_at": time.isoformat(),
        "ivr_s": chance.choice(("", 0, 7.25)),
        "wait_s": chance.choice((wait, wait, "")),
        "talk_s": talk if answered else "",
        "handle_s": chance.choice(("", talk + 30)),
        "wrap_s": chance.choice(("", 30)),
        "queued": chance.choice(("yes", "yes", "no", "")),
        "in_hours": chance.choice(("yes", "yes", "no", "")),
        "answered": chance.choice(("yes" if answered else "no", "")),
        "abandoned": chance.choice(("no" if answered else "yes", "")),
        "short_abandon": chance.choice(("", "", "yes", "no")),
        "closed_at": _maybe(chance, end.isoformat(), 0.4),
    }
    return leg, end


def _calls_and_tickets(
    chance: random.Random, orders: Sequence[Record], brand: str
) -> tuple[list[Record], list[Record]]:
    calls: list[Record] = []
    tickets: list[Record] = []
    for number in range(len(orders) // 2):
        order = chance.choice(orders)
        time = _moment(chance, datetime.fromisoformat(str(order["ordered_at"])), 300)
        ticket_name = f"t{brand}{number}"
        call = _contact(chance, f"c{brand}{number}", time, order, number)
        call["case_id"] = _maybe(chance, ticket_name, 0.3)
        start = time
        for place in range(chance.choice((1, 1, 2, 4))):
            leg, end = _leg(chance, {**call, "contact_id": f"{call['contact_id']}-{place}"}, start)
            calls.append(leg)
            start = end + timedelta(seconds=chance.choice((0, 5, 900)))
        tickets.append(_ticket(chance, ticket_name, time, order, number, call))
    return calls, tickets


def _ticket(
    chance: random.Random, name: str, time: datetime, order: Record, number: int, call: Record
) -> dict[str, object]:
    begin = time + timedelta(seconds=chance.choice((-30, 20, 240, 90_000)))
    bot, reply, end = _moment(chance, begin, 0.1), _moment(chance, begin, 30), _moment(chance, begin, 200)
    of_caller = {"customer": call["customer"], "customer_phone": call["customer_phone"]}
    return {
        **_contact(chance, name, begin, order, number),
        **(of_caller if chance.random() < 0.6 else {}),
        "channel": chance.choice(("phone", "phone", "email", "chat", "messaging", "social", "web", "")),
        "status": chance.choice(("new", "open", "solved", "closed", "closed", "")),
        "first_reply_at": _maybe(chance, chance.choice((bot, reply)).isoformat()),
        "first_human_reply_at": _maybe(chance, reply.isoformat(), 0.3),
        "first_bot_reply_at": _maybe(chance, bot.isoformat(), 0.3),
        "first_reply_s": _maybe(chance, (reply - begin).total_seconds(), 0.2),
        "resolved_at": _maybe(chance, end.isoformat()),
        "closed_at": _maybe(chance, _moment(chance, end, 90).isoformat(), 0.3),
        "resolution_s": _maybe(chance, int((end - begin).total_seconds()), 0.2),
        "reopens": chance.choice(("", 0, 2)),
        "agent_replies": chance.choice(("", 0, 1, 3)),
        "customer_messages": chance.choice(("", 1, 2)),
        "escalated": chance.choice(("", "", "yes", "no")),
        "bot_involved": chance.choice(("", "", "yes", "no")),
        "bot_handed_off_at": _maybe(chance, bot.isoformat(), 0.1),
        "body": _maybe(chance, f"Commande {order['order_ref']} {chance.choice(('', '75011', 'toujours rien'))}", 0.6),
    }


def _surveys(chance: random.Random, contacts: Sequence[str], most: int) -> Iterator[Record]:
    """Invitations and answers; in a file whose scores are at most 5 an NPS has a shorter scale than its own."""
    for number in range(len(contacts)):
        kind = chance.choice(("csat", "nps", "ces", ""))
        top = 0 if kind == "nps" else chance.choice((0, 3, 5, 10, 20))
        scores = [0.5, *range(min(top or 10, most) + 1)]
        lowest = chance.choice((0, 1, "")) if top else ""
        sent = _moment(chance)
        yield {
            "survey_id": f"s{most}-{number}",
            "kind": kind,
            "scale_min": lowest,
            "scale_max": top or "",
            "score": _maybe(chance, chance.choice(scores[2:] if lowest else scores), 0.6),
            "sent_at": _maybe(chance, sent.isoformat(), 0.9),
            "answered_at": _maybe(chance, _moment(chance, sent, 40).isoformat()),
            "contact_id": _maybe(chance, chance.choice(contacts)),
            "channel": chance.choice(("email", "")),
        }
