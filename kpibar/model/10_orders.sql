-- Orders with their promise and what became of it. An order is late when any of its parcels was delivered after the end
-- of the first promise made for it, or was not delivered although that promise had ended when the carrier's export was
-- taken. Carrier, promise and delay are those of one late parcel: one that is not delivered (then the delay is NULL,
-- and `overdue_s` runs), else the one that missed its promise by most. An order is delivered when its last parcel is.
-- `due`: its promise can be judged, kept or broken. A parcel that was delivered on an unknown day, or more than a day
-- before its order was placed, is not judged. Orders still on their way, cancelled ones, and orders without a promise,
-- are here too.
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
-- Two brands may use the same order numbers: a parcel goes to the latest order of its brand or of an unknown one;
-- a parcel of an unknown brand to the latest of all.
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
-- Parcels with their order, and what the carrier's word says of them.
shipments AS (
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
        sources.as_of,
        sources.as_of_on
    FROM parcels AS p
    LEFT JOIN owners AS owner
        ON owner.source = p.source AND owner.parcel_id = p.parcel_id AND owner.choice = 1
    LEFT JOIN owners_by_digits AS digits ON digits.source = p.source AND digits.parcel_id = p.parcel_id
    LEFT JOIN sources ON sources.source = p.source AND sources.entity = 'parcels'
    LEFT JOIN fact_statuses AS states ON states.status = lower(p.status)
    -- A label that was cancelled carried nothing.
    WHERE NOT coalesce(states.state = 'cancelled', FALSE)
),
-- What the parcels of an order have together.
parcel_groups AS (
    SELECT order_id, count(*) AS n_parcels, max(promised_to) AS last_promise_to, max(promised_on) AS last_promise_on
    FROM shipments
    GROUP BY order_id
),
-- A parcel without a promise has the latest one of its order.
promises AS (
    SELECT
        shipments.*,
        coalesce(promised_to, last_promise_to) AS owed_to,
        coalesce(promised_on, last_promise_on) AS owed_on,
        n_parcels,
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
        -- A promise that ends more than a day before the order was placed has a wrong date: nobody knows whether it was
        -- kept. Less than a day may be another clock, or a day written without its time.
        coalesce(coalesce(promised_to, last_promise_to) < bought_at - INTERVAL '1' DAY, FALSE) AS promise_false,
        state IS NULL AND status IS NOT NULL AND NOT went_back AND NOT went_missing AS word_unknown,
        -- A date without its time, which is read as the first moment of its day.
        CASE
            WHEN first_attempt_at IS NOT NULL
                THEN seconds_between(CAST(first_attempt_on AS TIMESTAMP), first_attempt_at) IN ({midnights})
            ELSE seconds_between(CAST(delivered_on AS TIMESTAMP), delivered_at) IN ({midnights})
        END AS day_only,
        -- Attempts that are counted but not dated are dated by what came of them.
        coalesce(first_attempt_on, CASE WHEN attempts > 0 THEN coalesce(delivered_on, promised_on) END) AS attempt_on
    FROM shipments
    JOIN parcel_groups ON parcel_groups.order_id = shipments.order_id
),
-- Whether each promise can be judged, and whether it was kept.
judgements AS (
    SELECT
        promises.*,
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
    FROM promises
),
-- What all parcels of an order of several say of it.
verdicts AS (
    SELECT
        order_id,
        max(CASE WHEN parcel_late THEN 1 ELSE 0 END) = 1 AS any_late,
        max(CASE WHEN parcel_late AND delivered_at IS NULL THEN 1 ELSE 0 END) = 1 AS any_overdue,
        min(CASE WHEN parcel_due THEN 1 ELSE 0 END) = 1 AS all_due,
        max(CASE WHEN undated THEN 1 ELSE 0 END) = 1 AS any_undated,
        max(CASE WHEN delivered_at IS NULL AND went_back THEN 1 ELSE 0 END) = 1 AS any_back,
        max(CASE WHEN delivered_at IS NULL AND went_missing THEN 1 ELSE 0 END) = 1 AS any_missing,
        max(CASE WHEN in_slot THEN 1 ELSE 0 END) = 1 AS any_slot,
        min(CASE WHEN in_slot AND NOT in_time THEN 0 ELSE 1 END) = 1 AS all_in_time,
        max(CASE WHEN in_slot AND slot_unknown THEN 1 ELSE 0 END) = 1
            AND max(CASE WHEN in_slot AND NOT in_time AND NOT slot_unknown THEN 1 ELSE 0 END) = 0
            AS slot_unknown_of_order,
        max(CASE WHEN promise_false THEN 1 ELSE 0 END) = 1 AS any_false,
        max(CASE WHEN parcel_late AND delivered_at IS NULL AND word_unknown THEN 1 ELSE 0 END) = 1 AS any_word_unknown,
        max(CASE WHEN parcel_attempted THEN 1 ELSE 0 END) = 1 AS any_attempted,
        min(CASE WHEN parcel_attempted AND NOT at_first_attempt THEN 0 ELSE 1 END) = 1 AS all_at_first_attempt,
        max(attempt_on) AS last_attempt_on
    FROM judgements
    WHERE n_parcels > 1
    GROUP BY order_id
),
-- Each of several parcels with its place among those of its order.
ranked_parcels AS (
    SELECT
        judgements.*,
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
    FROM judgements
    WHERE n_parcels > 1
),
-- Most orders have one parcel, which says all of it: it needs no sorting and no joins.
deliveries AS (
    SELECT
        order_id,
        order_ref,
        order_key,
        order_number,
        n_parcels,
        carrier,
        mode,
        brand,
        country,
        shipped_at,
        promised_from,
        owed_to AS promised_to,
        owed_on AS promised_on,
        promise_kind,
        CASE WHEN parcel_late THEN seconds_between(delivered_at, owed_to) END AS lateness_s,
        first_attempt_at,
        attempt_on AS first_attempt_on,
        attempts,
        delivered_at,
        delivered_on,
        returned_at,
        parcel_late AS any_late,
        parcel_late AND delivered_at IS NULL AS any_overdue,
        parcel_due AS all_due,
        undated AS any_undated,
        delivered_at IS NULL AND went_back AS any_back,
        delivered_at IS NULL AND went_missing AS any_missing,
        promise_false AS any_false,
        parcel_late AND delivered_at IS NULL AND word_unknown AS any_word_unknown,
        in_slot AND slot_unknown AS slot_unknown_of_order,
        in_slot AS any_slot,
        NOT (in_slot AND NOT in_time) AS all_in_time,
        parcel_attempted AS any_attempted,
        NOT (parcel_attempted AND NOT at_first_attempt) AS all_at_first_attempt,
        as_of,
        as_of_on
    FROM judgements
    WHERE n_parcels = 1
    UNION ALL
    SELECT
        last_parcel.order_id,
        last_parcel.order_ref,
        last_parcel.order_key,
        last_parcel.order_number,
        last_parcel.n_parcels,
        worst_parcel.carrier,
        worst_parcel.mode,
        last_parcel.brand,
        last_parcel.country,
        last_parcel.shipped_at,
        worst_parcel.promised_from,
        worst_parcel.owed_to AS promised_to,
        worst_parcel.owed_on AS promised_on,
        worst_parcel.promise_kind,
        CASE WHEN worst_parcel.parcel_late THEN seconds_between(worst_parcel.delivered_at, worst_parcel.owed_to) END
            AS lateness_s,
        last_parcel.first_attempt_at,
        coalesce(last_parcel.attempt_on, verdicts.last_attempt_on) AS first_attempt_on,
        last_parcel.attempts,
        last_parcel.delivered_at,
        last_parcel.delivered_on,
        last_parcel.returned_at,
        verdicts.any_late,
        verdicts.any_overdue,
        verdicts.all_due,
        verdicts.any_undated,
        verdicts.any_back,
        verdicts.any_missing,
        verdicts.any_false,
        verdicts.any_word_unknown,
        verdicts.slot_unknown_of_order,
        verdicts.any_slot,
        verdicts.all_in_time,
        verdicts.any_attempted,
        verdicts.all_at_first_attempt,
        last_parcel.as_of,
        last_parcel.as_of_on
    FROM ranked_parcels AS last_parcel
    JOIN ranked_parcels AS worst_parcel
        ON worst_parcel.order_id = last_parcel.order_id AND worst_parcel.rank_from_worst = 1
    JOIN verdicts ON verdicts.order_id = last_parcel.order_id
    WHERE last_parcel.rank_from_last = 1
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
    coalesce(d.all_at_first_attempt, FALSE) AS first_attempt_kept,
    -- How long ago it was placed, and its promise ended, when the carrier's export was taken.
    CASE WHEN d.as_of >= s.ordered_at THEN seconds_between(d.as_of, s.ordered_at) END AS age_s,
    CASE WHEN d.as_of >= d.promised_to THEN seconds_between(d.as_of, d.promised_to) END AS overdue_s
FROM shop AS s
FULL OUTER JOIN deliveries AS d ON d.order_id = s.order_id
