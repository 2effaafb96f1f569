-- The rows of accounts that have a number, and whether their keys are known. `gain` is the
-- account's; the other side's name is the counterparty's.
SELECT
    incoming.external_id,
    side.keys ->> 'iban', side.keys ->> 'account_number',
    (incoming.occurred_at AT TIME ZONE 'UTC')::date,
    side.gain, incoming.currency, side.other, incoming.description, incoming.data,
    EXISTS (
        SELECT FROM raw_events AS known
        WHERE known.user_id = %(user_id)s AND known.source = %(source)s
            AND known.external_id = incoming.external_id
    ) AS is_known
FROM incoming
CROSS JOIN LATERAL (VALUES
    (payer_kind, payer_keys, -amount, payee_name), (payee_kind, payee_keys, amount, payer_name)
) AS side (kind, keys, gain, other)
WHERE side.kind = 'account' AND side.keys ?| ARRAY['iban', 'account_number']
ORDER BY incoming.line, incoming.external_id
