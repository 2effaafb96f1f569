-- The bank account that each payment's row states on either side, and where it was first published.
SELECT
    payee.id::text AS event,
    coalesce(
        'iban ' || (payer.party_keys || payee.party_keys ->> 'iban'),
        'account ' || (payer.party_keys || payee.party_keys ->> 'bank_account'),
        ''
    ) AS account,
    coalesce(
        (payee.provenance -> 0 ->> 'publication') || ' ' || (payee.provenance -> 0 ->> 'file'), ''
    ) AS publication
FROM raw_events AS payee
LEFT JOIN raw_events AS payer
    ON payer.user_id = payee.user_id AND payer.source = payee.source
    AND payer.external_id = payee.external_id AND payer.posting = 1
WHERE payee.user_id = {user_id} AND payee.kind = 'posting' AND payee.posting = 2
