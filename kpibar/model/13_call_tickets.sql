-- Tickets that a helpdesk opened for a call or chat which is itself a contact. `evidence` tells how that is known:
-- 'case', the call or chat names the ticket; 'time', a telephone ticket of the caller, created while the call ran or
-- within {phone_ticket_s} s of it. A ticket is that of a call that shares an identifier with it before that of a call
-- of the same person; then of the call that began last before it (or within a minute after it), else of the next one. A
-- ticket of another channel or brand is a contact of its own; so is one of another direction, unless the call names it,
-- and the ticket of a call or chat that does not count (spam, automated, merged). A ticket that a call names may be of
-- any source. `separate`: the settings say that tickets found by time, of this file or of the file of the calls, are
-- contacts of their own; a ticket that a call names never is.
-- Grain: one row per such ticket and call or chat; with evidence 'time' a ticket has one call. Key: source, contact_id,
-- call_source, call_id. The call_id of a call of several legs is that of its first leg.
WITH named_tickets AS (
    SELECT
        ticket.source,
        ticket.contact_id,
        episode.source AS call_source,
        episode.contact_id AS leg_id
    FROM contacts AS ticket
    JOIN contacts AS episode
        ON episode.case_id = ticket.contact_id
        AND episode.channel = ticket.channel
        AND (episode.brand = ticket.brand OR episode.brand IS NULL OR ticket.brand IS NULL)
    WHERE ticket.grain = 'case'
        AND episode.grain = 'interaction'
        AND coalesce(episode.direction, 'inbound') = 'inbound'
        AND NOT coalesce(episode.spam, FALSE)
        AND NOT coalesce(episode.automated, FALSE)
        AND episode.merged_into IS NULL
),
tickets AS (
    SELECT
        t.source,
        t.contact_id,
        t.file_id,
        t.brand,
        t.customer_key,
        t.customer_alias_key,
        coalesce(by_alias.person_key, by_key.person_key) AS person_key,
        seconds_between(t.created_at, TIMESTAMP '2000-01-01 00:00:00') AS begins_s
    FROM contacts AS t
    LEFT JOIN fact_people AS by_key ON by_key.customer_key = t.customer_key
    LEFT JOIN fact_people AS by_alias ON by_alias.customer_key = t.customer_alias_key
    LEFT JOIN fact_calls AS call_record ON call_record.source = t.source AND call_record.contact_id = t.contact_id
    LEFT JOIN (SELECT DISTINCT source, contact_id FROM named_tickets) AS case_tickets
        ON case_tickets.source = t.source AND case_tickets.contact_id = t.contact_id
    WHERE t.channel = 'phone'
        AND coalesce(t.grain, 'case') = 'case'
        AND coalesce(t.direction, 'inbound') = 'inbound'
        AND NOT coalesce(t.spam, FALSE)
        AND NOT coalesce(t.automated, FALSE)
        AND t.merged_into IS NULL
        AND (t.customer_key IS NOT NULL OR t.customer_alias_key IS NOT NULL)
        AND call_record.contact_id IS NULL
        AND case_tickets.contact_id IS NULL
),
-- Ticket and call may know the customer by different identifiers: by any of them, or by the person behind them.
ticket_keys AS (
    SELECT source, contact_id, file_id, brand, begins_s, customer_key AS match_key, 0 AS by_person FROM tickets
    UNION ALL
    SELECT source, contact_id, file_id, brand, begins_s, customer_alias_key AS match_key, 0 AS by_person FROM tickets
    UNION ALL
    SELECT source, contact_id, file_id, brand, begins_s, person_key AS match_key, 1 AS by_person FROM tickets
),
-- A call that names a ticket which is there has its ticket.
calls AS (
    SELECT c.*
    FROM fact_calls AS c
    LEFT JOIN (SELECT DISTINCT call_source, leg_id FROM named_tickets) AS case_calls
        ON case_calls.call_source = c.source AND case_calls.leg_id = c.contact_id
    WHERE NOT c.shared_number AND case_calls.leg_id IS NULL
),
call_keys AS (
    SELECT source, contact_id, file_id, brand, begins_s, ends_s, customer_key AS match_key, 0 AS by_person FROM calls
    UNION ALL
    SELECT source, contact_id, file_id, brand, begins_s, ends_s, customer_alias_key AS match_key, 0 AS by_person
    FROM calls
    UNION ALL
    SELECT source, contact_id, file_id, brand, begins_s, ends_s, caller_key AS match_key, 1 AS by_person FROM calls
),
pairs AS (
    SELECT
        t.source,
        t.contact_id,
        c.source AS call_source,
        c.contact_id AS leg_id,
        t.file_id IN ({separate_files}) OR c.file_id IN ({separate_files}) AS separate,
        row_number() OVER (
            PARTITION BY t.source, t.contact_id
            ORDER BY
                t.by_person + c.by_person,
                CASE WHEN c.begins_s <= t.begins_s + 60 THEN 0 ELSE 1 END,
                CASE WHEN c.begins_s < t.begins_s THEN t.begins_s - c.begins_s ELSE c.begins_s - t.begins_s END,
                c.source,
                c.contact_id
        ) AS choice
    FROM ticket_keys AS t
    JOIN call_keys AS c
        ON c.match_key = t.match_key
        AND (c.brand = t.brand OR c.brand IS NULL OR t.brand IS NULL)
        AND t.begins_s >= c.begins_s - {phone_ticket_s}
        AND t.begins_s <= coalesce(c.ends_s, c.begins_s) + {phone_ticket_s}
),
matches AS (
    SELECT source, contact_id, call_source, leg_id, 'case' AS evidence, FALSE AS separate
    FROM named_tickets
    UNION ALL
    SELECT source, contact_id, call_source, leg_id, 'time' AS evidence, separate
    FROM pairs
    WHERE choice = 1
)
SELECT DISTINCT
    matches.source,
    matches.contact_id,
    matches.call_source,
    coalesce(leg.call_id, matches.leg_id) AS call_id,
    matches.evidence,
    matches.separate
FROM matches
LEFT JOIN fact_call_legs AS leg ON leg.source = matches.call_source AND leg.contact_id = matches.leg_id
