-- Syncs that failed for good.
SELECT
    id::text AS key,
    'A sync failed: ' || provider AS title,
    jsonb_build_object(
        'sync', id, 'connection', connection_id, 'provider', provider, 'error', error
    ) AS data
FROM sync_runs
WHERE user_id = listening.user_id AND status = 'failed' AND finished_at > listening.since
