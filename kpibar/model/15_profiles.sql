-- Profiles: what many contacts have in common, stored once. A profile is one combination of source, channel, direction,
-- brand, country, language, queue, team, reason, status and flags, with what follows from it (can it be counted, was it
-- offered, handled, solved; that it is a copy of another record is known in fact_episodes only). A contact names its
-- profile by number, for a number is stored, sorted and read far faster than thirty words and flags. What is a
-- contact's own (its times, customer and order) stands in fact_episodes.
-- Grain: one row per combination that some contact has. Key: profile_id (a number without meaning, its place in the
-- order of all columns, so that the same contacts have the same numbers).
WITH columns_of_sources AS (
    -- What a source can know at all: a column its export lacks says nothing about its contacts.
    SELECT
        source,
        max(CASE WHEN column_name IN ('first_reply_s', 'first_reply_at', 'first_human_reply_at') THEN 1 ELSE 0 END) = 1
            AS reply_known,
        max(CASE WHEN column_name = 'reopens' THEN 1 ELSE 0 END) = 1 AS reopens_known,
        max(CASE WHEN column_name = 'transfers' THEN 1 ELSE 0 END) = 1 AS transfers_known,
        max(CASE WHEN column_name IN ('status', 'resolved_at', 'closed_at', 'resolution_s') THEN 1 ELSE 0 END) = 1
            AS solution_known
    FROM columns_held
    WHERE entity = 'contacts'
    GROUP BY source
),
telephone_columns AS (
    -- What a source says of its calls. A column that is there but empty on every record says as little as none.
    SELECT
        source,
        count(answered) > 0 AS answer_known,
        count(abandoned) > 0 AS abandon_known,
        count(wait_s) > 0 AS wait_known
    FROM contacts
    GROUP BY source
),
numbered_sources AS (
    -- In the order of contact_uid, which begins with the source.
    SELECT source, row_number() OVER (ORDER BY source || '/') AS source_number
    FROM (SELECT DISTINCT source FROM contacts) AS names
),
-- The last day of which every source of a brand speaks. Sources that end a month before another of the brand are over:
-- what comes later is seen by those that go on. A contact or source of no brand may be of any. `brand_as_of_on` is that
-- day, or the last one of the contact's own source where that ends before.
brand_days AS (
    SELECT DISTINCT brands.brand, days.as_of_on
    FROM (SELECT DISTINCT brand FROM contacts) AS brands
    JOIN (
        SELECT DISTINCT contacts.brand, sources.as_of_on
        FROM contacts
        JOIN sources ON sources.source = contacts.source AND sources.entity = 'contacts'
        WHERE sources.as_of_on IS NOT NULL
    ) AS days
        ON days.brand = brands.brand OR days.brand IS NULL OR brands.brand IS NULL
),
brand_ends AS (
    SELECT brand, min(as_of_on) AS last_on
    FROM (SELECT brand_days.*, max(as_of_on) OVER (PARTITION BY brand) AS newest_on FROM brand_days) AS days
    WHERE as_of_on >= newest_on - INTERVAL '31' DAY
    GROUP BY brand
),
numbered_reasons AS (
    SELECT reason, row_number() OVER (ORDER BY reason NULLS LAST) AS reason_number
    FROM (SELECT DISTINCT reason FROM contacts) AS reasons
    WHERE reason IS NOT NULL
),
combinations AS (
    SELECT DISTINCT
        source,
        resolution_source,
        grain,
        channel,
        direction,
        brand,
        country,
        lang,
        queue,
        team,
        reason,
        reason_by,
        status,
        queued,
        in_hours,
        answered,
        abandoned,
        short_abandon,
        bot_involved,
        escalated,
        automated,
        spam,
        merged_into IS NOT NULL AS merged,
        first_bot_reply_at IS NOT NULL AS bot_replied,
        bot_handed_off_at IS NOT NULL AS handed_off,
        resolved_at IS NOT NULL AS resolution_dated,
        closed_at IS NOT NULL AS closing_dated,
        resolution_s IS NOT NULL AS resolution_timed,
        reopens > 0 AS was_reopened,
        transfers > 0 AS was_transferred
    FROM fact_records
),
-- Flags that other flags are made of. None of those computed here is NULL: what an empty cell stands for is decided
-- here.
flags AS (
    SELECT
        c.*,
        coalesce(source_columns.reply_known, FALSE) AS reply_column,
        coalesce(resolver.reopens_known, FALSE) AS reopen_column,
        coalesce(source_columns.transfers_known, FALSE) AS transfer_column,
        coalesce(resolver.solution_known, FALSE) AS solution_column,
        telephone_columns.answer_known AS answer_column,
        telephone_columns.abandon_known AS abandon_column,
        telephone_columns.wait_known AS wait_column,
        coalesce(c.bot_involved, FALSE) OR c.bot_replied OR c.handed_off AS bot,
        c.handed_off OR coalesce(c.escalated, FALSE) OR coalesce(c.abandoned, FALSE) AS bot_exit,
        coalesce(c.status IN ('new', 'open', 'pending', 'hold'), FALSE) AS open_status,
        -- The `closed_at` of a call is its end, and no solution; its status may tell of one.
        coalesce(c.status IN ('solved', 'closed'), FALSE)
            OR c.resolution_dated
            OR c.resolution_timed
            OR (c.closing_dated AND NOT c.telephone) AS solution
    FROM (
        SELECT
            combinations.*,
            -- A contact without a channel is a call when it says what only telephony says, else it is written.
            coalesce(channel = 'phone', queued IS NOT NULL OR answered IS NOT NULL OR abandoned IS NOT NULL)
                AS telephone
        FROM combinations
    ) AS c
    JOIN telephone_columns ON telephone_columns.source = c.source
    LEFT JOIN columns_of_sources AS source_columns ON source_columns.source = c.source
    LEFT JOIN columns_of_sources AS resolver ON resolver.source = c.resolution_source
)
SELECT
    row_number() OVER (
        ORDER BY
            t.source NULLS LAST, t.resolution_source NULLS LAST, t.grain NULLS LAST, t.channel NULLS LAST,
            t.direction NULLS LAST, t.brand NULLS LAST, t.country NULLS LAST, t.lang NULLS LAST, t.queue NULLS LAST,
            t.team NULLS LAST, t.reason NULLS LAST, t.reason_by NULLS LAST, t.status NULLS LAST, t.queued NULLS LAST,
            t.in_hours NULLS LAST, t.answered NULLS LAST, t.abandoned NULLS LAST, t.short_abandon NULLS LAST,
            t.bot_involved NULLS LAST, t.escalated NULLS LAST, t.automated NULLS LAST, t.spam NULLS LAST,
            t.merged NULLS LAST, t.bot_replied NULLS LAST, t.handed_off NULLS LAST, t.resolution_dated NULLS LAST,
            t.closing_dated NULLS LAST, t.resolution_timed NULLS LAST, t.was_reopened NULLS LAST,
            t.was_transferred NULLS LAST
    ) AS profile_id,
    numbered_sources.source_number,
    numbered_reasons.reason_number,
    t.*,
    sources.as_of,
    sources.as_of_on,
    CASE WHEN brand_ends.last_on < sources.as_of_on THEN brand_ends.last_on ELSE sources.as_of_on END AS brand_as_of_on,
    coalesce(t.direction, 'inbound') = 'inbound'
        AND NOT coalesce(t.spam, FALSE)
        AND NOT coalesce(t.automated, FALSE)
        AND NOT t.merged AS countable,
    t.reason IS NOT NULL AS classified,
    coalesce(t.reason = 'wismo', FALSE) AS wismo,
    coalesce(t.reason = 'complaint', FALSE) AS complaint,
    t.channel IS NULL AND NOT t.telephone AS channel_unknown,
    NOT t.telephone AS in_writing,
    -- Offered: it reached the queue while the service was open.
    t.telephone AND coalesce(t.queued, FALSE) AND coalesce(t.in_hours, TRUE) AS offered,
    -- A call of which it is known whether it was answered or abandoned, but not whether it reached a queue.
    t.telephone AND t.queued IS NULL AND coalesce(t.answered, t.abandoned) IS NOT NULL AS queue_unknown,
    -- A call is handled when it was answered; where that is unknown, when it was neither abandoned nor left in a queue.
    -- A contact in writing always is: it waits until somebody answers.
    NOT t.telephone
        OR coalesce(t.answered, NOT (coalesce(t.abandoned, FALSE) OR coalesce(t.queued, FALSE))) AS handled,
    NOT t.telephone AND t.reply_column AS reply_expected,
    CASE t.channel
        WHEN 'email' THEN {reply_target_email_s}
        WHEN 'chat' THEN {reply_target_chat_s}
        WHEN 'messaging' THEN {reply_target_messaging_s}
        WHEN 'social' THEN {reply_target_social_s}
        ELSE {reply_target_other_s}
    END AS reply_target_s,
    -- A bot solved it: solved now, and neither handed to a person nor left by the customer.
    NOT t.telephone AND t.bot AND NOT t.bot_exit AND t.solution AND NOT t.open_status AS bot_solution,
    -- A bot answered, and the source says of no contact whether it was solved: then the answer is all there is.
    NOT t.telephone AND t.bot_replied AND NOT t.bot_exit AND NOT t.solution_column AS bot_answer,
    -- A bot was left: by the customer, or unsolved for a person or for nobody.
    NOT t.telephone AND t.bot AND (
        coalesce(t.abandoned, FALSE)
        OR ((t.solution_column OR t.bot_exit) AND (t.open_status OR NOT t.solution))
    ) AS bot_failure,
    t.solution AS solved,
    t.solution AND NOT t.open_status AS still_solved,
    t.solution_column AND t.status IS NULL AND NOT t.solution AS solution_unknown,
    t.reopen_column AND t.was_reopened IS NOT NULL AS reopens_known,
    t.reopen_column AND t.was_reopened IS NULL AS reopens_unknown,
    coalesce(t.was_reopened, FALSE) AS reopened,
    t.transfer_column AND t.was_transferred IS NOT NULL AS transfers_known,
    t.transfer_column AND t.was_transferred IS NULL AS transfers_unknown,
    coalesce(t.was_transferred, FALSE) AS transferred
FROM flags AS t
JOIN numbered_sources ON numbered_sources.source = t.source
LEFT JOIN numbered_reasons ON numbered_reasons.reason = t.reason
LEFT JOIN sources ON sources.source = t.source AND sources.entity = 'contacts'
LEFT JOIN brand_ends ON brand_ends.brand IS NOT DISTINCT FROM t.brand
