-- The lease goes on; no row: this start is not the newest any more.
UPDATE asked_questions
SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(question)s AND fence = %(fence)s AND status = 'running'
RETURNING cancel_requested_at IS NOT NULL
