-- Ended tasks of the project, but for those whose dead letter somebody may still replay.
DELETE FROM project_tasks
WHERE id IN (
    SELECT id
    FROM project_tasks
    WHERE
        finished_at < now() - make_interval(days => %(days)s)
        AND NOT EXISTS (
            SELECT FROM job_failures
            WHERE job_failures.id = project_tasks.failure_id AND job_failures.status IN ('open', 'replaying')
        )
    LIMIT %(limit)s
)
