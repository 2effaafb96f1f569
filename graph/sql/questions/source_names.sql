-- What people know sources by whose keys are made by programs: their platform, their newest file, and
-- the account that a person named. The recursion steps from source to source along the index.
WITH RECURSIVE step AS (
    (SELECT source FROM raw_events WHERE user_id = %(user_id)s ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (
        SELECT following.source FROM raw_events AS following
        WHERE following.user_id = %(user_id)s AND following.source > step.source
        ORDER BY following.source LIMIT 1
    )
    FROM step
    WHERE step.source IS NOT NULL
)
SELECT step.source, newest.kind, newest.platform, newest.file, own.name AS account
FROM step
CROSS JOIN LATERAL (
    SELECT event.kind, event.platform, event.provenance -> -1 ->> 'file' AS file
    FROM raw_events AS event
    WHERE event.user_id = %(user_id)s AND event.source = step.source
    ORDER BY event.created_at DESC, event.external_id
    LIMIT 1
) AS newest
LEFT JOIN LATERAL (
    SELECT event.party_name AS name
    FROM raw_events AS event
    WHERE
        event.user_id = %(user_id)s AND event.source = step.source
        AND event.party_kind = 'account'
    LIMIT 1
) AS own ON TRUE
WHERE step.source ~ '[.][0-9a-f]{8}'
ORDER BY step.source
