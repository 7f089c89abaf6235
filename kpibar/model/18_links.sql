-- The order a contact is about, and who placed it. `linked_by` says by what they were tied together (fact_link_kinds).
-- Of several orders the surest one counts, then one of the contact's own customer, then the latest. A contact without
-- the number of an order is about the one of the customer's that another contact of theirs names, within
-- {issue_link_days} days and nearest in time, else about the customer's latest. An order of another brand is never
-- meant.
-- Grain: one row per contact that can be tied to an order. Key: source, contact_id.
WITH contact_keys AS (
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
    SELECT order_id, person_key, ordered_at, brand, order_key AS name, 'text' AS linked_by FROM fact_orders
    UNION ALL
    SELECT order_id, person_key, ordered_at, brand, number_key AS name, 'text digits' AS linked_by FROM fact_orders
),
-- Orders by the digits of a reference and by the numbers of a text.
matches AS (
    SELECT
        c.source,
        c.contact_id,
        c.created_at,
        c.order_key AS name,
        TRUE AS explicit,
        'reference digits' AS linked_by,
        o.order_id,
        o.person_key,
        o.ordered_at,
        c.person_key = o.person_key AS same_customer
    FROM contact_keys AS c
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
        o.linked_by,
        o.order_id,
        o.person_key,
        o.ordered_at,
        c.person_key = o.person_key AS same_customer
    FROM mentions AS m
    JOIN contact_keys AS c ON c.source = m.source AND c.contact_id = m.contact_id
    JOIN order_names AS o
        ON o.name = m.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
),
-- Those that were placed in the {link_text_days} days before the contact, or up to a day after it (clocks differ);
-- orders without a date too where the digits of a reference or the whole number in a text name them. With the first and
-- last order of the same number. An order whose whole reference a contact states may be of any time.
recent_matches AS (
    SELECT
        matches.*,
        min(order_id) OVER (PARTITION BY source, contact_id, linked_by, name) AS first_id,
        max(order_id) OVER (PARTITION BY source, contact_id, linked_by, name) AS last_id,
        min(CASE WHEN same_customer THEN order_id END)
            OVER (PARTITION BY source, contact_id, linked_by, name) AS first_customer_id,
        max(CASE WHEN same_customer THEN order_id END)
            OVER (PARTITION BY source, contact_id, linked_by, name) AS last_customer_id
    FROM matches
    WHERE
        -- Bare digits may be a postcode or an amount: they name no order where both customers are known and differ.
        (explicit OR coalesce(same_customer, TRUE))
        AND (
            (ordered_at IS NULL AND linked_by IN ('reference digits', 'text'))
            OR (
                ordered_at <= created_at + INTERVAL '1' DAY
                AND created_at <= ordered_at + INTERVAL '{link_text_days}' DAY
            )
        )
),
-- The orders that contacts name.
named_orders AS (
    SELECT
        c.source,
        c.contact_id,
        c.created_at,
        o.order_id,
        o.person_key,
        o.ordered_at,
        'reference' AS linked_by,
        coalesce(c.person_key = o.person_key, FALSE) AS same_customer
    FROM contact_keys AS c
    JOIN fact_orders AS o
        ON o.order_key = c.order_key
        AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    UNION ALL
    -- Digits without the letters or zeros of the shop name an order where no other recent one has them, or no other one
    -- of the same customer.
    SELECT
        source,
        contact_id,
        created_at,
        order_id,
        person_key,
        ordered_at,
        linked_by,
        coalesce(same_customer, FALSE) AS same_customer
    FROM recent_matches
    WHERE linked_by = 'text' OR first_id = last_id OR (same_customer AND first_customer_id = last_customer_id)
),
candidates AS (
    SELECT
        source,
        contact_id,
        order_id,
        person_key,
        ordered_at,
        linked_by,
        same_customer,
        CAST(NULL AS DOUBLE) AS gap_s,
        0 AS name_place
    FROM named_orders
    UNION ALL
    -- The order of its own that the same customer named in another contact of the same days.
    SELECT
        c.source,
        c.contact_id,
        n.order_id,
        n.person_key,
        n.ordered_at,
        'customer' AS linked_by,
        FALSE AS same_customer,
        CASE
            WHEN n.created_at <= c.created_at THEN seconds_between(c.created_at, n.created_at)
            ELSE seconds_between(n.created_at, c.created_at)
        END AS gap_s,
        kinds.place AS name_place
    FROM contact_keys AS c
    JOIN named_orders AS n ON n.person_key = c.person_key AND n.same_customer
    JOIN fact_link_kinds AS kinds ON kinds.linked_by = n.linked_by
    JOIN fact_orders AS o ON o.order_id = n.order_id AND (o.brand = c.brand OR o.brand IS NULL OR c.brand IS NULL)
    WHERE
        n.created_at <= c.created_at + INTERVAL '{issue_link_days}' DAY
        AND c.created_at <= n.created_at + INTERVAL '{issue_link_days}' DAY
        AND (n.ordered_at IS NULL OR n.ordered_at <= c.created_at + INTERVAL '1' DAY)
    UNION ALL
    SELECT
        c.source,
        c.contact_id,
        o.order_id,
        o.person_key,
        o.ordered_at,
        'customer' AS linked_by,
        FALSE AS same_customer,
        CAST(NULL AS DOUBLE) AS gap_s,
        0 AS name_place
    FROM contact_keys AS c
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
ranked_candidates AS (
    SELECT
        candidates.*,
        row_number() OVER (
            PARTITION BY source, contact_id
            ORDER BY
                kinds.place,
                CASE WHEN same_customer THEN 0 ELSE 1 END,
                gap_s NULLS LAST,
                name_place NULLS LAST,
                ordered_at DESC NULLS LAST,
                order_id
        ) AS choice
    FROM candidates
    JOIN fact_link_kinds AS kinds ON kinds.linked_by = candidates.linked_by
)
SELECT source, contact_id, order_id, person_key, linked_by
FROM ranked_candidates
WHERE choice = 1
