-- Tasks whose worker died or stalled: their lease has ended.
SELECT *
FROM project_tasks
WHERE status = 'RUNNING' AND lease_until < now()
ORDER BY lease_until
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
