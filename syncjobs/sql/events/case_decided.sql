-- What people decided about possible double payments.
SELECT
    entry.id::text AS key,
    'Case ' || entry.state || ': ' || decided.party AS title,
    jsonb_build_object(
        'case', decided.id, 'party', decided.party, 'action', entry.action, 'state', entry.state,
        'by', entry.by, 'amount_at_risk', decided.amount_at_risk::text,
        'amount_recovered', entry.amount_recovered::text, 'currency', decided.currency
    ) AS data
FROM payment_case_entries AS entry
JOIN payment_cases AS decided
    ON decided.user_id = entry.user_id AND decided.id = entry.case_id
WHERE
    entry.user_id = listening.user_id AND entry.created_at > listening.since
    AND entry.action IN ('confirm', 'dismiss', 'recover', 'reopen')
