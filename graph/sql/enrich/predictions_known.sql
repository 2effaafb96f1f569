-- What was predicted and may still change: pending, overdue or fulfilled, with the series and the
-- slot that each is of; and what a person has dismissed, which is not to be expected again.
SELECT
    id::text AS id, relationship_id::text AS relationship_id, prediction_confidence,
    prediction_reason, expected_from::text AS expected_from, expected_to::text AS expected_to,
    amount_low::text AS amount_low, amount_high::text AS amount_high, currency, status,
    books_until::text AS books_until, stale_from::text AS stale_from,
    fulfilled_by_event_id::text AS fulfilled_by_event_id, evidence
FROM predicted_relationships
WHERE user_id = %(user_id)s AND (status <> 'cancelled' OR evidence ? 'cancelled_by')
ORDER BY created_at, id
