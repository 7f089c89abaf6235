-- Survey invitations and answers, with the boxes that satisfaction and recommendation are counted from. A score of
-- Zendesk seen twice, in its export of ratings and as a field of the ticket, counts once: the rating wins, be it an
-- offer without a score; of two ratings of a ticket the one answered last.
-- A score whose scale is unknown is not rated: 5 may be the top of its scale or the middle.
-- A tool may write 0 where nobody answered: a 0 without a date of the answer is none where the scale begins above 0, or
-- where the source dates its answers.
-- Many scores of an NPS of which none is above 5 (20 of them) or above 7 (50) were given on a shorter scale.
-- Invitations of one source and kind that name one contact, each at most {response_horizon_days} days after the one
-- before, are one invitation and its reminders. `reminder` marks all but the first; an answer to any of them is one to
-- the first, and `answered_in_time` says whether such a one came within {response_horizon_days} days of it: one at an
-- unknown time did. An answer without the instant of its invitation stands where it was given.
-- Grain: one row per invitation or answer. Key: survey_uid (source/survey_id).
WITH date_counts AS (
    SELECT
        source,
        sum(CASE WHEN score > 0 AND answered_at IS NOT NULL THEN 1 ELSE 0 END) AS dated,
        sum(CASE WHEN score > 0 AND answered_at IS NULL THEN 1 ELSE 0 END) AS undated
    FROM surveys
    GROUP BY source
),
answers AS (
    SELECT
        s.*,
        -- A rating that is a field of a ticket has the ticket's dates, or none.
        CASE
            WHEN s.survey_id LIKE 'ticket:%' THEN s.score
            WHEN s.score = 0 AND s.answered_at IS NULL
                AND (s.scale_min > 0 OR (h.dated > 0 AND 20 * h.undated <= h.dated))
                THEN NULL
            ELSE s.score
        END AS answer
    FROM surveys AS s
    JOIN date_counts AS h ON h.source = s.source
),
short_scales AS (
    SELECT source
    FROM answers
    WHERE kind = 'nps' AND answer IS NOT NULL
    GROUP BY source
    HAVING (count(*) >= 20 AND max(answer) <= 5) OR (count(*) >= 50 AND max(answer) <= 7)
),
versions AS (
    SELECT
        s.source || '/' || s.survey_id AS survey_uid,
        s.*,
        short_scales.source IS NOT NULL AS short_scale,
        short_scales.source IS NULL AS scale_fits,
        sources.as_of,
        sources.as_of_on,
        coalesce(s.brand, c.brand) AS survey_brand,
        coalesce(s.brand, '') AS brand_name,
        coalesce(s.country, c.country) AS survey_country,
        coalesce(s.channel, c.channel) AS survey_channel,
        c.reason,
        c.lang,
        c.queue,
        c.team,
        c.agent,
        c.created_at AS contact_at,
        c.counted AS contact_counted,
        coalesce(s.sent_at, s.answered_at) AS asked_at,
        -- What names no contact, or is of an unknown kind or time, is an invitation of its own.
        CASE
            WHEN s.contact_id IS NULL OR s.kind IS NULL OR coalesce(s.sent_at, s.answered_at) IS NULL THEN s.survey_id
            ELSE ''
        END AS single_id,
        -- A source without a single unanswered invitation exports answers only.
        max(CASE WHEN s.answer IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY s.source) = 1 AS invitations_known,
        row_number() OVER (
            PARTITION BY
                s.kind,
                coalesce(s.brand, ''),
                CASE
                    WHEN s.source LIKE 'zendesk-%' AND s.contact_id IS NOT NULL THEN 'zendesk/' || s.contact_id
                    ELSE s.source || '/' || s.survey_id
                END
            ORDER BY
                CASE WHEN s.survey_id LIKE 'ticket:%' THEN 1 ELSE 0 END,
                s.answered_at DESC NULLS LAST,
                s.survey_id
        ) AS version
    FROM answers AS s
    LEFT JOIN short_scales ON short_scales.source = s.source
    LEFT JOIN sources ON sources.source = s.source AND sources.entity = 'surveys'
    LEFT JOIN (
        SELECT
            contact_id,
            min(brand) AS brand,
            min(country) AS country,
            min(channel) AS channel,
            min(reason) AS reason,
            min(lang) AS lang,
            min(queue) AS queue,
            min(team) AS team,
            min(agent) AS agent,
            min(created_at) AS created_at,
            max(CASE WHEN counted THEN 1 ELSE 0 END) = 1 AS counted
        FROM fact_contacts
        WHERE contact_id IN (SELECT contact_id FROM surveys)
        GROUP BY contact_id
        HAVING count(*) = 1
    ) AS c ON c.contact_id = s.contact_id
),
ordered_invitations AS (
    SELECT
        versions.*,
        CASE
            WHEN asked_at <= lag(asked_at) OVER (
                PARTITION BY source, brand_name, kind, contact_id, single_id ORDER BY asked_at NULLS FIRST, survey_id
            ) + INTERVAL '{response_horizon_days}' DAY
                THEN 0
            ELSE 1
        END AS opens
    FROM versions
    WHERE version = 1
),
numbered_invitations AS (
    SELECT
        ordered_invitations.*,
        -- The place of its invitation among those that name the same contact.
        sum(opens) OVER (
            PARTITION BY source, brand_name, kind, contact_id, single_id ORDER BY asked_at NULLS FIRST, survey_id
        ) AS invitation_number
    FROM ordered_invitations
),
dated_invitations AS (
    SELECT
        numbered_invitations.*,
        min(sent_at) OVER (
            PARTITION BY source, brand_name, kind, contact_id, single_id, invitation_number
        ) AS first_sent_at
    FROM numbered_invitations
),
invitations AS (
    SELECT
        dated_invitations.*,
        max(CASE
            WHEN answer IS NOT NULL
                AND coalesce(answered_at <= first_sent_at + INTERVAL '{response_horizon_days}' DAY, TRUE)
                THEN 1
            ELSE 0
        END) OVER (PARTITION BY source, brand_name, kind, contact_id, single_id, invitation_number) = 1 AS answered_in_time
    FROM dated_invitations
)
SELECT
    survey_uid,
    source,
    kind,
    survey_brand AS brand,
    survey_country AS country,
    survey_channel AS channel,
    reason,
    lang,
    queue,
    team,
    agent,
    sent_at,
    coalesce(sent_on, answered_on) AS sent_on,
    answered_at,
    coalesce(answered_on, sent_on) AS answered_on,
    as_of,
    as_of_on,
    answer AS score,
    invitations_known,
    opens = 0 AS reminder,
    answered_in_time,
    coalesce(contact_counted, FALSE) AS contact_counted,
    answer IS NOT NULL AS answered,
    coalesce(answered_at < contact_at - INTERVAL '1' DAY, FALSE) AS before_contact,
    kind IS NULL AND answer IS NOT NULL AS kind_unknown,
    -- The top of a scale that is not listed below is three quarters of the way up: its bottom must be known too.
    coalesce(kind = 'csat', FALSE)
        AND answer IS NOT NULL
        AND (coalesce(scale_max IN (1, 2, 3, 4, 5, 6, 7, 10), FALSE) OR (scale_max - scale_min) IS NOT NULL) AS rated,
    coalesce(kind = 'csat', FALSE)
        AND answer IS NOT NULL
        AND NOT coalesce(scale_max IN (1, 2, 3, 4, 5, 6, 7, 10), FALSE)
        AND (scale_max - scale_min) IS NULL AS scale_unknown,
    coalesce(kind = 'nps', FALSE) AND answer IS NOT NULL AND scale_fits AS recommended,
    coalesce(kind = 'nps', FALSE) AND answer IS NOT NULL AND short_scale AS nps_scale_unknown,
    -- The upper boxes of each scale, by its top alone: 1 of 0-1, 2 of 1-2, 3 of 1-3, 3-4 of 1-4, 4-5 of 1-5, 5-6 of
    -- 1-6, 6-7 of 1-7, 8-10 of 10.
    coalesce(CASE
        WHEN scale_max = 1 THEN answer >= 1
        WHEN scale_max = 2 THEN answer >= 2
        WHEN scale_max = 3 THEN answer >= 3
        WHEN scale_max = 4 THEN answer >= 3
        WHEN scale_max = 5 THEN answer >= 4
        WHEN scale_max = 6 THEN answer >= 5
        WHEN scale_max = 7 THEN answer >= 6
        WHEN scale_max = 10 THEN answer >= 8
        ELSE answer >= scale_min + (scale_max - scale_min) * 0.75e0
    END, FALSE) AS satisfied,
    -- A fraction is in a box too: 6.5 is not yet 7, 8.5 not yet 9.
    coalesce(answer >= 9, FALSE) AS promoter,
    coalesce(answer < 7, FALSE) AS detractor
FROM invitations
