-- Connections by provider and state, and how many of them a pause of their provider has paused.
SELECT
    provider, state, count(*) AS connections,
    count(*) FILTER (
        WHERE state = 'paused'
        AND state_reason = 'Paused with all connections of ' || provider || '.'
    ) AS held
FROM sync_connections
WHERE state <> 'removed'
GROUP BY provider, state
ORDER BY provider, state
