-- How a tenant's graph stands: its version, and what has changed since the view was computed.
-- A mark is pending while its transaction is not visible in the snapshot of the last refresh. All are
-- where there was none, or where it was on another server, from which this database was restored.
-- A function, because its plan, which is kept, takes longer to make than to run. It is the caller's
-- policies that apply.
CREATE OR REPLACE FUNCTION changes_state(
    tenant uuid,
    OUT snapshot text, OUT "foreign" boolean, OUT populated boolean, OUT missing boolean,
    OUT version text, OUT moment text, OUT pending text
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    everybody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    view CONSTANT oid := to_regclass('view_enriched_relationships');
BEGIN
    SELECT
        refreshed.snapshot::text AS snapshot,
        NOT coalesce(refreshed.ours, true) AS foreign,
        coalesce((SELECT relispopulated FROM pg_class WHERE oid = view), false) AS populated,
        view IS NULL AS missing,
        counted.marks || '-' || coalesce(replace(latest.id::text, '-', ''), '0') || '-'
            || to_hex(hashint8(server.system_identifier)) AS version,
        CASE WHEN NOT refreshed.ours THEN md5(pg_current_snapshot()::text) END AS moment,
        (
            SELECT jsonb_object_agg(pending.kind, pending.size)
            FROM (
                SELECT mark.kind, sum(mark.size) AS size
                FROM change_marks AS mark
                WHERE mark.user_id IN (tenant, everybody)
                    AND mark.xid >= coalesce(pg_snapshot_xmin(refreshed.snapshot), '0')
                    AND NOT coalesce(pg_visible_in_snapshot(mark.xid, refreshed.snapshot), false)
                GROUP BY mark.kind
            ) AS pending
        )::text AS pending
    INTO snapshot, "foreign", populated, missing, version, moment, pending
    FROM (SELECT system_identifier FROM pg_control_system()) AS server
    LEFT JOIN LATERAL (
        SELECT snapshot::pg_snapshot AS snapshot,
            cluster IS NOT DISTINCT FROM server.system_identifier AS ours
        FROM view_refreshes
        ORDER BY id DESC
        LIMIT 1
    ) AS refreshed ON true
    CROSS JOIN LATERAL (
        SELECT sum(coalesce(fold.marks, 0) + later.marks) AS marks
        FROM (VALUES (tenant), (everybody)) AS party (user_id)
        LEFT JOIN change_folds AS fold ON fold.user_id = party.user_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS marks
            FROM change_marks AS mark
            WHERE mark.user_id = party.user_id
                AND mark.xid >= coalesce(pg_snapshot_xmin(fold.snapshot), '0')
                AND NOT coalesce(pg_visible_in_snapshot(mark.xid, fold.snapshot), false)
        ) AS later
    ) AS counted
    LEFT JOIN LATERAL (
        SELECT last.id
        FROM (
            (SELECT xid, id FROM change_marks WHERE user_id = tenant
                ORDER BY xid DESC, id DESC LIMIT 1)
            UNION ALL
            (SELECT xid, id FROM change_marks WHERE user_id = everybody
                ORDER BY xid DESC, id DESC LIMIT 1)
            UNION ALL
            SELECT last_xid, last_id FROM change_folds WHERE user_id IN (tenant, everybody)
        ) AS last
        ORDER BY last.xid DESC, last.id DESC
        LIMIT 1
    ) AS latest ON true;
END
$$
