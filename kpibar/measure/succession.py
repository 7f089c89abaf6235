"""Tools that followed one another: what one held until its last day and the next one from its first is one table.

The settings state it, or it is proposed where one source ends within days of another's beginning. Years are then
compared across the change, except what each tool measures by its own clock or counts by its own rules.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from kpibar.brands import fold
from kpibar.config import Succession
from kpibar.database.schema import DAY_COLUMNS
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.measure.reach import SourceRows

# What a tool measures or decides itself: replies, solves, waits, calls answered, reopenings, transfers, whom it asks to
# rate it and on which scale. Two tools never count these alike.
_TOOL_WORDS = re.compile(
    r"\b(first_reply\w*|replied|reply_\w+|resolution\w*|\w*solved|solution\w*|wait_s|ring_s|talk_s|hold_s|wrap_s|"
    r"handle_s|ivr_s|offered|queue\w*|answered|abandoned|short_abandon|reopen\w*|transfer\w*|escalated|agent_replies|"
    r"customer_messages|rated|satisfied|score|invitations_known|in_hours)\b"
)
# Days between the last of one and the first of the next: they may run side by side for a month, or pause for two weeks.
_SIDE_BY_SIDE, _PAUSE, _GOES_ON = 31, 14, 7
_LEAST_ROWS = 10


@dataclass(frozen=True)
class Handover:
    """A source that gave way to another one. `brand`: of this brand's records only."""

    predecessor: str
    successor: str
    brand: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The block of kpibar.toml that states it."""
        return ("[[succession]]", f'from = "{self.predecessor}"', f'to = "{self.successor}"')


@dataclass(frozen=True)
class Proposal:
    """A handover nobody stated: one source ends on `last`, the other begins on `first`."""

    handover: Handover
    last: date
    first: date


def known_sources(store: Store) -> frozenset[str]:
    """The sources of all files."""
    return frozenset(str(name) for (name,) in store.engine.rows("SELECT DISTINCT source FROM files"))


def handovers(successions: Iterable[Succession], sources: frozenset[str], brand: str | None) -> tuple[Handover, ...]:
    """What the settings state, for the sources held. A layout's name stands for its sources, brand by brand.

    What is stated of one brand holds in that brand's sources, and in reports on it.
    """
    pairs = []
    for succession in successions:
        for before in _sources_by_name(succession.predecessor, succession.brand, sources):
            for after in _sources_by_name(succession.successor, succession.brand, sources):
                brands = {name.partition("/")[2] for name in (before, after)} - {""}
                needs_brand = succession.brand is not None and not brands
                if before != after and len(brands) <= 1 and (not needs_brand or _same_brand(succession.brand, brand)):
                    pairs.append(Handover(before, after, succession.brand))
    return tuple(dict.fromkeys(pairs))


def _sources_by_name(name: str, brand: str | None, sources: frozenset[str]) -> list[str]:
    """The sources a name stands for: that of the brand, however it is spelled, else itself, else all of a layout."""
    of_brand = [source for source in sources if source.partition("/")[0] == name and _of_brand(source, brand)]
    if of_brand:
        return sorted(of_brand)
    if name in sources:
        return [name]
    return sorted(source for source in sources if brand is None and source.partition("/")[0] == name)


def _of_brand(source: str, brand: str | None) -> bool:
    return _same_brand(source.partition("/")[2] or None, brand)


def _same_brand(first: str | None, second: str | None) -> bool:
    return first is not None and second is not None and fold(first) == fold(second)


def absent_sources(successions: Iterable[Succession], sources: frozenset[str]) -> tuple[str, ...]:
    """The names of the settings that stand for no source held."""
    names = [(name, step.brand) for step in successions for name in (step.predecessor, step.successor)]
    return tuple(dict.fromkeys(name for name, brand in names if not _sources_by_name(name, brand, sources)))


def tool_bound(kpis: Iterable[Kpi]) -> bool:
    """Whether a KPI, given with its parts, depends on a tool's own clock or rules."""
    return any(_TOOL_WORDS.search(" ".join((kpi.where, kpi.hit, kpi.against, kpi.value))) for kpi in kpis)


def join_handovers(sources: Sequence[SourceRows], changes: Sequence[Handover]) -> tuple[SourceRows, ...]:
    """What sources hold, those that followed one another as one."""
    group = {part.source: part.source for part in sources}
    for handover in changes:
        if handover.predecessor in group and handover.successor in group:
            first, second = group[handover.predecessor], group[handover.successor]
            group = {source: first if of == second else of for source, of in group.items()}
    joins = []
    for name in dict.fromkeys(group.values()):
        members = [part for part in sources if group[part.source] == name]
        months: dict[date, int] = {}
        for part in members:
            for month, rows in part.months.items():
                months[month] = months.get(month, 0) + rows
        ends = [part.until for part in members if part.until is not None]
        joins.append(SourceRows(", ".join(part.source for part in members), months, max(ends, default=None)))
    return tuple(joins)


def proposals(store: Store, successions: Iterable[Succession], sources: frozenset[str]) -> tuple[Proposal, ...]:
    """The pairs of sources of which one ends within days of the other's beginning, and the settings do not say so."""
    brands = {None, *(name.partition("/")[2] or None for name in sources), *(item.brand for item in successions)}
    pairs = {(item.predecessor, item.successor) for brand in brands for item in handovers(successions, sources, brand)}
    options: dict[tuple[str, str], Proposal] = {}
    rows = store.engine.rows("SELECT entity, count(DISTINCT source) FROM sources GROUP BY entity")
    numbers = {str(entity): int(count) for entity, count in rows}
    for entity in ("contacts", "orders", "parcels", "surveys"):
        spans = _spans(store, entity) if numbers.get(entity, 0) > 1 else {}
        for before, (kind, _, last) in spans.items():
            for after, (kind_after, first, end) in spans.items():
                brand = {name.partition("/")[2] for name in (before, after)} - {""}
                near = -_SIDE_BY_SIDE <= (first - last).days <= _PAUSE
                follows = (end - last).days > _GOES_ON and (first - spans[before][1]).days > _GOES_ON
                if before != after and kind == kind_after and len(brand) <= 1 and near and follows:
                    options.setdefault((before, after), Proposal(Handover(before, after), last, first))
    return tuple(item for pair, item in options.items() if pair not in pairs)


def _spans(store: Store, entity: str) -> dict[str, tuple[bool, date, date]]:
    """Of each source of a table whether it holds calls, and its first and last day, far stragglers aside."""
    calls = "avg(CASE WHEN channel = 'phone' THEN 1.0 ELSE 0.0 END) > 0.5" if entity == "contacts" else "FALSE"
    day = DAY_COLUMNS[entity]
    rows = store.engine.rows(
        f"SELECT source, {calls}, quantile_disc({day}, 0.01) AS first, quantile_disc({day}, 0.99) AS last, "
        f"min({day}), max({day}) FROM {entity} "
        f"WHERE {day} IS NOT NULL GROUP BY source HAVING count(*) >= {_LEAST_ROWS} ORDER BY source"
    )
    return {
        str(source): (
            bool(calls),
            begin if (first - begin).days <= _PAUSE else first,
            end if (end - last).days <= _PAUSE else last,
        )
        for source, calls, first, last, begin, end in rows
    }
