-- Money goes from the posting that pays to the one that receives; a negative amount turns it round.
INSERT INTO relationship_instances (
    user_id, source_event_id, target_event_id, relationship_type, edge_class, confidence_score,
    detection_method, reason
)
SELECT
    %(user_id)s,
    CASE WHEN amount < 0 THEN payee_event_id ELSE payer_event_id END,
    CASE WHEN amount < 0 THEN payer_event_id ELSE payee_event_id END,
    'payment', 'flow', confidence, 'ledger_row',
    'both postings stand in one row of ' || %(source)s::text
    || CASE WHEN reason = '' THEN '' ELSE '; ' || reason END
FROM final
WHERE is_new_key
