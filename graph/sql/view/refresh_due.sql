-- What a refresh would have to do: how many rows the pending marks name, how old the oldest of them is
-- (seconds), how many rows the view has, and how long the last refresh took and is over (seconds).
WITH refreshed AS (
    SELECT snapshot::pg_snapshot AS snapshot, "rows", seconds,
        extract(epoch FROM clock_timestamp() - finished_at)::float8 AS ago,
        cluster IS NOT DISTINCT FROM (SELECT system_identifier FROM pg_control_system()) AS ours
    FROM view_refreshes
    ORDER BY id DESC
    LIMIT 1
)
SELECT
    count(mark.id) AS marks,
    coalesce(sum(mark.size), 0)::bigint AS named,
    coalesce(extract(epoch FROM clock_timestamp() - min(mark.created_at)), 0)::float8 AS age,
    coalesce(bool_or(mark.kind = %(everything)s), false) OR NOT coalesce(bool_and(refreshed.ours), false)
        AS unknown,
    coalesce(max(refreshed."rows"), 0) AS "rows",
    coalesce(max(refreshed.seconds), 0)::float8 AS seconds,
    coalesce(max(refreshed.ago), 'infinity')::float8 AS ago
FROM (SELECT) AS always
LEFT JOIN refreshed ON true
LEFT JOIN change_marks AS mark
    ON mark.xid >= coalesce(pg_snapshot_xmin(refreshed.snapshot), '0')
    AND NOT coalesce(pg_visible_in_snapshot(mark.xid, refreshed.snapshot), false)
