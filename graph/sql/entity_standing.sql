-- An entity, or the one that it is merged into, and the names of all that are merged into that.
SELECT
    standing.id, standing.kind, standing.name, standing.keys::text AS keys,
    ARRAY(
        SELECT DISTINCT spelled.name FROM normalized_entities AS spelled
        WHERE spelled.user_id = %(user_id)s
            AND (spelled.id = standing.id OR spelled.merged_into_id = standing.id)
    ) AS spellings
FROM normalized_entities AS named
JOIN normalized_entities AS standing
    ON standing.user_id = named.user_id AND standing.id = coalesce(named.merged_into_id, named.id)
WHERE named.user_id = %(user_id)s AND named.id = %(entity)s
