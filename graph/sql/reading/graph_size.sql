-- How large a tenant's graph is at most, from indexes alone: entities, and all relationships that
-- were ever written.
SELECT
    (SELECT count(*) FROM normalized_entities WHERE user_id = %(user_id)s) AS nodes,
    (SELECT count(*) FROM relationship_instances WHERE user_id = %(user_id)s) AS edges
