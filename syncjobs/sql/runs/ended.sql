-- A run ends: cancelled, or failed for good. With a fence only if that start is the newest; without
-- one whoever held it is gone. Says what a failure's row is to hold.
WITH ended AS (
    UPDATE sync_runs
    SET status = %(status)s, finished_at = now(), lease_until = NULL, error = %(error)s
    WHERE
        id = %(run)s AND status IN ('queued', 'running')
        AND (%(fence)s::bigint IS NULL OR fence = %(fence)s AND status = 'running')
    RETURNING *
), tried AS (
    UPDATE job_attempts AS attempt
    SET
        outcome = %(outcome)s, ended_at = greatest(now(), attempt.started_at),
        error_class = %(error_class)s, error = %(error)s, traceback = %(traceback)s
    FROM ended
    WHERE attempt.run_id = ended.id AND attempt.outcome = 'running'
), connected AS (
    UPDATE sync_connections AS connection
    SET
        next_sync_at = now() + connection.sync_every, updated_at = now(),
        state = CASE WHEN %(dead)s THEN 'dead' ELSE connection.state END,
        state_reason = CASE WHEN %(dead)s THEN %(error)s ELSE connection.state_reason END
    FROM ended
    WHERE connection.id = ended.connection_id AND connection.state NOT IN ('paused', 'removed')
)
SELECT jsonb_build_object(
    'run_id', id, 'user_id', user_id, 'connection_id', connection_id, 'provider', provider,
    'function', function, 'payload', payload, 'tries', tries, 'correlation_id', correlation_id,
    'job_id', job_id, 'replay_of', replay_of_id
)
FROM ended
