"""Which KPIs count the rows of an order, in which month, and as what: one statement a fact table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from kpibar.config import Config
from kpibar.database.engine import Row
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import end_of_day, last_of_month, mature, population, run_statement
from kpibar.kpis.passport import Family
from kpibar.values.notation import quote

# The column that names contacts in the fact tables made of them.
_UIDS = {"contacts": "contact_uid", "issues": "first_contact_uid", "journeys": "first_contact_uid"}

# When a row of a fact table happened, of those of which an order has several.
_MOMENTS = {
    "contacts": "created_at, contact_uid",
    "issues": "opened_at, issue_id",
    "journeys": "opened_at, journey_id",
    "surveys": "coalesce(sent_at, answered_at), survey_uid",
}


@dataclass(frozen=True)
class Rows:
    """What names the rows of an order in the fact tables: its id, contacts without one, surveys (their uids)."""

    order_id: str | None
    contacts: tuple[str, ...] = ()
    surveys: tuple[str, ...] = ()

    def condition(self, table: str) -> str:
        """SQL: a row of a fact table is one of them."""
        if table == "surveys":
            return f"survey_uid IN ({_quoted(self.surveys)})"
        if self.order_id is not None:
            return f"order_id = {_quoted([self.order_id])}"
        return f"{_UIDS[table]} IN ({_quoted(self.contacts)})" if table in _UIDS else "FALSE"


@dataclass(frozen=True)
class KpiCount:
    """What a KPI counts of an order in a month, given by its first day.

    `base` are the rows of its base, `hits` those that are hits, `against` those that count against them (None where
    the KPI asks for neither); `values` are those it takes its mean or quantile of. Of a KPI that is made of two counts
    they are the denominator and the numerator. `pending` rows are too young: from `judged_from` on, they count.
    `open_at` is the last day of the month, or of the exports, at whose end a record of a stock was open.
    """

    kpi: Kpi
    family: Family
    month: date
    base: int = 0
    hits: int | None = None
    against: int | None = None
    values: tuple[float, ...] = ()
    pending: int = 0
    judged_from: date | None = None
    open_at: date | None = None


@dataclass
class _Tally:
    """A count that is being added up."""

    base: int = 0
    hits: int = 0
    against: int = 0
    values: list[float] = field(default_factory=list)
    pending: int = 0
    judged_from: date | None = None
    open_at: date | None = None


_Tallies = Mapping[date, _Tally]


def counts_of_rows(store: Store, config: Config, rows: Rows) -> tuple[KpiCount, ...]:
    """The KPIs that are not hidden and count a row, by month, in the order of the catalogue. Raises KpiInvalid."""
    complete = catalogue(config.settings)
    visible = [kpi for kpi in complete.kpis if not kpi.hidden]
    needed = {kpi.id: kpi for kpi in visible if not kpi.operands}
    needed |= {name: complete.get(name) for kpi in visible for name in kpi.operands}
    tallies = _tallies(store, list(needed.values()), rows)
    families = {family.id: family for family in complete.families}
    return tuple(
        count
        for kpi in visible
        for count in (_joined(kpi, families[kpi.family], tallies) if kpi.operands
                      else _counts(kpi, families[kpi.family], tallies[kpi.id]))
    )  # fmt: skip


def _counts(kpi: Kpi, family: Family, months: _Tallies) -> Iterator[KpiCount]:
    entries = kpi.spec.entries
    for month, tally in sorted(months.items()):
        yield KpiCount(
            kpi, family, month, tally.base,
            hits=tally.hits if "hit" in entries and not kpi.is_stock else None,
            against=tally.against if "against" in entries else None,
            values=tuple(tally.values),
            pending=tally.pending,
            judged_from=tally.judged_from,
            open_at=tally.open_at,
        )  # fmt: skip


def _joined(kpi: Kpi, family: Family, tallies: Mapping[str, _Tallies]) -> Iterator[KpiCount]:
    """The counts that a KPI is made of: its base is the last one of them."""
    above, below = (tallies[name] for name in kpi.operands)
    for month in sorted({*above, *below}):
        numerator, denominator = above.get(month, _Tally()), below.get(month, _Tally())
        judged_from = max(filter(None, (numerator.judged_from, denominator.judged_from)), default=None)
        yield KpiCount(
            kpi, family, month, denominator.base, numerator.base,
            pending=numerator.pending + denominator.pending, judged_from=judged_from,
        )  # fmt: skip


def _tallies(store: Store, kpis: Sequence[Kpi], rows: Rows) -> dict[str, _Tallies]:
    """What each KPI counts by month; the own ones of the settings run apart, so that a fault in one names it."""
    groups: dict[tuple[str, str], list[Kpi]] = {}
    for kpi in kpis:
        groups.setdefault((kpi.from_table, kpi.id if kpi.own else ""), []).append(kpi)
    tallies: dict[str, _Tallies] = {}
    for (table, _), members in groups.items():
        condition = rows.condition(table)
        columns = ",\n    ".join(column for kpi in members for column in _columns(kpi))
        # In the order of time, as the events of the story are told.
        moment = _MOMENTS.get(table, "1")
        sql = f"SELECT\n    {columns}\nFROM fact_{table}\nWHERE {condition}\nORDER BY {moment}"
        records = run_statement(store.engine, members[0], sql)
        first = 0
        for kpi in members:
            width = len(_columns(kpi))
            cells = [record[first : first + width] for record in records]
            zone = store.meta("timezone") or "UTC"
            tallies[kpi.id] = _open_at_ends(cells, zone) if kpi.is_stock else _by_month(kpi, cells)
            first += width
    return tallies


def _columns(kpi: Kpi) -> tuple[str, ...]:
    """SQL of what a KPI reads of a row: its day, whether it counts and is old enough, hit, against, value.

    Of a stock also the instants of its beginning and of its export.
    """
    sides = (kpi.hit or "FALSE", kpi.against or "FALSE")
    hit, against = (f"coalesce({side}, FALSE)" for side in sides)
    columns = (
        kpi.date,
        # Of a stock what is open has no value yet.
        f"coalesce({kpi.where if kpi.is_stock else population(kpi)}, FALSE)",
        mature(kpi),
        hit,
        against,
        f"({kpi.value}) * 1.0e0" if kpi.value else "CAST(NULL AS DOUBLE)",
    )
    return (*columns, kpi.begin, "as_of", "as_of_on") if kpi.is_stock else columns


def _by_month(kpi: Kpi, cells: Iterable[Row]) -> _Tallies:
    months: dict[date, _Tally] = defaultdict(_Tally)
    for day, counts, old_enough, hit, against, value in cells:
        if not counts or day is None:
            continue
        tally = months[day.replace(day=1)]
        if not old_enough:
            tally.pending += 1
            tally.judged_from = max(filter(None, (tally.judged_from, day + timedelta(days=kpi.maturity_days + 1))))
            continue
        tally.base += 1
        tally.hits += hit
        tally.against += against
        tally.values += [] if value is None else [float(value)]
    return months


def _open_at_ends(cells: Iterable[Row], zone: str) -> _Tallies:
    """At the ends of which months records of a stock were open, and at that of the last day of their export."""
    months: dict[date, _Tally] = defaultdict(_Tally)
    for day, counts, _, ended, _, value, begin, as_of, as_of_on in cells:
        # What ended at an unknown time is in no stock.
        if not counts or None in (day, begin, as_of, as_of_on) or (ended and value is None):
            continue
        end = begin + timedelta(seconds=float(value or 0)) if ended else None
        for last in _ends(day, as_of_on):
            instant = min(end_of_day(last, zone), as_of)
            if begin < instant and (end is None or instant < end):
                tally = months[last.replace(day=1)]
                tally.base += 1
                tally.open_at = last
            elif end is not None and end <= instant:
                break
    return months


def _ends(day: date, until: date) -> Iterator[date]:
    """The last days of the months from a day on, the last of them the day until."""
    while day <= until:
        last = min(last_of_month(day), until)
        yield last
        day = last + timedelta(days=1)


def _quoted(names: Iterable[str]) -> str:
    """Texts as a list of SQL; NULL where there is none, which equals nothing."""
    return ", ".join(map(quote, names)) or "NULL"
