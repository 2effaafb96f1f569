-- A queued question begins, if this job is still its own.
UPDATE asked_questions
SET
    status = 'running', fence = fence + 1, tries = tries + 1, worker = %(worker)s,
    lease_until = now() + make_interval(secs => %(lease)s),
    started_at = coalesce(started_at, now())
WHERE id = %(question)s AND job_id = %(job)s AND status = 'queued'
RETURNING id, fence, user_id, question, parameters::text
