-- Every match of the tenant points at the entity that stands for the one it named, and says why; a
-- match of an entity that stands for itself (again) is as it was made.
DELETE FROM entity_matches AS twice
USING entity_matches AS moved
WHERE twice.user_id = %(user_id)s AND twice.original_entity_id IS NULL
    AND moved.user_id = twice.user_id AND moved.event_id = twice.event_id
    AND moved.original_entity_id = twice.entity_id;
WITH wanted AS (
    SELECT
        match.id,
        named.id AS named_id,
        named.merged_into_id,
        why.confidence AS sureness,
        why.reason AS why,
        coalesce(match.original_confidence, match.confidence) AS confidence,
        CASE WHEN match.original_entity_id IS NULL THEN match.reason ELSE match.original_reason END
            AS reason
    FROM entity_matches AS match
    JOIN normalized_entities AS named
        ON named.user_id = match.user_id
        AND named.id = coalesce(match.original_entity_id, match.entity_id)
    LEFT JOIN entity_resolutions AS why
        ON why.user_id = named.user_id
        AND least(why.kept_id, why.merged_id) = least(named.id, named.merged_into_id)
        AND greatest(why.kept_id, why.merged_id) = greatest(named.id, named.merged_into_id)
        AND named.merged_into_id IS NOT NULL
    WHERE match.user_id = %(user_id)s
        AND (named.merged_into_id IS NOT NULL OR match.original_entity_id IS NOT NULL)
), stated AS (
    SELECT
        id,
        coalesce(merged_into_id, named_id) AS entity_id,
        CASE WHEN merged_into_id IS NULL THEN confidence
        ELSE least(confidence, coalesce(sureness, 1)) END AS confidence,
        CASE WHEN merged_into_id IS NULL THEN reason
        ELSE reason || '; ' || coalesce(why, 'one party') END AS reason,
        CASE WHEN merged_into_id IS NOT NULL THEN named_id END AS original_entity_id,
        CASE WHEN merged_into_id IS NOT NULL THEN confidence END AS original_confidence,
        CASE WHEN merged_into_id IS NULL THEN '' ELSE reason END AS original_reason
    FROM wanted
)
UPDATE entity_matches AS match
SET entity_id = stated.entity_id,
    confidence = stated.confidence,
    reason = stated.reason,
    original_entity_id = stated.original_entity_id,
    original_confidence = stated.original_confidence,
    original_reason = stated.original_reason
FROM stated
WHERE match.user_id = %(user_id)s AND match.id = stated.id
    AND (
        match.entity_id, match.confidence, match.reason, match.original_entity_id,
        match.original_confidence, match.original_reason
    ) IS DISTINCT FROM (
        stated.entity_id, stated.confidence, stated.reason, stated.original_entity_id,
        stated.original_confidence, stated.original_reason
    )
