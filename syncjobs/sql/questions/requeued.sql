-- New jobs for questions whose jobs these were; the old ones begin nothing any more.
UPDATE asked_questions
SET
    status = 'queued', lease_until = NULL,
    job_id = id || ':' || split_part(job_id, ':', 2)::int + 1
WHERE job_id = ANY (%(jobs)s) AND status IN ('queued', 'running')
RETURNING id::text, job_id
