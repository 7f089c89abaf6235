"""What cannot be judged of a delivery is left out and counted: its hour, its promise, the word of its carrier."""

from pathlib import Path

import pytest

from kpibar.measure.report import Barometer
from tests.support import computed, fraction, row


def counts(found: Barometer, kpi: str) -> dict[str, object]:
    return {note.code: note.values["rows"] for note in row(found, kpi).notes if "rows" in note.values}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("day", "midnight"),
    [("2025-01-10", ""), ("2025-07-10", ""), ("2025-01-10", "T00:00:00Z"), ("2025-07-10", "T00:00Z")],
)
def test_a_slot_met_on_its_day_at_an_unknown_time(folder: Path, day: str, midnight: str) -> None:
    """o1 kept its slot, o2 came on its day, o3 a day late, o4 too early; o5 has a second parcel that was too early.

    o6 has two parcels, one of which came on the day. Judged: o1 o3 o4 o5.
    """
    late, on_day = day[:-2] + "11" + midnight, day + midnight
    parcels = f"""
    | parcel_id | order_ref | promised_from | promised_to | delivered_at |
    | 1         | o1        | {day} 14:00   | {day} 16:00 | {day} 15:00  |
    | 2         | o2        | {day} 14:00   | {day} 16:00 | {on_day}     |
    | 3         | o3        | {day} 14:00   | {day} 16:00 | {late}       |
    | 4         | o4        | {day} 14:00   | {day} 16:00 | {day} 09:00  |
    | 5         | o5        | {day} 14:00   | {day} 16:00 | {on_day}     |
    | 6         | o5        | {day} 14:00   | {day} 16:00 | {day} 09:00  |
    | 7         | o6        | {day} 14:00   | {day} 16:00 | {on_day}     |
    | 8         | o6        | {day} 14:00   | {day} 16:00 | {day} 15:00  |
    """
    found = computed(folder, {"p.csv": parcels})
    assert fraction(found, "slot_adherence") == (1, 4)
    assert counts(found, "slot_adherence")["slot_unknown"] == 2
    assert fraction(found, "late_share") == (1, 6), "o3"


@pytest.mark.long
def test_an_attempt_without_a_time_hides_the_hour(folder: Path) -> None:
    parcels = """
    | parcel_id | order_ref | promised_from    | promised_to      | first_attempt_at | delivered_at     |
    | 1         | o1        | 2025-03-10 14:00 | 2025-03-10 16:00 | 2025-03-10       | 2025-03-11 15:00 |
    | 2         | o2        | 2025-03-10 14:00 | 2025-03-10 16:00 | 2025-03-10 14:00 | 2025-03-11       |
    | 3         | o3        | 2025-03-09 22:00 | 2025-03-10 01:00 |                  | 2025-03-10 00:00 |
    | 4         | o4        | 2025-03-10 14:00 | 2025-03-10 16:00 |                  |                  |
    """
    found = computed(folder, {"p.csv": parcels})
    assert fraction(found, "slot_adherence") == (2, 3), "o2 o3 of o2 o3 o4"
    assert counts(found, "slot_adherence")["slot_unknown"] == 1


@pytest.mark.long
def test_a_promise_from_before_the_order(folder: Path) -> None:
    """o1 late, o2 in time, o3 and o4 promised a year before; o5 of two parcels, one of which was late anyway.

    o6 is promised for the day before it was placed, as shops in other zones write it.
    """
    orders = "order_ref,ordered_at\n" + "".join(f"o{n},2025-12-28 10:00\n" for n in range(1, 7))
    parcels = """
    | parcel_id | order_ref | promised_to | delivered_at        |
    | 1         | o1        | 2025-12-30  | 2025-12-31 10:00:00 |
    | 2         | o2        | 2025-12-30  | 2025-12-30 10:00:00 |
    | 3         | o3        | 2025-01-02  | 2026-01-02 10:00:00 |
    | 4         | o4        | 2025-01-02  |                     |
    | 5         | o5        | 2025-01-02  | 2025-12-30 10:00:00 |
    | 6         | o5        | 2025-12-29  | 2025-12-30 10:00:00 |
    | 7         | o6        | 2025-12-27  | 2025-12-30 10:00:00 |
    """
    found = computed(folder, {"o.csv": orders, "p.csv": parcels})
    assert fraction(found, "late_share") == (3, 4), "o1 o5 o6 of o1 o2 o5 o6"
    assert counts(found, "late_share")["promise_false"] == 2
    assert fraction(found, "promise_unanswered") == (0, 4)


FINAL = [
    "Remis au gardien", "Remis contre signature", "Retiré en agence", "Retiré par le destinataire", "POD", "LIV",
    "Retiré en point de retrait", "Récupéré", "Picked up by recipient", "Signed for by: DUPONT", "Remis à l'accueil",
    "Livraison réussie", "Delivered by carrier", "Zustellung erfolgreich", "Entregado", "Consegnato", "Bezorgd",
    "Remise au destinataire", "Livraison remise au destinataire contre signature",
]  # fmt: skip
WAY = [
    "En cours d'acheminement", "Remis au transporteur", "In transit", "Ready for pickup", "Shipped",
    "Colis trié au hub", "Unable to deliver", "Parcel en route", "out_for_delivery", "Unfulfilled",
    "Partially fulfilled", "Pending", "On hold", "Driver en route", "Being sorted", "Awaiting customer pickup",
    "Waiting to be collected by customer", "Expédiée", "En attente", "À préparer", "Partiellement expédiée",
    "Non livré", "Récupéré par le transporteur", "Unterwegs", "In Zustellung", "Ausstehend", "Teilweise versandt",
    "Nicht ausgeführt", "Abholbereit", "En tránsito", "Pendiente", "No preparado", "Enviado",
    "Parcialmente preparado", "En reparto", "In consegna", "In attesa", "Spedito", "Non evaso", "Parzialmente evaso",
    "Pronto per il ritiro", "Onderweg", "In behandeling", "Verzonden", "Niet bezorgd", "Gedeeltelijk verzonden",
    "Klaar voor verzending", "Confirmed", "Arrivé au centre de tri", "Livraison reportée", "Delivery rescheduled",
]  # fmt: skip
UNKNOWN = [
    "Terminé", "OK", "99", "Picked up", "Unknown status", "Zustellung an Nachbar", "Delivery received",
    "Confirmed delivery", "Livraison reçue", "Arrivé chez le client",
]  # fmt: skip


@pytest.mark.long
def test_the_words_that_end_a_delivery(folder: Path) -> None:
    """Of the parcels without a day, final words are left out, others are late; those nobody knows are counted."""
    words = [*FINAL, *WAY, *UNKNOWN]
    lines = "".join(f"P{n},o{n},2025-03-10,,{word}\n" for n, word in enumerate(words))
    text = "parcel_id,order_ref,promised_to,delivered_at,status\n" + lines + "Q,q,2025-03-10,2025-03-10,Terminé\n"
    found = computed(folder, {"p.csv": text})
    assert fraction(found, "late_share") == (len(WAY) + len(UNKNOWN), len(WAY) + len(UNKNOWN) + 1)
    assert counts(found, "late_share")["undated"] == len(FINAL)
    assert counts(found, "late_share")["status_unknown"] == len(UNKNOWN)
