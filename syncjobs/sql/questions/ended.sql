-- A question ends: as its newest start says, or, without a fence, because whoever held it is gone.
-- One that was to be cancelled is cancelled, whatever came of it.
UPDATE asked_questions
SET
    status = CASE WHEN cancel_requested_at IS NULL THEN %(status)s ELSE 'cancelled' END,
    answer = CASE WHEN cancel_requested_at IS NULL THEN %(answer)s END,
    failure = CASE WHEN cancel_requested_at IS NULL THEN %(failure)s END,
    error = CASE WHEN cancel_requested_at IS NULL THEN %(error)s ELSE '' END,
    lease_until = NULL, finished_at = now(),
    expires_at = now() + make_interval(secs => %(keep)s)
WHERE
    id = %(question)s AND status IN ('queued', 'running')
    AND (%(fence)s::bigint IS NULL OR fence = %(fence)s AND status = 'running')
