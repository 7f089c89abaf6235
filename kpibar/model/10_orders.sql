-- Orders with their promise and what became of it. An order is late when any of its parcels missed the first promise made
-- for it, and that parcel decides carrier and delay; it is delivered when its last parcel is. What is still on its way is
-- kept. A parcel that was delivered on an unknown day, or before its order was placed, is not judged.
-- Grain: one row per order (known from the shop, or only from its parcels). Key: order_id.
WITH shop AS (
    SELECT
        o.source || '/' || coalesce(o.brand || '/', '') || o.order_ref AS order_id,
        o.order_ref,
        o.order_key,
        o.order_number,
        o.number_key,
        coalesce(person.person_key, o.customer_key, o.customer_alias_key) AS person_key,
        o.ordered_at,
        o.ordered_on,
        o.cancelled_at IS NOT NULL AS cancelled,
        o.value,
        o.currency,
        o.brand,
        o.country
    FROM orders AS o
    LEFT JOIN fact_people AS person ON person.customer_key = coalesce(o.customer_key, o.customer_alias_key)
),
-- Two brands may use the same order numbers: a parcel goes to the order of its brand, else to the latest one.
owners AS (
    SELECT
        p.source,
        p.parcel_id,
        s.order_id,
        s.ordered_at,
        row_number() OVER (
            PARTITION BY p.source, p.parcel_id
            ORDER BY s.ordered_at DESC, s.order_id
        ) AS choice
    FROM parcels AS p
    JOIN shop AS s
        ON s.order_key = p.order_key
        AND (s.brand = p.brand OR s.brand IS NULL OR p.brand IS NULL)
),
-- A carrier's file that lost the zeros or letters of the numbers: the only recent order with these digits.
owners_by_digits AS (
    SELECT p.source, p.parcel_id, min(s.order_id) AS order_id, min(s.ordered_at) AS ordered_at
    FROM parcels AS p
    JOIN shop AS s
        ON s.order_number = p.order_number
        AND (s.brand = p.brand OR s.brand IS NULL OR p.brand IS NULL)
    LEFT JOIN owners AS owner ON owner.source = p.source AND owner.parcel_id = p.parcel_id
    WHERE
        owner.order_id IS NULL
        AND (
            s.ordered_at IS NULL
            OR coalesce(p.shipped_at, p.delivered_at, p.promised_to) IS NULL
            OR (
                s.ordered_at <= coalesce(p.shipped_at, p.delivered_at, p.promised_to) + INTERVAL '1' DAY
                AND coalesce(p.shipped_at, p.delivered_at, p.promised_to)
                    <= s.ordered_at + INTERVAL '{link_text_days}' DAY
            )
        )
    GROUP BY p.source, p.parcel_id
    HAVING count(DISTINCT s.order_id) = 1
),
sent AS (
    SELECT
        coalesce(
            owner.order_id,
            digits.order_id,
            p.source || '/' || coalesce(p.brand || '/', '') || coalesce(p.order_ref, 'parcel ' || p.parcel_id)
        ) AS order_id,
        p.*,
        coalesce(owner.ordered_at, digits.ordered_at) AS bought_at,
        states.state,
        p.returned_at IS NOT NULL OR coalesce(states.state = 'returned', FALSE) AS went_back,
        coalesce(p.lost, FALSE) OR coalesce(states.state = 'lost', FALSE) AS went_missing,
        speaks.as_of,
        speaks.as_of_on
    FROM parcels AS p
    LEFT JOIN owners AS owner
        ON owner.source = p.source AND owner.parcel_id = p.parcel_id AND owner.choice = 1
    LEFT JOIN owners_by_digits AS digits ON digits.source = p.source AND digits.parcel_id = p.parcel_id
    LEFT JOIN sources AS speaks ON speaks.source = p.source AND speaks.entity = 'parcels'
    LEFT JOIN fact_statuses AS states ON states.status = lower(p.status)
    -- A label that was cancelled carried nothing.
    WHERE NOT coalesce(states.state = 'cancelled', FALSE)
),
-- A parcel without a promise has the latest one of its order.
owed AS (
    SELECT
        sent.*,
        coalesce(promised_to, max(promised_to) OVER (PARTITION BY order_id)) AS owed_to,
        coalesce(promised_on, max(promised_on) OVER (PARTITION BY order_id)) AS owed_on,
        count(*) OVER (PARTITION BY order_id) AS n_parcels,
        delivered_at IS NOT NULL
            OR ((coalesce(state = 'delivered', FALSE) OR coalesce(complete, FALSE)) AND NOT went_back AND NOT went_missing)
            AS arrived,
        -- Delivered, and nobody knows when.
        CASE
            WHEN delivered_at IS NOT NULL THEN coalesce(delivered_at < bought_at - INTERVAL '1' DAY, FALSE)
            ELSE (coalesce(state = 'delivered', FALSE) OR coalesce(complete, FALSE))
                AND NOT went_back AND NOT went_missing
        END AS undated,
        coalesce(promise_kind = 'slot' AND promised_from <= promised_to, FALSE) AS in_slot,
        -- A promise from before the order was placed has a wrong date: nobody knows whether it was kept.
        coalesce(
            coalesce(promised_to, max(promised_to) OVER (PARTITION BY order_id)) < bought_at - INTERVAL '1' DAY, FALSE
        ) AS promise_false,
        state IS NULL AND status IS NOT NULL AND NOT went_back AND NOT went_missing AS word_unknown,
        -- A date without its time, which is read as the first moment of its day.
        CASE
            WHEN first_attempt_at IS NOT NULL
                THEN seconds_between(CAST(first_attempt_on AS TIMESTAMP), first_attempt_at) IN ({midnights})
            ELSE seconds_between(CAST(delivered_on AS TIMESTAMP), delivered_at) IN ({midnights})
        END AS day_only,
        -- Attempts that are counted but not dated are dated by what came of them.
        coalesce(first_attempt_on, CASE WHEN attempts > 0 THEN coalesce(delivered_on, promised_on) END) AS attempt_on
    FROM sent
),
judged AS (
    SELECT
        owed.*,
        owed_to IS NOT NULL AND NOT undated AND NOT promise_false
            AND (delivered_at IS NOT NULL OR coalesce(owed_to < as_of, FALSE)) AS parcel_due,
        owed_to IS NOT NULL AND NOT undated AND NOT promise_false AND (
            coalesce(delivered_at > owed_to, FALSE) OR (delivered_at IS NULL AND coalesce(owed_to < as_of, FALSE))
        ) AS parcel_late,
        coalesce(
            coalesce(first_attempt_at, delivered_at) >= promised_from - INTERVAL '{slot_grace_s}' SECOND
            AND coalesce(first_attempt_at, delivered_at) <= promised_to + INTERVAL '{slot_grace_s}' SECOND,
            FALSE
        ) AS in_time,
        -- It came on the day of its slot, and nobody knows at what time.
        coalesce(
            in_slot AND day_only
            AND coalesce(first_attempt_at, delivered_at) < promised_from - INTERVAL '{slot_grace_s}' SECOND
            AND coalesce(first_attempt_at, delivered_at) + INTERVAL '1' DAY > promised_from,
            FALSE
        ) AS slot_unknown,
        (coalesce(attempts > 0, FALSE) OR first_attempt_at IS NOT NULL)
            AND NOT (undated AND attempts IS NULL) AS parcel_attempted,
        -- The carrier's count of attempts decides; without one, delivery on the day of the first attempt.
        CASE
            WHEN attempts IS NOT NULL THEN attempts = 1 AND arrived
            ELSE coalesce(delivered_on = attempt_on, FALSE)
        END AS at_first_attempt
    FROM owed
),
ranked AS (
    SELECT
        judged.*,
        max(CASE WHEN parcel_late THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS any_late,
        max(CASE WHEN parcel_late AND delivered_at IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1
            AS any_overdue,
        min(CASE WHEN parcel_due THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS all_due,
        max(CASE WHEN undated THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS any_undated,
        max(CASE WHEN delivered_at IS NULL AND went_back THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1
            AS any_back,
        max(CASE WHEN delivered_at IS NULL AND went_missing THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1
            AS any_missing,
        max(CASE WHEN in_slot THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS any_slot,
        min(CASE WHEN in_slot AND NOT in_time THEN 0 ELSE 1 END) OVER (PARTITION BY order_id) = 1 AS all_in_time,
        max(CASE WHEN in_slot AND slot_unknown THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1
            AND max(CASE WHEN in_slot AND NOT in_time AND NOT slot_unknown THEN 1 ELSE 0 END)
                OVER (PARTITION BY order_id) = 0 AS slot_unknown_of_order,
        max(CASE WHEN promise_false THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS any_false,
        max(CASE WHEN parcel_late AND delivered_at IS NULL AND word_unknown THEN 1 ELSE 0 END)
            OVER (PARTITION BY order_id) = 1 AS any_word_unknown,
        max(CASE WHEN parcel_attempted THEN 1 ELSE 0 END) OVER (PARTITION BY order_id) = 1 AS any_attempted,
        min(CASE WHEN parcel_attempted AND NOT at_first_attempt THEN 0 ELSE 1 END) OVER (PARTITION BY order_id) = 1
            AS all_at_first_attempt,
        max(attempt_on) OVER (PARTITION BY order_id) AS last_attempt_on,
        row_number() OVER (
            PARTITION BY order_id
            ORDER BY
                CASE WHEN delivered_at IS NULL THEN 0 ELSE 1 END,
                delivered_at DESC,
                promised_to DESC NULLS LAST,
                parcel_id
        ) AS rank_from_last,
        -- The parcel that missed its promise by most, else the last one.
        row_number() OVER (
            PARTITION BY order_id
            ORDER BY
                CASE WHEN parcel_late THEN 0 ELSE 1 END,
                CASE WHEN delivered_at IS NULL THEN 0 ELSE 1 END,
                CASE WHEN parcel_late THEN seconds_between(delivered_at, owed_to) END DESC NULLS LAST,
                delivered_at DESC,
                promised_to DESC NULLS LAST,
                parcel_id
        ) AS rank_from_worst
    FROM judged
),
last_parcels AS (
    SELECT
        latest.order_id,
        latest.order_ref,
        latest.order_key,
        latest.order_number,
        latest.n_parcels,
        worst.carrier,
        worst.mode,
        latest.brand,
        latest.country,
        latest.shipped_at,
        worst.promised_from,
        worst.owed_to AS promised_to,
        worst.owed_on AS promised_on,
        worst.promise_kind,
        CASE WHEN worst.parcel_late THEN seconds_between(worst.delivered_at, worst.owed_to) END AS lateness_s,
        latest.first_attempt_at,
        coalesce(latest.attempt_on, latest.last_attempt_on) AS first_attempt_on,
        latest.attempts,
        latest.delivered_at,
        latest.delivered_on,
        latest.returned_at,
        latest.any_late,
        latest.any_overdue,
        latest.all_due,
        latest.any_undated,
        latest.any_back,
        latest.any_missing,
        latest.any_false,
        latest.any_word_unknown,
        latest.slot_unknown_of_order,
        latest.any_slot,
        latest.all_in_time,
        latest.any_attempted,
        latest.all_at_first_attempt,
        latest.as_of,
        latest.as_of_on
    FROM ranked AS latest
    JOIN ranked AS worst ON worst.order_id = latest.order_id AND worst.rank_from_worst = 1
    WHERE latest.rank_from_last = 1
)
SELECT
    coalesce(s.order_id, d.order_id) AS order_id,
    coalesce(s.order_ref, d.order_ref) AS order_ref,
    coalesce(s.order_key, d.order_key) AS order_key,
    coalesce(s.order_number, d.order_number) AS order_number,
    s.number_key,
    s.person_key,
    s.ordered_at,
    s.ordered_on,
    coalesce(s.cancelled, FALSE) AS cancelled,
    s.value,
    s.currency,
    coalesce(s.brand, d.brand) AS brand,
    coalesce(d.country, s.country) AS country,
    coalesce(d.n_parcels, 0) AS n_parcels,
    d.carrier,
    d.mode,
    d.shipped_at,
    d.promised_from,
    d.promised_to,
    d.promised_on,
    d.promise_kind,
    d.first_attempt_at,
    d.first_attempt_on,
    d.attempts,
    d.delivered_at,
    d.delivered_on,
    d.returned_at,
    d.as_of,
    d.as_of_on,
    coalesce(d.any_back, FALSE) AS returned,
    coalesce(d.any_missing, FALSE) AS lost,
    d.promised_to IS NOT NULL AS promised,
    -- The promise can be judged: kept, broken, or expired with nothing delivered.
    coalesce(d.any_late OR d.all_due, FALSE) AS due,
    coalesce(d.any_late, FALSE) AS late,
    coalesce(d.any_overdue, FALSE) AS overdue,
    -- It cannot be judged for want of a day of delivery that can be true.
    coalesce(d.any_undated AND d.promised_to IS NOT NULL AND NOT d.any_late, FALSE) AS undated,
    coalesce(d.any_false AND NOT d.any_late, FALSE) AS promise_false,
    coalesce(d.any_word_unknown, FALSE) AS status_unknown,
    d.lateness_s,
    -- Clocks differ by minutes: no time. What came before it was ordered took an unknown time.
    CASE
        WHEN d.delivered_at >= s.ordered_at THEN seconds_between(d.delivered_at, s.ordered_at)
        WHEN d.delivered_at >= s.ordered_at - INTERVAL '300' SECOND THEN 0
    END AS lead_s,
    coalesce(d.any_undated, FALSE)
        OR coalesce(d.delivered_at < s.ordered_at - INTERVAL '300' SECOND, FALSE) AS lead_unknown,
    coalesce(d.any_slot, FALSE) AS slot_promised,
    coalesce(d.all_in_time, FALSE) AS slot_kept,
    coalesce(d.slot_unknown_of_order, FALSE) AS slot_unknown,
    coalesce(d.any_attempted, FALSE) AS attempted,
    coalesce(d.all_at_first_attempt, FALSE) AS first_attempt_kept
FROM shop AS s
FULL OUTER JOIN last_parcels AS d ON d.order_id = s.order_id
