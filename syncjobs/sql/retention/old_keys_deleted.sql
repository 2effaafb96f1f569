-- Idempotency keys that were kept for long enough.
DELETE FROM repeated_requests
WHERE id IN (
    SELECT id FROM repeated_requests
    WHERE created_at < now() - make_interval(secs => %(keep)s) LIMIT %(limit)s
)
