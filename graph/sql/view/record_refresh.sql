INSERT INTO view_refreshes
    (started_at, seconds, "rows", added, changed, removed, size_bytes, "concurrently", snapshot,
     cluster)
VALUES (
    %(started_at)s, %(seconds)s, %(rows)s, %(added)s, %(changed)s, %(removed)s, %(size_bytes)s,
    %(concurrently)s, %(snapshot)s, (SELECT system_identifier FROM pg_control_system())
)
