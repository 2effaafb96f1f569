-- Queued runs that Redis was told of, or should have been, some seconds ago. `latest` is the Unix time
-- in milliseconds by which their jobs must be due in Redis, with a tolerance for workers' clocks.
SELECT
    id, job_id, enqueued_at IS NULL AS is_new,
    1000 * extract(epoch FROM
        greatest(now(), coalesce(next_try_at, created_at)) + make_interval(secs => %(skew)s)
    )::float AS latest
FROM sync_runs
WHERE status = 'queued' AND coalesce(enqueued_at, created_at) < now() - make_interval(secs => %(age)s)
ORDER BY created_at
