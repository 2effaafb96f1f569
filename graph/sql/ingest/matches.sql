-- Where the party is the one that is known its match stays as people have left it.
INSERT INTO entity_matches (user_id, event_id, entity_id, confidence, reason)
SELECT
    %(user_id)s, side.event_id, side.entity_id,
    CASE WHEN side.keys = '{}' THEN 0.9 ELSE 1 END,
    CASE WHEN side.keys = '{}' THEN 'ledger: same name' ELSE 'ledger: same name and strong key' END
FROM final
CROSS JOIN LATERAL (VALUES
    (payer_event_id, payer_entity_id, payer_keys, is_new_payer),
    (payee_event_id, payee_entity_id, payee_keys, is_new_payee)
) AS side (event_id, entity_id, keys, is_new)
WHERE side.is_new
ON CONFLICT DO NOTHING
