-- The periodic tasks: when each ran last and is due next.
SELECT
    name, worker, started_at, finished_at, due_at, error,
    extract(epoch FROM now() - finished_at)::float8 AS ago,
    extract(epoch FROM due_at - now())::float8 AS due_in,
    lease_until IS NOT NULL AND lease_until > now() AS running
FROM duties
ORDER BY name
