-- Whether {table} has rows of the tenant that the view's last refresh did not see. A row's xmin is
-- its transaction's id without the epoch, which is the one that brings it nearest to now.
SELECT coalesce(bool_or(NOT pg_visible_in_snapshot(written.by, refreshed.snapshot)), false) AS older
FROM (
    SELECT snapshot::pg_snapshot AS snapshot FROM view_refreshes ORDER BY id DESC LIMIT 1
) AS refreshed
CROSS JOIN (
    SELECT greatest(latest - ((latest - {table}.xmin::text::bigint) & 4294967295), 0)::text::xid8
        AS by
    FROM {table}
    CROSS JOIN (
        SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 2147483648 AS latest
    ) AS possible
    WHERE {table}.user_id = {user_id}
) AS written
