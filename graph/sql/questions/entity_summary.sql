-- An entity, or the one that it is merged into, and the names of all that are merged into that.
SELECT
    standing.id, standing.kind, standing.name, standing.keys::text AS keys,
    ARRAY(
        SELECT DISTINCT spelled.name FROM normalized_entities AS spelled
        WHERE spelled.user_id = %(user_id)s
            AND (spelled.id = standing.id OR spelled.merged_into_id = standing.id)
    ) AS spellings,
    ARRAY(
        SELECT merged.id FROM normalized_entities AS merged
        WHERE merged.user_id = %(user_id)s AND merged.merged_into_id = standing.id
    ) AS merged_ids
FROM normalized_entities AS standing
WHERE standing.user_id = %(user_id)s
    AND standing.id = (  -- no join: behind policies it is planned as a scan of all entities
        SELECT coalesce(named.merged_into_id, named.id) FROM normalized_entities AS named
        WHERE named.user_id = %(user_id)s AND named.id = %(entity)s
    )
