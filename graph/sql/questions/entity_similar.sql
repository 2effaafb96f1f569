-- Entities of the same kind that deal with the same parties: Jaccard's index of their counterparties.
WITH dealings AS MATERIALIZED (
    SELECT source_entity_id AS one, target_entity_id AS other FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow'
        AND source_entity_id IS NOT NULL AND target_entity_id IS NOT NULL
    UNION
    SELECT target_entity_id, source_entity_id FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow'
        AND source_entity_id IS NOT NULL AND target_entity_id IS NOT NULL
),
mine AS (SELECT other FROM dealings WHERE one = %(entity)s),
shared AS (
    SELECT dealings.one AS id, count(*) AS n
    FROM dealings JOIN mine ON mine.other = dealings.other
    WHERE dealings.one <> %(entity)s
    GROUP BY dealings.one
),
sized AS (SELECT one AS id, count(*) AS n FROM dealings GROUP BY one)
SELECT
    entity.id::text AS id, entity.kind, entity.name, shared.n AS shared,
    shared.n::float8 / (sized.n + (SELECT count(*) FROM mine) - shared.n) AS similarity
FROM shared
JOIN sized ON sized.id = shared.id
JOIN normalized_entities AS entity ON entity.user_id = %(user_id)s AND entity.id = shared.id
WHERE entity.kind = (
    SELECT kind FROM normalized_entities WHERE user_id = %(user_id)s AND id = %(entity)s
)
ORDER BY similarity DESC, shared.n DESC, entity.id
LIMIT %(limit)s
