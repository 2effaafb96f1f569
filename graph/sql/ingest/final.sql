-- The last row of each key that is new, or differs from what is known.
CREATE TEMPORARY TABLE final ON COMMIT DROP AS
SELECT
    last_row.*, payer.id AS payer_entity_id, payee.id AS payee_entity_id
FROM staged AS last_row
JOIN normalized_entities AS payer
    ON payer.user_id = %(user_id)s AND payer.kind = last_row.payer_kind
    AND payer.identity = last_row.payer_identity
JOIN normalized_entities AS payee
    ON payee.user_id = %(user_id)s AND payee.kind = last_row.payee_kind
    AND payee.identity = last_row.payee_identity
WHERE is_last AND (is_new_key OR known_hash <> content_hash);
ANALYZE final (external_id, is_new_key, payer_event_id, payee_event_id)
