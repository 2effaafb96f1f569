-- Runs whose lease has ended: their worker died, or stalled, or could not say how they ended. One
-- that a save of its own has locked is alive.
SELECT id, fence, tries, job_id, worker, function
FROM sync_runs
WHERE status = 'running' AND lease_until < now()
ORDER BY lease_until
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
