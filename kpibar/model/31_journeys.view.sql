-- Journeys: all that one order makes customers contact the service about, whatever the reason and channel; where the
-- order is unknown, the contacts of one customer without an order. The contacts of a journey are counted contacts, each
-- at most {issue_gap_days} days after the one before; a longer silence opens a new journey.
-- A contact of which neither the customer nor the order is known cannot be followed and is in no journey.
-- Grain: one row per journey, described by its first contact. Key: journey_id.
WITH followed_contacts AS (
    SELECT
        fact_contacts.*,
        CASE WHEN journey_gap_previous_s <= {issue_gap_days} * 86400 THEN 0 ELSE 1 END AS opens
    FROM fact_contacts
    WHERE counted AND identified
),
numbered_contacts AS (
    SELECT
        followed_contacts.*,
        -- The place of its journey among those of the same order, else of the same customer.
        sum(opens) OVER (PARTITION BY journey_key ORDER BY created_at, contact_uid) AS journey_number
    FROM followed_contacts
),
sized_contacts AS (
    SELECT
        numbered_contacts.*,
        count(*) OVER (PARTITION BY journey_key, journey_number) AS contacts
    FROM numbered_contacts
)
SELECT
    journey_key || '/' || CAST(journey_number AS STRING) AS journey_id,
    contact_uid AS first_contact_uid,
    created_at AS opened_at,
    created_on AS opened_on,
    brand_as_of_on AS as_of_on,
    channel,
    brand,
    country,
    reason,
    carrier,
    lang,
    queue,
    team,
    agent,
    order_id,
    handled AS first_handled,
    bot_failure AS first_bot_failure,
    journey_gap_next_s AS gap_next_s,
    contacts
FROM sized_contacts
WHERE opens = 1
