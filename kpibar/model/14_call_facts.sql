-- What a call or chat is counted with, where it has several legs or a ticket. The legs that reached a queue decide for
-- the call (all of them, where none did): it was answered if one of them was, and the caller waited from the queueing
-- of the first until the first answer. The reason is that of the first leg or ticket that has one, and what became of
-- it (status, resolution, reopens) that of the first that tells it, all from one record; brand, country, language,
-- queue and team of the earliest ticket stand in where the call has none. `resolution_source` is the source that tells
-- whether it was solved.
-- Grain: one row per call or chat with several legs or a ticket. Key: source, contact_id.
WITH members AS (
    SELECT source AS call_source, call_id, source, contact_id, place, TRUE AS is_leg
    FROM fact_call_legs
    UNION ALL
    -- A call of one leg that has a ticket.
    SELECT DISTINCT t.call_source, t.call_id, t.call_source AS source, t.call_id AS contact_id, 1 AS place, TRUE AS is_leg
    FROM fact_call_tickets AS t
    LEFT JOIN fact_call_legs AS leg ON leg.source = t.call_source AND leg.contact_id = t.call_id
    WHERE leg.contact_id IS NULL AND NOT t.separate
    UNION ALL
    SELECT DISTINCT call_source, call_id, source, contact_id, 1000 AS place, FALSE AS is_leg
    FROM fact_call_tickets
    WHERE NOT separate
),
member_records AS (
    SELECT
        m.call_source,
        m.call_id,
        m.place,
        m.is_leg,
        c.*,
        m.is_leg AND (
            coalesce(c.queued, FALSE)
            OR max(CASE WHEN m.is_leg AND c.queued THEN 1 ELSE 0 END) OVER (PARTITION BY m.call_source, m.call_id) = 0
        ) AS decides,
        row_number() OVER (
            PARTITION BY m.call_source, m.call_id
            ORDER BY CASE WHEN c.reason IS NULL THEN 1 ELSE 0 END, m.place, c.created_at, c.source, c.contact_id
        ) AS reason_rank,
        row_number() OVER (
            PARTITION BY m.call_source, m.call_id
            ORDER BY
                CASE WHEN coalesce(c.status, CAST(c.reopens AS STRING)) IS NULL
                    AND c.resolved_at IS NULL
                    AND c.resolution_s IS NULL THEN 1 ELSE 0 END,
                m.place,
                c.created_at,
                c.source,
                c.contact_id
        ) AS resolution_rank,
        row_number() OVER (
            PARTITION BY m.call_source, m.call_id
            ORDER BY CASE WHEN m.is_leg THEN 1 ELSE 0 END, c.created_at, c.source, c.contact_id
        ) AS ticket_rank
    FROM members AS m
    JOIN contacts AS c ON c.source = m.source AND c.contact_id = m.contact_id
),
places AS (
    SELECT
        member_records.*,
        min(CASE WHEN decides THEN place END) OVER (PARTITION BY call_source, call_id) AS queue_place,
        min(CASE WHEN decides AND answered THEN place END) OVER (PARTITION BY call_source, call_id) AS answer_place,
        max(CASE WHEN decides THEN place END) OVER (PARTITION BY call_source, call_id) AS last_place
    FROM member_records
),
calls AS (
    SELECT
        call_source,
        call_id,
        count(*) FILTER (WHERE is_leg) AS legs,
        max(CASE WHEN decides AND queued THEN 1 WHEN decides AND NOT queued THEN 0 END) AS queued,
        max(CASE WHEN decides AND in_hours THEN 1 WHEN decides AND NOT in_hours THEN 0 END) AS in_hours,
        max(CASE WHEN decides AND answered THEN 1 WHEN decides AND NOT answered THEN 0 END) AS answered,
        max(CASE WHEN decides AND abandoned THEN 1 WHEN decides AND NOT abandoned THEN 0 END) AS abandoned,
        max(CASE WHEN decides AND short_abandon THEN 1 WHEN decides AND NOT short_abandon THEN 0 END) AS short_abandon,
        min(queue_place) AS queue_place,
        min(coalesce(answer_place, last_place)) AS final_place,
        max(CASE WHEN place = queue_place THEN created_at END) AS queue_created_at,
        max(CASE WHEN place = queue_place THEN ivr_s END) AS queue_ivr_s,
        max(CASE WHEN place = coalesce(answer_place, last_place) THEN created_at END) AS final_created_at,
        max(CASE WHEN place = coalesce(answer_place, last_place) THEN ivr_s END) AS final_ivr_s,
        max(CASE WHEN place = coalesce(answer_place, last_place) THEN wait_s END) AS final_wait_s,
        sum(CASE WHEN is_leg THEN transfers END) AS transfers,
        max(CASE WHEN is_leg AND place > answer_place THEN 1 ELSE 0 END) AS passed_on,
        max(CASE WHEN reason_rank = 1 THEN reason END) AS reason,
        max(CASE WHEN reason_rank = 1 THEN reason_by END) AS reason_by,
        max(CASE WHEN resolution_rank = 1 THEN source END) AS resolution_source,
        max(CASE WHEN resolution_rank = 1 THEN status END) AS status,
        max(CASE WHEN resolution_rank = 1 THEN resolved_at END) AS resolved_at,
        max(CASE WHEN resolution_rank = 1 THEN resolution_s END) AS resolution_s,
        max(CASE WHEN resolution_rank = 1 THEN reopens END) AS reopens,
        max(CASE WHEN ticket_rank = 1 THEN customer_key END) AS ticket_customer_key,
        max(CASE WHEN ticket_rank = 1 THEN brand END) AS ticket_brand,
        max(CASE WHEN ticket_rank = 1 THEN country END) AS ticket_country,
        max(CASE WHEN ticket_rank = 1 THEN lang END) AS ticket_lang,
        max(CASE WHEN ticket_rank = 1 THEN queue END) AS ticket_queue,
        max(CASE WHEN ticket_rank = 1 THEN team END) AS ticket_team,
        -- The agent of the leg that was answered first, else that of the earliest ticket.
        coalesce(
            max(CASE WHEN place = answer_place AND is_leg THEN CAST(agent_key AS STRING) END),
            max(CASE WHEN ticket_rank = 1 AND NOT is_leg THEN CAST(agent_key AS STRING) END)
        ) AS agent_id
    FROM places
    GROUP BY call_source, call_id
),
waits AS (
    SELECT
        calls.*,
        seconds_between(final_created_at, queue_created_at) - coalesce(queue_ivr_s, 0) + coalesce(final_ivr_s, 0)
            AS earlier_s
    FROM calls
)
SELECT
    call_source AS source,
    call_id AS contact_id,
    legs,
    CASE queued WHEN 1 THEN TRUE WHEN 0 THEN FALSE END AS queued,
    CASE in_hours WHEN 1 THEN TRUE WHEN 0 THEN FALSE END AS in_hours,
    CASE answered WHEN 1 THEN TRUE WHEN 0 THEN FALSE END AS answered,
    CASE
        WHEN legs > 1 AND answered = 1 AND abandoned = 1 THEN FALSE
        WHEN abandoned = 1 THEN TRUE
        WHEN abandoned = 0 THEN FALSE
    END AS abandoned,
    -- Whether a call of several legs was given up soon is told by its whole wait.
    CASE
        WHEN legs > 1 AND answered = 1 AND short_abandon = 1 THEN FALSE
        WHEN legs > 1 AND short_abandon = 1 AND final_place > queue_place THEN NULL
        WHEN short_abandon = 1 THEN TRUE
        WHEN short_abandon = 0 THEN FALSE
    END AS short_abandon,
    CASE
        WHEN final_place > queue_place AND earlier_s > 0 THEN earlier_s + final_wait_s
        ELSE final_wait_s
    END AS wait_s,
    CASE WHEN passed_on = 1 AND coalesce(transfers, 0) = 0 THEN 1 ELSE transfers END AS transfers,
    reason,
    reason_by,
    resolution_source,
    status,
    resolved_at,
    resolution_s,
    reopens,
    ticket_customer_key,
    ticket_brand,
    ticket_country,
    ticket_lang,
    ticket_queue,
    ticket_team,
    agent_id
FROM waits
