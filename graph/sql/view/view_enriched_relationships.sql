-- One row per relationship: every join below finds at most one row, by a unique key or DISTINCT ON.
WITH best_match AS MATERIALIZED (
    SELECT DISTINCT ON (user_id, event_id) user_id, event_id, entity_id
    FROM entity_matches{matches}
    ORDER BY user_id, event_id, confidence DESC, created_at DESC, id
)
SELECT
    relationship.id,
    relationship.user_id,
    relationship.relationship_type,
    relationship.edge_class,
    relationship.confidence_score,
    relationship.detection_method,
    relationship.reason,
    relationship.source_event_id,
    relationship.target_event_id,
    source_match.entity_id AS source_entity_id,
    target_match.entity_id AS target_entity_id,
    target_event.occurred_at,
    coalesce(target_event.amount, source_event.amount) AS amount,
    CASE WHEN target_event.amount IS NULL THEN source_event.currency ELSE target_event.currency END
        AS currency,
    coalesce(target_event.document_ref, source_event.document_ref) AS document_ref,
    target_event.transaction_ref,
    -- what the row records, of flows only
    CASE WHEN relationship.edge_class = 'flow' THEN coalesce(target_event.records, 'payment') END
        AS kind,
    -- the view of the payment that counts: the row's own id where it counts itself
    CASE WHEN relationship.edge_class = 'flow'
        THEN coalesce(relationship.canonical_id, relationship.id) END AS payment_group_id{columns}
FROM relationship_instances AS relationship
JOIN raw_events AS source_event
    ON source_event.user_id = relationship.user_id AND source_event.id = relationship.source_event_id
JOIN raw_events AS target_event
    ON target_event.user_id = relationship.user_id AND target_event.id = relationship.target_event_id
LEFT JOIN best_match AS source_match
    ON source_match.user_id = relationship.user_id
    AND source_match.event_id = relationship.source_event_id
LEFT JOIN best_match AS target_match
    ON target_match.user_id = relationship.user_id
    AND target_match.event_id = relationship.target_event_id
{joins}
WHERE relationship.deleted_at IS NULL{relationships}
