-- Questions of which Redis was told, or should have been, some seconds ago.
SELECT job_id
FROM asked_questions
WHERE status = 'queued' AND created_at < now() - make_interval(secs => %(age)s)
ORDER BY created_at
