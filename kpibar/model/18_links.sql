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
-- What a number in a text may be of an order: its whole number, or its digits.
order_names AS (
    SELECT order_id, person_key, ordered_at, brand, order_key AS name, 3 AS sureness FROM fact_orders
    UNION ALL
    SELECT order_id, person_key, ordered_at, brand, number_key AS name, 4 AS sureness FROM fact_orders
),
-- Orders by the digits of a reference and by the numbers of a text; `own`, the order is one of this customer.
matches AS (
    SELECT
        c.source,
        c.contact_id,
        c.created_at,
        c.order_key AS name,
        TRUE AS explicit,
        2 AS sureness,
        o.order_id,
        o.person_key,
        o.ordered_at,
        c.person_key = o.person_key AS own
    FROM asking AS c
    JOIN fact_orders AS o
        ON o.order_number = c.order_number
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    UNION ALL
    SELECT
        c.source,
        c.contact_id,
        c.created_at,
        m.order_key AS name,
        m.explicit,
        o.sureness,
        o.order_id,
        o.person_key,
        o.ordered_at,
        c.person_key = o.person_key AS own
    FROM mentions AS m
    JOIN asking AS c ON c.source = m.source AND c.contact_id = m.contact_id
    JOIN order_names AS o
        ON o.name = m.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
),
recent AS (
    SELECT
        matches.*,
        min(order_id) OVER (PARTITION BY source, contact_id, sureness, name) AS first_id,
        max(order_id) OVER (PARTITION BY source, contact_id, sureness, name) AS last_id,
        min(CASE WHEN own THEN order_id END) OVER (PARTITION BY source, contact_id, sureness, name) AS first_own_id,
        max(CASE WHEN own THEN order_id END) OVER (PARTITION BY source, contact_id, sureness, name) AS last_own_id
    FROM matches
    WHERE
        -- Bare digits may be a postcode or an amount: they name no order of another customer.
        (explicit OR coalesce(own, TRUE))
        AND (
            (ordered_at IS NULL AND sureness < 4)
            OR (
                ordered_at <= created_at + INTERVAL '1' DAY
                AND created_at <= ordered_at + INTERVAL '{link_text_days}' DAY
            )
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
    -- Digits without the letters or zeros of the shop name an order where no other recent one has them.
    SELECT source, contact_id, order_id, person_key, ordered_at, sureness, coalesce(own, FALSE) AS own
    FROM recent
    WHERE sureness = 3 OR first_id = last_id OR (own AND first_own_id = last_own_id)
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
