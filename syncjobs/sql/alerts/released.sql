-- A worker has stopped to deliver to an endpoint.
UPDATE delivery_endpoints
SET lease_until = NULL
WHERE id = %(endpoint)s AND fence = %(fence)s
