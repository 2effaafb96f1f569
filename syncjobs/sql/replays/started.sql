-- Replays of many failures start: a queued run for each, as one that a person starts. A failure that
-- somebody else changes now, or whose connection has an active run, is left for later.
WITH failure AS (
    SELECT
        failed.id, failed.user_id, failed.correlation_id, failed.payload - %(bookkeeping)s AS asked,
        connection.id AS connection_id, connection.provider, gen_random_uuid() AS run_id
    FROM job_failures AS failed
    JOIN sync_connections AS connection
        ON connection.id = ANY (%(connections)s)
        AND connection.id::text = failed.connection_id AND connection.user_id = failed.user_id
    WHERE
        failed.id = ANY (%(failures)s) AND failed.status IN ('open', 'ignored')
        AND connection.state NOT IN ('paused', 'removed')
    FOR UPDATE SKIP LOCKED
), run AS (
    INSERT INTO sync_runs (
        id, user_id, connection_id, provider, function, trigger, payload, correlation_id,
        replay_of_id, job_id
    )
    SELECT
        run_id, user_id, connection_id, provider, %(tasks)s::jsonb ->> provider, 'replay', asked,
        coalesce(nullif(correlation_id, ''), run_id::text), id, run_id || ':1'
    FROM failure
    ON CONFLICT DO NOTHING
    RETURNING id, replay_of_id, connection_id, payload, function, job_id
), replaying AS (
    UPDATE job_failures
    SET status = 'replaying', note = '', settled_at = NULL
    FROM run
    WHERE job_failures.id = run.replay_of_id
), noted AS (
    UPDATE replay_items
    SET state = 'started', replayed_as = run.id, started_at = now()
    FROM run
    WHERE replay_items.batch_id = %(batch)s AND replay_items.failure_id = run.replay_of_id
), listed_anew AS (
    UPDATE sync_connections
    SET cursor = NULL
    FROM run
    WHERE sync_connections.id = run.connection_id AND run.payload -> 'full' = 'true'
)
SELECT id::text, job_id, function, replay_of_id FROM run
