-- The rows of accounts that have a number, or go by their IBAN as a name, and whether their keys are
-- known. `gain` is the account's; the other side's name is the counterparty's.
SELECT
    incoming.external_id,
    coalesce(side.keys ->> 'iban', substring(side.name, %(iban)s)), side.keys ->> 'account_number',
    (incoming.occurred_at AT TIME ZONE 'UTC')::date,
    side.gain, incoming.currency, side.other, incoming.description, incoming.data,
    EXISTS (
        SELECT FROM raw_events AS known
        WHERE known.user_id = %(user_id)s AND known.source = %(source)s
            AND known.external_id = incoming.external_id
    ) AS is_known
FROM incoming
CROSS JOIN LATERAL (VALUES
    (payer_kind, payer_keys, payer_name, -amount, payee_name),
    (payee_kind, payee_keys, payee_name, amount, payer_name)
) AS side (kind, keys, name, gain, other)
WHERE side.kind = 'account'
    AND (side.keys ?| ARRAY['iban', 'account_number'] OR side.name ~ %(iban)s)
ORDER BY incoming.line, incoming.external_id
