-- How the view and the background work stand, of all tenants together.
SELECT
    (SELECT extract(epoch FROM now() - max(finished_at)) FROM view_refreshes) AS view_age_seconds,
    (SELECT count(*) FROM job_failures WHERE status = 'open') AS failures_open,
    (SELECT count(*) FROM sync_runs WHERE status = 'queued') AS runs_queued,
    (SELECT count(*) FROM sync_runs WHERE status = 'running') AS runs_running,
    (
        SELECT coalesce(extract(epoch FROM now() - min(coalesce(next_try_at, created_at))), 0)
        FROM sync_runs
        WHERE status = 'queued' AND coalesce(next_try_at, created_at) <= now()
    ) AS queue_age_seconds,
    (
        SELECT count(*) FROM enrichments WHERE done_for IS NULL OR done_for < wanted_at
    ) AS enrichments_waiting
