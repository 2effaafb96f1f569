-- Tenants whose books have changed since their layers were computed.
SELECT user_id
FROM enrichments
WHERE done_for IS NULL OR done_for < wanted_at
ORDER BY wanted_at
LIMIT %(limit)s
