-- The tenant's payments whose both ends name an entity.
WITH best_match AS MATERIALIZED (
    SELECT DISTINCT ON (event_id) event_id, entity_id
    FROM entity_matches
    WHERE user_id = {user_id}
    ORDER BY event_id, confidence DESC, created_at DESC, id
)
SELECT
    relationship.id::text AS relationship,
    payer_match.entity_id::text AS payer,
    payee_match.entity_id::text AS payee,
    (abs(payee.amount) * 10000)::bigint AS amount,
    payee.currency,
    (payee.occurred_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01' AS day,
    payee.precision,
    payee.source,
    payee.platform,
    payee.external_id,
    coalesce(payee.document_ref, '') AS document,
    payee.source || ' ' || payee.transaction_ref AS transaction,
    payee.description,
    coalesce(payee.records, 'payment') AS records,
    coalesce(payee.due_on - DATE '1970-01-01', -1) AS due_day,
    relationship.source_event_id::text AS payer_event,
    relationship.target_event_id::text AS payee_event,
    payee.occurred_at
FROM relationship_instances AS relationship
JOIN raw_events AS payee
    ON payee.user_id = relationship.user_id AND payee.id = relationship.target_event_id
JOIN best_match AS payer_match ON payer_match.event_id = relationship.source_event_id
JOIN best_match AS payee_match ON payee_match.event_id = relationship.target_event_id
WHERE
    relationship.user_id = {user_id} AND relationship.deleted_at IS NULL
    AND relationship.edge_class = 'flow' AND payee.amount IS NOT NULL
    AND abs(payee.amount) < 900000000000
