-- The entities that some marks name; kind and name are NULL where one is not in the graph any more.
SELECT named.id AS marked_id, entity.id, entity.kind, entity.name
FROM (
    SELECT DISTINCT unnest(mark.ids) AS id
    FROM change_marks AS mark
    WHERE mark.user_id = {user_id} AND mark.kind = 'entity' AND {which}
) AS named
LEFT JOIN normalized_entities AS entity
    ON entity.user_id = {user_id} AND entity.id = named.id AND entity.merged_into_id IS NULL
ORDER BY named.id
