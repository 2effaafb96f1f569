-- Done: due again after its interval, however late it was.
UPDATE duties
SET
    due_at = now() + make_interval(secs => %(every)s), lease_until = NULL, finished_at = now(),
    found = %(found)s::jsonb, error = %(error)s
WHERE name = %(name)s
