-- Who is behind an identifier: a telephone number is mapped to the e-mail seen with it on an order or a ticket.
-- Grain: one row per second identifier that belongs to one customer only. Key: customer_key.
-- A number seen with several e-mails (a family, an office) is not mapped to any of them.
WITH pairs AS (
    SELECT customer_key, customer_alias_key
    FROM orders
    WHERE customer_key IS NOT NULL
        AND customer_alias_key IS NOT NULL
        AND customer_key IS DISTINCT FROM customer_alias_key
    UNION ALL
    SELECT customer_key, customer_alias_key
    FROM contacts
    WHERE customer_key IS NOT NULL
        AND customer_alias_key IS NOT NULL
        AND customer_key IS DISTINCT FROM customer_alias_key
)
SELECT
    customer_alias_key AS customer_key,
    min(customer_key) AS person_key
FROM pairs
GROUP BY customer_alias_key
HAVING count(DISTINCT customer_key) = 1
