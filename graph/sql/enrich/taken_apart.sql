-- Links that people took apart: their types, and the events of both ends. What finley withdrew itself
-- says so.
SELECT relationship_type AS type, source_event_id::text AS one, target_event_id::text AS other
FROM relationship_instances
WHERE user_id = {user_id} AND edge_class = 'link' AND deleted_at IS NOT NULL
    AND reason NOT LIKE 'withdrawn%'
