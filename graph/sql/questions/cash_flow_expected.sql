-- Predictions that are due by the month in which they are expected, as ranges, seen from the chosen
-- parties. Each payment once, whichever sources' series expect it; none of books that are too old.
WITH own AS MATERIALIZED (
    SELECT id FROM normalized_entities
    WHERE
        user_id = %(user_id)s AND merged_into_id IS NULL
        AND CASE
            WHEN %(parties)s::uuid[] IS NULL THEN kind IN ('department', 'account')
            ELSE id = ANY (%(parties)s::uuid[])
        END
),
expected AS (
    SELECT DISTINCT ON (flow.payment_group_id)
        date_trunc('month', expected_from)::date AS month,
        flow.currency, amount_low, amount_high,
        target.id IS NOT NULL AS comes_in
    FROM tenant_relationships AS flow
    LEFT JOIN own AS source ON source.id = flow.source_entity_id
    LEFT JOIN own AS target ON target.id = flow.target_entity_id
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow'
        AND flow.predicted_relationship_id IS NOT NULL
        AND flow.kind IN ('payment', 'fee')
        AND flow.status IN ('pending', 'overdue') AND flow.expected_to >= %(today)s
        AND (flow.stale_from IS NULL OR flow.stale_from > %(today)s)
        AND (source.id IS NULL) <> (target.id IS NULL)
    ORDER BY flow.payment_group_id, flow.payment_group_id = flow.id DESC, flow.id
)
SELECT
    to_char(month, 'YYYY-MM') AS month,
    currency,
    coalesce(sum(amount_low) FILTER (WHERE comes_in), 0)::numeric(20, 4) AS in_low,
    coalesce(sum(amount_high) FILTER (WHERE comes_in), 0)::numeric(20, 4) AS in_high,
    coalesce(sum(amount_low) FILTER (WHERE NOT comes_in), 0)::numeric(20, 4) AS out_low,
    coalesce(sum(amount_high) FILTER (WHERE NOT comes_in), 0)::numeric(20, 4) AS out_high,
    count(*) AS payments
FROM expected
GROUP BY month, currency
ORDER BY month, currency
