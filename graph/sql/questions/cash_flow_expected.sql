-- Behind expected_counted.sql: the predictions that count and are pending or overdue, seen from the
-- chosen parties (`expected`). Each payment once, whichever sources' series expect it; none of books
-- that are too old.
, expected AS (
    SELECT DISTINCT ON (flow.payment_group_id)
        flow.id, flow.predicted_relationship_id, flow.currency, flow.amount_low, flow.amount_high,
        flow.expected_from, flow.expected_to, flow.status, flow.stale_from,
        target.id IS NOT NULL AS comes_in
    FROM tenant_relationships AS flow
    JOIN counting ON counting.id = flow.id
    LEFT JOIN own AS source ON source.id = flow.source_entity_id
    LEFT JOIN own AS target ON target.id = flow.target_entity_id
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow'
        AND flow.predicted_relationship_id IS NOT NULL
        AND flow.kind IN ('payment', 'fee')
        AND flow.status IN ('pending', 'overdue') AND flow.expected_from IS NOT NULL
        AND (flow.stale_from IS NULL OR flow.stale_from > %(today)s)
        AND (source.id IS NULL) <> (target.id IS NULL)
    ORDER BY flow.payment_group_id, flow.payment_group_id = flow.id DESC, flow.id
)
