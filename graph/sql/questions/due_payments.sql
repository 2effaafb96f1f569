-- One row: how many recurring payments are pending, overdue and stale on that day, and the last
-- payments' ids of one page of them, the earliest expected first. Each payment once, by its
-- canonical sighting if that has a prediction, else by the one with the lowest id.
WITH seen AS MATERIALIZED (
    SELECT DISTINCT ON (coalesce(payment_group_id, id))
        id, status, expected_from, expected_to, stale_from, source_entity_id, target_entity_id
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND predicted_relationship_id IS NOT NULL
    ORDER BY coalesce(payment_group_id, id), payment_group_id = id DESC, id
),
due AS MATERIALIZED (
    SELECT
        id, expected_from,
        CASE
            WHEN stale_from <= %(today)s THEN 'stale'
            WHEN expected_to < %(today)s THEN 'overdue'
            ELSE 'pending'
        END AS status
    FROM seen
    WHERE
        status <> 'fulfilled'
        AND (
            %(parties)s::uuid[] IS NULL
            OR source_entity_id = ANY (%(parties)s::uuid[])
            OR target_entity_id = ANY (%(parties)s::uuid[])
        )
)
SELECT
    count(*) FILTER (WHERE status = 'pending') AS pending,
    count(*) FILTER (WHERE status = 'overdue') AS overdue,
    count(*) FILTER (WHERE status = 'stale') AS stale,
    ARRAY(
        SELECT id FROM due
        WHERE status = ANY (%(statuses)s::text[])
        ORDER BY expected_from NULLS LAST, id
        LIMIT %(limit)s OFFSET %(offset)s
    ) AS page
FROM due
