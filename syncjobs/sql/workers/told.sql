-- A worker tells that it lives. Those that have been silent for a day are deleted by the way.
WITH silent AS (
    DELETE FROM worker_processes
    WHERE seen_at < now() - interval '1 day' AND name <> %(name)s
)
INSERT INTO worker_processes (name, version, running)
VALUES (%(name)s, %(version)s, %(running)s)
ON CONFLICT (name) DO UPDATE SET seen_at = now(), running = excluded.running
