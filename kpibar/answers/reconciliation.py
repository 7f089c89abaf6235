"""From the WISMO contacts of a year to those about the orders judged, in counts that add up."""

from collections.abc import Mapping
from dataclasses import dataclass

from kpibar.answers.lateness import Selection
from kpibar.database.engine import Engine
from kpibar.kpis.compute import of_brand, within

# Why a contact of the year is none about the orders judged, in the order of asking.
LEFT_OUT = ("no_order", "no_promise", "other_orders", "too_late")
# Why one about the orders judged is none of the year.
ADDED = ("other_year", "other_brand")


@dataclass(frozen=True)
class Reconciliation:
    """WISMO contacts of the year, those of them left out and those of other days added by why, and what that makes:
    the contacts about the orders judged, up to so many days after the promise.
    """

    contacts: int
    left_out: Mapping[str, int]
    added: Mapping[str, int]

    @property
    def about_orders_judged(self) -> int:
        """What is left, with what is added."""
        return self.contacts - sum(self.left_out.values()) + sum(self.added.values())


def reconciliation(engine: Engine, selection: Selection) -> Reconciliation:
    """How the contacts of the year become those about the orders judged."""
    rows = engine.rows(f"""
        WITH orders_of_base AS (
            SELECT order_id, promised_to FROM ({selection.orders_sql}) AS orders WHERE standing = 'in_base'
        ),
        wismo_contacts AS (
            SELECT
                order_id, promised_to, created_at,
                coalesce({within("created_on", [selection.window])}, FALSE) AS of_year,
                coalesce(TRUE{of_brand(selection.brand)}, FALSE) AS of_brand
            FROM fact_contacts
            WHERE counted AND wismo
        ),
        marks AS (
            SELECT
                c.of_year,
                c.of_brand,
                j.order_id IS NOT NULL AS of_base,
                j.order_id IS NOT NULL
                    AND c.created_at <= j.promised_to + INTERVAL '{selection.days}' DAY AS about_base,
                c.order_id IS NULL AS no_order,
                c.promised_to IS NULL AS no_promise
            FROM wismo_contacts AS c
            LEFT JOIN orders_of_base AS j ON j.order_id = c.order_id
        )
        SELECT
            CASE
                WHEN about_base AND of_year AND of_brand THEN 'both'
                WHEN about_base AND NOT of_year THEN 'other_year'
                WHEN about_base THEN 'other_brand'
                WHEN NOT (of_year AND of_brand) THEN 'neither'
                WHEN no_order THEN 'no_order'
                WHEN no_promise THEN 'no_promise'
                WHEN of_base THEN 'too_late'
                ELSE 'other_orders'
            END AS place,
            count(*)
        FROM marks
        GROUP BY 1
    """)
    counts = {str(name): int(count) for name, count in rows}
    left_out = {name: counts.get(name, 0) for name in LEFT_OUT}
    added = {name: counts.get(name, 0) for name in ADDED}
    return Reconciliation(counts.get("both", 0) + sum(left_out.values()), left_out, added)
