INSERT INTO raw_events (
    id, user_id, kind, source, platform, external_id, posting, transaction_ref, occurred_at,
    precision, amount, currency, document_ref, due_on, party_kind, party_name, party_keys,
    description, data, provenance, content_hash
)
SELECT
    event_id, %(user_id)s, kind, %(source)s, %(platform)s, external_id, 1, transaction_ref,
    occurred_at, 'second', amount, currency, document_ref, due_on,
    CASE WHEN party_name = '' THEN '' ELSE 'vendor' END, party_name, party_keys,
    description, data, provenance, content_hash
FROM staged_documents
WHERE outcome <> 'unchanged' OR is_back
ON CONFLICT (user_id, source, external_id, posting) DO UPDATE
SET kind = excluded.kind,
    platform = excluded.platform,
    occurred_at = excluded.occurred_at,
    amount = excluded.amount,
    currency = excluded.currency,
    document_ref = excluded.document_ref,
    due_on = excluded.due_on,
    party_kind = excluded.party_kind,
    party_name = excluded.party_name,
    party_keys = excluded.party_keys,
    description = excluded.description,
    data = excluded.data,
    provenance = excluded.provenance,
    content_hash = excluded.content_hash,
    updated_at = now()
