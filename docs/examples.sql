-- # Late orders by carrier and month
-- The base of the KPI `late_share`: orders whose promise can be judged, by the month in which it ended.
SELECT
    strftime(promised_on, '%Y-%m') AS month,
    carrier,
    count(*) AS orders,
    count(*) FILTER (WHERE late) AS late,
    round(count(*) FILTER (WHERE late) / count(*), 3) AS late_share
FROM fact_orders
WHERE due AND NOT cancelled AND promised_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY ALL
ORDER BY month, carrier

-- # The same figure as in the report
-- Late deliveries of the year, as `kpibar report --kpi late_share` has them.
SELECT count(*) FILTER (WHERE late) AS late, count(*) AS orders
FROM fact_orders
WHERE due AND NOT cancelled AND promised_on BETWEEN '2025-01-01' AND '2025-12-31'

-- # The records behind a KPI
-- The late orders themselves, worst first; an order that has not come yet has no delay.
SELECT order_ref, brand, carrier, promised_on, delivered_on, round(lateness_s / 86400, 1) AS days_late
FROM fact_orders
WHERE late AND due AND NOT cancelled AND promised_on BETWEEN '2025-01-01' AND '2025-12-31'
ORDER BY lateness_s DESC NULLS FIRST, order_ref

-- # Where is my order, by brand
-- The KPI `wismo_share`, of counted contacts with a known reason.
SELECT brand, count(*) FILTER (WHERE wismo) AS wismo, count(*) AS contacts
FROM fact_contacts
WHERE counted AND classified AND created_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY brand
ORDER BY brand

-- # Contacts of one order
-- All that customers wrote or called about it, and how it is known to be about it.
SELECT c.created_at, c.channel, c.reason, c.promise_stage, c.linked_by, c.contact_uid
FROM fact_orders AS o
JOIN fact_contacts AS c ON c.order_id = o.order_id
WHERE o.order_ref = '#104512' AND c.counted
ORDER BY c.created_at

-- # Reasons by channel
-- How many contacts of each reason, and their share in the channel.
SELECT
    channel,
    coalesce(reason, 'unknown') AS reason,
    count(*) AS contacts,
    round(count(*) / sum(count(*)) OVER (PARTITION BY channel), 3) AS share
FROM fact_contacts
WHERE counted AND created_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY 1, 2
ORDER BY channel, contacts DESC, reason

-- # Orders without a promise
-- Nobody knows whether they were late; an order without a parcel has no carrier.
SELECT brand, carrier, count(*) AS orders, count(*) FILTER (WHERE delivered_at IS NOT NULL) AS delivered
FROM fact_orders
WHERE NOT promised AND NOT cancelled AND ordered_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY ALL
ORDER BY orders DESC, brand, carrier

-- # Time to first reply by team
-- Of those that were answered; the KPI `frt_median` also takes those that still wait into account.
SELECT
    team,
    count(*) AS contacts,
    count(first_reply_s) AS answered,
    round(median(first_reply_s) / 3600, 1) AS median_hours,
    round(quantile_cont(first_reply_s, 0.9) / 3600, 1) AS hours_of_90_percent
FROM fact_contacts
WHERE counted AND reply_expected AND created_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY team
ORDER BY contacts DESC, team

-- # Do late orders make more contacts
-- Contacts per 100 orders, of late ones and of those that were in time.
SELECT o.late, count(*) AS orders, sum(c.contacts) AS contacts, round(100 * sum(c.contacts) / count(*), 1) AS per_100
FROM fact_orders AS o
JOIN fact_order_contacts AS c ON c.order_id = o.order_id
WHERE o.due AND NOT o.cancelled AND o.promised_on BETWEEN '2025-01-01' AND '2025-12-31'
GROUP BY o.late
ORDER BY o.late

-- # Rejects by reason
-- What was not loaded, and the first line of each kind.
SELECT f.name, r.column_name, r.reason, count(*) AS rejects, min(r.line) AS first_line
FROM rejects AS r
JOIN files AS f ON f.file_id = r.file_id
GROUP BY ALL
ORDER BY rejects DESC, f.name, r.column_name, r.reason

-- # Which files were read
-- And up to when each of them speaks.
SELECT name, entity, brand, records, added + updated AS loaded, rejected, as_of, ingested_at
FROM files
ORDER BY file_id
