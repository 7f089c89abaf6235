-- How many counted contacts are linked to each order: what tells how strongly contacts cluster in few orders.
-- Grain: one row per order of the shop with a date. Key: order_id.
SELECT
    o.order_id,
    o.ordered_on,
    o.brand,
    o.country,
    o.carrier,
    count(c.contact_uid) AS contacts,
    count(*) FILTER (WHERE c.wismo) AS wismo_contacts
FROM fact_orders AS o
LEFT JOIN fact_contacts AS c ON c.order_id = o.order_id AND c.counted
WHERE o.ordered_on IS NOT NULL
GROUP BY o.order_id, o.ordered_on, o.brand, o.country, o.carrier
