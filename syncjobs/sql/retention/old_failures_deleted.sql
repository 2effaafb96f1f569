DELETE FROM job_failures
WHERE id IN (
    SELECT id
    FROM job_failures
    WHERE
        status IN ('resolved', 'discarded', 'ignored')
        AND last_failed_at < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s
)
