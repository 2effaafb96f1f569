-- What happened to tenants since their endpoints were made, within some days, of which an endpoint that
-- wants this type of message has none yet.
WITH listening AS (
    SELECT id, user_id, greatest(created_at, now() - make_interval(days => %(days)s)) AS since
    FROM delivery_endpoints
    WHERE
        is_enabled AND user_id <> %(operators)s
        AND (cardinality(events) = 0 OR events @> ARRAY[%(event)s::text])
)
SELECT listening.id, happened.key, happened.title, happened.data
FROM listening
CROSS JOIN LATERAL (
{event}
) AS happened
WHERE NOT EXISTS (
    SELECT FROM deliveries
    WHERE
        deliveries.endpoint_id = listening.id
        AND deliveries.key = %(event)s || ':' || happened.key
)
ORDER BY listening.id, happened.key
LIMIT %(limit)s
