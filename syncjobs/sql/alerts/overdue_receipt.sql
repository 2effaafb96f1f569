-- Expected payments to the tenant that did not come: their days are over, the books reach further,
-- and nobody gave them up. One alert for each and its last day. Who pays is the source of the series'
-- last payment: a customer, or a party that is not the tenant's own, paying one that is.
SELECT
    prediction.id || ':' || prediction.expected_to AS key,
    'Overdue: ' || payer.name || ', expected by ' || prediction.expected_to AS title,
    jsonb_build_object(
        'prediction', prediction.id, 'tenant', prediction.user_id, 'party', payer.name,
        'expected_to', prediction.expected_to, 'amount_low', prediction.amount_low::text,
        'amount_high', prediction.amount_high::text, 'currency', prediction.currency,
        'reason', prediction.prediction_reason
    ) AS data
FROM predicted_relationships AS prediction
JOIN relationship_instances AS last
    ON last.user_id = prediction.user_id AND last.id = prediction.relationship_id
CROSS JOIN LATERAL (
    SELECT entity.name, entity.kind
    FROM entity_matches AS match
    JOIN normalized_entities AS entity
        ON entity.user_id = match.user_id AND entity.id = match.entity_id
    WHERE match.user_id = last.user_id AND match.event_id = last.source_event_id
    ORDER BY match.confidence DESC, match.created_at DESC, match.id
    LIMIT 1
) AS payer
CROSS JOIN LATERAL (
    SELECT entity.kind
    FROM entity_matches AS match
    JOIN normalized_entities AS entity
        ON entity.user_id = match.user_id AND entity.id = match.entity_id
    WHERE match.user_id = last.user_id AND match.event_id = last.target_event_id
    ORDER BY match.confidence DESC, match.created_at DESC, match.id
    LIMIT 1
) AS payee
WHERE
    prediction.status IN ('pending', 'overdue') AND prediction.expected_to < current_date
    AND prediction.books_until > prediction.expected_to
    AND (prediction.stale_from IS NULL OR prediction.stale_from > current_date)
    AND last.deleted_at IS NULL AND last.canonical_id IS NULL
    AND (
        payer.kind = 'customer'
        OR payee.kind IN ('department', 'account', 'project', 'clearing')
        AND payer.kind NOT IN ('department', 'account', 'project', 'clearing')
    )
    AND coalesce(prediction.amount_high, prediction.amount_low, 0) >= coalesce(%(threshold)s, 0)
    AND (%(user)s::uuid IS NULL OR prediction.user_id = %(user)s)
