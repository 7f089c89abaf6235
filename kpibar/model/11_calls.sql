-- Inbound calls of known callers, with the second at which each begins and ends. A call is a telephone contact that its
-- layout calls an interaction, or of which its export says whether it was queued, answered or abandoned, or how long it
-- waited or talked; a telephone ticket of a helpdesk says nothing of that. Without a channel, a contact of which
-- queued, answered or abandoned is known (TRUE or FALSE) is a call, as in fact_profiles.
-- `begins_s` counts from a fixed day. `ends_s` is NULL where no column tells how long the call was; work after the call
-- is not in it. `shared_number`: more calls in one day than a person makes; a switchboard, or a number put for another.
-- Grain: one row per call record. Key: source, contact_id.
WITH calls AS (
    SELECT
        c.source,
        c.contact_id,
        c.file_id,
        c.brand,
        c.customer_key,
        c.customer_alias_key,
        c.answered,
        c.abandoned,
        c.queued,
        c.created_at,
        c.created_on,
        coalesce(by_alias.person_key, by_key.person_key, c.customer_alias_key, c.customer_key) AS caller_key,
        seconds_between(c.created_at, TIMESTAMP '2000-01-01 00:00:00') AS begins_s,
        CASE WHEN c.closed_at >= c.created_at THEN seconds_between(c.closed_at, c.created_at) END AS open_s,
        CASE
            WHEN c.talk_s IS NOT NULL
                THEN coalesce(c.ivr_s, 0) + coalesce(c.wait_s, 0) + c.talk_s + coalesce(c.hold_s, 0)
            WHEN c.handle_s > 0
                THEN coalesce(c.ivr_s, 0) + coalesce(c.wait_s, 0) + c.handle_s - coalesce(c.wrap_s, 0)
            WHEN NOT c.answered AND c.wait_s IS NOT NULL
                THEN coalesce(c.ivr_s, 0) + c.wait_s
        END AS parts_s
    FROM contacts AS c
    LEFT JOIN fact_people AS by_key ON by_key.customer_key = c.customer_key
    LEFT JOIN fact_people AS by_alias ON by_alias.customer_key = c.customer_alias_key
    WHERE coalesce(c.channel = 'phone', coalesce(c.queued, c.answered, c.abandoned) IS NOT NULL)
        AND coalesce(c.direction, 'inbound') = 'inbound'
        AND NOT coalesce(c.spam, FALSE)
        AND NOT coalesce(c.automated, FALSE)
        AND c.merged_into IS NULL
        AND (c.customer_key IS NOT NULL OR c.customer_alias_key IS NOT NULL)
        AND (
            coalesce(c.grain = 'interaction', FALSE)
            OR coalesce(c.answered, c.abandoned, c.queued) IS NOT NULL
            OR coalesce(c.ivr_s, c.wait_s, c.talk_s, c.hold_s) IS NOT NULL
        )
)
SELECT
    source,
    contact_id,
    file_id,
    brand,
    customer_key,
    customer_alias_key,
    caller_key,
    answered,
    abandoned,
    queued,
    created_at,
    begins_s,
    begins_s + CASE
        -- The closing is the end of the call where it is at most two minutes longer than the parts; that of a case may
        -- come days later.
        WHEN open_s <= parts_s + 120 THEN open_s
        WHEN parts_s IS NOT NULL THEN parts_s
        WHEN open_s <= 3600 THEN open_s
    END AS ends_s,
    count(*) OVER (PARTITION BY source, caller_key, created_on) > {shared_number_calls} AS shared_number
FROM calls
