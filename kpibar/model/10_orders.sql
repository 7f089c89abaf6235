-- Orders with their promise and what became of it. The last parcel decides: an order is delivered when its last
-- parcel is, and late when that parcel missed the first promise made for it. What is still on its way is kept.
-- Grain: one row per order (known from the shop, or only from its parcels). Key: order_id.
WITH shop AS (
    SELECT
        o.source || '/' || coalesce(o.brand || '/', '') || o.order_ref AS order_id,
        o.order_ref,
        o.order_key,
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
        row_number() OVER (
            PARTITION BY p.source, p.parcel_id
            ORDER BY s.ordered_at DESC, s.order_id
        ) AS choice
    FROM parcels AS p
    JOIN shop AS s
        ON s.order_key = p.order_key
        AND (s.brand = p.brand OR s.brand IS NULL OR p.brand IS NULL)
),
sent AS (
    SELECT
        coalesce(
            owner.order_id,
            p.source || '/' || coalesce(p.brand || '/', '') || coalesce(p.order_ref, 'parcel ' || p.parcel_id)
        ) AS order_id,
        p.*,
        speaks.as_of,
        speaks.as_of_on
    FROM parcels AS p
    LEFT JOIN owners AS owner
        ON owner.source = p.source AND owner.parcel_id = p.parcel_id AND owner.choice = 1
    LEFT JOIN sources AS speaks ON speaks.source = p.source AND speaks.entity = 'parcels'
    -- A label that was cancelled carried nothing.
    WHERE NOT coalesce(lower(p.status) LIKE 'cancel%', FALSE)
),
ranked AS (
    SELECT
        sent.*,
        count(*) OVER (PARTITION BY order_id) AS n_parcels,
        max(promised_to) OVER (PARTITION BY order_id) AS any_promised_to,
        max(promised_on) OVER (PARTITION BY order_id) AS any_promised_on,
        row_number() OVER (
            PARTITION BY order_id
            ORDER BY
                CASE WHEN delivered_at IS NULL THEN 0 ELSE 1 END,
                delivered_at DESC,
                promised_to DESC NULLS LAST,
                parcel_id
        ) AS rank_from_last
    FROM sent
),
last_parcels AS (
    SELECT
        order_id,
        order_ref,
        order_key,
        n_parcels,
        carrier,
        mode,
        brand,
        country,
        shipped_at,
        promised_from,
        coalesce(promised_to, any_promised_to) AS promised_to,
        coalesce(promised_on, any_promised_on) AS promised_on,
        promise_kind,
        first_attempt_at,
        -- Attempts that are counted but not dated are dated by what came of them.
        coalesce(first_attempt_on, CASE WHEN attempts > 0 THEN coalesce(delivered_on, promised_on) END)
            AS first_attempt_on,
        attempts,
        delivered_at,
        delivered_on,
        returned_at,
        lost,
        as_of,
        as_of_on
    FROM ranked
    WHERE rank_from_last = 1
),
joined AS (
    SELECT
        coalesce(s.order_id, d.order_id) AS order_id,
        coalesce(s.order_ref, d.order_ref) AS order_ref,
        coalesce(s.order_key, d.order_key) AS order_key,
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
        d.lost,
        d.as_of,
        d.as_of_on
    FROM shop AS s
    FULL OUTER JOIN last_parcels AS d ON d.order_id = s.order_id
)
SELECT
    joined.*,
    promised_to IS NOT NULL AS promised,
    -- The promise can be judged: kept, broken, or expired with nothing delivered.
    promised_to IS NOT NULL AND (delivered_at IS NOT NULL OR coalesce(promised_to < as_of, FALSE)) AS due,
    promised_to IS NOT NULL AND (
        coalesce(delivered_at > promised_to, FALSE)
        OR (delivered_at IS NULL AND coalesce(promised_to < as_of, FALSE))
    ) AS late,
    promised_to IS NOT NULL AND delivered_at IS NULL AND coalesce(promised_to < as_of, FALSE) AS overdue,
    CASE WHEN delivered_at > promised_to THEN seconds_between(delivered_at, promised_to) END AS lateness_s,
    seconds_between(delivered_at, ordered_at) AS lead_s,
    coalesce(promise_kind = 'slot', FALSE) AND promised_from IS NOT NULL AS slot_promised,
    coalesce(
        coalesce(first_attempt_at, delivered_at) >= promised_from - INTERVAL '{slot_grace_s}' SECOND
        AND coalesce(first_attempt_at, delivered_at) <= promised_to + INTERVAL '{slot_grace_s}' SECOND,
        FALSE
    ) AS slot_kept,
    -- The carrier's count of attempts decides; without one, delivery on the day of the first attempt.
    coalesce(attempts > 0, FALSE) OR first_attempt_at IS NOT NULL AS attempted,
    CASE
        WHEN attempts IS NOT NULL THEN attempts = 1 AND delivered_at IS NOT NULL
        ELSE coalesce(delivered_on = first_attempt_on, FALSE)
    END AS first_attempt_kept
FROM joined
