-- Questions whose worker died or stalled: their lease has ended.
SELECT id, job_id, tries
FROM asked_questions
WHERE status = 'running' AND lease_until < now()
ORDER BY lease_until
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
