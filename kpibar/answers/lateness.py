"""The orders of a year whose promise can be judged, and the WISMO contacts about them, counted in the database.

An order stands in the year in which its promise ends, as in late_share. It is judged when its promise is, and when both
exports, of parcels and of contacts, tell of the days after it: of as many as a contact that states no number can be
linked by its customer (`link_after_promise_days`). Contacts made later than that are left out on both sides.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from kpibar.answers.costs import Prices
from kpibar.database.engine import Engine
from kpibar.kpis.attribution import OrderSums, Stratum
from kpibar.kpis.compute import of_brand, within
from kpibar.kpis.estimates import Window
from kpibar.values.notation import quote

ON_TIME, NOT_THERE = "on_time", "not_there"
# Classes of lateness and the hours in which each ends; an order in the last one had not come.
_ENDS = {"up_to_24_h": 24, "up_to_2_d": 48, "up_to_4_d": 96, "up_to_7_d": 168}
CLASSES = (ON_TIME, *_ENDS, "over_7_d", NOT_THERE)
# What is known of an order: it is of the base, too recent, of unknown outcome, or contacts about it cannot be seen.
STANDINGS = ("in_base", "too_young", "not_judged", "not_observed")
# How contacts are weighed: each as one, by what it costs, and as one where that is known.
CONTACTS, AMOUNT, KNOWN = "contacts", "amount", "known"


@dataclass(frozen=True)
class Selection:
    """Which orders: promised in the window, of one brand or of all; and the days after the promise that are followed.

    `contact_days` has the first and last day of which contacts of each brand tell; None stands for those of none.
    """

    window: Window
    brand: str | None
    days: int
    contact_days: tuple[tuple[str | None, date, date], ...]

    @property
    def orders_sql(self) -> str:
        """SQL of the orders promised in the window and not cancelled, with `standing` and class of `lateness`."""
        classes = " ".join(f"WHEN lateness_s <= {hours} * 3600 THEN '{name}'" for name, hours in _ENDS.items())
        return f"""
            SELECT
                o.order_id, o.order_key, o.brand, o.carrier, o.mode, o.promised_to, o.late,
                CASE
                    WHEN NOT o.late THEN '{ON_TIME}'
                    WHEN o.lateness_s IS NULL THEN '{NOT_THERE}'
                    {classes}
                    ELSE 'over_7_d'
                END AS lateness,
                CASE
                    WHEN {self._bound("first")} IS NULL OR o.promised_on < {self._bound("first")} THEN 'not_observed'
                    WHEN o.as_of_on > o.promised_on + INTERVAL '{self.days}' DAY
                        AND {self._bound("last")} > o.promised_on + INTERVAL '{self.days}' DAY
                        THEN CASE WHEN o.due THEN 'in_base' ELSE 'not_judged' END
                    ELSE 'too_young'
                END AS standing
            FROM (
                SELECT * FROM fact_orders
                WHERE promised AND NOT cancelled AND {within("promised_on", [self.window])}{of_brand(self.brand)}
            ) AS o
            LEFT JOIN (VALUES {self._brands()}) AS ends (brand, first_on, last_on) ON ends.brand = o.brand
        """

    def _bound(self, end: str) -> str:
        """SQL of the first or last day on which contacts about an order can be seen."""
        pick: Callable[[Iterable[date]], date] = min if end == "first" else max
        days = [(brand, first if end == "first" else last) for brand, first, last in self.contact_days]
        any_brand, no_brand = (
            _day(pick(ends)) if ends else "CAST(NULL AS DATE)"
            for ends in ([day for _, day in days], [day for brand, day in days if brand is None])
        )
        return f"coalesce(ends.{end}_on, CASE WHEN o.brand IS NULL THEN {any_brand} ELSE {no_brand} END)"

    def _brands(self) -> str:
        """SQL of the days of each brand; a contact of no brand may be of any."""
        nameless = [row for row in self.contact_days if row[0] is None]
        rows = []
        for name in sorted({row[0] for row in self.contact_days if row[0] is not None}):
            days = [row for row in self.contact_days if row[0] == name] + nameless
            first, last = min(row[1] for row in days), max(row[2] for row in days)
            rows.append(f"({quote(name)}, {_day(first)}, {_day(last)})")
        return ", ".join(rows) or "(CAST(NULL AS VARCHAR), CAST(NULL AS DATE), CAST(NULL AS DATE))"


def _day(day: date) -> str:
    return f"DATE '{day}'"


@dataclass(frozen=True)
class Cell:
    """Sums over the orders of one carrier, mode, brand and class of lateness, for each weight of their contacts.

    `linked` are their contacts, `by_number` those that state or mention the number of the order.
    """

    carrier: str | None
    mode: str | None
    brand: str | None
    lateness: str
    sums: dict[str, OrderSums]
    linked: int
    by_number: int

    @property
    def late(self) -> bool:
        """Whether these orders came late, or not at all."""
        return self.lateness != ON_TIME


def contact_days(engine: Engine) -> tuple[tuple[str | None, date, date], ...]:
    """The first and last day of which contacts of each brand tell, and of those of no brand."""
    rows = engine.rows(
        "SELECT brand, min(created_on), max(coalesce(brand_as_of_on, as_of_on, created_on)) FROM fact_contacts "
        "WHERE counted AND created_on IS NOT NULL GROUP BY brand ORDER BY brand"
    )
    return tuple((brand, first, last) for brand, first, last in rows)


def standings(engine: Engine, selection: Selection) -> dict[str, int]:
    """How many orders promised in the window are judged, and how many are not, by why."""
    sql = f"SELECT standing, count(*) FROM ({selection.orders_sql}) AS orders GROUP BY standing ORDER BY standing"
    return {name: int(count) for name, count in engine.rows(sql)}


def cells(engine: Engine, selection: Selection, prices: Prices | None) -> list[Cell]:
    """The sums of the orders judged."""
    weights = {CONTACTS: "1"}
    if prices:
        weights |= {AMOUNT: prices.amount_sql, KNOWN: prices.known_sql}
    per_order = ", ".join(
        f"sum(CASE WHEN c.created_at > j.promised_to THEN c.{name}_weight ELSE 0 END) AS {name}_after, "
        f"sum(c.{name}_weight) AS {name}_whole"
        for name in weights
    )
    sums = ", ".join(_sums_sql(name) for name in weights)
    columns = ", ".join(f"{sql} AS {name}_weight" for name, sql in weights.items())
    rows = engine.rows(f"""
        WITH orders_of_base AS (
            SELECT * FROM ({selection.orders_sql}) AS orders WHERE standing = 'in_base'
        ),
        wismo_contacts AS (
            SELECT order_id, created_at, linked_by, {columns}
            FROM fact_contacts
            WHERE counted AND wismo AND order_id IS NOT NULL
        ),
        contacts_of_orders AS (
            SELECT
                j.order_id,
                count(*) AS linked,
                sum(CASE WHEN c.linked_by <> 'customer' THEN 1 ELSE 0 END) AS by_number,
                {per_order}
            FROM wismo_contacts AS c
            JOIN orders_of_base AS j ON j.order_id = c.order_id
            WHERE c.created_at <= j.promised_to + INTERVAL '{selection.days}' DAY
            GROUP BY j.order_id
        )
        SELECT
            j.carrier, j.mode, j.brand, j.lateness,
            coalesce(sum(a.linked), 0), coalesce(sum(a.by_number), 0), count(*), {sums}
        FROM orders_of_base AS j
        LEFT JOIN contacts_of_orders AS a ON a.order_id = j.order_id
        GROUP BY j.carrier, j.mode, j.brand, j.lateness
        ORDER BY j.carrier, j.mode, j.brand, j.lateness
    """)
    return [_cell(row, tuple(weights)) for row in rows]


_FURTHER_SUMS = 6


def _sums_sql(name: str) -> str:
    after, whole = f"CAST(a.{name}_after AS DOUBLE)", f"CAST(a.{name}_whole AS DOUBLE)"
    terms = (f"CASE WHEN {after} > 0 THEN 1 END", after, f"{after} * {after}", whole, f"{whole} * {whole}",
             f"{after} * {whole}")  # fmt: skip
    return ", ".join(f"coalesce(sum({term}), 0)" for term in terms)


def _cell(row: Sequence[object], weights: tuple[str, ...]) -> Cell:
    carrier, mode, brand, lateness, linked_contacts, by_number, orders, *numbers = row
    sums = {
        name: OrderSums(*(float(str(n)) for n in (orders, *numbers[place : place + _FURTHER_SUMS])))
        for place, name in zip(range(0, len(numbers), _FURTHER_SUMS), weights, strict=True)
    }
    return Cell(
        _name(carrier), _name(mode), _name(brand), str(lateness), sums, int(str(linked_contacts)), int(str(by_number))
    )  # fmt: skip


def _name(value: object) -> str | None:
    return None if value is None else str(value)


def strata(entries: Iterable[Cell], weight: str) -> list[Stratum]:
    """The strata of carrier, mode and brand, with contacts weighed in one way."""
    sides: dict[tuple[str | None, str | None, str | None], list[OrderSums]] = {}
    for cell in entries:
        pair = sides.setdefault((cell.carrier, cell.mode, cell.brand), [OrderSums(), OrderSums()])
        pair[cell.late] = pair[cell.late] + cell.sums[weight]
    return [Stratum(key, late, on_time) for key, (on_time, late) in sides.items()]
