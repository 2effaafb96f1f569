-- The layers are computed for all that had changed by then. What has changed since still waits.
UPDATE enrichments
SET done_for = greatest(done_for, %(wanted_at)s), finished_at = now()
WHERE user_id = %(user_id)s
