-- Links with a cause and an effect, as the causal layer has it: from the effect's event back.
SELECT
    link.id::text AS relationship, link.relationship_type AS type, link.reason,
    CASE WHEN causal.causal_direction = 'backward'
        THEN link.source_event_id ELSE link.target_event_id END::text AS effect,
    CASE WHEN causal.causal_direction = 'backward'
        THEN link.target_event_id ELSE link.source_event_id END::text AS cause,
    causal.causal_score AS score, event.kind, event.external_id AS key, event.source,
    coalesce(event.document_ref, '') AS document, event.amount::text AS amount, event.currency,
    (event.occurred_at AT TIME ZONE 'UTC')::date::text AS day, event.description,
    other.id::text AS sibling
FROM causal_relationships AS causal
JOIN relationship_instances AS link
    ON link.user_id = causal.user_id AND link.id = causal.relationship_id
    AND link.deleted_at IS NULL
JOIN raw_events AS event
    ON event.user_id = causal.user_id
    AND event.id = CASE WHEN causal.causal_direction = 'backward'
        THEN link.target_event_id ELSE link.source_event_id END
LEFT JOIN raw_events AS other
    ON other.user_id = event.user_id AND other.transaction_ref = event.transaction_ref
    AND other.source = event.source AND other.id <> event.id
WHERE causal.user_id = {user_id} AND causal.causal_score IS NOT NULL
ORDER BY causal.causal_score DESC, link.id
