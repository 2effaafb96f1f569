-- The edges (entity_dealt.sql) behind one sum of entity_neighbours.sql, the newest first.
SELECT id::text AS id, amount
FROM dealt
WHERE other = %(other)s AND direction = %(direction)s AND currency = %(currency)s
ORDER BY occurred_at DESC, id
