"""The first promise made for a parcel counts, in whatever order the exports that tell of its promises come.

A held promise remembers the version it was seen in: that record's `updated_at` and the file. Of two promises the one
of the older version was made first, by the rule that tells versions apart (see merge.py). A promise that was misread
gives way to the next reading of its file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from kpibar.database.schema import PROMISE_SEEN
from kpibar.database.store import Store
from kpibar.layouts.expression import Program
from kpibar.values.helpers import first_instant, last_instant
from kpibar.values.notation import let
from kpibar.values.timestamps import at_midnight
from kpibar.values.timezones import local_time

_PROMISE = ("promised_from", "promised_to", "promised_on", "promise_kind", *PROMISE_SEEN)
# By which helper the columns of a promise are read, and which instant of a day is meant where it is one of a day.
_HELPERS = {"promised_from": "promise_start", "promised_to": "promise_end", "last_promised_to": "promise_end"}
_BOUNDS: dict[str, Callable[[str, str], str]] = {"promise_start": first_instant, "promise_end": last_instant}
# A helper call alone, or the first of several.
_PLAIN = re.compile(r"\{\d+\}|coalesce\s*\(\s*\{\d+\}(\s*,\s*\{\d+\})*\s*\)", re.IGNORECASE)
# Tools write a far day, such as 31 December 2099, where nothing was promised.
_FAR = "CAST(now() AS TIMESTAMP) + INTERVAL 5 YEAR"
# The remark on promises of such a day.
FAR_PROMISE = "promise_far"
# What the newest version says, unless it is what was promised first.
_SHIFT_COUNTS = (
    "CASE WHEN first.promised_to IS DISTINCT FROM batch.promised_to "
    "THEN coalesce(batch.last_promised_to, batch.promised_to) ELSE batch.last_promised_to END"
)


def promise_read(column: str, program: Program) -> Program:
    """The expression of a column; one that reads a promise as a plain instant reads it as a promise.

    A layout may say `instant("ETA")` of a column in which a tool writes the promise of a day as midnight.
    """
    if column not in _HELPERS or _PLAIN.fullmatch(program.template.strip()) is None:
        return program
    helper = _HELPERS[column]
    calls = tuple(replace(call, helper=helper) if call.helper == "instant" else call for call in program.calls)
    return replace(program, calls=calls)


def promise_bound(column: str, program: Program, value: str, day_zone: str) -> str:
    """SQL of a column; of a promise that was computed or came as seconds, midnight of the brand's zone means the day.

    Seconds since 1970 are in UTC: midnight there means a day too. One that asks for days itself is left alone.
    """
    helpers = {call.helper for call in program.calls}
    if column not in _HELPERS or not helpers & {"instant", "epoch"} or helpers & {"day_start", "day_end", *_BOUNDS}:
        return value
    to_instant, local = _BOUNDS[_HELPERS[column]], local_time("p", day_zone)
    cases = [f"WHEN {at_midnight(local)} THEN {to_instant(local, day_zone)}"]
    cases += [f"WHEN {at_midnight('p')} THEN {to_instant('p', day_zone)}"] if "epoch" in helpers else []
    return let(value, "p", f"CASE {' '.join(cases)} ELSE p END")


def without_far(column: str, value: str) -> str:
    """SQL of a column; of a promise of a day that is years ahead, NULL: nothing was promised."""
    return let(value, "f", f"CASE WHEN f > {_FAR} THEN NULL ELSE f END") if column in _HELPERS else value


def far_promises(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """SQL conditions of promises that are read as none, by the code of a remark and what it is about.

    `fields` are the columns' SQL as the file has them.
    """
    return {(FAR_PROMISE, name): f"({fields[name]}) > {_FAR}" for name in _HELPERS if "t." in fields.get(name, "")}


def first_seen(file_id: int) -> dict[str, str]:
    """SQL, over the mapped records of a file, of the columns that tell where a promise was seen."""
    values = dict(zip(PROMISE_SEEN, (str(file_id), "updated_at"), strict=True))
    return {name: f"CASE WHEN promised_to IS NOT NULL THEN {value} END" for name, value in values.items()}


def keep_first_promise(store: Store, source: str, sha256: str, as_of: datetime | None) -> None:
    """The newest versions in `batch` take the first promise known of their parcels, their own becomes the last one.

    First among the versions in the file, then against the one held.
    """
    assignments = ", ".join(f"{name} = first.{name}" for name in _PROMISE)
    store.engine.run(
        f"UPDATE batch SET {assignments}, last_promised_to = {_SHIFT_COUNTS} FROM (SELECT *, row_number() OVER "
        "(PARTITION BY parcel_id ORDER BY version DESC) AS age FROM batch WHERE promised_to IS NOT NULL) AS first "
        "WHERE first.age = 1 AND first.parcel_id = batch.parcel_id AND batch.version = 1"
    )
    earlier = (
        "CASE WHEN batch.promised_to IS NULL THEN FALSE WHEN f.sha256 = ? THEN TRUE "
        "WHEN batch.promise_updated_at <> first.promise_updated_at "
        "THEN batch.promise_updated_at < first.promise_updated_at "
        "ELSE coalesce(CAST(? AS TIMESTAMP) < f.as_of, FALSE) END"
    )
    store.engine.run(
        f"UPDATE batch SET {assignments}, last_promised_to = {_SHIFT_COUNTS} "
        "FROM parcels AS first JOIN files f ON f.file_id = first.promise_file_id WHERE first.source = ? "
        f"AND first.parcel_id = batch.parcel_id AND first.promised_to IS NOT NULL AND NOT {earlier}",
        [source, sha256, as_of],
    )


def take_earlier_promise(store: Store, source: str, file_id: int, sha256: str) -> None:
    """What `incoming` does not replace learns from it when its promise was made, and that another one came first.

    A promise of the file itself was misread: it was never announced, and does not become the last one.
    """
    assignments = ", ".join(f"{name} = i.{name}" for name in _PROMISE)
    announcement = (
        "CASE WHEN parcels.promise_file_id NOT IN (SELECT file_id FROM files WHERE sha256 = ?) "
        "THEN parcels.promised_to END"
    )
    store.engine.run(
        f"UPDATE parcels SET {assignments}, "
        "last_promised_to = CASE WHEN i.fate = 'unchanged' THEN parcels.last_promised_to "
        f"ELSE nullif(coalesce(parcels.last_promised_to, {announcement}), "
        "i.promised_to) END FROM incoming i WHERE i.fate IN ('superseded', 'unchanged') AND i.promise_file_id = ? "
        "AND parcels.source = ? AND parcels.parcel_id = i.parcel_id",
        [sha256, file_id, source],
    )
