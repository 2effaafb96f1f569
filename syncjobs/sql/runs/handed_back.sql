-- A start ends without an end of its run: it waits in the queue again.
WITH back AS (
    UPDATE sync_runs
    SET
        status = 'queued', lease_until = NULL, tries = %(tries)s,
        next_try_at = now() + make_interval(secs => %(wait)s)
    WHERE id = %(run)s AND fence = %(fence)s AND status = 'running'
    RETURNING id, fence
)
UPDATE job_attempts AS attempt
SET
    outcome = %(outcome)s, ended_at = greatest(now(), attempt.started_at), retry_after = %(wait)s,
    error_class = %(error_class)s, error = %(error)s, traceback = %(traceback)s
FROM back
WHERE attempt.run_id = back.id AND attempt.fence = back.fence
