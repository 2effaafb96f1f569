-- How far each source's books reach: its last day that is not in the future. One look into an index
-- for each source, however many rows it has.
WITH RECURSIVE source_of AS (
    (
        SELECT source FROM raw_events
        WHERE user_id = %(user_id)s AND kind = 'posting'
        ORDER BY source LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT event.source FROM raw_events AS event
        WHERE
            event.user_id = %(user_id)s AND event.kind = 'posting'
            AND event.source > source_of.source
        ORDER BY event.source LIMIT 1
    )
    FROM source_of
    WHERE source_of.source IS NOT NULL
),
reach AS (
    SELECT
        source_of.source,
        (
            SELECT event.occurred_at FROM raw_events AS event
            WHERE
                event.user_id = %(user_id)s AND event.kind = 'posting'
                AND event.source = source_of.source
                AND event.occurred_at < (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC'
            ORDER BY event.occurred_at DESC LIMIT 1
        ) AS latest
    FROM source_of
)
SELECT source, (latest AT TIME ZONE 'UTC')::date AS until
FROM reach
WHERE latest IS NOT NULL
ORDER BY source
