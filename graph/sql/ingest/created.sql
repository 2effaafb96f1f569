-- A row that has appeared in a file that was imported before.
INSERT INTO event_delta_logs (user_id, relationship_id, event_key, change_type, new_values)
SELECT
    %(user_id)s, relationship.id, %(source)s::text || ' ' || final.external_id, 'created',
    jsonb_build_object(
        'amount', final.amount, 'currency', final.currency, 'occurred_at', final.occurred_at,
        'payer', final.payer_name, 'payee', final.payee_name
    )
FROM final
JOIN relationship_instances AS relationship
    ON relationship.user_id = %(user_id)s AND relationship.relationship_type = 'payment'
    AND relationship.source_event_id
        = CASE WHEN final.amount < 0 THEN final.payee_event_id ELSE final.payer_event_id END
    AND relationship.target_event_id
        = CASE WHEN final.amount < 0 THEN final.payer_event_id ELSE final.payee_event_id END
WHERE final.is_new_key AND (SELECT known FROM known_file)
