-- Money in and out a month and currency, seen from the parties chosen (all departments and accounts of
-- the tenant, where none is). `others` are views of payments that another row tells, and counts.
-- Between two parties chosen money neither comes in nor goes out.
WITH own AS MATERIALIZED (
    SELECT id FROM normalized_entities
    WHERE
        user_id = %(user_id)s AND merged_into_id IS NULL
        AND CASE
            WHEN %(parties)s::uuid[] IS NULL THEN kind IN ('department', 'account')
            ELSE id = ANY (%(parties)s::uuid[])
        END
),
moved AS (
    SELECT
        date_trunc('month', flow.occurred_at AT TIME ZONE 'UTC')::date AS month,
        flow.currency, flow.amount,
        target.id IS NOT NULL AS comes_in
    FROM tenant_relationships AS flow
    LEFT JOIN own AS source ON source.id = flow.source_entity_id
    LEFT JOIN own AS target ON target.id = flow.target_entity_id
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow' AND flow.amount IS NOT NULL
        AND (source.id IS NULL) <> (target.id IS NULL)
        AND NOT flow.id = ANY (%(others)s::uuid[])
        AND (%(since)s::timestamptz IS NULL OR flow.occurred_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR flow.occurred_at <= %(until)s)
)
SELECT
    to_char(month, 'YYYY-MM') AS month,
    currency,
    coalesce(sum(amount) FILTER (WHERE comes_in), 0)::numeric(20, 4) AS money_in,
    coalesce(sum(amount) FILTER (WHERE NOT comes_in), 0)::numeric(20, 4) AS money_out,
    count(*) FILTER (WHERE comes_in) AS payments_in,
    count(*) FILTER (WHERE NOT comes_in) AS payments_out
FROM moved
GROUP BY month, currency
ORDER BY month, currency
