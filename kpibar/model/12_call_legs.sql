-- Legs of a call that was passed on: a telephone system may log each as an inbound call of its own. A leg begins while
-- an earlier leg of its caller runs, or within {transfer_gap_s} s of its end. After a call that its caller gave up,
-- only what begins before its end is a leg: the rest is another call. Where nothing tells how long a call was, only one
-- that begins in the same second is its leg.
-- Grain: one row per leg of a call with several. Key: source, contact_id. The first leg has place 1, and its contact_id
-- is the call_id.
WITH callers AS (
    SELECT source, caller_key
    FROM fact_calls
    WHERE NOT shared_number
    GROUP BY source, caller_key
    HAVING count(*) > 1
),
-- An export that gives only days, or only minutes, cannot tell that two calls begin at the same time.
precision_of_sources AS (
    SELECT
        source,
        min(CAST(extract(SECOND FROM created_at) AS BIGINT)) < max(CAST(extract(SECOND FROM created_at) AS BIGINT))
            AS has_seconds,
        min(extract(MINUTE FROM created_at)) < max(extract(MINUTE FROM created_at)) AS has_minutes
    FROM fact_calls
    GROUP BY source
),
calls AS (
    SELECT
        c.source,
        c.contact_id,
        c.caller_key,
        c.begins_s,
        p.has_seconds,
        p.has_minutes,
        CASE
            WHEN c.ends_s IS NULL THEN c.begins_s
            WHEN coalesce(c.answered, FALSE) OR (coalesce(c.queued, TRUE) AND NOT coalesce(c.abandoned, FALSE))
                THEN c.ends_s + {transfer_gap_s}
            ELSE c.ends_s
        END AS reach_s
    FROM fact_calls AS c
    JOIN callers ON callers.source = c.source AND callers.caller_key = c.caller_key
    JOIN precision_of_sources AS p ON p.source = c.source
    WHERE NOT c.shared_number
),
neighbours AS (
    SELECT
        calls.*,
        lag(begins_s) OVER (PARTITION BY source, caller_key ORDER BY begins_s, contact_id) AS previous_begins_s,
        max(reach_s) OVER (
            PARTITION BY source, caller_key
            ORDER BY begins_s, contact_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS previous_reach_s
    FROM calls
),
starts AS (
    SELECT
        neighbours.*,
        CASE
            WHEN begins_s <= previous_reach_s
                AND (begins_s > previous_begins_s OR has_seconds OR (has_minutes AND begins_s < previous_reach_s))
                THEN 0
            ELSE 1
        END AS is_start
    FROM neighbours
),
numbers AS (
    SELECT
        starts.*,
        sum(is_start) OVER (PARTITION BY source, caller_key ORDER BY begins_s, contact_id) AS call_number
    FROM starts
),
places AS (
    SELECT
        numbers.*,
        row_number() OVER (PARTITION BY source, caller_key, call_number ORDER BY begins_s, contact_id) AS place,
        count(*) OVER (PARTITION BY source, caller_key, call_number) AS legs
    FROM numbers
)
SELECT
    leg.source,
    leg.contact_id,
    first_leg.contact_id AS call_id,
    leg.place
FROM places AS leg
JOIN places AS first_leg
    ON first_leg.source = leg.source
    AND first_leg.caller_key = leg.caller_key
    AND first_leg.call_number = leg.call_number
    AND first_leg.place = 1
WHERE leg.legs > 1
