-- A worker starts the most important task that is due; of equal ones the one that waits longest.
UPDATE project_tasks
SET
    status = 'RUNNING', fence = fence + 1, tries = tries + 1,
    worker_ids = array_append(worker_ids, %(worker)s),
    lease_until = now() + make_interval(secs => %(lease)s),
    started_at = coalesce(started_at, now()), last_attempted_at = now()
WHERE
    id = (
        SELECT id
        FROM project_tasks
        WHERE status = 'READY' AND due_at <= now()
        ORDER BY priority DESC, due_at, id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
RETURNING *
