-- Possible double payments that were found.
SELECT
    id::text AS key,
    'Possible double payment: ' || party AS title,
    jsonb_build_object(
        'case', id, 'party', party, 'amount_at_risk', amount_at_risk::text, 'currency', currency,
        'kind', kind, 'confidence', confidence, 'reason', reason
    ) AS data
FROM payment_cases
WHERE user_id = listening.user_id AND state = 'open' AND found AND created_at > listening.since
