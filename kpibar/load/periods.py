"""The days of which a file's records are wanted: what began before or after them is left aside.

A helpdesk that was changed has a last day, the next one a first day; what each holds beyond them is the other's.
"""

from dataclasses import dataclass
from datetime import date

from kpibar.database.schema import BEGINS
from kpibar.database.store import Store
from kpibar.load.plan import Plan
from kpibar.values.timezones import local_time


@dataclass(frozen=True)
class Period:
    """Local days of the brand's zone, both ends included; None: no limit."""

    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    def __str__(self) -> str:
        """The period as kpibar.toml states it: "from = 2025-06-01, until = 2025-12-31", "" without limits."""
        ends = (("from", self.first), ("until", self.last))
        return ", ".join(f"{name} = {day}" for name, day in ends if day is not None)


ALWAYS = Period()


def leave_aside(store: Store, compiled: Plan, period: Period, zone: str) -> tuple[int, int]:
    """Drop the records of `typed` that began outside the period; how many they are, and how many have no known day.

    The latter stay.
    """
    fields = compiled.tables[compiled.main].fields
    instants = [f"CAST(({fields[name]}) AS TIMESTAMP)" for name in BEGINS[compiled.main] if name in fields]
    begins = f"coalesce({', '.join(instants)}, NULL)"
    day = f"CAST({local_time(begins, zone)} AS DATE)"
    limits = [(f"{day} < ?", period.first), (f"{day} > ?", period.last)]
    stated = [(limit, end) for limit, end in limits if end is not None]
    outside = f"NOT t.dropped AND ({' OR '.join(limit for limit, _ in stated)})"
    values = [end for _, end in stated]
    found = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE {outside}), count(*) FILTER (WHERE NOT t.dropped AND t.bad IS NULL "
        f"AND t.key_fault IS NULL AND {begins} IS NULL) FROM typed AS t",
        values,
    )[0]
    if found[0]:
        store.engine.run(f"UPDATE typed AS t SET dropped = TRUE WHERE {outside}", values)
    return int(found[0]), int(found[1])


def remove_earlier(store: Store, entity: str, source: str, sha256: str, file_id: int) -> int:
    """Take out the records that earlier readings of a file brought and its present one did not; how many.

    What another file brought again belongs to that file.
    """
    earlier = "SELECT file_id FROM files WHERE sha256 = ? AND source = ? AND entity = ? AND file_id < ?"
    gone = f"FROM {entity} WHERE source = ? AND file_id IN ({earlier})"
    values = [source, sha256, source, entity, file_id]
    found = int(store.engine.rows(f"SELECT count(*) {gone}", values)[0][0])
    if found and entity == "contacts":
        store.engine.run(
            f"DELETE FROM mentions WHERE source = ? AND contact_id IN (SELECT contact_id {gone})", [source, *values]
        )
    if found:
        store.engine.run(f"DELETE {gone}", values)
    return found
