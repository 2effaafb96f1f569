-- Queued and running runs by what they wait for, and the oldest run that waits for a worker.
-- Only the partial index of active runs is read.
WITH active AS (
    SELECT
        id, status, lease_until, cancel_requested_at,
        greatest(created_at, next_try_at) AS due_at
    FROM sync_runs
    WHERE status IN ('queued', 'running')
)
SELECT
    count(*) FILTER (WHERE status = 'queued' AND due_at <= now()) AS waiting,
    count(*) FILTER (WHERE status = 'queued' AND due_at > now()) AS scheduled,
    count(*) FILTER (WHERE status = 'running') AS running,
    count(*) FILTER (WHERE status = 'running' AND lease_until < now()) AS expired,
    count(*) FILTER (WHERE status = 'running' AND cancel_requested_at IS NOT NULL) AS cancelling,
    extract(epoch FROM now() - min(due_at) FILTER (WHERE status = 'queued' AND due_at <= now()))::float8
        AS queue_age,
    (
        SELECT id FROM active
        WHERE status = 'queued' AND due_at <= now()
        ORDER BY due_at, id
        LIMIT 1
    ) AS oldest,
    now() AS as_of
FROM active
