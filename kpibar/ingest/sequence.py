"""The order in which things happen: which instants of a record cannot precede which, and what becomes of one that does.

Days before its beginning an event has a wrong date, and nobody knows which of the two: the record is rejected. Within a
day clocks differ, zones were mixed up or a date came without its time: the record stays, and is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kpibar.ingest.clocks import local_time
from kpibar.ingest.moments import at_midnight
from kpibar.ingest.tables import HAPPENED

# Two clocks differ by so many seconds at most; the model counts such a time between as 0.
CLOCK_GAP_S = 300
# A duration may be computed from two times, of which one lacks the hour of a clock change.
HOUR_AND_SOME = 3_700
# In some zone it is tomorrow already.
_TOMORROW = "CAST(now() AS TIMESTAMP) + INTERVAL 1 DAY"
# Longer than a year is no reply and no parcel, and longer than a day no part of a call: more often two dates are mixed.
_LONG, _LONG_PART = "INTERVAL 366 DAY", 86_400
_PARTS_OF_A_CALL = ("ivr_s", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s", "handle_s")


@dataclass(frozen=True)
class Pair:
    """Two columns of which the first cannot be later than the second; by more than so many days the record is false."""

    first: str
    second: str
    days: int = 1


_PAIRS: Mapping[str, tuple[Pair, ...]] = {
    "contacts": (
        Pair("created_at", "first_reply_at"),
        Pair("created_at", "first_human_reply_at"),
        Pair("created_at", "first_bot_reply_at"),
        Pair("created_at", "bot_handed_off_at"),
        Pair("created_at", "resolved_at"),
        Pair("created_at", "closed_at"),
    ),
    "orders": (Pair("ordered_at", "cancelled_at"),),
    # A shop may mark a parcel as sent days after it left.
    "parcels": (
        Pair("shipped_at", "first_attempt_at", 7),
        Pair("shipped_at", "delivered_at", 7),
        Pair("shipped_at", "returned_at", 7),
        Pair("first_attempt_at", "delivered_at", 7),
        Pair("delivered_at", "returned_at", 7),
        Pair("promised_from", "promised_to"),
    ),
    "surveys": (Pair("sent_at", "answered_at"),),
}


def out_of_order(entity: str, fields: Mapping[str, str]) -> str:
    """SQL: WHEN clauses with the reason why a record's instants cannot be true; `fields` are its columns' SQL."""
    happened = [name for name in (*HAPPENED[entity], "bot_handed_off_at") if name != "updated_at"]
    later = "".join(
        f" WHEN ({fields[name]}) > {_TOMORROW} THEN 'its {name} is yet to come'"
        for name in happened
        if _read(name, fields)
    )
    return later + "".join(
        f" WHEN ({fields[pair.second]}) < ({fields[pair.first]}) - INTERVAL {pair.days} DAY "
        f"THEN 'its {pair.second} is before its {pair.first}'"
        for pair in _pairs(entity, fields)
    )


def gaps(entity: str, fields: Mapping[str, str], zone: str) -> dict[tuple[str, str], str]:
    """SQL conditions of what is counted in records that are loaded, by the code of a remark and what it is about.

    `zone` is the brand's. A date without its time is no instant out of order: a parcel shipped at 9:00 may well have
    been delivered "that day".
    """
    found: dict[tuple[str, str], str] = {}
    for pair in _pairs(entity, fields):
        first, second = f"({fields[pair.first]})", f"({fields[pair.second]})"
        before, about = f"{second} < {first}", f"{pair.second} before {pair.first}"
        dated = at_midnight(local_time(second, zone))
        small = f"{second} >= {first} - INTERVAL {CLOCK_GAP_S} SECOND"
        found["clock_gap", about] = f"CASE WHEN {before} THEN {small} AND NOT {dated} END"
        found["out_of_order", about] = f"CASE WHEN {before} THEN NOT ({small}) AND NOT {dated} END"
        if entity == "contacts":
            found["day_only", pair.second] = f"CASE WHEN {before} THEN {dated} END"
        found["years_apart", f"{pair.second} after {pair.first}"] = f"{second} > {first} + {_LONG}"
    for name in _PARTS_OF_A_CALL:
        if _read(name, fields):
            found["long_part", name] = f"({fields[name]}) > {_LONG_PART}"
    return found | _dated_beginnings(entity, fields, zone) | _contradictions(fields)


def _dated_beginnings(entity: str, fields: Mapping[str, str], zone: str) -> dict[tuple[str, str], str]:
    """The contacts that begin at midnight and have another time: most often a date whose time was not exported."""
    ends = [f"({fields[pair.second]})" for pair in _pairs(entity, fields)]
    if entity != "contacts" or not ends:
        return {}
    begins = f"({fields['created_at']})"
    # Zones are ahead of UTC by quarters of an hour: the engine need not be asked for the local time of all the others.
    quarter = f"epoch({begins}) % 900 = 0"
    midnight = f"coalesce({', '.join(ends)}) IS NOT NULL AND {at_midnight(local_time(begins, zone))}"
    return {("created_day_only", "created_at"): f"CASE WHEN {quarter} THEN {midnight} END"}


def _contradictions(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """What contradicts another value of the record, though either may be true by itself."""
    found = {}
    if all(_read(name, fields) for name in ("wait_s", "created_at", "closed_at")):
        lasts = f"epoch({fields['closed_at']}) - epoch({fields['created_at']})"
        found["wait_beyond_end", "wait_s"] = f"({fields['wait_s']}) > {lasts} + {CLOCK_GAP_S}"
    if all(_read(name, fields) for name in ("first_human_reply_at", "resolved_at")):
        later = f"({fields['first_human_reply_at']}) > ({fields['resolved_at']}) + INTERVAL 1 DAY"
        found["reply_after_resolution", "first_human_reply_at"] = later
    return found


def _pairs(entity: str, fields: Mapping[str, str]) -> list[Pair]:
    return [pair for pair in _PAIRS.get(entity, ()) if _read(pair.first, fields) and _read(pair.second, fields)]


def _read(name: str, fields: Mapping[str, str]) -> bool:
    """Whether a column has its value from the file."""
    return "t." in fields.get(name, "")
