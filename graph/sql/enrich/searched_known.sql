-- What was found in the tenant's groups of payments.
SELECT key, digest, found::text AS found
FROM searched_groups
WHERE user_id = %(user_id)s
