-- Contacts as they are stored: what each has of its own, the order it is about, and the gaps to the previous and next
-- contact of the same customer, order and reason (whatever the channel), and to those of the same order, else of the
-- same customer, however long ago: where an issue or a journey ends is decided in fact_issues and fact_journeys. What
-- it shares with others stands in its profile; fact_contacts shows the whole.
-- Grain: one row per contact episode. Key: contact_id within the source of its profile_id.
WITH linked_contacts AS (
    SELECT
        p.profile_id,
        p.source_number,
        p.reason_number,
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
),
traced_contacts AS (
    SELECT
        linked_contacts.*,
        -- Only contacts whose customer or order is known can be followed.
        counted AND (person_key IS NOT NULL OR order_id IS NOT NULL) AS followed,
        CASE WHEN order_id IS NULL THEN person_key END AS orderless_person_key
    FROM linked_contacts
),
neighbours AS (
    SELECT
        traced_contacts.*,
        lag(created_at) OVER (
            PARTITION BY followed, person_key, order_id, reason_number ORDER BY created_at, source_number, contact_id
        ) AS previous_at,
        lead(created_at) OVER (
            PARTITION BY followed, person_key, order_id, reason_number ORDER BY created_at, source_number, contact_id
        ) AS next_at,
        lag(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
        ) AS journey_previous_at,
        lead(created_at) OVER (
            PARTITION BY followed, order_id, orderless_person_key ORDER BY created_at, source_number, contact_id
        ) AS journey_next_at
    FROM traced_contacts
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
    o.brand AS order_brand,
    o.country AS order_country,
    o.promised_to,
    o.late AS order_late,
    o.carrier,
    CASE WHEN n.followed THEN seconds_between(n.created_at, n.previous_at) END AS gap_previous_s,
    CASE WHEN n.followed THEN seconds_between(n.next_at, n.created_at) END AS gap_next_s,
    CASE WHEN n.followed THEN seconds_between(n.created_at, n.journey_previous_at) END AS journey_gap_previous_s,
    CASE WHEN n.followed THEN seconds_between(n.journey_next_at, n.created_at) END AS journey_gap_next_s,
    -- Clocks differ by minutes: down to -300 s no time, below that an unknown time.
    CASE WHEN n.wait_s >= 0 THEN n.wait_s WHEN n.wait_s >= -300 THEN 0 END AS wait_s,
    n.reply_gap_s IS NOT NULL AS has_reply,
    CASE WHEN n.reply_gap_s >= 0 THEN n.reply_gap_s WHEN n.reply_gap_s >= -300 THEN 0 END AS first_reply_s,
    CASE WHEN n.resolution_gap_s >= 0 THEN n.resolution_gap_s WHEN n.resolution_gap_s >= -300 THEN 0 END
        AS resolution_s,
    n.agent_replies,
    n.customer_messages
FROM neighbours AS n
LEFT JOIN fact_orders AS o ON o.order_id = n.order_id
