-- The entities that some marks name, with the columns that were written; kind and name are NULL where
-- one is not in the graph any more.
SELECT
    named.id AS marked_id, CASE WHEN named.every THEN '' ELSE named.columns END AS columns, entity.id,
    entity.kind, entity.name
FROM (
    SELECT marked.id, string_agg(array_to_string(mark.columns, ' '), ' ') AS columns,
        bool_or(mark.columns = '{{}}') AS every
    FROM change_marks AS mark
    CROSS JOIN LATERAL unnest(mark.ids) AS marked (id)
    WHERE mark.user_id = {user_id} AND mark.kind = 'entity' AND {which}
    GROUP BY marked.id
) AS named
LEFT JOIN normalized_entities AS entity
    ON entity.user_id = {user_id} AND entity.id = named.id AND entity.merged_into_id IS NULL
ORDER BY named.id
