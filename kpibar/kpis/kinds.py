"""The kinds of KPI: everything that differs between a count, a share, a median and the others, one entry a kind.

No other module asks for the kind of a KPI: it reads the entry (`kpi.spec`). A new kind is an entry here, a word in
`Kind`, and its statistics in `intervals` and `estimates`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from kpibar.kpis.dependence import Quotient
from kpibar.kpis.estimates import (
    Measure,
    Parts,
    base_of_rows,
    bounds_of_rate,
    bounds_of_share,
    count_rows,
    difference_by_intervals,
    difference_of_means,
    difference_of_nets,
    difference_of_rates,
    difference_of_shares,
    events_per_unit,
    mean_of_rows,
    net_of_rows,
    quotient_of_mean,
    quotient_of_net,
    quotient_of_rate,
    quotient_of_share,
    rate_of_hits,
    share_of_hits,
    share_of_rows,
)
from kpibar.kpis.intervals import Difference, Interval
from kpibar.kpis.masking import mask_bases, mask_categories, mask_nothing, mask_remainders
from kpibar.kpis.stocks import StockFigure, age_of_stock, count_of_stock
from kpibar.kpis.times import TimesFigure, quantile_of_all, running_quantile

Kind = Literal["count", "rate", "ratio", "mean", "median", "quantile", "time_to", "net", "mix", "stock", "stock_age"]

# SQL of the sums a kind needs, over {rows}: old enough, of the population.
_BASE = {"base": "count(*) FILTER (WHERE {rows})"}
_HITS = {"hits": "count(*) FILTER (WHERE {rows} AND ({hit}))"}
_AGAINST = {"against": "count(*) FILTER (WHERE {rows} AND ({against}))"}
_VALUES = {
    "total": "sum(({value}) * 1.0e0) FILTER (WHERE {rows})",
    "squares": "sum(({value}) * 1.0e0 * ({value})) FILTER (WHERE {rows})",
    "cubes": "sum(({value}) * 1.0e0 * ({value}) * ({value})) FILTER (WHERE {rows})",
}
_OF_FACTS = ("from_table", "date")


class Estimate(Protocol):
    """The figure of the parts of each operand, at a confidence level, with the design effect of its rows."""

    def __call__(self, parts: Sequence[Parts], level: float, effect: float | None = None) -> Measure:
        """The figure."""


Bounds = Callable[[Measure, float, float, float], Interval | None]
Reweight = Callable[[Measure, float, float], float | None]
Mask = Callable[[Sequence[Measure], int], list[Measure]]


def _base(measure: Measure) -> float:
    return measure.base


def _records(measure: Measure) -> float:
    """The records a count or a share of a mix counts itself."""
    return measure.numerator or 0


def _events_or_base(measure: Measure) -> float:
    """The events of a ratio, which are records of people, or its units where these are fewer; or those there are."""
    sizes = [size for size in (measure.base, measure.numerator or 0) if size]
    return min(sizes, default=0)


def _no_difference(now: Measure, before: Measure, level: float) -> Difference | None:
    """None: a count varies by more than chance, so its change has no test."""
    return None


@dataclass(frozen=True)
class KindSpec:
    """A kind of KPI.

    `formula` is its line in words. `entries` are those its author must write. `sums` is the SQL of the parts
    its cells hold; a kind without is no sum of its own rows. `operands` are the entries that name the counts it is
    made of, each at its own grain. `times` makes the figure of the cells of its times (`times.py`), `stock` that of the
    records that are open at a moment, whenever they began (`stocks.py`). A kind has one of these four. `counts`: its
    value is a number of rows, its own base. `shares`: it has no value as a whole, but the share of each value of a
    column.
    `volume`: it grows with the days counted, so that a month missing on one side is a change.
    `estimate` makes a figure of the parts (of each operand in order), `difference` tests two figures; `quotient` gives
    the two sums it is the quotient of, of which its design effect is seen in the weeks (`dependence.py`); the figure is
    `scale` times that.
    `bounds` is the range of a figure, if none or all of so many unknown rows, hits in doubt and misses in doubt are
    hits; `reweight` is a figure if there were so many hits among so many rows, those of which it is not known included.
    `mask` is the rule for a figure alone, `mask_parts` for the parts beside their whole, `mask_own_parts` the same for
    a KPI of the settings. `group` is the number of records a figure tells of. `estimator` is its name in JSON.
    """

    formula: str
    entries: tuple[str, ...]
    difference: Callable[[Measure, Measure, float], Difference | None]
    estimator: str
    sums: Mapping[str, str] = field(default_factory=dict)
    operands: tuple[str, ...] = ()
    times: TimesFigure | None = None
    stock: StockFigure | None = None
    estimate: Estimate = base_of_rows
    quotient: Callable[[Sequence[Parts]], Quotient] | None = None
    scale: float = 1.0
    counts: bool = False
    shares: bool = False
    volume: bool = False
    bounds: Bounds | None = None
    reweight: Reweight | None = None
    mask: Mask = mask_bases
    mask_parts: Mask = mask_remainders
    mask_own_parts: Mask | None = None
    group: Callable[[Measure], float] = _base

    def __post_init__(self) -> None:
        ways = (self.sums, self.operands, self.times, self.stock)
        if sum(map(bool, ways)) != 1:
            raise ValueError("a kind of KPI has sums, operands or times, or is a stock: one makes its figures")

    @property
    def additive(self) -> bool:
        """Whether parts of the year or of the brand add up to the whole."""
        return bool(self.sums)

    @property
    def has_statements(self) -> bool:
        """Whether its figures come from statements of each KPI, as they are no sums of cells."""
        return self.times is not None or self.stock is not None

    @property
    def has_base(self) -> bool:
        """Whether a small base is worth a word: a count is its own, and the shares of a mix have that of the whole."""
        return not (self.counts or self.shares)


def _quantile(estimator: str) -> KindSpec:
    return KindSpec(
        formula="{quantile:g} quantile of {value} over {rows}",
        entries=(*_OF_FACTS, "value"),
        difference=difference_by_intervals,
        times=quantile_of_all,
        mask_parts=mask_bases,
        estimator=estimator,
    )


KINDS: Mapping[Kind, KindSpec] = {
    "count": KindSpec(
        formula="number of {rows}",
        entries=_OF_FACTS,
        sums=_BASE,
        estimate=count_rows,
        difference=_no_difference,
        counts=True,
        volume=True,
        mask=mask_nothing,
        mask_parts=mask_nothing,
        group=_records,
        estimator="count",
    ),
    "rate": KindSpec(
        formula="those with ({hit}) / {rows}",
        entries=(*_OF_FACTS, "hit"),
        sums=_BASE | _HITS,
        estimate=share_of_rows,
        quotient=quotient_of_share,
        difference=difference_of_shares,
        bounds=bounds_of_share,
        reweight=share_of_hits,
        estimator="proportion",
    ),
    "ratio": KindSpec(
        formula="{numerator} / {denominator}",
        entries=("numerator", "denominator"),
        operands=("numerator", "denominator"),
        estimate=events_per_unit,
        quotient=quotient_of_rate,
        difference=difference_of_rates,
        bounds=bounds_of_rate,
        reweight=rate_of_hits,
        volume=True,
        group=_events_or_base,
        estimator="rate_per_unit",
    ),
    "mean": KindSpec(
        formula="mean of {value} over {rows}",
        entries=(*_OF_FACTS, "value"),
        sums=_BASE | _VALUES,
        estimate=mean_of_rows,
        quotient=quotient_of_mean,
        difference=difference_of_means,
        estimator="mean",
    ),
    "median": _quantile("median"),
    "quantile": _quantile("quantile"),
    "time_to": KindSpec(
        formula="{quantile:g} quantile of {value} until ({hit}), those still running included, over {rows}",
        entries=(*_OF_FACTS, "value", "hit"),
        difference=difference_by_intervals,
        times=running_quantile,
        mask_parts=mask_bases,
        estimator="kaplan_meier",
    ),
    "net": KindSpec(
        formula="100 x (those with ({hit}) - those with ({against})) / {rows}",
        entries=(*_OF_FACTS, "hit", "against"),
        sums=_BASE | _HITS | _AGAINST,
        estimate=net_of_rows,
        quotient=quotient_of_net,
        scale=100.0,
        difference=difference_of_nets,
        estimator="net_score",
    ),
    "mix": KindSpec(
        formula="those of each {over} / {rows}",
        entries=(*_OF_FACTS, "over"),
        sums=_BASE,
        estimate=base_of_rows,
        quotient=quotient_of_share,
        difference=difference_of_shares,
        shares=True,
        mask_parts=mask_bases,
        mask_own_parts=mask_categories,
        group=_records,
        estimator="mix",
    ),
    "stock": KindSpec(
        formula="number of {rows} and not ended at the end of the last day: ({hit}) within {value} seconds",
        entries=(*_OF_FACTS, "value", "hit"),
        stock=count_of_stock,
        estimate=count_rows,
        difference=_no_difference,
        counts=True,
        volume=True,
        mask=mask_nothing,
        mask_parts=mask_nothing,
        group=_records,
        estimator="stock",
    ),
    "stock_age": KindSpec(
        formula="{quantile:g} quantile of the age of {rows} and not ended at the end of the last day: ({hit}) "
        "within {value} seconds",
        entries=(*_OF_FACTS, "value", "hit"),
        stock=age_of_stock,
        difference=difference_by_intervals,
        volume=True,
        mask_parts=mask_bases,
        estimator="stock_age",
    ),
}
