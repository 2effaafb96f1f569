-- Marks that a refresh saw which ended so many days ago: no version that is younger lacks them, and
-- they are counted in their tenants' folds. Of old refreshes only that one is kept.
WITH old AS (
    SELECT refreshed.id, refreshed.snapshot::pg_snapshot AS snapshot
    FROM view_refreshes AS refreshed
    JOIN pg_control_system() AS server ON server.system_identifier = refreshed.cluster
    WHERE refreshed.finished_at < clock_timestamp() - %(days)s * interval '1 day'
    ORDER BY refreshed.id DESC
    LIMIT 1
),
refreshes AS (DELETE FROM view_refreshes USING old WHERE view_refreshes.id < old.id),
gone AS (
    SELECT mark.id
    FROM change_marks AS mark
    CROSS JOIN old
    WHERE mark.xid < pg_snapshot_xmax(old.snapshot)
        AND pg_visible_in_snapshot(mark.xid, old.snapshot)
    LIMIT %(limit)s
)
DELETE FROM change_marks USING gone WHERE change_marks.id = gone.id
