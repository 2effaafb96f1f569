-- The party that a document had from the row that it was a receipt of.
DELETE FROM entity_matches AS known
USING relationship_instances AS receipt
WHERE receipt.user_id = %(user_id)s AND receipt.relationship_type = 'receipt'
    AND receipt.target_event_id IN (SELECT id FROM gone_events)
    AND known.user_id = receipt.user_id AND known.event_id = receipt.source_event_id
    AND known.reason LIKE 'receipt:%%'
