-- What is known of bank and card accounts in those days, but for the rows that the file states
-- again by their keys.
SELECT
    own.source, own.external_id,
    coalesce(own.party_keys ->> 'iban', substring(own.party_name, %(iban)s)),
    own.party_keys ->> 'account_number',
    (own.occurred_at AT TIME ZONE 'UTC')::date,
    own.amount, own.currency, other.party_name, own.description, own.data
FROM raw_events AS own
JOIN raw_events AS other
    ON other.user_id = %(user_id)s AND other.source = own.source
    AND other.external_id = own.external_id AND other.posting = 3 - own.posting
WHERE own.user_id = %(user_id)s AND own.kind = 'posting' AND own.party_kind = 'account'
    AND own.platform IN ('bank', 'card')
    AND (own.party_keys ?| ARRAY['iban', 'account_number'] OR own.party_name ~ %(iban)s)
    AND own.occurred_at >= %(first)s AND own.occurred_at < %(last)s::date + 1
    AND NOT (
        own.source = %(source)s AND own.external_id IN (SELECT external_id FROM incoming)
    )
ORDER BY own.source, own.external_id
