-- Failures whose replay is gone without an end (its connection was deleted): open again.
UPDATE job_failures
SET status = 'open'
WHERE
    status = 'replaying'
    AND NOT EXISTS (
        SELECT FROM sync_runs
        WHERE replay_of_id = job_failures.id AND sync_runs.status IN ('queued', 'running')
    )
