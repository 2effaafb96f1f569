-- A worker starts to deliver to an endpoint, if it is enabled, no other worker does, and its tenant
-- has a free turn: no endpoint of the tenant is delivered to by any worker. The operators have as
-- many turns as endpoints. The caller holds the lock of alerts/turn_locked.
UPDATE delivery_endpoints AS endpoint
SET
    worker = %(worker)s, fence = fence + 1,
    lease_until = now() + make_interval(secs => %(lease)s)
WHERE
    id = %(endpoint)s AND is_enabled
    AND (lease_until IS NULL OR lease_until < now())
    AND (
        user_id = %(operators)s
        OR NOT EXISTS (
            SELECT FROM delivery_endpoints AS other
            WHERE other.user_id = endpoint.user_id AND other.lease_until >= now()
        )
    )
RETURNING fence
