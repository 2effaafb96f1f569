-- A changed row that names another party: only the match that an import made is withdrawn.
DELETE FROM entity_matches AS known
USING final
CROSS JOIN LATERAL (VALUES
    (payer_event_id, payer_entity_id, is_new_payer),
    (payee_event_id, payee_entity_id, is_new_payee)
) AS side (event_id, entity_id, is_new)
WHERE known_hash <> content_hash AND side.is_new
    AND known.user_id = %(user_id)s
    AND known.event_id = side.event_id
    AND coalesce(known.original_entity_id, known.entity_id) <> side.entity_id
    AND known.reason LIKE 'ledger:%%'
