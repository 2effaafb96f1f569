-- Each entity's identity, and the entity that stands for it.
SELECT id::text, kind, identity, coalesce(merged_into_id, id)::text
FROM normalized_entities
WHERE user_id = %(user_id)s
ORDER BY id
