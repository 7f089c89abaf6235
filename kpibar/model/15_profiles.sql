-- What many contacts have in common, said once: where they came in, what about, what became of them. A contact
-- names its profile by number, for a number is stored, sorted and read far faster than twenty words and flags.
-- Grain: one row per combination that some contact has. Key: profile_id (a number without meaning, new each time).
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
numbered_sources AS (
    -- In the order of contact_uid, which begins with the source.
    SELECT source, row_number() OVER (ORDER BY source || '/') AS source_number
    FROM (SELECT DISTINCT source FROM contacts) AS named
),
numbered_reasons AS (
    SELECT reason, row_number() OVER (ORDER BY reason) AS reason_number
    FROM (SELECT DISTINCT reason FROM contacts) AS given
    WHERE reason IS NOT NULL
),
combinations AS (
    SELECT DISTINCT
        source,
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
        automated,
        spam,
        merged_into IS NOT NULL AS merged,
        bot_handed_off_at IS NOT NULL AS handed_off,
        resolved_at IS NOT NULL AS resolution_dated,
        resolution_s IS NOT NULL AS resolution_timed,
        reopens > 0 AS was_reopened,
        transfers > 0 AS was_transferred
    FROM contacts
)
SELECT
    row_number() OVER (ORDER BY t.source) AS profile_id,
    numbered_sources.source_number,
    numbered_reasons.reason_number,
    t.*,
    speaks.as_of,
    speaks.as_of_on,
    coalesce(t.direction, 'inbound') = 'inbound'
        AND NOT coalesce(t.spam, FALSE)
        AND NOT coalesce(t.automated, FALSE)
        AND NOT t.merged AS countable,
    t.reason IS NOT NULL AS classified,
    coalesce(t.reason = 'wismo', FALSE) AS wismo,
    coalesce(t.reason = 'complaint', FALSE) AS complaint,
    -- Offered: it reached the queue while the service was open.
    t.channel = 'phone' AND coalesce(t.queued, FALSE) AND coalesce(t.in_hours, TRUE) AS offered,
    -- Nobody handles a call that is not answered; a written contact waits until somebody does.
    t.channel <> 'phone' OR coalesce(t.answered, NOT coalesce(t.queued, FALSE)) AS handled,
    t.channel <> 'phone' AND coalesce(capable.reply_known, FALSE) AS reply_expected,
    CASE t.channel
        WHEN 'email' THEN {reply_target_email_s}
        WHEN 'chat' THEN {reply_target_chat_s}
        WHEN 'messaging' THEN {reply_target_messaging_s}
        WHEN 'social' THEN {reply_target_social_s}
        ELSE {reply_target_other_s}
    END AS reply_target_s,
    coalesce(t.bot_involved, FALSE)
        AND NOT t.handed_off
        AND (t.resolution_dated OR coalesce(t.status IN ('solved', 'closed'), FALSE)) AS bot_resolved,
    coalesce(t.status IN ('solved', 'closed'), FALSE) OR t.resolution_dated OR t.resolution_timed AS solved,
    coalesce(capable.reopens_known, FALSE) AND t.was_reopened IS NOT NULL AS reopens_known,
    coalesce(t.was_reopened, FALSE) AS reopened,
    coalesce(capable.transfers_known, FALSE) AND t.was_transferred IS NOT NULL AS transfers_known,
    coalesce(t.was_transferred, FALSE) AS transferred
FROM combinations AS t
JOIN numbered_sources ON numbered_sources.source = t.source
LEFT JOIN numbered_reasons ON numbered_reasons.reason = t.reason
LEFT JOIN capable ON capable.source = t.source
LEFT JOIN sources AS speaks ON speaks.source = t.source AND speaks.entity = 'contacts'
