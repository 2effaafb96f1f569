-- Workers with a sign of life in the last `seconds`: what they told of themselves, a lease that they
-- renewed, a run that they ended or a periodic task. `runs` counts what each runs now.
WITH signs AS (
    SELECT worker, lease_until - make_interval(secs => %(lease)s) AS seen_at, 1 AS runs, NULL AS task
    FROM sync_runs
    WHERE status = 'running'
    UNION ALL
    SELECT worker, max(finished_at), 0, NULL
    FROM sync_runs
    WHERE finished_at > now() - make_interval(secs => %(seconds)s)
    GROUP BY worker
    UNION ALL
    SELECT worker, greatest(started_at, finished_at), 0,
        CASE WHEN lease_until > now() THEN name END
    FROM duties
    UNION ALL
    SELECT name, seen_at, 0, NULL
    FROM worker_processes
), seen AS (
    SELECT
        worker, max(seen_at) AS seen_at, sum(runs)::bigint AS runs,
        coalesce(string_agg(task, ', ' ORDER BY task), '') AS tasks
    FROM signs
    WHERE worker <> ''
    GROUP BY worker
    HAVING sum(runs) > 0 OR max(seen_at) > now() - make_interval(secs => %(seconds)s)
)
SELECT
    seen.worker, seen.seen_at, seen.runs, seen.tasks,
    extract(epoch FROM now() - seen.seen_at)::float8 AS seconds,
    process.version, process.started_at, coalesce(process.running, '{}')::text AS running
FROM seen
LEFT JOIN worker_processes AS process ON process.name = seen.worker
ORDER BY seen.worker
