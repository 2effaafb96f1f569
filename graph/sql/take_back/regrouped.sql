-- Of a payment whose counting row goes, the first of the other rows counts until the next enrichment
-- chooses: the payment never counts for nothing.
WITH orphan AS (
    SELECT view.id, min(view.id::text) OVER (PARTITION BY view.canonical_id)::uuid AS heir
    FROM relationship_instances AS view
    JOIN gone_flows AS counting ON counting.id = view.canonical_id
    WHERE view.user_id = %(user_id)s AND view.deleted_at IS NULL
        AND view.id NOT IN (SELECT id FROM gone_flows)
)
UPDATE relationship_instances AS view
SET canonical_id = nullif(orphan.heir, view.id), updated_at = now()
FROM orphan
WHERE view.user_id = %(user_id)s AND view.id = orphan.id
