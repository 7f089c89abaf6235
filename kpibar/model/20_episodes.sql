-- Contacts as they are stored: what each has of its own, the order it is about, and the gaps to the previous and next
-- contact of the same journey (the same order, else the same customer, whatever the reason and channel) and of the same
-- issue (the same journey and reason), however long ago: where an issue or a journey ends is decided in fact_issues and
-- fact_journeys. What it shares with others stands in its profile; fact_contacts shows the whole.
-- A contact without a reason is taken to be of the issue of the contact with a reason that is nearest in its journey,
-- within {issue_link_days} days, where contacts of one journey that are so many days apart mostly have the same reason:
-- of the pairs of which both reasons are known, and ten more that are assumed to agree, half or more do.
-- Grain: one row per contact episode. Key: contact_id within the source of its profile_id.
WITH linked_contacts AS (
    SELECT
        p.profile_id,
        p.source_number,
        p.reason_number,
        agents.agent_number,
        c.contact_id,
        c.created_at,
        c.created_on,
        p.countable AND NOT c.is_copy AS counted,
        coalesce(
            person.person_key, c.customer_key, c.customer_alias_key, surer.person_key, link.person_key
        ) AS person_key,
        coalesce(surer.order_id, link.order_id) AS order_id,
        coalesce(surer.linked_by, link.linked_by) AS linked_by,
        c.wait_s,
        -- The reply of a person. A first reply at the moment of the bot's own is the bot's.
        coalesce(
            CASE
                WHEN c.first_human_reply_at IS NOT NULL OR c.first_bot_reply_at IS NULL THEN c.first_reply_s
                WHEN c.first_reply_s > seconds_between(c.first_bot_reply_at, c.created_at) + 1 THEN c.first_reply_s
                WHEN c.first_reply_s < seconds_between(c.first_bot_reply_at, c.created_at) - 1 THEN c.first_reply_s
            END,
            seconds_between(
                coalesce(
                    c.first_human_reply_at,
                    CASE
                        WHEN NOT p.bot THEN c.first_reply_at
                        WHEN c.first_bot_reply_at IS NOT NULL AND c.first_reply_at IS DISTINCT FROM c.first_bot_reply_at
                            THEN c.first_reply_at
                    END
                ),
                c.created_at
            )
        ) AS reply_gap_s,
        coalesce(
            c.resolution_s,
            seconds_between(coalesce(c.resolved_at, c.closed_at), c.created_at)
        ) AS resolution_gap_s,
        c.agent_replies,
        c.customer_messages
    FROM fact_records AS c
    JOIN fact_profiles AS p
        ON p.source = c.source
        AND p.resolution_source = c.resolution_source
        AND p.grain IS NOT DISTINCT FROM c.grain
        AND p.channel IS NOT DISTINCT FROM c.channel
        AND p.direction IS NOT DISTINCT FROM c.direction
        AND p.brand IS NOT DISTINCT FROM c.brand
        AND p.country IS NOT DISTINCT FROM c.country
        AND p.lang IS NOT DISTINCT FROM c.lang
        AND p.queue IS NOT DISTINCT FROM c.queue
        AND p.team IS NOT DISTINCT FROM c.team
        AND p.reason IS NOT DISTINCT FROM c.reason
        AND p.reason_by IS NOT DISTINCT FROM c.reason_by
        AND p.status IS NOT DISTINCT FROM c.status
        AND p.queued IS NOT DISTINCT FROM c.queued
        AND p.in_hours IS NOT DISTINCT FROM c.in_hours
        AND p.answered IS NOT DISTINCT FROM c.answered
        AND p.abandoned IS NOT DISTINCT FROM c.abandoned
        AND p.short_abandon IS NOT DISTINCT FROM c.short_abandon
        AND p.bot_involved IS NOT DISTINCT FROM c.bot_involved
        AND p.escalated IS NOT DISTINCT FROM c.escalated
        AND p.automated IS NOT DISTINCT FROM c.automated
        AND p.spam IS NOT DISTINCT FROM c.spam
        AND p.merged = (c.merged_into IS NOT NULL)
        AND p.bot_replied = (c.first_bot_reply_at IS NOT NULL)
        AND p.handed_off = (c.bot_handed_off_at IS NOT NULL)
        AND p.resolution_dated = (c.resolved_at IS NOT NULL)
        AND p.closing_dated = (c.closed_at IS NOT NULL)
        AND p.resolution_timed = (c.resolution_s IS NOT NULL)
        AND p.was_reopened IS NOT DISTINCT FROM (c.reopens > 0)
        AND p.was_transferred IS NOT DISTINCT FROM (c.transfers > 0)
    LEFT JOIN fact_people AS person ON person.customer_key = coalesce(c.customer_key, c.customer_alias_key)
    LEFT JOIN fact_links AS link ON link.source = c.source AND link.contact_id = c.contact_id
    LEFT JOIN fact_call_orders AS surer ON surer.source = c.source AND surer.contact_id = c.contact_id
    LEFT JOIN fact_agents AS agents ON agents.agent_id = c.agent_id
),
traced_contacts AS (
    SELECT
        linked_contacts.*,
        -- Only contacts whose customer or order is known can be followed.
        counted AND (person_key IS NOT NULL OR order_id IS NOT NULL) AS followed,
        CASE WHEN order_id IS NULL THEN person_key END AS orderless_person_key
    FROM linked_contacts
),
-- Each contact, and the one before and after it in its journey.
journeys AS (
    SELECT
        traced_contacts.*,
        lag(reason_number) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
        ) AS journey_previous_reason,
        max(CASE WHEN reason_number IS NULL THEN created_at END) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS previous_without_reason_at,
        min(CASE WHEN reason_number IS NULL THEN created_at END) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_without_reason_at,
        lag(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
        ) AS journey_previous_at,
        lead(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
        ) AS journey_next_at
    FROM traced_contacts
),
-- The contacts that have another one of their journey within {issue_link_days} days. `reasons` counts those with a
-- reason up to it.
near_contacts AS (
    SELECT
        source_number,
        contact_id,
        created_at,
        order_id,
        orderless_person_key,
        reason_number,
        count(reason_number) OVER (
            PARTITION BY order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS reasons,
        journey_previous_reason,
        seconds_between(created_at, journey_previous_at) AS gap_s
    FROM journeys
    WHERE
        followed
        AND (
            created_at <= journey_previous_at + INTERVAL '{issue_link_days}' DAY
            OR journey_next_at <= created_at + INTERVAL '{issue_link_days}' DAY
        )
),
-- How often contacts of one journey up to a day, up to three days and further apart have the same reason, of those
-- whose reasons are both known.
agreements AS (
    SELECT
        days_apart,
        count(*) AS pairs,
        sum(CASE WHEN reason_number = journey_previous_reason THEN 1 ELSE 0 END) AS equal_pairs
    FROM (
        SELECT
            near_contacts.*,
            CASE WHEN gap_s <= 86400 THEN 1 WHEN gap_s <= 3 * 86400 THEN 3 ELSE 7 END AS days_apart
        FROM near_contacts
        WHERE
            reason_number IS NOT NULL
            AND journey_previous_reason IS NOT NULL
            AND gap_s <= {issue_link_days} * 86400
    ) AS pairs_of_contacts
    GROUP BY days_apart
),
-- The contacts without a reason, and the nearest one with a reason before and after each.
neighbours AS (
    SELECT
        c.source_number,
        c.contact_id,
        previous.reason_number AS previous_reason,
        next_one.reason_number AS next_reason,
        seconds_between(c.created_at, previous.created_at) AS previous_s,
        seconds_between(next_one.created_at, c.created_at) AS next_s
    FROM near_contacts AS c
    LEFT JOIN near_contacts AS previous
        ON previous.order_id IS NOT DISTINCT FROM c.order_id
        AND previous.orderless_person_key IS NOT DISTINCT FROM c.orderless_person_key
        AND previous.reasons = c.reasons
        AND previous.reason_number IS NOT NULL
        AND c.created_at <= previous.created_at + INTERVAL '{issue_link_days}' DAY
    LEFT JOIN near_contacts AS next_one
        ON next_one.order_id IS NOT DISTINCT FROM c.order_id
        AND next_one.orderless_person_key IS NOT DISTINCT FROM c.orderless_person_key
        AND next_one.reasons = c.reasons + 1
        AND next_one.reason_number IS NOT NULL
        AND next_one.created_at <= c.created_at + INTERVAL '{issue_link_days}' DAY
    WHERE c.reason_number IS NULL
),
-- Of the two the nearer.
nearest_reasons AS (
    SELECT
        source_number,
        contact_id,
        CASE WHEN previous_s IS NULL OR next_s < previous_s THEN next_reason ELSE previous_reason END AS reason_number,
        CASE WHEN previous_s IS NULL OR next_s < previous_s THEN next_s ELSE previous_s END AS gap_s
    FROM neighbours
    WHERE previous_s IS NOT NULL OR next_s IS NOT NULL
),
-- It is taken where contacts so many days apart mostly have the same reason.
probable_reasons AS (
    SELECT n.source_number, n.contact_id, n.reason_number
    FROM nearest_reasons AS n
    LEFT JOIN agreements
        ON agreements.days_apart = CASE WHEN n.gap_s <= 86400 THEN 1 WHEN n.gap_s <= 3 * 86400 THEN 3 ELSE 7 END
    WHERE 2 * (coalesce(agreements.equal_pairs, 0) + 10) >= coalesce(agreements.pairs, 0) + 10
),
issues AS (
    SELECT
        j.*,
        coalesce(j.reason_number, s.reason_number) AS issue_reason
    FROM journeys AS j
    LEFT JOIN probable_reasons AS s ON s.source_number = j.source_number AND s.contact_id = j.contact_id
),
issue_neighbours AS (
    SELECT
        issues.*,
        lag(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key, issue_reason
            ORDER BY created_at, source_number, contact_id
        ) AS previous_at,
        lead(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key, issue_reason
            ORDER BY created_at, source_number, contact_id
        ) AS next_at,
        max(CASE WHEN reason_number IS NOT NULL THEN created_at END) OVER (
            PARTITION BY followed, order_id, orderless_person_key, issue_reason
            ORDER BY created_at, source_number, contact_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS previous_with_reason_at,
        min(CASE WHEN reason_number IS NOT NULL THEN created_at END) OVER (
            PARTITION BY followed, order_id, orderless_person_key, issue_reason
            ORDER BY created_at, source_number, contact_id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_with_reason_at
    FROM issues
)
SELECT
    n.profile_id,
    n.contact_id,
    n.created_at,
    n.created_on,
    n.counted,
    n.person_key,
    n.order_id,
    n.linked_by,
    agents.agent,
    o.brand AS order_brand,
    o.country AS order_country,
    o.promised_to,
    o.late AS order_late,
    -- NULL where the promise is unknown, or whether the order had been delivered by then: it was delivered on an
    -- unknown day, on this day at an unknown time, or maybe after the carrier's export was taken.
    CASE
        WHEN
            o.promised_to IS NULL
            OR o.lead_unknown
            OR (
                n.created_on = o.delivered_on
                AND seconds_between(CAST(o.delivered_on AS TIMESTAMP), o.delivered_at) IN ({midnights})
            )
            OR (o.delivered_at IS NULL AND n.created_at > o.as_of)
            THEN NULL
        WHEN o.delivered_at <= n.created_at THEN 'after delivery'
        WHEN n.created_at <= o.promised_to THEN 'before promise ends'
        ELSE 'after promise'
    END AS promise_stage,
    o.carrier,
    CASE WHEN n.followed THEN seconds_between(n.created_at, n.previous_at) END AS gap_previous_s,
    CASE WHEN n.followed THEN seconds_between(n.next_at, n.created_at) END AS gap_next_s,
    CASE WHEN n.followed THEN seconds_between(n.created_at, n.journey_previous_at) END AS journey_gap_previous_s,
    CASE WHEN n.followed THEN seconds_between(n.journey_next_at, n.created_at) END AS journey_gap_next_s,
    -- The gaps to the contacts that are certainly of the issue, as both reasons are recorded and the same.
    CASE
        WHEN n.followed AND n.reason_number IS NOT NULL THEN seconds_between(n.created_at, n.previous_with_reason_at)
    END AS certain_gap_previous_s,
    CASE
        WHEN n.followed AND n.reason_number IS NOT NULL THEN seconds_between(n.next_with_reason_at, n.created_at)
    END AS certain_gap_next_s,
    -- The gaps to the contacts of the journey that may be of the issue, as one of the two reasons is not recorded.
    CASE
        WHEN n.followed AND n.reason_number IS NULL THEN seconds_between(n.created_at, n.journey_previous_at)
        WHEN n.followed THEN seconds_between(n.created_at, n.previous_without_reason_at)
    END AS possible_gap_previous_s,
    CASE
        WHEN n.followed AND n.reason_number IS NULL THEN seconds_between(n.journey_next_at, n.created_at)
        WHEN n.followed THEN seconds_between(n.next_without_reason_at, n.created_at)
    END AS possible_gap_next_s,
    reasons.reason AS issue_reason,
    -- Clocks differ by minutes: down to -300 s no time, below that an unknown time.
    CASE WHEN n.wait_s >= 0 THEN n.wait_s WHEN n.wait_s >= -300 THEN 0 END AS wait_s,
    n.reply_gap_s IS NOT NULL AS has_reply,
    CASE WHEN n.reply_gap_s >= 0 THEN n.reply_gap_s WHEN n.reply_gap_s >= -300 THEN 0 END AS first_reply_s,
    CASE WHEN n.resolution_gap_s >= 0 THEN n.resolution_gap_s WHEN n.resolution_gap_s >= -300 THEN 0 END
        AS resolution_s,
    n.agent_replies,
    n.customer_messages
FROM issue_neighbours AS n
LEFT JOIN fact_orders AS o ON o.order_id = n.order_id
LEFT JOIN (SELECT DISTINCT reason_number, reason FROM fact_profiles WHERE reason IS NOT NULL) AS reasons
    ON reasons.reason_number = n.issue_reason
LEFT JOIN fact_agents AS agents ON agents.agent_number = n.agent_number
