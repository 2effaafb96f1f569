-- The events of some relationships.
SELECT DISTINCT unnest(ARRAY[relationship.source_event_id, relationship.target_event_id])
FROM relationship_instances AS relationship
WHERE relationship.user_id = {user_id} AND relationship.id = ANY ({ids}::uuid[])
