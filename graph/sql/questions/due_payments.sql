-- One row: how many recurring payments are pending, overdue and stale on that day, and the last
-- payments' ids of one page of them, the earliest expected first. Each payment once, by its
-- canonical sighting if that has a prediction, else by the one with the lowest id. A bill is left out
-- if a payment with its party is expected in its currency, because that settles it; a stale one does not.
-- `counting` are those that are cash (expected_counted.sql).
, seen AS MATERIALIZED (
    SELECT DISTINCT ON (coalesce(payment_group_id, id))
        id, status, expected_from, expected_to, stale_from, source_entity_id, target_entity_id,
        kind, currency
    FROM tenant_relationships
    WHERE
        user_id = %(user_id)s AND predicted_relationship_id IS NOT NULL
        AND kind IN ('payment', 'fee', 'obligation')
    ORDER BY coalesce(payment_group_id, id), payment_group_id = id DESC, id
),
dealings AS MATERIALIZED (
    SELECT
        seen.*,
        payee.kind IN ('account', 'department') AS comes_in,
        CASE WHEN payee.kind IN ('account', 'department') THEN source_entity_id
            ELSE target_entity_id END AS party
    FROM seen
    LEFT JOIN normalized_entities AS payee
        ON payee.user_id = %(user_id)s AND payee.id = seen.target_entity_id
    WHERE status <> 'fulfilled'
),
due AS MATERIALIZED (
    SELECT
        id, expected_from,
        CASE
            WHEN stale_from <= %(today)s THEN 'stale'
            WHEN expected_to < %(today)s THEN 'overdue'
            ELSE 'pending'
        END AS status
    FROM dealings
    WHERE
        (
            kind <> 'obligation'
            OR NOT EXISTS (
                SELECT FROM dealings AS paid
                WHERE
                    paid.kind <> 'obligation' AND paid.party = dealings.party
                    AND (paid.stale_from > %(today)s) IS NOT FALSE
                    AND paid.currency = dealings.currency
                    AND paid.comes_in IS NOT DISTINCT FROM dealings.comes_in
            )
        )
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
    ) AS page,
    ARRAY(SELECT id FROM counting) AS counting
FROM due
