"""The instant up to which an export speaks, as a user writes it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kpibar.errors import InstantInvalid

# Today's export may be dated by the end of today, anywhere on Earth.
_MARGIN = timedelta(days=2)


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
