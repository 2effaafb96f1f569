-- Locks the turn of the endpoint's tenant until the transaction ends, so that workers that claim two
-- endpoints of a tenant at once see each other.
SELECT pg_advisory_xact_lock(hashtextextended('deliveries of ' || user_id::text, 0))
FROM delivery_endpoints
WHERE id = %(endpoint)s
