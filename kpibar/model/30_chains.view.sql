-- Chains of contacts until {issue_gap_days} days of silence, as two views of one shape. fact_issues: contacts of one
-- customer about one order for one reason, on any channel. fact_journeys: all contacts about one order (else of one
-- customer), whatever the reason and channel.
-- Only contacts whose customer or order is known can be followed; the others are in no chain.
-- Grain: one row per issue or journey, described by its first contact. Key: issue_id or journey_id.
WITH followed AS (
    SELECT
        fact_contacts.*,
        CASE
            WHEN {gap}gap_previous_s <= {issue_gap_days} * 86400 THEN 0
            ELSE 1
        END AS opens
    FROM fact_contacts
    WHERE counted AND identified
),
numbered AS (
    SELECT
        followed.*,
        sum(opens) OVER (PARTITION BY {chain}_key ORDER BY created_at, contact_uid) AS number_of_key
    FROM followed
),
placed AS (
    SELECT
        numbered.*,
        count(*) OVER (PARTITION BY {chain}_key, number_of_key) AS contacts
    FROM numbered
)
SELECT
    {chain}_key || '/' || CAST(number_of_key AS STRING) AS {chain}_id,
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
    bot_failure AS first_bot_failure,
    {gap}gap_next_s AS gap_next_s,
    contacts
FROM placed
WHERE opens = 1
