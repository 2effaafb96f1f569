-- A changed row whose amount has changed its sign.
UPDATE relationship_instances AS relationship
SET source_event_id = relationship.target_event_id,
    target_event_id = relationship.source_event_id,
    updated_at = now()
FROM final
WHERE known_hash <> content_hash
    AND relationship.user_id = %(user_id)s
    AND relationship.relationship_type = 'payment'
    AND relationship.source_event_id
        = CASE WHEN amount < 0 THEN payer_event_id ELSE payee_event_id END
    AND relationship.target_event_id
        = CASE WHEN amount < 0 THEN payee_event_id ELSE payer_event_id END
