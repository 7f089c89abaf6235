-- The order a contact is about, and who placed it. `sureness` says by what: 1 a reference, 2 the digits of a reference,
-- 3 a number in the text, 4 the digits of an order in the text, 5 the customer and the time.
-- Grain: one row per contact that can be tied to an order. Key: source, contact_id.
WITH asking AS (
    SELECT
        c.source,
        c.contact_id,
        c.order_key,
        c.order_number,
        c.brand,
        c.created_at,
        coalesce(person.person_key, c.customer_key, c.customer_alias_key) AS person_key
    FROM contacts AS c
    LEFT JOIN fact_people AS person ON person.customer_key = coalesce(c.customer_key, c.customer_alias_key)
),
-- Digits without the letters or zeros of the shop name an order where no other recent one has them.
digits AS (
    SELECT
        c.source,
        c.contact_id,
        o.order_id,
        o.person_key,
        o.ordered_at,
        2 AS sureness,
        c.person_key = o.person_key AS own,
        min(o.order_id) OVER (PARTITION BY c.source, c.contact_id) AS first_id,
        max(o.order_id) OVER (PARTITION BY c.source, c.contact_id) AS last_id,
        min(CASE WHEN c.person_key = o.person_key THEN o.order_id END) OVER (
            PARTITION BY c.source, c.contact_id
        ) AS first_own_id,
        max(CASE WHEN c.person_key = o.person_key THEN o.order_id END) OVER (
            PARTITION BY c.source, c.contact_id
        ) AS last_own_id
    FROM asking AS c
    JOIN fact_orders AS o
        ON o.order_number = c.order_number
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        o.ordered_at IS NULL
        OR (
            o.ordered_at <= c.created_at + INTERVAL '1' DAY
            AND c.created_at <= o.ordered_at + INTERVAL '{link_text_days}' DAY
        )
    UNION ALL
    SELECT
        c.source,
        c.contact_id,
        o.order_id,
        o.person_key,
        o.ordered_at,
        4 AS sureness,
        c.person_key = o.person_key AS own,
        min(o.order_id) OVER (PARTITION BY c.source, c.contact_id, m.order_key) AS first_id,
        max(o.order_id) OVER (PARTITION BY c.source, c.contact_id, m.order_key) AS last_id,
        min(CASE WHEN c.person_key = o.person_key THEN o.order_id END) OVER (
            PARTITION BY c.source, c.contact_id, m.order_key
        ) AS first_own_id,
        max(CASE WHEN c.person_key = o.person_key THEN o.order_id END) OVER (
            PARTITION BY c.source, c.contact_id, m.order_key
        ) AS last_own_id
    FROM mentions AS m
    JOIN asking AS c ON c.source = m.source AND c.contact_id = m.contact_id
    JOIN fact_orders AS o
        ON o.number_key = m.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        -- Bare digits may be a postcode or an amount: they name no order of another customer.
        (m.explicit OR coalesce(c.person_key = o.person_key, TRUE))
        AND (
            o.ordered_at <= c.created_at + INTERVAL '1' DAY
            AND c.created_at <= o.ordered_at + INTERVAL '{link_text_days}' DAY
        )
),
-- The ways a contact can be about an order, the surest first.
candidates AS (
    SELECT c.source, c.contact_id, o.order_id, o.person_key, o.ordered_at, 1 AS sureness, FALSE AS own
    FROM asking AS c
    JOIN fact_orders AS o
        ON o.order_key = c.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    UNION ALL
    SELECT source, contact_id, order_id, person_key, ordered_at, sureness, coalesce(own, FALSE) AS own
    FROM digits
    WHERE first_id = last_id OR (own AND first_own_id = last_own_id)
    UNION ALL
    SELECT
        c.source,
        c.contact_id,
        o.order_id,
        o.person_key,
        o.ordered_at,
        3 AS sureness,
        coalesce(c.person_key = o.person_key, FALSE) AS own
    FROM mentions AS m
    JOIN asking AS c ON c.source = m.source AND c.contact_id = m.contact_id
    JOIN fact_orders AS o
        ON o.order_key = m.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        (m.explicit OR coalesce(c.person_key = o.person_key, TRUE))
        AND (
            o.ordered_at IS NULL
            OR (
                o.ordered_at <= c.created_at + INTERVAL '1' DAY
                AND c.created_at <= o.ordered_at + INTERVAL '{link_text_days}' DAY
            )
        )
    UNION ALL
    SELECT c.source, c.contact_id, o.order_id, o.person_key, o.ordered_at, 5 AS sureness, FALSE AS own
    FROM asking AS c
    JOIN fact_orders AS o
        ON o.person_key = c.person_key
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
            ORDER BY sureness, CASE WHEN own THEN 0 ELSE 1 END, ordered_at DESC NULLS LAST, order_id
        ) AS choice
    FROM candidates
)
SELECT source, contact_id, order_id, person_key, sureness
FROM choices
WHERE choice = 1
