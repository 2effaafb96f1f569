-- What became of the started replays: a failure that is being replayed has no end yet.
UPDATE replay_items AS item
SET
    state = CASE WHEN failure.status = 'resolved' THEN 'succeeded' ELSE 'failed' END,
    ended_at = coalesce(failure.settled_at, failure.last_failed_at, now())
FROM job_failures AS failure
WHERE
    failure.id = item.failure_id AND item.state = 'started' AND failure.status <> 'replaying'
    AND item.batch_id = %(batch)s
