-- The entities that some marks name, with the columns that were written; kind and name are NULL where
-- one is not in the graph any more, and merged_into says where one has gone to.
SELECT
    named.id AS marked_id, CASE WHEN named.every THEN '' ELSE named.columns END AS columns, entity.id,
    entity.kind, entity.name, gone.merged_into_id AS merged_into
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
LEFT JOIN normalized_entities AS gone
    ON gone.user_id = {user_id} AND gone.id = named.id AND gone.merged_into_id IS NOT NULL
ORDER BY named.id
