"""Orders, parcels and the NPS survey, as Shopify, Sendcloud and Delighted write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from table import Dirt, Table, columns, spoil
from world import EXPORTED_AT, STORY_REF, Brand, Order, Parcel, known, local, stream

SHOPIFY_HEADER = columns(
    "Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Billing Country,Shipping Country,Note Attributes,"
    "Cancelled at,Refunded Amount,Tags,Phone"
)
SENDCLOUD_HEADER = columns(
    "parcel_id,direction,carrier_name,to_address_country_code,order_number,shipped_at,first_offer_at,"
    "delivered_at,expected_delivery_date,status,brand_name"
)
NPS_HEADER = columns("Response ID,Person ID,Email,Sent At,Responded At,Score,Comment,Survey Type,Order Number,Brand")
APPOINTMENT_HEADER = columns(
    "parcel_id,order_ref,brand,carrier,mode,country,shipped_at,promised_from,promised_to,first_attempt_at,"
    "delivered_at,status"
)
IMPOSSIBLE = "2024-02-31T08:00:00Z"
NOTES = ("cadeau: oui\nmessage: Joyeux anniversaire", "point relais: 12345\ninstructions: code 12B\nétage: 3")
COMMENTS = {
    True: ("Toujours en retard, dommage.", "Colis reçu après la date annoncée.", "Late and no news."),
    False: (
        "Parfait, merci !",
        "Très joli, livraison rapide.",
        "Great shop",
        "Un peu cher mais belle qualité.",
    ),
}


def utc_text(instant: datetime | None) -> str:
    """`2025-12-04T09:07:00Z`, or nothing when it has not happened."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant else ""


def shop_text(instant: datetime | None) -> str:
    """`2025-12-04 10:07:00 +0100`, the clock of the shop with its offset."""
    return local(instant).strftime("%Y-%m-%d %H:%M:%S %z") if instant else ""


def shopify_money(order: Order) -> dict[str, str]:
    """Amounts in euros: goods, delivery (free from 60 euros), VAT included, refunds of cancelled orders."""
    goods = sum(price * quantity for _, price, quantity in order.lines)
    shipping = 0.0 if goods >= 60 else 4.9
    total = goods + shipping
    return {
        "Subtotal": f"{goods:.2f}",
        "Shipping": f"{shipping:.2f}",
        "Taxes": f"{total / 6:.2f}",
        "Total": f"{total:.2f}",
        "Refunded Amount": f"{total if known(order.cancelled_at) else 0:.2f}",
    }


def fulfilled(order: Order) -> bool:
    """Whether every parcel has left before the export."""
    return bool(order.parcels) and all(parcel.shipped_at < EXPORTED_AT for parcel in order.parcels)


def shopify_order(rng: Random, order: Order, number: int) -> dict[str, str]:
    """The order-level cells, written on the first row of an order only."""
    return {
        "Email": order.customer.email,
        "Financial Status": "refunded" if known(order.cancelled_at) else "paid",
        "Fulfillment Status": "fulfilled" if fulfilled(order) else "unfulfilled",
        "Currency": "EUR",
        **shopify_money(order),
        "Billing Country": order.customer.country,
        "Shipping Country": order.customer.country,
        "Note Attributes": NOTES[number % 2] if number % 611 == 300 else "",
        "Cancelled at": shop_text(known(order.cancelled_at)),
        "Tags": "VIP" if rng.random() < 0.03 else "",
    }


def shopify_rows(rng: Random, order: Order, number: int, has_phone: bool) -> list[list[str]]:
    """One row per line item; the first one carries the order."""
    rows, phone = [], order.customer.phone
    for position, (name, price, quantity) in enumerate(order.lines):
        cells = shopify_order(rng, order, number) if position == 0 else {}
        cells |= {
            "Name": order.ref if order.brand.order_prefix else f"#{order.ref}",
            "Created at": shop_text(order.created_at),
            "Lineitem quantity": str(quantity),
            "Lineitem name": name,
            "Lineitem price": f"{price:.2f}",
            "Phone": f"+{phone}" if has_phone and phone else "",
        }
        rows.append([cells.get(column, "") for column in SHOPIFY_HEADER])
    return rows


def shopify(seed: int, brand: Brand, orders: list[Order], with_phone: set[int]) -> Table:
    """The orders export of one shop; `with_phone` are the customers who left it a telephone number."""
    rng = stream(seed, f"shopify/{brand.name}")
    rows = [
        row
        for number, order in enumerate(orders)
        for row in shopify_rows(rng, order, number, order.customer.number in with_phone)
    ]
    name = brand.name.lower().replace(" ", "-")
    whole = [number for number, row in enumerate(rows) if row[1]]
    dirt = (
        Dirt(whole[400], {"Name": "#ERR1", "Created at": "2024-13-31 10:00:00 +0100"}),
        Dirt(whole[1200], {"Name": ""}),
        Dirt(whole[2100], {"Name": "#ERR3", "Total": "quarante"}),
        Dirt(whole[2600], {"Name": "#ERR4"}, keep=3),
    )
    return spoil(Table(f"{name}-shopify-orders.csv", SHOPIFY_HEADER, rows), dirt, blank_after=whole[900])


def parcel_status(parcel: Parcel) -> str:
    """The carrier's last word at the export, in Sendcloud's vocabulary."""
    if parcel.delivered_at:
        return "Delivered"
    if known(parcel.shipped_at) is None:
        return "Announced"
    old = EXPORTED_AT - parcel.shipped_at > timedelta(days=45)
    return "Unable to deliver" if old else "En route to sorting center"


def parcel_row(order: Order, parcel: Parcel, number: int, promised: date | None) -> list[str]:
    """One outgoing parcel."""
    return [
        str(31_000_000 + number * 3),
        "outgoing",
        parcel.carrier,
        order.customer.country,
        order.ref,
        utc_text(known(parcel.shipped_at)),
        utc_text(parcel.first_offer_at),
        utc_text(parcel.delivered_at),
        promised.isoformat() if promised else "",
        parcel_status(parcel),
        order.brand.name,
    ]


def return_row(order: Order, number: int, shipped: datetime, back: datetime) -> list[str]:
    """The parcel that comes back to the warehouse, without any promise."""
    cells = parcel_row(order, order.parcels[0], number, None)
    on_the_way = utc_text(shipped) if shipped < EXPORTED_AT else ""
    arrived = utc_text(back) if back < EXPORTED_AT else ""
    status = "Delivered" if arrived else "Announced"
    return [cells[0], "return", cells[2], "FR", cells[4], on_the_way, arrived, arrived, "", status, cells[10]]


def order_parcels(rng: Random, order: Order, number: int) -> list[tuple[datetime, list[str]]]:
    """When each parcel of the order was announced, and its row; one order in thirty comes back.

    The promise of six orders in a hundred did not reach the carrier.
    """
    unpromised = rng.random() < 0.06 and order.ref != STORY_REF
    found: list[tuple[datetime, list[str]]] = []
    for parcel in order.parcels:
        promised = None if unpromised else parcel.promised_on
        if parcel.announced_at < EXPORTED_AT:
            found.append((parcel.announced_at, parcel_row(order, parcel, number + len(found), promised)))
    arrived = order.delivered_at
    if arrived and arrived < EXPORTED_AT - timedelta(days=20) and rng.random() < 0.035:
        start = arrived + timedelta(days=rng.randrange(3, 15), minutes=rng.randrange(600))
        back = start + timedelta(days=rng.randrange(4, 8))
        found.append((start, return_row(order, number + len(found), start + timedelta(days=1), back)))
    return [(start, row) for start, row in found if start < EXPORTED_AT]


def in_slots(order: Order) -> bool:
    """Whether the order is brought by appointment."""
    return any(parcel.slot for parcel in order.parcels)


def sendcloud(seed: int, orders: list[Order]) -> Table:
    """The parcels report of both brands, in order of announcement."""
    rng = stream(seed, "sendcloud")
    announced: list[tuple[datetime, list[str]]] = []
    for order in orders:
        if not in_slots(order):
            announced += order_parcels(rng, order, len(announced))
    rows = [row for _, row in sorted(announced)]
    sent = [number for number, row in enumerate(rows) if row[1] == "outgoing"]
    dirt = (
        Dirt(sent[700], {"parcel_id": "90000001", "order_number": "999001", "shipped_at": IMPOSSIBLE}),
        Dirt(sent[2500], {"parcel_id": "", "order_number": "999002"}),
        Dirt(sent[4800], {"parcel_id": "90000003", "order_number": "999003", "delivered_at": "N/A"}),
        Dirt(sent[6200], {"parcel_id": "90000004"}, keep=5),
    )
    return spoil(Table("sendcloud-parcels.csv", SENDCLOUD_HEADER, rows), dirt, blank_after=sent[3300])


def appointment_row(order: Order, parcel: Parcel, number: int) -> list[str]:
    """One parcel by appointment, with the slot it was promised for."""
    begins, ends = parcel.slot or (None, None)
    instants = (known(parcel.shipped_at), begins, ends, parcel.first_offer_at, parcel.delivered_at)
    names = [f"T{4_100 + number}", order.ref, order.brand.name, parcel.carrier, "home", order.customer.country]
    status = "delivered" if parcel.delivered_at else "in transit" if known(parcel.shipped_at) else "announced"
    return [*names, *(utc_text(instant) for instant in instants), status]


def appointments(orders: list[Order]) -> Table:
    """The parcels that Maison Bleue brings itself by appointment, in kpibar's own columns, in order of their slots."""
    sent = [
        (parcel.promise_end, order.ref, order, parcel)
        for order in orders
        for parcel in order.parcels
        if parcel.slot and parcel.announced_at < EXPORTED_AT
    ]
    sent.sort(key=lambda one: one[:2])
    rows = [appointment_row(order, parcel, number) for number, (_, _, order, parcel) in enumerate(sent)]
    dirt = (
        Dirt(20, {"parcel_id": "T9001", "order_ref": "999004", "promised_to": IMPOSSIBLE}),
        Dirt(55, {"parcel_id": "", "order_ref": "999005"}),
    )
    return spoil(Table("maison-bleue-appointments.csv", APPOINTMENT_HEADER, rows), dirt, blank_after=40)


def nps_score(rng: Random, late: bool) -> int:
    """0 to 10; a late order makes a detractor every other time."""
    weights = (50, 28, 22) if late else (15, 28, 57)
    band = rng.choices(((3, 4, 5, 5, 6, 6), (7, 8), (9, 10)), weights)[0]
    return rng.choice(band)


@dataclass(frozen=True)
class Invitation:
    """One NPS invitation and what becomes of it, after the export too; `answered_at` is None when nobody answers."""

    order: Order
    sent_at: datetime
    answered_at: datetime | None
    score: int
    comment: str


def draw_invitation(rng: Random, order: Order, arrived: datetime) -> Invitation:
    """One invitation three days after delivery; fewer than one in five answer."""
    sent = arrived + timedelta(days=3, minutes=rng.randrange(240))
    if rng.random() > 0.18:
        return Invitation(order, sent, None, 0, "")
    answered = sent + timedelta(minutes=20 + int(rng.expovariate(1 / 900)))
    comment = rng.choice(COMMENTS[order.late]) if rng.random() < 0.3 else ""
    return Invitation(order, sent, answered, nps_score(rng, order.late), comment)


def draw_invitations(seed: int, orders: list[Order]) -> list[Invitation]:
    """The invitations sent before the export, in order of time: three delivered orders in ten are invited."""
    rng = stream(seed, "delighted")
    asked = [(order, order.arrives_at) for order in orders if rng.random() < 0.31]
    made = [draw_invitation(rng, order, arrived) for order, arrived in asked if arrived]
    return sorted((one for one in made if one.sent_at < EXPORTED_AT), key=lambda one: (one.sent_at, one.order.ref))


def invitation_row(invitation: Invitation, number: int) -> list[str]:
    """One row of the NPS export; what is answered after the export is not answered yet."""
    order, answered = invitation.order, known(invitation.answered_at)
    row = [str(70_000 + number), str(order.customer.number), order.customer.email, utc_text(invitation.sent_at)]
    told = [utc_text(answered), str(invitation.score), invitation.comment] if answered else ["", "", ""]
    return [*row, *told, "nps", order.ref, order.brand.name]


def delighted(invitations: list[Invitation]) -> Table:
    """The NPS export of both brands."""
    rows = [invitation_row(invitation, number) for number, invitation in enumerate(invitations)]
    answered = [number for number, row in enumerate(rows) if row[5]]
    dirt = (
        Dirt(answered[60], {"Response ID": "99001", "Score": "onze", "Order Number": ""}),
        Dirt(answered[180], {"Response ID": "", "Order Number": ""}),
        Dirt(answered[260], {"Response ID": "99003"}, keep=3),
    )
    return spoil(Table("nps-delighted.csv", NPS_HEADER, rows), dirt, blank_after=1000)
