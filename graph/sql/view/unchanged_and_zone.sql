-- For a stored answer: whether the tenant's data is as the transaction with that snapshot saw it, on
-- the server that was started then, and the tenant's time zone. One call, whose plans are kept.
CREATE OR REPLACE FUNCTION unchanged_and_zone(
    tenant uuid, seen pg_snapshot, server_start timestamptz,
    OUT unchanged boolean, OUT time_zone text
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    unchanged := pg_postmaster_start_time() = server_start AND NOT EXISTS (
        SELECT FROM change_marks AS mark
        WHERE mark.user_id IN (tenant, '00000000-0000-0000-0000-000000000000')
            AND mark.xid >= pg_snapshot_xmin(seen)
            AND NOT pg_visible_in_snapshot(mark.xid, seen)
    );
    time_zone := (
        SELECT preference.time_zone FROM tenant_preferences AS preference
        WHERE preference.user_id = tenant
    );
END
$$
