"""The records that a KPI may count: each with the first reason why it is not counted, or none.

A statement over all records of the tables that the rows of a KPI are made of. Of contacts and surveys that is a record
each; issues and journeys begin with a contact, and an order is a record of the shop or, where the shop knows none, what
its parcels say of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kpibar.answers.terms import Reason, reasons_of
from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.compute import ORIGIN, Moment, mature, seconds_at, within
from kpibar.kpis.estimates import Window
from kpibar.kpis.filter import Filter
from kpibar.model.build import written_in
from kpibar.values.notation import quote

# A record of an order that the shop has, and of one that is known from its parcels alone.
_ORDERS = """
    FROM fact_orders AS f
    LEFT JOIN (
        SELECT source || '/' || coalesce(brand || '/', '') || order_ref AS shop_id, min(source) AS shop_source
        FROM orders GROUP BY 1
    ) AS shop ON shop.shop_id = f.order_id
    LEFT JOIN (
        SELECT source || '/' || coalesce(brand || '/', '') || coalesce(order_ref, 'parcel ' || parcel_id) AS parcel_id,
            min(source) AS parcel_source
        FROM parcels GROUP BY 1
    ) AS parcel ON parcel.parcel_id = f.order_id"""
_OF_ORDERS = (
    "coalesce(shop_source, parcel_source) AS record_source,\n"
    "        CASE WHEN shop_source IS NULL THEN 'parcels' ELSE 'orders' END AS record_entity, f.order_ref AS record_id"
)
_OF_CONTACTS = (
    "r.source AS record_source, 'contacts' AS record_entity, r.contact_id AS record_id,\n"
    "        r.merged_into IS NOT NULL AS record_merged, r.spam AS record_spam, r.automated AS record_automated,\n"
    "        r.direction AS record_direction, leg.contact_id IS NOT NULL AS record_leg"
)
_CONTACTS = """
    FROM contacts AS r
    LEFT JOIN fact_contacts AS {contact} ON {contact}.source = r.source AND {contact}.contact_id = r.contact_id
    LEFT JOIN fact_call_legs AS leg ON leg.source = r.source AND leg.contact_id = r.contact_id AND leg.place > 1"""


@dataclass(frozen=True)
class _Origin:
    """Where the rows of a fact table come from: an SQL relation of the records, and the canonical tables they are of.

    `on` is the SQL of the day of a record, `brand` that of its brand; `first` and `rest` are reasons why it is no row
    at all, asked before its day and after it.
    """

    relation: str
    entities: tuple[str, ...]
    on: str
    brand: str = "brand"
    first: tuple[Reason, ...] = ()
    rest: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Population:
    """The records of a KPI: an SQL relation of them, and why they are left out, in order.

    Columns of the relation are those of the fact table, and `record_source`, `record_entity`, `record_id`.
    `entities` are the canonical tables the records come from, `on` is the SQL of the day of a record.
    """

    relation: str
    reasons: tuple[Reason, ...]
    entities: tuple[str, ...]
    on: str

    @property
    def step(self) -> str:
        """SQL: the place of the reason that applies to a record, the number of all reasons where none does."""
        cases = " ".join(
            f"WHEN {reason.condition} THEN {place}" for place, reason in enumerate(self.reasons) if reason.condition
        )
        return f"CASE {cases} ELSE {len(self.reasons)} END" if cases else "0"


def population_of(kpi: Kpi, window: Window, rows: Filter | None, moment: Moment | None = None) -> Population:
    """The records of a KPI with rows of its own, over a window; of a stock, at a moment."""
    origin = _ORIGINS[kpi.from_table](kpi)
    undated = Reason(f"no_{kpi.date}", f"({origin.on if moment is None else kpi.begin}) IS NULL")
    reasons = [*origin.first, undated]
    if moment is None:
        reasons.append(Reason("other_days", f"NOT {within(f'({origin.on})', [window])}"))
    else:
        reasons += _before(kpi, moment)
    values = rows.values if rows else {}
    if "brand" in values:
        reasons.append(Reason("other_brand", f"NOT coalesce({origin.brand} = {quote(values['brand'])}, FALSE)"))
    reasons += origin.rest
    reasons += [
        Reason(f"other_{name}", f"NOT coalesce({name} = {quote(value)}, FALSE)")
        for name, value in values.items()
        if name != "brand" and name in kpi.dimensions()
    ]
    reasons += [reason for reason in reasons_of(kpi.where) if reason.code != undated.code]
    if moment is not None:
        reasons += _over(kpi, moment)
    elif kpi.value:
        reasons.append(Reason("without_value", f"({kpi.value}) IS NULL"))
    if kpi.maturity_days:
        reasons.append(Reason("immature", f"NOT {mature(kpi)}"))
    return Population(origin.relation, tuple(reasons), origin.entities, origin.on)


def _begins(kpi: Kpi) -> str:
    return written_in(f"seconds_between({kpi.begin}, TIMESTAMP '{ORIGIN}')", {})


def _before(kpi: Kpi, moment: Moment) -> list[Reason]:
    """Why a record cannot be open at a moment: it begins later, or its source does not tell of that day."""
    return [
        Reason("not_begun", f"NOT {_begins(kpi)} < {seconds_at(moment.instant)}"),
        Reason("not_told", f"NOT coalesce(as_of_on >= DATE '{moment.day}', FALSE)"),
    ]


def _over(kpi: Kpi, moment: Moment) -> list[Reason]:
    """Why a record is not open any more at a moment: it has ended, be it at an unknown time."""
    untimed = kpi.doubt.get("hits", "FALSE")
    runs = f"NOT coalesce({kpi.hit}, FALSE) OR coalesce({untimed}, FALSE)"
    lasts = f"coalesce({_begins(kpi)} + ({kpi.value}) * 1.0e0 >= {seconds_at(moment.instant)}, FALSE)"
    return [
        Reason("ended", f"NOT ({runs} OR {lasts})"),
        Reason("ended_untimed", f"coalesce(({kpi.hit}) AND ({untimed}), FALSE)"),
    ]


def _contacts(kpi: Kpi) -> _Origin:
    """A contact is a record."""
    return _Origin(f"SELECT {_OF_CONTACTS}, f.*{_CONTACTS.format(contact='f')}", ("contacts",), kpi.date)


def _first_contacts(kpi: Kpi) -> _Origin:
    """An issue or a journey is the contact that it begins with."""
    key = {"issues": "issue_id"}.get(kpi.from_table, "journey_id")
    columns = "c.created_on AS record_on, c.brand AS record_brand, c.counted, c.identified"
    facts = f"\n    LEFT JOIN fact_{kpi.from_table} AS f ON f.first_contact_uid = c.contact_uid"
    return _Origin(
        relation=f"SELECT {_OF_CONTACTS}, {columns}, f.*{_CONTACTS.format(contact='c')}{facts}",
        entities=("contacts",),
        on=f"CASE WHEN {key} IS NULL THEN record_on ELSE {kpi.date} END",
        brand="record_brand",
        rest=(*reasons_of("counted AND identified"), Reason(f"continues_{kpi.from_table}", f"{key} IS NULL")),
    )


def _orders(kpi: Kpi) -> _Origin:
    """An order is a record of the shop, or its parcels."""
    facts, tables = "f.*", _ORDERS
    if kpi.from_table == "order_contacts":
        facts = "o.*"
        tables += "\n    LEFT JOIN fact_order_contacts AS o ON o.order_id = f.order_id"
    return _Origin(f"SELECT {_OF_ORDERS}, {facts}{tables}", ("orders", "parcels"), kpi.date)


def _surveys(kpi: Kpi) -> _Origin:
    """An invitation or answer is a record, but for a rating of which another export has a version that counts."""
    columns = "r.source AS record_source, 'surveys' AS record_entity, r.survey_id AS record_id, f.*"
    tables = (
        "\n    FROM surveys AS r\n    LEFT JOIN fact_surveys AS f"
        " ON f.source = r.source AND f.survey_uid = r.source || '/' || r.survey_id"
    )
    twice = (Reason("rated_twice", "survey_uid IS NULL"),)
    return _Origin(f"SELECT {columns}{tables}", ("surveys",), kpi.date, first=twice)


_ORIGINS: Mapping[str, Callable[[Kpi], _Origin]] = {
    "contacts": _contacts,
    "issues": _first_contacts,
    "journeys": _first_contacts,
    "orders": _orders,
    "order_contacts": _orders,
    "surveys": _surveys,
}
