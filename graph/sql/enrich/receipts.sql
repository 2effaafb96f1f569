-- The documents of each payment.
SELECT
    flow.id::text AS relationship, document.platform,
    document.source || ' ' || document.external_id AS key
FROM relationship_instances AS receipt
JOIN raw_events AS document
    ON document.user_id = {user_id} AND document.id = receipt.source_event_id
JOIN relationship_instances AS flow
    ON flow.user_id = {user_id} AND flow.edge_class = 'flow' AND flow.deleted_at IS NULL
    AND receipt.target_event_id IN (flow.source_event_id, flow.target_event_id)
WHERE
    receipt.user_id = {user_id} AND receipt.relationship_type = 'receipt'
    AND receipt.deleted_at IS NULL
ORDER BY flow.id, document.platform, key
