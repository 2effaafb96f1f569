-- A person's word on two entities, whether a pair of them is known or not.
INSERT INTO entity_resolutions AS known (
    user_id, kept_id, merged_id, confidence, reason, decided, decided_by, decided_at
)
VALUES (
    %(user_id)s, %(one)s, %(other)s, 1,
    CASE %(decided)s WHEN 'merge' THEN 'merged by ' ELSE 'kept apart by ' END || %(by)s,
    %(decided)s, %(by)s, clock_timestamp()
)
ON CONFLICT (user_id, least(kept_id, merged_id), greatest(kept_id, merged_id)) DO UPDATE
SET confidence = 1,
    evidence = CASE
        WHEN known.decided_at IS NOT NULL THEN known.evidence
        ELSE known.evidence || jsonb_build_object('found', known.reason)
    END,
    reason = excluded.reason,
    decided = excluded.decided,
    decided_by = excluded.decided_by,
    decided_at = excluded.decided_at
WHERE known.decided <> excluded.decided
