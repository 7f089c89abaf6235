"""Which customers of late orders were told of the delay before they asked, by the notices that shops sent."""

from dataclasses import dataclass

from kpibar.answers.lateness import Selection
from kpibar.database.engine import Engine

_STATEMENT = """
WITH messages AS (
    SELECT n.order_key, n.brand, n.sent_at, sources.as_of, coalesce(n.kind = 'delay', FALSE) AS delay
    FROM notices AS n
    LEFT JOIN sources ON sources.source = n.source AND sources.entity = 'notices'
    WHERE n.sent_at IS NOT NULL AND n.order_key IS NOT NULL
),
brands AS (
    SELECT brand, min(sent_at) AS first_at, max(coalesce(as_of, sent_at)) AS last_at
    FROM messages
    GROUP BY brand
    HAVING sum(CASE WHEN delay THEN 1 ELSE 0 END) > 0
),
messages_of_orders AS (
    SELECT messages.delay
    FROM messages
    WHERE EXISTS (
        SELECT 1 FROM ({orders}) AS o
        WHERE o.order_key = messages.order_key
        AND (messages.brand = o.brand OR messages.brand IS NULL OR o.brand IS NULL)
    )
),
late_orders AS (
    SELECT * FROM ({orders}) AS orders WHERE standing = 'in_base' AND late
),
first_delays AS (
    SELECT o.order_id, min(messages.sent_at) AS sent_at
    FROM late_orders AS o
    JOIN messages
        ON messages.order_key = o.order_key
        AND (messages.brand = o.brand OR messages.brand IS NULL OR o.brand IS NULL)
    WHERE messages.delay
    GROUP BY o.order_id
),
spans AS (
    SELECT o.order_id, min(brands.first_at) AS first_at, max(brands.last_at) AS last_at
    FROM late_orders AS o
    JOIN brands ON brands.brand = o.brand OR brands.brand IS NULL OR o.brand IS NULL
    GROUP BY o.order_id
),
contacts_after AS (
    SELECT
        coalesce(d.sent_at < c.created_at, FALSE) AS came_first,
        coalesce(c.created_at BETWEEN s.first_at AND s.last_at, FALSE) AS in_span
    FROM (SELECT order_id, created_at FROM fact_contacts WHERE counted AND wismo AND order_id IS NOT NULL) AS c
    JOIN late_orders AS o ON o.order_id = c.order_id
    LEFT JOIN first_delays AS d ON d.order_id = c.order_id
    LEFT JOIN spans AS s ON s.order_id = c.order_id
    WHERE c.created_at > o.promised_to AND c.created_at <= o.promised_to + INTERVAL '{days}' DAY
)
SELECT
    count(*),
    coalesce(sum(CASE WHEN came_first OR in_span THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE WHEN came_first THEN 1 ELSE 0 END), 0),
    (SELECT count(*) FROM messages_of_orders),
    (SELECT coalesce(sum(CASE WHEN delay THEN 1 ELSE 0 END), 0) FROM messages_of_orders)
FROM contacts_after
"""


@dataclass(frozen=True)
class Warnings:
    """WISMO contacts about late orders, after the promise; those before which a notice of the delay was sent.

    `known` are those in whose days notices are held of the order's brand; `notices` and `delays` are the notices held
    about the orders that are looked at, and those of a delay.
    """

    contacts: int
    known: int
    warned: int
    notices: int
    delays: int


def warnings(engine: Engine, selection: Selection) -> Warnings:
    """How often a notice of the delay came before the contact.

    A second notice of a slot is none of a delay: exports do not say which slot it names, and an order of two parcels
    has two. A brand of which no notice of a delay is held at all is unknown: its export may lack them.
    """
    (row,) = engine.rows(_STATEMENT.format(orders=selection.orders_sql, days=selection.days))
    return Warnings(*(int(n) for n in row))
