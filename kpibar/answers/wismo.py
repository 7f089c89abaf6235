"""WISMO of a year: when customers ask, how often by how late the order is, what late orders have beyond like orders
that came on time, what that costs, and whether a notice of the delay came first. Masked here and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kpibar.answers.costs import Prices, Sources, TotalCost, prices_of, sources_of, total_cost
from kpibar.answers.lateness import (
    AMOUNT,
    CLASSES,
    CONTACTS,
    KNOWN,
    Cell,
    Selection,
    cells,
    contact_days,
    standings,
    strata,
)
from kpibar.answers.notices import Warnings, warnings
from kpibar.answers.ranking import Ranking, SegmentExcess, rank
from kpibar.answers.reconciliation import Reconciliation, reconciliation
from kpibar.answers.spending import expenses
from kpibar.config import Config, Reporting
from kpibar.database.engine import Engine
from kpibar.database.store import Store
from kpibar.kpis.attribution import Attribution, Bounds, Key, OrderSums, Unlinked, attribute, bounds
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.compute import of_brand, within
from kpibar.kpis.estimates import Measure
from kpibar.kpis.filter import Filter
from kpibar.kpis.intervals import wilson
from kpibar.measure.barometer import brand_of
from kpibar.measure.figures import figures
from kpibar.measure.inputs import gather
from kpibar.measure.period import find_edition
from kpibar.measure.report import Edition

# The stages in which a customer asks, and the KPI whose figure each one is.
STAGES = {"before promise ends": "wismo_early", "after promise": "wismo_late", "after delivery": "wismo_delivered"}
# Why a stage is not known.
UNKNOWN_STAGES = ("no_order", "no_promise", "delivery_unknown")
# Why there is no excess to state.
Absence = Literal["no_orders", "no_late_orders", "few_late_orders", "few_orders_on_time", "no_contacts"]
DIMENSIONS: Mapping[str, int] = {"carrier": 0, "mode": 1}
# Days after a promise in which contacts are followed where the settings link none by its customer.
_FEWEST_DAYS = 1


@dataclass(frozen=True)
class Stage:
    """A stage: its contacts, and their share of those of a known stage as the report has it."""

    name: str
    contacts: int
    share: Measure


@dataclass(frozen=True)
class Share:
    """A part of a base and its interval; `value` is None where the base is too small to be shown, or 0."""

    part: int | None
    base: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    low_base: bool = False


@dataclass(frozen=True)
class Segment:
    """The orders of a carrier or a mode (None: unknown): of late and of other orders, WISMO contacts after the promise
    per order, and the excess; None where one of the two is too few.
    """

    name: str | None
    late: Share
    per_late: float | None
    per_on_time: float | None
    orders_on_time: int
    few_late: bool
    few_on_time: bool
    excess: Attribution | None


@dataclass(frozen=True)
class Linking:
    """WISMO contacts about orders of one side, and those that state or mention the number of the order."""

    contacts: int
    by_number: int


@dataclass(frozen=True)
class Costs:
    """What all WISMO contacts cost, and those that late orders have beyond the others; None without any price.

    `avoidable_known` of the contacts of the excess have a known cost. `unlinked_unknown` unlinked contacts have none:
    they are in no bound.
    """

    currency: str | None
    whole: TotalCost
    avoidable: Attribution | None
    limits: Bounds | None
    avoidable_known: float | None
    unlinked_unknown: int
    sources: Sources


@dataclass(frozen=True)
class Wismo:
    """The answer. `days` are those after a promise in which contacts are followed; `orders` those promised in the year
    by their standing; `unlinked` the WISMO contacts of the year about an order nobody knows, `without_reason` the
    contacts of which any may be WISMO.
    """

    edition: Edition
    brand: str | None
    reporting: Reporting
    days: int
    contacts: int
    stages: tuple[Stage, ...]
    unknown_stages: Mapping[str, int]
    without_reason: int
    orders: Mapping[str, int]
    classes: Mapping[str, Share]
    attribution: Attribution | None
    absence: Absence | None
    limits: Bounds | None
    unlinked: int
    linking: Mapping[str, Linking]
    segments: Mapping[str, tuple[Segment, ...]]
    costs: Costs
    warnings: Warnings
    reconciliation: Reconciliation

    def share_of_all(self, contacts: float) -> float | None:
        """The share of so many in all WISMO contacts of the year; None where these are fewer than `min_base`."""
        return contacts / self.contacts if self.contacts >= max(1, self.reporting.min_base) else None

    def ranking(self, dimension: str, *, per_order: bool) -> Ranking | None:
        """The worst carrier or mode, by its excess in all or per order; None where none can be."""
        segments = [
            SegmentExcess(segment.name, segment.excess.excess, segment.late.base)
            for segment in self.segments[dimension]
            if segment.name is not None and segment.excess is not None
        ]
        candidates = [segment.per_order for segment in segments] if per_order else segments
        return rank(candidates, self.reporting.confidence)


@dataclass(frozen=True)
class _Contacts:
    """WISMO contacts that have a stage, or the reason why not, and a channel in common; `wismo` is False for contacts
    without a known reason. `of_brand` is False for those of no brand, where one brand is asked for.
    """

    wismo: bool
    of_brand: bool
    stage: str
    channel: str | None
    count: int


def answer(store: Store, config: Config, year: int | None = None, brand: str | None = None) -> Wismo:
    """WISMO of a year, of all brands or one. Raises DatabaseEmpty, YearWithoutData, BrandUnknown."""
    brand = brand_of(store, config, brand)
    edition = find_edition(store, year, brand)
    settings, engine = config.settings, store.engine
    days = max(_FEWEST_DAYS, settings.thresholds.link_after_promise_days)
    selection = Selection(edition.window, brand, days, contact_days(engine))
    sources = sources_of(settings, edition.year, expenses(engine, edition.window, brand))
    prices = prices_of(sources)
    groups, orders = _contacts(engine, edition, brand), cells(engine, selection, prices)
    wismo = [group for group in groups if group.wismo and group.of_brand]
    # A contact about no known order that names no brand may be about any of them.
    groups_unlinked = [group for group in groups if group.wismo and group.stage == "no_order"]
    excess, absence = _excess(orders, settings.reporting)
    return Wismo(
        edition=edition,
        brand=brand,
        reporting=settings.reporting,
        days=days,
        contacts=_count(wismo),
        stages=_stages(store, config, edition, brand, wismo),
        unknown_stages={name: _count(g for g in wismo if g.stage == name) for name in UNKNOWN_STAGES},
        without_reason=_count(group for group in groups if not group.wismo and group.of_brand),
        orders=standings(engine, selection),
        classes=_classes(orders, settings.reporting),
        attribution=excess,
        absence=absence,
        limits=_limits(orders, CONTACTS, _weigh(groups_unlinked, CONTACTS, prices), settings.reporting)
        if excess
        else None,
        unlinked=_count(groups_unlinked),
        linking=_linking(orders),
        segments={name: _segments(orders, place, settings.reporting) for name, place in DIMENSIONS.items()},
        costs=_costs(orders, wismo, groups_unlinked, sources, settings.reporting, is_shown=excess is not None),
        warnings=warnings(engine, selection),
        reconciliation=reconciliation(engine, selection),
    )


# When customers ask


def _contacts(engine: Engine, edition: Edition, brand: str | None) -> list[_Contacts]:
    rows = engine.rows(f"""
        SELECT
            wismo,
            brand IS NOT NULL,
            CASE
                WHEN promise_stage IS NOT NULL THEN promise_stage
                WHEN order_id IS NULL THEN 'no_order'
                WHEN promised_to IS NULL THEN 'no_promise'
                ELSE 'delivery_unknown'
            END AS stage,
            channel,
            count(*)
        FROM fact_contacts
        WHERE counted AND (wismo OR NOT classified) AND {within("created_on", [edition.window])}
            {of_brand(brand, or_none=True)}
        GROUP BY 1, 2, 3, 4
    """)
    return [
        _Contacts(bool(wismo), bool(has_brand) or brand is None, str(stage), channel, int(count))
        for wismo, has_brand, stage, channel, count in rows
    ]


def _count(groups: Iterable[_Contacts]) -> int:
    return sum(group.count for group in groups)


def _stages(
    store: Store, config: Config, edition: Edition, brand: str | None, wismo: Sequence[_Contacts]
) -> tuple[Stage, ...]:
    """The stages that are known, with the figures of the report."""
    kpis = catalogue(config.settings)
    selection = [kpis.get(kpi) for kpi in STAGES.values()]
    inputs = gather(store, config.settings.reporting, kpis, selection, edition, Filter(brand=brand), ())
    return tuple(
        Stage(name, _count(group for group in wismo if group.stage == name), figures(inputs, kpis.get(kpi)).now)
        for name, kpi in STAGES.items()
    )


# How often, by how late the order is


def _total(entries: Iterable[Cell]) -> OrderSums:
    return sum((cell.sums[CONTACTS] for cell in entries), OrderSums())


def _share(part: float, base: float, reporting: Reporting) -> Share:
    """A share as it may be shown: of too small a base, the base alone."""
    if base < reporting.min_base:
        return Share(None, int(base), low_base=base > 0)
    interval = wilson(part, base, reporting.confidence)
    assert interval is not None
    return Share(int(part), int(base), part / base, interval.low, interval.high)


def _classes(orders: Sequence[Cell], reporting: Reporting) -> dict[str, Share]:
    sums = {name: _total(cell for cell in orders if cell.lateness == name) for name in CLASSES}
    return {name: _share(total.with_contact, total.orders, reporting) for name, total in sums.items()}


# What late orders have beyond the others


def _excess(orders: Sequence[Cell], reporting: Reporting) -> tuple[Attribution | None, Absence | None]:
    late, on_time = (_total(cell for cell in orders if cell.late == side) for side in (True, False))
    absence: Absence | None = None
    if not late.orders + on_time.orders:
        absence = "no_orders"
    elif not late.orders:
        absence = "no_late_orders"
    elif late.orders < reporting.min_base:
        absence = "few_late_orders"
    elif on_time.orders < max(1, reporting.min_base):
        absence = "few_orders_on_time"
    elif not late.whole + on_time.whole:
        absence = "no_contacts"
    if absence:
        return None, absence
    return attribute(strata(orders, CONTACTS), reporting.min_base, reporting.confidence), None


def _weigh(groups: Sequence[_Contacts], weight: str, prices: Prices | None) -> Unlinked:
    """Contacts about no known order, each as one or by what it costs."""
    stated = prices.by_channel if prices else {}
    weights = [(1.0 if weight == CONTACTS else stated.get(group.channel or "", 0.0), group.count) for group in groups]
    return Unlinked(sum(n * x for x, n in weights), sum(n * x * x for x, n in weights))


def _limits(orders: Sequence[Cell], weight: str, unlinked: Unlinked, reporting: Reporting) -> Bounds | None:
    return bounds(strata(orders, weight), unlinked, reporting.min_base, reporting.confidence)


def _linking(orders: Sequence[Cell]) -> dict[str, Linking]:
    sides = {"late": True, "on_time": False}
    return {
        name: Linking(
            sum(cell.linked for cell in orders if cell.late == side),
            sum(cell.by_number for cell in orders if cell.late == side),
        )
        for name, side in sides.items()
    }


# Carriers and modes


def _segments(orders: Sequence[Cell], place: int, reporting: Reporting) -> tuple[Segment, ...]:
    """The carriers, or the modes, those of the most orders first and the unknown one last."""
    names = {(cell.carrier, cell.mode)[place] for cell in orders}
    segments = [_segment(orders, place, name, reporting) for name in names]
    return tuple(sorted(segments, key=lambda s: (s.name is None, -s.late.base, s.name or "")))


def _segment(orders: Sequence[Cell], place: int, name: str | None, reporting: Reporting) -> Segment:
    mine = [cell for cell in orders if (cell.carrier, cell.mode)[place] == name]
    late, on_time = (_total(cell for cell in mine if cell.late == side) for side in (True, False))
    few_late, few_on_time = (side.orders < max(1, reporting.min_base) for side in (late, on_time))

    def belongs(key: Key) -> bool:
        return key[place] == name

    return Segment(
        name=name,
        late=_share(late.orders, late.orders + on_time.orders, reporting),
        per_late=None if few_late else late.mean,
        per_on_time=None if few_on_time else on_time.mean,
        orders_on_time=int(on_time.orders),
        few_late=few_late,
        few_on_time=few_on_time,
        excess=None
        if few_late or few_on_time
        else attribute(strata(orders, CONTACTS), reporting.min_base, reporting.confidence, belongs),
    )


# Costs


def _costs(
    orders: Sequence[Cell],
    wismo: Sequence[_Contacts],
    unlinked: Sequence[_Contacts],
    sources: Sources,
    reporting: Reporting,
    *,
    is_shown: bool,
) -> Costs:
    """What WISMO costs; of the excess, where it is shown."""
    prices = prices_of(sources)
    whole = total_cost(prices, ((group.channel, group.count) for group in wismo))
    if prices is None:
        return Costs(None, whole, None, None, None, 0, sources)
    no_price = sum(group.count for group in unlinked if group.channel not in prices.by_channel)
    if not is_shown:
        return Costs(prices.currency, whole, None, None, None, no_price, sources)
    excess_priced = attribute(strata(orders, KNOWN), reporting.min_base, reporting.confidence)
    return Costs(
        currency=prices.currency,
        whole=whole,
        avoidable=attribute(strata(orders, AMOUNT), reporting.min_base, reporting.confidence),
        limits=_limits(orders, AMOUNT, _weigh(unlinked, AMOUNT, prices), reporting),
        avoidable_known=excess_priced.excess.value if excess_priced else None,
        unlinked_unknown=no_price,
        sources=sources,
    )
