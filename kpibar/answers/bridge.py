"""From the records read to a figure, in counts: what was taken out and why, of each source and in all.

Each record has one line: the first reason that applies. Records read less those that were not loaded are the records in
the tables; these less those with a reason are the base of the figure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kpibar.answers.population import Population, population_of
from kpibar.answers.terms import Reason
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import run_statement
from kpibar.kpis.estimates import Window
from kpibar.measure.inputs import Inputs, parts

# What became of a record that is not in its table, in the order of the ledger.
FATES = ("updated", "unchanged", "superseded", "folded", "rejected", "dropped")


@dataclass(frozen=True)
class Tally:
    """The records of a source, or of all (`source` None), as a line each of the bridge.

    `read` is what its files had, `fates` the records of them that are none of their own in the tables, `removed` those
    taken out since, `loaded` what the tables have. `joined` are records of parcels that tell of an order of the shop,
    or of one with other parcels; `labels` those of cancelled labels. `left_out` counts the records of each reason of
    the bridge; `base` and `hits` are of the figure, `against` the rows counted against.
    """

    source: str | None
    read: int = 0
    fates: Mapping[str, int] = field(default_factory=dict)
    removed: int = 0
    loaded: int = 0
    joined: int = 0
    labels: int = 0
    left_out: tuple[int, ...] = ()
    base: int = 0
    hits: int = 0
    against: int = 0

    @property
    def missing_of_ledger(self) -> int:
        """By how many the records in the tables differ from those the ledger says are there: none."""
        return self.read - sum(self.fates.values()) - self.removed - self.loaded

    @property
    def missing_of_figure(self) -> int:
        """By how many the base differs from the records in the tables less those left out: none."""
        return self.loaded - self.joined - self.labels - sum(self.left_out) - self.base


@dataclass(frozen=True)
class Bridge:
    """The bridge of a KPI with rows of its own: the reasons in order, and the records of each source and of all.

    `role` is what it is of a ratio, numerator or denominator. `has_hits` and `has_against` tell whether the figure has
    such. `moment` tells that the figure is one of a moment, of which `window` has the day as its last.
    """

    kpi: Kpi
    role: str | None
    window: Window
    moment: bool
    reasons: tuple[Reason, ...]
    sources: tuple[Tally, ...]
    total: Tally
    has_hits: bool
    has_against: bool


def bridges(store: Store, inputs: Inputs, kpi: Kpi, place: int = 0) -> tuple[Bridge, ...]:
    """The bridge of a KPI in the year (0) or the year before (1); of a ratio, that of each operand."""
    return tuple(
        _bridge(store, part, role, inputs.spans[kpi.id][place], population, bool(kpi.is_stock))
        for part, role, population in populations(inputs, kpi, place)
    )


def populations(inputs: Inputs, kpi: Kpi, place: int = 0) -> list[tuple[Kpi, str | None, Population]]:
    """The records behind a KPI; of a ratio, behind each operand, with its role."""
    window = inputs.spans[kpi.id][place]
    closing = [moment for moment in inputs.moments.get(kpi.id, ()) if moment.closes and moment.period == place]
    moment = closing[0] if closing else None
    roles: Sequence[str | None] = kpi.spec.operands or (None,)
    return [
        (part, role, population_of(part, window, inputs.rows, moment))
        for part, role in zip(parts(inputs.catalogue, kpi), roles, strict=True)
    ]


def is_hit(kpi: Kpi) -> str:
    """SQL: a row of the base is a hit; empty where the kind of the KPI has none in its numerator."""
    is_numerator = "hits" in kpi.spec.sums or kpi.spec.times is not None
    return f"coalesce({kpi.hit}, FALSE)" if kpi.hit and is_numerator else ""


def is_against(kpi: Kpi) -> str:
    """SQL: a row of the base counts against; empty where the kind of the KPI has none."""
    return f"coalesce({kpi.against}, FALSE)" if kpi.against and "against" in kpi.spec.sums else ""


def _bridge(store: Store, kpi: Kpi, role: str | None, window: Window, population: Population, moment: bool) -> Bridge:
    reasons = len(population.reasons)
    left_out: dict[str, Counter[int]] = {}
    rows_of: Counter[tuple[str, str]] = Counter()
    ends: dict[str, Counter[str]] = {}
    for source, entity, step, count, hits, against in run_statement(store.engine, kpi, _statement(kpi, population)):
        rows_of[source, entity] += count
        if step == reasons:
            ends.setdefault(source, Counter()).update(base=count, hits=hits, against=against)
        else:
            left_out.setdefault(source, Counter())[step] += count
    tallies = []
    for tally in _intakes(store, population.entities, rows_of):
        source = str(tally.source)
        numbers = left_out.get(source, Counter[int]())
        places = tuple(numbers[place] for place in range(reasons))
        end = ends.get(source, Counter[str]())
        tallies.append(replace(tally, left_out=places, base=end["base"], hits=end["hits"], against=end["against"]))
    total = _sum(tallies, reasons)
    has = bool(is_hit(kpi)), bool(is_against(kpi))
    return Bridge(kpi, role, window, moment, population.reasons, tuple(tallies), total, *has)


def _statement(kpi: Kpi, population: Population) -> str:
    """One statement: records, hits and those against by source, table and step."""
    return (
        f"SELECT record_source, record_entity, step, count(*),\n"
        f"    count(*) FILTER (WHERE {is_hit(kpi) or 'FALSE'}), count(*) FILTER (WHERE {is_against(kpi) or 'FALSE'})\n"
        f"FROM (\n    SELECT *, {population.step} AS step\n    FROM (\n    {population.relation}\n    ) AS records\n"
        ") AS steps\nGROUP BY 1, 2, 3"
    )


def _intakes(store: Store, entities: Sequence[str], rows_of: Mapping[tuple[str, str], int]) -> list[Tally]:
    """What became of the records read for canonical tables, by source; and what of parcels is a row of its own."""
    names = ", ".join(f"'{entity}'" for entity in entities)
    fates = ", ".join(f"CAST(sum({fate}) AS BIGINT)" for fate in FATES)
    ledger = store.engine.rows(
        f"SELECT source, entity, CAST(sum(records) AS BIGINT), CAST(sum(removed) AS BIGINT), {fates} FROM files "
        f"WHERE entity IN ({names}) GROUP BY 1, 2"
    )
    loaded = _counts(store, entities)
    labels = _cancelled_labels(store) if "parcels" in entities else {}
    books = {(str(source), str(entity)): numbers for source, entity, *numbers in ledger}
    tallies: dict[str, Tally] = {}
    for source, entity in sorted({*books, *loaded}):
        read, removed, *numbers = books.get((source, entity), [0] * (2 + len(FATES)))
        rows, label = loaded.get((source, entity), 0), labels.get(source, 0) if entity == "parcels" else 0
        joined = rows - label - rows_of.get((source, entity), 0) if entity == "parcels" else 0
        tally = Tally(source, read, dict(zip(FATES, numbers, strict=True)), removed, rows, joined, label)
        tallies[source] = _sum([tallies[source], tally], 0, source) if source in tallies else tally
    return list(tallies.values())


def _counts(store: Store, entities: Sequence[str]) -> dict[tuple[str, str], int]:
    """How many records canonical tables have of each source."""
    statements = (f"SELECT source, '{entity}', count(*) FROM {entity} GROUP BY 1" for entity in entities)
    rows = store.engine.rows(" UNION ALL ".join(statements))
    return {(str(source), str(entity)): int(count) for source, entity, count in rows}


def _cancelled_labels(store: Store) -> dict[str, int]:
    """How many parcels of each source are labels that were cancelled: they carried nothing."""
    rows = store.engine.rows(
        "SELECT p.source, count(*) FROM parcels AS p JOIN fact_statuses AS s ON s.status = lower(p.status) "
        "WHERE s.state = 'cancelled' GROUP BY 1"
    )
    return {str(source): int(count) for source, count in rows}


def _sum(tallies: Sequence[Tally], reasons: int, source: str | None = None) -> Tally:
    return Tally(
        source,
        sum(tally.read for tally in tallies),
        {fate: sum(tally.fates[fate] for tally in tallies) for fate in FATES},
        sum(tally.removed for tally in tallies),
        sum(tally.loaded for tally in tallies),
        sum(tally.joined for tally in tallies),
        sum(tally.labels for tally in tallies),
        tuple(sum(tally.left_out[place] for tally in tallies) for place in range(reasons)),
        sum(tally.base for tally in tallies),
        sum(tally.hits for tally in tallies),
        sum(tally.against for tally in tallies),
    )
