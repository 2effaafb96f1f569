-- The tenant's nodes in the order of ids, and before them one row whose name is the graph's state.
SELECT NULL::uuid AS id, '' AS kind, row_to_json(state)::text AS name
FROM (
{state}
) AS state
UNION ALL
SELECT id, kind, name FROM normalized_entities WHERE user_id = {user_id} AND merged_into_id IS NULL
ORDER BY id NULLS FIRST
