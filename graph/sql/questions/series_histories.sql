-- Each relationship asked for that is of a recurring series, with all payments of that series.
SELECT
    asked.id AS relationship_id,
    payment.id,
    (payment.occurred_at AT TIME ZONE 'UTC')::date AS day,
    payment.amount
FROM tenant_relationships AS asked
JOIN tenant_relationships AS payment
    ON payment.user_id = %(user_id)s AND payment.temporal_pattern_id = asked.temporal_pattern_id
WHERE
    asked.user_id = %(user_id)s AND asked.id = ANY (%(relationships)s::uuid[])
    AND payment.amount IS NOT NULL
ORDER BY asked.id, payment.occurred_at, payment.id
