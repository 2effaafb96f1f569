-- Whether this statement sees the tenant's data as the transaction with that snapshot did, on the
-- server that was started then, with the same last refresh of the view and the same time zone. A
-- function, because its plan is kept.
CREATE OR REPLACE FUNCTION unchanged_since(
    tenant uuid, seen pg_snapshot, server_start timestamptz, refresh bigint, zone text
) RETURNS boolean
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN (
        SELECT now.unchanged
            AND now.refreshed IS NOT DISTINCT FROM refresh
            AND now.time_zone IS NOT DISTINCT FROM zone
        FROM unchanged_and_zone(tenant, seen, server_start) AS now
    );
END
$$
