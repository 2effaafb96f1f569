-- A person's word is forgotten; what was found by itself is a person's no from now on.
WITH forgotten AS (
    DELETE FROM entity_resolutions
    WHERE user_id = %(user_id)s AND id = ANY (%(ids)s::uuid[]) AND decided IN ('merge', 'apart')
    RETURNING id
), refused AS (
    UPDATE entity_resolutions
    SET confidence = 1,
        evidence = evidence || jsonb_build_object('found', reason),
        reason = 'kept apart by ' || %(by)s,
        decided = 'apart',
        decided_by = %(by)s,
        decided_at = clock_timestamp()
    WHERE user_id = %(user_id)s AND id = ANY (%(ids)s::uuid[]) AND decided = 'automatic'
    RETURNING id
)
SELECT (SELECT count(*) FROM forgotten) + (SELECT count(*) FROM refused)
