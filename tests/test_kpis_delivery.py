"""Delivery KPIs: promises kept and broken, counted in orders."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.measure.report import Barometer
from tests.support import EVERY, computed, facts, fraction, row

# Exported on 15 June 2025 at 14:00 in Paris.
JUNE = datetime(2025, 6, 15, 12, 0)
ORDERS = """
| order_ref | ordered_at          | cancelled_at        |
| same_day  | 2025-03-01 10:00:00 |                     |
| half_past | 2025-03-01 10:00:00 |                     |
| early     | 2025-03-01 10:00:00 |                     |
| never     | 2025-03-01 10:00:00 |                     |
| cancelled | 2025-03-01 10:00:00 | 2025-03-02 10:00:00 |
| two       | 2025-03-01 10:00:00 |                     |
| half_lost | 2025-03-01 10:00:00 |                     |
| sent_back | 2025-03-01 10:00:00 |                     |
| unpromised| 2025-03-01 10:00:00 |                     |
| no_parcel | 2025-03-01 10:00:00 |                     |
| young     | 2025-06-01 10:00:00 |                     |
| not_due   | 2025-06-01 10:00:00 |                     |
| new_year  | 2024-12-20 10:00:00 |                     |
| old_year  | 2024-12-20 10:00:00 |                     |
"""
# Promises of a day but for not_due, promised for 18:00 on the day of the export, and the two of the turn of the year.
PARCELS = """
| parcel_id | order_ref | promised_to          | delivered_at         | returned_at         |
| p1        | same_day  | 2025-03-10           | 2025-03-10 23:00:00  |                     |
| p2        | half_past | 2025-03-10           | 2025-03-11 00:30:00  |                     |
| p3        | early     | 2025-03-10           | 2025-03-09 10:00:00  |                     |
| p4        | never     | 2025-03-10           |                      |                     |
| p5        | cancelled | 2025-03-10           |                      |                     |
| p6a       | two       | 2025-03-10           | 2025-03-10 09:00:00  |                     |
| p6b       | two       | 2025-03-10           | 2025-03-12 00:00:00  |                     |
| p7a       | half_lost | 2025-03-10           | 2025-03-09 09:00:00  |                     |
| p7b       | half_lost | 2025-03-10           |                      |                     |
| p8        | sent_back | 2025-03-10           |                      | 2025-03-20 10:00:00 |
| p9        | unpromised|                      | 2025-03-10 10:00:00  |                     |
| p10       | young     | 2025-06-10           | 2025-06-10 10:00:00  |                     |
| p11       | not_due   | 2025-06-15 18:00:00  |                      |                     |
| p12       | new_year  | 2024-12-31T23:30:00Z | 2025-01-02 10:00:00  |                     |
| p13       | old_year  | 2024-12-31T22:30:00Z | 2025-01-02 10:00:00  |                     |
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    exports = {"orders.csv": ORDERS, "parcels.csv": PARCELS}
    return computed(tmp_path_factory.mktemp("delivery"), exports, as_of=JUNE, request=EVERY)


def test_late_share(found: Barometer) -> None:
    """Promised 2025, mature: same_day half_past early never two half_lost sent_back new_year.

    A promise of a day is kept until midnight in Paris. Any parcel makes an order late. Midnight to 00:30 on 1 January
    in Paris is still 31 December in UTC: new_year belongs to 2025, old_year to 2024.
    """
    assert fraction(found, "late_share") == (6, 8), "half_past never two half_lost sent_back new_year"
    assert row(found, "late_share").now.immature == 1, "young: promised five days before the export"


def test_promise_expired_without_a_parcel(found: Barometer) -> None:
    assert fraction(found, "promise_unanswered") == (3, 9), "never half_lost sent_back; young counts, not not_due"


def test_promise_coverage(found: Barometer) -> None:
    assert fraction(found, "promise_coverage") == (9, 10), (
        "all orders of 2025 but unpromised; cancelled and no_parcel are not in the base"
    )


def test_lateness(found: Barometer) -> None:
    """half_past 30 min, two 24 h after midnight, new_year from 1 January 00:30 to 2 January 10:00."""
    came = row(found, "lateness_median_delivered").now
    assert came.base == 3, "the three never delivered have no delay yet"
    assert came.value == pytest.approx(24 * 3600, abs=0.001), "1,800 s, 86,400 s, 120,600 s"


def test_lateness_with_those_never_delivered(found: Barometer) -> None:
    """never, half_lost and sent_back are late since 11 March 00:00: 96 days and 13 hours (the clocks changed).

    Of six late orders 5/6 are missing after 30 min, 4/6 after 24 h and 3/6 after 33.5 h: half of them.
    """
    late = row(found, "lateness_median").now
    assert late.value == pytest.approx(120_600, abs=0.001)
    assert (late.numerator, late.denominator) == (3, 6)


@pytest.mark.long
def test_lateness_that_is_not_reached(folder: Path) -> None:
    """Exported on 15 June at 14:00; late since 11 March 00:00, one came after 10 h: 2/3 are missing, not 1/2."""
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        | returned_at         |
    | 1         | came      | 2025-03-10  | 2025-03-11 10:00:00 |                     |
    | 2         | never     | 2025-03-10  |                     |                     |
    | 3         | sent_back | 2025-03-10  |                     | 2025-03-20 10:00:00 |
    """
    late = row(computed(folder, {"parcels.csv": parcels}, as_of=JUNE), "lateness_median")
    assert (late.now.value, late.status, late.now.numerator, late.now.denominator) == (None, "not_reached", 1, 3)
    assert late.now.low == pytest.approx(96 * 86_400 + 13 * 3600, abs=0.001)


def test_a_promise_is_unanswered_after_seven_days(folder: Path) -> None:
    """Promised for 10 March: after the end of 17 March it was unanswered, whenever the parcel came."""
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | in_time   | 2025-03-10  | 2025-03-10 10:00:00 |
    | 2         | on_day_7  | 2025-03-10  | 2025-03-17 23:59:59 |
    | 3         | on_day_8  | 2025-03-10  | 2025-03-18 00:00:01 |
    | 4         | in_summer | 2025-03-10  | 2025-06-10 10:00:00 |
    | 5         | never     | 2025-03-10  |                     |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JUNE), "promise_unanswered") == (3, 5)
    later = computed(folder, {}, "[thresholds]\npromise_horizon_days = 8\n", as_of=None)
    assert fraction(later, "promise_unanswered") == (2, 5), "on_day_8 came within eight days"


@pytest.mark.long
def test_lead_time(folder: Path) -> None:
    table = """
    | order_ref | ordered_at           | cancelled_at        |
    | 90001     | 2025-03-01 10:00:00  |                     |
    | 90002     | 2025-03-29 10:00:00  |                     |
    | 90003     | 2025-03-01 10:00:00  |                     |
    | 90004     | 2025-03-01 10:00:00  | 2025-03-01 11:00:00 |
    | 90005     | 2025-03-01 10:00:00  |                     |
    | 90006     | 2025-03-01 10:00:00  |                     |
    """
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | 90001     |             | 2025-03-03 10:00:00 |
    | 2         | 90002     |             | 2025-03-30 10:00:00 |
    | 3a        | 90003     |             | 2025-03-02 10:00:00 |
    | 3b        | 90003     |             | 2025-03-06 10:00:00 |
    | 4         | 90004     |             | 2025-03-02 10:00:00 |
    | 5         | 90005     |             |                     |
    | 6         | 90006     |             | 2025-02-01 10:00:00 |
    """
    found = computed(folder, {"orders.csv": table, "parcels.csv": parcels}, request=EVERY)
    came = row(found, "lead_time_delivered").now
    assert (came.value, came.base) == (2 * 86_400, 3), (
        "90002 took 23 h over the change of clocks, 90001 two days, 90003 five (its last parcel)"
    )
    lead = row(found, "lead_time").now
    assert (lead.value, lead.numerator, lead.denominator) == (2 * 86_400, 3, 4), (
        "with 90005, still on its way, 3/4 are missing after 23 h and 2/4 after two days"
    )
    most = row(found, "lead_time_p90")
    assert (most.now.value, most.status, most.now.denominator) == (None, "not_reached", 4), "1/4 after five days"
    assert most.now.low == 351 * 86_400 + 3 * 3600, "90005: 1 March 2025 10:00 to 15 February 2026 13:00"


@pytest.mark.long
def test_first_attempt(folder: Path) -> None:
    """Where attempts are counted the count decides, else the day of the first attempt in Paris."""
    parcels = """
    | parcel_id | order_ref | promised_to | first_attempt_at     | attempts | delivered_at         |
    | 1         | counted1  |             | 2025-03-10 10:00:00  | 1        | 2025-03-10 10:00:00  |
    | 2         | counted2  |             | 2025-03-10 10:00:00  | 2        | 2025-03-10 18:00:00  |
    | 3         | refused   |             | 2025-03-10 10:00:00  | 1        |                      |
    | 4         | same_day  |             | 2025-03-10 10:00:00  |          | 2025-03-10 22:00:00  |
    | 5         | next_day  |             | 2025-03-10T22:30:00Z |          | 2025-03-10T23:30:00Z |
    | 6         | nothing   |             |                      |          | 2025-03-10 10:00:00  |
    | 7         | undated   |             |                      | 1        | 2025-03-10 10:00:00  |
    | 8         | waiting   |             |                      | 0        |                      |
    """
    orders = "order_ref,ordered_at\n" + "".join(
        f"{name},2025-03-01 10:00:00\n"
        for name in ["counted1", "counted2", "refused", "same_day", "next_day", "nothing", "undated", "waiting"]
    )
    found = computed(folder, {"orders.csv": orders, "parcels.csv": parcels})
    assert fraction(found, "first_attempt") == (3, 6), "counted1 same_day undated, of those with an attempt"


SLOTS = """
| parcel_id | order_ref | promised_from       | promised_to         | first_attempt_at    | delivered_at        |
| 1         | on_open   | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 |                     | 2025-03-10 16:00:00 |
| 2         | on_close  | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 |                     | 2025-03-10 18:00:00 |
| 3         | early     | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 |                     | 2025-03-10 15:59:00 |
| 4         | after     | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 |                     | 2025-03-10 18:01:00 |
| 5         | never     | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 |                     |                     |
| 6         | absent    | 2025-03-10 16:00:00 | 2025-03-10 18:00:00 | 2025-03-10 17:00:00 | 2025-03-11 10:00:00 |
| 7         | one_day   |                     | 2025-03-10          |                     | 2025-03-10 17:00:00 |
| 8         | range     | 2025-03-09 00:00:00 | 2025-03-11 00:00:00 |                     | 2025-03-10 17:00:00 |
"""
SLOT_NAMES = ["on_open", "on_close", "early", "after", "never", "absent", "one_day", "range"]
SLOT_ORDERS = "order_ref,ordered_at\n" + "".join(f"{name},2025-03-01 10:00:00\n" for name in SLOT_NAMES)


@pytest.mark.long
def test_slots(folder: Path) -> None:
    exports = {"orders.csv": SLOT_ORDERS, "parcels.csv": SLOTS}
    found = computed(folder, exports)
    assert fraction(found, "slot_adherence") == (3, 6), "on_open on_close absent (the driver came, the customer not)"


@pytest.mark.long
def test_slot_grace(folder: Path) -> None:
    exports = {"orders.csv": SLOT_ORDERS, "parcels.csv": SLOTS}
    found = computed(folder, exports, "[thresholds]\nslot_grace_s = 60\n")
    assert fraction(found, "slot_adherence") == (5, 6), "early and after are within a minute"


@pytest.mark.long
def test_an_order_known_from_its_parcel_only(folder: Path) -> None:
    """A carrier's export alone gives the promise KPIs; those that need the shop say what they lack."""
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | 90001     | 2025-03-10  | 2025-03-11 10:00:00 |
    | 2         |           | 2025-03-10  | 2025-03-10 10:00:00 |
    """
    found = computed(folder, {"parcels.csv": parcels})
    assert found.edition.year == 2025
    assert fraction(found, "late_share") == (1, 2)
    assert row(found, "lead_time").missing == ("orders.ordered_at",)
    assert row(found, "lead_time").status == "not_available"


@pytest.mark.long
def test_a_midnight_promise_is_a_promise_of_that_day(folder: Path) -> None:
    parcels = """
    | parcel_id | order_ref | promised_to         | delivered_at        |
    | 1         | 90001     | 2025-03-10 00:00:00 | 2025-03-10 23:59:00 |
    """
    found = computed(folder, {"parcels.csv": parcels})
    assert fraction(found, "late_share") == (0, 1)
    assert facts(folder, "SELECT late, overdue, lateness_s FROM fact_orders") == [(False, False, None)]


@pytest.mark.long
def test_the_first_promise_stays_when_a_later_export_moves_it(folder: Path) -> None:
    """Promised for 1 March, exported again with 9 March, delivered on the 8th: late by the first promise, 1/1."""
    head = "parcel_id,order_ref,promised_to,delivered_at\n"
    orders = "order_ref,ordered_at\nA,2025-02-25 10:00:00\n"
    computed(folder, {"orders.csv": orders, "one.csv": head + "1,A,2025-03-01,\n"}, as_of=datetime(2025, 3, 1))
    found = computed(folder, {"two.csv": head + "1,A,2025-03-09,2025-03-08 10:00:00\n"}, as_of=JUNE)
    assert fraction(found, "late_share") == (1, 1)
    assert facts(folder, "SELECT promised_on::VARCHAR, last_promised_to::DATE::VARCHAR FROM parcels") == [
        ("2025-03-01", "2025-03-09")
    ]


UNDATED_ORDERS = "order_ref,ordered_at\n" + "".join(f"o{number},2025-03-01 10:00:00\n" for number in range(1, 10))
UNDATED = """
| parcel_id | order_ref | promised_to | delivered_at        | returned_at         | lost | status     | complete |
| 1         | o1        | 2025-03-10  | 2025-03-10 10:00:00 |                     |      | delivered  |          |
| 2         | o2        | 2025-03-10  |                     |                     |      | Livré      |          |
| 3         | o3        | 2025-03-10  |                     |                     |      |            | yes      |
| 4         | o4        | 2025-03-10  |                     |                     | yes  | Livré      |          |
| 5         | o5        | 2025-03-10  |                     | 2025-03-12 10:00:00 |      | Livré      |          |
| 6         | o6        | 2025-03-10  |                     |                     |      | in transit |          |
| 7         | o7        | 2025-03-10  | 2025-02-10 10:00:00 |                     |      | Livré      |          |
| 8a        | o8        | 2025-03-10  |                     |                     |      | Livré      |          |
| 8b        | o8        | 2025-03-10  | 2025-03-12 10:00:00 |                     |      | Livré      |          |
| 9a        | o9        | 2025-03-10  |                     |                     |      | Livré      |          |
| 9b        | o9        | 2025-03-10  | 2025-03-09 10:00:00 |                     |      | Livré      |          |
"""


@pytest.mark.long
def test_a_delivery_on_an_unknown_day_is_not_judged(folder: Path) -> None:
    """In time o1; late o4 (lost), o5 (sent back), o6 (on its way), o8 (its other parcel); o2 o3 o7 o9 are left out.

    o7 was "delivered" a month before it was ordered, the other parcel of o9 came in time.
    """
    found = computed(folder, {"orders.csv": UNDATED_ORDERS, "parcels.csv": UNDATED}, request=EVERY)
    assert fraction(found, "late_share") == (4, 5)
    assert fraction(found, "promise_unanswered") == (3, 5), "o4 o5 o6"
    notes = {note.code: note.values["rows"] for note in row(found, "late_share").notes}
    assert (notes["undated"], notes["never_arrived"]) == (4, 2)
    assert row(found, "lead_time_delivered").now.base == 1, "o1; the last parcel of o8 and of o9 has no day"
    assert fraction(found, "lead_time") == (1, 4), "o1, of it and o4 o5 o6, which never came"
    assert row(found, "lead_time").status == "not_reached", "3/4 never came"


# What each word makes of a parcel that has no day of delivery and whose promise has expired.
WORDS = {
    "undated": [
        "Delivered", "DELIVERED_TO_NEIGHBOUR", "Livré", "Colis livré en point relais", "livre", "Distribué",
        "Zugestellt", "Entregado", "Consegnata", "bezorgd", "Shipment collected by customer",
        "Livré par le transporteur", "Delivered by carrier", "Delivered - ID checked",
    ],
    "late": [
        "Not delivered", "undelivered", "Non livré", "Out for delivery", "En cours de livraison", "nicht zugestellt",
        "partially delivered", "Livré partiellement", "Livré au transporteur", "Delivery failed", "Ready to send",
        "Livraison prévue", "delivery attempt failed", "Delivered to carrier", "Delivered to the carrier",
        "Sender despatching item", "Pris en charge chez l’expéditeur", "Vom Absender angekündigt",
        "Preparado por el remitente", "In preparazione dal mittente", "Handed over by carrier",
    ],
    "returned": [
        "Returned to sender", "Retour à l'expéditeur", "Refusé", "Livré à l'expéditeur", "Devuelto",
        "Colis en retour vers l’expéditeur", "Renvoyé à l'expéditeur", "Delivered to sender", "An Absender zurück",
        "Entregado al remitente", "Consegnato al mittente",
    ],
    "lost": ["Lost", "Perdu", "Colis perdu"],
    "cancelled": ["Cancelled", "Annulé", "storniert", "Anulado", "annullata", "Voided"],
}  # fmt: skip


@pytest.mark.long
def test_the_words_of_carriers(folder: Path) -> None:
    """Late are 21 + 11 + 3 of the 35 that can be judged, and none that came; 14 are left out, 6 labels no parcels."""
    words = [(kind, number, word) for kind, listed in WORDS.items() for number, word in enumerate(listed)]
    lines = [f"{kind}{number},{kind}{number},2025-03-10,,{word}\n" for kind, number, word in words]
    lines += [f"b-{word},came{number},2025-03-10,2025-03-10 10:00:00,{word}\n" for _, number, word in words[:49]]
    found = computed(folder, {"parcels.csv": "parcel_id,order_ref,promised_to,delivered_at,status\n" + "".join(lines)})
    told = dict.fromkeys(WORDS, 0)
    for name, late, undated, returned, lost in facts(
        folder,
        "SELECT order_ref, late, undated, returned, lost FROM fact_orders WHERE NOT starts_with(order_ref, 'came')",
    ):
        flags = {"undated": undated, "returned": returned, "lost": lost, "late": late and not returned and not lost}
        assert [kind for kind, is_so in flags.items() if is_so] == [name.rstrip("0123456789")]
        told[name.rstrip("0123456789")] += 1
    assert told == {kind: 0 if kind == "cancelled" else len(listed) for kind, listed in WORDS.items()}
    late, of = fraction(found, "late_share")
    assert late == 35
    assert of == 35 + facts(folder, "SELECT count(*) FROM fact_orders WHERE starts_with(order_ref, 'came')")[0][0]


SPLIT_ORDERS = "order_ref,ordered_at\n" + "".join(f"{name},2025-03-01 10:00:00\n" for name in "abcdef")
SPLIT = """
| parcel_id | order_ref | carrier | promised_to | delivered_at        |
| a1        | a         | Slow    | 2025-03-05  | 2025-03-07 23:59:59 |
| a2        | a         | Fast    | 2025-03-20  | 2025-03-11 10:00:00 |
| b1        | b         | Fast    | 2025-03-05  | 2025-03-05 10:00:00 |
| b2        | b         | Slow    | 2025-03-20  | 2025-03-21 23:59:59 |
| c1        | c         | Fast    | 2025-03-05  | 2025-03-05 10:00:00 |
| c2        | c         | Fast    | 2025-03-20  | 2025-03-11 10:00:00 |
| d1        | d         | Fast    | 2025-03-05  | 2025-03-05 10:00:00 |
| d2        | d         | Slow    |             | 2025-03-08 23:59:59 |
| e1        | e         | Slow    | 2025-03-05  | 2025-03-06 10:00:00 |
| e2        | e         | Slow    | 2025-03-20  |                     |
| f1        | f         | Slow    | 2025-03-05  | 2025-03-07 10:00:00 |
| f2        | f         | Fast    | 2026-03-20  |                     |
"""


def test_an_order_is_late_when_any_of_its_parcels_is(folder: Path) -> None:
    """Late: a by its first parcel, b by its last, d by the parcel that has no promise of its own, e twice, f already.

    c kept both promises. Delays: a 2 days, b 1 day, d 3 days, f 34 hours; e is not delivered. Lead times: a, b, c, d by
    their last parcel, 11 March 10:00 (10 days), 21 March, 11 March, 8 March; e and f are on their way.
    """
    found = computed(folder, {"orders.csv": SPLIT_ORDERS, "parcels.csv": SPLIT}, request=EVERY)
    assert fraction(found, "late_share") == (5, 6)
    assert fraction(found, "promise_unanswered") == (1, 6), "e"
    late, lead = row(found, "lateness_median_delivered").now, row(found, "lead_time_delivered").now
    assert (late.base, round((late.value or 0) / 3600)) == (4, 41), "between 34 and 48 hours"
    assert (lead.base, lead.value) == (4, 10 * 86_400), "10, 20.6, 10 and 7.6 days"
    late, lead = row(found, "lateness_median").now, row(found, "lead_time").now
    assert (late.base, round((late.value or 0) / 3600)) == (5, 48), "with e: b 4/5, f 3/5, a 2/5 are missing"
    assert (lead.base, lead.value) == (6, 10 * 86_400), "with e and f: d 5/6, then a and c 3/6 are missing"
    assert facts(folder, "SELECT DISTINCT carrier FROM fact_orders WHERE late") == [("Slow",)]


@pytest.mark.long
def test_a_slot_and_an_attempt_of_each_parcel(folder: Path) -> None:
    """Slots: a had both kept, b one before its time. Attempts: a both at the first, b one at the second."""
    parcels = """
    | parcel_id | order_ref | promised_from    | promised_to      | first_attempt_at | attempts | delivered_at     |
    | a1        | a         | 2025-03-10 16:00 | 2025-03-10 18:00 | 2025-03-10 17:00 | 1        | 2025-03-10 17:00 |
    | a2        | a         | 2025-03-11 16:00 | 2025-03-11 18:00 | 2025-03-11 17:00 | 1        | 2025-03-11 17:00 |
    | b1        | b         | 2025-03-10 16:00 | 2025-03-10 18:00 | 2025-03-10 12:00 | 2        | 2025-03-10 15:00 |
    | b2        | b         | 2025-03-11 16:00 | 2025-03-11 18:00 | 2025-03-11 17:00 | 1        | 2025-03-11 17:00 |
    """
    found = computed(folder, {"orders.csv": SPLIT_ORDERS, "parcels.csv": parcels})
    assert fraction(found, "slot_adherence") == (1, 2)
    assert fraction(found, "first_attempt") == (1, 2)


@pytest.mark.long
def test_an_order_delivered_before_it_was_placed(folder: Path) -> None:
    """By two minutes the lead time is 0, by two hours unknown, by two days the order is not judged at all."""
    orders = "order_ref,ordered_at\na,2025-03-10 10:00:00\nb,2025-03-10 10:00:00\nc,2025-03-10 10:00:00\n"
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | a         | 2025-03-10  | 2025-03-10 09:58:00 |
    | 2         | b         | 2025-03-10  | 2025-03-10 08:00:00 |
    | 3         | c         | 2025-03-10  | 2025-03-08 08:00:00 |
    """
    found = computed(folder, {"orders.csv": orders, "parcels.csv": parcels})
    lead = row(found, "lead_time")
    assert (lead.now.value, lead.now.base) == (0, 1)
    assert [note.values["rows"] for note in lead.notes if note.code == "lead_unknown"] == [2]
    assert fraction(found, "late_share") == (0, 2)


JULY = datetime(2025, 7, 1)


@pytest.mark.long
def test_parcels_of_two_brands_without_a_shop_stay_two_orders(folder: Path) -> None:
    """The same order number in two brands, one late: 1 of 2."""
    parcels = """
    | parcel_id | order_ref | brand | promised_to | delivered_at        |
    | 1         | 1000      | Bleue | 2025-03-10  | 2025-03-09 10:00:00 |
    | 2         | 1000      | Rouge | 2025-03-10  | 2025-03-19 10:00:00 |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (1, 2)


@pytest.mark.long
def test_a_cancelled_label_is_no_late_parcel(folder: Path) -> None:
    """One order: a label cancelled before it left, and the parcel that came in time. 0 of 1 late."""
    parcels = """
    | parcel_id | order_ref | status    | promised_to | delivered_at        |
    | 1         | 1000      | Cancelled | 2025-03-10  |                     |
    | 2         | 1000      | Delivered | 2025-03-10  | 2025-03-09 10:00:00 |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (0, 1)


@pytest.mark.long
@pytest.mark.parametrize("never", ["0001-01-01 00:00:00", "1900-01-01"])
def test_a_zero_date_is_no_delivery(folder: Path, never: str) -> None:
    """Two parcels promised for 10 March; one delivered, one never although its date says year 1: 1 of 2 late."""
    parcels = f"""
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | 1         | 2025-03-10  | 2025-03-09 10:00:00 |
    | 2         | 2         | 2025-03-10  | {never}             |
    """
    assert fraction(computed(folder, {"p.csv": parcels}, as_of=JULY), "late_share") == (1, 2)
