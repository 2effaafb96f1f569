-- Ended messages, but for those of which a dead letter tells that somebody may still replay.
DELETE FROM deliveries
WHERE id IN (
    SELECT id
    FROM deliveries
    WHERE
        ended_at < now() - make_interval(days => %(days)s)
        AND NOT EXISTS (
            SELECT FROM job_failures
            WHERE job_failures.id = deliveries.failure_id AND job_failures.status IN ('open', 'replaying')
        )
    LIMIT %(limit)s
)
