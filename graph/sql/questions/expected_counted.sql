-- The predictions whose payments past cash flow (cash_flow_counted.sql) counts, so that expected cash
-- flow counts the same: `counting`. A series counts if its last payment does. An invoice is no
-- payment, and what a card bought is not cash where statements show how the card is paid off. Seen
-- from chosen parties, every payment counts.
WITH ours AS MATERIALIZED (
    SELECT id, kind = 'account' AS has_statement
    FROM normalized_entities
    WHERE
        user_id = %(user_id)s AND merged_into_id IS NULL AND kind IN ('department', 'account')
),
statements AS MATERIALIZED (
    SELECT
        flow.currency,
        max(max(date_trunc('month', flow.occurred_at AT TIME ZONE 'UTC'))) OVER () AS last_month
    FROM tenant_relationships AS flow
    LEFT JOIN ours AS payer ON payer.id = flow.source_entity_id
    LEFT JOIN ours AS payee ON payee.id = flow.target_entity_id
    WHERE
        %(parties)s::uuid[] IS NULL AND flow.user_id = %(user_id)s
        AND (payer.id IS NULL) <> (payee.id IS NULL)
        AND (payer.has_statement OR payee.has_statement)
        AND flow.edge_class = 'flow' AND flow.kind IN ('payment', 'fee')
        AND flow.payment_group_id = flow.id
    GROUP BY flow.currency
),
counting AS MATERIALIZED (
    SELECT flow.id
    FROM tenant_relationships AS flow
    JOIN tenant_relationships AS canonical
        ON
            canonical.user_id = %(user_id)s
            AND canonical.id = coalesce(flow.payment_group_id, flow.id)
    LEFT JOIN ours AS payer ON payer.id = canonical.source_entity_id
    LEFT JOIN ours AS payee ON payee.id = canonical.target_entity_id
    LEFT JOIN statements ON statements.currency = canonical.currency
    WHERE
        flow.user_id = %(user_id)s AND flow.predicted_relationship_id IS NOT NULL
        AND flow.kind IN ('payment', 'fee')
        AND CASE
            WHEN %(parties)s::uuid[] IS NOT NULL THEN true
            WHEN canonical.kind NOT IN ('payment', 'fee') THEN false
            WHEN (payer.id IS NULL) = (payee.id IS NULL) THEN false
            ELSE coalesce(payer.has_statement, payee.has_statement)
                OR statements.currency IS NULL
                OR date_trunc('month', canonical.occurred_at AT TIME ZONE 'UTC')
                    > statements.last_month
        END
)
