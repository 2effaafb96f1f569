-- Each view of a payment points at the one that counts, or at none; how many began to, changed, and
-- count themselves again.
WITH wanted AS (
    SELECT relationship.id, relationship.canonical_id AS known, staged.canonical_id AS wanted
    FROM relationship_instances AS relationship
    LEFT JOIN found_canonical AS staged ON staged.relationship_id = relationship.id
    WHERE
        relationship.user_id = %(user_id)s
        AND (relationship.canonical_id IS NOT NULL OR staged.canonical_id IS NOT NULL)
        AND relationship.canonical_id IS DISTINCT FROM staged.canonical_id
), written AS (
    UPDATE relationship_instances AS relationship
    SET canonical_id = wanted.wanted
    FROM wanted
    WHERE
        relationship.user_id = %(user_id)s AND relationship.id = wanted.id
        AND (wanted.wanted IS NULL OR EXISTS (
            SELECT FROM relationship_instances AS counting
            WHERE
                counting.user_id = %(user_id)s AND counting.id = wanted.wanted
                AND counting.deleted_at IS NULL
        ))
    RETURNING wanted.known, wanted.wanted
)
SELECT
    count(*) FILTER (WHERE known IS NULL),
    count(*) FILTER (WHERE known IS NOT NULL AND wanted IS NOT NULL),
    count(*) FILTER (WHERE wanted IS NULL)
FROM written
