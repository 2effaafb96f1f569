-- The stored state of the keys that are about to change, in the shape of staged.content.
CREATE TEMPORARY TABLE known_content ON COMMIT DROP AS
SELECT
    paid.external_id,
    jsonb_build_object('columns', paid.data, 'stated', jsonb_build_object(
        'occurred_at', paid.occurred_at, 'precision', paid.precision, 'amount', received.amount,
        'currency', paid.currency, 'payer', paid.party_name, 'payer_kind', paid.party_kind,
        'payer_keys', paid.party_keys, 'payee', received.party_name,
        'payee_kind', received.party_kind, 'payee_keys', received.party_keys,
        'transaction_ref', paid.transaction_ref, 'document_ref', paid.document_ref,
        'due_on', paid.due_on, 'description', paid.description
    )) AS content
FROM (SELECT DISTINCT external_id FROM staged WHERE outcome = 'updated' AND NOT is_new_key) AS changed
JOIN raw_events AS paid
    ON paid.user_id = %(user_id)s AND paid.source = %(source)s
    AND paid.external_id = changed.external_id AND paid.posting = 1
JOIN raw_events AS received
    ON received.user_id = %(user_id)s AND received.source = %(source)s
    AND received.external_id = changed.external_id AND received.posting = 2
