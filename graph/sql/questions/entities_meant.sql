-- The entities that stand for those of this id, or with this in their name.
SELECT coalesce(merged_into_id, id)
FROM normalized_entities
WHERE user_id = %(user_id)s
    AND (id = %(id)s OR upper(name) LIKE upper(%(pattern)s))
ORDER BY id
LIMIT %(most)s
