-- These relationships of the view as the API answers them, in the order of the ids: a JSON array.
-- `day` is the day that counts as today for the status of predictions; the stored status where it is
-- NULL. A function, because its plan takes longer to make than to run, and is kept. The caller's
-- rights and the tenant's view apply. The expression is graph.models.answer_json_sql's.
CREATE OR REPLACE FUNCTION relationships_json(tenant uuid, ids uuid[], day date) RETURNS text
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg({relationship} ORDER BY array_position(ids, row.id)), '[]')::text
        FROM (
            SELECT * FROM tenant_relationships WHERE user_id = tenant AND id = ANY (ids)
        ) AS row
        LEFT JOIN normalized_entities AS source
            ON source.user_id = tenant AND source.id = row.source_entity_id
        LEFT JOIN normalized_entities AS target
            ON target.user_id = tenant AND target.id = row.target_entity_id
    );
END
$$
