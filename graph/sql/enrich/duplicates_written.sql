-- New and changed pairs; whether each is new. A pair that a person has judged keeps the judgement,
-- also where its rows came in again under relationships of their own: the keys are the rows' own.
WITH judged AS MATERIALIZED (
    SELECT DISTINCT ON (relationship_key, original_key) relationship_key, original_key, status
    FROM duplicate_transactions
    WHERE user_id = %(user_id)s AND status <> 'open' AND relationship_key <> ''
    ORDER BY relationship_key, original_key, created_at DESC, id
), found AS MATERIALIZED (
    SELECT found.*, coalesce(judged.status, reversed.status, 'open') AS status
    FROM found_duplicates AS found
    LEFT JOIN judged
        ON judged.relationship_key = found.relationship_key
        AND judged.original_key = found.original_key
    LEFT JOIN judged AS reversed
        ON reversed.relationship_key = found.original_key
        AND reversed.original_key = found.relationship_key
), changed AS (
    UPDATE duplicate_transactions AS known
    SET duplicate_confidence = found.duplicate_confidence,
        evidence = found.evidence,
        relationship_key = found.relationship_key,
        original_key = found.original_key
    FROM found
    WHERE
        known.user_id = %(user_id)s
        AND known.relationship_id = found.relationship_id
        AND known.original_relationship_id = found.original_relationship_id
        AND (
            known.duplicate_confidence, known.evidence, known.relationship_key, known.original_key
        ) IS DISTINCT FROM (
            found.duplicate_confidence, found.evidence, found.relationship_key, found.original_key
        )
    RETURNING false AS is_new
), added AS (
    INSERT INTO duplicate_transactions (
        user_id, relationship_id, original_relationship_id, duplicate_confidence, status,
        relationship_key, original_key, evidence
    )
    SELECT
        %(user_id)s, relationship_id, original_relationship_id, duplicate_confidence, status,
        relationship_key, original_key, evidence
    FROM found
    WHERE EXISTS (
        SELECT FROM relationship_instances AS flow
        WHERE flow.user_id = %(user_id)s AND flow.id = found.relationship_id
    ) AND EXISTS (
        SELECT FROM relationship_instances AS flow
        WHERE flow.user_id = %(user_id)s AND flow.id = found.original_relationship_id
    ) AND NOT EXISTS (
        SELECT FROM duplicate_transactions AS known
        WHERE
            known.user_id = %(user_id)s
            AND least(known.relationship_id, known.original_relationship_id)
            = least(found.relationship_id, found.original_relationship_id)
            AND greatest(known.relationship_id, known.original_relationship_id)
            = greatest(found.relationship_id, found.original_relationship_id)
    )
    RETURNING true AS is_new
)
SELECT is_new FROM changed
UNION ALL
SELECT is_new FROM added
