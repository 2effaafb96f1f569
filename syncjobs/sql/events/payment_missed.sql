-- Recurring payments that did not come, although the books reach further: of each payment's sightings
-- the one that counts.
SELECT
    prediction.id || ':' || prediction.expected_to AS key,
    'A payment did not come, expected by ' || prediction.expected_to AS title,
    jsonb_build_object(
        'prediction', prediction.id, 'last_payment', prediction.relationship_id,
        'expected_from', prediction.expected_from, 'expected_to', prediction.expected_to,
        'amount_low', prediction.amount_low::text, 'amount_high', prediction.amount_high::text,
        'currency', prediction.currency, 'reason', prediction.prediction_reason
    ) AS data
FROM predicted_relationships AS prediction
JOIN relationship_instances AS last
    ON last.user_id = prediction.user_id AND last.id = prediction.relationship_id
WHERE
    prediction.user_id = listening.user_id AND prediction.status IN ('pending', 'overdue')
    AND prediction.expected_to >= listening.since::date AND prediction.expected_to < current_date
    AND prediction.books_until > prediction.expected_to
    AND (prediction.stale_from IS NULL OR prediction.stale_from > current_date)
    AND last.deleted_at IS NULL AND last.canonical_id IS NULL
