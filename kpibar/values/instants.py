"""The instant up to which an export speaks, as a user writes it or as the file's name tells it."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kpibar.values.errors import InstantInvalid

# Today's export may be dated by the end of today, anywhere on Earth.
_MARGIN = timedelta(days=2)
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


def as_of_instant(text: str, zone: str | None) -> datetime:
    """UTC instant (naive) of "2026-01-15" (the end of that day), "2026-01-15T18:00" or one with an offset.

    Without offset the time is in `zone`, else UTC. Raises InstantInvalid, also for an instant yet to come.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InstantInvalid(text) from error
    if len(text.strip()) <= len("2026-01-15"):
        instant = datetime.combine(instant.date(), time(23, 59, 59))
    if not 1990 <= instant.year <= 2100:
        raise InstantInvalid(text)
    instant = _with_zone(instant, zone)
    if instant.astimezone(UTC) > datetime.now(UTC) + _MARGIN:
        raise InstantInvalid(text)
    return instant.astimezone(UTC).replace(tzinfo=None)


def _with_zone(instant: datetime, zone: str | None) -> datetime:
    if instant.tzinfo is None:
        return instant.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    return instant


def date_in_name(name: str) -> date | None:
    """The date in a file name such as tickets_2026-01-15.csv or export-20260115.csv.

    None without one, and with two: those name a period, and nobody knows when in it the export was made.
    """
    dates = set()
    for year, _, month, day in _DATE.findall(name):
        try:
            dates.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return dates.pop() if len(dates) == 1 else None


def instant_in_name(name: str, zone: str) -> datetime | None:
    """UTC instant (naive) up to which an export so named speaks at least: the beginning of its day in `zone`.

    At what hour of that day it was made is unknown. None for a day yet to come.
    """
    day = date_in_name(name)
    if day is None:
        return None
    instant = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    return instant.replace(tzinfo=None) if instant <= datetime.now(UTC) else None
