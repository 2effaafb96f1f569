-- Parties whose payments other sources tell of another party: of each the party that most of these
-- payments have there. Own accounts and departments differ from source to source anyway.
WITH party AS MATERIALIZED (
    SELECT id, name FROM normalized_entities
    WHERE
        user_id = %(user_id)s AND merged_into_id IS NULL AND kind IN ('vendor', 'customer')
),
seen AS MATERIALIZED (
    SELECT payment_group_id, id, target_entity_id AS entity
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow' AND kind IN ('payment', 'fee')
    UNION ALL
    SELECT payment_group_id, id, source_entity_id
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow' AND kind IN ('payment', 'fee')
),
several AS MATERIALIZED (
    SELECT seen.payment_group_id, seen.entity, party.name
    FROM seen
    JOIN party ON party.id = seen.entity
    WHERE seen.payment_group_id IN (
        SELECT payment_group_id FROM tenant_relationships
        WHERE
            user_id = %(user_id)s AND edge_class = 'flow' AND kind IN ('payment', 'fee')
            AND payment_group_id <> id
    )
)
SELECT DISTINCT ON (one.entity)
    one.entity::text AS id, other.entity::text AS other, other.name, count(*) AS payments
FROM several AS one
JOIN several AS other
    ON other.payment_group_id = one.payment_group_id AND other.entity <> one.entity
GROUP BY one.entity, other.entity, other.name
ORDER BY one.entity, count(*) DESC, other.entity
