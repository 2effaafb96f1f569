-- The pairs that may be double payments (what was only published twice is none), with both rows:
-- their payment's group, what they record, the amount, the day, and the party as it is resolved.
WITH best_match AS MATERIALIZED (
    SELECT DISTINCT ON (event_id) event_id, entity_id
    FROM entity_matches
    WHERE user_id = %(user_id)s
    ORDER BY event_id, confidence DESC, created_at DESC, id
),
pair AS MATERIALIZED (
    SELECT *
    FROM duplicate_transactions
    WHERE user_id = %(user_id)s AND evidence ->> 'kind' IS DISTINCT FROM 'republished'
),
member AS MATERIALIZED (
    SELECT
        flow.id, coalesce(flow.canonical_id, flow.id) AS payment_group,
        coalesce(payee.records, 'payment') AS kind, abs(payee.amount) AS amount, payee.currency,
        (payee.occurred_at AT TIME ZONE 'UTC')::date AS day,
        coalesce(other.name, payee.party_name) AS party,
        payee.source || ' ' || payee.external_id AS row_key
    FROM relationship_instances AS flow
    JOIN raw_events AS payee ON payee.user_id = flow.user_id AND payee.id = flow.target_event_id
    LEFT JOIN best_match AS payee_match ON payee_match.event_id = flow.target_event_id
    LEFT JOIN best_match AS payer_match ON payer_match.event_id = flow.source_event_id
    LEFT JOIN normalized_entities AS payee_entity
        ON payee_entity.user_id = %(user_id)s AND payee_entity.id = payee_match.entity_id
    LEFT JOIN normalized_entities AS payer_entity
        ON payer_entity.user_id = %(user_id)s AND payer_entity.id = payer_match.entity_id
    LEFT JOIN normalized_entities AS other
        ON other.user_id = %(user_id)s
        AND other.id = CASE
            WHEN payee_entity.kind IN ('department', 'account', 'project') THEN payer_entity.id
            ELSE payee_entity.id
        END
    WHERE
        flow.user_id = %(user_id)s AND flow.deleted_at IS NULL AND payee.amount IS NOT NULL
        AND flow.id IN (
            SELECT relationship_id FROM pair UNION SELECT original_relationship_id FROM pair
        )
)
SELECT
    pair.id, pair.duplicate_confidence AS confidence, pair.status, pair.evidence::text AS evidence,
    to_jsonb(later)::text AS later, to_jsonb(original)::text AS original
FROM pair
JOIN member AS later ON later.id = pair.relationship_id
JOIN member AS original ON original.id = pair.original_relationship_id
ORDER BY pair.duplicate_confidence DESC, pair.id
