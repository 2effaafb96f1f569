-- With whom an entity deals (entity_dealt.sql): a row a counterparty, direction and currency, those
-- with most edges first.
SELECT
    entity.id::text AS id, entity.kind, entity.name, dealt.direction,
    count(*) AS relationships, dealt.currency, sum(dealt.amount)::numeric(20, 4) AS amount,
    min(dealt.occurred_at) AS first_at, max(dealt.occurred_at) AS last_at
FROM dealt
JOIN normalized_entities AS entity ON entity.user_id = %(user_id)s AND entity.id = dealt.other
GROUP BY entity.id, entity.kind, entity.name, dealt.direction, dealt.currency
ORDER BY count(*) DESC, entity.id, dealt.direction, dealt.currency
LIMIT %(limit)s
