-- Endpoints that a worker may deliver to now, those that wait longest first: enabled, with a message
-- that is due, and with no worker. Of a tenant only one, and none while any worker delivers to
-- another endpoint of the tenant; of the operators all. Each is looked up in its index of waiting
-- messages, whose number does not matter.
WITH candidate AS (
    SELECT
        endpoint.id, endpoint.user_id, oldest.next_try_at,
        row_number() OVER (
            PARTITION BY endpoint.user_id ORDER BY oldest.next_try_at, endpoint.id
        ) AS place
    FROM delivery_endpoints AS endpoint
    CROSS JOIN LATERAL (
        SELECT next_try_at
        FROM deliveries
        WHERE
            deliveries.endpoint_id = endpoint.id AND state = 'waiting' AND next_try_at <= now()
        ORDER BY next_try_at
        LIMIT 1
    ) AS oldest
    WHERE
        endpoint.is_enabled
        AND (endpoint.lease_until IS NULL OR endpoint.lease_until < now())
        AND (%(tenant)s::uuid IS NULL OR endpoint.user_id = %(tenant)s)
)
SELECT id
FROM candidate
WHERE
    user_id = %(operators)s
    OR place = 1 AND NOT EXISTS (
        SELECT FROM delivery_endpoints AS other
        WHERE other.user_id = candidate.user_id AND other.lease_until >= now()
    )
ORDER BY next_try_at, id
LIMIT %(limit)s
