-- Runs get another job: a new id, for the old one may lie in Redis locked, or be lost there.
WITH given AS (
    SELECT run_id, job_id FROM unnest(%(runs)s::uuid[], %(jobs)s::text[]) AS given (run_id, job_id)
), requeued AS (
    UPDATE sync_runs AS run
    SET
        status = 'queued', lease_until = NULL, enqueued_at = NULL,
        job_number = run.job_number + 1, job_id = run.id || ':' || run.job_number + 1
    FROM given
    WHERE
        run.id = given.run_id AND run.job_id = given.job_id AND run.status IN ('queued', 'running')
        AND (run.status = 'queued' OR run.lease_until < now())
    RETURNING run.*
), lost AS (
    UPDATE job_attempts AS attempt
    SET
        outcome = 'lost', ended_at = greatest(now(), attempt.started_at), error_class = 'WorkerLost',
        error = 'Worker ' || attempt.worker || ' died or stalled: its lease ended.'
    FROM requeued
    WHERE attempt.run_id = requeued.id AND attempt.outcome = 'running'
)
SELECT job_id, function, id, coalesce(next_try_at, created_at), tries + 1 FROM requeued
