-- The tenant's flows that have an amount: read once, for all the steps that follow.
WITH flow AS MATERIALIZED (
    SELECT
        id, payment_group_id, kind, currency, amount, document_ref, source_event_id,
        target_event_id, source_entity_id, target_entity_id, occurred_at
    FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow' AND amount IS NOT NULL
)
