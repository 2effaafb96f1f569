-- An entity and its counterparties as the API answers them: a JSON object, NULL for an entity that
-- the tenant does not have. Made of entity_summary.sql, entity_dealt.sql and entity_neighbours.sql;
-- a function, because its plan takes longer to make than to run, and is kept.
CREATE OR REPLACE FUNCTION entity_json(
    of_user_id uuid, of_entity uuid, of_edges text, of_kinds text[], of_limit int
) RETURNS text
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    asked CONSTANT uuid := of_entity;
    summary record;
BEGIN
    SELECT * INTO summary FROM ({summary}) AS entity;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    of_entity := summary.id;
    RETURN (
        SELECT row_to_json(fields)::text
        FROM (
            SELECT
                summary.id,
                summary.kind,
                summary.name,
                summary.keys::json AS keys,
                nullif(summary.id, asked) AS merged_into,
                ARRAY(SELECT id FROM unnest(summary.merged_ids) AS id ORDER BY id) AS merged_ids,
                ARRAY(SELECT name FROM unnest(summary.spellings) AS name ORDER BY name COLLATE "C")
                    AS spellings,
                coalesce(
                    (
                        SELECT json_agg({neighbour} ORDER BY row.place)
                        FROM (
                            SELECT *, row_number() OVER () AS place FROM ({neighbours}) AS ordered
                        ) AS row
                    ), '[]'
                ) AS neighbours
        ) AS fields
    );
END
$$
