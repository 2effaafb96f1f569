-- Leases go on. A run whose row its own save has locked is left out: that save renews it.
WITH held AS (
    SELECT id, fence, status, cancel_requested_at
    FROM sync_runs
    WHERE id = ANY (%(runs)s)
    FOR NO KEY UPDATE SKIP LOCKED
), renewed AS (
    UPDATE sync_runs AS run
    SET lease_until = now() + make_interval(secs => %(lease)s)
    FROM unnest(%(runs)s::uuid[], %(fences)s::bigint[]) AS mine (run_id, fence)
    JOIN held ON held.id = mine.run_id
    WHERE run.id = held.id AND held.fence = mine.fence AND held.status = 'running'
)
SELECT id, fence, status = 'running' AS runs, cancel_requested_at IS NOT NULL AS cancelled FROM held
