-- Whether this statement sees the same changes of the tenant as the transaction with that snapshot
-- did: no mark is visible now that was not then. A function, because its plan is kept.
CREATE OR REPLACE FUNCTION unchanged_since(tenant uuid, seen pg_snapshot) RETURNS boolean
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM change_marks AS mark
        WHERE mark.user_id IN (tenant, '00000000-0000-0000-0000-000000000000')
            AND mark.xid >= pg_snapshot_xmin(seen)
            AND NOT pg_visible_in_snapshot(mark.xid, seen)
    );
END
$$
