-- The currencies that each of the tenant's sources states, by a look at some rows of each.
WITH RECURSIVE sources AS (
    (
        SELECT source FROM raw_events
        WHERE user_id = %(user_id)s
        ORDER BY source
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT source FROM raw_events
        WHERE user_id = %(user_id)s AND source > sources.source
        ORDER BY source
        LIMIT 1
    )
    FROM sources
    WHERE sources.source IS NOT NULL
)
SELECT DISTINCT sources.source, looked.currency
FROM sources
CROSS JOIN LATERAL (
    SELECT currency FROM raw_events
    WHERE user_id = %(user_id)s AND source = sources.source
    LIMIT 200
) AS looked
WHERE looked.currency IS NOT NULL
