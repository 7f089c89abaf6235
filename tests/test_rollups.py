"""Random tables, counted a second time by pandas: totals, months, channels, brands and carriers."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas
import pytest

from kpibar.measure.report import Barometer, Request
from tests.kaplan_meier import reached
from tests.support import AS_OF, EVERY, computed, report, row, settings

CHANNELS = ("phone", "email", "chat")


def contact(number: int, draw: random.Random) -> dict[str, object]:
    channel = draw.choice(CHANNELS)
    call, answered = channel == "phone", draw.random() < 0.8
    return {
        "contact_id": f"c{number}",
        "created_at": datetime(2024, 1, 1) + timedelta(seconds=draw.randrange(731 * 86_400)),
        "channel": channel,
        "brand": draw.choice(("A", "B", "")),
        "spam": draw.random() < 0.1,
        "queued": call or None,
        "answered": answered if call else None,
        "wait_s": draw.randrange(120) if call else None,
        "first_reply_s": draw.randrange(200_000) if not call and draw.random() < 0.9 else None,
    }


def parcel(number: int, draw: random.Random) -> dict[str, object]:
    promised = datetime(2024, 1, 1) + timedelta(days=draw.randrange(731))
    delivered = promised + timedelta(days=draw.randint(-3, 3), hours=draw.randrange(24))
    return {
        "parcel_id": f"p{number}",
        "order_ref": f"o{number}",
        "carrier": draw.choice(("Express", "Slow")),
        "promised_to": promised.date(),
        "delivered_at": delivered if draw.random() < 0.95 else None,
    }


DRAW = random.Random(20_250_101)
CONTACTS = pandas.DataFrame([contact(n, DRAW) for n in range(1500)])
PARCELS = pandas.DataFrame([parcel(n, DRAW) for n in range(600)])
COUNTED = CONTACTS[~CONTACTS["spam"].astype(bool) & (CONTACTS["created_at"].dt.year == 2025)]
OFFERED = COUNTED[COUNTED["channel"] == "phone"]
REPLIED = COUNTED[COUNTED["first_reply_s"].notna()]
# In writing, with the seconds until the reply, or until the export (at 12:00 UTC) where there is none.
WRITTEN = COUNTED[COUNTED["channel"] != "phone"].assign(
    time=lambda rows: rows["first_reply_s"].fillna(
        (pandas.Timestamp(AS_OF, tz="UTC") - rows["created_at"].dt.tz_localize("Europe/Paris")).dt.total_seconds()
    )
)
DUE = PARCELS[pandas.to_datetime(PARCELS["promised_to"]).dt.year == 2025].assign(
    late=lambda rows: (
        rows["delivered_at"].isna()
        | (pandas.to_datetime(rows["delivered_at"]).dt.normalize() > pandas.to_datetime(rows["promised_to"]))
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollups")


@pytest.fixture(scope="module")
def found(folder: Path) -> Barometer:
    exports = {"contacts.csv": CONTACTS.to_csv(index=False), "parcels.csv": PARCELS.to_csv(index=False)}
    return computed(folder, exports, request=replace(EVERY, year=2025, by=("channel",)))


def segments(found: Barometer, kpi: str) -> dict[str, tuple[float | None, float | None]]:
    return {part.key: (part.now.numerator, part.now.denominator) for part in row(found, kpi).segments}


def median_time(rows: pandas.DataFrame) -> float | None:
    """The median of the times until the first reply, those still waiting included."""
    return reached(zip(rows["time"], rows["first_reply_s"].notna(), strict=True))


@pytest.mark.long
def test_by_channel(found: Barometer) -> None:
    sizes = COUNTED.groupby("channel").size()
    assert {key: count for key, (count, _) in segments(found, "contacts").items()} == sizes.to_dict()
    assert segments(found, "answer_rate") == {"phone": (OFFERED["answered"].astype(bool).sum(), len(OFFERED))}
    assert segments(found, "asa") == {
        "phone": (
            OFFERED[OFFERED["answered"].astype(bool)]["wait_s"].sum(),
            OFFERED["answered"].astype(bool).sum(),
        )
    }
    medians = {part.key: part.now.value for part in row(found, "frt_median_answered").segments}
    assert medians == pytest.approx(REPLIED.groupby("channel")["first_reply_s"].median().to_dict())
    times = {part.key: part.now.value for part in row(found, "frt_median").segments}
    assert times == {key: median_time(rows) for key, rows in WRITTEN.groupby("channel")}


@pytest.mark.long
def test_by_month(found: Barometer) -> None:
    def months(kpi: str) -> list[float | None]:
        return [measure.value for _, measure in row(found, kpi).series]

    def by_month(rows: pandas.DataFrame, column: str) -> list[float]:
        grouped = rows.assign(**{column: rows[column].astype(float)}).groupby(rows["created_at"].dt.month)
        return [float(value) for value in grouped[column].mean()]

    assert months("contacts") == COUNTED.groupby(COUNTED["created_at"].dt.month).size().to_list()
    assert months("answer_rate") == pytest.approx(by_month(OFFERED, "answered"))
    assert months("asa") == pytest.approx(by_month(OFFERED[OFFERED["answered"].astype(bool)], "wait_s"))
    medians = REPLIED.groupby(REPLIED["created_at"].dt.month)["first_reply_s"].median()
    assert months("frt_median_answered") == pytest.approx(medians.to_list())
    assert months("frt_median") == [median_time(rows) for _, rows in WRITTEN.groupby(WRITTEN["created_at"].dt.month)]


@pytest.mark.long
def test_parts_add_up_to_the_whole(found: Barometer, folder: Path) -> None:
    """Channels, months and brands (contacts without a brand are their own part) each sum to the year."""
    whole = row(found, "contacts").now.value
    assert whole == len(COUNTED)
    assert sum(measure.value or 0 for _, measure in row(found, "contacts").series) == whole
    assert sum(count or 0 for count, _ in segments(found, "contacts").values()) == whole
    brands = segments(report(folder, settings(folder), Request(year=2025, by=("brand",))), "contacts")
    assert {key: count for key, (count, _) in brands.items()} == (
        COUNTED.groupby("brand").size().rename({"": "?"}).to_dict()
    )
    one = report(folder, settings(folder), replace(EVERY, year=2025, brand="A"))
    assert (row(one, "contacts").now.value, None) == brands["A"]
    only = REPLIED[REPLIED["brand"] == "A"]["first_reply_s"]
    answered = row(one, "frt_median_answered").now
    assert (answered.value, answered.base) == (only.median(), len(only))
    written = WRITTEN[WRITTEN["brand"] == "A"]
    first = row(one, "frt_median").now
    assert (first.value, first.numerator, first.base) == (median_time(written), len(only), len(written))


@pytest.mark.long
def test_by_carrier(found: Barometer, folder: Path) -> None:
    carriers = report(folder, settings(folder), Request(year=2025, by=("carrier",)))
    grouped = DUE.groupby("carrier")["late"]
    assert segments(carriers, "late_share") == {
        key: (late, count) for key, late, count in zip(grouped.sum().index, grouped.sum(), grouped.size(), strict=True)
    }
    total = row(carriers, "late_share").now
    assert (total.numerator, total.denominator) == (DUE["late"].sum(), len(DUE))
