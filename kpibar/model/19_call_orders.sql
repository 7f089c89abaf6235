-- The order a call or chat is about by its other legs or by its tickets, where they tell it more surely than itself
-- (fact_link_kinds).
-- Grain: one row per such call or chat. Key: source, contact_id.
WITH members AS (
    SELECT source AS call_source, call_id, source, contact_id
    FROM fact_call_legs
    UNION
    SELECT call_source, call_id, source, contact_id
    FROM fact_call_tickets
    WHERE NOT separate
),
ranked_links AS (
    SELECT
        m.call_source,
        m.call_id,
        link.order_id,
        link.person_key,
        link.linked_by,
        kinds.place,
        row_number() OVER (
            PARTITION BY m.call_source, m.call_id
            ORDER BY kinds.place, link.source, link.contact_id
        ) AS choice
    FROM members AS m
    JOIN fact_links AS link ON link.source = m.source AND link.contact_id = m.contact_id
    JOIN fact_link_kinds AS kinds ON kinds.linked_by = link.linked_by
)
SELECT
    ranked_links.call_source AS source,
    ranked_links.call_id AS contact_id,
    ranked_links.order_id,
    ranked_links.person_key,
    ranked_links.linked_by
FROM ranked_links
LEFT JOIN fact_links AS call_link
    ON call_link.source = ranked_links.call_source AND call_link.contact_id = ranked_links.call_id
LEFT JOIN fact_link_kinds AS call_kinds ON call_kinds.linked_by = call_link.linked_by
WHERE ranked_links.choice = 1 AND (call_kinds.place IS NULL OR call_kinds.place > ranked_links.place)
