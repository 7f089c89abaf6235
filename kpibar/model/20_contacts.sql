-- Contacts, linked to the order they are about, with the gaps to the previous and next contact of the same issue
-- (same customer, same order, same reason, any channel) and of the same journey (same order, else same customer).
-- Grain: one row per contact episode. Key: contact_uid (source/contact_id).
WITH capable AS (
    -- What a source can know at all: a column its export lacks says nothing about its contacts.
    SELECT
        source,
        max(CASE WHEN column_name IN ('first_reply_s', 'first_reply_at', 'first_human_reply_at') THEN 1 ELSE 0 END) = 1
            AS reply_known,
        max(CASE WHEN column_name = 'reopens' THEN 1 ELSE 0 END) = 1 AS reopens_known,
        max(CASE WHEN column_name = 'transfers' THEN 1 ELSE 0 END) = 1 AS transfers_known
    FROM columns_held
    WHERE entity = 'contacts'
    GROUP BY source
),
mirrored AS (
    -- A helpdesk ticket opened for a call or chat that is itself a contact would count the episode twice. A ticket of
    -- another channel is not doubled by the call about it, nor by one the customer did not make.
    SELECT DISTINCT ticket.source, ticket.contact_id
    FROM contacts AS ticket
    JOIN contacts AS episode
        ON episode.case_id = ticket.contact_id
        AND episode.channel = ticket.channel
        AND (episode.brand = ticket.brand OR episode.brand IS NULL OR ticket.brand IS NULL)
    WHERE ticket.grain = 'case'
        AND episode.grain = 'interaction'
        AND coalesce(episode.direction, 'inbound') = 'inbound'
        AND NOT coalesce(episode.spam, FALSE)
        AND episode.merged_into IS NULL
),
known AS (
    SELECT
        c.source || '/' || c.contact_id AS contact_uid,
        c.*,
        coalesce(person.person_key, c.customer_key, c.customer_alias_key) AS own_person_key,
        speaks.as_of,
        speaks.as_of_on,
        coalesce(capable.reply_known, FALSE) AS reply_known,
        coalesce(capable.reopens_known, FALSE) AS reopens_known,
        coalesce(capable.transfers_known, FALSE) AS transfers_known,
        coalesce(c.direction, 'inbound') = 'inbound'
            AND NOT coalesce(c.spam, FALSE)
            AND NOT coalesce(c.automated, FALSE)
            AND c.merged_into IS NULL
            AND mirrored.contact_id IS NULL AS counted
    FROM contacts AS c
    LEFT JOIN fact_people AS person ON person.customer_key = coalesce(c.customer_key, c.customer_alias_key)
    LEFT JOIN sources AS speaks ON speaks.source = c.source AND speaks.entity = 'contacts'
    LEFT JOIN capable ON capable.source = c.source
    LEFT JOIN mirrored ON mirrored.source = c.source AND mirrored.contact_id = c.contact_id
),
-- The three ways a contact can be about an order, the surest first.
candidates AS (
    SELECT k.contact_uid, o.order_id, o.ordered_at, 1 AS sureness, 'reference' AS linked_by
    FROM known AS k
    JOIN fact_orders AS o
        ON o.order_key = k.order_key
        AND (o.brand = k.brand OR o.brand IS NULL OR k.brand IS NULL)
    UNION ALL
    SELECT k.contact_uid, o.order_id, o.ordered_at, 2 AS sureness, 'text' AS linked_by
    FROM known AS k
    JOIN mentions AS m ON m.source = k.source AND m.contact_id = k.contact_id
    JOIN fact_orders AS o
        ON o.order_key = m.order_key
        AND (o.brand = k.brand OR o.brand IS NULL OR k.brand IS NULL)
    WHERE
        o.ordered_at IS NULL
        OR (
            o.ordered_at <= k.created_at + INTERVAL '1' DAY
            AND k.created_at <= o.ordered_at + INTERVAL '{link_text_days}' DAY
        )
    UNION ALL
    SELECT k.contact_uid, o.order_id, o.ordered_at, 3 AS sureness, 'customer' AS linked_by
    FROM known AS k
    JOIN fact_orders AS o
        ON o.person_key = k.own_person_key
        AND (o.brand = k.brand OR o.brand IS NULL OR k.brand IS NULL)
    WHERE
        o.ordered_at <= k.created_at
        AND (
            k.created_at <= o.ordered_at + INTERVAL '{link_after_order_days}' DAY
            OR k.created_at <= o.promised_to + INTERVAL '{link_after_promise_days}' DAY
        )
),
choices AS (
    SELECT
        contact_uid,
        order_id,
        linked_by,
        row_number() OVER (
            PARTITION BY contact_uid
            ORDER BY sureness, ordered_at DESC NULLS LAST, order_id
        ) AS choice
    FROM candidates
),
linked AS (
    SELECT
        k.*,
        o.order_id,
        coalesce(choice.linked_by, 'none') AS linked_by,
        o.promised_to,
        o.late AS order_late,
        o.carrier,
        coalesce(k.own_person_key, o.person_key) AS person_key,
        coalesce(k.brand, o.brand) AS known_brand,
        coalesce(k.country, o.country) AS known_country,
        CASE
            WHEN coalesce(k.own_person_key, o.person_key) IS NULL AND o.order_id IS NULL THEN NULL
            ELSE coalesce(CAST(coalesce(k.own_person_key, o.person_key) AS VARCHAR), '') || '/' || coalesce(o.order_id, '')
                || '/' || coalesce(k.reason, '')
        END AS issue_key,
        CASE
            WHEN o.order_id IS NOT NULL THEN 'order ' || o.order_id
            WHEN k.own_person_key IS NOT NULL THEN 'customer ' || CAST(k.own_person_key AS VARCHAR)
        END AS journey_key
    FROM known AS k
    LEFT JOIN choices AS choice ON choice.contact_uid = k.contact_uid AND choice.choice = 1
    LEFT JOIN fact_orders AS o ON o.order_id = choice.order_id
),
neighbours AS (
    SELECT
        contact_uid,
        lag(created_at) OVER (PARTITION BY issue_key ORDER BY created_at, contact_uid) AS previous_at,
        lead(created_at) OVER (PARTITION BY issue_key ORDER BY created_at, contact_uid) AS next_at,
        lag(created_at) OVER (PARTITION BY journey_key ORDER BY created_at, contact_uid) AS journey_previous_at,
        lead(created_at) OVER (PARTITION BY journey_key ORDER BY created_at, contact_uid) AS journey_next_at
    FROM linked
    WHERE counted AND issue_key IS NOT NULL
)
SELECT
    l.contact_uid,
    l.source,
    l.contact_id,
    l.grain,
    l.channel,
    l.known_brand AS brand,
    l.known_country AS country,
    l.lang,
    l.queue,
    l.team,
    l.created_at,
    l.created_on,
    l.as_of,
    l.as_of_on,
    l.counted,
    l.reason,
    l.reason_by,
    l.reason IS NOT NULL AS classified,
    coalesce(l.reason = 'wismo', FALSE) AS wismo,
    coalesce(l.reason = 'complaint', FALSE) AS complaint,
    l.order_id,
    l.linked_by,
    l.order_id IS NOT NULL AS linked,
    l.promised_to,
    coalesce(l.created_at <= l.promised_to, FALSE) AS before_promise_end,
    l.order_late,
    l.carrier,
    l.person_key,
    l.issue_key,
    l.journey_key,
    l.issue_key IS NOT NULL AS identified,
    n.previous_at,
    n.next_at,
    seconds_between(l.created_at, n.previous_at) AS gap_previous_s,
    seconds_between(n.next_at, l.created_at) AS gap_next_s,
    seconds_between(l.created_at, n.journey_previous_at) AS journey_gap_previous_s,
    seconds_between(n.journey_next_at, l.created_at) AS journey_gap_next_s,
    -- Offered: it reached the queue while the service was open.
    l.channel = 'phone' AND coalesce(l.queued, FALSE) AND coalesce(l.in_hours, TRUE) AS offered,
    l.answered,
    l.abandoned,
    coalesce(l.short_abandon, l.abandoned AND l.wait_s <= {short_abandon_s}, FALSE) AS short_abandon,
    l.wait_s,
    -- Nobody handles a call that is not answered; a written contact waits until somebody does.
    l.channel <> 'phone' OR coalesce(l.answered, NOT coalesce(l.queued, FALSE)) AS handled,
    l.channel <> 'phone' AND l.reply_known AS reply_expected,
    coalesce(
        l.first_reply_s,
        seconds_between(
            coalesce(l.first_human_reply_at, CASE WHEN NOT coalesce(l.bot_involved, FALSE) THEN l.first_reply_at END),
            l.created_at
        )
    ) AS first_reply_s,
    coalesce(l.bot_involved, FALSE) AND l.bot_handed_off_at IS NULL AND (l.resolved_at IS NOT NULL OR coalesce(l.status IN ('solved', 'closed'), FALSE)) AS bot_resolved,
    CASE l.channel
        WHEN 'email' THEN {reply_target_email_s}
        WHEN 'chat' THEN {reply_target_chat_s}
        WHEN 'messaging' THEN {reply_target_messaging_s}
        WHEN 'social' THEN {reply_target_social_s}
        ELSE {reply_target_other_s}
    END AS reply_target_s,
    seconds_between(l.as_of, l.created_at) AS age_s,
    l.status,
    coalesce(l.status IN ('solved', 'closed'), FALSE)
        OR l.resolved_at IS NOT NULL
        OR l.resolution_s IS NOT NULL AS solved,
    coalesce(
        l.resolution_s,
        seconds_between(coalesce(l.resolved_at, l.closed_at), l.created_at)
    ) AS resolution_s,
    l.reopens_known AND l.reopens IS NOT NULL AS reopens_known,
    coalesce(l.reopens, 0) > 0 AS reopened,
    l.transfers_known AND l.transfers IS NOT NULL AS transfers_known,
    coalesce(l.transfers, 0) > 0 AS transferred,
    l.agent_replies,
    l.customer_messages,
    l.bot_involved
FROM linked AS l
LEFT JOIN neighbours AS n ON n.contact_uid = l.contact_uid
