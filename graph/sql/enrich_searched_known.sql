-- What was found in the tenant's groups of payments.
SELECT key, digest, found::text AS found, tried::text AS tried
FROM searched_groups
WHERE user_id = %(user_id)s
