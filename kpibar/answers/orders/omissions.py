"""Why KPIs that one would expect to count an order do not: the first reason of each of its records, as in `explain`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kpibar.answers.orders.kpis import KpiCount
from kpibar.answers.population import population_of
from kpibar.answers.terms import Reason
from kpibar.config import Config
from kpibar.database.store import Store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import run_statement
from kpibar.kpis.estimates import Window
from kpibar.values.notation import quote

# KPIs that a reader looks for on the page of an order, in this order.
USUAL_KPIS = (
    "late_share", "promise_unanswered", "slot_adherence", "lead_time", "first_attempt", "wismo_share", "wismo_late",
    "reply_within", "resolution_median", "fcr_window", "csat", "nps",
)  # fmt: skip
# The canonical table whose records each fact table is made of.
_RECORDS = {"orders": "orders", "contacts": "contacts", "issues": "contacts", "surveys": "surveys"}
# An order is told whole, whatever year is reported.
_ALL_DAYS = Window(date(1, 1, 1), date(9999, 12, 31))


@dataclass(frozen=True)
class Omission:
    """A KPI that counts no record of an order: why, and of how many records; nothing where there is no record.

    `records` names the canonical table that the records are of.
    """

    kpi: Kpi
    records: str
    reasons: tuple[tuple[Reason, int], ...]


def omissions(
    store: Store, config: Config, order_id: str | None, uids: Mapping[str, Sequence[str]], counts: Sequence[KpiCount]
) -> tuple[Omission, ...]:
    """The expected KPIs without a count of an order, with their reasons. `uids` name its contacts and surveys.

    Raises KpiInvalid.
    """
    present = {count.kpi.id for count in counts}
    visible = {kpi.id: kpi for kpi in catalogue(config.settings).kpis if not kpi.hidden}
    kpis_without_order = [visible[name] for name in USUAL_KPIS if name in visible and name not in present]
    return tuple(_omission(store, kpi, order_id, uids) for kpi in kpis_without_order if kpi.from_table in _RECORDS)


def _omission(store: Store, kpi: Kpi, order_id: str | None, uids: Mapping[str, Sequence[str]]) -> Omission:
    records = _RECORDS[kpi.from_table]
    names = [order_id] if records == "orders" and order_id else uids.get(records, ())
    if not names:
        return Omission(kpi, records, ())
    column = "order_id" if records == "orders" else "record_source || '/' || record_id"
    population = population_of(kpi, _ALL_DAYS, None)
    rows = run_statement(
        store.engine,
        kpi,
        f"SELECT step, count(*) FROM (\n    SELECT {population.step} AS step\n    FROM (\n    {population.relation}\n"
        f"    ) AS records\n    WHERE {column} IN ({', '.join(map(quote, names))})\n) AS steps GROUP BY 1 ORDER BY 1",
    )
    reasons = population.reasons
    return Omission(kpi, records, tuple((reasons[step], count) for step, count in rows if step < len(reasons)))
