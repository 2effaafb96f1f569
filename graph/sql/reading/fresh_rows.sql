-- Some relationships as they are now; those that are gone are left out. The ids stand here as a
-- constant, so that the planner knows how many they are.
WITH marked AS MATERIALIZED (
    SELECT unnest({ids}::uuid[]) AS id
),
marked_events AS MATERIALIZED (
    SELECT unnest(ARRAY[relationship.source_event_id, relationship.target_event_id]) AS event_id
    FROM relationship_instances AS relationship
    WHERE relationship.user_id = {user_id} AND relationship.id = ANY ({ids}::uuid[])
)
SELECT {columns}
FROM (
{live}
) AS live
WHERE live.user_id = {user_id}{only}
