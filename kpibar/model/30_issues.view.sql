-- Issues: what one customer contacts the service about, on any channel. The contacts of an issue are counted contacts
-- about one order, else of one customer without an order, for one reason, each at most {issue_gap_days} days after the
-- one before; a longer silence opens a new issue. A contact without a reason is of the issue of the nearest contact of
-- its journey that has one (fact_episodes says when); else NULL counts as a reason of its own.
-- A contact of which neither the customer nor the order is known cannot be followed and is in no issue. `as_of_on` is
-- the last day of which its own source and every one of the brand that goes on speak: a second contact may come on any
-- of them.
-- Grain: one row per issue, described by its first contact. Key: issue_id.
WITH followed_contacts AS (
    SELECT
        fact_contacts.*,
        CASE WHEN gap_previous_s <= {issue_gap_days} * 86400 THEN 0 ELSE 1 END AS opens
    FROM fact_contacts
    WHERE counted AND identified
),
numbered_contacts AS (
    SELECT
        followed_contacts.*,
        -- The place of its issue among those of the same order, else customer, and reason.
        sum(opens) OVER (PARTITION BY issue_key ORDER BY created_at, contact_uid) AS issue_number
    FROM followed_contacts
),
sized_contacts AS (
    SELECT
        numbered_contacts.*,
        count(*) OVER (PARTITION BY issue_key, issue_number) AS contacts
    FROM numbered_contacts
)
SELECT
    issue_key || '/' || CAST(issue_number AS STRING) AS issue_id,
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
    gap_next_s,
    certain_gap_next_s,
    possible_gap_next_s,
    contacts
FROM sized_contacts
WHERE opens = 1
