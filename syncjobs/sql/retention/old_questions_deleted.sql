-- Questions whose answers were kept for long enough.
DELETE FROM asked_questions
WHERE id IN (SELECT id FROM asked_questions WHERE expires_at < now() LIMIT %(limit)s)
