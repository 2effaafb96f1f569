-- The last refresh of the view, and the change records that it does not show yet. Change records are
-- read tenant by tenant by their index from the refresh's snapshot on, never all of them.
WITH RECURSIVE refreshed AS (
    SELECT
        snapshot::pg_snapshot AS snapshot, finished_at, seconds, "rows",
        cluster IS NOT DISTINCT FROM (SELECT system_identifier FROM pg_control_system()) AS ours
    FROM view_refreshes
    ORDER BY id DESC
    LIMIT 1
), tenants AS (
    (SELECT user_id FROM change_marks ORDER BY user_id LIMIT 1)
    UNION ALL
    SELECT following.user_id
    FROM tenants
    CROSS JOIN LATERAL (
        SELECT mark.user_id FROM change_marks AS mark
        WHERE mark.user_id > tenants.user_id
        ORDER BY mark.user_id
        LIMIT 1
    ) AS following
), pending AS (
    SELECT mark.size, mark.created_at, mark.kind
    FROM tenants
    CROSS JOIN LATERAL (
        SELECT size, created_at, kind
        FROM change_marks
        WHERE
            user_id = tenants.user_id
            AND xid >= coalesce((SELECT pg_snapshot_xmin(snapshot) FROM refreshed), '0')
            AND NOT coalesce(
                pg_visible_in_snapshot(xid, (SELECT snapshot FROM refreshed)), false
            )
    ) AS mark
)
SELECT
    (SELECT finished_at FROM refreshed) AS finished_at,
    (SELECT extract(epoch FROM now() - finished_at)::float8 FROM refreshed) AS age,
    (SELECT seconds::float8 FROM refreshed) AS seconds,
    (SELECT "rows" FROM refreshed) AS "rows",
    count(*) AS marks,
    coalesce(sum(size), 0)::bigint AS named,
    extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest,
    coalesce(bool_or(kind = %(everything)s), false)
        OR NOT coalesce((SELECT ours FROM refreshed), false) AS unknown
FROM pending
