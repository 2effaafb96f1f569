-- Queued runs that Redis was told of, or should have been, some seconds ago.
SELECT id, job_id, enqueued_at IS NULL AS is_new
FROM sync_runs
WHERE status = 'queued' AND coalesce(enqueued_at, created_at) < now() - make_interval(secs => %(age)s)
ORDER BY created_at
