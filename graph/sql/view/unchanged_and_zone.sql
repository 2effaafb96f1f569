-- Whether the tenant's data is as the transaction with that snapshot saw it, on the server that was
-- started then; the tenant's time zone; the last refresh of the view. One call, whose plan is kept.
-- A mark that is not there any more is in a fold. The transaction saw all marks of a fold, unless the
-- fold's snapshot sees a transaction that the given one does not.
CREATE OR REPLACE FUNCTION unchanged_and_zone(
    tenant uuid, seen pg_snapshot, server_start timestamptz,
    OUT unchanged boolean, OUT time_zone text, OUT refreshed bigint
)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    everybody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    SELECT
        pg_postmaster_start_time() = server_start
        AND NOT EXISTS (
            SELECT FROM change_marks AS mark
            WHERE mark.user_id IN (tenant, everybody)
                AND mark.xid >= pg_snapshot_xmin(seen)
                AND NOT pg_visible_in_snapshot(mark.xid, seen)
        )
        AND NOT EXISTS (
            SELECT FROM change_folds AS fold
            WHERE fold.user_id IN (tenant, everybody)
                AND (
                    pg_snapshot_xmax(fold.snapshot) > pg_snapshot_xmax(seen)
                    OR EXISTS (
                        SELECT FROM pg_snapshot_xip(seen) AS running (xid)
                        WHERE pg_visible_in_snapshot(running.xid, fold.snapshot)
                    )
                )
        ),
        (
            SELECT preference.time_zone FROM tenant_preferences AS preference
            WHERE preference.user_id = tenant
        ),
        (SELECT max(refresh.id) FROM view_refreshes AS refresh)
    INTO unchanged, time_zone, refreshed;
END
$$
