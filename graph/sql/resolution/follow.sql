-- New matches of entities that are merged: they go to the one that stands for it, as the others did.
DELETE FROM entity_matches AS twice
USING normalized_entities AS named, entity_matches AS moved
WHERE twice.user_id = %(user_id)s AND twice.original_entity_id IS NULL
    AND named.user_id = twice.user_id AND named.id = twice.entity_id
    AND named.merged_into_id IS NOT NULL
    AND moved.user_id = twice.user_id AND moved.event_id = twice.event_id
    AND moved.original_entity_id = twice.entity_id;
UPDATE entity_matches AS match
SET entity_id = named.merged_into_id,
    confidence = least(match.confidence, coalesce(why.confidence, 1)),
    reason = match.reason || '; ' || coalesce(why.reason, 'one party'),
    original_entity_id = named.id,
    original_confidence = match.confidence,
    original_reason = match.reason
FROM normalized_entities AS named
LEFT JOIN entity_resolutions AS why
    ON why.user_id = named.user_id
    AND least(why.kept_id, why.merged_id) = least(named.id, named.merged_into_id)
    AND greatest(why.kept_id, why.merged_id) = greatest(named.id, named.merged_into_id)
WHERE match.user_id = %(user_id)s AND match.original_entity_id IS NULL
    AND named.user_id = match.user_id AND named.id = match.entity_id
    AND named.merged_into_id IS NOT NULL
