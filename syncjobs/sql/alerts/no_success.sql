-- Connections that should sync and had no success for `threshold` (24) hours: one alert each, until
-- they succeed again.
SELECT
    id || ':' || extract(epoch FROM coalesce(last_synced_at, created_at))::bigint AS key,
    'No successful sync of ' || provider || ' since '
        || to_char(coalesce(last_synced_at, created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
        || ' UTC' AS title,
    jsonb_build_object(
        'connection', id, 'tenant', user_id, 'provider', provider, 'state', state,
        'reason', state_reason, 'last_success_at', last_synced_at,
        'page', '/admin/syncjobs/syncconnection/' || id || '/change/'
    ) AS data
FROM sync_connections
WHERE
    state NOT IN ('paused', 'removed')
    AND (sync_every IS NOT NULL OR state <> 'alive')
    AND coalesce(last_synced_at, created_at)
        < now() - make_interval(secs => coalesce(%(threshold)s, 24)::float8 * 3600)
    AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
