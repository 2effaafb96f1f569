-- With whom an entity deals: a row a counterparty, direction and currency, those with most edges
-- first. A payment that several sources tell is one edge; links add no money.
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
        other, direction, currency, occurred_at,
        CASE WHEN edge_class = 'flow' THEN amount END AS amount
    FROM touching
    ORDER BY coalesce(payment_group_id, id), direction, payment_group_id = id DESC, id
)
SELECT
    entity.id::text AS id, entity.kind, entity.name, dealt.direction,
    count(*) AS relationships, dealt.currency, sum(dealt.amount)::numeric(20, 4) AS amount,
    min(dealt.occurred_at) AS first_at, max(dealt.occurred_at) AS last_at
FROM dealt
JOIN normalized_entities AS entity ON entity.user_id = %(user_id)s AND entity.id = dealt.other
GROUP BY entity.id, entity.kind, entity.name, dealt.direction, dealt.currency
ORDER BY count(*) DESC, entity.id, dealt.direction, dealt.currency
LIMIT %(limit)s
