-- Contacts: a contact is one episode in which a customer reaches the service, on any channel: a ticket, a call, a chat,
-- a letter. Here each is whole: what is its own (fact_episodes) and what its profile says (fact_profiles). `counted`
-- marks those that KPIs count: inbound (or of an unknown direction), no spam, not made by a machine, not merged into
-- another, and neither a further leg of a call nor the ticket of a call or chat, unless the settings count such
-- tickets. `wismo`: its reason is "where is my order". `linked_by` says by what it was tied to its order
-- (fact_link_kinds). `issue_reason`: the reason, or the one that a contact without a reason is taken to have.
-- `promise_stage`: whether it came before or after the promise of its order, or after its delivery. Columns
-- that no KPI reads are worked out only by the query that asks for them.
-- Grain: one row per contact episode. Key: contact_uid (source/contact_id).
WITH whole_contacts AS (
    SELECT
        e.*,
        p.*,
        p.source || '/' || e.contact_id AS contact_uid,
        e.person_key IS NOT NULL OR e.order_id IS NOT NULL AS identified,
        CASE
            WHEN e.order_id IS NOT NULL THEN 'order ' || e.order_id
            WHEN e.person_key IS NOT NULL THEN 'customer ' || CAST(e.person_key AS STRING)
        END AS journey_key
    FROM fact_episodes AS e
    JOIN fact_profiles AS p ON p.profile_id = e.profile_id
)
SELECT
    contact_uid,
    source,
    contact_id,
    grain,
    channel,
    coalesce(brand, order_brand) AS brand,
    coalesce(country, order_country) AS country,
    lang,
    queue,
    team,
    agent,
    created_at,
    created_on,
    as_of,
    as_of_on,
    brand_as_of_on,
    counted,
    reason,
    reason_by,
    classified,
    wismo,
    complaint,
    order_id,
    coalesce(linked_by, 'none') AS linked_by,
    order_id IS NOT NULL AS linked,
    promised_to,
    coalesce(created_at <= promised_to, FALSE) AS before_promise_end,
    promise_stage,
    order_late,
    carrier,
    person_key,
    journey_key || '/' || coalesce(issue_reason, '') AS issue_key,
    journey_key,
    identified,
    CASE
        WHEN counted AND identified
            THEN lag(created_at) OVER (
                PARTITION BY counted, journey_key, issue_reason ORDER BY created_at, contact_uid
            )
    END AS previous_at,
    CASE
        WHEN counted AND identified
            THEN lead(created_at) OVER (
                PARTITION BY counted, journey_key, issue_reason ORDER BY created_at, contact_uid
            )
    END AS next_at,
    gap_previous_s,
    gap_next_s,
    journey_gap_previous_s,
    journey_gap_next_s,
    issue_reason,
    certain_gap_previous_s,
    certain_gap_next_s,
    possible_gap_previous_s,
    possible_gap_next_s,
    channel_unknown,
    in_writing,
    offered,
    queue_unknown,
    -- Where one of the two is unknown it follows from the other: who hung up was not answered, and who was answered did
    -- not hang up in the queue.
    coalesce(answered, CASE WHEN abandoned THEN FALSE END) AS answered,
    coalesce(abandoned, CASE WHEN answered THEN FALSE END) AS abandoned,
    coalesce(short_abandon, abandoned AND wait_s <= {short_abandon_s}, FALSE) AS short_abandon,
    wait_s,
    answer_column,
    abandon_column,
    wait_column,
    handled,
    reply_expected,
    first_reply_s,
    -- A reply that was counted but not timed, or whose time cannot be true, is a reply.
    has_reply OR coalesce(agent_replies > 0, FALSE) AS replied,
    bot_solution AND NOT has_reply AND NOT coalesce(agent_replies > 0, FALSE) AS bot_resolved,
    bot_answer OR bot_solution AS bot_answer,
    bot_failure AND NOT has_reply AND NOT coalesce(agent_replies > 0, FALSE) AS bot_failure,
    reply_target_s,
    CASE WHEN as_of >= created_at THEN seconds_between(as_of, created_at) END AS age_s,
    status,
    solved,
    still_solved,
    solution_column,
    solution_unknown,
    resolution_s,
    reopens_known,
    reopens_unknown,
    reopened,
    transfers_known,
    transfers_unknown,
    transferred,
    agent_replies,
    customer_messages,
    bot_involved
FROM whole_contacts
