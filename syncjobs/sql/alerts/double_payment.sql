-- Possible double payments above `threshold` that were found since the rule was made: one alert each.
SELECT
    id::text AS key,
    'Possible double payment: ' || party || ', ' || to_char(amount_at_risk, 'FM999999999999990.00')
        || ' ' || currency AS title,
    jsonb_build_object(
        'case', id, 'tenant', user_id, 'party', party, 'amount', amount_at_risk::text,
        'currency', currency, 'kind', kind, 'confidence', confidence, 'reason', reason
    ) AS data
FROM payment_cases
WHERE
    state = 'open' AND found AND created_at > %(since)s
    AND amount_at_risk >= coalesce(%(threshold)s, 0)
    AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
