-- What a rule finds and its endpoint was not told yet.
SELECT found.key, found.title, found.data
FROM (
{rule}
) AS found
WHERE NOT EXISTS (
    SELECT FROM deliveries
    WHERE deliveries.endpoint_id = %(endpoint)s::uuid AND deliveries.key = %(kind)s || ':' || found.key
)
ORDER BY found.key
LIMIT %(limit)s
