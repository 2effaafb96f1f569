-- The run that waits longest for a worker, if for `threshold` (15) minutes: one alert an hour.
WITH waiting AS (
    SELECT count(*) AS runs, min(greatest(created_at, next_try_at)) AS oldest
    FROM sync_runs
    WHERE status = 'queued' AND greatest(created_at, next_try_at) <= now()
)
SELECT
    'queue:' || extract(epoch FROM date_trunc('hour', now()))::bigint AS key,
    runs || ' runs wait for a worker, one of them for '
        || (extract(epoch FROM now() - oldest) / 60)::int || ' minutes' AS title,
    jsonb_build_object('waiting', runs, 'oldest_due_at', oldest, 'page', '/admin/') AS data
FROM waiting
WHERE oldest < now() - make_interval(secs => coalesce(%(threshold)s, 15)::float8 * 60)
