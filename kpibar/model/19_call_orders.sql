-- The order a call or chat is about by its other legs or by its tickets, where they tell it more surely than itself.
-- Grain: one row per such call or chat. Key: source, contact_id.
WITH members AS (
    SELECT source AS call_source, call_id, source, contact_id
    FROM fact_call_legs
    UNION
    SELECT call_source, call_id, source, contact_id
    FROM fact_call_tickets
    WHERE NOT separate
),
choices AS (
    SELECT
        m.call_source,
        m.call_id,
        link.order_id,
        link.person_key,
        link.sureness,
        row_number() OVER (
            PARTITION BY m.call_source, m.call_id
            ORDER BY link.sureness, link.source, link.contact_id
        ) AS choice
    FROM members AS m
    JOIN fact_links AS link ON link.source = m.source AND link.contact_id = m.contact_id
)
SELECT
    choices.call_source AS source,
    choices.call_id AS contact_id,
    choices.order_id,
    choices.person_key,
    choices.sureness
FROM choices
LEFT JOIN fact_links AS own ON own.source = choices.call_source AND own.contact_id = choices.call_id
WHERE choices.choice = 1 AND (own.sureness IS NULL OR own.sureness > choices.sureness)
