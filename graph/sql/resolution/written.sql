-- Each pair that is new or found to be otherwise; true where it is new.
INSERT INTO entity_resolutions AS known (
    user_id, kept_id, merged_id, confidence, reason, evidence, decided
)
SELECT %(user_id)s, kept_id, merged_id, confidence, reason, evidence, decided
FROM found_resolutions
ON CONFLICT (user_id, least(kept_id, merged_id), greatest(kept_id, merged_id)) DO UPDATE
SET kept_id = excluded.kept_id,
    merged_id = excluded.merged_id,
    confidence = excluded.confidence,
    reason = excluded.reason,
    evidence = excluded.evidence,
    decided = excluded.decided
WHERE known.decided IN ('automatic', 'open')
    AND (
        known.kept_id, known.merged_id, known.confidence, known.reason, known.evidence, known.decided
    ) IS DISTINCT FROM (
        excluded.kept_id, excluded.merged_id, excluded.confidence, excluded.reason,
        excluded.evidence, excluded.decided
    )
RETURNING xmax = 0
