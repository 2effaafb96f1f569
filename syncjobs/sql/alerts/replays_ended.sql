-- Replayed messages whose endpoint was disabled: they failed again, and their dead letters are open.
WITH ended AS (
    UPDATE deliveries
    SET state = 'failed', error = 'Its endpoint is disabled.', ended_at = now()
    FROM delivery_endpoints AS endpoint, job_failures AS failure
    WHERE
        endpoint.id = deliveries.endpoint_id AND NOT endpoint.is_enabled
        AND deliveries.state = 'waiting'
        AND failure.id = deliveries.failure_id AND failure.status = 'replaying'
    RETURNING failure.id
)
UPDATE job_failures
SET status = 'open', note = 'Its endpoint was disabled.'
FROM ended
WHERE job_failures.id = ended.id
