-- What may start now: of each connection without an active run the failure that happened first.
WITH first AS (
    SELECT DISTINCT ON (coalesce(nullif(failure.connection_id, ''), failure.id::text))
        item.id, item.failure_id, item.position
    FROM replay_items AS item
    JOIN job_failures AS failure ON failure.id = item.failure_id
    WHERE
        item.batch_id = %(batch)s AND item.state = 'waiting'
        AND NOT EXISTS (
            SELECT FROM sync_runs
            WHERE
                sync_runs.connection_id::text = failure.connection_id
                AND sync_runs.status IN ('queued', 'running')
        )
    ORDER BY coalesce(nullif(failure.connection_id, ''), failure.id::text), item.position
)
SELECT failure_id, id FROM first ORDER BY position LIMIT %(limit)s
