-- Duties that are due and that nobody does.
WITH due AS (
    SELECT name
    FROM duties
    WHERE
        name = ANY (%(names)s) AND due_at <= now()
        AND (lease_until IS NULL OR lease_until < now())
    FOR UPDATE SKIP LOCKED
)
UPDATE duties
SET worker = %(worker)s, lease_until = now() + make_interval(secs => %(lease)s), started_at = now()
FROM due
WHERE duties.name = due.name
RETURNING duties.name
