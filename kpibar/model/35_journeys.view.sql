-- Journeys: all contacts about one order (else of one customer), whatever the reason and channel, until
-- {issue_gap_days} days of silence.
-- Only contacts whose customer or order is known can be followed; the others are in no journey.
-- Grain: one row per journey, described by its first contact. Key: journey_id.
WITH followed AS (
    SELECT
        fact_contacts.*,
        CASE
            WHEN journey_gap_previous_s <= {issue_gap_days} * 86400 THEN 0
            ELSE 1
        END AS opens
    FROM fact_contacts
    WHERE counted AND identified
),
numbered AS (
    SELECT
        followed.*,
        sum(opens) OVER (PARTITION BY journey_key ORDER BY created_at, contact_uid) AS number_of_key
    FROM followed
),
placed AS (
    SELECT
        numbered.*,
        count(*) OVER (PARTITION BY journey_key, number_of_key) AS contacts
    FROM numbered
)
SELECT
    journey_key || '/' || CAST(number_of_key AS VARCHAR) AS journey_id,
    contact_uid AS first_contact_uid,
    created_at AS opened_at,
    created_on AS opened_on,
    as_of_on,
    channel,
    brand,
    country,
    reason,
    carrier,
    order_id,
    handled AS first_handled,
    journey_gap_next_s AS gap_next_s,
    contacts
FROM placed
WHERE opens = 1
