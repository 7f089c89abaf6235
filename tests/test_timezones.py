"""Local time and UTC, against the standard library's zones: every change of clocks, and any instant between."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpibar.values.timezones import in_zone, local_time

# Half an hour, Ramadan, half-hour offsets, a zone that gave changes up, one that never had any, a date line crossed.
ZONES = (
    "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "Asia/Tehran",
    "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia", "UTC",
)  # fmt: skip
# The engine's zones hold outside these years; within them the system's do, which may be newer.
NEAR = st.datetimes(datetime(2016, 1, 2), datetime(2031, 12, 30))
ANY = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))


def asked(expression: str, values: list[datetime]) -> list[datetime]:
    rows = duckdb.execute(f"SELECT {expression} FROM (SELECT unnest(CAST(? AS TIMESTAMP[])) AS a)", [values])
    return [row[0] for row in rows.fetchall()]


def local_of(instant: datetime, zone: str) -> datetime:
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def instant_of(local: datetime, zone: str) -> datetime:
    """The later of two instants; of a time that is skipped, the one as long after the change as it says."""
    there = local.replace(tzinfo=ZoneInfo(zone))
    both = sorted(there.replace(fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1))
    return both[1]


@pytest.mark.sample(5)
@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=5, deadline=None)
@given(times=st.lists(NEAR, min_size=50))
def test_any_instant_is_what_the_zone_says(zone: str, times: list[datetime]) -> None:
    assert asked(local_time("a", zone), times) == [local_of(time, zone) for time in times]
    assert asked(in_zone("a", zone), times) == [instant_of(time, zone) for time in times]


@pytest.mark.sample(1)
@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_clocks_is_met_to_the_minute(zone: str) -> None:
    step, instant, end = timedelta(hours=1), datetime(2016, 1, 2), datetime(2031, 12, 30)
    changes: list[datetime] = []
    before = local_of(instant, zone) - instant
    while (instant := instant + step) < end:
        if (ahead := local_of(instant, zone) - instant) != before:
            changes, before = [*changes, instant], ahead
    around = [change + timedelta(minutes=m) for change in changes for m in (-61, -60, -31, -30, -1, 0, 1, 29, 30, 60)]
    locals_ = [local_of(instant, zone) for instant in around]
    assert asked(local_time("a", zone), around) == locals_
    skipped = [local + timedelta(minutes=30) for local in locals_]
    for times in (locals_, skipped):
        assert asked(in_zone("a", zone), times) == [instant_of(time, zone) for time in times]


@settings(max_examples=5, deadline=None)
@given(times=st.lists(ANY, min_size=50))
def test_the_years_far_away_are_no_different(times: list[datetime]) -> None:
    assert asked(local_time("a", "Europe/Paris"), times) == [local_of(time, "Europe/Paris") for time in times]
    assert asked(in_zone("a", "Europe/Paris"), times) == [instant_of(time, "Europe/Paris") for time in times]
