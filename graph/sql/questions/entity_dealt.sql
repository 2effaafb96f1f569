-- The edges of an entity, each with the other end. A payment that several sources tell is one edge;
-- links add no money.
WITH touching AS (
    SELECT
        id, payment_group_id, target_entity_id AS other, 'out' AS direction, currency, amount,
        occurred_at, edge_class
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND source_entity_id = %(entity)s
        AND (edge_class = 'flow' OR %(edges)s = 'all')
        AND (edge_class = 'link' OR %(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s::text[]))
    UNION ALL
    SELECT
        id, payment_group_id, source_entity_id, 'in', currency, amount, occurred_at, edge_class
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND target_entity_id = %(entity)s
        AND (edge_class = 'flow' OR %(edges)s = 'all')
        AND (edge_class = 'link' OR %(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s::text[]))
),
dealt AS (
    SELECT DISTINCT ON (coalesce(payment_group_id, id), direction)
        id, other, direction, currency, occurred_at,
        CASE WHEN edge_class = 'flow' THEN amount END AS amount
    FROM touching
    ORDER BY coalesce(payment_group_id, id), direction, payment_group_id = id DESC, id
)
