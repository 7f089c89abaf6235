"""What every figure of a barometer is computed from: the cells of all additive KPIs, run once, and what sources hold.

The days of a KPI are those of the edition as far as the exports of its own table reach, for a ratio those of both of
its parts: contacts without orders are no rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kpibar.config import Reporting
from kpibar.database.schema import DAY_COLUMNS
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import Cells, additive_cells
from kpibar.measure.coverage import months_with_rows
from kpibar.measure.period import Edition
from kpibar.measure.reach import (
    SourceRows,
    Span,
    UnevenSource,
    entity_of,
    filled_by,
    last_days,
    rows_of_sources,
    span,
    uneven,
)
from kpibar.measure.selection import SettledYear, selected_year
from kpibar.measure.succession import Handover
from kpibar.plausibility.open_records import OUTCOMES


@dataclass(frozen=True)
class Inputs:
    """What every computation needs at hand.

    `spans` are the days of each KPI in both years; `months`, per fact table and date column, the months of both years
    with rows; `held`, per canonical table and span, what each source holds; `uneven`, those silent in one year;
    `fed`, the sources that fill each "table.column"; `handovers`, which source followed which;
    `selected`, per canonical table, the year that holds settled records alone.
    """

    store: Store
    edition: Edition
    reporting: Reporting
    catalogue: Catalogue
    brand: str | None
    cells: Cells
    by_cells: Cells
    dimension: str | None
    spans: Mapping[str, Span]
    months: Mapping[tuple[str, str], frozenset[date]]
    held: Mapping[tuple[str, Span], tuple[SourceRows, ...]]
    uneven: Mapping[tuple[str, Span], tuple[UnevenSource, ...]]
    fed: Mapping[str, frozenset[str]]
    handovers: tuple[Handover, ...] = ()
    selected: Mapping[str, SettledYear] = field(default_factory=dict)


def gather(
    store: Store,
    reporting: Reporting,
    known: Catalogue,
    chosen: Sequence[Kpi],
    edition: Edition,
    brand: str | None,
    by: str | None,
    handovers: tuple[Handover, ...] = (),
) -> Inputs:
    """Run the statements of all additive KPIs, once without and once with the dimension asked for."""
    needed = _needed(known, chosen)
    every = (*needed.values(), *chosen)
    windows = (edition.window, edition.previous)
    until, fed = last_days(store, brand), filled_by(store)
    spans = {kpi.id: span(edition, _ends(known, kpi, until, fed)) for kpi in every}
    cuts = {window.end for both in spans.values() for window in both} - {window.end for window in windows}
    dimension = by if by != "month" else None
    cells = additive_cells(store.engine, needed.values(), windows, None, brand, cuts)
    by_cells = additive_cells(store.engine, needed.values(), windows, dimension, brand, cuts) if dimension else Cells()
    pairs = {(kpi.from_table, kpi.date): kpi for kpi in every if kpi.from_table}
    months = {pair: months_with_rows(store, kpi, windows, brand) for pair, kpi in pairs.items()}
    asked = {(entity, spans[kpi.id]) for kpi in chosen for entity in entities(known, kpi)}
    held = {(entity, both): rows_of_sources(store, entity, both, brand) for entity, both in sorted(asked, key=repr)}
    unlike = {key: uneven(sources, key[1]) for key, sources in held.items()}
    selected = {entity: year for entity in OUTCOMES if (year := selected_year(store, entity, windows, brand))}
    return Inputs(
        store, edition, reporting, known, brand, cells, by_cells, dimension, spans, months, held, unlike, fed,
        handovers, selected,
    )  # fmt: skip


def _needed(known: Catalogue, chosen: Iterable[Kpi]) -> dict[str, Kpi]:
    """The additive KPIs by id: those chosen, the parts of ratios, and what gates others."""
    needed: dict[str, Kpi] = {}
    for kpi in chosen:
        if kpi.additive:
            needed[kpi.id] = kpi
        needed |= {count.id: count for count in kpi.note_counts()}
        if kpi.gate:
            needed[kpi.gate] = known.get(kpi.gate)
        if kpi.operands:
            needed |= {part: known.get(part) for part in kpi.operands}
            if kpi.cluster:
                needed[f"cluster_{kpi.cluster}"] = _cluster(kpi.cluster)
    return needed


def _cluster(column: str) -> Kpi:
    """The distribution of contacts over orders, as a mean: its parts give the dispersion of a ratio."""
    return Kpi(
        f"cluster_{column}", "", {}, "mean", "count", "none", {}, "",
        from_table="order_contacts", date="ordered_on", value=column,
    )  # fmt: skip


def _ends(
    known: Catalogue, kpi: Kpi, until: Mapping[tuple[str, str], date], fed: Mapping[str, frozenset[str]]
) -> list[date]:
    """For each part of a KPI the last day that some source of it speaks of."""
    ends = []
    for entity in dict.fromkeys(entity_of(part) for part in parts(known, kpi)):
        own = sources_of(known, kpi, entity, fed)
        days = [day for (table, source), day in until.items() if table == entity and (own is None or source in own)]
        ends += [max(days)] if days else []
    return ends


def parts(known: Catalogue, kpi: Kpi) -> list[Kpi]:
    """The KPIs with rows of their own that make this one."""
    return [known.get(name) for name in kpi.operands] or [kpi]


def entities(known: Catalogue, kpi: Kpi) -> tuple[str, ...]:
    """The canonical tables a KPI is made of: what it needs and what its rows are dated by."""
    needed = [option.partition(".")[0] for need in _needs(known, kpi) for option in need.split("|")]
    found = dict.fromkeys([*needed, *(entity_of(part) for part in parts(known, kpi))])
    return tuple(entity for entity in found if entity in DAY_COLUMNS)


def sources_of(known: Catalogue, kpi: Kpi, entity: str, fed: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """The sources of a table that fill all a KPI needs of it, None where no single one does: then all count.

    A helpdesk that stops says nothing about the calls answered.
    """
    own: frozenset[str] | None = None
    for need in _needs(known, kpi):
        options = [option for option in need.split("|") if option.startswith(f"{entity}.")]
        if options:
            sources = frozenset[str]().union(*(fed.get(option, frozenset()) for option in options))
            own = sources if own is None else own & sources
    return own or None


def _needs(known: Catalogue, kpi: Kpi) -> list[str]:
    return [need for one in (kpi, *parts(known, kpi)) for need in one.needs]
