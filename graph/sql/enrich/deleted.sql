-- Payments that were taken out of the graph since, each once; they keep what they were.
INSERT INTO event_delta_logs (user_id, relationship_id, event_key, change_type, old_values)
SELECT
    gone.user_id, gone.id, event.source || ' ' || event.external_id, 'deleted',
    jsonb_build_object(
        'amount', event.amount, 'currency', event.currency, 'occurred_at', event.occurred_at,
        'party', event.party_name
    )
FROM relationship_instances AS gone
JOIN raw_events AS event ON event.user_id = gone.user_id AND event.id = gone.target_event_id
WHERE
    gone.user_id = %(user_id)s AND gone.edge_class = 'flow' AND gone.deleted_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM event_delta_logs AS known
        WHERE
            known.user_id = gone.user_id AND known.relationship_id = gone.id
            AND known.change_type = 'deleted' AND known.created_at >= gone.deleted_at
    )
