-- When the n-th relationship after a place in the tenant's list is dated; NULL where there are fewer.
-- A barrier hides the index's order from an outer LIMIT: with this bound only the rows of one page are
-- read and sorted, and not all of the tenant's. It runs as its owner, for the transaction's tenant.
CREATE OR REPLACE FUNCTION relationships_nth(
    after_at timestamptz, after_id uuid, n bigint, forwards boolean
) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    IF forwards THEN
        RETURN (
            SELECT occurred_at FROM view_enriched_relationships
            WHERE user_id = current_tenant() AND (occurred_at, id) > (after_at, after_id)
            ORDER BY occurred_at, id OFFSET n LIMIT 1
        );
    END IF;
    RETURN (
        SELECT occurred_at FROM view_enriched_relationships
        WHERE user_id = current_tenant() AND (occurred_at, id) < (after_at, after_id)
        ORDER BY occurred_at DESC, id DESC OFFSET n LIMIT 1
    );
END
$$;
REVOKE ALL ON FUNCTION relationships_nth(timestamptz, uuid, bigint, boolean) FROM PUBLIC
