-- Runs end well, if this start of each is still the newest.
WITH ended AS (
    SELECT run_id, fence FROM unnest(%(runs)s::uuid[], %(fences)s::bigint[]) AS ended (run_id, fence)
), done AS (
    UPDATE sync_runs AS run
    SET status = 'succeeded', finished_at = now(), lease_until = NULL, error = ''
    FROM ended
    WHERE run.id = ended.run_id AND run.fence = ended.fence AND run.status = 'running'
    RETURNING run.id, run.fence, run.connection_id, run.replay_of_id
), tried AS (
    UPDATE job_attempts AS attempt
    SET outcome = 'succeeded', ended_at = greatest(now(), attempt.started_at)
    FROM done
    WHERE attempt.run_id = done.id AND attempt.fence = done.fence
), connected AS (
    UPDATE sync_connections AS connection
    SET
        last_synced_at = now(), next_sync_at = now() + connection.sync_every, updated_at = now(),
        state = CASE
            WHEN connection.state IN ('suspect', 'dead') THEN 'alive' ELSE connection.state
        END,
        state_reason = ''
    FROM done
    WHERE connection.id = done.connection_id
), replayed AS (
    UPDATE job_failures AS failure
    SET
        status = 'resolved', settled_at = now(),
        note = 'The replay ' || done.id || ' succeeded.'
    FROM done
    WHERE failure.id = done.replay_of_id AND failure.status = 'replaying'
)
SELECT id FROM done
