-- Past runs and failures of 90 days, and a thousand active runs of 2,000 connections.
INSERT INTO sync_connections (id, user_id, provider, nango_connection_id)
SELECT
    gen_random_uuid(), gen_random_uuid(),
    (ARRAY['gmail', 'dropbox', 'gdrive', 'zoho_mail'])[1 + n % 4], 'c' || n
FROM generate_series(1, 2000) AS n;
WITH numbered AS (
    SELECT *, row_number() OVER () AS nth FROM sync_connections
)
INSERT INTO sync_runs (
    id, user_id, connection_id, provider, function, trigger, status, job_id, tries, fence, worker,
    error, created_at, finished_at
)
SELECT
    gen_random_uuid(), numbered.user_id, numbered.id, numbered.provider,
    numbered.provider || '_sync', 'schedule',
    CASE WHEN n % 20 = 0 THEN 'failed' WHEN n % 50 = 1 THEN 'cancelled' ELSE 'succeeded' END,
    gen_random_uuid()::text, 1, 1, 'w' || n % 4, CASE WHEN n % 20 = 0 THEN 'broken' ELSE '' END,
    now() - interval '90 days' * n / {runs}, now() - interval '90 days' * n / {runs}
FROM generate_series(1, {runs}) AS n
JOIN numbered ON numbered.nth = 1 + n % 2000;
INSERT INTO job_failures (
    id, user_id, function, provider, error_class, error, fingerprint, status,
    first_failed_at, last_failed_at
)
SELECT
    gen_random_uuid(), gen_random_uuid(), 'gmail_sync', 'gmail', 'Transient', 'broken ' || n % 40,
    'f' || n % 40, CASE WHEN n % 4 = 0 THEN 'open' ELSE 'resolved' END,
    now() - interval '90 days' * n / 50000, now() - interval '90 days' * n / 50000
FROM generate_series(1, 50000) AS n;
INSERT INTO sync_runs (
    id, user_id, connection_id, provider, function, trigger, status, job_id, fence, worker,
    started_at, lease_until
)
SELECT
    gen_random_uuid(), user_id, id, provider, provider || '_sync', 'schedule',
    CASE WHEN right(nango_connection_id, 1) = '0' THEN 'running' ELSE 'queued' END,
    gen_random_uuid()::text, 1,
    CASE WHEN right(nango_connection_id, 1) = '0' THEN 'w1' ELSE '' END, now(),
    CASE WHEN right(nango_connection_id, 1) = '0' THEN now() + interval '1 hour' END
FROM sync_connections
LIMIT 1000;
ANALYZE sync_runs, job_failures, sync_connections;
