"""The order in which things happen: which instants of a record cannot precede which, and what becomes of one that does.

Days before its beginning an event has a wrong date, and nobody knows which of the two: the record is rejected. Within a
day clocks differ, zones were mixed up or a date came without its time: the record stays, and is counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpibar.database.schema import INSTANTS
from kpibar.values.timestamps import at_midnight
from kpibar.values.timezones import local_time

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


@dataclass(frozen=True)
class Remarks:
    """SQL conditions of records that are loaded and counted, by the code of a remark and what it is about.

    `odd` holds for every record that one of them counts, and is cheap.
    """

    odd: str
    conditions: Mapping[tuple[str, str], str]


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
    instants = [name for name in (*INSTANTS[entity], "bot_handed_off_at") if name != "updated_at"]
    later = "".join(
        f" WHEN ({fields[name]}) > {_TOMORROW} THEN 'its {name} is yet to come'"
        for name in instants
        if _read(name, fields)
    )
    return later + "".join(
        f" WHEN ({fields[pair.second]}) < ({fields[pair.first]}) - INTERVAL {pair.days} DAY "
        f"THEN 'its {pair.second} is before its {pair.first}'"
        for pair in _pairs(entity, fields)
    )


def remarks_on_times(entity: str, fields: Mapping[str, str], zone: str) -> tuple[Remarks, ...]:
    """What is counted of the times of records that are loaded.

    `zone` is the brand's. A date without its time is no instant out of order: a parcel shipped at 9:00 may well have
    been delivered "that day".
    """
    remarks: dict[tuple[str, str], str] = {}
    for pair in _pairs(entity, fields):
        first, second = f"({fields[pair.first]})", f"({fields[pair.second]})"
        before, about = f"{second} < {first}", f"{pair.second} before {pair.first}"
        is_midnight = at_midnight(local_time(second, zone))
        small = f"{second} >= {first} - INTERVAL {CLOCK_GAP_S} SECOND"
        remarks["clock_gap", about] = f"CASE WHEN {before} THEN {small} AND NOT {is_midnight} END"
        remarks["out_of_order", about] = f"CASE WHEN {before} THEN NOT ({small}) AND NOT {is_midnight} END"
        if entity == "contacts":
            remarks["day_only", pair.second] = f"CASE WHEN {before} THEN {is_midnight} END"
        remarks["years_apart", f"{pair.second} after {pair.first}"] = f"{second} > {first} + {_LONG}"
    for name in _PARTS_OF_A_CALL:
        if _read(name, fields):
            remarks["long_part", name] = f"({fields[name]}) > {_LONG_PART}"
    remarks |= _contradictions(fields)
    times = (Remarks(_disjunction(_suspects(entity, fields)), remarks),) if remarks else ()
    return (*times, *_dated_beginnings(entity, fields, zone))


def remarks_of(conditions: Mapping[tuple[str, str], str]) -> tuple[Remarks, ...]:
    """Conditions that are cheap themselves."""
    return (Remarks(_disjunction(conditions.values()), conditions),) if conditions else ()


def _disjunction(conditions: Iterable[str]) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)


def _suspects(entity: str, fields: Mapping[str, str]) -> list[str]:
    """SQL conditions, cheap ones, of which one holds for every record whose times are odd."""
    pairs, suspects = _pairs(entity, fields), []
    for begin in dict.fromkeys(pair.first for pair in pairs):
        first, ends = f"({fields[begin]})", ", ".join(f"({fields[p.second]})" for p in pairs if p.first == begin)
        suspects += [f"least({ends}, NULL) < {first}", f"greatest({ends}, NULL) > {first} + {_LONG}"]
    parts = ", ".join(f"({fields[name]})" for name in _PARTS_OF_A_CALL if _read(name, fields))
    suspects += [f"greatest({parts}, NULL) > {_LONG_PART}"] if parts else []
    return suspects + list(_contradictions(fields).values())


def _dated_beginnings(entity: str, fields: Mapping[str, str], zone: str) -> tuple[Remarks, ...]:
    """The contacts that begin at midnight and have another time: most often a date whose time was not exported."""
    ends = [f"({fields[pair.second]})" for pair in _pairs(entity, fields)]
    if entity != "contacts" or not ends:
        return ()
    begins = f"({fields['created_at']})"
    midnight = f"coalesce({', '.join(ends)}) IS NOT NULL AND {at_midnight(local_time(begins, zone))}"
    return (Remarks(_on_quarter(begins), {("created_day_only", "created_at"): midnight}),)


def _on_quarter(instant: str) -> str:
    """SQL: zones are ahead of UTC by quarters of an hour, so that nothing else is midnight anywhere. Cheap."""
    return f"CASE WHEN second({instant}) = 0 THEN minute({instant}) % 15 = 0 ELSE FALSE END"


def _contradictions(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """What contradicts another value of the record, though either may be true by itself."""
    contradictions = {}
    if all(_read(name, fields) for name in ("wait_s", "created_at", "closed_at")):
        lasts = f"epoch({fields['closed_at']}) - epoch({fields['created_at']})"
        beyond = f"({fields['wait_s']}) > {lasts} + {CLOCK_GAP_S}"
        contradictions["wait_beyond_end", "wait_s"] = (
            f"CASE WHEN ({fields['wait_s']}) > {CLOCK_GAP_S} THEN {beyond} END"
        )
    if all(_read(name, fields) for name in ("first_human_reply_at", "resolved_at")):
        later = f"({fields['first_human_reply_at']}) > ({fields['resolved_at']}) + INTERVAL 1 DAY"
        contradictions["reply_after_resolution", "first_human_reply_at"] = later
    return contradictions


def _pairs(entity: str, fields: Mapping[str, str]) -> list[Pair]:
    return [pair for pair in _PAIRS.get(entity, ()) if _read(pair.first, fields) and _read(pair.second, fields)]


def _read(name: str, fields: Mapping[str, str]) -> bool:
    """Whether a column has its value from the file."""
    return "t." in fields.get(name, "")
