-- Failures whose replay is gone without an end (its connection or endpoint was deleted): open again.
UPDATE job_failures
SET status = 'open'
WHERE
    status = 'replaying'
    AND NOT EXISTS (
        SELECT FROM sync_runs
        WHERE replay_of_id = job_failures.id AND sync_runs.status IN ('queued', 'running')
    )
    AND NOT EXISTS (
        SELECT FROM deliveries
        WHERE deliveries.failure_id = job_failures.id AND deliveries.state = 'waiting'
    )
    AND NOT EXISTS (
        SELECT FROM project_tasks
        WHERE project_tasks.failure_id = job_failures.id AND project_tasks.status IN ('READY', 'RUNNING')
    )
