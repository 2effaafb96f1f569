-- The failures of a bulk replay by what became of them, as of now: an end is seen before it is noted.
SELECT
    CASE
        WHEN item.state <> 'started' OR failure.status = 'replaying' THEN item.state
        WHEN failure.status = 'resolved' THEN 'succeeded'
        ELSE 'failed'
    END AS state,
    count(*) AS items
FROM replay_items AS item
JOIN job_failures AS failure ON failure.id = item.failure_id
WHERE item.batch_id = %(batch)s
GROUP BY 1
