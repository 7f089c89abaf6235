-- All contact records, counted or not: as they were logged, but for calls and chats of which fact_call_facts says more.
-- `is_copy`: a further leg of a call, or the ticket of a call or chat; it is not counted, the call or chat is.
-- Grain: one row per contact record. Key: source, contact_id.
SELECT
    c.source,
    c.contact_id,
    c.grain,
    coalesce(c.customer_key, CASE WHEN c.customer_alias_key IS NULL THEN f.ticket_customer_key END) AS customer_key,
    c.customer_alias_key,
    c.channel,
    c.direction,
    c.created_at,
    c.created_on,
    c.first_reply_at,
    c.first_human_reply_at,
    c.first_bot_reply_at,
    c.first_reply_s,
    c.closed_at,
    coalesce(c.queue, f.ticket_queue) AS queue,
    coalesce(c.team, f.ticket_team) AS team,
    coalesce(f.agent_id, CAST(c.agent_key AS STRING)) AS agent_id,
    coalesce(c.brand, f.ticket_brand) AS brand,
    coalesce(c.country, f.ticket_country) AS country,
    coalesce(c.lang, f.ticket_lang) AS lang,
    c.agent_replies,
    c.customer_messages,
    c.escalated,
    c.bot_involved,
    c.bot_handed_off_at,
    c.automated,
    c.spam,
    c.merged_into,
    copies.contact_id IS NOT NULL AS is_copy,
    coalesce(f.resolution_source, c.source) AS resolution_source,
    CASE WHEN f.source IS NULL THEN c.status ELSE f.status END AS status,
    CASE WHEN f.source IS NULL THEN c.resolved_at ELSE f.resolved_at END AS resolved_at,
    CASE WHEN f.source IS NULL THEN c.resolution_s ELSE f.resolution_s END AS resolution_s,
    CASE WHEN f.source IS NULL THEN c.reopens ELSE f.reopens END AS reopens,
    CASE WHEN f.source IS NULL THEN c.queued ELSE f.queued END AS queued,
    CASE WHEN f.source IS NULL THEN c.in_hours ELSE f.in_hours END AS in_hours,
    CASE WHEN f.source IS NULL THEN c.answered ELSE f.answered END AS answered,
    CASE WHEN f.source IS NULL THEN c.abandoned ELSE f.abandoned END AS abandoned,
    CASE WHEN f.source IS NULL THEN c.short_abandon ELSE f.short_abandon END AS short_abandon,
    CASE WHEN f.source IS NULL THEN c.wait_s ELSE f.wait_s END AS wait_s,
    CASE WHEN f.source IS NULL THEN c.transfers ELSE f.transfers END AS transfers,
    CASE WHEN f.source IS NULL THEN c.reason ELSE f.reason END AS reason,
    CASE WHEN f.source IS NULL THEN c.reason_by ELSE f.reason_by END AS reason_by
FROM contacts AS c
LEFT JOIN fact_call_facts AS f ON f.source = c.source AND f.contact_id = c.contact_id
LEFT JOIN (
    SELECT source, contact_id FROM fact_call_legs WHERE place > 1
    UNION
    SELECT source, contact_id FROM fact_call_tickets WHERE NOT separate
) AS copies ON copies.source = c.source AND copies.contact_id = c.contact_id
