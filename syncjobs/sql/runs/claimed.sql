-- Queued runs begin: each start has a greater fence and a lease. A job id that is not the run's own
-- any more begins nothing. What the last holder saved is committed: it went to 'queued' after that.
WITH asked AS (
    SELECT run_id, job_id, try_number
    FROM unnest(%(runs)s::uuid[], %(jobs)s::text[], %(tries)s::int[])
        AS asked (run_id, job_id, try_number)
), claimed AS (
    UPDATE sync_runs AS run
    SET
        status = 'running', fence = run.fence + 1, worker = %(worker)s, tries = asked.try_number,
        lease_until = now() + make_interval(secs => %(lease)s),
        started_at = coalesce(run.started_at, now()), next_try_at = NULL
    FROM asked
    WHERE
        run.id = asked.run_id AND run.job_id = asked.job_id AND run.status = 'queued'
        AND run.cancel_requested_at IS NULL
    RETURNING run.*
), begun AS (
    INSERT INTO job_attempts (user_id, run_id, fence, try_number, worker)
    SELECT user_id, id, fence, tries, worker FROM claimed
)
SELECT jsonb_build_object(
    'run_id', claimed.id, 'fence', claimed.fence, 'user_id', claimed.user_id,
    'connection_id', claimed.connection_id, 'provider', claimed.provider,
    'function', claimed.function, 'payload', claimed.payload, 'job_try', claimed.tries,
    'correlation_id', claimed.correlation_id, 'progress', claimed.progress,
    'nango_connection_id', connection.nango_connection_id,
    'integration', connection.integration, 'cursor', connection.cursor
)
FROM claimed
JOIN sync_connections AS connection ON connection.id = claimed.connection_id
