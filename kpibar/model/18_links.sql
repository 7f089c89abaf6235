-- The order a contact is about, and who placed it. `sureness` says by what: 1 a reference, 2 a number in the text,
-- 3 the customer and the time.
-- Grain: one row per contact that can be tied to an order. Key: source, contact_id.
WITH
-- The three ways a contact can be about an order, the surest first.
candidates AS (
    SELECT c.source, c.contact_id, o.order_id, o.person_key, o.ordered_at, 1 AS sureness
    FROM contacts AS c
    JOIN fact_orders AS o
        ON o.order_key = c.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    UNION ALL
    SELECT c.source, c.contact_id, o.order_id, o.person_key, o.ordered_at, 2 AS sureness
    FROM mentions AS m
    JOIN contacts AS c ON c.source = m.source AND c.contact_id = m.contact_id
    JOIN fact_orders AS o
        ON o.order_key = m.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        o.ordered_at IS NULL
        OR (
            o.ordered_at <= c.created_at + INTERVAL '1' DAY
            AND c.created_at <= o.ordered_at + INTERVAL '{link_text_days}' DAY
        )
    UNION ALL
    SELECT c.source, c.contact_id, o.order_id, o.person_key, o.ordered_at, 3 AS sureness
    FROM contacts AS c
    LEFT JOIN fact_people AS person ON person.customer_key = coalesce(c.customer_key, c.customer_alias_key)
    JOIN fact_orders AS o
        ON o.person_key = coalesce(person.person_key, c.customer_key, c.customer_alias_key)
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        o.ordered_at <= c.created_at
        AND (
            c.created_at <= o.ordered_at + INTERVAL '{link_after_order_days}' DAY
            OR c.created_at <= o.promised_to + INTERVAL '{link_after_promise_days}' DAY
        )
),
choices AS (
    SELECT
        source,
        contact_id,
        order_id,
        person_key,
        sureness,
        row_number() OVER (
            PARTITION BY source, contact_id
            ORDER BY sureness, ordered_at DESC NULLS LAST, order_id
        ) AS choice
    FROM candidates
)
SELECT source, contact_id, order_id, person_key, sureness
FROM choices
WHERE choice = 1
