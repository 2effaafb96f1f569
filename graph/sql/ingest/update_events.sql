UPDATE raw_events AS event
SET transaction_ref = final.transaction_ref,
    platform = %(platform)s,
    occurred_at = final.occurred_at,
    precision = final.precision,
    amount = side.amount,
    currency = final.currency,
    document_ref = final.document_ref,
    due_on = final.due_on,
    party_kind = side.kind,
    party_name = side.name,
    party_keys = side.keys,
    description = final.description,
    data = final.data,
    records = final.records,
    balance = final.balance,
    content_hash = final.content_hash,
    updated_at = now()
FROM final
CROSS JOIN LATERAL (VALUES
    (payer_event_id, -final.amount, payer_kind, payer_name, payer_keys),
    (payee_event_id, final.amount, payee_kind, payee_name, payee_keys)
) AS side (id, amount, kind, name, keys)
WHERE final.known_hash <> final.content_hash AND event.user_id = %(user_id)s AND event.id = side.id
