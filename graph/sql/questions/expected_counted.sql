-- Behind cash_flow_counted.sql: the predictions whose payments cash flow counts, so that expected cash
-- flow counts the same: `counting`. A series counts if its last payment does. An invoice is no
-- payment, and what a card bought is not cash where statements show how the card is paid off. Seen
-- from chosen parties, every payment counts.
, counting AS MATERIALIZED (
    SELECT
        flow.id, flow.payment_group_id, flow.source_entity_id, flow.target_entity_id,
        flow.predicted_relationship_id, flow.currency, flow.amount_low, flow.amount_high,
        flow.expected_from, flow.expected_to, flow.status, flow.stale_from
    FROM tenant_relationships AS flow
    LEFT JOIN once ON once.id = coalesce(flow.payment_group_id, flow.id)
    LEFT JOIN covered ON covered.currency = once.currency
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow'
        AND flow.predicted_relationship_id IS NOT NULL
        AND flow.kind IN ('payment', 'fee')
        AND (
            %(parties)s::uuid[] IS NOT NULL
            OR NOT once.is_transfer
            AND (
                once.on_statement OR covered.currency IS NULL OR once.month > covered.last_month
            )
        )
)
