-- Connections that are due, each of a tenant of its own.
INSERT INTO sync_connections (user_id, provider, nango_connection_id, sync_every, next_sync_at)
SELECT gen_random_uuid(), 'gmail', 'bench-' || number, interval '1 day', now()
FROM generate_series(1, {count}) AS number
