-- A person's word on pairs that are listed.
WITH judged AS (
    UPDATE entity_resolutions
    SET confidence = 1,
        evidence = CASE
            WHEN decided_at IS NOT NULL THEN evidence
            ELSE evidence || jsonb_build_object('found', reason)
        END,
        reason = CASE %(decided)s WHEN 'merge' THEN 'merged by ' ELSE 'kept apart by ' END || %(by)s,
        decided = %(decided)s,
        decided_by = %(by)s,
        decided_at = clock_timestamp()
    WHERE user_id = %(user_id)s AND id = ANY (%(ids)s::uuid[]) AND decided <> %(decided)s
    RETURNING id
)
SELECT count(*) FROM judged
