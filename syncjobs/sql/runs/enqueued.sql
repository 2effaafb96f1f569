-- Redis has been told of these jobs.
UPDATE sync_runs SET enqueued_at = now() WHERE job_id = ANY (%s) AND status = 'queued'
