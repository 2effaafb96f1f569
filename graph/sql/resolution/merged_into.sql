-- Each entity points at the one that stands for it now, or at none.
UPDATE normalized_entities AS entity
SET merged_into_id = now_known.kept_id, updated_at = now()
FROM normalized_entities AS same
LEFT JOIN found_resolutions AS now_known
    ON now_known.merged_id = same.id AND now_known.decided = 'automatic'
WHERE entity.user_id = %(user_id)s AND same.user_id = entity.user_id AND same.id = entity.id
    AND entity.merged_into_id IS DISTINCT FROM now_known.kept_id
