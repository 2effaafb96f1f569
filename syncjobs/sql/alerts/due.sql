-- Enabled endpoints with a message that is due, to which no worker delivers: each by its index of
-- waiting messages, whose number does not matter.
SELECT endpoint.id
FROM delivery_endpoints AS endpoint
WHERE
    endpoint.is_enabled
    AND (endpoint.lease_until IS NULL OR endpoint.lease_until < now())
    AND EXISTS (
        SELECT FROM deliveries
        WHERE
            deliveries.endpoint_id = endpoint.id AND state = 'waiting' AND next_try_at <= now()
    )
LIMIT %(limit)s
