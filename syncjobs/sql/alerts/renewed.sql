-- The lease goes on; no row: another worker has taken over, or the endpoint is disabled.
UPDATE delivery_endpoints
SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(endpoint)s AND fence = %(fence)s AND is_enabled
