"""Whether most records of a file stand in another source too: a history that was imported into the next tool.

A helpdesk that is changed is often filled with the tickets of the one before, a new shop with the orders of the old.
Such twins are of one customer and of one minute; read in the wrong zone they are whole quarters of an hour apart. Where
the two name the customer otherwise, the instants alone must tell, against what chance gives: what matches seven minutes
(or seconds) further on. Two tools that run side by side share customers and busy minutes, but no stretch of days in
which most records have a twin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kpibar.database.schema import columns
from kpibar.database.store import Store

# The tables whose records count, and what dates them.
_DATE_COLUMNS = {"contacts": "created_at", "orders": "ordered_at", "surveys": "coalesce(answered_at, sent_at)"}
_MINUTE, _QUARTER, _FARTHEST = 60, 900, 14 * 3600  # seconds; no two zones are farther apart within a helpdesk
# So many twins are no chance: of a stretch of days, or of nearly all records of one of the two sources.
_NO_CHANCE, _FEWEST, _NEARLY_ALL = 10, 5, 0.8
# Instants alone prove less: more of them, of many times of day.
_INSTANTS, _TIMES_OF_DAY, _ONE_TIME = 20, 10, 0.2
# So many records are looked at to see by which shift two sources differ; the shifts, at most, that matter.
_SAMPLE, _SHIFTS, _SHARE_OF_PAIRS, _PEAK = 2_000, 3, 0.1, 1.2
# A customer of so many records stands for nobody, and is no help in finding the shift.
_MANY_SHIFTS = 20
# Where nobody should be found but by chance: so many units further on.
_ASIDE, _APART = 7, 7 * _MINUTE


@dataclass(frozen=True)
class Days:
    """A day of a source: its records, those with a twin, and those that chance gives one."""

    day: date
    records: int
    twins: int
    chance: float


@dataclass(frozen=True)
class Stretch:
    """Days in a row in which most records have a twin."""

    first: date
    last: date
    records: int
    twins: int
    chance: float


@dataclass(frozen=True)
class Twins:
    """What a file and another source have in common: `twins` of the file's records in all.

    `stretch` are days of the file in which most records have one, None where there are none; `shift_s` is by how much
    the other's times are later; `by` what tells, "customer" or "instant"; `newer` whether the file has later records.
    """

    source: str
    entity: str
    twins: int
    stretch: Stretch | None
    shift_s: int
    by: str
    newer: bool = True

    def describe(self, source: str, stretch: Stretch) -> str:
        """How many records of a source have a twin within a stretch, and what makes them twins."""
        hours = f", {abs(self.shift_s) / 3600:g} hours apart" if self.shift_s else ""
        alike = "same customer, same minute" if self.by == "customer" else "the same instants"
        return (
            f"{stretch.twins} of {stretch.records} {self.entity} of {source} from {stretch.first} to {stretch.last} "
            f"are in {self.source} too ({alike}{hours})"
        )


def find_twins(store: Store, entity: str, source: str, file_id: int) -> list[Twins]:
    """What the records of a file have in common with each other source of the table, most twins first."""
    if entity not in _DATE_COLUMNS:
        return []
    sources = [
        str(name)
        for (name,) in store.engine.rows(
            "SELECT DISTINCT source FROM files WHERE entity = ? AND source <> ? ORDER BY 1", [entity, source]
        )
        if not (entity == "surveys" and name.startswith("zendesk-") and source.startswith("zendesk-"))
    ]
    if not sources:
        return []
    candidates = [_compare(store, entity, file_id, rival) for rival in sources]
    store.engine.run("DROP TABLE IF EXISTS temp.twin_mine; DROP TABLE IF EXISTS temp.twin_other")
    twins = [
        replace(candidate, newer=_goes_on(store, entity, file_id, candidate.source))
        for candidate in candidates
        if candidate
    ]
    return sorted(
        (candidate for candidate in twins if candidate.twins),
        key=lambda candidate: (candidate.stretch is None, -candidate.twins),
    )


def _goes_on(store: Store, entity: str, file_id: int, rival: str) -> bool:
    """Whether a file has later records than another source, or as late ones."""
    begins = _DATE_COLUMNS[entity]
    later = (
        f"SELECT (SELECT max({begins}) FROM {entity} WHERE file_id = ?) >= "
        f"(SELECT max({begins}) FROM {entity} WHERE source = ?)"
    )
    return bool(store.engine.rows(later, [file_id, rival])[0][0])


def _compare(store: Store, entity: str, file_id: int, rival: str) -> Twins | None:
    if not _gather(store, entity, file_id, rival):
        return None
    matches = _by_customer(store, (0,))
    twins = _judge(rival, entity, matches, 0, "customer")
    if entity == "contacts" and _timeless(store):
        return replace(twins, stretch=None)
    if twins.stretch:
        return twins
    shifts = _shifts_of_customers(store)
    if shifts:
        shifted_twins = _judge(rival, entity, _by_customer(store, shifts), shifts[0], "customer")
        if shifted_twins.stretch:
            return shifted_twins
    unit = _unit(store)
    if unit is not None:
        shift = _shift_of_instants(store, unit)
        if shift is not None:
            alike = _judge(rival, entity, _by_instant(store, unit, shift), shift, "instant")
            return alike if alike.stretch else twins
    return twins


def _gather(store: Store, entity: str, file_id: int, rival: str) -> bool:
    """Fill `twin_mine` and `twin_other` with what began while both were there; whether anything did."""
    begins = _DATE_COLUMNS[entity]
    ends = store.engine.rows(
        f"SELECT greatest(m.a, o.a) - to_seconds({_FARTHEST}), least(m.b, o.b) + to_seconds({_FARTHEST}) FROM "
        f"(SELECT min({begins}) AS a, max({begins}) AS b FROM {entity} WHERE file_id = ?) AS m, "
        f"(SELECT min({begins}) AS a, max({begins}) AS b FROM {entity} WHERE source = ?) AS o",
        [file_id, rival],
    )[0]
    if ends[0] is None or ends[0] > ends[1]:
        return False
    alias = "customer_alias_key" if "customer_alias_key" in columns(entity) else "CAST(NULL AS UUID)"
    for name, where, value in (("mine", "file_id", file_id), ("other", "source", rival)):
        store.engine.run(
            f"CREATE OR REPLACE TEMP TABLE twin_{name} AS SELECT row_number() OVER () AS n, "
            f"CAST(epoch({begins}) AS BIGINT) AS s, CAST({begins} AS DATE) AS day, customer_key AS key, "
            f"{alias} AS alias, {_class(entity)} AS class, brand FROM {entity} "
            f"WHERE {where} = ? AND {begins} BETWEEN ? AND ?",
            [value, *ends],
        )
    return bool(
        store.engine.rows(
            "SELECT 1 FROM (SELECT DISTINCT class FROM twin_mine) JOIN (SELECT DISTINCT class FROM twin_other) "
            "USING (class) LIMIT 1"
        )
    )


def _class(entity: str) -> str:
    """SQL of what must be alike, as text: calls are compared with calls, tickets with tickets, orders by amount."""
    if entity == "orders":
        return "coalesce(CAST(value AS VARCHAR), '')"
    if entity == "surveys":
        return "concat_ws('/', kind, score)"
    voice = "channel = 'phone' AND (answered IS NOT NULL OR wait_s IS NOT NULL OR talk_s IS NOT NULL)"
    return f"CASE WHEN coalesce(grain = 'interaction' OR ({voice}), FALSE) THEN 'interaction' ELSE 'case' END"


def _keys(table: str, shifts: Iterable[int]) -> str:
    """SQL: each record of a side by each identifier of its customer, in the minute it is cut or rounded to."""
    later = ", ".join(str(shift) for shift in shifts)
    minutes = "unnest(list_distinct([(s - shift) // 60, (s - shift + 30) // 60])) AS minute"
    persons = f"SELECT n, class, s, key AS person FROM {table} UNION ALL SELECT n, class, s, alias FROM {table}"
    shift_rows = f"SELECT n, class, s, person, unnest([{later}]) AS shift FROM ({persons}) WHERE person IS NOT NULL"
    return f"SELECT n, class, person, {minutes} FROM ({shift_rows})"


def _by_customer(store: Store, shifts: Sequence[int]) -> tuple[list[Days], list[Days]]:
    """The days of both sides, of the records whose customer is known."""

    def matches(side: str, aside: int) -> str:
        """The query for the records of a side with one of the other, moved by `aside` seconds."""
        near_shifts = [shift + aside for shift in shifts]
        mine, theirs = _keys("twin_mine", (0,)), _keys("twin_other", near_shifts)
        return f"SELECT DISTINCT {side}.n FROM ({mine}) AS m JOIN ({theirs}) AS o USING (person, class, minute)"

    return _days(store, "twin_mine", matches("m", 0), matches("m", _APART)), _days(
        store, "twin_other", matches("o", 0), matches("o", _APART)
    )


def _days(store: Store, table: str, twins: str, chance: str) -> list[Days]:
    """The days of a side whose customers are known, with those of its records that two queries find."""
    return _count_days(
        store,
        f"SELECT day, n IN ({twins}) AS twin, CAST(n IN ({chance}) AS DOUBLE) AS chance FROM {table} "
        "WHERE key IS NOT NULL OR alias IS NOT NULL",
    )


def _count_days(store: Store, flags: str) -> list[Days]:
    rows = store.engine.rows(
        f"SELECT day, count(*), count(*) FILTER (WHERE twin), sum(chance) FROM ({flags}) GROUP BY day ORDER BY day"
    )
    return [Days(day, int(records), int(twins), float(chance)) for day, records, twins, chance in rows]


def _timeless(store: Store) -> bool:
    """Whether nearly all records of a side have one time within the hour (clocks change), and so no more than a day.

    Who writes to two helpdesks on one day has not been imported.
    """
    return any(
        store.engine.rows(
            f"SELECT max(n) >= {_NEARLY_ALL} * sum(n) FROM (SELECT count(*) AS n FROM {table} GROUP BY s % 3600)"
        )[0][0]
        for table in ("twin_mine", "twin_other")
    )


def _shifts_of_customers(store: Store) -> list[int]:
    """The whole quarters of an hour, in seconds, by which many records of a customer are later in the other source."""

    def sample(table: str) -> str:
        """The query for the records of some customers of a side, the same ones of both."""
        frequent_keys = f"SELECT * FROM (SELECT key, s, class, count(*) OVER (PARTITION BY key) AS many FROM {table})"
        step = f"(SELECT count(DISTINCT key) // {_SAMPLE} + 1 FROM twin_mine)"
        return f"{frequent_keys} WHERE key IS NOT NULL AND many <= {_MANY_SHIFTS} AND hash(key) % {step} = 0"

    rows = store.engine.rows(
        f"SELECT shift, count(*) FILTER (WHERE near) AS pairs, sum(count(*)) OVER () FROM (SELECT "
        f"CAST(round(gap / {_QUARTER}.0) * {_QUARTER} AS BIGINT) AS shift, "
        f"abs(gap - round(gap / {_QUARTER}.0) * {_QUARTER}) <= {_MINUTE} AS near FROM (SELECT o.s - m.s AS gap "
        f"FROM ({sample('twin_mine')}) AS m JOIN ({sample('twin_other')}) AS o USING (key, class)) "
        f"WHERE abs(gap) <= {_FARTHEST}) GROUP BY 1 ORDER BY pairs DESC, abs(shift) LIMIT {_SHIFTS}"
    )
    return [int(shift) for shift, pairs, total in rows if pairs >= _FEWEST and pairs >= _SHARE_OF_PAIRS * total]


def _unit(store: Store) -> int | None:
    """In which unit instants of both sides compare, in seconds; None where they are too alike to tell records apart."""
    units = []
    for table in ("twin_mine", "twin_other"):
        whole, times, mode_count = store.engine.rows(
            f"SELECT avg(CAST(s % {_MINUTE} = 0 AS DOUBLE)), count(*), max(n) / sum(n) FROM "
            f"(SELECT (s % 86400) // {_MINUTE} AS minute, min(s) AS s, count(*) AS n FROM {table} GROUP BY 1)"
        )[0]
        if times < _TIMES_OF_DAY or mode_count > _ONE_TIME:
            return None
        units.append(_MINUTE if whole > 1 - _ONE_TIME else 1)
    return max(units)


def _shift_of_instants(store: Store, unit: int) -> int | None:
    """The whole quarters of an hour, in seconds, by which most instants of the other source are later.

    None where no shift fits so many more than others do: then there are no twins to look for.
    """
    mine, theirs = (f"SELECT DISTINCT s // {unit} AS u, class FROM twin_{side}" for side in ("mine", "other"))
    sample = f"SELECT * FROM ({mine}) WHERE hash(u) % (SELECT count(*) // {_SAMPLE} + 1 FROM twin_mine) = 0"
    shifts = f"SELECT unnest(range(-{_FARTHEST}, {_FARTHEST} + 1, {_QUARTER})) AS shift"
    shift_rows = f"SELECT m.u + shift // {unit} AS u, m.class, shift FROM ({sample}) AS m CROSS JOIN ({shifts})"
    rows = store.engine.rows(
        f"SELECT shift, count(*), sum(count(*)) OVER () FROM ({shift_rows}) JOIN ({theirs}) USING (u, class) "
        "GROUP BY 1 ORDER BY 2 DESC, abs(shift) LIMIT 1"
    )
    other_shifts = 2 * _FARTHEST // _QUARTER
    best_shifts = [int(shift) for shift, fit, total in rows if fit > _PEAK * (total - fit) / other_shifts]
    return best_shifts[0] if best_shifts else None


def _by_instant(store: Store, unit: int, shift: int) -> tuple[list[Days], list[Days]]:
    """The days of both sides, each instant once, of the records whose brands are not known to differ."""

    def instants(table: str) -> str:
        return f"SELECT DISTINCT s // {unit} AS u, class, day, brand FROM {table}"

    def count(mine: str, theirs: str, shift: int) -> list[Days]:
        """The days of the side `mine`, `theirs` moved by `shift` seconds."""

        def matches(aside: int) -> str:
            """SQL: an instant of this side is one of the other, moved by `aside` units more."""
            return (
                f"EXISTS (SELECT 1 FROM ({instants(theirs)}) AS o WHERE o.class = m.class "
                f"AND o.u = m.u + {shift // unit + aside} AND coalesce(o.brand = m.brand, TRUE))"
            )

        chance = f"(CAST({matches(_ASIDE)} AS DOUBLE) + CAST({matches(-_ASIDE)} AS DOUBLE)) / 2"
        return _count_days(store, f"SELECT day, {matches(0)} AS twin, {chance} AS chance FROM ({instants(mine)}) AS m")

    return count("twin_mine", "twin_other", shift), count("twin_other", "twin_mine", -shift)


def _judge(rival: str, entity: str, sides: tuple[list[Days], list[Days]], shift: int, by: str) -> Twins:
    """What two sides have in common; its stretch is that of the file, also where only the other side has one."""
    mine, theirs = sides
    near_stretch, opposite = _stretch(mine), _stretch(theirs)
    twins = sum(day.twins for day in mine)
    stretch = next((piece for piece in (near_stretch, opposite) if piece and _sure(piece, mine, theirs, by)), None)
    if stretch is not None and stretch is not near_stretch:
        within = [day for day in mine if stretch.first <= day.day <= stretch.last]
        stretch = _sum_days(within) if within else stretch
    return Twins(rival, entity, twins, stretch, shift, by)


def _stretch(days: Sequence[Days]) -> Stretch | None:
    """The days in a row in which records with a twin outweigh those without by most, chance taken into account."""
    best, best_sum, begin, total = None, 0.0, 0, 0.0
    for place, day in enumerate(days):
        if total <= 0:
            begin, total = place, 0.0
        total += day.twins - (day.records + day.chance) / 2
        if total > best_sum:
            best, best_sum = (begin, place + 1), total
    # A stretch in which exactly half have a twin weighs nothing.
    return _sum_days(days[best[0] : best[1]]) if best else None


def _sum_days(days: Sequence[Days]) -> Stretch:
    records, twins = sum(day.records for day in days), sum(day.twins for day in days)
    return Stretch(days[0].day, days[-1].day, records, twins, sum(day.chance for day in days))


def _sure(stretch: Stretch, mine: Sequence[Days], theirs: Sequence[Days], by: str) -> bool:
    """Whether a stretch is no chance: enough twins, most of all there are, and few where nobody is to be expected."""
    totals = [sum(day.twins for day in side) for side in (mine, theirs)]
    share = max(twins / sum(day.records for day in side) for twins, side in zip(totals, (mine, theirs), strict=True))
    if 2 * stretch.twins < min(totals) or 2 * stretch.chance > stretch.twins:
        return False
    if by == "instant":
        return stretch.twins - stretch.chance >= _INSTANTS
    return stretch.twins >= _NO_CHANCE or (stretch.twins >= _FEWEST and share >= _NEARLY_ALL)
