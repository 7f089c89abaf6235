"""A promise at midnight is the promise of a day, in whatever notation, zone and file it comes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.intake import held, take, take_text, write
from tests.support import AS_OF, facts, fraction, ingest_tables, report, settings
from tests.workbooks import xlsx

# In Paris the day of 10 March 2025 ends at 22:59:59.999999 UTC, that of 10 July at 21:59:59.999999.
WINTER, SUMMER = datetime(2025, 3, 10, 22, 59, 59, 999999), datetime(2025, 7, 10, 21, 59, 59, 999999)
OF_A_DAY = {
    "2025-03-10": WINTER,
    "2025-03-10T00:00:00Z": WINTER,
    "2025-03-10T00:00:00.000Z": WINTER,
    "2025-03-10T00:00Z": WINTER,
    "2025-03-10 00:00:00 UTC": WINTER,
    "2025-03-10T00:00:00+01:00": WINTER,
    "2025-03-10 00:00:00 +0100": WINTER,
    "2025-03-10T00:00:00+00:00": WINTER,
    "2025-03-10T00:00:00-05:00": WINTER,
    "2025-03-10T00:00:00+01:00[Europe/Paris]": WINTER,
    "2025-03-09T23:00:00Z": WINTER,
    "2025-03-09 23:00:00+0000": WINTER,
    "2025-03-10T23:59:59Z": WINTER,
    "2025-03-10T23:59:59.999+01:00": WINTER,
    "10 mars 2025 00:00 GMT+1": WINTER,
    "Mar 10, 2025 12:00 AM UTC": WINTER,
    "20250310T000000Z": WINTER,
    "45726.00000": WINTER,
    "2025-07-10T00:00:00Z": SUMMER,
    "2025-07-10T00:00:00+02:00": SUMMER,
    "2025-07-10T00:00:00+01:00": SUMMER,
    "2025-07-09T22:00:00Z": SUMMER,
}
OF_AN_INSTANT = {
    "2025-03-10T18:00:00Z": datetime(2025, 3, 10, 18),
    "2025-03-10 18:00:00 +0100": datetime(2025, 3, 10, 17),
    "2025-07-09T23:00:00Z": datetime(2025, 7, 9, 23),
    "2025-03-10 12:00:00": datetime(2025, 3, 10, 11),
    "Mar 10, 2025 12:00 PM": datetime(2025, 3, 10, 11),
}


def test_midnight_promises_the_day_and_another_time_itself(folder: Path) -> None:
    cells = {**OF_A_DAY, **OF_AN_INSTANT}
    rows = "".join(f'P{number},"{cell}",\n' for number, cell in enumerate(cells))
    take_text(folder, "parcel_id,promised_to,delivered_at\n" + rows)
    found = held(
        folder, "SELECT promised_to, promised_on, promise_kind FROM parcels ORDER BY substr(parcel_id, 2)::INT"
    )
    assert dict(zip(cells, [end for end, _, _ in found], strict=True)) == cells
    days = [(on.month, on.day) for _, on, _ in found[: len(OF_A_DAY)]]
    assert days == [(end.month, 10) for end in OF_A_DAY.values()], "promised on the 10th"
    assert {kind for _, _, kind in found[: len(OF_A_DAY)]} == {"day"}


HEAD = "parcel_id,order_ref,promised_from,promised_to,delivered_at\n"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("begins", "ends", "kind", "to"),
    [
        ("2025-03-10T00:00:00Z", "2025-03-10T00:00:00Z", "day", WINTER),
        ("2025-03-09T23:00:00Z", "2025-03-10T22:59:59Z", "day", datetime(2025, 3, 10, 22, 59, 59)),
        ("2025-03-10T00:00:00Z", "2025-03-10T23:59:59Z", "day", WINTER),
        ("2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z", "range", WINTER),
        ("2025-03-10 16:00", "2025-03-10 18:00", "slot", datetime(2025, 3, 10, 17)),
        ("2025-03-10 20:00:00", "2025-03-11 00:00:00", "slot", datetime(2025, 3, 10, 23)),
        ("2025-03-09T20:00:00Z", "2025-03-09T23:00:00Z", "slot", datetime(2025, 3, 9, 23)),
        ("2025-03-09 08:00:00", "2025-03-10", "range", WINTER),
    ],
)
def test_the_kind_of_a_promise_with_two_ends(folder: Path, begins: str, ends: str, kind: str, to: datetime) -> None:
    take_text(folder, f"{HEAD}1,A,{begins},{ends},2025-03-10 09:00:00\n")
    assert held(folder, "SELECT promise_kind, promised_to FROM parcels") == [(kind, to)]


@pytest.mark.long
def test_a_stated_day_is_a_day_whatever_its_hour(folder: Path) -> None:
    head = "parcel_id,promise_kind,promised_to,delivered_at\n"
    take_text(folder, f"{head}1,day,2025-03-10T12:00:00Z,\n2,slot,2025-03-10T12:00:00Z,\n")
    assert held(folder, "SELECT promised_to FROM parcels ORDER BY parcel_id") == [
        (WINTER,),
        (datetime(2025, 3, 10, 12),),
    ]


SENDCLOUD = "parcel_id,direction,order_number,shipped_at,first_offer_at,delivered_at,expected_delivery_date\n"


@pytest.mark.sample(1)
@pytest.mark.parametrize("cell", ["2025-03-10", "2025-03-10T00:00:00Z", "2025-03-09T23:00:00Z", "2025-03-10 00:00:00"])
def test_a_carriers_report_promises_the_day(folder: Path, cell: str) -> None:
    take_text(folder, f"{SENDCLOUD}1,outgoing,A,2025-03-08T09:00:00Z,,2025-03-10T09:00:00Z,{cell}\n")
    assert held(folder, "SELECT promised_from, promised_to FROM parcels") == [(datetime(2025, 3, 9, 23), WINTER)]


OWN = """
name = "own-parcels"
fills = "parcels"
detect = ["Colis", "ETA", "ETA 2"]
zone = "Europe/Paris"
formats = ["%d/%m/%Y %H:%M"]
[select]
parcel_id = 'text("Colis")'
promised_to = '{}'
delivered_at = 'instant("Livré")'
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("expression", "cell"),
    [
        ('instant("ETA")', "10/03/2025"),
        ('instant("ETA")', "2025-03-10T00:00:00Z"),
        ('coalesce(instant("ETA"), instant("ETA 2"))', "2025-03-09T23:00:00Z"),
        ('epoch("ETA")', str(int(datetime(2025, 3, 10, tzinfo=UTC).timestamp()))),
        ('epoch("ETA")', str(int(datetime(2025, 3, 9, 23, tzinfo=UTC).timestamp()))),
        ("instant(\"ETA\") + INTERVAL '2' DAY", "08/03/2025"),
        ('CASE WHEN "ETA" IS NOT NULL THEN promise_end("ETA") END', "2025-03-10T00:00:00+01:00"),
    ],
)
def test_a_layout_of_ones_own_need_not_know_of_midnight(folder: Path, expression: str, cell: str) -> None:
    write(folder, "layouts/own.toml", OWN.replace("'{}'", f"'''{expression}'''"))
    rows = "".join(f"{number},{cell},,10/03/2025 10:00\n" for number in range(3))
    take_text(folder, f"Colis,ETA,ETA 2,Livré\n{rows}")
    assert set(held(folder, "SELECT promised_to FROM parcels")) == {(WINTER,)}


def test_a_date_and_a_time_apart(folder: Path) -> None:
    """A date without its time is the promise of the day, one with a time that of the hour."""
    write(folder, "layouts/own.toml", OWN.replace("{}", 'instant("ETA", "ETA 2")'))
    take_text(folder, "Colis,ETA,ETA 2,Livré\n1,10/03/2025,,\n2,10/03/2025,18:00,\n3,10/03/2025,00:00,\n")
    found = held(folder, "SELECT promised_to FROM parcels ORDER BY parcel_id")
    assert found == [(WINTER,), (datetime(2025, 3, 10, 17),), (WINTER,)]


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", ["json", "xlsx", "csv"])
@pytest.mark.parametrize("cell", ["2025-03-10T00:00:00Z", "2025-03-09T23:00:00Z", "2025-03-10T00:00:00+01:00", None])
def test_same_day_deliveries_are_in_time_in_every_kind_of_file(folder: Path, kind: str, cell: str | None) -> None:
    """Forty orders promised for 10 March and delivered at 10:00 that day: late are 0 of 40."""
    names = ("parcel_id", "order_ref", "promised_to", "delivered_at")
    end = datetime(2025, 3, 10) if kind == "xlsx" else "2025-03-10 00:00:00"
    rows = [(f"P{n}", f"O{n}", cell or end, "2025-03-10T09:00:00Z") for n in range(40)]
    if kind == "json":
        content = json.dumps([dict(zip(names, row, strict=True)) for row in rows]).encode()
    elif kind == "xlsx":
        content = xlsx([names, *rows])
    else:
        content = "".join(",".join(map(str, row)) + "\n" for row in [names, *rows]).encode()
    config = settings(folder)
    path = write(folder, f"parcels.{kind}", content)
    assert take(folder, path, settings=config, as_of=AS_OF)[0].error is None
    ingest_tables(folder, {"orders.csv": "order_ref,ordered_at\nO1,2025-03-07 10:00:00\n"}, config, AS_OF)
    assert fraction(report(folder, config), "late_share") == (0, 40)
    assert facts(folder, "SELECT DISTINCT CAST(promised_on AS VARCHAR) FROM fact_orders") == [("2025-03-10",)]
