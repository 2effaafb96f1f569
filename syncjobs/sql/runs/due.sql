-- A run for every connection whose time has come and that has none; late or not, one each.
WITH due AS (
    SELECT id, user_id, provider, gen_random_uuid() AS run_id
    FROM sync_connections
    WHERE next_sync_at <= now() AND state IN ('alive', 'suspect')
    ORDER BY next_sync_at
    LIMIT 500
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE sync_connections AS connection
    SET next_sync_at = now() + connection.sync_every
    FROM due
    WHERE connection.id = due.id
)
INSERT INTO sync_runs (
    id, user_id, connection_id, provider, function, trigger, job_id, correlation_id
)
SELECT
    run_id, user_id, id, provider, provider || '_sync', 'schedule', run_id || ':1', run_id::text
FROM due
ON CONFLICT DO NOTHING
RETURNING job_id, function, id
