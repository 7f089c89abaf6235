"""Orders, parcels and the NPS survey, as Shopify, Sendcloud and Delighted write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

from table import Dirt, Table, columns, spoil
from world import EXPORTED_AT, PARIS, PETIT_PAS, YEARS, Brand, Order, Parcel, local, stream

SHOPIFY_HEADER = columns(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
    "Shipping,Taxes,Total,Discount Code,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Billing Company,Billing Province,Billing Country,"
    "Shipping Company,Shipping Province,Shipping Country,Notes,Note Attributes,Cancelled at,Payment Method,"
    "Payment Reference,Refunded Amount,Vendor,Employee,Location,Device ID,Id,Tags,Source,Phone,Receipt Number"
)
SENDCLOUD_HEADER = columns(
    "parcel_id,direction,carrier_code,carrier_name,to_address_country_code,order_number,"
    "tracking_number,announced_at,shipped_at,first_offer_at,delivered_at,expected_delivery_date,status,"
    "brand_name"
)
NPS_HEADER = columns(
    "Response ID,Person ID,Email,Sent At,Responded At,Score,Comment,Survey Type,Order Number,Brand"
)
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
    goods = sum(price * quantity for _, _, price, quantity in order.lines)
    shipping = 0.0 if goods >= 60 else 4.9
    total = goods + shipping
    return {
        "Subtotal": f"{goods:.2f}",
        "Shipping": f"{shipping:.2f}",
        "Taxes": f"{total / 6:.2f}",
        "Total": f"{total:.2f}",
        "Refunded Amount": f"{total if order.cancelled_at else 0:.2f}",
    }


def fulfilled_at(order: Order) -> datetime | None:
    """When the last parcel left; None while the order is not fulfilled."""
    shipped = [parcel.shipped_at for parcel in order.parcels]
    return max(shipped) if shipped and max(shipped) < EXPORTED_AT else None


def shopify_order(rng: Random, order: Order, number: int) -> dict[str, str]:
    """The order-level cells, written on the first row of an order only."""
    fulfilled = fulfilled_at(order)
    method = {"Chronopost": "Express", "Mondial Relay": "Point relais"}
    return {
        "Email": order.customer.email,
        "Financial Status": "refunded" if order.cancelled_at else "paid",
        "Paid at": shop_text(order.created_at + timedelta(seconds=rng.randrange(1, 4))),
        "Fulfillment Status": "fulfilled" if fulfilled else "unfulfilled",
        "Fulfilled at": shop_text(fulfilled),
        "Accepts Marketing": rng.choice(("yes", "no")),
        "Currency": "EUR",
        **shopify_money(order),
        "Shipping Method": method.get(order.parcels[0].carrier, "Domicile") if order.parcels else "Domicile",
        "Billing Country": order.customer.country,
        "Shipping Country": order.customer.country,
        "Note Attributes": NOTES[number % 2] if number % 611 == 300 else "",
        "Cancelled at": shop_text(order.cancelled_at),
        "Payment Method": rng.choices(("Stripe", "PayPal", "Alma"), (55, 35, 10))[0],
        "Id": str(5_400_000_000_000 + 32_768 * number + (1 << 30) * (order.brand is PETIT_PAS)),
        "Tags": "VIP" if rng.random() < 0.03 else "",
        "Source": "web",
    }


def shopify_rows(rng: Random, order: Order, number: int) -> list[list[str]]:
    """One row per line item; the first one carries the order."""
    rows = []
    for position, (name, sku, price, quantity) in enumerate(order.lines):
        cells = shopify_order(rng, order, number) if position == 0 else {}
        cells |= {
            "Name": order.ref if order.brand.order_prefix else f"#{order.ref}",
            "Created at": shop_text(order.created_at),
            "Lineitem quantity": str(quantity),
            "Lineitem name": name,
            "Lineitem price": f"{price:.2f}",
            "Lineitem sku": sku,
            "Vendor": order.brand.name,
            "Phone": f"+{order.customer.phone}" if order.customer.phone else "",
        }
        rows.append([cells.get(column, "") for column in SHOPIFY_HEADER])
    return rows


def shopify(seed: int, brand: Brand, orders: list[Order]) -> Table:
    """The orders export of one shop."""
    rng = stream(seed, f"shopify/{brand.name}")
    rows = [row for number, order in enumerate(orders) for row in shopify_rows(rng, order, number)]
    name = brand.name.lower().replace(" ", "-")
    whole = [number for number, row in enumerate(rows) if row[1]]
    dirt = (
        Dirt(whole[400], {"Name": "#ERR1", "Id": "1", "Created at": "2024-13-31 10:00:00 +0100"}),
        Dirt(whole[1200], {"Name": "", "Id": "2"}),
        Dirt(whole[2100], {"Name": "#ERR3", "Id": "3", "Total": "quarante"}),
        Dirt(whole[2600], {"Name": "#ERR4"}, keep=3),
    )
    return spoil(Table(f"{name}-shopify-orders.csv", SHOPIFY_HEADER, rows), dirt, blank_after=whole[900])


def parcel_status(parcel: Parcel) -> str:
    """The carrier's last word at the export, in Sendcloud's vocabulary."""
    if parcel.delivered_at:
        return "Delivered"
    if parcel.shipped_at > EXPORTED_AT:
        return "Announced"
    old = EXPORTED_AT - parcel.shipped_at > timedelta(days=45)
    return "Unable to deliver" if old else "En route to sorting center"


def tracking(carrier: str, number: int) -> str:
    """A tracking number in the carrier's style."""
    style = {
        "Colissimo": "6A{:011d}",
        "Chronopost": "XY{:09d}FR",
        "Mondial Relay": "{:08d}",
        "GLS": "ZK{:06d}",
    }
    return style[carrier].format(number * 37 % 900_000 + 100_000)


def parcel_row(order: Order, parcel: Parcel, number: int, promised: date | None) -> list[str]:
    """One outgoing parcel."""
    return [
        str(31_000_000 + number * 3),
        "outgoing",
        parcel.carrier.lower().replace(" ", "_"),
        parcel.carrier,
        order.customer.country,
        order.ref,
        tracking(parcel.carrier, number),
        utc_text(parcel.announced_at),
        utc_text(parcel.shipped_at),
        utc_text(parcel.first_offer_at),
        utc_text(parcel.delivered_at),
        promised.isoformat() if promised else "",
        parcel_status(parcel),
        order.brand.name,
    ]


def return_row(rng: Random, order: Order, number: int) -> list[str]:
    """The parcel that comes back to the warehouse, without any promise."""
    kept = timedelta(days=rng.randrange(3, 15), minutes=rng.randrange(600))
    start = (order.delivered_at or EXPORTED_AT) + kept
    shipped, back = start + timedelta(days=1), start + timedelta(days=rng.randrange(4, 8))
    cells = parcel_row(order, order.parcels[0], number, None)
    done = back < EXPORTED_AT
    arrived = utc_text(back) if done else ""
    status = "Delivered" if done else "Announced"
    on_the_way = utc_text(shipped) if shipped < EXPORTED_AT else ""
    times = [utc_text(start), on_the_way, arrived, arrived, ""]
    return [cells[0], "return", *cells[2:4], "FR", *cells[5:7], *times, status, cells[13]]


def sendcloud(seed: int, orders: list[Order]) -> Table:
    """The parcels report of both brands, in order of announcement."""
    rng = stream(seed, "sendcloud")
    rows: list[list[str]] = []
    for order in orders:
        unpromised = rng.random() < 0.06
        for parcel in order.parcels:
            promised = None if unpromised else parcel.promised_on
            rows.append(parcel_row(order, parcel, len(rows), promised))
        back = order.delivered_at
        if back and back < EXPORTED_AT - timedelta(days=20) and rng.random() < 0.035:
            rows.append(return_row(rng, order, len(rows)))
    rows.sort(key=lambda row: row[7])
    dirt = (
        Dirt(
            700, {"parcel_id": "90000001", "order_number": "999001", "announced_at": "2024-02-31T08:00:00Z"}
        ),
        Dirt(2500, {"parcel_id": "", "order_number": "999002"}),
        Dirt(4800, {"parcel_id": "90000003", "order_number": "999003", "delivered_at": "N/A"}),
        Dirt(6200, {"parcel_id": "90000004"}, keep=5),
    )
    return spoil(Table("sendcloud-parcels.csv", SENDCLOUD_HEADER, rows), dirt, blank_after=3300)


def nps_score(rng: Random, late: bool) -> int:
    """0 to 10; a late order makes a detractor every other time."""
    weights = (50, 28, 22) if late else (15, 28, 57)
    band = rng.choices(((3, 4, 5, 5, 6, 6), (7, 8), (9, 10)), weights)[0]
    return rng.choice(band)


def nps_row(rng: Random, order: Order, number: int) -> list[str]:
    """One invitation three days after delivery; fewer than one in five answer."""
    sent = (order.delivered_at or EXPORTED_AT) + timedelta(days=3, minutes=rng.randrange(240))
    row = [str(70_000 + number), str(order.customer.number), order.customer.email, utc_text(sent)]
    if rng.random() > 0.18:
        return [*row, "", "", "", "nps", order.ref, order.brand.name]
    answered = sent + timedelta(minutes=20 + int(rng.expovariate(1 / 900)))
    comment = rng.choice(COMMENTS[order.late]) if rng.random() < 0.3 else ""
    score = str(nps_score(rng, order.late))
    return [*row, utc_text(min(answered, EXPORTED_AT)), score, comment, "nps", order.ref, order.brand.name]


def delighted(seed: int, orders: list[Order]) -> Table:
    """The NPS export: three delivered orders in ten are invited, answered or not."""
    rng = stream(seed, "nps")
    limit = datetime(YEARS[-1], 12, 28, 12, tzinfo=PARIS)
    asked = [o for o in orders if o.delivered_at and o.delivered_at < limit and rng.random() < 0.31]
    rows = sorted((nps_row(rng, order, number) for number, order in enumerate(asked)), key=lambda row: row[3])
    answered = [number for number, row in enumerate(rows) if row[5]]
    dirt = (
        Dirt(answered[60], {"Response ID": "99001", "Score": "onze", "Order Number": ""}),
        Dirt(answered[180], {"Response ID": "", "Order Number": ""}),
        Dirt(answered[260], {"Response ID": "99003"}, keep=3),
    )
    return spoil(Table("nps-delighted.csv", NPS_HEADER, rows), dirt, blank_after=1000)
