-- Ended runs, their attempts with them; those that a failure still tells of stay.
DELETE FROM sync_runs
WHERE id IN (
    SELECT id
    FROM sync_runs
    WHERE
        finished_at < now() - make_interval(days => %(days)s)
        AND replay_of_id IS NULL
        AND NOT EXISTS (SELECT FROM job_failures WHERE job_failures.run_id = sync_runs.id)
    LIMIT %(limit)s
)
