-- The failures of a bulk replay, in the order in which they happened.
INSERT INTO replay_items (batch_id, failure_id, position)
SELECT %(batch)s, id, row_number() OVER (ORDER BY last_failed_at, id)
FROM job_failures
WHERE id = ANY (%(failures)s)
