-- The running runs that began first, with their workers and the starts of their current attempts.
SELECT
    run.id, run.worker, run.function, run.provider, run.user_id, run.connection_id,
    connection.nango_connection_id,
    run.tries, coalesce(attempt.started_at, run.started_at) AS began,
    extract(epoch FROM now() - coalesce(attempt.started_at, run.started_at))::float8 AS seconds,
    run.lease_until < now() AS expired,
    run.cancel_requested_at IS NOT NULL AS cancelling,
    run.progress::text AS progress
FROM sync_runs AS run
JOIN sync_connections AS connection ON connection.id = run.connection_id
LEFT JOIN job_attempts AS attempt ON attempt.run_id = run.id AND attempt.fence = run.fence
WHERE run.status = 'running'
ORDER BY began, run.id
LIMIT %(limit)s
