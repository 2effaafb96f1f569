-- The lease goes on; no row: another worker has taken over.
UPDATE delivery_endpoints
SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(endpoint)s AND fence = %(fence)s
