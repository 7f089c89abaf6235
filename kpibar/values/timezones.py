"""Local time and UTC: the one place where they are converted, and where clock changes are told."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kpibar.values.notation import let, quote

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_LEAP_YEAR = date(2000, 1, 1)
# Between these the offset is found by comparing with the changes of clocks, which costs a tenth of asking the engine.
_FIRST, _LAST = datetime(2016, 1, 1, 12), datetime(2032, 1, 1, 12)
_FAR = f"{{0}} < TIMESTAMP '{_FIRST}' OR {{0}} >= TIMESTAMP '{_LAST}'"
_NAME = re.compile(r"[a-z_][a-z0-9_]*([.][a-z_][a-z0-9_]*)?", re.IGNORECASE)


@lru_cache(maxsize=512)
def in_zone(local: str, zone: str) -> str:
    """UTC instant of a local time: in the repeated hour of autumn the later one; a skipped time moves on by an hour."""
    if zone == "UTC":
        return local
    bounds = [change.replace(tzinfo=None) + after for change, _, after in _near_changes(zone)]
    engine = f"CAST(timezone({quote(zone)}, {{0}}) AS TIMESTAMP)"
    return _zone_call(local, f"CASE WHEN {_FAR} THEN {engine} ELSE {{0}} - {_offset(zone, bounds)} END")


@lru_cache(maxsize=512)
def local_time(instant: str, zone: str) -> str:
    """Local time of a UTC instant."""
    if zone == "UTC":
        return instant
    bounds = [change.replace(tzinfo=None) for change, _, _ in _near_changes(zone)]
    engine = f"timezone({quote(zone)}, timezone('UTC', {{0}}))"
    return _zone_call(instant, f"CASE WHEN {_FAR} THEN {engine} ELSE {{0}} + {_offset(zone, bounds)} END")


def _zone_call(value: str, template: str) -> str:
    """A template over the name of a value; anything longer than a name is computed once."""
    return template.format(value) if _NAME.fullmatch(value) else let(value, "t", template.format("t"))


def _offset(zone: str, bounds: Sequence[datetime]) -> str:
    """SQL template of the INTERVAL by which a zone is ahead of UTC at {0}: one comparison halves what is left."""
    offsets = [_offset_at(_FIRST.replace(tzinfo=UTC), ZoneInfo(zone)), *(after for _, _, after in _near_changes(zone))]
    return f"to_seconds({_bisect_sql(list(bounds), [int(offset.total_seconds()) for offset in offsets])})"


def _bisect_sql(bounds: list[datetime], seconds: list[int]) -> str:
    if not bounds:
        return str(seconds[0])
    middle = len(bounds) // 2
    before, after = (
        _bisect_sql(bounds[:middle], seconds[: middle + 1]),
        _bisect_sql(bounds[middle + 1 :], seconds[middle + 1 :]),
    )
    return f"CASE WHEN {{0}} < TIMESTAMP '{bounds[middle]}' THEN {before} ELSE {after} END"


@lru_cache(maxsize=64)
def _near_changes(zone: str) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """The changes of a zone's clocks in the years that are not far: the instant, the offsets before and after it."""
    place = ZoneInfo(zone)
    return tuple(
        (instant, _offset_at(instant - timedelta(minutes=1), place), _offset_at(instant, place))
        for instant, _ in _changes(zone)
        if _FIRST < instant.replace(tzinfo=None) < _LAST
    )


@lru_cache(maxsize=64)
def _changes(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """The changes of a zone's clocks, 1990 to 2099: an instant in the hour after each, and by how much they moved."""
    place, changes = ZoneInfo(zone), []
    instant = datetime(1990, 1, 1, tzinfo=UTC)
    while instant.year < 2100:
        next_week = instant + _WEEK
        shift = _offset_at(next_week, place) - _offset_at(instant, place)
        if shift:
            changes.append((_bisect(instant, next_week, place), shift))
        instant = next_week
    return tuple(changes)


def _offset_at(instant: datetime, place: ZoneInfo) -> timedelta:
    return instant.astimezone(place).utcoffset() or timedelta()


def _bisect(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The moment, a whole minute, at which the offset of `after` begins."""
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        unchanged_yet = _offset_at(middle, place) == _offset_at(before, place)
        before, after = (middle, after) if unchanged_yet else (before, middle)
    return after.replace(second=0, microsecond=0)


@lru_cache(maxsize=64)
def _change_days(zone: str) -> tuple[tuple[int, int], ...]:
    """The days of a year, local or UTC, that a change of clocks can touch, as ranges of month * 100 + day."""
    days_near = {instant.date() + _DAY * shift for instant, _ in _changes(zone) for shift in (-1, 0, 1)}
    month_days = {(day.month, day.day) for day in days_near}
    ranges: list[tuple[int, int]] = []
    before = None
    for day in (_LEAP_YEAR + _DAY * number for number in range(366)):
        number = day.month * 100 + day.day
        if (day.month, day.day) in month_days:
            ranges = [*ranges[:-1], (ranges[-1][0], number)] if before in month_days else [*ranges, (number, number)]
        before = (day.month, day.day)
    return tuple(ranges)


def _put_back(zone: str) -> tuple[int, ...]:
    """By how many seconds the clocks of a zone were ever put back."""
    return tuple(sorted({int(-shift.total_seconds()) for _, shift in _changes(zone) if shift < timedelta()}))


def change_days(time: str, zone: str) -> str:
    """SQL BOOLEAN: whether a time, local or UTC, is on a day on which clocks may change. Cheap, for every value."""
    day = f"month({time}) * 100 + day({time})"
    return " OR ".join(f"{day} BETWEEN {first} AND {last}" for first, last in _change_days(zone)) or "FALSE"


def near_change(instant: str, zone: str) -> str:
    """SQL BOOLEAN: whether a UTC instant is within an hour or so of a clock change; weekday and hour tell for most."""
    days, hours = _change_moments(zone)
    if not days:
        return "FALSE"
    return (
        f"CASE WHEN hour({instant}) IN ({hours}) THEN CASE WHEN isodow({instant}) IN ({days}) "
        f"THEN {change_days(instant, zone)} ELSE FALSE END ELSE FALSE END"
    )


@lru_cache(maxsize=64)
def _change_moments(zone: str) -> tuple[str, str]:
    """The weekdays and the hours (UTC) in which a zone's clocks change, an hour before or after, as SQL."""
    moments = {moment + timedelta(hours=shift) for moment, _ in _changes(zone) for shift in (-1, 0, 1)}
    days, hours = {moment.isoweekday() for moment in moments}, {moment.hour for moment in moments}
    return ", ".join(map(str, sorted(days))), ", ".join(map(str, sorted(hours)))


def clock_changes(zone: str, local: str) -> str:
    """SQL BOOLEAN: whether a local time is skipped or repeated when clocks change; NULL for NULL.

    A skipped time does not come back when it is converted to UTC and back; a repeated one also belongs to the instant
    as much earlier as the clocks were put back.
    """
    if zone == "UTC" or not _changes(zone):
        return f"(CASE WHEN {local} IS NOT NULL THEN FALSE END)"
    name = quote(zone)
    is_skipped = f"timezone({name}, timezone({name}, t)) <> t"
    is_repeated = " OR ".join(
        f"timezone({name}, timezone({name}, t) - INTERVAL {seconds} SECOND) = t" for seconds in _put_back(zone)
    )
    return let(local, "t", f"CASE WHEN {change_days('t', zone)} THEN {is_skipped} OR {is_repeated or 'FALSE'} "
                           "WHEN t IS NOT NULL THEN FALSE END")  # fmt: skip


# Minutes east of UTC. Each stands for this offset only; WET, MEZ and the like are those of Europe.
_CERTAIN = {
    "wet": 0, "west": 60, "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "msk": 180,
    "edt": -240, "pdt": -420, "akst": -540, "akdt": -480, "nst": -210, "ndt": -150, "hst": -600, "brt": -180,
    "aest": 600, "aedt": 660, "awst": 480, "acst": 570, "acdt": 630, "nzst": 720, "nzdt": 780, "jst": 540, "kst": 540,
    "sast": 120, "hkt": 480,
}  # fmt: skip
# Each is used with several offsets: Eastern time of America and of Australia, British and Bangladesh time, India and
# Ireland and Israel. They are read where the zone of the column uses them.
AMBIGUOUS = ("est", "cst", "cdt", "mst", "mdt", "pst", "bst", "ist", "ast", "adt", "sst", "gst", "wat", "cat", "eat")


@lru_cache(maxsize=64)
def offsets(zone: str) -> Mapping[str, int]:
    """The minutes east of UTC of each abbreviation, in small letters, that has one meaning in a column of this zone."""
    offsets_of_letters = {}
    for month in (1, 7):
        moment = datetime(2025, month, 15, 12, tzinfo=ZoneInfo(zone))
        offset = moment.utcoffset()
        name = (moment.tzname() or "").lower()
        if offset is not None and name.isalpha() and name not in ("utc", "gmt", "z"):
            offsets_of_letters[name] = int(offset.total_seconds()) // 60
    return _CERTAIN | offsets_of_letters
