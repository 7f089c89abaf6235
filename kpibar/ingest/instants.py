"""The instant up to which an export speaks, as a user writes it."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from kpibar.errors import InstantInvalid


def as_of_instant(text: str, zone: str | None) -> datetime:
    """UTC instant (naive) of "2026-01-15" (the end of that day), "2026-01-15T18:00" or one with an offset.

    Without offset the time is in `zone`, else UTC. Raises InstantInvalid.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InstantInvalid(text) from error
    if len(text.strip()) <= len("2026-01-15"):
        instant = datetime.combine(instant.date(), time(23, 59, 59))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    return instant.astimezone(UTC).replace(tzinfo=None)
