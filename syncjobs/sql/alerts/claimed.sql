-- A worker starts to deliver to an endpoint, if it is enabled and no other worker does.
UPDATE delivery_endpoints
SET
    worker = %(worker)s, fence = fence + 1,
    lease_until = now() + make_interval(secs => %(lease)s)
WHERE
    id = %(endpoint)s AND is_enabled
    AND (lease_until IS NULL OR lease_until < now())
RETURNING fence
