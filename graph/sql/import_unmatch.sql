-- A changed row may name other parties: only the matches that an import made are withdrawn.
DELETE FROM entity_matches AS known
USING final
CROSS JOIN LATERAL (VALUES
    (payer_event_id, payer_entity_id),
    (payee_event_id, payee_entity_id)
) AS side (event_id, entity_id)
WHERE NOT is_new_key
    AND known.user_id = %(user_id)s
    AND known.event_id = side.event_id
    AND known.entity_id <> side.entity_id
    AND known.reason LIKE 'ledger:%%'
