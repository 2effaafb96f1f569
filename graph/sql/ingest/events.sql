-- Two postings a row: what the payer's account loses, the payee's gains. One of them may be there:
-- then someone has deleted the other, and the transaction is made whole.
INSERT INTO raw_events (
    id, user_id, kind, source, platform, external_id, posting, transaction_ref, occurred_at,
    precision, amount, currency, document_ref, due_on, party_kind, party_name, party_keys,
    description, data, provenance, content_hash, records, balance
)
SELECT
    side.id, %(user_id)s, 'posting', %(source)s, %(platform)s, external_id, side.posting,
    transaction_ref, occurred_at, precision, side.amount, currency, document_ref, due_on,
    side.kind, side.name, side.keys, description, data,
    jsonb_build_array(
        jsonb_build_object('file', %(file)s::text, 'publication', publication, 'line', line)
        || CASE WHEN %(upload)s = '' THEN '{}' ELSE jsonb_build_object('upload', %(upload)s::text) END
    ),
    content_hash, records, balance
FROM final
CROSS JOIN LATERAL (VALUES
    (1::smallint, payer_event_id, -amount, payer_kind, payer_name, payer_keys),
    (2::smallint, payee_event_id, amount, payee_kind, payee_name, payee_keys)
) AS side (posting, id, amount, kind, name, keys)
WHERE is_new_key
ON CONFLICT (user_id, source, external_id, posting) DO NOTHING
