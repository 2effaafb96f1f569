-- What people know sources by whose keys are made by programs: their platform, a file, and the accounts
-- of their rows. Each step of the recursion is the next source in the index. Of each source only
-- the first and the last rows of the index are read, however many there are; the own account is in each.
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
),
seen AS MATERIALIZED (
    SELECT step.source, stored.*
    FROM step
    CROSS JOIN LATERAL (
        (
            SELECT external_id, posting, created_at, kind, platform, provenance, party_kind, party_name
            FROM raw_events
            WHERE user_id = %(user_id)s AND source = step.source
            ORDER BY external_id, posting LIMIT %(most)s
        )
        UNION
        (
            SELECT external_id, posting, created_at, kind, platform, provenance, party_kind, party_name
            FROM raw_events
            WHERE user_id = %(user_id)s AND source = step.source
            ORDER BY external_id DESC, posting DESC LIMIT %(most)s
        )
    ) AS stored
    WHERE step.source ~ '[.][0-9a-f]{8}'
),
accounts AS (
    SELECT source, array_agg(party_name ORDER BY rows DESC, party_name) AS names
    FROM (
        SELECT source, party_name, count(*) AS rows FROM seen
        WHERE party_kind = 'account'
        GROUP BY source, party_name
    ) AS counted
    GROUP BY source
)
SELECT DISTINCT ON (seen.source)
    seen.source, seen.kind, seen.platform, seen.provenance -> -1 ->> 'file' AS file,
    coalesce(accounts.names, '{}') AS accounts
FROM seen
LEFT JOIN accounts ON accounts.source = seen.source
ORDER BY seen.source, seen.created_at DESC, seen.external_id, seen.posting
