-- Behind flows.sql: money in and out a month and currency: payments and fees, each once, seen from the chosen parties
-- (where none is chosen, from all accounts and departments of the tenant). Between two of them money
-- neither comes in nor goes out, and a transfer between own accounts is neither.
--
-- Where accounts' statements reach, cash is what they say. What other sources tell of the same
-- months and currency, and no statement shows, is summed apart: off_statement.
, own AS MATERIALIZED (
    SELECT id, kind = 'account' AND %(parties)s::uuid[] IS NULL AS has_statement
    FROM normalized_entities
    WHERE
        user_id = %(user_id)s AND merged_into_id IS NULL
        AND CASE
            WHEN %(parties)s::uuid[] IS NULL THEN kind IN ('department', 'account')
            ELSE id = ANY (%(parties)s::uuid[])
        END
),
touching AS MATERIALIZED (
    SELECT
        flow.id, flow.payment_group_id, flow.occurred_at, flow.currency, flow.amount,
        date_trunc('month', flow.occurred_at AT TIME ZONE 'UTC')::date AS month,
        flow.kind = 'transfer' OR (source.id IS NOT NULL AND target.id IS NOT NULL) AS is_transfer,
        source.id IS NOT NULL AS from_own,
        CASE WHEN source.id IS NULL THEN flow.source_entity_id ELSE flow.target_entity_id END
            AS party,
        coalesce(source.has_statement, target.has_statement) AS on_statement
    FROM flow
    LEFT JOIN own AS source ON source.id = flow.source_entity_id
    LEFT JOIN own AS target ON target.id = flow.target_entity_id
    WHERE
        flow.kind IN ('payment', 'fee', 'transfer')
        AND (source.id IS NOT NULL OR target.id IS NOT NULL)
        AND (%(parties)s::uuid[] IS NOT NULL OR flow.payment_group_id = flow.id)
),
once AS MATERIALIZED (
    -- of each payment the view that counts; of one whose counting view does not touch these parties
    -- the first that does, unless it counts as a transfer
    SELECT DISTINCT ON (payment_group_id) *
    FROM touching
    WHERE
        payment_group_id = id
        OR (
            %(parties)s::uuid[] IS NOT NULL AND NOT EXISTS (
                SELECT FROM tenant_relationships AS counting
                WHERE
                    counting.user_id = %(user_id)s AND counting.id = touching.payment_group_id
                    AND counting.kind = 'transfer'
            )
        )
    ORDER BY payment_group_id, payment_group_id = id DESC, id
),
covered AS (
    -- a currency that some account has, in the months of the statements together: an account's
    -- first and last months may show no row
    SELECT DISTINCT
        currency, min(month) OVER () AS first_month, max(month) OVER () AS last_month
    FROM once
    WHERE on_statement AND NOT is_transfer
),
counted AS (
    SELECT
        once.*,
        NOT is_transfer AND NOT from_own AS comes_in,
        NOT is_transfer AND from_own AS goes_out,
        on_statement OR covered.currency IS NULL
            OR once.month NOT BETWEEN covered.first_month AND covered.last_month AS counts
    FROM once
    LEFT JOIN covered ON covered.currency = once.currency
    WHERE
        (%(since)s::timestamptz IS NULL OR once.occurred_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR once.occurred_at <= %(until)s)
)
