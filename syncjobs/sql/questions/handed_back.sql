-- A start ends without an end of its question, and does not count: its worker was told to stop.
UPDATE asked_questions
SET status = 'queued', lease_until = NULL, tries = tries - 1
WHERE id = %(question)s AND fence = %(fence)s AND status = 'running'
